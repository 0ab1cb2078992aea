//! One connection's identity: its certificate or its login, against the gate of its listener. Holds
//! the lock of the state machine for one step at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use thiserror::Error;

use super::ANONYMOUS;
use super::gate::Gate;
use super::login::{Login, NotNow, Said};
use super::tally::Outcome;
use crate::secret;
use crate::tls::distinguished_name;
use crate::wire::api_key::ApiKey;
use crate::wire::error_code::ErrorCode;

/// What becomes of a connection after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It goes on.
    GoOn,
    /// It closes once the answer is sent.
    Close,
}

/// Why a connection is not let in, or a request not served.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotAdmitted {
    /// By its login.
    #[error(transparent)]
    NotNow(#[from] NotNow),
    /// Its certificate names nobody.
    #[error("no rule of ssl.principal.mapping.rules fits the certificate of {0}")]
    Nobody(String),
    /// Its certificate cannot be read.
    #[error("the subject of its certificate cannot be read")]
    Unreadable,
}

/// Who is at the other end of one connection.
#[derive(Debug)]
pub struct Session {
    gate: Arc<Gate>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    principal: Arc<str>,
    /// None on a listener without logins.
    login: Option<Login>,
}

impl Session {
    /// The identity of a connection that was just accepted, with the certificate that it showed.
    pub fn begin(
        gate: &Arc<Gate>,
        certificate: Option<&CertificateDer<'_>>,
    ) -> Result<Self, NotAdmitted> {
        let login = gate.offer.as_ref().map(|_| Login::default());
        let principal = match (&login, certificate) {
            (None, Some(shown)) => {
                let subject = distinguished_name(shown).ok_or(NotAdmitted::Unreadable)?;
                let name = gate.rules.name(&subject);
                let name = name.ok_or(NotAdmitted::Nobody(subject))?;
                Arc::from(format!("User:{name}"))
            }
            _ => Arc::from(ANONYMOUS),
        };
        Ok(Self {
            gate: Arc::clone(gate),
            state: Mutex::new(State { principal, login }),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `User:NAME`.
    pub fn principal(&self) -> Arc<str> {
        Arc::clone(&self.lock().principal)
    }

    /// Whether the next frame is no request but a bare message of a login.
    pub fn takes_raw(&self) -> bool {
        self.lock().login.as_ref().is_some_and(Login::takes_raw)
    }

    /// The longest frame that is taken before the login is done; `None` afterwards.
    pub fn max_frame_bytes(&self) -> Option<usize> {
        let state = self.lock();
        let login = state.login.as_ref()?;
        (!login.is_done()).then_some(self.gate.max_receive)
    }

    /// Whether a request of this API is served now.
    pub fn admit(&self, key: ApiKey) -> Result<(), NotAdmitted> {
        let state = self.lock();
        let Some(login) = &state.login else {
            return Ok(());
        };
        login.admit(key, self.gate.moment()).map_err(|not_now| {
            self.gate.tally.count(match not_now {
                NotNow::NotLoggedIn(_) => Outcome::Refused,
                NotNow::Expired(_) => Outcome::Expired,
            });
            NotAdmitted::NotNow(not_now)
        })
    }

    /// SaslHandshake: the error, the mechanisms that are offered, and what becomes of the connection.
    pub fn handshake(&self, mechanism: &str, version: i16) -> (ErrorCode, Vec<String>, Then) {
        let mut state = self.lock();
        let (Some(login), Some(offer)) = (&mut state.login, &self.gate.offer) else {
            return (ErrorCode::ILLEGAL_SASL_STATE, Vec::new(), Then::GoOn);
        };
        let (code, then) = login.handshake(offer, mechanism, version, self.gate.moment());
        if then == Then::Close {
            self.gate.tally.count(Outcome::Refused);
            let client: String = mechanism.chars().take(40).collect();
            log::info!("{}: no login with {client:?}: {code}", self.gate.listener);
        }
        let offered = offer.mechanisms.iter();
        let offered = offered.map(|known| known.name().to_owned()).collect();
        (code, offered, then)
    }

    /// SaslAuthenticate in this version, or a bare message (`None`).
    pub fn authenticate(&self, message: &[u8], version: Option<i16>) -> Said {
        let mut state = self.lock();
        let (Some(login), Some(offer)) = (&mut state.login, &self.gate.offer) else {
            let why = Some("this listener asks for no login".to_owned());
            return Said::of(ErrorCode::ILLEGAL_SASL_STATE, why, Then::GoOn);
        };
        let mut said = match secret::nonce() {
            Ok(nonce) => {
                let known = (offer, self.gate.known());
                login.authenticate(message, known, &nonce, self.gate.moment())
            }
            Err(error) => login.abandon(error.to_string()),
        };
        if let Some(Outcome::Entered { no_again }) = &mut said.outcome {
            *no_again = version.is_none_or(|version| version == 0);
        }
        if let Some(entered) = login.entered().filter(|_| login.is_done()) {
            let principal = format!("User:{}", entered.name);
            if *state.principal != *principal {
                state.principal = Arc::from(principal);
            }
        }
        drop(state);
        if let Some(outcome) = said.outcome {
            self.gate.tally.count(outcome);
        }
        if let Some(why) = &said.why {
            log::info!("{}: a login was refused: {why}", self.gate.listener);
        }
        said
    }

    /// How long an answer to a refused login waits: guessing takes time.
    pub fn failed_delay(&self) -> Duration {
        self.gate.failed_delay
    }
}
