//! What a listener demands of who enters, and how this node enters those of others: `ssl.*`, `sasl.*`
//! and their overrides `listener.name.NAME.KEY`. Reads settings; opens no file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::keys::{self, BadSetting};
use crate::peer::Credentials;
use crate::sasl::Mechanism;
use crate::sasl::jaas::Jaas;
use crate::secret::Secret;
use crate::tls;

/// What keys of one listener begin with.
const OVERRIDE: &str = "listener.name.";

/// A listener's security protocol, numbered as in registrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// Nothing is encrypted and nobody logs in.
    #[default]
    Plaintext = 0,
    /// TLS; a client certificate names who it is.
    Ssl = 1,
    /// A login that others can read along.
    SaslPlaintext = 2,
    /// A login inside TLS.
    SaslSsl = 3,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Plaintext,
        Self::Ssl,
        Self::SaslPlaintext,
        Self::SaslSsl,
    ];

    /// Kafka's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::Ssl => "SSL",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::SaslSsl => "SASL_SSL",
        }
    }

    /// The protocol of this name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|known| known.name().eq_ignore_ascii_case(name))
    }

    /// Its number in a registration.
    pub fn number(self) -> i16 {
        self as i16
    }

    fn has_tls(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }

    fn has_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }
}

/// What one listener demands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Security {
    /// The protocol.
    pub protocol: Protocol,
    /// TLS, where the protocol has it.
    pub tls: Option<tls::Settings>,
    /// `ssl.principal.mapping.rules`.
    pub principal_rules: String,
    /// Logins, where the protocol has them.
    pub logins: Option<Logins>,
    /// `connection.failed.authentication.delay.ms`.
    pub failed_delay: Duration,
}

/// Which logins a listener takes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Logins {
    /// `sasl.enabled.mechanisms`, in that order.
    pub mechanisms: Vec<Mechanism>,
    /// Users of PLAIN with their passwords.
    pub users: BTreeMap<String, Secret>,
    /// What tokens are held against, where they are taken.
    pub tokens: Option<TokenRules>,
    /// `connections.max.reauth.ms` by mechanism, where it is a limit.
    pub max_reauth: BTreeMap<Mechanism, Duration>,
    /// `sasl.server.max.receive.size`: bytes of one message before the login is done.
    pub max_receive: usize,
}

/// What a token is held against (`sasl.oauthbearer.*`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRules {
    /// `sasl.oauthbearer.jwks.endpoint.url`.
    pub keys: KeySource,
    /// How often the keys are read again.
    pub refresh: Duration,
    /// Pauses after that failed: the first and the longest.
    pub retry: (Duration, Duration),
    /// A token must name one of these, if there are any.
    pub audiences: Vec<String>,
    /// A token must be from here, if it is named.
    pub issuer: Option<String>,
    /// The claim that names the principal.
    pub sub_claim: String,
    /// The claim that holds the scopes.
    pub scope_claim: String,
    /// By how much clocks may differ.
    pub skew: Duration,
}

/// Where the keys are that sign tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A file with a JWK set (`file:`).
    File(PathBuf),
    /// An address (`http://`, `https://`); what it must prove by TLS is in the listener's trust store.
    Url {
        /// The address.
        url: String,
        /// What an `https` server is held against.
        trust: tls::Store,
    },
}

/// How this node enters a listener of others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outgoing {
    /// TLS, if that listener speaks it.
    pub tls: Option<tls::Settings>,
    /// The login, if it asks for one.
    pub login: Option<Credentials>,
}

/// Checks a key and its value, an override of a listener included.
pub(super) fn check_static(key: &str, value: &str) -> Result<(), BadSetting> {
    let Some(rest) = key.strip_prefix(OVERRIDE) else {
        return keys::check_static(key, value);
    };
    let Some(base) = overridden(rest) else {
        let why = "no such setting of a listener; write listener.name.NAME.KEY with NAME in small \
                   letters, or listener.name.NAME.MECHANISM.KEY";
        return Err(bad(key, why));
    };
    keys::check_static(base, value).map_err(|refused| bad(key, refused.why))
}

