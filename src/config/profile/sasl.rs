//! The settings of a login: the mechanism and what it needs.

use super::ProfileError;
use super::reader::Reader;
use crate::config::java::{MSK, OIDC};
use crate::config::property::Key;
use crate::config::secret::Secret;
use crate::config::security::{Aws, Login, Material, Sasl, ScramHash, TokenSource};

/// Settings that only a login has a use for.
pub const KEYS: &[Key] = &[
    Key::SaslUsername,
    Key::SaslPassword,
    Key::SaslMechanism,
    Key::OauthMethod,
    Key::OauthToken,
    Key::OauthTokenFile,
    Key::OauthTokenCommand,
    Key::OauthClientId,
    Key::OauthEndpoint,
];

const MECHANISMS: &str = "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER, AWS_MSK_IAM or GSSAPI";

/// Kafka's part of a broker's principal where nobody says otherwise, as librdkafka has it.
const SERVICE: &str = "kafka";

/// Reads them.
pub fn read(reader: &mut Reader<'_>) -> Result<Sasl, ProfileError> {
    let Some(mechanism) = reader.text(Key::SaslMechanism)? else {
        return without_mechanism(reader);
    };
    match mechanism.to_ascii_uppercase().as_str() {
        "PLAIN" => Ok(Sasl::Plain(login(reader)?)),
        "SCRAM-SHA-256" => scram(reader, ScramHash::Sha256),
        "SCRAM-SHA-512" => scram(reader, ScramHash::Sha512),
        "OAUTHBEARER" => bearer(reader),
        "AWS_MSK_IAM" => Ok(Sasl::AwsMskIam(aws(reader, false)?)),
        "GSSAPI" => kerberos(reader),
        _ => Err(reader.wrong(Key::SaslMechanism, MECHANISMS)),
    }
}

/// Kafka's default is Kerberos; somebody with a name and a password did not mean that.
fn without_mechanism(reader: &Reader<'_>) -> Result<Sasl, ProfileError> {
    match reader.first_of(KEYS) {
        Some(key) => {
            let reason = format!("sasl.mechanism is not set beside it; write {MECHANISMS}");
            Err(reader.reason(key, reason))
        }
        None => kerberos(reader),
    }
}

fn login(reader: &mut Reader<'_>) -> Result<Login, ProfileError> {
    let Some(username) = reader.text(Key::SaslUsername)? else {
        let reason = "it needs sasl.username, which is not set";
        return Err(reader.reason(Key::SaslMechanism, reason));
    };
    let whose = format!("password of {username}");
    let password = reader.secret_or_ask(Key::SaslPassword, &whose)?;
    Ok(Login {
        username: username.into(),
        password,
    })
}

fn scram(reader: &mut Reader<'_>, hash: ScramHash) -> Result<Sasl, ProfileError> {
    Ok(Sasl::Scram {
        hash,
        login: login(reader)?,
        token: reader.truth(Key::SaslTokenAuth)?.unwrap_or(false),
    })
}

fn kerberos(reader: &Reader<'_>) -> Result<Sasl, ProfileError> {
    let service = reader.text(Key::KerberosService)?;
    Ok(Sasl::Gssapi {
        service: service.unwrap_or_else(|| SERVICE.to_owned()),
        principal: reader.text(Key::KerberosPrincipal)?,
        keytab: reader.file(Key::KerberosKeytab)?,
    })
}

fn aws(reader: &Reader<'_>, as_token: bool) -> Result<Aws, ProfileError> {
    Ok(Aws {
        region: reader.text(Key::AwsRegion)?,
        profile: reader.text(Key::AwsProfile)?,
        role_arn: reader.text(Key::AwsRoleArn)?,
        as_token,
    })
}

fn bearer(reader: &mut Reader<'_>) -> Result<Sasl, ProfileError> {
    let method = reader.text(Key::OauthMethod)?;
    match method.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some(MSK) => return Ok(Sasl::AwsMskIam(aws(reader, true)?)),
        None | Some("default" | OIDC) => {}
        Some(_) => return Err(reader.wrong(Key::OauthMethod, "oidc, default or aws_msk_iam")),
    }
    Ok(Sasl::OAuthBearer {
        tokens: token_source(reader)?,
        extensions: extensions(reader)?,
    })
}

fn token_source(reader: &mut Reader<'_>) -> Result<TokenSource, ProfileError> {
    if let Some(token) = reader.secret(Key::OauthToken)? {
        return Ok(TokenSource::Fixed(token));
    }
    if let Some(path) = reader.file(Key::OauthTokenFile)? {
        return Ok(TokenSource::File(path));
    }
    if let Some(command) = reader.text(Key::OauthTokenCommand)? {
        let command = ["sh", "-c", &command].map(str::to_owned);
        return Ok(TokenSource::Command(command.to_vec()));
    }
    let Some(endpoint) = reader.text(Key::OauthEndpoint)? else {
        let reason = "OAUTHBEARER needs a token: set sasl.oauthbearer.token.endpoint.url with a client id and secret \
            (OpenID Connect), sasl.oauthbearer.token.file, sasl.oauthbearer.token.command or sasl.oauthbearer.token";
        return Err(reader.reason(Key::SaslMechanism, reason));
    };
    if let Some(path) = endpoint.strip_prefix("file:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        return Ok(TokenSource::File(path.into()));
    }
    oidc(reader, endpoint)
}

fn oidc(reader: &mut Reader<'_>, endpoint: String) -> Result<TokenSource, ProfileError> {
    if let Some(grant) = reader.text(Key::OauthGrantType)?
        && grant != "client_credentials"
    {
        return Err(reader.wrong(Key::OauthGrantType, "client_credentials"));
    }
    let is_http = endpoint.starts_with("https://") || endpoint.starts_with("http://");
    if !is_http || endpoint.contains('@') {
        let expected =
            "an address without a login that begins with https:// or http://, or file:///path";
        return Err(reader.wrong(Key::OauthEndpoint, expected));
    }
    let Some(client_id) = reader.text(Key::OauthClientId)? else {
        let reason = "it needs sasl.oauthbearer.client.id, which is not set";
        return Err(reader.reason(Key::OauthEndpoint, reason));
    };
    let whose = format!("secret of the client {client_id}");
    let client_secret = reader.secret_or_ask(Key::OauthClientSecret, &whose)?;
    let mut trust = Vec::new();
    if let Some(path) = reader.file(Key::HttpsCaLocation)? {
        let password = None;
        trust.push(Material::File { path, password });
    }
    if let Some(pem) = reader.text(Key::HttpsCaPem)? {
        trust.push(Material::Pem(Secret::new(&pem)));
    }
    Ok(TokenSource::Oidc {
        endpoint,
        client_id,
        client_secret,
        scope: reader.text(Key::OauthScope)?,
        trust,
    })
}

/// `name=value` after commas.
fn extensions(reader: &Reader<'_>) -> Result<Vec<(String, String)>, ProfileError> {
    let items = reader.list(Key::OauthExtensions)?;
    let parts = items.iter().map(|item| {
        let (name, value) = item.split_once('=')?;
        Some((name.trim().to_owned(), value.trim().to_owned()))
    });
    let read: Option<Vec<(String, String)>> = parts.collect();
    read.ok_or_else(|| reader.wrong(Key::OauthExtensions, "name=value, several after commas"))
}
