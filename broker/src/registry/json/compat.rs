//! Whether every document that one schema takes is taken by another. What cannot be told is told as a
//! difference: a registry refuses rather than lets through.

use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::{Node, Schema};

/// Pairs of schemas that are compared before a comparison is given up.
const BUDGET: u32 = 100_000;
/// How deep that goes: references may lead far deeper than the text is nested.
const DEPTH: u32 = 100;

static ANYTHING: Value = Value::Bool(true);
/// A schema that says nothing takes anything.
static NOTHING_SAID: LazyLock<Fields> = LazyLock::new(Fields::new);

const TYPES: [&str; 7] = [
    "array", "boolean", "integer", "null", "number", "object", "string",
];

/// Keywords that are either the same on both sides, or the reader has none.
const SAME: [&str; 11] = [
    "pattern",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedProperties",
];
/// Upper and lower bounds, with the type that they are about.
const UPPER: [(&str, &str); 5] = [
    ("maximum", "number"),
    ("exclusiveMaximum", "number"),
    ("maxLength", "string"),
    ("maxItems", "array"),
    ("maxProperties", "object"),
];
const LOWER: [(&str, &str); 5] = [
    ("minimum", "number"),
    ("exclusiveMinimum", "number"),
    ("minLength", "string"),
    ("minItems", "array"),
    ("minProperties", "object"),
];

/// Everything that keeps `reader` from taking what `writer` takes; empty where it does.
pub fn unreadable(reader: &Schema, writer: &Schema) -> Vec<String> {
    let mut check = Check {
        reader,
        writer,
        begun: HashSet::new(),
        found: Vec::new(),
        left: BUDGET,
        depth: 0,
    };
    check.takes(reader.root(), writer.root(), "#");
    check.found
}

struct Check<'a> {
    reader: &'a Schema,
    writer: &'a Schema,
    /// Pairs that are being compared further out.
    begun: HashSet<(*const Value, *const Value)>,
    found: Vec<String>,
    left: u32,
    depth: u32,
}

type Fields = Map<String, Value>;
/// What a schema says of the properties that it does not name.
type Rest<'a> = fn(&'a Fields) -> &'a Value;

impl<'a> Check<'a> {
    fn fails(&mut self, what: &str, at: &str) -> bool {
        self.found.push(format!("{what} at {at}"));
        false
    }

    /// Whether it holds, without a word about why not.
    fn silently(&mut self, holds: impl FnOnce(&mut Self) -> bool) -> bool {
        let before = self.found.len();
        let held = holds(self);
        self.found.truncate(before);
        held
    }

    fn takes(&mut self, reader: Node<'a>, writer: Node<'a>, at: &str) -> bool {
        if self.left == 0 || self.depth == DEPTH {
            return self.fails("TOO_LARGE", at);
        }
        let both = (self.reader.resolved(reader), self.writer.resolved(writer));
        let (Some(reader), Some(writer)) = both else {
            return self.fails("REFERENCE_UNRESOLVED", at);
        };
        let pair = (
            std::ptr::from_ref(reader.value),
            std::ptr::from_ref(writer.value),
        );
        if !self.begun.insert(pair) {
            return true;
        }
        self.left -= 1;
        self.depth += 1;
        let takes = self.takes_resolved(reader, writer, at);
        self.depth -= 1;
        self.begun.remove(&pair);
        takes
    }

    fn takes_resolved(&mut self, reader: Node<'a>, writer: Node<'a>, at: &str) -> bool {
        let (of_reader, of_writer) = match (reader.value, writer.value) {
            (Value::Bool(true), _) | (_, Value::Bool(false)) => return true,
            (Value::Bool(false), _) => return self.fails("SCHEMA_CLOSED", at),
            (Value::Object(of_reader), Value::Object(of_writer)) => (of_reader, of_writer),
            (Value::Object(of_reader), Value::Bool(true)) => (of_reader, &*NOTHING_SAID),
            _ => return self.fails("NO_SCHEMA", at),
        };
        if let Some(branches) = alternatives(of_writer) {
            let bare = self
                .silently(|check| check.takes_bare((reader, of_reader), (writer, of_writer), at));
            if bare {
                return true;
            }
            let mut all = true;
            for branch in branches {
                all &= self.takes(reader, of(writer, branch), at);
            }
            return all;
        }
        self.takes_bare((reader, of_reader), (writer, of_writer), at)
    }

    /// The same without the writer's alternatives.
    fn takes_bare(
        &mut self,
        reader: (Node<'a>, &'a Fields),
        writer: (Node<'a>, &'a Fields),
        at: &str,
    ) -> bool {
        if let Some(Value::Array(parts)) = writer.1.get("allOf") {
            // What any part promises holds for the whole.
            let own = self.silently(|check| check.keywords(reader, writer, at));
            let mut parts = parts.iter();
            return own
                || parts.any(|part| {
                    self.silently(|check| check.takes(reader.0, of(writer.0, part), at))
                })
                || self.keywords(reader, writer, at);
        }
        self.keywords(reader, writer, at)
    }

