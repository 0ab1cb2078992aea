//! What secured stories need: an authority with certificates, logins of a client, signed tokens.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use broker::auth::Gate;
use broker::auth::gate::Surroundings;
use broker::clock::Clock;
use broker::config::node::Listener;
use broker::config::security::Security;
use broker::meta::image::Image;
use broker::metrics::Metrics;
use broker::sasl::Mechanism;
use broker::sasl::client::{Login, Next};
use broker::secret::Secret;
use broker::tls::{Connector, Names, Settings, Store, Version};
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::{
    SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest,
};
use bytes::Bytes;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::client::Client;

/// An authority of one test.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate.
    pub pem: String,
}

/// A certificate with its key, as PEM.
pub struct Certified {
    pub chain: String,
    pub key: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "test authority");
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        Self { issuer, pem }
    }

    /// A certificate for this machine, or for a client of this subject.
    pub fn certify(&self, subject: &[(DnType, &str)]) -> Certified {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, value) in subject {
            params.distinguished_name.push(kind.clone(), *value);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Certified {
            chain: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    /// Key and certificate of a node in one file, and the authority in another.
    pub fn files(&self, dir: &Path, name: &str) -> (PathBuf, PathBuf) {
        let node = self.certify(&[(DnType::CommonName, name)]);
        let (keys, trust) = (dir.join(format!("{name}.pem")), dir.join("authority.pem"));
        std::fs::write(&keys, format!("{}{}", node.key, node.chain)).unwrap();
        std::fs::write(&trust, &self.pem).unwrap();
        (keys, trust)
    }

    /// A client that trusts this authority, and shows a certificate if it has one.
    pub fn connector(&self, shown: Option<&Certified>) -> Connector {
        let keys = shown.map_or_else(Store::default, |shown| Store {
            certificates: Some(Secret::new(&shown.chain)),
            key: Some(Secret::new(&shown.key)),
            ..Store::default()
        });
        let trust = Store {
            certificates: Some(Secret::new(&self.pem)),
            ..Store::default()
        };
        let settings = Settings {
            keys,
            trust,
            names: Names::Checked,
            versions: vec![Version::Tls12, Version::Tls13],
            ..Settings::default()
        };
        Connector::of(&settings).unwrap()
    }
}

/// The gate of a listener that lets everybody in.
pub fn open_gate(metrics: &Metrics) -> Arc<Gate> {
    let listener = Listener {
        name: "PLAINTEXT".to_owned(),
        host: String::new(),
        port: 0,
        advertised: (String::new(), 0),
        security: Security::default(),
    };
    let around = Surroundings {
        images: watch::Sender::new(Arc::new(Image::empty())).subscribe(),
        first: Arc::default(),
        clock: Clock::System,
        metrics: metrics.clone(),
    };
    Arc::new(Gate::of(&listener, &around).unwrap())
}

/// A TLS connection to a node.
pub async fn connect(connector: &Connector, to: SocketAddr) -> std::io::Result<Client> {
    let tcp = TcpStream::connect(to).await?;
    Ok(Client::over(connector.connect("127.0.0.1", tcp).await?))
}

/// A name and a password.
pub fn password(mechanism: Mechanism, user: &str, password: &str) -> Login {
    Login::Password {
        mechanism,
        user: user.to_owned(),
        password: Secret::new(password),
    }
}

/// A token.
pub fn token(token: &str) -> Login {
    Login::Token(Secret::new(token))
}

impl Client {
    /// Chooses a mechanism.
    pub async fn choose(&mut self, mechanism: &str) -> ErrorCode {
        let request = SaslHandshakeRequest {
            mechanism: mechanism.to_owned(),
            ..SaslHandshakeRequest::default()
        };
        self.ask(&request, 1).await.error_code
    }

    /// One step of a login.
    pub async fn say(&mut self, message: Vec<u8>) -> SaslAuthenticateResponse {
        let request = SaslAuthenticateRequest {
            auth_bytes: Bytes::from(message),
            ..SaslAuthenticateRequest::default()
        };
        self.ask(&request, 2).await
    }

    /// A whole login; the last answer, which is the refusal if there is one.
    pub async fn log_in(&mut self, login: &Login) -> SaslAuthenticateResponse {
        let chosen = self.choose(login.mechanism().name()).await;
        assert_eq!(chosen, ErrorCode::NONE);
        let nonce = broker::secret::nonce().unwrap();
        let (mut exchange, mut message) = login.start(&nonce);
        loop {
            let answer = self.say(message).await;
            if answer.error_code != ErrorCode::NONE {
                return answer;
            }
            match exchange.take(&answer.auth_bytes).unwrap() {
                Next::Send(more, next) => (exchange, message) = (more, next),
                Next::Done => return answer,
            }
        }
    }
}

/// A key that signs tokens with ES256.
pub struct Signer {
    key: EcdsaKeyPair,
    random: SystemRandom,
}

impl Signer {
    pub fn new() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap();
        Self { key, random }
    }

    /// The key set that its provider shows.
    pub fn jwks(&self, id: &str) -> String {
        let point = self.key.public_key().as_ref();
        let (x, y) = (BASE64.encode(&point[1..33]), BASE64.encode(&point[33..]));
        format!(
            r#"{{"keys":[{{"kty":"EC","crv":"P-256","kid":"{id}","use":"sig","x":"{x}","y":"{y}"}}]}}"#
        )
    }

    /// A token with these claims.
    pub fn sign(&self, id: &str, claims: &str) -> String {
        self.sign_as(&format!(r#"{{"alg":"ES256","kid":"{id}"}}"#), claims)
    }

    /// A token with this header.
    pub fn sign_as(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
        let signature = self.key.sign(&self.random, signed.as_bytes()).unwrap();
        format!("{signed}.{}", BASE64.encode(signature))
    }
}

/// Seconds since 1970.
pub fn now_s() -> i64 {
    Clock::System.now_ms() / 1000
}
