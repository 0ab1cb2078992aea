//! The records of `_schemas`: keys and values as JSON, in the layout that other registries write and
//! read. What is not known is left alone by its readers, never dropped from the topic.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::level::{Level, Mode};

/// The topic that holds the registry.
pub const SCHEMAS_TOPIC: &str = "_schemas";

/// A reference of one schema to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// What the referring schema calls it: a full name, a file to import, a URL.
    pub name: String,
    /// Where it is registered.
    pub subject: String,
    /// As which version.
    pub version: i32,
}

/// A record's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "keytype")]
pub enum Key {
    /// A version of a subject.
    #[serde(rename = "SCHEMA")]
    Schema {
        /// The subject.
        subject: String,
        /// The version.
        version: i32,
        /// Layout of the key.
        magic: u8,
    },
    /// A compatibility level.
    #[serde(rename = "CONFIG")]
    Config {
        /// The subject, or none for all.
        subject: Option<String>,
        /// Layout of the key.
        magic: u8,
    },
    /// A mode.
    #[serde(rename = "MODE")]
    Mode {
        /// The subject, or none for all.
        subject: Option<String>,
        /// Layout of the key.
        magic: u8,
    },
    /// A subject is soft-deleted up to a version.
    #[serde(rename = "DELETE_SUBJECT")]
    DeleteSubject {
        /// The subject.
        subject: String,
        /// Layout of the key.
        magic: u8,
    },
    /// A subject is removed up to a version.
    #[serde(rename = "CLEAR_SUBJECT")]
    ClearSubject {
        /// The subject.
        subject: String,
        /// Layout of the key.
        magic: u8,
    },
    /// Nothing: the mark of a registry that began to lead.
    #[serde(rename = "NOOP")]
    Noop {
        /// Layout of the key.
        magic: u8,
    },
}

/// The value of [`Key::Schema`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SchemaValue {
    /// The subject.
    pub subject: String,
    /// The version.
    pub version: i32,
    /// The schema's id.
    pub id: i32,
    /// `AVRO` where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_type: Option<String>,
    /// What the schema refers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub references: Option<Vec<Reference>>,
    /// Kept and given back as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// Kept and given back as it came; nothing here carries rules out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_set: Option<Value>,
    /// The schema's text.
    pub schema: String,
    /// Soft-deleted.
    #[serde(default)]
    pub deleted: bool,
}

/// The value of [`Key::Config`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigValue {
    /// The level; others may have written a configuration without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compatibility_level: Option<Level>,
    /// Whether schemas are normalised when they are registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalize: Option<bool>,
}

/// The value of [`Key::Mode`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModeValue {
    /// The mode.
    pub mode: Mode,
}

/// The value of [`Key::DeleteSubject`] and [`Key::ClearSubject`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeleteValue {
    /// The subject.
    pub subject: String,
    /// The last version that goes.
    pub version: i32,
}

/// A record to write: a value of `None` removes the key.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key as text.
    pub key: String,
    /// The value as text.
    pub value: Option<String>,
}

impl Entry {
    /// A record that says something.
    pub fn set(key: &Key, value: &impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self {
            key: serde_json::to_string(key)?,
            value: Some(serde_json::to_string(value)?),
        })
    }

    /// A record that takes something back.
    pub fn removed(key: &Key) -> Result<Self, serde_json::Error> {
        Ok(Self {
            key: serde_json::to_string(key)?,
            value: None,
        })
    }
}

impl Key {
    /// A version of a subject.
    pub fn schema(subject: &str, version: i32) -> Self {
        Self::Schema {
            subject: subject.to_owned(),
            version,
            magic: 1,
        }
    }

    /// The level of a subject or of all.
    pub fn config(subject: Option<&str>) -> Self {
        Self::Config {
            subject: subject.map(str::to_owned),
            magic: 0,
        }
    }

    /// The mode of a subject or of all.
    pub fn mode(subject: Option<&str>) -> Self {
        Self::Mode {
            subject: subject.map(str::to_owned),
            magic: 0,
        }
    }

    /// A deleted subject.
    pub fn delete_subject(subject: &str) -> Self {
        Self::DeleteSubject {
            subject: subject.to_owned(),
            magic: 0,
        }
    }
}
