//! A broker's door made of paper: TLS, then a login, then whatever stands behind it. Every way to be turned away can
//! be played.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use broker::wire::api_key::ApiKey;
use broker::wire::error_code::ErrorCode;
use broker::wire::frame::response_frame;
use broker::wire::header::{HeaderForm, RequestHeader};
use broker::wire::messages::api_versions::{ApiVersion, ApiVersionsResponse};
use broker::wire::messages::decode_all;
use broker::wire::messages::sasl_authenticate::{
    SaslAuthenticateRequest, SaslAuthenticateResponse,
};
use broker::wire::messages::sasl_handshake::{SaslHandshakeRequest, SaslHandshakeResponse};
use broker::wire::primitives::Reader;
use bytes::Bytes;
use ring::{digest, hmac, pbkdf2};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// Who is let in.
#[derive(Debug, Clone)]
pub enum Doorman {
    /// Everybody, without a login.
    None,
    /// PLAIN, with this message.
    Plain(&'static str),
    /// SCRAM-SHA-256 of `user` with this password; the second is what the broker itself believes the password to be
    /// when it signs.
    Scram(&'static str, &'static str),
    /// OAUTHBEARER, with a message that holds this; anything else is answered with an error in JSON first.
    Bearer(&'static str),
    /// Offers these mechanisms and takes none.
    Offers(&'static [&'static str]),
    /// Answers `SaslHandshake` with this code.
    Handshake(ErrorCode),
    /// Answers the first message of any mechanism with this.
    Refuses(ErrorCode, &'static str),
    /// Knows no `SaslAuthenticate`.
    Old,
    /// Closes at the first request.
    Slams,
    /// Closes at the first message of the mechanism.
    SlamsLate,
    /// Answers nothing.
    Silent,
}

/// What a gate does.
#[derive(Clone)]
pub struct Plan {
    pub tls: Option<Arc<ServerConfig>>,
    pub doorman: Doorman,
    /// How long a login holds; zero: for ever.
    pub lifetime: Duration,
    /// Where requests go once somebody is let in; `None`: they are read and not answered.
    pub behind: Option<String>,
}

impl Plan {
    pub fn login(doorman: Doorman) -> Self {
        Self {
            tls: None,
            doorman,
            lifetime: Duration::ZERO,
            behind: None,
        }
    }

    pub fn tls(config: ServerConfig) -> Self {
        Self {
            tls: Some(Arc::new(config)),
            ..Self::login(Doorman::None)
        }
    }
}

/// A running gate; it ends when dropped.
pub struct Gate {
    pub address: SocketAddr,
    /// Logins that were begun, that succeeded, and requests that came after the login had ended.
    pub tally: Arc<Tally>,
    _listening: JoinSet<()>,
}

#[derive(Debug, Default)]
pub struct Tally {
    pub connections: AtomicU64,
    pub begun: AtomicU64,
    pub done: AtomicU64,
    pub late: AtomicU64,
}

impl Tally {
    pub fn of(counter: &AtomicU64) -> u64 {
        counter.load(Ordering::SeqCst)
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::SeqCst);
}

impl Gate {
    pub async fn open(plan: Plan) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let tally = Arc::new(Tally::default());
        let counted = tally.clone();
        let mut listening = JoinSet::new();
        listening.spawn(async move {
            let mut guests = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count(&counted.connections);
                guests.spawn(receive(plan.clone(), stream, counted.clone()));
            }
        });
        Self {
            address,
            tally,
            _listening: listening,
        }
    }
}

async fn receive(plan: Plan, stream: TcpStream, tally: Arc<Tally>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    match &plan.tls {
        Some(config) => {
            let acceptor = TlsAcceptor::from(config.clone());
            let stream = acceptor.accept(stream).await.ok()?;
            converse(&plan, stream, &tally).await
        }
        None => converse(&plan, stream, &tally).await,
    }
}

