//! A connection's login as a state machine: which requests are served when, and what the answers are
//! (rule 76; KIP-43, KIP-152, KIP-255, KIP-368). Pure: times and nonces come in.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::security::Logins;
use crate::sasl::bearer::{self, Bearer};
use crate::sasl::plain::Plain;
use crate::sasl::scram::{ClientFirst, Credential, Hash, MIN_ITERATIONS, Server};
use crate::sasl::{Mechanism, Refusal};
use crate::secret::Secret;
use crate::wire::api_key::ApiKey;
use crate::wire::error_code::ErrorCode;

use super::session::Then;
use super::tally::Outcome;
use super::token::Verified;
use subtle::ConstantTimeEq as _;

/// The shortest time between two logins of one connection (KIP-368).
const LEAST_APART: Duration = Duration::from_secs(1);

/// What logins are held against.
pub trait Known {
    /// The password of a user of PLAIN.
    fn password(&self, user: &str) -> Option<&Secret>;
    /// What is kept of a user of SCRAM.
    fn credential(&self, user: &str, hash: Hash) -> Option<Credential>;
    /// Who a token stands for; the error is for the log.
    fn token(&self, token: &Secret, now_ms: i64) -> Result<Verified, String>;
}

/// A moment: by a clock that never jumps, and by the calendar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moment {
    /// Since some start.
    pub elapsed: Duration,
    /// Milliseconds since 1970.
    pub now_ms: i64,
}

/// Which mechanisms a listener offers, and for how long a login holds.
#[derive(Debug, Clone, Default)]
pub struct Offer {
    /// In the order that clients are told.
    pub mechanisms: Vec<Mechanism>,
    /// The longest life of a login, by mechanism.
    pub max_reauth: BTreeMap<Mechanism, Duration>,
}

impl From<&Logins> for Offer {
    fn from(logins: &Logins) -> Self {
        Self {
            mechanisms: logins.mechanisms.clone(),
            max_reauth: logins.max_reauth.clone(),
        }
    }
}

/// A request that is not served now: the connection closes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    /// Nobody has logged in.
    #[error("{0} came before the login was done")]
    NotLoggedIn(ApiKey),
    /// The login ended, and was not repeated.
    #[error("{0} came after the login had ended")]
    Expired(ApiKey),
}

/// The answer to one message of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What the client acts on.
    pub code: ErrorCode,
    /// What people read at the client.
    pub message: Option<String>,
    /// The mechanism's own answer.
    pub bytes: Vec<u8>,
    /// How long the login holds, in milliseconds; 0 is for ever.
    pub lifetime_ms: i64,
    /// Whether the connection goes on.
    pub then: Then,
    /// What is counted.
    pub outcome: Option<Outcome>,
    /// What the node's log gets to read.
    pub why: Option<String>,
}

impl Said {
    pub(super) fn of(code: ErrorCode, message: Option<String>, then: Then) -> Self {
        Self {
            code,
            message,
            bytes: Vec::new(),
            lifetime_ms: 0,
            then,
            outcome: None,
            why: None,
        }
    }
}

/// Somebody who has logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entered {
    /// How.
    pub mechanism: Mechanism,
    /// The name, without its type.
    pub name: String,
    /// When the login ends, by the clock that never jumps.
    pub until: Option<Duration>,
}

#[derive(Debug)]
enum Stage {
    /// ApiVersions and SaslHandshake are served.
    Start,
    /// SaslAuthenticate is.
    Exchange(Mechanism, Step),
    /// The next SaslAuthenticate hears that its mechanism must stay the same.
    OtherMechanism(String),
    /// Everything is.
    Entered,
    /// Nothing is.
    Failed,
}

#[derive(Debug)]
enum Step {
    /// The client's first message comes next.
    First,
    /// SCRAM's proof comes next.
    Proof(String, Box<Server>),
    /// The client has heard that its token is refused.
    TokenRefused(String),
}

/// What one message leads to.
enum Heard {
    /// One more message.
    More(Step, Vec<u8>),
    /// The client is who it says.
    Done {
        name: String,
        bytes: Vec<u8>,
        expires_ms: Option<i64>,
    },
}

/// One connection's login.
#[derive(Debug)]
pub struct Login {
    stage: Stage,
    is_raw: bool,
    entered: Option<Entered>,
    /// When the last repetition began.
    again: Option<Duration>,
}

impl Default for Login {
    fn default() -> Self {
        Self {
            stage: Stage::Start,
            is_raw: false,
            entered: None,
            again: None,
        }
    }
}

impl Login {
    /// Who has logged in; while a login is repeated, who had.
    pub fn entered(&self) -> Option<&Entered> {
        self.entered.as_ref()
    }

