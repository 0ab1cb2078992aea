//! The keys that sign tokens, read from a file or fetched from their provider, again and again. What
//! was read last holds until something newer was.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::header::{ACCEPT, HOST};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};

use super::token::KeySet;
use crate::config::security::{KeySource, TokenRules};
use crate::tls::{Connector, Settings, Stream, Version};

/// The largest set of keys that is read.
const MAX_BYTES: usize = 1 << 20;

/// How long a provider may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The shortest time between two looks at the provider because of tokens with unknown keys: whoever
/// invents keys must not keep it busy.
const LOOK_APART: Duration = Duration::from_secs(2);

/// The keys of one listener.
#[derive(Debug)]
pub struct KeyRing {
    source: Source,
    keys: RwLock<Arc<KeySet>>,
    again: Notify,
    refresh: Duration,
    retry: (Duration, Duration),
}

#[derive(Debug)]
enum Source {
    File(Arc<Path>),
    Http { uri: Uri, tls: Option<Connector> },
}

impl KeyRing {
    /// A ring without keys; the error is for the operator.
    pub fn of(rules: &TokenRules) -> Result<Self, String> {
        let source = match &rules.keys {
            KeySource::File(path) => Source::File(Arc::from(path.as_path())),
            KeySource::Url { url, trust } => {
                let uri: Uri = url.parse().map_err(|error| format!("{url}: {error}"))?;
                if uri.host().is_none() {
                    return Err(format!("{url}: it names no host"));
                }
                let settings = Settings {
                    trust: trust.clone(),
                    versions: vec![Version::Tls12, Version::Tls13],
                    ..Settings::default()
                };
                let tls = (uri.scheme_str() == Some("https"))
                    .then(|| Connector::of(&settings))
                    .transpose()
                    .map_err(|error| error.to_string())?;
                Source::Http { uri, tls }
            }
        };
        Ok(Self {
            source,
            keys: RwLock::default(),
            again: Notify::new(),
            refresh: rules.refresh,
            retry: rules.retry,
        })
    }

    /// What is known now.
    pub fn keys(&self) -> Arc<KeySet> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&keys)
    }

    /// A token was signed by an unknown key: perhaps there are new ones.
    pub fn look_again(&self) {
        self.again.notify_one();
    }

    /// Reads the keys again and again, for ever; the same trouble is told once.
    pub async fn keep(&self, listener: &str) {
        let mut pause = self.retry.0.max(Duration::from_millis(1));
        let mut told = String::new();
        loop {
            let begun = Instant::now();
            match timeout(PATIENCE, self.source.read()).await {
                Ok(Ok(keys)) => {
                    log::debug!("{listener}: {} keys of tokens", keys.len());
                    told.clear();
                    pause = self.retry.0.max(Duration::from_millis(1));
                    *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
                    let due = sleep(self.refresh.max(LOOK_APART));
                    tokio::select! {
                        () = due => {}
                        () = self.again.notified() => {
                            tokio::time::sleep_until(begun + LOOK_APART).await;
                        }
                    }
                }
                failed => {
                    let why = match failed {
                        Ok(Err(why)) => why,
                        _ => format!("no answer within {PATIENCE:?}"),
                    };
                    if why != told {
                        log::warn!("{listener}: the keys of tokens cannot be read: {why}");
                        told = why;
                    }
                    sleep(pause).await;
                    pause = (pause * 2).min(self.retry.1.max(self.retry.0));
                }
            }
        }
    }
}

impl Source {
    async fn read(&self) -> Result<KeySet, String> {
        let text = match self {
            Self::File(path) => {
                let path = Arc::clone(path);
                let read = spawn_blocking(move || {
                    std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
                });
                Bytes::from(read.await.map_err(|error| error.to_string())??)
            }
            Self::Http { uri, tls } => fetch(uri, tls.as_ref()).await?,
        };
        let keys = KeySet::parse(&text)?;
        if keys.is_empty() {
            return Err("it holds no key for RS256 or ES256".to_owned());
        }
        Ok(keys)
    }
}

/// One GET.
async fn fetch(uri: &Uri, tls: Option<&Connector>) -> Result<Bytes, String> {
    let words = |error: &dyn std::fmt::Display| format!("{uri}: {error}");
    let host = uri.host().unwrap_or_default();
    let port = uri
        .port_u16()
        .unwrap_or(if tls.is_some() { 443 } else { 80 });
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let tcp = TcpStream::connect((bare, port)).await;
    let tcp = tcp.map_err(|error| words(&error))?;
    let stream = match tls {
        None => Stream::Plain(tcp),
        Some(connector) => {
            let stream = connector.connect(bare, tcp).await;
            stream.map_err(|error| words(&error))?
        }
    };
    let shaken = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(|error| words(&error))?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = uri.authority().map_or(host, |authority| authority.as_str());
    let request = Request::get(path)
        .header(HOST, authority)
        .header(ACCEPT, "application/json")
        .body(Empty::<Bytes>::new())
        .map_err(|error| words(&error))?;
    let asked = async {
        let response = sender.send_request(request).await;
        let response = response.map_err(|error| words(&error))?;
        if !response.status().is_success() {
            return Err(words(&response.status()));
        }
        let body = Limited::new(response.into_body(), MAX_BYTES)
            .collect()
            .await;
        Ok(body.map_err(|error| words(&error))?.to_bytes())
    };
    tokio::pin!(asked, connection);
    // The connection is driven until the answer is there.
    tokio::select! {
        answer = &mut asked => answer,
        ended = &mut connection => match ended {
            Ok(()) => asked.await,
            Err(error) => Err(words(&error)),
        },
    }
}
