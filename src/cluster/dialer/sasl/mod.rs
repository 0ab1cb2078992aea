//! Logging in: one trait for what a mechanism says, and around it what every login has in common.
//!
//! The steps of a mechanism are pure (a challenge in, a response out); whatever has to be asked elsewhere for them,
//! a token or a ticket, is asked before. Never puts a secret into a text, and never tries a login again by itself.

mod aws;
mod gssapi;
mod lease;
mod msk;
mod oauth;
mod oidc;
mod plain;
mod scram;
mod sigv4;
mod token;
mod wire;
mod words;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;

use self::gssapi::Kerberos;
use self::msk::Msk;
use self::token::Tokens;
use self::wire::Line;
use self::words::{Failure, Words};
use super::refusals::Refusals;
use super::{Session, Target, material};
use crate::cluster::error::{DialError, WayError};
use crate::config::security::{self, Sasl};
use crate::model::Endpoint;

/// How long a login may take once the broker is reached (operations.md §1.3).
const DEADLINE: Duration = Duration::from_secs(5);
/// How long tokens and credentials may take to come from elsewhere.
const SOURCE_DEADLINE: Duration = Duration::from_secs(12);
/// Rounds of challenge and response; the longest mechanism has four.
const ROUNDS: usize = 10;
/// Logins whose first steps may wait for a Kerberos server at a time: a thread that waits cannot be called back.
const WAITING_THREADS: usize = 4;
/// A login that no broker has accepted yet is tried at one broker at a time. One that hangs holds up the others so long.
const ALONE: Duration = Duration::from_secs(1);

/// Why a mechanism cannot go on, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Fault(pub String);

impl Fault {
    /// From words.
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }
}

/// What a mechanism does next.
#[derive(PartialEq, Eq)]
pub enum Step {
    /// Sends this; the broker's answer is the next challenge.
    Send(Vec<u8>),
    /// Has nothing more to say: both sides are satisfied.
    Done,
}

/// One run of one mechanism.
pub trait Exchange: Send {
    /// The answer to a challenge; the first step has none. Pure, but for a mechanism of the system's.
    fn step(&mut self, challenge: Option<&[u8]>) -> Result<Step, Fault>;
}

/// What runs are made from.
#[derive(Debug)]
enum Mechanism {
    Plain(security::Login),
    Scram {
        hash: security::ScramHash,
        login: security::Login,
        token: bool,
    },
    OAuthBearer {
        tokens: Tokens,
        extensions: Vec<(String, String)>,
    },
    Msk(Msk),
    Gssapi(Kerberos),
}

impl Mechanism {
    fn load(sasl: &Sasl, warnings: &mut Vec<Arc<str>>) -> Result<Self, WayError> {
        let unusable = |fault: Fault| WayError::Login {
            mechanism: sasl.mechanism(),
            why: fault.0,
        };
        Ok(match sasl {
            Sasl::Plain(login) => Self::Plain(login.clone()),
            Sasl::Scram { hash, login, token } => {
                scram::check(login).map_err(unusable)?;
                Self::Scram {
                    hash: *hash,
                    login: login.clone(),
                    token: *token,
                }
            }
            Sasl::OAuthBearer { tokens, extensions } => {
                oauth::check(extensions).map_err(unusable)?;
                Self::OAuthBearer {
                    tokens: Tokens::load(tokens, warnings)?,
                    extensions: extensions.clone(),
                }
            }
            Sasl::AwsMskIam(aws) => Self::Msk(Msk::load(aws)?),
            Sasl::Gssapi {
                service,
                principal,
                keytab,
            } => {
                warnings.extend(keytab.as_deref().and_then(material::readers));
                Self::Gssapi(Kerberos::new(
                    service,
                    principal.as_deref(),
                    keytab.as_deref(),
                ))
            }
        })
    }

    /// Gets ready for one login at one host.
    async fn begin(&self, host: &str) -> Result<Box<dyn Exchange>, Fault> {
        Ok(match self {
            Self::Plain(login) => Box::new(plain::Run::new(login)),
            Self::Scram { hash, login, token } => {
                Box::new(scram::Scram::new(*hash, login, *token, &scram::nonce()?))
            }
            Self::OAuthBearer { tokens, extensions } => {
                Box::new(oauth::Run::new(&tokens.take().await?, extensions))
            }
            Self::Msk(msk) => msk.begin(host).await?,
            Self::Gssapi(kerberos) => Box::new(kerberos.begin(host)),
        })
    }