    fn keywords(
        &mut self,
        (reader, of_reader): (Node<'a>, &'a Fields),
        (writer, of_writer): (Node<'a>, &'a Fields),
        at: &str,
    ) -> bool {
        let types = types(of_writer);
        let mut holds = self.combined((reader, of_reader), writer, at);
        holds &= self.kinds(of_reader, of_writer, &types, at);
        holds &= self.bounds(of_reader, of_writer, &types, at);
        for key in SAME {
            let own = of_reader.get(key);
            if own.is_some() && own != of_writer.get(key) {
                holds &= self.fails(&format!("{}_CHANGED", key.to_ascii_uppercase()), at);
            }
        }
        if types.contains("array") {
            holds &= self.items((reader, of_reader), (writer, of_writer), at);
        }
        if types.contains("object") {
            holds &= self.properties((reader, of_reader), (writer, of_writer), at);
            holds &= self.required(of_reader, of_writer, at);
        }
        holds
    }

    /// What the reader puts together: all of it, or one of it.
    fn combined(
        &mut self,
        (reader, of_reader): (Node<'a>, &'a Fields),
        writer: Node<'a>,
        at: &str,
    ) -> bool {
        let mut holds = true;
        for part in list(of_reader, "allOf") {
            holds &= self.takes(of(reader, part), writer, at);
        }
        for key in ["anyOf", "oneOf"] {
            let mut branches = list(of_reader, key).peekable();
            if branches.peek().is_none() {
                continue;
            }
            let any = branches
                .any(|part| self.silently(|check| check.takes(of(reader, part), writer, at)));
            if !any {
                holds &= self.fails("COMBINED_TYPE_SUBSCHEMAS_CHANGED", at);
            }
        }
        holds
    }

    fn kinds(
        &mut self,
        of_reader: &Fields,
        of_writer: &Fields,
        types: &BTreeSet<&str>,
        at: &str,
    ) -> bool {
        let mut holds = true;
        let mine = self::types(of_reader);
        let takes =
            |kind: &&str| mine.contains(kind) || (*kind == "integer" && mine.contains("number"));
        if !types.iter().all(takes) {
            holds &= self.fails("TYPE_NARROWED", at);
        }
        let (own, others) = (values(of_reader), values(of_writer));
        match (own, others) {
            (None, _) => {}
            (Some(own), Some(others)) if others.iter().all(|value| own.contains(value)) => {}
            _ => holds &= self.fails("ENUM_ARRAY_NARROWED", at),
        }
        if let Some(own) = number(of_reader, "multipleOf") {
            let other = number(of_writer, "multipleOf");
            let about = types.contains("number") || types.contains("integer");
            if about && !other.is_some_and(|other| (other / own).fract() == 0.0) {
                holds &= self.fails("MULTIPLE_OF_CHANGED", at);
            }
        }
        let unique = |fields: &Fields| fields.get("uniqueItems") == Some(&Value::Bool(true));
        if unique(of_reader) && !unique(of_writer) && types.contains("array") {
            holds &= self.fails("UNIQUE_ITEMS_ADDED", at);
        }
        holds
    }

    fn bounds(
        &mut self,
        of_reader: &Fields,
        of_writer: &Fields,
        types: &BTreeSet<&str>,
        at: &str,
    ) -> bool {
        let mut holds = true;
        let upper = UPPER.iter().map(|bound| (bound, 1.0));
        for ((key, kind), sign) in upper.chain(LOWER.iter().map(|bound| (bound, -1.0))) {
            let about = types.contains(kind) || (*kind == "number" && types.contains("integer"));
            let (Some(own), true) = (number(of_reader, key), about) else {
                continue;
            };
            let other = number(of_writer, key);
            if !other.is_some_and(|other| other * sign <= own * sign) {
                holds &= self.fails(&format!("{}_NARROWED", key.to_ascii_uppercase()), at);
            }
        }
        holds
    }

    fn items(
        &mut self,
        (reader, of_reader): (Node<'a>, &'a Fields),
        (writer, of_writer): (Node<'a>, &'a Fields),
        at: &str,
    ) -> bool {
        let (own, own_rest) = tuple(of_reader);
        let (other, other_rest) = tuple(of_writer);
        let mut holds = true;
        for index in 0..own.len().max(other.len()) {
            let own = own.get(index).unwrap_or(own_rest);
            let other = other.get(index).unwrap_or(other_rest);
            let place = format!("{at}/items/{index}");
            holds &= self.takes(of(reader, own), of(writer, other), &place);
        }
        holds
            & self.takes(
                of(reader, own_rest),
                of(writer, other_rest),
                &format!("{at}/items"),
            )
    }

