//! A file as a descriptor: base64 of the bytes of a `FileDescriptorProto`, as clients of languages
//! without a parser of their own ask for it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::decode::{
    ENUM_OPTIONS, FIELD_OPTIONS, FILE_OPTIONS, Known, MESSAGE_OPTIONS, VALUE_OPTIONS,
};
use super::names::{self, Meaning, Names, inside};
use super::{
    Enum, Extend, Field, Import, Kind, Label, Message, Method, Opt, Range, SCALARS, Schema,
    Service, Syntax,
};

/// The descriptor of a schema's file.
pub fn descriptor(schema: &Schema) -> String {
    let file = &schema.file;
    let names = names::all(schema);
    let encoder = Encoder {
        names: &names,
        syntax: file.syntax,
    };
    let mut out = Bytes::default();
    out.text(1, "default");
    if !file.package.is_empty() {
        out.text(2, &file.package);
    }
    for (name, _) in &file.imports {
        out.text(3, name);
    }
    for (number, wanted) in [(10, Import::Public), (11, Import::Weak)] {
        for (at, (_, kind)) in (0_u64..).zip(&file.imports) {
            if *kind == wanted {
                out.number(number, at);
            }
        }
    }
    for message in &file.messages {
        let full = inside(&file.package, &message.name);
        out.nested(4, &encoder.message(&full, message));
    }
    for one in &file.enums {
        out.nested(5, &enumeration(one));
    }
    for one in &file.services {
        out.nested(6, &encoder.service(&file.package, one));
    }
    encoder.extends(&mut out, 7, &file.package, &file.extends);
    out.options(8, &file.options, &FILE_OPTIONS);
    if file.syntax == Syntax::Proto3 {
        out.text(12, "proto3");
    }
    BASE64.encode(out.0)
}

#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn varint(&mut self, mut number: u64) {
        while number > 0x7f {
            self.0.push(u8::try_from(number & 0x7f).unwrap_or(0) | 0x80);
            number >>= 7;
        }
        self.0.push(u8::try_from(number).unwrap_or(0));
    }

    fn number(&mut self, field: u64, number: u64) {
        self.varint(field << 3);
        self.varint(number);
    }

    fn int(&mut self, field: u64, number: i32) {
        self.number(field, i64::from(number).cast_unsigned());
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, field: u64, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    fn nested(&mut self, field: u64, inner: &Self) {
        self.bytes(field, &inner.0);
    }

    fn options(&mut self, field: u64, options: &[Opt], known: &[Known]) {
        let mut inner = Self::default();
        for (number, name, is_switch) in known {
            let Some(option) = options.iter().find(|option| option.name == *name) else {
                continue;
            };
            if *is_switch {
                inner.number(*number, u64::from(option.value == "true"));
            } else {
                inner.text(*number, &bare(&option.value));
            }
        }
        if !inner.0.is_empty() {
            self.nested(field, &inner);
        }
    }

    fn ranges(&mut self, field: u64, ranges: &[Range], past: i32) {
        for (first, last) in ranges {
            let mut inner = Self::default();
            inner.int(1, *first);
            inner.int(2, last.saturating_add(past));
            self.nested(field, &inner);
        }
    }
}

/// A text without its quotes.
fn bare(value: &str) -> String {
    let mut inner = value.chars();
    let quote = inner.next();
    let mut text = String::new();
    let mut escaped = false;
    for letter in inner {
        match letter {
            'n' if escaped => text.push('\n'),
            letter if escaped => text.push(letter),
            '\\' => {
                escaped = true;
                continue;
            }
            letter if Some(letter) == quote => break,
            letter => text.push(letter),
        }
        escaped = false;
    }
    text
}

struct Encoder<'a> {
    names: &'a Names,
    syntax: Syntax,
}

