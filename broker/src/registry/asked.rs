//! A request of the registry as it was sent: method, path, parameters, body. Pure; total over any text.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::record::Reference;
use super::refusal::Refusal;

/// A request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: String,
    /// The path with its parameters, as it stood in the request.
    pub target: String,
    /// The body.
    pub body: Bytes,
}

/// The parts of a path and its parameters, decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// What stands between the slashes.
    pub path: Vec<String>,
    query: BTreeMap<String, String>,
}

/// A schema in a request's body.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SchemaBody {
    /// The text.
    pub schema: Option<String>,
    /// `AVRO` where it is not said.
    pub schema_type: Option<String>,
    /// What the schema refers to.
    pub references: Option<Vec<Reference>>,
    /// Kept and given back.
    pub metadata: Option<Value>,
    /// Kept and given back.
    pub rule_set: Option<Value>,
    /// The id, where schemas are imported.
    pub id: Option<i32>,
    /// The version, where schemas are imported.
    pub version: Option<i32>,
}

impl Asked {
    /// Splits and decodes the path.
    pub fn target(&self) -> Result<Target, Refusal> {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let bad = || Refusal::malformed(format_args!("\"{}\" is no path", self.target));
        let parts = path.split('/').filter(|part| !part.is_empty());
        let path: Option<Vec<String>> = parts.map(|part| decoded(part, false)).collect();
        let mut all = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let key = decoded(key, true).ok_or_else(bad)?;
            all.insert(key, decoded(value, true).ok_or_else(bad)?);
        }
        Ok(Target {
            path: path.ok_or_else(bad)?,
            query: all,
        })
    }

    /// The body, read.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // What is JSON but not what is asked for is another mistake than what is no JSON.
            if error.is_data() {
                Refusal::unprocessable(format_args!("the request's body: {error}"))
            } else {
                Refusal::malformed(format_args!("the request's body is no JSON: {error}"))
            }
        })
    }
}

impl Target {
    /// A parameter.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.query.get(key).map(String::as_str)
    }

    /// A switch; off where it is not given.
    pub fn flag(&self, key: &str) -> bool {
        self.text(key)
            .is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// A number.
    pub fn number(&self, key: &str) -> Option<usize> {
        self.text(key)?.parse().ok()
    }
}

/// Takes `%2F` and, in parameters, `+` back.
fn decoded(text: &str, is_query: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let both = digit()? * 16 + digit()?;
                u8::try_from(both).ok()?
            }
            b'+' if is_query => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// Longest name of a subject: a record's key must stay small.
const MOST_SUBJECT_BYTES: usize = 4096;

/// A subject's name without the default context; other contexts are refused.
pub fn subject(text: &str) -> Result<&str, Refusal> {
    let name = text.strip_prefix(":.:").unwrap_or(text);
    if name.starts_with(":.") {
        return Err(Refusal::invalid_subject(format_args!(
            "The specified subject '{text}' is not a valid subject: there is no context but the default one."
        )));
    }
    let reserved = ["__GLOBAL", "__EMPTY"].contains(&name);
    if reserved
        || name.is_empty()
        || name.len() > MOST_SUBJECT_BYTES
        || name.contains(char::is_control)
    {
        return Err(Refusal::invalid_subject(format_args!(
            "The specified subject '{name}' is not a valid subject."
        )));
    }
    Ok(name)
}

/// A version as a path names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The latest.
    Latest,
    /// This one.
    Version(i32),
}

impl At {
    /// `latest`, `-1`, or a number from 1.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        match text {
            "latest" | "-1" => Ok(Self::Latest),
            text => match text.parse() {
                Ok(number @ 1..) => Ok(Self::Version(number)),
                _ => Err(Refusal::invalid_version(text)),
            },
        }
    }
}