    /// Whether all APIs are served.
    pub fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Entered)
    }

    /// Whether the next frame is a message of the mechanism itself, without a request around it
    /// (version 0 of SaslHandshake).
    pub fn takes_raw(&self) -> bool {
        self.is_raw && matches!(self.stage, Stage::Exchange(..) | Stage::OtherMechanism(_))
    }

    /// Whether a request of this API is served now.
    pub fn admit(&self, key: ApiKey, now: Moment) -> Result<(), NotNow> {
        let is_served = match &self.stage {
            Stage::Start => matches!(key, ApiKey::API_VERSIONS | ApiKey::SASL_HANDSHAKE),
            Stage::Exchange(..) | Stage::OtherMechanism(_) => {
                matches!(key, ApiKey::SASL_AUTHENTICATE | ApiKey::SASL_HANDSHAKE)
            }
            Stage::Failed => false,
            Stage::Entered => {
                let until = self.entered.as_ref().and_then(|entered| entered.until);
                let may_repeat = key == ApiKey::SASL_HANDSHAKE && self.may_repeat(now);
                if until.is_some_and(|until| now.elapsed >= until) && !may_repeat {
                    return Err(NotNow::Expired(key));
                }
                true
            }
        };
        is_served.then_some(()).ok_or(NotNow::NotLoggedIn(key))
    }

    /// A login that ends can be repeated, at most once a second.
    fn may_repeat(&self, now: Moment) -> bool {
        let ends = self
            .entered
            .as_ref()
            .is_some_and(|entered| entered.until.is_some());
        let rested = |begun: Duration| now.elapsed.saturating_sub(begun) >= LEAST_APART;
        ends && self.again.is_none_or(rested)
    }

    /// SaslHandshake: chooses a mechanism. Version 0 is followed by bare messages.
    pub fn handshake(
        &mut self,
        offer: &Offer,
        name: &str,
        version: i16,
        now: Moment,
    ) -> (ErrorCode, Then) {
        let is_repeated = match self.stage {
            Stage::Start => false,
            Stage::Entered if self.may_repeat(now) => true,
            Stage::Entered => return (ErrorCode::ILLEGAL_SASL_STATE, Then::GoOn),
            Stage::Exchange(..) | Stage::OtherMechanism(_) | Stage::Failed => {
                self.stage = Stage::Failed;
                return (ErrorCode::ILLEGAL_SASL_STATE, Then::Close);
            }
        };
        let known = Mechanism::named(name).filter(|known| offer.mechanisms.contains(known));
        let Some(mechanism) = known else {
            self.stage = Stage::Failed;
            return (ErrorCode::UNSUPPORTED_SASL_MECHANISM, Then::Close);
        };
        self.is_raw = version == 0;
        self.stage = Stage::Exchange(mechanism, Step::First);
        if is_repeated {
            self.again = Some(now.elapsed);
            let before = self.entered.as_ref().map(|entered| entered.mechanism);
            if let Some(before) = before.filter(|before| *before != mechanism) {
                self.stage = Stage::OtherMechanism(format!(
                    "SASL mechanism '{mechanism}' requested by client is not supported for \
                     re-authentication of mechanism '{before}'"
                ));
            }
        }
        (ErrorCode::NONE, Then::GoOn)
    }

    /// SaslAuthenticate, or a bare message: the next step of the exchange.
    pub fn authenticate(
        &mut self,
        message: &[u8],
        (offer, known): (&Offer, &dyn Known),
        nonce: &str,
        now: Moment,
    ) -> Said {
        match std::mem::replace(&mut self.stage, Stage::Failed) {
            Stage::Entered => {
                self.stage = Stage::Entered;
                let why = "SaslAuthenticate request received after successful authentication";
                let why = Some(why.to_owned());
                Said::of(ErrorCode::ILLEGAL_SASL_STATE, why, Then::GoOn)
            }
            Stage::Exchange(mechanism, step) => {
                let heard = step.hear(mechanism, message, known, nonce, now.now_ms);
                match heard {
                    Ok(Heard::More(step, bytes)) => {
                        self.stage = Stage::Exchange(mechanism, step);
                        Said {
                            bytes,
                            ..Said::of(ErrorCode::NONE, None, Then::GoOn)
                        }
                    }
                    Ok(Heard::Done {
                        name,
                        bytes,
                        expires_ms,
                    }) => self.enter(offer, (mechanism, name), (bytes, expires_ms), now),
                    Err(refusal) => self.refuse(Some(mechanism), refusal),
                }
            }
            Stage::OtherMechanism(why) => self.refuse(None, Refusal::Told(why)),
            Stage::Start | Stage::Failed => {
                let why = Some("no mechanism was chosen".to_owned());
                Said::of(ErrorCode::ILLEGAL_SASL_STATE, why, Then::Close)
            }
        }
    }

    /// Ends a login before it is done, for a reason of this node's own.
    pub fn abandon(&mut self, why: String) -> Said {
        self.stage = Stage::Failed;
        self.refuse(None, Refusal::Hidden(why))
    }

    fn enter(
        &mut self,
        offer: &Offer,
        (mechanism, name): (Mechanism, String),
        (bytes, expires_ms): (Vec<u8>, Option<i64>),
        now: Moment,
    ) -> Said {
        if let Some(before) = self.entered.as_ref().filter(|before| before.name != name) {
            let why = format!(
                "Cannot change principals during re-authentication from User.{}: User.{name}",
                before.name
            );
            return self.refuse(Some(mechanism), Refusal::Told(why));
        }
        let outcome = match self.entered {
            Some(_) => Outcome::EnteredAgain,
            None => Outcome::Entered { no_again: false },
        };
        let limit = offer.max_reauth.get(&mechanism).copied();
        let left = expires_ms.map(|end| {
            let left = u64::try_from(end.saturating_sub(now.now_ms)).unwrap_or(0);
            Duration::from_millis(left)
        });
        let lifetime = match (limit, left) {
            (Some(limit), Some(left)) => Some(limit.min(left)),
            (limit, left) => limit.or(left),
        };
        self.entered = Some(Entered {
            mechanism,
            name,
            until: lifetime.map(|lifetime| now.elapsed.saturating_add(lifetime)),
        });
        self.stage = Stage::Entered;
        let lifetime_ms = lifetime.map_or(0, |lifetime| lifetime.as_millis());
        Said {
            bytes,
            lifetime_ms: i64::try_from(lifetime_ms).unwrap_or(i64::MAX),
            outcome: Some(outcome),
            ..Said::of(ErrorCode::NONE, None, Then::GoOn)
        }
    }

    fn refuse(&self, mechanism: Option<Mechanism>, refusal: Refusal) -> Said {
        let (outcome, during) = match self.entered {
            Some(_) => (Outcome::RefusedAgain, "re-authentication"),
            None => (Outcome::Refused, "authentication"),
        };
        let why = refusal.to_string();
        let told = match (refusal, mechanism) {
            (Refusal::Told(why), _) => why,
            (Refusal::Hidden(_), Some(mechanism)) => format!(
                "Authentication failed during {during} due to invalid credentials with SASL \
                 mechanism {mechanism}"
            ),
            (Refusal::Hidden(_), None) => format!("Authentication failed during {during}"),
        };
        Said {
            outcome: Some(outcome),
            why: Some(why),
            ..Said::of(
                ErrorCode::SASL_AUTHENTICATION_FAILED,
                Some(told),
                Then::Close,
            )
        }
    }
}

