//! How this node logs in at another one (KIP-152), and when it does so again (KIP-368).

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::{Credentials, Peer, PeerError};
use crate::sasl::client::{Exchange, Login, Next};
use crate::secret::{self, Secret};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::{
    SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest,
};

/// Versions of the requests: tokens in requests of their own, and the login's lifetime in the answer.
const HANDSHAKE_VERSION: i16 = 1;
const AUTHENTICATE_VERSION: i16 = 2;

/// Messages of one login at most; no mechanism has as many.
const MAX_STEPS: usize = 8;

impl Peer {
    /// Logs in as the link demands; again, if the connection already is.
    pub(super) async fn log_in(&mut self) -> Result<(), PeerError> {
        let Some(credentials) = self.dialer.ways.of(self.link).login.clone() else {
            return Ok(());
        };
        let login = self.login(credentials).await?;
        let mechanism = login.mechanism().name().to_owned();
        let request = SaslHandshakeRequest {
            mechanism,
            ..SaslHandshakeRequest::default()
        };
        let offered = self.exchange(&request, HANDSHAKE_VERSION).await?;
        if offered.error_code != ErrorCode::NONE {
            let (mechanism, offers) = (request.mechanism, offered.mechanisms.join(", "));
            let code = offered.error_code;
            return Err(self.shut_out(format!("{code}: {mechanism}; it offers {offers}")));
        }
        let nonce = secret::nonce().map_err(|error| self.shut_out(error.to_string()))?;
        let (mut exchange, mut message) = login.start(&nonce);
        for _ in 0..MAX_STEPS {
            let answer = self.say(message).await?;
            let next = Exchange::take(exchange, &answer.auth_bytes);
            match next.map_err(|error| self.shut_out(error.to_string()))? {
                Next::Send(more, next) => (exchange, message) = (more, next),
                Next::Done => {
                    self.login_again = again(answer.session_lifetime_ms);
                    return Ok(());
                }
            }
        }
        Err(self.shut_out("the login does not end".to_owned()))
    }

    fn shut_out(&self, why: String) -> PeerError {
        PeerError::Login {
            node: self.node,
            why,
        }
    }

    async fn login(&self, credentials: Credentials) -> Result<Login, PeerError> {
        match credentials {
            Credentials::Password {
                mechanism,
                user,
                password,
            } => Ok(Login::Password {
                mechanism,
                user,
                password,
            }),
            Credentials::TokenFile(path) => {
                let read = spawn_blocking(move || read_token(&path)).await;
                let token = read.map_err(|error| self.shut_out(error.to_string()))?;
                token.map(Login::Token).map_err(|why| self.shut_out(why))
            }
        }
    }

    async fn say(&mut self, message: Vec<u8>) -> Result<SaslAuthenticateResponse, PeerError> {
        let request = SaslAuthenticateRequest {
            auth_bytes: Bytes::from(message),
            ..SaslAuthenticateRequest::default()
        };
        let answer = self.exchange(&request, AUTHENTICATE_VERSION).await?;
        if answer.error_code == ErrorCode::NONE {
            return Ok(answer);
        }
        let why = answer.error_message.unwrap_or_default();
        Err(self.shut_out(format!("{}: {why}", answer.error_code)))
    }
}

fn read_token(path: &Path) -> Result<Secret, String> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| format!("its own token, {}: {error}", path.display()))?;
    Ok(Secret::new(text.trim()))
}

/// When a login of this lifetime is repeated: after 85 to 95 % of it, as Kafka's clients do.
fn again(lifetime_ms: i64) -> Option<Instant> {
    let lifetime = u64::try_from(lifetime_ms).ok().filter(|ms| *ms > 0)?;
    let share = 0.85 + 0.1 * fastrand::f64();
    Some(Instant::now() + Duration::from_millis(lifetime).mul_f64(share))
}
