//! Settings that would change the way in and cannot be honoured: to ignore them would be another way in than the one
//! that was asked for.

const OWN_SUITES: &str =
    "the cipher suites are those of TLS 1.2 and 1.3 that are held to be sound; remove the setting";
const NO_ENGINE: &str =
    "keys in engines and modules cannot be used; give the key as a file with ssl.key.location";
const NO_CLASS: &str = "a class of Java cannot be run here; remove the setting";
const NO_REVOCATION: &str =
    "revocation lists are not looked at; remove the setting if that is acceptable";
const NO_ASSERTION: &str = "tokens are asked for with a client id and secret only; write \
    sasl.oauthbearer.client.id and sasl.oauthbearer.client.secret, or let another program write tokens to the file \
    of sasl.oauthbearer.token.file";
const NO_UNSECURED: &str =
    "unsigned tokens prove nothing and are not made; give a token with sasl.oauthbearer.token";
const NO_PROVIDERS: &str = "Java's providers cannot be run here; write the value as ${env:NAME}, ${file:/path} or \
    ${cmd:command}";

#[rustfmt::skip]
const NAMES: &[(&str, &str)] = &[
    ("ssl.cipher.suites", OWN_SUITES),
    ("ssl.curves.list", OWN_SUITES),
    ("ssl.sigalgs.list", OWN_SUITES),
    ("ssl.crl.location", NO_REVOCATION),
    ("ssl.engine.location", NO_ENGINE),
    ("ssl.engine.id", NO_ENGINE),
    ("ssl.providers", NO_ENGINE),
    ("ssl.provider", NO_CLASS),
    ("ssl.engine.factory.class", NO_CLASS),
    ("security.providers", NO_CLASS),
    ("sasl.login.class", NO_CLASS),
    ("enable.sasl.oauthbearer.unsecure.jwt", NO_UNSECURED),
    ("sasl.oauthbearer.config", NO_UNSECURED),
    ("sasl.oauthbearer.jwt.validator.class", NO_CLASS),
    ("ssl.ca.certificate.stores", "certificate stores of Windows cannot be read; export the authorities as PEM and name the file with ssl.ca.location"),
    ("sasl.oauthbearer.metadata.authentication.type", "tokens of Azure's instance metadata cannot be fetched; let another program write them to the file of sasl.oauthbearer.token.file"),
];

const PREFIXES: &[(&str, &str)] = &[
    ("sasl.oauthbearer.assertion.", NO_ASSERTION),
    ("config.providers", NO_PROVIDERS),
];

/// The names, for the variables of the environment.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(name, _)| *name)
}

/// Why a setting is refused, if it is.
pub fn reason(name: &str) -> Option<&'static str> {
    let exact = NAMES.iter().find(|(known, _)| *known == name);
    let family = PREFIXES.iter().find(|(prefix, _)| name.starts_with(prefix));
    exact.or(family).map(|(_, reason)| *reason)
}
