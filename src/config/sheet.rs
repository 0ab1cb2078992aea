//! Settings of one way in as they are given: names, values and where each comes from, before anything is made of
//! them. Values are secrets until their name says that they are none, so that no list, error or log can tell them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use thiserror::Error;

use super::origin::Origin;
use super::property::{self, Key, Kind, Meaning};
use super::secret::Secret;

/// Before the pattern of the topics that a schema file is for.
const SCHEMAS: [(&str, SchemaFormat); 2] = [
    ("schemas.avro.", SchemaFormat::Avro),
    ("schemas.proto.", SchemaFormat::Protobuf),
];

/// A setting that cannot be used. No message holds a secret.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum SheetError {
    #[error("{origin}: unknown setting `{name}`; {hint}")]
    Unknown {
        origin: Origin,
        name: String,
        hint: String,
    },
    #[error("{origin}: `{name}` cannot be honoured: {reason}")]
    Refused {
        origin: Origin,
        name: String,
        reason: String,
    },
    #[error("{origin}: `{name}` says otherwise than the same setting at {other}; keep one")]
    Twice {
        origin: Origin,
        name: String,
        other: Origin,
    },
    #[error(
        "{origin}: `{name}` runs a command, and a file that was handed on must not; write it into config.toml yourself \
         if you trust it"
    )]
    Command { origin: Origin, name: String },
    #[error(
        "{origin}: `{name}` is a secret, and everybody on this host can read a command line; put it into a file that \
         only you can read and write {name}=${{file:/path}}, set the variable {variable}, or leave it out to be asked"
    )]
    OnCommandLine {
        origin: Origin,
        name: String,
        variable: String,
    },
}

/// What a schema file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SchemaFormat {
    Avro,
    Protobuf,
}

/// Who wrote the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// This operator, for this program: a name that nobody knows is a mistake.
    Operator,
    /// Anybody, for any client: what is not understood is noted, and nothing of it is run.
    Anybody,
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    pub value: Secret,
    pub origin: Origin,
}

/// Settings as given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sheet {
    given: BTreeMap<Key, Given>,
    /// The file with the schemas of the topics of a pattern.
    schemas: BTreeMap<(SchemaFormat, String), Given>,
    /// Names that change nothing here.
    idle: BTreeMap<String, Origin>,
}

impl Sheet {
    /// Takes a setting in. `values` are those of a list, or one.
    pub fn put(
        &mut self,
        name: &str,
        values: &[Secret],
        origin: Origin,
        author: Author,
    ) -> Result<(), SheetError> {
        for (prefix, format) in SCHEMAS {
            if let Some(pattern) = name.strip_prefix(prefix).filter(|rest| !rest.is_empty()) {
                let value = joined(values, ",");
                let place = (format, pattern.to_owned());
                self.schemas.insert(place, Given { value, origin });
                return Ok(());
            }
        }
        match property::meaning(name) {
            Meaning::Known(key) => self.put_known(key, name, values, (origin, author)),
            Meaning::Idle => {
                self.idle.insert(name.to_owned(), origin);
                Ok(())
            }
            Meaning::Refused(reason) => Err(SheetError::Refused {
                origin,
                name: name.to_owned(),
                reason: reason.to_owned(),
            }),
            Meaning::Unknown(None) if author == Author::Anybody => {
                self.idle.insert(name.to_owned(), origin);
                Ok(())
            }
            Meaning::Unknown(near) => Err(unknown(name, near, origin)),
        }
    }

    fn put_known(
        &mut self,
        key: Key,
        name: &str,
        values: &[Secret],
        (origin, author): (Origin, Author),
    ) -> Result<(), SheetError> {
        let separator = if key.kind() == Kind::Lines { "\n" } else { "," };
        let value = joined(values, separator);
        let value = Secret::new(value.reveal().trim());
        if author == Author::Anybody && runs_a_command(key, &value) {
            let name = name.to_owned();
            return Err(SheetError::Command { origin, name });
        }
        if value.reveal().is_empty() && key != Key::Identification {
            return Ok(()); // as good as not written
        }
        match self.given.get(&key) {
            Some(before) if before.value != value => Err(SheetError::Twice {
                origin,
                name: name.to_owned(),
                other: before.origin.clone(),
            }),
            _ => {
                self.given.insert(key, Given { value, origin });
                Ok(())
            }
        }
    }

