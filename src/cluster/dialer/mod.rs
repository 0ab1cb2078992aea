//! Opens a byte stream to one listener of a cluster, ready for requests: route and TCP (`tcp`), TLS (`tls`), login
//! (`sasl`). Reading and writing both go through here, so a way in is written once.
//!
//! Never speaks Kafka beyond the login, never changes what the operator chose, and puts no secret into a text.

mod certificate;
mod http;
mod material;
mod pem;
mod refusals;
mod sasl;
mod tcp;
mod tls;
mod verify;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite};

use self::sasl::Login;
use self::tcp::{Reached, Way};
use self::tls::Tls;
use super::error::{DialError, WayError, printable};
use crate::config::route::Route;
use crate::config::security::{Sasl, Security};
use crate::model::{BrokerId, Doubt, Endpoint, Rung, Span};

/// What to dial: the advertised address, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Host and port as the cluster advertises them or the operator named them.
    pub endpoint: Endpoint,
    /// The broker expected there; `None` for a bootstrap address.
    pub id: Option<BrokerId>,
}

impl Target {
    /// How errors name it: `broker 3 (kafka-3:9092)` or `kafka-3:9092`.
    pub fn name(&self) -> Arc<str> {
        match self.id {
            Some(id) => printable(&format!("broker {id} ({})", self.endpoint)),
            None => printable(&self.endpoint.to_string()),
        }
    }
}

/// Bytes in both directions.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A stream that is ready for requests, how long each rung took, and the address that was reached.
pub struct Dialled {
    pub stream: Box<dyn Duplex>,
    pub rungs: Vec<(Rung, Span)>,
    pub address: SocketAddr,
    /// The login, where it ends some time and must be repeated before (KIP-368).
    pub session: Option<Session>,
}

/// A login that holds for some time.
pub struct Session {
    /// From when it was made.
    pub lifetime: Duration,
    renewal: sasl::Renewal,
}

impl Session {
    /// Logs in again over the same stream, on which nothing else is under way. Returns how long the new login holds;
    /// `None`: for ever.
    pub async fn renew<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut S,
    ) -> Result<Option<Duration>, DialError> {
        self.renewal.run(stream).await
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

/// The way to the brokers, the same for every connection of a cluster. Clones share everything, what was refused too.
#[derive(Debug, Clone, Default)]
pub struct Dialer {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    way: Way,
    tls: Option<Tls>,
    login: Option<Arc<Login>>,
    doubt: Option<Doubt>,
    warnings: Vec<Arc<str>>,
}

impl Dialer {
    /// Loads certificates, keys and credentials, once. `bootstrap` is where a rule `-> bootstrap` leads.
    pub fn new(
        security: &Security,
        route: &Route,
        bootstrap: &[Endpoint],
    ) -> Result<Self, WayError> {
        let mut warnings = Vec::new();
        let tls = security.tls.as_ref();
        let inner = Inner {
            way: Way::new(route, bootstrap),
            doubt: security.doubt(),
            tls: tls.map(|tls| Tls::load(tls, &mut warnings)).transpose()?,
            login: match &security.sasl {
                Some(sasl) => Some(Arc::new(Login::load(sasl, &mut warnings)?)),
                None => None,
            },
            warnings: Vec::new(),
        };
        if let (None, Some(Sasl::Plain(_))) = (tls, &security.sasl) {
            warnings.push("the password is sent in the clear: PLAIN without TLS".into());
        }
        for warning in &warnings {
            log::warn!("{warning}");
        }
        Ok(Self {
            inner: Arc::new(Inner { warnings, ..inner }),
        })
    }

    /// Opens a stream to the target and makes it ready: TLS and login where they are set. A login that was refused
    /// lately is refused again from memory, and nothing is dialled.
    pub async fn dial(&self, target: &Target) -> Result<Dialled, DialError> {
        let Inner {
            way, tls, login, ..
        } = &*self.inner;
        if let Some(login) = login {
            login.admit(target)?;
        }
        let reached = way.reach(target).await?;
        let Reached {
            mut stream,
            mut rungs,
            address,
        } = reached;
        if let Some(tls) = tls {
            let began = Instant::now();
            stream = tls.handshake(&target.endpoint, stream).await?;
            rungs.push((Rung::Tls, elapsed(began)));
        }
        let mut session = None;
        if let Some(login) = login {
            let began = Instant::now();
            session = login.clone().enter(target, &mut stream).await?;
            rungs.push((Rung::Sasl, elapsed(began)));
        }
        Ok(Dialled {
            stream,
            rungs,
            address,
            session,
        })
    }

    /// Forgets refused logins: the operator wants them tried again now.
    pub fn forgive(&self) {
        if let Some(login) = &self.inner.login {
            login.forgive();
        }
    }

    /// What is not held against the brokers' certificates; to be said on every screen.
    pub fn doubt(&self) -> Option<Doubt> {
        self.inner.doubt
    }

    /// What is unwise about the way in, one sentence each; they are in the log already.
    pub fn warnings(&self) -> &[Arc<str>] {
        &self.inner.warnings
    }
}

/// Time since `began` in whole milliseconds.
pub fn elapsed(began: Instant) -> Span {
    Span::from_ms(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX))
}