/// One request: its header and its body.
async fn hear<S: AsyncRead + Unpin>(stream: &mut S) -> Option<(RequestHeader, Bytes, Bytes)> {
    let length = stream.read_i32().await.ok()?;
    let mut content = vec![0; usize::try_from(length).ok()?];
    stream.read_exact(&mut content).await.ok()?;
    let content = Bytes::from(content);
    let mut reader = Reader::over(&content);
    let header = RequestHeader::read(&mut reader, |key, version| {
        let flexible = if key == ApiKey::SASL_AUTHENTICATE {
            2
        } else {
            i16::MAX
        };
        HeaderForm::of_request(version, flexible)
    });
    let header = header.ok()?;
    let body = reader.take_bytes(reader.left(), "body").ok()?;
    Some((header, body, content))
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    plan: &Plan,
    mut stream: S,
    tally: &Tally,
) -> Option<()> {
    let mut behind = match &plan.behind {
        Some(address) => Some(TcpStream::connect(address).await.ok()?),
        None => None,
    };
    let mut guest = Guest::new(plan, tally);
    loop {
        let (header, body, content) = hear(&mut stream).await?;
        let own = matches!(
            header.key,
            ApiKey::SASL_HANDSHAKE | ApiKey::SASL_AUTHENTICATE
        );
        if own || !guest.inside {
            let frame = guest.answer(&header, &body).await?;
            stream.write_all(&frame).await.ok()?;
            stream.flush().await.ok()?;
            continue;
        }
        if guest
            .ends
            .is_some_and(|ends| ends < tokio::time::Instant::now())
        {
            count(&tally.late);
            return None;
        }
        let Some(behind) = &mut behind else { continue };
        behind
            .write_i32(i32::try_from(content.len()).ok()?)
            .await
            .ok()?;
        behind.write_all(&content).await.ok()?;
        let length = behind.read_i32().await.ok()?;
        let mut answer = vec![0; usize::try_from(length).ok()?];
        behind.read_exact(&mut answer).await.ok()?;
        stream.write_i32(length).await.ok()?;
        stream.write_all(&answer).await.ok()?;
        stream.flush().await.ok()?;
    }
}

/// One who wants in.
struct Guest<'a> {
    plan: &'a Plan,
    tally: &'a Tally,
    inside: bool,
    ends: Option<tokio::time::Instant>,
    scram: Option<Scram>,
}

/// A SCRAM login under way, at the broker's side.
struct Scram {
    /// First message without its header, and the answer to it.
    begun: String,
    nonce: String,
}

impl<'a> Guest<'a> {
    fn new(plan: &'a Plan, tally: &'a Tally) -> Self {
        Self {
            plan,
            tally,
            inside: matches!(plan.doorman, Doorman::None),
            ends: None,
            scram: None,
        }
    }

    async fn answer(&mut self, header: &RequestHeader, body: &Bytes) -> Option<Vec<u8>> {
        let (version, number) = (header.version, header.correlation_id);
        let doorman = &self.plan.doorman;
        match (header.key, doorman) {
            (_, Doorman::Silent) => std::future::pending().await,
            (_, Doorman::Slams) | (ApiKey::SASL_AUTHENTICATE, Doorman::SlamsLate) => None,
            (ApiKey::API_VERSIONS, _) => response_frame(&greeting(doorman), version, number).ok(),
            (ApiKey::SASL_HANDSHAKE, _) => {
                count(&self.tally.begun);
                let asked: SaslHandshakeRequest = decode_all(Reader::over(body), version).ok()?;
                response_frame(&self.handshake(&asked.mechanism), version, number).ok()
            }
            (ApiKey::SASL_AUTHENTICATE, _) => {
                let asked: SaslAuthenticateRequest =
                    decode_all(Reader::over(body), version).ok()?;
                let answer = self.authenticate(&asked.auth_bytes);
                response_frame(&answer, version, number).ok()
            }
            // Anything else before the login ends the connection, as with real brokers.
            _ => None,
        }
    }

    fn handshake(&mut self, mechanism: &str) -> SaslHandshakeResponse {
        self.scram = None;
        let offered: &[&str] = match &self.plan.doorman {
            Doorman::Plain(_) => &["PLAIN"],
            Doorman::Scram(..) => &["SCRAM-SHA-256"],
            Doorman::Bearer(_) => &["OAUTHBEARER"],
            Doorman::Offers(mechanisms) => mechanisms,
            _ => &[],
        };
        let error_code = match &self.plan.doorman {
            Doorman::Handshake(code) => *code,
            Doorman::Refuses(..) | Doorman::SlamsLate => ErrorCode::NONE,
            _ if offered.contains(&mechanism) => ErrorCode::NONE,
            _ => ErrorCode::UNSUPPORTED_SASL_MECHANISM,
        };
        SaslHandshakeResponse {
            error_code,
            mechanisms: offered.iter().map(|name| (*name).to_owned()).collect(),
            ..SaslHandshakeResponse::default()
        }
    }