/// The key that `NAME.KEY` or `NAME.MECHANISM.KEY` overrides.
fn overridden(rest: &str) -> Option<&'static str> {
    let (listener, rest) = rest.split_once('.')?;
    if listener.is_empty() || listener.chars().any(|letter| letter.is_ascii_uppercase()) {
        return None;
    }
    if let Some(key) = keys::find(rest) {
        return Some(key.name);
    }
    let (mechanism, rest) = rest.split_once('.')?;
    let known = Mechanism::named(&mechanism.to_ascii_uppercase()).is_some();
    let known = known && mechanism.chars().all(|letter| !letter.is_ascii_uppercase());
    keys::find(rest).filter(|_| known).map(|key| key.name)
}

fn bad(key: &str, why: impl Into<String>) -> BadSetting {
    BadSetting {
        key: key.to_owned(),
        why: why.into(),
    }
}

/// The settings of one listener: its own before those of the node.
pub(super) struct Scope<'a> {
    given: &'a BTreeMap<String, String>,
    /// In small letters.
    listener: String,
}

impl<'a> Scope<'a> {
    pub(super) fn of(given: &'a BTreeMap<String, String>, listener: &str) -> Self {
        let listener = listener.to_ascii_lowercase();
        Self { given, listener }
    }

    fn found(&self, key: &str) -> Option<&'a str> {
        let value = self.given.get(key).map(|value| value.trim());
        value.filter(|value| !value.is_empty())
    }

    /// What the listener itself says.
    fn own(&self, key: &str) -> Option<&'a str> {
        self.found(&format!("{OVERRIDE}{}.{key}", self.listener))
    }

    fn set(&self, key: &str) -> Option<&'a str> {
        self.own(key).or_else(|| self.found(key))
    }

    fn set_for(&self, mechanism: Mechanism, key: &str) -> Option<&'a str> {
        let mechanism = mechanism.name().to_ascii_lowercase();
        let own = format!("{OVERRIDE}{}.{mechanism}.{key}", self.listener);
        self.found(&own).or_else(|| self.set(key))
    }

    fn or_default(key: &str, value: Option<&'a str>) -> &'a str {
        let default = || keys::find(key).and_then(keys::Key::default);
        value.or_else(default).unwrap_or_default()
    }

    fn text(&self, key: &str) -> &'a str {
        Self::or_default(key, self.set(key))
    }

    fn text_for(&self, mechanism: Mechanism, key: &str) -> &'a str {
        Self::or_default(key, self.set_for(mechanism, key))
    }

    fn millis_for(&self, mechanism: Mechanism, key: &str) -> Duration {
        Duration::from_millis(self.text_for(mechanism, key).parse().unwrap_or_default())
    }

    fn secret(&self, key: &str) -> Option<Secret> {
        self.set(key).map(Secret::new)
    }

    /// What the listener demands of those who enter.
    pub(super) fn security(&self, protocol: Protocol) -> Result<Security, BadSetting> {
        let delay = self.text("connection.failed.authentication.delay.ms");
        Ok(Security {
            protocol,
            tls: protocol.has_tls().then(|| self.tls(protocol)).transpose()?,
            principal_rules: self.text("ssl.principal.mapping.rules").to_owned(),
            logins: protocol.has_sasl().then(|| self.logins()).transpose()?,
            failed_delay: Duration::from_millis(delay.parse().unwrap_or_default()),
        })
    }

    /// How this node enters such a listener.
    pub(super) fn outgoing(
        &self,
        protocol: Protocol,
        mechanism_key: &str,
    ) -> Result<Outgoing, BadSetting> {
        let login = || {
            let name = self.text(mechanism_key);
            let mechanism = mechanism(mechanism_key, name)?;
            self.credentials(mechanism)
        };
        Ok(Outgoing {
            tls: protocol.has_tls().then(|| self.tls(protocol)).transpose()?,
            login: protocol.has_sasl().then(login).transpose()?,
        })
    }

    fn tls(&self, protocol: Protocol) -> Result<tls::Settings, BadSetting> {
        // On a listener with logins certificates are asked for only where it says so itself (KIP-684).
        let auth = match protocol {
            Protocol::SaslSsl => self.own("ssl.client.auth").unwrap_or("none"),
            _ => self.text("ssl.client.auth"),
        };
        let versions = "ssl.enabled.protocols";
        let versions: Result<Vec<_>, _> = keys::list(self.text(versions))
            .map(|name| {
                let why = || format!("`{name}` is not spoken here; TLSv1.2 and TLSv1.3 are");
                tls::Version::named(name).ok_or_else(|| bad(versions, why()))
            })
            .collect();
        Ok(tls::Settings {
            keys: tls::Store {
                location: self.set("ssl.keystore.location").map(PathBuf::from),
                kind: self.kind("ssl.keystore.type")?,
                password: self.secret("ssl.keystore.password"),
                certificates: self.secret("ssl.keystore.certificate.chain"),
                key: self.secret("ssl.keystore.key"),
                key_password: self.secret("ssl.key.password"),
            },
            trust: self.trust()?,
            client_auth: match auth {
                "required" => tls::ClientAuth::Required,
                "requested" => tls::ClientAuth::Requested,
                _ => tls::ClientAuth::None,
            },
            names: if self.is_unset("ssl.endpoint.identification.algorithm") {
                tls::Names::Ignored
            } else {
                tls::Names::Checked
            },
            versions: versions?,
            suites: keys::list(self.text("ssl.cipher.suites"))
                .map(str::to_owned)
                .collect(),
        })
    }

    /// Whether a key is given as the empty text, which takes its default away.
    fn is_unset(&self, key: &str) -> bool {
        let own = self
            .given
            .get(&format!("{OVERRIDE}{}.{key}", self.listener));
        let value = own.or_else(|| self.given.get(key));
        value.is_some_and(|value| value.trim().is_empty())
    }

    fn trust(&self) -> Result<tls::Store, BadSetting> {
        Ok(tls::Store {
            location: self.set("ssl.truststore.location").map(PathBuf::from),
            kind: self.kind("ssl.truststore.type")?,
            password: self.secret("ssl.truststore.password"),
            certificates: self.secret("ssl.truststore.certificates"),
            ..tls::Store::default()
        })
    }

    fn kind(&self, key: &str) -> Result<tls::Kind, BadSetting> {
        let name = self.text(key);
        let why = || format!("`{name}` is none of PEM, PKCS12 and JKS");
        tls::Kind::named(name).ok_or_else(|| bad(key, why()))
    }

    fn logins(&self) -> Result<Logins, BadSetting> {
        let key = "sasl.enabled.mechanisms";
        let mechanisms: Result<Vec<_>, _> = keys::list(self.text(key))
            .map(|name| mechanism(key, name))
            .collect();
        let mechanisms = mechanisms?;
        if mechanisms.is_empty() {
            return Err(bad(key, "names no mechanism"));
        }
        let users = match mechanisms.contains(&Mechanism::Plain) {
            true => self
                .jaas(Mechanism::Plain)?
                .map(|jaas| jaas.users())
                .unwrap_or_default(),
            false => BTreeMap::new(),
        };
        let tokens = mechanisms.contains(&Mechanism::OAuthBearer);
        let limits = mechanisms.iter().filter_map(|mechanism| {
            let limit = self.millis_for(*mechanism, "connections.max.reauth.ms");
            Some((*mechanism, limit)).filter(|_| !limit.is_zero())
        });
        let max_receive = self.text("sasl.server.max.receive.size").parse();
        Ok(Logins {
            users,
            tokens: tokens.then(|| self.tokens()).transpose()?,
            max_reauth: limits.collect(),
            max_receive: max_receive.unwrap_or(usize::MAX),
            mechanisms,
        })
    }

    fn tokens(&self) -> Result<TokenRules, BadSetting> {
        let own = Mechanism::OAuthBearer;
        let text = |key: &str| self.text_for(own, key);
        let key = "sasl.oauthbearer.jwks.endpoint.url";
        let url = self.set_for(own, key).ok_or_else(|| {
            let why = "is missing: OAUTHBEARER needs the keys that sign tokens, \
                       file:///path, http://… or https://…";
            bad(key, why)
        })?;
        let keys = match (file_of(url), url.split_once("://")) {
            (Some(path), _) => KeySource::File(path),
            (None, Some(("http" | "https", _))) => KeySource::Url {
                url: url.to_owned(),
                trust: self.trust()?,
            },
            _ => return Err(bad(key, "must begin with file:, http:// or https://")),
        };
        let skew = text("sasl.oauthbearer.clock.skew.seconds").parse();
        Ok(TokenRules {
            keys,
            refresh: self.millis_for(own, "sasl.oauthbearer.jwks.endpoint.refresh.ms"),
            retry: (
                self.millis_for(own, "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms"),
                self.millis_for(own, "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms"),
            ),
            audiences: keys::list(text("sasl.oauthbearer.expected.audience"))
                .map(str::to_owned)
                .collect(),
            issuer: self
                .set_for(own, "sasl.oauthbearer.expected.issuer")
                .map(str::to_owned),
            sub_claim: text("sasl.oauthbearer.sub.claim.name").to_owned(),
            scope_claim: text("sasl.oauthbearer.scope.claim.name").to_owned(),
            skew: Duration::from_secs(skew.unwrap_or_default()),
        })
    }

    /// The key of a mechanism's JAAS entry on this listener.
    fn jaas_key(&self, mechanism: Mechanism) -> String {
        let name = mechanism.name().to_ascii_lowercase();
        format!("{OVERRIDE}{}.{name}.sasl.jaas.config", self.listener)
    }

    fn jaas(&self, mechanism: Mechanism) -> Result<Option<Jaas>, BadSetting> {
        let text = self.set_for(mechanism, "sasl.jaas.config");
        let read = text.map(Jaas::parse).transpose();
        read.map_err(|why| bad(&self.jaas_key(mechanism), why))
    }

    fn credentials(&self, mechanism: Mechanism) -> Result<Credentials, BadSetting> {
        if mechanism == Mechanism::OAuthBearer {
            let key = "sasl.oauthbearer.token.endpoint.url";
            let path = self.set_for(mechanism, key).and_then(file_of);
            let why = "must be file:///path: this node reads its own token from a file";
            return path
                .map(Credentials::TokenFile)
                .ok_or_else(|| bad(key, why));
        }
        let login = self.jaas(mechanism)?.and_then(|jaas| jaas.login());
        let (user, password) = login.ok_or_else(|| {
            let why = "needs username and password: with these this node logs in at the others";
            bad(&self.jaas_key(mechanism), why)
        })?;
        Ok(Credentials::Password {
            mechanism,
            user,
            password,
        })
    }
}

/// The path in `file:/path` and `file:///path`.
fn file_of(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("file:")?;
    Some(PathBuf::from(path.strip_prefix("//").unwrap_or(path)))
}

fn mechanism(key: &str, name: &str) -> Result<Mechanism, BadSetting> {
    Mechanism::named(name).ok_or_else(|| {
        let known: Vec<&str> = Mechanism::ALL.iter().map(|known| known.name()).collect();
        let why = format!("{name} is not spoken here; {} are", known.join(", "));
        bad(key, why)
    })
}