    /// Sets a value that was found out from others.
    pub fn set(&mut self, key: Key, value: &str, origin: Origin) {
        let value = Secret::new(value);
        self.given.insert(key, Given { value, origin });
    }

    /// Sets a value unless there is one.
    pub fn set_if_unset(&mut self, key: Key, value: &str, origin: Origin) {
        if !self.given.contains_key(&key) {
            self.set(key, value, origin);
        }
    }

    /// Takes a value out.
    pub fn take(&mut self, key: Key) -> Option<Given> {
        self.given.remove(&key)
    }

    /// The value of a setting and its origin.
    pub fn get(&self, key: Key) -> Option<&Given> {
        self.given.get(&key)
    }

    /// Whether a setting is given.
    pub fn has(&self, key: Key) -> bool {
        self.given.contains_key(&key)
    }

    /// Whether nothing is given.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty() && self.schemas.is_empty()
    }

    /// All settings, in the order of the table of names.
    pub fn given(&self) -> impl Iterator<Item = (Key, &Given)> {
        self.given.iter().map(|(key, given)| (*key, given))
    }

    /// The schema files: what they are written in, for which topics, and where they lie.
    pub fn schemas(&self) -> impl Iterator<Item = (SchemaFormat, &str, &Given)> {
        self.schemas
            .iter()
            .map(|((format, pattern), given)| (*format, pattern.as_str(), given))
    }

    /// Lays the settings of a source of higher rank over these.
    pub fn overlay(&mut self, upper: Self) {
        self.given.extend(upper.given);
        self.schemas.extend(upper.schemas);
        self.idle.extend(upper.idle);
    }

    /// One sentence about the settings that change nothing here, where there are any.
    pub fn idle_notice(&self) -> Option<String> {
        let names: Vec<&str> = self.idle.keys().map(String::as_str).collect();
        let one = names.len() == 1;
        (!names.is_empty()).then(|| {
            let (are, change) = if one {
                ("is", "changes")
            } else {
                ("are", "change")
            };
            format!(
                "accepted, but {change} nothing here {are}: {}",
                names.join(", ")
            )
        })
    }

    /// Whether a secret stands here in so many words.
    pub fn holds_plain_secret(&self) -> bool {
        let plain = |(key, given): (Key, &Given)| is_plain_secret(key, given.value.reveal());
        self.given().any(plain)
    }
}

impl Given {
    /// The value as it may be shown.
    pub fn shown(&self, key: Key) -> String {
        shown(key.kind(), self.value.reveal())
    }
}

/// A value as it may be shown.
fn shown(kind: Kind, value: &str) -> String {
    match kind {
        // Where the secret is to be found is none.
        Kind::Secret if !is_reference(value) => "[hidden]".to_owned(),
        Kind::Url => without_password(value),
        Kind::Secret | Kind::Text | Kind::Truth | Kind::Path | Kind::List | Kind::Lines => {
            one_line(value)
        }
    }
}

/// Whether the whole value only says where the secret is.
pub fn is_reference(value: &str) -> bool {
    let inner = value
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'));
    inner.is_some_and(|inner| {
        let known = ["env:", "file:", "cmd:"];
        known.iter().any(|kind| inner.starts_with(kind)) && !inner.contains("${")
    })
}

/// Whether this value is a secret in so many words.
pub fn is_plain_secret(key: Key, value: &str) -> bool {
    match key.kind() {
        Kind::Secret => !is_reference(value),
        Kind::Url => without_password(value) != one_line(value),
        Kind::Text | Kind::Truth | Kind::Path | Kind::List | Kind::Lines => false,
    }
}

/// Every address of a list with what stands between `:` and `@` before its host left out.
fn without_password(value: &str) -> String {
    let hide = |address: &str| {
        let start = address.find("://").map_or(0, |at| at + 3);
        let (scheme, rest) = address.split_at(start);
        match rest.rsplit_once('@') {
            Some((login, host)) => match login.split_once(':') {
                Some((user, password)) if !is_reference(password) => {
                    format!("{scheme}{user}:[hidden]@{host}")
                }
                _ => address.to_owned(),
            },
            None => address.to_owned(),
        }
    };
    let addresses: Vec<String> = value.split(',').map(hide).collect();
    one_line(&addresses.join(","))
}

