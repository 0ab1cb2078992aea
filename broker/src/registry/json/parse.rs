//! From text to a schema: keywords of the right kind, references that lead somewhere.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Node, Schema};

const TYPES: [&str; 7] = [
    "array", "boolean", "integer", "null", "number", "object", "string",
];
/// Keywords that hold schemas by name, one schema, and a list of schemas.
const BY_NAME: [&str; 5] = [
    "properties",
    "patternProperties",
    "definitions",
    "$defs",
    "dependentSchemas",
];
const SINGLE: [&str; 11] = [
    "additionalProperties",
    "additionalItems",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
];
const LISTS: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];
const COUNTS: [&str; 6] = [
    "maxLength",
    "minLength",
    "maxItems",
    "minItems",
    "maxProperties",
    "minProperties",
];

/// Reads a schema. `others` are the documents that it may refer to.
pub fn parse(text: &str, others: BTreeMap<String, Value>) -> Result<Schema, String> {
    let root: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let schema = Schema {
        text: without_space(text),
        root,
        others,
    };
    check(&schema, schema.root(), "")?;
    Ok(schema)
}

/// The same JSON without white space between its parts; keys stay in their order.
fn without_space(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut in_text, mut escaped) = (false, false);
    for letter in text.chars() {
        if in_text {
            in_text = escaped || letter != '"';
            escaped = letter == '\\' && !escaped;
            out.push(letter);
        } else if !letter.is_ascii_whitespace() {
            in_text = letter == '"';
            out.push(letter);
        }
    }
    out
}

fn check(schema: &Schema, node: Node<'_>, at: &str) -> Result<(), String> {
    let map = match node.value {
        Value::Bool(_) => return Ok(()),
        Value::Object(map) => map,
        other => return Err(format!("at {at}/: no schema: {other}")),
    };
    keywords(map, at)?;
    if let Some(target) = map.get("$ref") {
        let target = target
            .as_str()
            .ok_or_else(|| format!("at {at}/$ref: no text"))?;
        let known = target.starts_with("http://json-schema.org/")
            || target.starts_with("https://json-schema.org/");
        if !known && schema.resolved(node).is_none() {
            return Err(format!("at {at}/$ref: \"{target}\" leads nowhere"));
        }
    }
    let inner = |value, place: String| {
        let document = node.document;
        check(schema, Node { document, value }, &place)
    };
    for key in BY_NAME {
        for (name, part) in map
            .get(key)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            inner(part, format!("{at}/{key}/{name}"))?;
        }
    }
    for key in SINGLE {
        if let Some(part) = map.get(key) {
            inner(part, format!("{at}/{key}"))?;
        }
    }
    for key in LISTS.into_iter().chain(["items"]) {
        match map.get(key) {
            Some(Value::Array(all)) => {
                for (index, part) in all.iter().enumerate() {
                    inner(part, format!("{at}/{key}/{index}"))?;
                }
            }
            Some(part) if key == "items" => inner(part, format!("{at}/{key}"))?,
            Some(_) => return Err(format!("at {at}/{key}: no list")),
            None => {}
        }
    }
    Ok(())
}

fn keywords(map: &Map<String, Value>, at: &str) -> Result<(), String> {
    let is_type = |value: &Value| value.as_str().is_some_and(|name| TYPES.contains(&name));
    let holds = |key: &str, right: &dyn Fn(&Value) -> bool| match map.get(key) {
        Some(value) if !right(value) => Err(format!("at {at}/{key}: it cannot be {value}")),
        _ => Ok(()),
    };
    holds("type", &|value| match value {
        Value::Array(all) => !all.is_empty() && all.iter().all(is_type),
        one => is_type(one),
    })?;
    for key in BY_NAME {
        holds(key, &Value::is_object)?;
    }
    for key in COUNTS {
        let whole = |value: &Value| value.as_f64().is_some_and(|n| n >= 0.0 && n.fract() == 0.0);
        holds(key, &whole)?;
    }
    for key in ["maximum", "minimum"] {
        holds(key, &Value::is_number)?;
    }
    for key in ["exclusiveMaximum", "exclusiveMinimum"] {
        holds(key, &|value| value.is_number() || value.is_boolean())?;
    }
    holds("multipleOf", &|value| {
        value.as_f64().is_some_and(|n| n > 0.0)
    })?;
    holds("pattern", &Value::is_string)?;
    holds("enum", &Value::is_array)?;
    holds("required", &|value| match value {
        Value::Array(all) => all.iter().all(Value::is_string),
        // As draft 3 has it, in each property.
        other => other.is_boolean(),
    })
}