    fn authenticate(&mut self, message: &[u8]) -> SaslAuthenticateResponse {
        let text = String::from_utf8_lossy(message).into_owned();
        match self.plan.doorman.clone() {
            Doorman::Plain(expected) if text == expected => self.welcome(b""),
            Doorman::Plain(_) => refusal("Authentication failed: Invalid username or password"),
            Doorman::Bearer(token) if text.contains(token) => self.welcome(b""),
            Doorman::Bearer(_) if message == [1] => refusal("{\"status\":\"invalid_token\"}"),
            Doorman::Bearer(_) => challenge(b"{\"status\":\"invalid_token\"}"),
            Doorman::Scram(password, believed) => self.scram(&text, password, believed),
            Doorman::Refuses(code, words) => SaslAuthenticateResponse {
                error_code: code,
                error_message: Some(words.to_owned()),
                ..SaslAuthenticateResponse::default()
            },
            other => panic!("{other:?} takes no messages"),
        }
    }

    fn scram(&mut self, text: &str, password: &str, believed: &str) -> SaslAuthenticateResponse {
        const SALT: &[u8] = b"salt of the paper broker";
        let Some(Scram { begun, nonce }) = self.scram.take() else {
            let bare = text.strip_prefix("n,,").unwrap_or_default();
            let (_, nonce) = bare.split_once("r=").unwrap_or_default();
            let nonce = format!("{nonce}broker");
            let first = format!("r={nonce},s={},i=4096", STANDARD.encode(SALT));
            self.scram = Some(Scram {
                begun: format!("{bare},{first}"),
                nonce,
            });
            return challenge(first.as_bytes());
        };
        let Some((without_proof, proof)) = text.split_once(",p=") else {
            return refusal("no proof");
        };
        let signed = format!("{begun},{without_proof}");
        let salted = |password: &str| {
            let mut out = [0; 32];
            let rounds = NonZeroU32::new(4096).unwrap();
            let password = password.as_bytes();
            pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, SALT, password, &mut out);
            out
        };
        let client_key = sign(&salted(password), b"Client Key");
        let stored = digest::digest(&digest::SHA256, &client_key);
        let signature = sign(stored.as_ref(), signed.as_bytes());
        let expected: Vec<u8> = client_key
            .iter()
            .zip(&signature)
            .map(|(a, b)| a ^ b)
            .collect();
        if without_proof != format!("c=biws,r={nonce}") || STANDARD.decode(proof) != Ok(expected) {
            return refusal(
                "Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-256",
            );
        }
        let server_key = sign(&salted(believed), b"Server Key");
        let last = STANDARD.encode(sign(&server_key, signed.as_bytes()));
        self.welcome(format!("v={last}").as_bytes())
    }

    fn welcome(&mut self, last: &[u8]) -> SaslAuthenticateResponse {
        count(&self.tally.done);
        self.inside = true;
        let lifetime = self.plan.lifetime;
        self.ends = (!lifetime.is_zero()).then(|| tokio::time::Instant::now() + lifetime);
        SaslAuthenticateResponse {
            auth_bytes: Bytes::copy_from_slice(last),
            session_lifetime_ms: i64::try_from(lifetime.as_millis()).unwrap(),
            ..SaslAuthenticateResponse::default()
        }
    }
}

fn sign(key: &[u8], message: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, message).as_ref().to_vec()
}

fn challenge(bytes: &[u8]) -> SaslAuthenticateResponse {
    SaslAuthenticateResponse {
        auth_bytes: Bytes::copy_from_slice(bytes),
        ..SaslAuthenticateResponse::default()
    }
}

fn refusal(words: &str) -> SaslAuthenticateResponse {
    SaslAuthenticateResponse {
        error_code: ErrorCode::SASL_AUTHENTICATION_FAILED,
        error_message: Some(words.to_owned()),
        ..SaslAuthenticateResponse::default()
    }
}

fn greeting(doorman: &Doorman) -> ApiVersionsResponse {
    let api = |api_key, max_version| ApiVersion {
        api_key,
        min_version: 0,
        max_version,
        ..ApiVersion::default()
    };
    let mut api_keys = vec![api(ApiKey::API_VERSIONS, 4), api(ApiKey::SASL_HANDSHAKE, 1)];
    if !matches!(doorman, Doorman::Old) {
        api_keys.push(api(ApiKey::SASL_AUTHENTICATE, 2));
    }
    ApiVersionsResponse {
        api_keys,
        ..ApiVersionsResponse::default()
    }
}