/// The text without breaks of line, cut where it is long: certificates in place are not for reading.
fn one_line(value: &str) -> String {
    const LONGEST: usize = 120;
    let mut line = String::new();
    for character in value.chars().take(LONGEST) {
        if character.is_control() {
            // Writing to a string cannot fail.
            let _written = write!(line, "{}", character.escape_default());
        } else {
            line.push(character);
        }
    }
    if value.chars().nth(LONGEST).is_some() {
        line.push('…');
    }
    line
}

fn joined(values: &[Secret], separator: &str) -> Secret {
    match values {
        [one] => one.clone(),
        many => {
            let texts: Vec<&str> = many.iter().map(Secret::reveal).collect();
            Secret::new(&texts.join(separator))
        }
    }
}

fn runs_a_command(key: Key, value: &Secret) -> bool {
    key == Key::OauthTokenCommand || value.reveal().contains("${cmd:")
}

fn unknown(name: &str, near: Option<&str>, origin: Origin) -> SheetError {
    let hint = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "neither librdkafka nor Java's client has one of that name".to_owned(),
    };
    SheetError::Unknown {
        origin,
        name: one_line(name),
        hint,
    }
}

/// The file's name as origins show it.
pub fn file_name(path: &std::path::Path) -> Arc<str> {
    Arc::from(path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(sheet: &mut Sheet, name: &str, value: &str, author: Author) -> Result<(), SheetError> {
        let origin = Origin::line(&Arc::from("x"), 1);
        sheet.put(name, &[Secret::new(value)], origin, author)
    }

    #[test]
    fn unknown_names_are_a_mistake_of_the_operator_and_a_note_for_anybody_else() {
        let mut sheet = Sheet::default();
        let error = put(&mut sheet, "sasl.mecanism", "PLAIN", Author::Operator).unwrap_err();
        assert_eq!(
            error.to_string(),
            "x:1: unknown setting `sasl.mecanism`; did you mean `sasl.mechanism`?"
        );
        assert!(put(&mut sheet, "greeting", "hi", Author::Operator).is_err());
        // A typing mistake in a login is one in anybody's file.
        assert!(put(&mut sheet, "sasl.mecanism", "PLAIN", Author::Anybody).is_err());
        put(&mut sheet, "greeting", "hi", Author::Anybody).unwrap();
        put(&mut sheet, "acks", "all", Author::Operator).unwrap();
        assert_eq!(
            sheet.idle_notice().as_deref(),
            Some("accepted, but change nothing here are: acks, greeting")
        );
    }

    #[test]
    fn what_cannot_be_honoured_is_refused_in_words() {
        let error = put(
            &mut Sheet::default(),
            "ssl.crl.location",
            "x",
            Author::Anybody,
        );
        assert_eq!(
            error.unwrap_err().to_string(),
            "x:1: `ssl.crl.location` cannot be honoured: revocation lists are not looked at; remove the setting if that \
             is acceptable"
        );
    }

    #[test]
    fn an_alias_that_says_otherwise_is_told() {
        let mut sheet = Sheet::default();
        put(&mut sheet, "sasl.mechanisms", "PLAIN", Author::Operator).unwrap();
        put(&mut sheet, "sasl.mechanism", "PLAIN", Author::Operator).unwrap();
        assert!(put(&mut sheet, "sasl.mechanism", "GSSAPI", Author::Operator).is_err());
    }

    #[test]
    fn a_file_that_was_handed_on_runs_nothing() {
        let mut sheet = Sheet::default();
        for (name, value) in [
            ("sasl.password", "${cmd:rm x}"),
            ("sasl.oauthbearer.token.command", "get-token"),
        ] {
            assert!(put(&mut sheet, name, value, Author::Anybody).is_err());
            put(&mut sheet, name, value, Author::Operator).unwrap();
        }
    }

    #[test]
    fn secrets_are_shown_by_their_place_only() {
        assert_eq!(shown(Kind::Secret, "hunter2"), "[hidden]");
        assert_eq!(shown(Kind::Secret, "${env:PW}"), "${env:PW}");
        assert_eq!(shown(Kind::Secret, "${env:A}hunter2${env:B}"), "[hidden]");
        assert_eq!(
            shown(
                Kind::Url,
                "http://a:hunter2@x:1,http://b@y,http://c:${env:P}@z"
            ),
            "http://a:[hidden]@x:1,http://b@y,http://c:${env:P}@z"
        );
        assert_eq!(shown(Kind::Text, "a\nb"), "a\\nb");
    }
}
