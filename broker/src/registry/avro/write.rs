//! A schema as text: always the same for the same schema, in the order in which Avro's Java library
//! writes, so that what clients registered with either is one schema.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Field, Form, Named, Props, Schema, Type, namespace, short};

/// How names are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// Without the namespace that is in force where they stand.
    Relative,
    /// Whole, wherever they stand.
    Full,
}

impl Schema {
    /// The text.
    pub fn text(&self, names: Names) -> String {
        let mut writer = Writer {
            schema: self,
            names,
            written: BTreeSet::new(),
            text: String::new(),
        };
        writer.kind(&self.root, "");
        writer.text
    }
}

struct Writer<'a> {
    schema: &'a Schema,
    names: Names,
    written: BTreeSet<&'a str>,
    text: String,
}

impl<'a> Writer<'a> {
    fn kind(&mut self, kind: &'a Type, space: &str) {
        match kind {
            Type::Primitive(primitive, props) if props.is_empty() => self.quoted(primitive.name()),
            Type::Primitive(primitive, props) => {
                self.text.push_str("{\"type\":");
                self.quoted(primitive.name());
                self.close(props);
            }
            Type::Array(items, props) => {
                self.text.push_str("{\"type\":\"array\",\"items\":");
                self.kind(items, space);
                self.close(props);
            }
            Type::Map(values, props) => {
                self.text.push_str("{\"type\":\"map\",\"values\":");
                self.kind(values, space);
                self.close(props);
            }
            Type::Union(branches) => {
                self.text.push('[');
                for (at, branch) in branches.iter().enumerate() {
                    self.comma(at);
                    self.kind(branch, space);
                }
                self.text.push(']');
            }
            Type::Named(name) => match self.schema.named.get(name) {
                Some(named) if !named.is_foreign && self.written.insert(name) => {
                    self.definition(name, named, space);
                }
                _ => self.name(name, space),
            },
        }
    }

    /// Before every part but the first.
    fn comma(&mut self, at: usize) {
        if at > 0 {
            self.text.push(',');
        }
    }

    fn name(&mut self, full: &str, space: &str) {
        let own = self.names == Names::Relative && namespace(full) == space;
        self.quoted(if own { short(full) } else { full });
    }

    fn definition(&mut self, full: &str, named: &'a Named, space: &str) {
        let kind = match &named.form {
            Form::Record { is_error: true, .. } => "error",
            Form::Record { .. } => "record",
            Form::Enum { .. } => "enum",
            Form::Fixed(_) => "fixed",
        };
        self.text.push_str("{\"type\":");
        self.quoted(kind);
        self.text.push_str(",\"name\":");
        let inner = namespace(full);
        match self.names {
            Names::Full => self.quoted(full),
            Names::Relative => {
                self.quoted(short(full));
                if inner != space {
                    self.pair("namespace", &Value::from(inner));
                }
            }
        }
        if let Some(doc) = &named.doc {
            self.pair("doc", &Value::from(doc.as_str()));
        }
        match &named.form {
            Form::Record { fields, .. } => {
                self.text.push_str(",\"fields\":[");
                for (at, field) in fields.iter().enumerate() {
                    self.comma(at);
                    self.field(field, inner);
                }
                self.text.push(']');
            }
            Form::Enum { symbols, default } => {
                self.pair("symbols", &Value::from(symbols.as_slice()));
                if let Some(default) = default {
                    self.pair("default", &Value::from(default.as_str()));
                }
            }
            Form::Fixed(size) => self.pair("size", &Value::from(*size)),
        }
        self.aliases(&named.aliases, inner);
        self.close(&named.props);
    }

    fn field(&mut self, field: &'a Field, space: &str) {
        self.text.push_str("{\"name\":");
        self.quoted(&field.name);
        self.text.push_str(",\"type\":");
        self.kind(&field.kind, space);
        let texts = [("doc", &field.doc), ("order", &field.order)];
        for (key, text) in texts {
            if key == "order"
                && let Some(default) = &field.default
            {
                self.pair("default", default);
            }
            if let Some(text) = text {
                self.pair(key, &Value::from(text.as_str()));
            }
        }
        if !field.aliases.is_empty() {
            self.pair("aliases", &Value::from(field.aliases.as_slice()));
        }
        self.close(&field.props);
    }

    fn aliases(&mut self, aliases: &[String], space: &str) {
        if aliases.is_empty() {
            return;
        }
        let relative = self.names == Names::Relative;
        let written = aliases.iter().map(|alias| {
            let own = relative && namespace(alias) == space;
            if own { short(alias) } else { alias }
        });
        self.pair("aliases", &written.collect::<Vec<_>>().into());
    }

    /// The attributes that are left, and the end of the object.
    fn close(&mut self, props: &Props) {
        for (key, value) in props {
            self.pair(key, value);
        }
        self.text.push('}');
    }

    fn pair(&mut self, key: &str, value: &Value) {
        self.text.push(',');
        self.quoted(key);
        self.text.push(':');
        self.text.push_str(&value.to_string());
    }

    fn quoted(&mut self, text: &str) {
        self.text.push_str(&Value::from(text).to_string());
    }
}
