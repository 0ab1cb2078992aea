//! What one listener demands, ready to be used: certificates read, keys of tokens at hand, users from
//! the metadata. Shared by all connections of the listener.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;

use super::NotAdmitted;
use super::key_ring::KeyRing;
use super::login::{Known, Moment, Offer};
use super::principal::PrincipalRules;
use super::session::Session;
use super::tally::{Outcome, Tally};
use super::token::{self, Verified};
use crate::clock::Clock;
use crate::config::first_users::FirstUser;
use crate::config::node::Listener;
use crate::config::security::TokenRules;
use crate::meta::image::Image;
use crate::metrics::Metrics;
use crate::sasl::scram::{Credential, Credentials, Hash};
use crate::secret::{self, Secret};
use crate::tls::{Acceptor, Stream, TlsError};

/// How long a client may take to shake hands.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Bytes of the salts that are made here.
const SALT_BYTES: usize = 24;

/// Why a listener cannot be what it is meant to be.
#[derive(Debug, Error)]
pub enum GateError {
    /// Its stores.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Its rules for certificates.
    #[error("ssl.principal.mapping.rules: {0}")]
    Rules(String),
    /// The keys of its tokens.
    #[error("sasl.oauthbearer.jwks.endpoint.url: {0}")]
    Keys(String),
}

/// Salts the users that a cluster begins with.
pub fn first_credentials(users: &[FirstUser]) -> io::Result<Credentials> {
    let mut all = Credentials::new();
    for user in users {
        let salt = secret::random_bytes::<SALT_BYTES>()?;
        if let Some(credential) = user.credential(&salt) {
            all.insert((user.name.clone(), user.hash), credential);
        }
    }
    Ok(all)
}

/// What a gate needs of its node.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The newest metadata.
    pub images: watch::Receiver<Arc<Image>>,
    /// Users that count as long as no metadata is known here.
    pub first: Arc<Credentials>,
    /// The calendar.
    pub clock: Clock,
    /// Where is counted.
    pub metrics: Metrics,
}

/// The gate of one listener.
pub struct Gate {
    pub(super) listener: String,
    acceptor: Option<Acceptor>,
    pub(super) rules: PrincipalRules,
    /// Mechanisms; none on a listener without logins.
    pub(super) offer: Option<Offer>,
    pub(super) max_receive: usize,
    pub(super) failed_delay: Duration,
    pub(super) tally: Tally,
    known: Roster,
    clock: Clock,
    began: Instant,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gate({})", self.listener)
    }
}

/// What logins are held against.
struct Roster {
    users: BTreeMap<String, Secret>,
    images: watch::Receiver<Arc<Image>>,
    first: Arc<Credentials>,
    tokens: Option<(TokenRules, KeyRing)>,
}

impl Gate {
    /// Reads what the listener's settings name. Keys of tokens are fetched later, by
    /// [`Gate::keep_keys`].
    pub fn of(listener: &Listener, around: &Surroundings) -> Result<Self, GateError> {
        let security = &listener.security;
        let rules = PrincipalRules::parse(&security.principal_rules).map_err(GateError::Rules)?;
        let logins = security.logins.as_ref();
        let tokens = logins.and_then(|logins| logins.tokens.clone());
        let tokens = tokens
            .map(|rules| {
                let ring = KeyRing::of(&rules).map_err(GateError::Keys)?;
                Ok::<_, GateError>((rules, ring))
            })
            .transpose()?;
        Ok(Self {
            listener: listener.name.clone(),
            acceptor: security.tls.as_ref().map(Acceptor::of).transpose()?,
            rules,
            offer: logins.map(Offer::from),
            max_receive: logins.map_or(usize::MAX, |logins| logins.max_receive),
            failed_delay: security.failed_delay,
            tally: Tally::new(&around.metrics, &listener.name),
            known: Roster {
                users: logins
                    .map(|logins| logins.users.clone())
                    .unwrap_or_default(),
                images: around.images.clone(),
                first: Arc::clone(&around.first),
                tokens,
            },
            clock: around.clock.clone(),
            began: Instant::now(),
        })
    }

    /// Keeps the keys of tokens up to date, for ever; at once done where none are needed.
    pub async fn keep_keys(self: Arc<Self>) {
        if let Some((_, ring)) = &self.known.tokens {
            ring.keep(&self.listener).await;
        }
    }

    /// Takes a connection in: shakes hands where the listener does, and learns who a certificate names.
    pub async fn enter(self: &Arc<Self>, tcp: TcpStream) -> io::Result<(Stream, Session)> {
        let stream = match &self.acceptor {
            None => Stream::Plain(tcp),
            Some(acceptor) => acceptor.accept(tcp, HANDSHAKE).await.inspect_err(|_| {
                self.tally.count(Outcome::Refused);
            })?,
        };
        let refused = |why: NotAdmitted| {
            self.tally.count(Outcome::Refused);
            io::Error::new(io::ErrorKind::PermissionDenied, why)
        };
        let session = Session::begin(self, stream.peer_certificate().as_ref()).map_err(refused)?;
        if self.acceptor.is_some() && self.offer.is_none() {
            self.tally.count(Outcome::Entered { no_again: false });
        }
        Ok((stream, session))
    }

    pub(super) fn moment(&self) -> Moment {
        Moment {
            elapsed: self.began.elapsed(),
            now_ms: self.clock.now_ms(),
        }
    }

    pub(super) fn known(&self) -> &dyn Known {
        &self.known
    }
}

impl Known for Roster {
    fn password(&self, user: &str) -> Option<&Secret> {
        self.users.get(user)
    }

    /// Before any metadata is known here, the users that the cluster begins with may enter: without
    /// them no quorum could come about whose listeners ask for a login.
    fn credential(&self, user: &str, hash: Hash) -> Option<Credential> {
        let image = self.images.borrow();
        if image.offset < 0 {
            return self.first.get(&(user.to_owned(), hash)).cloned();
        }
        image.scram_credential(user, hash).cloned()
    }

    fn token(&self, token: &Secret, now_ms: i64) -> Result<Verified, String> {
        let (rules, ring) = self.tokens.as_ref().ok_or("no tokens are taken here")?;
        token::verify(token, &ring.keys(), rules, now_ms).map_err(|error| {
            if error == token::TokenError::UnknownKey {
                ring.look_again();
            }
            error.to_string()
        })
    }
}
