//! A schema of any format, read together with what it refers to: its text in one form, and whether it
//! reads what another wrote.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::level::Level;
use super::record::Reference;
use super::state::{State, Stored};
use super::{avro, json, protobuf};

/// The formats, by their names in requests.
pub const KINDS: [&str; 3] = ["JSON", "PROTOBUF", "AVRO"];

/// Schemas that one schema may refer to, in all.
const MOST_REFERENCES: usize = 1000;
/// How deep references may lead.
const DEPTH: usize = 64;

/// How strictly a schema is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// It is new: everything is checked.
    New,
    /// It was registered before, perhaps by somebody less strict.
    Registered,
}

/// A schema that was read.
#[derive(Debug, Clone)]
pub enum Parsed {
    /// Avro.
    Avro(avro::Schema),
    /// JSON Schema.
    Json(json::Schema),
    /// Protobuf.
    Protobuf(protobuf::Schema),
}

/// A schema that another refers to, by the name that it is called there.
#[derive(Debug, Clone)]
pub struct Referred {
    /// The name.
    pub name: String,
    /// The schema.
    pub stored: Arc<Stored>,
}

/// Everything that references lead to, each before what refers to it.
pub fn referred(state: &State, references: &[Reference]) -> Result<Vec<Referred>, String> {
    let mut walk = Walk {
        state,
        seen: BTreeSet::new(),
        found: Vec::new(),
    };
    walk.all(references, DEPTH)?;
    Ok(walk.found)
}

struct Walk<'a> {
    state: &'a State,
    seen: BTreeSet<Reference>,
    found: Vec<Referred>,
}

impl Walk<'_> {
    fn all(&mut self, references: &[Reference], depth: usize) -> Result<(), String> {
        let depth = depth.checked_sub(1);
        let depth = depth.ok_or("its references lead too deep")?;
        for reference in references {
            if !self.seen.insert(reference.clone()) {
                continue;
            }
            if self.seen.len() > MOST_REFERENCES {
                return Err("it refers to too many schemas".to_owned());
            }
            let Reference {
                name,
                subject,
                version,
            } = reference;
            let found = match version {
                -1 => latest(self.state, subject),
                version => self
                    .state
                    .stored(subject, *version)
                    .map(|(_, stored)| stored),
            };
            let stored = found.ok_or_else(|| {
                format!("no schema reference found for subject \"{subject}\" and version {version}")
            })?;
            let stored = Arc::clone(stored);
            self.all(&stored.references, depth)?;
            self.found.push(Referred {
                name: name.clone(),
                stored,
            });
        }
        Ok(())
    }
}

fn latest<'a>(state: &'a State, subject: &str) -> Option<&'a Arc<Stored>> {
    let versions = state.versions(subject, super::state::Seen::Live);
    let found = state.stored(subject, *versions.last()?)?;
    Some(found.1)
}

impl Parsed {
    /// Reads a schema.
    pub fn read(stored: &Stored, state: &State, care: Care) -> Result<Self, String> {
        let referred = referred(state, &stored.references)?;
        match stored.kind.as_str() {
            "AVRO" => avro_of(stored, &referred, care).map(Self::Avro),
            "JSON" => json_of(stored, &referred).map(Self::Json),
            "PROTOBUF" => protobuf_of(stored, &referred).map(Self::Protobuf),
            other => Err(format!("Invalid schema type {other}")),
        }
    }

    /// Its text in one form; `normal` where names do not depend on where they stand.
    pub fn text(&self, normal: bool) -> String {
        match self {
            Self::Avro(schema) if normal => schema.text(avro::Names::Full),
            Self::Avro(schema) => schema.text(avro::Names::Relative),
            // Keys in their own order are told apart from others only where that is not asked for.
            Self::Json(schema) if normal => schema.root.to_string(),
            Self::Json(schema) => schema.text.clone(),
            Self::Protobuf(schema) => schema.file.text(),
        }
    }

