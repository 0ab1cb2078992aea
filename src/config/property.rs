//! The names of settings: librdkafka's, Java's as their aliases, and ours. One table says which of them are honoured,
//! how a value is read and shown; two more say which change nothing here and which are refused. Never holds a value.

mod idle;
mod refused;

use super::document;

/// Before the name of an environment variable.
pub const VARIABLE_PREFIX: &str = "LOOKOUT_";

/// A setting that is honoured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    Bootstrap,
    ClientId,
    SecurityProtocol,
    SaslMechanism,
    SaslUsername,
    SaslPassword,
    SaslTokenAuth,
    JaasConfig,
    LoginCallbackHandler,
    ClientCallbackHandler,
    KerberosService,
    KerberosPrincipal,
    KerberosKeytab,
    OauthMethod,
    OauthClientId,
    OauthClientSecret,
    OauthScope,
    OauthEndpoint,
    OauthExtensions,
    OauthGrantType,
    OauthRetriever,
    OauthToken,
    OauthTokenFile,
    OauthTokenCommand,
    HttpsCaLocation,
    HttpsCaPem,
    AwsRegion,
    AwsProfile,
    AwsRoleArn,
    CaLocation,
    CaPem,
    TruststoreLocation,
    TruststorePassword,
    TruststoreType,
    CertificateLocation,
    CertificatePem,
    KeyLocation,
    KeyPem,
    KeyPassword,
    KeystoreLocation,
    KeystorePassword,
    KeystoreType,
    Identification,
    Verification,
    SslProtocol,
    SslProtocols,
    DnsLookup,
    SetupTimeout,
    RegistryUrl,
    RegistryUserInfo,
    RegistrySource,
    RegistryToken,
    ConnectUrls,
    Color,
    Production,
    Write,
    ExpectedBrokers,
    DialMap,
    DialVia,
    DialTimeout,
}

/// How a value is read and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// Shown to nobody.
    Secret,
    Truth,
    /// Shown without a password before its host.
    Url,
    Path,
    /// Several values after commas.
    List,
    /// Several values, one a line.
    Lines,
}

/// A row of the table.
struct Row {
    key: Key,
    name: &'static str,
    aliases: &'static [&'static str],
    kind: Kind,
}