    /// Who logs in, as errors say it.
    fn who(&self) -> String {
        match self {
            Self::Plain(login) | Self::Scram { login, .. } => {
                format!(" of user {}", login.username)
            }
            Self::Gssapi(kerberos) => kerberos.who(),
            Self::OAuthBearer { .. } | Self::Msk(_) => String::new(),
        }
    }

    /// What to look at when a broker refuses.
    fn advice(&self) -> &'static str {
        match self {
            Self::Plain(_) | Self::Scram { .. } => "check user name and password",
            Self::OAuthBearer { .. } => "check the token's issuer, audience and scope",
            Self::Msk(_) => "check that the identity's policy allows kafka-cluster:Connect",
            Self::Gssapi(_) => "check sasl.kerberos.service.name and the broker's principal",
        }
    }
}

/// How to log in at the brokers of one cluster, and what came of it so far.
#[derive(Debug)]
pub struct Login {
    mechanism: Mechanism,
    /// Kafka's name of it.
    name: &'static str,
    refusals: Mutex<Refusals>,
    /// Held by a login that no broker has accepted yet.
    first: Arc<Semaphore>,
    /// Held by a login that this broker has not accepted yet.
    firsts: Mutex<BTreeMap<Endpoint, Arc<Semaphore>>>,
    threads: Arc<Semaphore>,
}

/// What a login that succeeded says of the next one.
struct Welcome {
    lifetime: Option<Duration>,
    /// Of `SaslAuthenticate`.
    version: i16,
}

impl Login {
    /// Loads what the mechanism needs.
    pub fn load(sasl: &Sasl, warnings: &mut Vec<Arc<str>>) -> Result<Self, WayError> {
        Ok(Self {
            mechanism: Mechanism::load(sasl, warnings)?,
            name: sasl.mechanism(),
            refusals: Mutex::default(),
            first: Arc::new(Semaphore::new(1)),
            firsts: Mutex::default(),
            threads: Arc::new(Semaphore::new(WAITING_THREADS)),
        })
    }

    fn refusals(&self) -> MutexGuard<'_, Refusals> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a login may be tried there now; else the error of the refusal that speaks against it.
    pub fn admit(&self, target: &Target) -> Result<(), DialError> {
        self.refusals().admit(&target.endpoint, Instant::now())
    }

    /// Lets refused logins be tried again at once.
    pub fn forgive(&self) {
        self.refusals().forgive(Instant::now());
    }

    /// What a login waits for that has not proved itself: at any broker, or at this one.
    fn turn(&self, endpoint: &Endpoint) -> Option<Arc<Semaphore>> {
        let (proven, welcome) = {
            let refusals = self.refusals();
            (refusals.proven(), refusals.welcome(endpoint))
        };
        if !proven {
            return Some(self.first.clone());
        }
        let mut firsts = self.firsts.lock().unwrap_or_else(PoisonError::into_inner);
        let own = || {
            firsts
                .entry(endpoint.clone())
                .or_insert_with(|| Arc::new(Semaphore::new(1)))
                .clone()
        };
        (!welcome).then(own)
    }

    /// Logs in over a fresh stream. Returns the session where it ends some time.
    pub async fn enter<S: AsyncRead + AsyncWrite + Unpin>(
        self: Arc<Self>,
        target: &Target,
        stream: &mut S,
    ) -> Result<Option<Session>, DialError> {
        let alone = match self.turn(&target.endpoint) {
            Some(turn) => tokio::time::timeout(ALONE, turn.acquire_owned()).await.ok(),
            None => None,
        };
        // While this one waited another may have been refused.
        self.admit(target)?;
        let welcome = self.attempt(target, stream, None).await?;
        drop(alone);
        Ok(welcome.lifetime.map(|lifetime| Session {
            lifetime,
            renewal: Renewal {
                login: self.clone(),
                target: target.clone(),
                version: welcome.version,
            },
        }))
    }

