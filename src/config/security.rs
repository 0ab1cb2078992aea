//! How the listeners of a cluster are entered: encryption and identity. Plain data, read from profiles and properties
//! (`properties`), used by the Dialer alone. Never reads a file and never connects.

use std::path::PathBuf;
use std::sync::Arc;

pub use broker::sasl::scram::Hash as ScramHash;

use super::secret::Secret;
use crate::model::Doubt;

/// The way in, the same for every broker of a cluster. The default is plain TCP without a login.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Security {
    /// TLS, if the listeners speak it (`security.protocol` SSL and SASL_SSL).
    pub tls: Option<Tls>,
    /// The login, if the listeners ask for one (`security.protocol` SASL_PLAINTEXT and SASL_SSL).
    pub sasl: Option<Sasl>,
}

impl Security {
    /// What is not held against the brokers' certificates although TLS is spoken.
    pub fn doubt(&self) -> Option<Doubt> {
        let tls = self.tls.as_ref()?;
        match (tls.verify, tls.names) {
            (Verify::Off, _) => Some(Doubt::Anybody),
            (Verify::On, NameCheck::Off) => Some(Doubt::AnyName),
            (Verify::On, NameCheck::CommonName) => Some(Doubt::CommonName),
            (Verify::On, NameCheck::Strict) => None,
        }
    }
}

/// What is held against the certificate of a broker, and what is shown to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// Trusted authorities, and certificates trusted by themselves; empty: those of this system.
    pub trust: Vec<Material>,
    /// Who we are to the broker, where it asks (mTLS).
    pub identity: Option<Identity>,
    /// How the advertised name is held against the certificate.
    pub names: NameCheck,
    /// Whether certificates are held against anything at all (`enable.ssl.certificate.verification`).
    pub verify: Verify,
}

/// A certificate, chain or key: in a file or in place (`ssl.ca.location`, `ssl.ca.pem`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Material {
    /// PEM, DER or PKCS#12, told by its bytes.
    File {
        /// Where it lies.
        path: PathBuf,
        /// What opens it, where it is locked.
        password: Option<Secret>,
    },
    /// PEM text.
    Pem(Secret),
    /// PEM text whose key is encrypted (`ssl.key.pem` with `ssl.key.password`).
    LockedPem { text: Secret, password: Secret },
}

/// A client certificate with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// Two pieces (`ssl.certificate.*`, `ssl.key.*`).
    Pair {
        /// The certificate and its chain.
        certificate: Material,
        /// The private key, PKCS#8, PKCS#1 or SEC1, encrypted or not.
        key: Material,
    },
    /// Both in one (`ssl.keystore.*`): PKCS#12, or PEM.
    Store(Material),
}

/// How the advertised name is held against the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NameCheck {
    /// By the subject alternative names.
    #[default]
    Strict,
    /// By the common name too, where a certificate has no subject alternative names; said on every screen.
    CommonName,
    /// Not at all (`ssl.endpoint.identification.algorithm=none`); said on every screen.
    Off,
}

/// Whether a certificate must lead to a trusted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verify {
    #[default]
    On,
    /// Anybody is believed to be the broker; said on every screen.
    Off,
}

/// A login (`sasl.mechanism`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sasl {
    /// PLAIN (RFC 4616).
    Plain(Login),
    /// SCRAM (RFC 5802, RFC 7677).
    Scram {
        /// Which of the two.
        hash: ScramHash,
        /// Who.
        login: Login,
        /// The login is a delegation token (KIP-48: the extension `tokenauth=true`).
        token: bool,
    },
    /// OAUTHBEARER (RFC 7628, KIP-255).
    OAuthBearer {
        /// Where tokens come from.
        tokens: TokenSource,
        /// SASL extensions, name and value.
        extensions: Vec<(String, String)>,
    },
    /// `AWS_MSK_IAM`, or OAUTHBEARER with a signed address as the token.
    AwsMskIam(Aws),
    /// Kerberos, by the system's own library.
    Gssapi {
        /// Kafka's part of the broker's principal (`sasl.kerberos.service.name`).
        service: String,
        /// Who we are; none: the credential cache's own.
        principal: Option<String>,
        /// The keys to get a ticket with; none: a ticket is in the credential cache.
        keytab: Option<PathBuf>,
    },
}

impl Sasl {
    /// Kafka's name of the mechanism.
    pub fn mechanism(&self) -> &'static str {
        match self {
            Self::Plain(_) => "PLAIN",
            Self::Scram {
                hash: ScramHash::Sha256,
                ..
            } => "SCRAM-SHA-256",
            Self::Scram {
                hash: ScramHash::Sha512,
                ..
            } => "SCRAM-SHA-512",
            Self::AwsMskIam(aws) if aws.as_token => "OAUTHBEARER",
            Self::OAuthBearer { .. } => "OAUTHBEARER",
            Self::AwsMskIam(_) => "AWS_MSK_IAM",
            Self::Gssapi { .. } => "GSSAPI",
        }
    }
}

/// A name and its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    pub username: Arc<str>,
    pub password: Secret,
}

/// Where bearer tokens come from. All but the first are asked anew before a token ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// One that was given.
    Fixed(Secret),
    /// A file that somebody else renews.
    File(PathBuf),
    /// What a command prints.
    Command(Vec<String>),
    /// `OpenID` Connect, client credentials (KIP-768).
    Oidc {
        /// `sasl.oauthbearer.token.endpoint.url`.
        endpoint: String,
        client_id: String,
        client_secret: Secret,
        scope: Option<String>,
        /// What the endpoint's certificate is held against; empty: the system's authorities.
        trust: Vec<Material>,
    },
}

/// AWS credentials and region. What is not set is looked for where AWS's own tools look: environment, profile file,
/// container, instance.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Aws {
    /// None: read off the brokers' names.
    pub region: Option<String>,
    /// A profile of AWS's credentials file.
    pub profile: Option<String>,
    /// A role to take on, where one is named.
    pub role_arn: Option<String>,
    /// Whether the signed address goes as an OAUTHBEARER token instead of `AWS_MSK_IAM`.
    pub as_token: bool,
}
