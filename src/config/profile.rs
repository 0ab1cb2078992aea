//! A profile: all that is said of one cluster and of the way into it, ready to be used. Made of settings as given
//! ([`Sheet`]) and of what they lead to outside; no other place gives them a meaning. Its errors never hold a secret.

mod reader;
mod sasl;
mod tls;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::document::DocumentError;
use super::java;
use super::origin::Origin;
use super::outside::Outside;
use super::property::Key;
use super::route::{self, Route, RouteError};
use super::secret::Secret;
use super::security::Security;
use super::sheet::{SchemaFormat, Sheet, SheetError};
use super::theme;
use crate::model::{BrokerId, Stakes};
use crate::ui::theme::Paint;
use reader::Reader;

/// What brokers see of us in their logs and quotas, unless `client.id` says otherwise.
pub const CLIENT_ID: &str = "lookout";

/// More brokers than any cluster has: a range that is longer is a typing mistake.
const MOST_BROKERS: i32 = 10_000;

/// What makes a profile unusable.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ProfileError {
    #[error(transparent)]
    Sheet(#[from] SheetError),
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error("{origin}: `{name}` is \"{value}\"; expected {expected}")]
    Value {
        origin: Origin,
        name: &'static str,
        value: String,
        expected: String,
    },
    #[error("{origin}: `{name}`: {reason}")]
    Reason {
        origin: Origin,
        name: &'static str,
        reason: String,
    },
    #[error("{0}")]
    Missing(String),
    #[error("no profile is called `{name}`; {hint}")]
    Nobody { name: String, hint: String },
    #[error("{file}: {reason}")]
    File { file: String, reason: String },
}

/// Whether changes to the cluster are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Permission {
    #[default]
    Read,
    Write,
}

/// A schema registry and the login to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// The first that answers is asked.
    pub addresses: Vec<HttpAddress>,
    /// For those addresses that hold none themselves.
    pub login: Option<RegistryLogin>,
}

/// The address of a service that speaks HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAddress {
    /// Without a login.
    pub url: String,
    /// `name:password`, where the address held them.
    pub login: Option<Secret>,
}

impl HttpAddress {
    /// Takes an address apart.
    fn new(text: &str) -> Self {
        let start = text.find("://").map_or(0, |at| at + 3);
        let (scheme, rest) = text.split_at(start);
        let end = rest.find('/').unwrap_or(rest.len());
        match rest.split_at(end).0.rsplit_once('@') {
            Some((login, _)) => Self {
                url: format!(
                    "{scheme}{}",
                    rest.get(login.len() + 1..).unwrap_or_default()
                ),
                login: Some(Secret::new(login)),
            },
            None => Self {
                url: text.to_owned(),
                login: None,
            },
        }
    }
}

/// A login to a schema registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryLogin {
    /// Name and password, as in `name:password`.
    Basic(Secret),
    Bearer(Secret),
}

/// A file with the schemas of some topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaFile {
    pub format: SchemaFormat,
    /// A name, in which `*` stands for any run of characters.
    pub topics: String,
    pub path: PathBuf,
}

/// A cluster and the way into it.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// What the header calls it.
    pub name: Arc<str>,
    /// `host:port` each.
    pub bootstrap: Vec<String>,
    pub security: Security,
    pub route: Route,
    pub client_id: Arc<str>,
    pub registry: Option<Registry>,
    /// Kafka Connect, one address for each cluster of workers.
    pub connect: Vec<HttpAddress>,
    pub color: Option<Paint>,
    pub stakes: Stakes,
    pub permission: Permission,
    /// Brokers that belong to it whether they are seen or not.
    pub expected: BTreeSet<BrokerId>,
    pub schemas: Vec<SchemaFile>,
}

/// A profile with what the operator should know of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    pub profile: Profile,
    /// Whether it holds a secret.
    pub holds_secret: bool,
    /// One sentence each.
    pub notices: Vec<String>,
}