    /// What keeps it from reading what `writer` wrote.
    pub fn unreadable(&self, writer: &Self) -> Vec<String> {
        match (self, writer) {
            (Self::Avro(reader), Self::Avro(writer)) => avro::unreadable(reader, writer),
            (Self::Json(reader), Self::Json(writer)) => json::unreadable(reader, writer),
            (Self::Protobuf(reader), Self::Protobuf(writer)) => {
                protobuf::unreadable(reader, writer)
            }
            _ => vec!["SCHEMA_TYPE_CHANGED: the schemas are of different types".to_owned()],
        }
    }
}

fn avro_of(stored: &Stored, referred: &[Referred], care: Care) -> Result<avro::Schema, String> {
    let mut known = BTreeMap::new();
    for other in referred {
        if other.stored.kind != stored.kind {
            return Err(format!("reference \"{}\" is no Avro schema", other.name));
        }
        let schema = avro::parse(&other.stored.text, known, avro::Defaults::Taken);
        known = schema
            .map_err(|why| format!("reference \"{}\": {why}", other.name))?
            .named;
    }
    for named in known.values_mut() {
        named.is_foreign = true;
    }
    let defaults = match care {
        Care::New => avro::Defaults::Checked,
        Care::Registered => avro::Defaults::Taken,
    };
    avro::parse(&stored.text, known, defaults)
}

fn json_of(stored: &Stored, referred: &[Referred]) -> Result<json::Schema, String> {
    let mut others = BTreeMap::new();
    for other in referred {
        let value = serde_json::from_str(&other.stored.text);
        let value = value.map_err(|why| format!("reference \"{}\": {why}", other.name))?;
        others.insert(other.name.clone(), value);
    }
    json::parse(&stored.text, others)
}

fn protobuf_of(stored: &Stored, referred: &[Referred]) -> Result<protobuf::Schema, String> {
    let mut others = Vec::new();
    for other in referred {
        let file = protobuf::file(&other.stored.text);
        let file = file.map_err(|why| format!("reference \"{}\": {why}", other.name))?;
        others.push((other.name.clone(), file));
    }
    protobuf::Schema::read(&stored.text, others)
}

/// What a level objects to between a new schema and older ones, the latest last.
pub fn objections(level: Level, new: &Parsed, older: &[Parsed]) -> Vec<String> {
    let count = if level.is_transitive() {
        older.len()
    } else {
        1
    };
    let mut found = Vec::new();
    for old in older.iter().rev().take(count) {
        if level.is_backward() {
            let one = new.unreadable(old).into_iter();
            found.extend(one.map(|why| format!("new schema as reader: {why}")));
        }
        if level.is_forward() {
            let one = old.unreadable(new).into_iter();
            found.extend(one.map(|why| format!("old schema as reader: {why}")));
        }
        if !found.is_empty() {
            break;
        }
    }
    found
}

/// A schema in the form that a client asks for; as it is stored where it asks for none.
pub fn formatted<'a>(
    stored: &'a Stored,
    state: &State,
    format: &str,
) -> Result<Cow<'a, Stored>, String> {
    let told = |text: String| Stored {
        text,
        ..stored.clone()
    };
    match (stored.kind.as_str(), format) {
        ("AVRO", "resolved") => {
            let Parsed::Avro(mut schema) = Parsed::read(stored, state, Care::Registered)? else {
                return Ok(Cow::Borrowed(stored));
            };
            for named in schema.named.values_mut() {
                named.is_foreign = false;
            }
            Ok(Cow::Owned(Stored {
                references: Vec::new(),
                ..told(schema.text(avro::Names::Relative))
            }))
        }
        ("PROTOBUF", "serialized") => {
            let Parsed::Protobuf(schema) = Parsed::read(stored, state, Care::Registered)? else {
                return Ok(Cow::Borrowed(stored));
            };
            Ok(Cow::Owned(told(schema.serialized())))
        }
        _ => Ok(Cow::Borrowed(stored)),
    }
}