impl Encoder<'_> {
    fn message(&self, full: &str, message: &Message) -> Bytes {
        let mut out = Bytes::default();
        out.text(1, &message.name);
        let mut oneofs: Vec<String> = message.oneofs.clone();
        let mut entries = Vec::new();
        for field in &message.fields {
            // What is optional in proto3 has a oneof for itself.
            let alone = self.syntax == Syntax::Proto3 && field.label == Label::Optional;
            let oneof = if alone {
                oneofs.push(format!("_{}", field.name));
                Some(oneofs.len() - 1)
            } else {
                field.oneof
            };
            if let Kind::Map(key, value) = &field.kind {
                entries.push(self.entry(full, field, key, value));
            }
            let mut encoded = self.field(full, field, oneof);
            if alone {
                encoded.number(17, 1);
            }
            out.nested(2, &encoded);
        }
        for inner in &message.messages {
            out.nested(3, &self.message(&inside(full, &inner.name), inner));
        }
        for entry in entries {
            out.nested(3, &entry);
        }
        for one in &message.enums {
            out.nested(4, &enumeration(one));
        }
        out.ranges(5, &message.extensions, 1);
        self.extends(&mut out, 6, full, &message.extends);
        out.options(7, &message.options, &MESSAGE_OPTIONS);
        for name in oneofs {
            let mut inner = Bytes::default();
            inner.text(1, &name);
            out.nested(8, &inner);
        }
        out.ranges(9, &message.reserved, 1);
        for name in &message.reserved_names {
            out.text(10, name);
        }
        out
    }

    /// The message that a map is on the wire.
    fn entry(&self, full: &str, field: &Field, key: &'static str, value: &Kind) -> Bytes {
        let part = |name: &str, number: i32, kind: Kind| Field {
            label: Label::Unsaid,
            kind,
            name: name.to_owned(),
            number,
            options: Vec::new(),
            oneof: None,
        };
        let mut out = Bytes::default();
        out.text(1, &entry_name(&field.name));
        out.nested(
            2,
            &self.field(full, &part("key", 1, Kind::Scalar(key)), None),
        );
        out.nested(2, &self.field(full, &part("value", 2, value.clone()), None));
        let mut options = Bytes::default();
        options.number(7, 1);
        out.nested(7, &options);
        out
    }

    fn field(&self, scope: &str, field: &Field, oneof: Option<usize>) -> Bytes {
        let mut out = Bytes::default();
        out.text(1, &field.name);
        out.int(3, field.number);
        let label = match (field.label, &field.kind) {
            (Label::Repeated, _) | (_, Kind::Map(..)) => 3,
            (Label::Required, _) => 2,
            (Label::Optional | Label::Unsaid, _) => 1,
        };
        out.number(4, label);
        match &field.kind {
            Kind::Scalar(name) => {
                let number = SCALARS.iter().find(|(known, _)| known == name);
                out.number(5, number.map_or(0, |(_, number)| *number));
            }
            Kind::Map(..) => {
                out.number(5, 11);
                out.text(6, &format!(".{scope}.{}", entry_name(&field.name)));
            }
            Kind::Group(name) => {
                out.number(5, 10);
                out.text(6, &format!(".{}", inside(scope, name)));
            }
            Kind::Named(name) => {
                let found = names::resolve(self.names, scope, name);
                let is_enum = matches!(found, Some((_, Meaning::Enum)));
                out.number(5, if is_enum { 14 } else { 11 });
                let full = found.map_or_else(|| name.clone(), |(full, _)| full);
                out.text(6, &format!(".{}", full.trim_start_matches('.')));
            }
        }
        if let Some(default) = field.options.iter().find(|opt| opt.name == "default") {
            let is_text = matches!(field.kind, Kind::Scalar("string" | "bytes"));
            let text = if is_text {
                bare(&default.value)
            } else {
                default.value.clone()
            };
            out.text(7, &text);
        }
        out.options(8, &field.options, &FIELD_OPTIONS);
        if let Some(at) = oneof {
            out.number(9, at as u64);
        }
        out
    }

    fn extends(&self, out: &mut Bytes, number: u64, scope: &str, extends: &[Extend]) {
        for extend in extends {
            let found = names::resolve(self.names, scope, &extend.of);
            let full = found.map_or_else(|| extend.of.clone(), |(full, _)| full);
            for field in &extend.fields {
                let mut encoded = self.field(scope, field, None);
                encoded.text(2, &format!(".{}", full.trim_start_matches('.')));
                out.nested(number, &encoded);
            }
        }
    }

    fn service(&self, scope: &str, service: &Service) -> Bytes {
        let mut out = Bytes::default();
        out.text(1, &service.name);
        for method in &service.methods {
            out.nested(2, &self.method(scope, method));
        }
        out
    }

    fn method(&self, scope: &str, method: &Method) -> Bytes {
        let mut out = Bytes::default();
        out.text(1, &method.name);
        for (at, (name, is_stream)) in [(2, &method.input), (3, &method.output)] {
            let found = names::resolve(self.names, scope, name);
            let full = found.map_or_else(|| name.clone(), |(full, _)| full);
            out.text(at, &format!(".{}", full.trim_start_matches('.')));
            if *is_stream {
                out.number(at + 3, 1);
            }
        }
        out
    }
}

/// `line_items` has entries `LineItemsEntry`.
fn entry_name(field: &str) -> String {
    let mut name = String::new();
    let mut upper = true;
    for letter in field.chars() {
        if letter == '_' {
            upper = true;
        } else {
            let letter = if upper {
                letter.to_ascii_uppercase()
            } else {
                letter
            };
            name.push(letter);
            upper = false;
        }
    }
    name + "Entry"
}

fn enumeration(one: &Enum) -> Bytes {
    let mut out = Bytes::default();
    out.text(1, &one.name);
    for value in &one.values {
        let mut inner = Bytes::default();
        inner.text(1, &value.name);
        inner.int(2, value.number);
        inner.options(3, &value.options, &VALUE_OPTIONS);
        out.nested(2, &inner);
    }
    out.options(3, &one.options, &ENUM_OPTIONS);
    out.ranges(4, &one.reserved, 0);
    for name in &one.reserved_names {
        out.text(5, name);
    }
    out
}