/// Gives settings their meaning. `name` is what the operator calls the cluster; its first address where there is none.
pub fn resolve(
    name: Option<&str>,
    sheet: &Sheet,
    outside: &mut dyn Outside,
) -> Result<Resolved, ProfileError> {
    let mut sheet = sheet.clone();
    fetch_jaas(&mut sheet, outside)?;
    java::translate(&mut sheet)?;
    let mut reader = Reader::new(&sheet, outside);
    let bootstrap = reader.list(Key::Bootstrap)?;
    let name = name.map_or_else(|| name_of(&bootstrap), str::to_owned);
    reader.called(&name);
    let profile = Profile {
        name: Arc::from(name),
        security: security(&mut reader)?,
        route: dial_route(&reader)?,
        client_id: Arc::from(reader.text(Key::ClientId)?.unwrap_or(CLIENT_ID.to_owned())),
        registry: registry(&mut reader)?,
        connect: addresses(&reader, Key::ConnectUrls)?,
        color: color(&reader)?,
        stakes: match reader.truth(Key::Production)? {
            Some(true) => Stakes::Production,
            Some(false) | None => Stakes::Ordinary,
        },
        permission: match reader.truth(Key::Write)? {
            Some(true) => Permission::Write,
            Some(false) | None => Permission::Read,
        },
        expected: expected_brokers(&reader)?,
        schemas: schema_files(&reader),
        bootstrap,
    };
    check_other_settings(&reader)?;
    note_what_waits(&mut reader, &profile);
    let (holds_secret, mut notices) = reader.end();
    notices.extend(sheet.idle_notice());
    Ok(Resolved {
        profile,
        holds_secret,
        notices,
    })
}

/// A JAAS line that is somewhere else is fetched before Java's settings are understood.
fn fetch_jaas(sheet: &mut Sheet, outside: &dyn Outside) -> Result<(), ProfileError> {
    if let Some(given) = sheet.get(Key::JaasConfig).cloned() {
        let found = super::outside::expand(given.value.reveal(), outside);
        let found = found.map_err(|reason| ProfileError::Reason {
            origin: given.origin.clone(),
            name: Key::JaasConfig.name(),
            reason,
        })?;
        sheet.set(Key::JaasConfig, found.reveal(), given.origin);
    }
    Ok(())
}

/// What a cluster is called that has no name: its first address, and how many more were given.
pub fn name_of(bootstrap: &[String]) -> String {
    let first = bootstrap.first().cloned().unwrap_or_default();
    match bootstrap.len() {
        0 | 1 => first,
        count => format!("{first} +{}", count - 1),
    }
}

/// The four values of `security.protocol`.
const PROTOCOLS: &str = "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL";

fn security(reader: &mut Reader<'_>) -> Result<Security, ProfileError> {
    let protocol = reader.text(Key::SecurityProtocol)?;
    let (is_tls, is_sasl) = match protocol.as_deref().map(str::to_ascii_uppercase).as_deref() {
        Some("PLAINTEXT") => (false, false),
        Some("SSL") => (true, false),
        Some("SASL_PLAINTEXT") => (false, true),
        Some("SASL_SSL") => (true, true),
        Some(_) => return Err(reader.wrong(Key::SecurityProtocol, PROTOCOLS)),
        None => {
            no_protocol(reader)?;
            (false, false)
        }
    };
    if protocol.is_some() && !is_sasl && reader.has_any(sasl::KEYS) {
        reader.note("a login is set, and security.protocol says that none is asked for");
    }
    if protocol.is_some() && !is_tls && reader.has_any(tls::KEYS) {
        reader.note("certificates are set, and security.protocol says that TLS is not spoken");
    }
    Ok(Security {
        tls: if is_tls {
            Some(tls::read(reader)?)
        } else {
            None
        },
        sasl: if is_sasl {
            Some(sasl::read(reader)?)
        } else {
            None
        },
    })
}

/// Without a protocol nothing is guessed: a password might go out in the clear.
fn no_protocol(reader: &Reader<'_>) -> Result<(), ProfileError> {
    let (sasl, tls) = (reader.first_of(sasl::KEYS), reader.first_of(tls::KEYS));
    let (key, wanted) = match (sasl, tls) {
        (None, None) => return Ok(()),
        (Some(key), Some(_)) => (key, "SASL_SSL"),
        (Some(key), None) => (key, "SASL_SSL (or SASL_PLAINTEXT, without TLS)"),
        (None, Some(key)) => (key, "SSL"),
    };
    let reason = format!("security.protocol is not set beside it; write {wanted}");
    Err(reader.reason(key, reason))
}

fn dial_route(reader: &Reader<'_>) -> Result<Route, ProfileError> {
    let said = |key: Key, read: RouteError| reader.reason(key, read.to_string());
    let mut route = Route::default();
    if let Some(text) = reader.text(Key::DialMap)? {
        route.rules = route::rules(&text).map_err(|error| said(Key::DialMap, error))?;
    }
    if let Some(text) = reader.text(Key::DialVia)? {
        route.via = text.parse().map_err(|error| said(Key::DialVia, error))?;
    }
    route.timeout = match (
        reader.text(Key::DialTimeout)?,
        reader.text(Key::SetupTimeout)?,
    ) {
        (Some(text), _) => {
            let text = if text.bytes().all(|b| b.is_ascii_digit()) {
                text + "ms"
            } else {
                text
            };
            Some(route::timeout(&text).map_err(|error| said(Key::DialTimeout, error))?)
        }
        (None, Some(ms)) => match ms.parse::<u64>() {
            Ok(ms) if ms > 0 => Some(Duration::from_millis(ms)),
            _ => return Err(reader.wrong(Key::SetupTimeout, "milliseconds, more than 0")),
        },
        (None, None) => None,
    };
    Ok(route)
}

