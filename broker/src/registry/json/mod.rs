//! JSON Schema: read, checked, written without white space, and compared by whose documents the other
//! takes. Pure; nesting is bounded by the JSON reader, work by a budget.

mod compat;
mod parse;

use std::collections::BTreeMap;

use serde_json::Value;

pub use compat::unreadable;
pub use parse::parse;

/// A schema with the documents that it refers to.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// The text, without white space.
    pub text: String,
    /// The schema.
    pub root: Value,
    /// Other documents, by the names that they are referred to by.
    pub others: BTreeMap<String, Value>,
}

/// A place in one of a schema's documents.
#[derive(Debug, Clone, Copy)]
struct Node<'a> {
    /// Name of the document; empty for the schema itself.
    document: &'a str,
    value: &'a Value,
}

/// References that lead to references are followed so often.
const HOPS: usize = 64;

impl Schema {
    fn root(&self) -> Node<'_> {
        Node {
            document: "",
            value: &self.root,
        }
    }

    /// Follows `$ref`; `None` where it leads nowhere.
    fn resolved<'a>(&'a self, node: Node<'a>) -> Option<Node<'a>> {
        let mut at = node;
        for _ in 0..HOPS {
            let Some(Value::String(target)) = at.value.get("$ref") else {
                return Some(at);
            };
            at = self.target(at.document, target)?;
        }
        None
    }

    fn target<'a>(&'a self, from: &'a str, target: &str) -> Option<Node<'a>> {
        let (document, pointer) = target.split_once('#').unwrap_or((target, ""));
        let (name, value) = match document {
            "" if from.is_empty() => ("", &self.root),
            "" => (from, self.others.get(from)?),
            name if self.root.get("$id").and_then(Value::as_str) == Some(name) => ("", &self.root),
            name => {
                let (name, value) = self.others.get_key_value(name)?;
                (name.as_str(), value)
            }
        };
        let value = if pointer.is_empty() {
            Some(value)
        } else if pointer.starts_with('/') {
            value.pointer(pointer)
        } else {
            anchor(value, pointer)
        };
        Some(Node {
            document: name,
            value: value?,
        })
    }
}

/// The part of a document that an anchor names.
fn anchor<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let is_it = |key: &str, text: &str| value.get(key).and_then(Value::as_str) == Some(text);
    if is_it("$anchor", name)
        || is_it("$id", &format!("#{name}"))
        || is_it("id", &format!("#{name}"))
    {
        return Some(value);
    }
    match value {
        Value::Object(map) => map.values().find_map(|part| anchor(part, name)),
        Value::Array(all) => all.iter().find_map(|part| anchor(part, name)),
        _ => None,
    }
}