const fn row(key: Key, kind: Kind, name: &'static str, aliases: &'static [&'static str]) -> Row {
    Row {
        key,
        name,
        aliases,
        kind,
    }
}

#[rustfmt::skip]
const TABLE: &[Row] = &[
    row(Key::Bootstrap, Kind::List, "bootstrap.servers", &["bootstrap", "metadata.broker.list"]),
    row(Key::ClientId, Kind::Text, "client.id", &[]),
    row(Key::SecurityProtocol, Kind::Text, "security.protocol", &[]),
    row(Key::SaslMechanism, Kind::Text, "sasl.mechanisms", &["sasl.mechanism"]),
    row(Key::SaslUsername, Kind::Text, "sasl.username", &[]),
    row(Key::SaslPassword, Kind::Secret, "sasl.password", &[]),
    row(Key::SaslTokenAuth, Kind::Truth, "sasl.scram.tokenauth", &[]),
    row(Key::JaasConfig, Kind::Secret, "sasl.jaas.config", &[]),
    row(Key::LoginCallbackHandler, Kind::Text, "sasl.login.callback.handler.class", &[]),
    row(Key::ClientCallbackHandler, Kind::Text, "sasl.client.callback.handler.class", &[]),
    row(Key::KerberosService, Kind::Text, "sasl.kerberos.service.name", &[]),
    row(Key::KerberosPrincipal, Kind::Text, "sasl.kerberos.principal", &[]),
    row(Key::KerberosKeytab, Kind::Path, "sasl.kerberos.keytab", &[]),
    row(Key::OauthMethod, Kind::Text, "sasl.oauthbearer.method", &[]),
    row(Key::OauthClientId, Kind::Text, "sasl.oauthbearer.client.id", &["sasl.oauthbearer.client.credentials.client.id"]),
    row(Key::OauthClientSecret, Kind::Secret, "sasl.oauthbearer.client.secret", &["sasl.oauthbearer.client.credentials.client.secret"]),
    row(Key::OauthScope, Kind::Text, "sasl.oauthbearer.scope", &[]),
    row(Key::OauthEndpoint, Kind::Url, "sasl.oauthbearer.token.endpoint.url", &[]),
    row(Key::OauthExtensions, Kind::Text, "sasl.oauthbearer.extensions", &[]),
    row(Key::OauthGrantType, Kind::Text, "sasl.oauthbearer.grant.type", &[]),
    row(Key::OauthRetriever, Kind::Text, "sasl.oauthbearer.jwt.retriever.class", &[]),
    row(Key::OauthToken, Kind::Secret, "sasl.oauthbearer.token", &[]),
    row(Key::OauthTokenFile, Kind::Path, "sasl.oauthbearer.token.file", &[]),
    row(Key::OauthTokenCommand, Kind::Text, "sasl.oauthbearer.token.command", &[]),
    row(Key::HttpsCaLocation, Kind::Path, "https.ca.location", &[]),
    row(Key::HttpsCaPem, Kind::Text, "https.ca.pem", &[]),
    row(Key::AwsRegion, Kind::Text, "aws.region", &[]),
    row(Key::AwsProfile, Kind::Text, "aws.profile", &[]),
    row(Key::AwsRoleArn, Kind::Text, "aws.role.arn", &[]),
    row(Key::CaLocation, Kind::Path, "ssl.ca.location", &[]),
    row(Key::CaPem, Kind::Text, "ssl.ca.pem", &["ssl.truststore.certificates"]),
    row(Key::TruststoreLocation, Kind::Path, "ssl.truststore.location", &[]),
    row(Key::TruststorePassword, Kind::Secret, "ssl.truststore.password", &[]),
    row(Key::TruststoreType, Kind::Text, "ssl.truststore.type", &[]),
    row(Key::CertificateLocation, Kind::Path, "ssl.certificate.location", &[]),
    row(Key::CertificatePem, Kind::Text, "ssl.certificate.pem", &["ssl.keystore.certificate.chain"]),
    row(Key::KeyLocation, Kind::Path, "ssl.key.location", &[]),
    row(Key::KeyPem, Kind::Secret, "ssl.key.pem", &["ssl.keystore.key"]),
    row(Key::KeyPassword, Kind::Secret, "ssl.key.password", &[]),
    row(Key::KeystoreLocation, Kind::Path, "ssl.keystore.location", &[]),
    row(Key::KeystorePassword, Kind::Secret, "ssl.keystore.password", &[]),
    row(Key::KeystoreType, Kind::Text, "ssl.keystore.type", &[]),
    row(Key::Identification, Kind::Text, "ssl.endpoint.identification.algorithm", &[]),
    row(Key::Verification, Kind::Truth, "enable.ssl.certificate.verification", &[]),
    row(Key::SslProtocol, Kind::Text, "ssl.protocol", &[]),
    row(Key::SslProtocols, Kind::List, "ssl.enabled.protocols", &[]),
    row(Key::DnsLookup, Kind::Text, "client.dns.lookup", &[]),
    row(Key::SetupTimeout, Kind::Text, "socket.connection.setup.timeout.ms", &[]),
    row(Key::RegistryUrl, Kind::Url, "schema.registry.url", &[]),
    row(Key::RegistryUserInfo, Kind::Secret, "schema.registry.basic.auth.user.info", &["basic.auth.user.info"]),
    row(Key::RegistrySource, Kind::Text, "schema.registry.basic.auth.credentials.source", &["basic.auth.credentials.source"]),
    row(Key::RegistryToken, Kind::Secret, "schema.registry.bearer.auth.token", &["bearer.auth.token"]),
    row(Key::ConnectUrls, Kind::Url, "connect.urls", &["connect.url"]),
    row(Key::Color, Kind::Text, "color", &[]),
    row(Key::Production, Kind::Truth, "production", &[]),
    row(Key::Write, Kind::Truth, "write", &[]),
    row(Key::ExpectedBrokers, Kind::List, "expected.brokers", &[]),
    row(Key::DialMap, Kind::Lines, "dial.map", &[]),
    row(Key::DialVia, Kind::Url, "dial.via", &[]),
    row(Key::DialTimeout, Kind::Text, "dial.timeout", &[]),
];

impl Key {
    /// Every honoured setting, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.key)
    }

    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.key == self)
    }

    /// librdkafka's name, or ours.
    pub fn name(self) -> &'static str {
        self.row().map_or("", |row| row.name)
    }

    /// How its value is read and shown.
    pub fn kind(self) -> Kind {
        self.row().map_or(Kind::Secret, |row| row.kind)
    }

    /// Whether its value is shown to nobody.
    pub fn is_secret(self) -> bool {
        self.kind() == Kind::Secret
    }
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A setting that is honoured.
    Known(Key),
    /// A setting of Kafka's clients that changes nothing here.
    Idle,
    /// A setting that would change the way in and cannot be honoured: why, and what to do.
    Refused(&'static str),
    /// Nobody's; the known name that is nearest, if one is near.
    Unknown(Option<&'static str>),
}

/// What this name stands for.
pub fn meaning(name: &str) -> Meaning {
    let is = |row: &&Row| row.name == name || row.aliases.contains(&name);
    if let Some(row) = TABLE.iter().find(is) {
        return Meaning::Known(row.key);
    }
    if let Some(reason) = refused::reason(name) {
        return Meaning::Refused(reason);
    }
    if idle::is(name) {
        return Meaning::Idle;
    }
    Meaning::Unknown(document::nearest(name, &names(), limit(name)))
}

/// Edits by which a name may differ from the one that was meant: typing mistakes, not other words.
fn limit(name: &str) -> usize {
    (name.chars().count() / 6).clamp(1, 4)
}

/// Every name that is known, aliases too.
fn names() -> Vec<&'static str> {
    let honoured = TABLE
        .iter()
        .flat_map(|row| std::iter::once(row.name).chain(row.aliases.iter().copied()));
    honoured
        .chain(idle::names())
        .chain(refused::names())
        .collect()
}

