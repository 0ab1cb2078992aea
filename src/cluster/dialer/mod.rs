//! Opens a byte stream to one listener of a cluster, ready for requests: route and TCP (`cluster::route`), TLS (`tls`),
//! login (`sasl`). Reading and writing both go through here, so a way in is written once.
//!
//! Speaks Kafka only to log in, and to find out who answers where a rule leads several brokers to one place. Never
//! remembers an address: what a name meant a minute ago is not what it means now. Never changes what the operator chose, and puts no secret into a text.

mod certificate;
mod http;
mod material;
mod pem;
mod refusals;
mod sasl;
mod tls;
mod verify;
mod witness;

pub use self::http::{Question, Reply, Url, ask_openly};

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite};

use self::sasl::Login;
use self::tls::Tls;
use self::witness::Witness;
use super::error::{DialError, WayError, printable};
use super::identity;
use super::route::Way;
use crate::config::route::{Route, Rule};
use crate::config::security::{Sasl, Security};
use crate::model::survey::Encryption;
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
    /// What was dialled, and through what.
    pub address: Arc<str>,
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
    way: Way,
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
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
            way: Way::new(route, bootstrap),
            inner: Arc::new(Inner { warnings, ..inner }),
        })
    }

    /// Opens a stream to the target and makes it ready: TLS and login where they are set. Where a rule leads several
    /// brokers there, it is the target that answers, or else the error says who does. A login that was refused lately
    /// is refused again from memory, and nothing is dialled.
    pub async fn dial(&self, target: &Target) -> Result<Dialled, DialError> {
        self.climb(target, &Arc::default()).await
    }

    /// [`Self::dial`], and beside it what TLS showed: also where that is why nothing came of it.
    pub async fn inspect(
        &self,
        target: &Target,
    ) -> (Result<Dialled, DialError>, Option<Encryption>) {
        let witness = Arc::default();
        let dialled = self.climb(target, &witness).await;
        let tls = self.inner.tls.as_ref();
        (dialled, tls.and_then(|tls| tls.shown(&witness)))
    }

    async fn climb(&self, target: &Target, witness: &Arc<Witness>) -> Result<Dialled, DialError> {
        let Inner { tls, login, .. } = &*self.inner;
        if let Some(login) = login {
            login.admit(target)?;
        }
        let reached = self.way.reach(target).await?;
        let (mut stream, mut rungs) = (reached.stream, reached.rungs);
        if let Some(tls) = tls {
            let began = Instant::now();
            stream = tls.handshake(&target.endpoint, stream, witness).await?;
            rungs.push((Rung::Tls, elapsed(began)));
        }
        let mut session = None;
        if let Some(login) = login {
            let began = Instant::now();
            session = login.clone().enter(target, &mut stream).await?;
            rungs.push((Rung::Sasl, elapsed(began)));
        }
        if let Some(id) = target.id.filter(|_| reached.shared) {
            let began = Instant::now();
            let rule = reached.rule.as_deref();
            identity::check(&mut stream, (id, target), &self.way.ids(), rule).await?;
            rungs.push((Rung::Node, elapsed(began)));
        }
        Ok(Dialled {
            stream,
            rungs,
            address: reached.address,
            session,
        })
    }

    /// The same dialer with one rule in the place of all others.
    #[must_use]
    pub fn led_by(&self, rule: Rule) -> Self {
        Self {
            way: self.way.led_by(rule),
            inner: self.inner.clone(),
        }
    }

    /// The way below TLS and login.
    pub fn way(&self) -> &Way {
        &self.way
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