impl Step {
    fn hear(
        self,
        mechanism: Mechanism,
        message: &[u8],
        known: &dyn Known,
        nonce: &str,
        now_ms: i64,
    ) -> Result<Heard, Refusal> {
        match (self, mechanism.hash()) {
            (Self::Proof(name, server), _) => {
                let bytes = server.verify(message)?;
                Ok(Heard::Done {
                    name,
                    bytes,
                    expires_ms: None,
                })
            }
            (Self::TokenRefused(why), _) if message == bearer::END => {
                log::debug!("a token is refused: {why}");
                Err(Refusal::told(bearer::INVALID_TOKEN))
            }
            (Self::TokenRefused(why), _) => Err(Refusal::Hidden(why)),
            (Self::First, Some(hash)) => challenge(hash, message, known, nonce),
            (Self::First, None) if mechanism == Mechanism::OAuthBearer => {
                token(message, known, now_ms)
            }
            (Self::First, None) => password(message, known),
        }
    }
}

fn challenge(hash: Hash, message: &[u8], known: &dyn Known, nonce: &str) -> Result<Heard, Refusal> {
    let first = ClientFirst::parse(message)?;
    if first.token {
        return Err(Refusal::hidden("delegation tokens are not taken here"));
    }
    let name = first.user.clone();
    let credential = known
        .credential(&name, hash)
        .ok_or_else(|| Refusal::hidden(format!("no user `{name}` with this mechanism")))?;
    if credential.iterations < MIN_ITERATIONS {
        return Err(Refusal::hidden("its credential has too few iterations"));
    }
    let (server, challenge) = Server::challenge(hash, first, credential, nonce);
    Ok(Heard::More(Step::Proof(name, Box::new(server)), challenge))
}

fn password(message: &[u8], known: &dyn Known) -> Result<Heard, Refusal> {
    let Plain { user, password } = Plain::parse(message)?;
    let bytes = |secret: &Secret| secret.reveal().as_bytes().to_vec();
    let is_right = known
        .password(&user)
        .is_some_and(|right| bool::from(bytes(right).ct_eq(&bytes(&password))));
    if !is_right {
        return Err(Refusal::told(
            "Authentication failed: Invalid username or password",
        ));
    }
    Ok(Heard::Done {
        name: user,
        bytes: Vec::new(),
        expires_ms: None,
    })
}

fn token(message: &[u8], known: &dyn Known, now_ms: i64) -> Result<Heard, Refusal> {
    let Bearer { authzid, token } = Bearer::parse(message)?;
    let verified = match known.token(&token, now_ms) {
        Ok(verified) => verified,
        // The client answers this with one byte, and only then the login fails.
        Err(why) => {
            let told = bearer::INVALID_TOKEN.as_bytes().to_vec();
            return Ok(Heard::More(Step::TokenRefused(why), told));
        }
    };
    if !authzid.is_empty() && authzid != verified.name {
        return Err(Refusal::told(format!(
            "Authentication failed: Client requested an authorization id ({authzid}) that is \
             different from the token's principal name ({})",
            verified.name
        )));
    }
    Ok(Heard::Done {
        name: verified.name,
        bytes: Vec::new(),
        expires_ms: Some(verified.expires_ms),
    })
}
