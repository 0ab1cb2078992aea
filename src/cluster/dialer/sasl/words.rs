//! The sentences of a login that does not succeed, one for each way. Pure; no secret comes in here.

use std::time::Duration;

use broker::wire::error_code::ErrorCode;

use super::Fault;
use super::wire::Lost;
use crate::cluster::error::{DialError, printable};
use crate::model::{Endpoint, Rung};

/// Characters of a broker's own words that are shown.
const WORDS_SHOWN: usize = 200;

/// Whether a failure is remembered.
#[derive(Debug)]
pub enum Failure {
    /// It may pass by itself: silence, a closed connection.
    Passing(DialError),
    /// There is nothing to log in with: a token or a credential could not be had.
    NotReady(DialError),
    /// The broker refuses.
    Refused(DialError),
}

/// The sentences of one login at one broker.
pub struct Words<'a> {
    pub mechanism: &'static str,
    /// ` of user …`, or nothing.
    pub who: &'a str,
    /// What to look at when the broker refuses.
    pub advice: &'static str,
    pub endpoint: &'a Endpoint,
}

impl Words<'_> {
    pub fn not_ready(&self, fault: &Fault) -> Failure {
        let Self {
            mechanism,
            endpoint,
            ..
        } = self;
        let text = format!("{endpoint}: no login with {mechanism}: {fault}");
        Failure::NotReady(DialError::refusal(Rung::Sasl, &text))
    }

    /// The broker said something that the mechanism cannot accept.
    pub fn broken_off(&self, fault: &Fault) -> Failure {
        let Self {
            mechanism,
            endpoint,
            ..
        } = self;
        let text = format!("{endpoint}: login with {mechanism} broken off: {fault}");
        Failure::Refused(DialError::refusal(Rung::Sasl, &text))
    }

    pub fn silent(&self, after: Duration) -> Failure {
        let (endpoint, seconds) = (self.endpoint, after.as_secs());
        let text = format!(
            "{endpoint}: port is open, the broker does not answer the login within {seconds} s; it may hang, or still be recovering its logs"
        );
        Failure::Passing(DialError::silence(Rung::Sasl, &text))
    }

    pub fn too_old(&self) -> Failure {
        let endpoint = self.endpoint;
        let text = format!(
            "{endpoint}: the broker does not know SaslAuthenticate; logging in needs Kafka 1.0 or newer"
        );
        Failure::Passing(DialError::refusal(Rung::Sasl, &text))
    }

    pub fn lost(&self, lost: &Lost) -> Failure {
        let Self {
            mechanism,
            endpoint,
            ..
        } = self;
        let text = match lost {
            Lost::Refused(error) => return Failure::Passing(error.clone()),
            Lost::Closed { answered: 0 } => format!(
                "{endpoint}: the connection was closed at the first request; this usually means that TLS is expected here: check security.protocol"
            ),
            Lost::Closed { .. } => format!(
                "{endpoint}: the connection was closed in the midst of the login with {mechanism}; is the broker stopping? Its log says why"
            ),
            Lost::Stranger(error) => {
                format!("{endpoint}: {error}; check the port and security.protocol")
            }
            Lost::Broken(why) => {
                format!("{endpoint}: the connection broke during the login: {why}")
            }
        };
        Failure::Passing(DialError::silence(Rung::Sasl, &text))
    }

    pub fn refused_mechanism(&self, code: ErrorCode, offered: &[String]) -> Failure {
        let Self {
            mechanism,
            endpoint,
            ..
        } = self;
        let text = match code {
            ErrorCode::UNSUPPORTED_SASL_MECHANISM if offered.is_empty() => format!(
                "{endpoint}: authentication refused: {mechanism} is not offered here, and no other mechanism either; check the port"
            ),
            ErrorCode::UNSUPPORTED_SASL_MECHANISM => {
                let offered = printable(&offered.join(", "));
                format!(
                    "{endpoint}: authentication refused: {mechanism} is not offered here; set sasl.mechanism to one that is: {offered}"
                )
            }
            ErrorCode::ILLEGAL_SASL_STATE => format!(
                "{endpoint}: this listener takes no logins; set security.protocol to SSL or PLAINTEXT, or use the port for SASL"
            ),
            code => format!("{endpoint}: authentication refused before it began: {code}"),
        };
        Failure::Refused(DialError::refusal(Rung::Sasl, &text))
    }

    pub fn refused(&self, code: ErrorCode, said: &str) -> Failure {
        let Self {
            mechanism,
            who,
            advice,
            endpoint,
        } = self;
        let said: String = said.chars().take(WORDS_SHOWN).collect();
        let why = match (said.as_str(), code) {
            ("", ErrorCode::SASL_AUTHENTICATION_FAILED) => String::new(),
            ("", code) => format!(" ({code})"),
            (said, _) => format!(" ({said})"),
        };
        let advice = match code {
            ErrorCode::CLUSTER_AUTHORIZATION_FAILED => "who it is may not enter here",
            _ => advice,
        };
        let text = format!("{endpoint}: authentication refused: {mechanism}{who}{why}; {advice}");
        Failure::Refused(DialError::refusal(Rung::Sasl, &text))
    }
}