fn registry(reader: &mut Reader<'_>) -> Result<Option<Registry>, ProfileError> {
    let addresses = addresses(reader, Key::RegistryUrl)?;
    let source = reader.text(Key::RegistrySource)?;
    let basic = match source.as_deref() {
        None | Some("USER_INFO" | "URL") => reader.secret(Key::RegistryUserInfo)?,
        Some("SASL_INHERIT") => {
            let (user, password) = (
                reader.text(Key::SaslUsername)?,
                reader.secret(Key::SaslPassword)?,
            );
            user.zip(password)
                .map(|(user, password)| Secret::new(&format!("{user}:{}", password.reveal())))
        }
        Some(_) => return Err(reader.wrong(Key::RegistrySource, "USER_INFO, URL or SASL_INHERIT")),
    };
    let bearer = reader.secret(Key::RegistryToken)?;
    if addresses.is_empty() {
        return Ok(None);
    }
    let login = basic.map(RegistryLogin::Basic);
    let login = login.or(bearer.map(RegistryLogin::Bearer));
    Ok(Some(Registry { addresses, login }))
}

fn addresses(reader: &Reader<'_>, key: Key) -> Result<Vec<HttpAddress>, ProfileError> {
    let texts = reader.list(key)?;
    Ok(texts.iter().map(|text| HttpAddress::new(text)).collect())
}

fn color(reader: &Reader<'_>) -> Result<Option<Paint>, ProfileError> {
    let Some(text) = reader.text(Key::Color)? else {
        return Ok(None);
    };
    let paint = theme::paint(&text);
    let expected = "a colour like #7bd88f, or one of the 16 that terminals name, such as red";
    paint
        .map(Some)
        .ok_or_else(|| reader.wrong(Key::Color, expected))
}

/// `1,2,3` or `1-5`.
fn expected_brokers(reader: &Reader<'_>) -> Result<BTreeSet<BrokerId>, ProfileError> {
    let wrong = || {
        let expected = "the ids of the brokers, such as \"1-5\" or [1, 2, 3]";
        reader.wrong(Key::ExpectedBrokers, expected)
    };
    let mut ids = BTreeSet::new();
    for item in reader.list(Key::ExpectedBrokers)? {
        let (first, last) = item.split_once('-').unwrap_or((&item, &item));
        let id = |text: &str| text.trim().parse::<i32>().ok().filter(|id| *id >= 0);
        let (first, last) = id(first).zip(id(last)).ok_or_else(wrong)?;
        if last < first || last - first > MOST_BROKERS {
            return Err(wrong());
        }
        ids.extend((first..=last).map(BrokerId));
    }
    Ok(ids)
}

fn schema_files(reader: &Reader<'_>) -> Vec<SchemaFile> {
    let files = reader.sheet().schemas();
    let file = |(format, topics, given): (SchemaFormat, &str, &super::sheet::Given)| SchemaFile {
        format,
        topics: topics.to_owned(),
        path: reader.path_of(given.value.reveal(), &given.origin),
    };
    files.map(file).collect()
}

/// Settings of which only some values can be honoured.
fn check_other_settings(reader: &Reader<'_>) -> Result<(), ProfileError> {
    if let Some(lookup) = reader.text(Key::DnsLookup)?
        && !["use_all_dns_ips", "default"].contains(&lookup.as_str())
    {
        let expected = "use_all_dns_ips: the advertised name is the one that certificates and tickets are held against";
        return Err(reader.wrong(Key::DnsLookup, expected));
    }
    Ok(())
}

/// What is understood, and nothing of this program uses.
fn note_what_waits(reader: &mut Reader<'_>, profile: &Profile) {
    let waiting = [
        (profile.registry.is_some(), "schema.registry.url"),
        (!profile.connect.is_empty(), "connect.urls"),
        (!profile.schemas.is_empty(), "schemas.*"),
        (profile.permission == Permission::Write, "write"),
    ];
    let names: Vec<&str> = waiting
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, name)| *name)
        .collect();
    if !names.is_empty() {
        let names = names.join(", ");
        reader.note(&format!(
            "understood, but nothing of this version uses it: {names}"
        ));
    }
}

#[cfg(test)]
mod tests;