/// What an environment variable is called for a name: `LOOKOUT_SASL_PASSWORD` for `sasl.password`.
pub fn variable(name: &str) -> String {
    let upper = name.to_ascii_uppercase();
    format!("{VARIABLE_PREFIX}{}", upper.replace(['.', '-'], "_"))
}

/// The environment variables that may hold a secret: no program that we start inherits them.
pub fn secret_variables() -> impl Iterator<Item = String> {
    // An address may have a password before its host.
    let secret = |row: &&Row| matches!(row.kind, Kind::Secret | Kind::Url);
    let names = |row: &'static Row| std::iter::once(row.name).chain(row.aliases.iter().copied());
    TABLE.iter().filter(secret).flat_map(names).map(variable)
}

/// The name that an environment variable gives a value to; the nearest known variable where none is called so.
pub fn by_variable(wanted: &str) -> Result<&'static str, Option<String>> {
    let called = |name: &&'static str| variable(name) == wanted;
    if let Some(name) = names().into_iter().find(called) {
        return Ok(name);
    }
    let variables: Vec<String> = names().into_iter().map(variable).collect();
    let known: Vec<&str> = variables.iter().map(String::as_str).collect();
    Err(document::nearest(wanted, &known, limit(wanted)).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_stands_for_one_thing() {
        let mut seen = BTreeSet::new();
        for name in names() {
            assert!(seen.insert(name), "{name} twice");
        }
        for key in Key::all() {
            assert_eq!(meaning(key.name()), Meaning::Known(key));
        }
    }

    #[test]
    fn every_variable_stands_for_one_name() {
        let mut seen = BTreeSet::new();
        for name in names() {
            assert!(seen.insert(variable(name)), "{name} twice");
        }
        assert_eq!(by_variable("LOOKOUT_SASL_PASSWORD"), Ok("sasl.password"));
        assert_eq!(
            by_variable(concat!("LOOKOUT_", "SASL_PASWORD")),
            Err(Some("LOOKOUT_SASL_PASSWORD".to_owned()))
        );
    }

    #[test]
    fn a_typing_mistake_is_answered_with_the_name_that_was_meant() {
        for (wanted, meant) in [
            ("sasl.mecanism", Some("sasl.mechanism")),
            ("security.protocoll", Some("security.protocol")),
            ("ssl.keystore.pasword", Some("ssl.keystore.password")),
            ("bootstrap.server", Some("bootstrap.servers")),
            ("auto.ofset.reset", Some("auto.offset.reset")),
            ("greeting", None),
        ] {
            assert_eq!(meaning(wanted), Meaning::Unknown(meant), "{wanted}");
        }
    }

    #[test]
    fn names_of_java_stand_for_librdkafkas() {
        assert_eq!(meaning("sasl.mechanism"), meaning("sasl.mechanisms"));
        assert_eq!(meaning("acks"), Meaning::Idle);
        assert!(matches!(
            meaning("ssl.engine.location"),
            Meaning::Refused(_)
        ));
        assert!(Key::SaslPassword.is_secret() && !Key::SaslUsername.is_secret());
    }
}