    fn properties(
        &mut self,
        (reader, of_reader): (Node<'a>, &'a Fields),
        (writer, of_writer): (Node<'a>, &'a Fields),
        at: &str,
    ) -> bool {
        let mut holds = true;
        let anything: Rest<'a> = |_| &ANYTHING;
        let keys: [(_, Rest<'a>); 2] =
            [("properties", additional), ("patternProperties", anything)];
        for (key, others) in keys {
            let (own, other) = (fields(of_reader, key), fields(of_writer, key));
            let names: BTreeSet<&String> = own
                .into_iter()
                .chain(other)
                .flatten()
                .map(|(name, _)| name)
                .collect();
            for name in names {
                let mine = part(own, name, others(of_reader));
                let theirs = part(other, name, others(of_writer));
                let place = format!("{at}/{key}/{name}");
                holds &= self.property((reader, mine), (writer, theirs), &place);
            }
        }
        let place = format!("{at}/additionalProperties");
        let (mine, theirs) = (additional(of_reader), additional(of_writer));
        holds & self.takes(of(reader, mine), of(writer, theirs), &place)
    }

    /// A property of either side, and whether that side names it.
    fn property(
        &mut self,
        (reader, mine): (Node<'a>, Part<'a>),
        (writer, theirs): (Node<'a>, Part<'a>),
        at: &str,
    ) -> bool {
        let before = self.found.len();
        if self.takes(of(reader, mine.value), of(writer, theirs.value), at) {
            return true;
        }
        let why = match (mine.is_named, theirs.is_named) {
            (true, false) => "PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL",
            (false, _) => "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL",
            (true, true) => return false,
        };
        self.found.truncate(before);
        self.fails(why, at)
    }

    fn required(&mut self, of_reader: &Fields, of_writer: &Fields, at: &str) -> bool {
        let written: BTreeSet<&str> = texts(of_writer, "required").collect();
        let mut holds = true;
        for name in texts(of_reader, "required") {
            let own = fields(of_reader, "properties").and_then(|all| all.get(name));
            let has_default = own.is_some_and(|own| own.get("default").is_some());
            if !written.contains(name) && !has_default {
                let place = format!("{at}/properties/{name}");
                holds &= self.fails("REQUIRED_ATTRIBUTE_ADDED", &place);
            }
        }
        holds
    }
}

/// What one side says of a property.
#[derive(Clone, Copy)]
struct Part<'a> {
    value: &'a Value,
    is_named: bool,
}

fn part<'a>(own: Option<&'a Fields>, name: &str, others: &'a Value) -> Part<'a> {
    let named = own.and_then(|own| own.get(name));
    Part {
        value: named.unwrap_or(others),
        is_named: named.is_some(),
    }
}

fn of<'a>(node: Node<'a>, value: &'a Value) -> Node<'a> {
    Node { value, ..node }
}

fn list<'a>(map: &'a Fields, key: &str) -> impl Iterator<Item = &'a Value> {
    map.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn texts<'a>(map: &'a Fields, key: &str) -> impl Iterator<Item = &'a str> {
    list(map, key).filter_map(Value::as_str)
}

fn fields<'a>(map: &'a Fields, key: &str) -> Option<&'a Fields> {
    map.get(key).and_then(Value::as_object)
}

fn number(map: &Fields, key: &str) -> Option<f64> {
    map.get(key).and_then(Value::as_f64)
}

/// The branches of which a document has to take one.
fn alternatives(map: &Fields) -> Option<&Vec<Value>> {
    let both = ["anyOf", "oneOf"].iter();
    both.filter_map(|key| map.get(*key))
        .find_map(Value::as_array)
}

/// The values that alone are taken, where they are listed.
fn values(map: &Fields) -> Option<Vec<&Value>> {
    match (map.get("const"), map.get("enum")) {
        (Some(one), _) => Some(vec![one]),
        (None, Some(Value::Array(all))) => Some(all.iter().collect()),
        _ => None,
    }
}

/// The types that documents may have: those named, else those of the values listed, else all.
fn types(map: &Fields) -> BTreeSet<&str> {
    let named = |value: &'_ Value| match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    match (map.get("type"), values(map)) {
        (Some(Value::String(one)), _) => std::iter::once(one.as_str()).collect(),
        (Some(Value::Array(all)), _) => all.iter().filter_map(Value::as_str).collect(),
        (_, Some(values)) => values.into_iter().map(named).collect(),
        _ => TYPES.into_iter().collect(),
    }
}

fn additional(map: &Fields) -> &Value {
    map.get("additionalProperties").unwrap_or(&ANYTHING)
}

/// The items with a place of their own, and what all further ones are.
fn tuple(map: &Fields) -> (&[Value], &Value) {
    let rest = |key: &str| map.get(key).unwrap_or(&ANYTHING);
    match (map.get("prefixItems"), map.get("items")) {
        (Some(Value::Array(first)), _) => (first, rest("items")),
        (_, Some(Value::Array(first))) => (first, rest("additionalItems")),
        _ => (&[], rest("items")),
    }
}
