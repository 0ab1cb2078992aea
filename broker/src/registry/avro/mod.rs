//! Avro schemas: read, checked, written in one form, and compared by who can read whose data. Pure and
//! bounded: nesting is bounded by the JSON reader, work by a budget.

mod compat;
mod defaults;
mod parse;
mod write;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub use compat::unreadable;
pub use parse::{Defaults, parse};
pub use write::Names;

/// Attributes that mean nothing to Avro itself.
pub type Props = Map<String, Value>;

/// A type without a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Primitive {
    /// `null`.
    Null,
    /// `boolean`.
    Boolean,
    /// `int`.
    Int,
    /// `long`.
    Long,
    /// `float`.
    Float,
    /// `double`.
    Double,
    /// `bytes`.
    Bytes,
    /// `string`.
    String,
}

impl Primitive {
    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "null" => Self::Null,
            "boolean" => Self::Boolean,
            "int" => Self::Int,
            "long" => Self::Long,
            "float" => Self::Float,
            "double" => Self::Double,
            "bytes" => Self::Bytes,
            "string" => Self::String,
            _ => return None,
        })
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Bytes => "bytes",
            Self::String => "string",
        }
    }
}

/// A type as it stands in a schema.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// One without parts.
    Primitive(Primitive, Props),
    /// An array of a type.
    Array(Box<Type>, Props),
    /// A map from strings to a type.
    Map(Box<Type>, Props),
    /// One of several.
    Union(Vec<Type>),
    /// A record, an enum or a fixed, by its full name.
    Named(String),
}

/// A field of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Type,
    /// What people read.
    pub doc: Option<String>,
    /// What a reader takes where the writer had no such field.
    pub default: Option<Value>,
    /// How it sorts; `ascending` is not written.
    pub order: Option<String>,
    /// Other names.
    pub aliases: Vec<String>,
    /// Anything else.
    pub props: Props,
}

/// What a named type is.
#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    /// A record, or an error.
    Record {
        /// Its fields in order.
        fields: Vec<Field>,
        /// An error of a protocol.
        is_error: bool,
    },
    /// An enum.
    Enum {
        /// Its symbols.
        symbols: Vec<String>,
        /// What a reader takes for a symbol it does not know.
        default: Option<String>,
    },
    /// So many bytes.
    Fixed(u64),
}

/// A type with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// What it is.
    pub form: Form,
    /// What people read.
    pub doc: Option<String>,
    /// Other full names.
    pub aliases: Vec<String>,
    /// Anything else.
    pub props: Props,
    /// Defined by a schema that this one refers to.
    pub is_foreign: bool,
}

/// A whole schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// What data of it are.
    pub root: Type,
    /// Every named type, by full name.
    pub named: BTreeMap<String, Named>,
}

/// The part of a full name behind its last dot.
fn short(full: &str) -> &str {
    full.rsplit_once('.').map_or(full, |(_, short)| short)
}

/// The part of a full name before its last dot.
fn namespace(full: &str) -> &str {
    full.rsplit_once('.').map_or("", |(space, _)| space)
}
