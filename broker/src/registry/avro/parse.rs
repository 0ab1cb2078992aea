//! From JSON to a schema: names resolved, everything checked that Avro demands. The error names the
//! part that is wrong.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Field, Form, Named, Primitive, Props, Schema, Type, defaults, namespace};

const TYPE_KEYS: [&str; 10] = [
    "type",
    "name",
    "namespace",
    "doc",
    "fields",
    "items",
    "values",
    "size",
    "symbols",
    "aliases",
];
const FIELD_KEYS: [&str; 6] = ["name", "type", "doc", "default", "order", "aliases"];

/// Whether defaults must fit their fields: not asked of schemas that are registered already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defaults {
    /// They must.
    Checked,
    /// They are as they are.
    Taken,
}

/// Reads a schema. `known` are the named types of the schemas that it refers to.
pub fn parse(
    text: &str,
    known: BTreeMap<String, Named>,
    defaults: Defaults,
) -> Result<Schema, String> {
    // A primitive may stand there as a bare word, as Java's parser takes it.
    let value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(_) if Primitive::named(text.trim()).is_some() => Value::from(text.trim()),
        Err(error) => return Err(error.to_string()),
    };
    let mut parser = Parser {
        named: known,
        begun: BTreeSet::new(),
    };
    let root = parser.read(&value, "")?;
    let schema = Schema {
        root,
        named: parser.named,
    };
    if defaults == Defaults::Checked {
        defaults::check(&schema)?;
    }
    Ok(schema)
}

struct Parser {
    named: BTreeMap<String, Named>,
    /// Names whose definition is being read: they may be used inside it.
    begun: BTreeSet<String>,
}

impl Parser {
    fn read(&mut self, value: &Value, space: &str) -> Result<Type, String> {
        match value {
            Value::String(name) => self.reference(name, space),
            Value::Array(branches) => self.union(branches, space),
            Value::Object(map) => self.object(map, space),
            other => Err(format!("no schema: {other}")),
        }
    }

    fn reference(&self, name: &str, space: &str) -> Result<Type, String> {
        if let Some(primitive) = Primitive::named(name) {
            return Ok(Type::Primitive(primitive, Props::new()));
        }
        let full = full_name(name, None, space);
        let known = |full: &String| self.named.contains_key(full) || self.begun.contains(full);
        // A name without a dot may also be one of no namespace.
        let found = [full, name.to_owned()].into_iter().find(known);
        found
            .map(Type::Named)
            .ok_or_else(|| format!("undefined name: \"{name}\""))
    }

    fn union(&mut self, branches: &[Value], space: &str) -> Result<Type, String> {
        let mut types = Vec::with_capacity(branches.len());
        let mut seen = BTreeSet::new();
        for branch in branches {
            let kind = self.read(branch, space)?;
            let name = match &kind {
                Type::Union(_) => return Err("a union directly inside a union".to_owned()),
                Type::Primitive(primitive, _) => primitive.name().to_owned(),
                Type::Array(..) => "array".to_owned(),
                Type::Map(..) => "map".to_owned(),
                Type::Named(name) => name.clone(),
            };
            if !seen.insert(name.clone()) {
                return Err(format!("\"{name}\" twice in a union"));
            }
            types.push(kind);
        }
        Ok(Type::Union(types))
    }

    fn object(&mut self, map: &Map<String, Value>, space: &str) -> Result<Type, String> {
        let kind = map.get("type").ok_or("a schema without \"type\"")?;
        let Value::String(kind) = kind else {
            return self.read(kind, space);
        };
        let part = |key: &str| {
            let part = map.get(key);
            part.ok_or_else(|| format!("\"{kind}\" without \"{key}\""))
        };
        let props = || others(map, &TYPE_KEYS);
        if let Some(primitive) = Primitive::named(kind) {
            return Ok(Type::Primitive(primitive, props()));
        }
        match kind.as_str() {
            "array" => Ok(Type::Array(
                Box::new(self.read(part("items")?, space)?),
                props(),
            )),
            "map" => Ok(Type::Map(
                Box::new(self.read(part("values")?, space)?),
                props(),
            )),
            "record" | "error" | "enum" | "fixed" => self.definition(kind, map, space),
            name => self.reference(name, space),
        }
    }