    /// One attempt, noted whatever comes of it. `version` is that of `SaslAuthenticate` where it is known.
    async fn attempt<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        target: &Target,
        stream: &mut S,
        version: Option<i16>,
    ) -> Result<Welcome, DialError> {
        let endpoint = &target.endpoint;
        match self.run(endpoint, stream, version).await {
            Ok(welcome) => {
                self.refusals().welcomed(endpoint);
                Ok(welcome)
            }
            Err(Failure::Passing(error)) => Err(error),
            Err(Failure::NotReady(error)) => {
                let error = self.refusals().not_ready(endpoint, &error, Instant::now());
                log::warn!("{error}");
                Err(error)
            }
            Err(Failure::Refused(error)) => {
                let error = self.refusals().refused(endpoint, &error, Instant::now());
                log::warn!("{error}");
                Err(error)
            }
        }
    }

    async fn run<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        endpoint: &Endpoint,
        stream: &mut S,
        version: Option<i16>,
    ) -> Result<Welcome, Failure> {
        let words = Words {
            mechanism: self.name,
            who: &self.mechanism.who(),
            advice: self.mechanism.advice(),
            endpoint,
        };
        let getting_ready =
            tokio::time::timeout(SOURCE_DEADLINE, self.mechanism.begin(&endpoint.host));
        let Ok(ready) = getting_ready.await else {
            let seconds = SOURCE_DEADLINE.as_secs();
            let late = Fault::new(format!("what it needs did not come within {seconds} s"));
            return Err(words.not_ready(&late));
        };
        let exchange = ready.map_err(|fault| words.not_ready(&fault))?;
        let speaking = self.speak(&words, Line::over(stream), version, exchange);
        match tokio::time::timeout(DEADLINE, speaking).await {
            Ok(done) => done,
            Err(_) => Err(words.silent(DEADLINE)),
        }
    }

    async fn speak<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        words: &Words<'_>,
        mut line: Line<'_, S>,
        version: Option<i16>,
        mut exchange: Box<dyn Exchange>,
    ) -> Result<Welcome, Failure> {
        let lost = |lost| words.lost(&lost);
        let version = match version {
            Some(version) => version,
            None => match line.versions().await.map_err(lost)? {
                Some(version) => version,
                None => return Err(words.too_old()),
            },
        };
        let handshake = line.handshake(self.name).await.map_err(lost)?;
        if !handshake.error_code.is_ok() {
            return Err(words.refused_mechanism(handshake.error_code, &handshake.mechanisms));
        }
        let mut challenge = None;
        let mut lifetime_ms = 0;
        for round in 0..ROUNDS {
            let (back, step) = self.step(exchange, challenge).await;
            exchange = back;
            // The first step is ours alone: the broker has not said anything that could be wrong.
            let ended = |fault| match round {
                0 => words.not_ready(&fault),
                _ => words.broken_off(&fault),
            };
            let response = match step.map_err(ended)? {
                Step::Send(response) => response,
                Step::Done => {
                    let lifetime = u64::try_from(lifetime_ms).ok().filter(|ms| *ms > 0);
                    let lifetime = lifetime.map(Duration::from_millis);
                    return line
                        .end()
                        .map_err(lost)
                        .map(|()| Welcome { lifetime, version });
                }
            };
            let answer = line.authenticate(response, version).await.map_err(lost)?;
            if !answer.error_code.is_ok() {
                let said = answer.error_message.unwrap_or_default();
                return Err(words.refused(answer.error_code, &said));
            }
            lifetime_ms = answer.session_lifetime_ms;
            challenge = Some(answer.auth_bytes);
        }
        Err(words.broken_off(&Fault::new("the broker asks on and on")))
    }

    /// One step, on a thread that may wait: SCRAM computes for long, Kerberos asks its servers.
    async fn step(
        &self,
        mut exchange: Box<dyn Exchange>,
        challenge: Option<bytes::Bytes>,
    ) -> (Box<dyn Exchange>, Result<Step, Fault>) {
        let permit = self.threads.clone().acquire_owned().await;
        let stepped = tokio::task::spawn_blocking(move || {
            let step = exchange.step(challenge.as_deref());
            drop(permit);
            (exchange, step)
        });
        match stepped.await {
            Ok(stepped) => stepped,
            Err(error) => {
                let fault = Fault::new(format!("a step of the login ended early: {error}"));
                (Box::new(Ended), Err(fault))
            }
        }
    }
}

/// What is left of a run whose step panicked.
struct Ended;

impl Exchange for Ended {
    fn step(&mut self, _: Option<&[u8]>) -> Result<Step, Fault> {
        Err(Fault::new("the login has ended"))
    }
}

/// A login to be repeated on the same stream.
pub struct Renewal {
    login: Arc<Login>,
    target: Target,
    version: i16,
}

impl Renewal {
    /// Repeats it. Returns how long the new login holds; `None`: for ever.
    pub async fn run<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut S,
    ) -> Result<Option<Duration>, DialError> {
        let attempt = self.login.attempt(&self.target, stream, Some(self.version));
        attempt.await.map(|welcome| welcome.lifetime)
    }
}