    fn definition(
        &mut self,
        kind: &str,
        map: &Map<String, Value>,
        space: &str,
    ) -> Result<Type, String> {
        let name = text(map, "name")?.ok_or_else(|| format!("\"{kind}\" without \"name\""))?;
        let full = full_name(name, text(map, "namespace")?, space);
        if !full.split('.').all(is_name) {
            return Err(format!("illegal name: \"{full}\""));
        }
        if Primitive::named(&full).is_some() {
            return Err(format!("\"{full}\" is the name of a primitive type"));
        }
        if self.named.contains_key(&full) || !self.begun.insert(full.clone()) {
            return Err(format!("\"{full}\" is defined twice"));
        }
        let inner = namespace(&full).to_owned();
        let form = match kind {
            "enum" => symbols(map, &full)?,
            "fixed" => Form::Fixed(size(map, &full)?),
            _ => Form::Record {
                fields: self.fields(map, &full, &inner)?,
                is_error: kind == "error",
            },
        };
        let mut props = others(map, &TYPE_KEYS);
        if kind == "enum" {
            props.remove("default");
        }
        let aliases = names(map, "aliases")?.into_iter();
        let named = Named {
            form,
            doc: text(map, "doc")?.map(str::to_owned),
            aliases: aliases
                .map(|alias| full_name(&alias, None, &inner))
                .collect(),
            props,
            is_foreign: false,
        };
        self.begun.remove(&full);
        self.named.insert(full.clone(), named);
        Ok(Type::Named(full))
    }

    fn fields(
        &mut self,
        map: &Map<String, Value>,
        record: &str,
        space: &str,
    ) -> Result<Vec<Field>, String> {
        let Some(Value::Array(all)) = map.get("fields") else {
            return Err(format!("record \"{record}\" without \"fields\""));
        };
        let mut fields: Vec<Field> = Vec::with_capacity(all.len());
        let mut seen = BTreeSet::new();
        for field in all {
            let Value::Object(map) = field else {
                return Err(format!("a field of \"{record}\" is no object: {field}"));
            };
            let name = text(map, "name")?;
            let name = name.ok_or_else(|| format!("a field of \"{record}\" without \"name\""))?;
            if !is_name(name) {
                return Err(format!(
                    "illegal name of a field of \"{record}\": \"{name}\""
                ));
            }
            if !seen.insert(name.to_owned()) {
                return Err(format!("record \"{record}\" has field \"{name}\" twice"));
            }
            let kind = map.get("type");
            let kind = kind.ok_or_else(|| format!("field \"{record}.{name}\" without \"type\""))?;
            let order = text(map, "order")?.map(str::to_ascii_lowercase);
            let orders = ["ascending", "descending", "ignore"];
            if let Some(order) = order.as_deref().filter(|order| !orders.contains(order)) {
                return Err(format!("field \"{record}.{name}\": no order: \"{order}\""));
            }
            fields.push(Field {
                name: name.to_owned(),
                kind: self.read(kind, space)?,
                doc: text(map, "doc")?.map(str::to_owned),
                default: map.get("default").cloned(),
                order: order.filter(|order| order != "ascending"),
                aliases: names(map, "aliases")?,
                props: others(map, &FIELD_KEYS),
            });
        }
        Ok(fields)
    }
}

fn symbols(map: &Map<String, Value>, full: &str) -> Result<Form, String> {
    if !map.contains_key("symbols") {
        return Err(format!("enum \"{full}\" without \"symbols\""));
    }
    let symbols = names(map, "symbols")?;
    let mut seen = BTreeSet::new();
    for symbol in &symbols {
        if !is_name(symbol) {
            return Err(format!("enum \"{full}\": illegal symbol \"{symbol}\""));
        }
        if !seen.insert(symbol) {
            return Err(format!("enum \"{full}\" has symbol \"{symbol}\" twice"));
        }
    }
    let default = text(map, "default")?.map(str::to_owned);
    if let Some(default) = default.as_ref().filter(|default| !seen.contains(default)) {
        return Err(format!(
            "enum \"{full}\": its default \"{default}\" is no symbol of it"
        ));
    }
    Ok(Form::Enum { symbols, default })
}

fn size(map: &Map<String, Value>, full: &str) -> Result<u64, String> {
    let size = map.get("size").and_then(Value::as_u64);
    size.ok_or_else(|| format!("fixed \"{full}\" without a \"size\""))
}

fn full_name(name: &str, space: Option<&str>, enclosing: &str) -> String {
    if name.contains('.') {
        return name.trim_start_matches('.').to_owned();
    }
    match space.unwrap_or(enclosing) {
        "" => name.to_owned(),
        space => format!("{space}.{name}"),
    }
}

fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    let first = letters.next();
    first.is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

fn text<'a>(map: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>, String> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(format!("\"{key}\" is no text: {other}")),
    }
}

fn names(map: &Map<String, Value>, key: &str) -> Result<Vec<String>, String> {
    let all = match map.get(key) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(all)) => all.iter(),
        Some(other) => return Err(format!("\"{key}\" is no list: {other}")),
    };
    let texts = all.map(|one| one.as_str().map(str::to_owned));
    let texts: Option<Vec<String>> = texts.collect();
    texts.ok_or_else(|| format!("\"{key}\" has what is no text"))
}

fn others(map: &Map<String, Value>, known: &[&str]) -> Props {
    let others = map.iter().filter(|(key, _)| !known.contains(&key.as_str()));
    others
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
