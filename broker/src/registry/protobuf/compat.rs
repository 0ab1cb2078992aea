//! Whether a reader with one file reads the messages of another: by the numbers and the kinds of fields
//! on the wire. What may be added and removed freely is not told.

use std::collections::BTreeMap;

use super::names::{self, Meaning, Names, inside};
use super::{Field, Kind, Label, Message, Schema};

/// Everything that keeps `reader` from reading what `writer` wrote; empty where it can.
pub fn unreadable(reader: &Schema, writer: &Schema) -> Vec<String> {
    let mut check = Check {
        reader: names::all(reader),
        writer: names::all(writer),
        packages: (&reader.file.package, &writer.file.package),
        found: Vec::new(),
    };
    check.messages(
        (&reader.file.package, &reader.file.messages),
        (&writer.file.package, &writer.file.messages),
    );
    check.found
}

struct Check<'a> {
    reader: Names,
    writer: Names,
    packages: (&'a str, &'a str),
    found: Vec<String>,
}

/// Messages, and the full name of where they stand.
type Within<'a> = (&'a str, &'a [Message]);

impl Check<'_> {
    fn fails(&mut self, what: &str, at: &str) {
        self.found.push(format!("{what} at {at}"));
    }

    fn messages(&mut self, (scope, own): Within<'_>, (other_scope, others): Within<'_>) {
        for message in others {
            let full = inside(other_scope, &message.name);
            match own.iter().find(|one| one.name == message.name) {
                Some(one) => self.message((&inside(scope, &one.name), one), (&full, message)),
                None if is_entry(message) => {}
                None => self.fails("MESSAGE_REMOVED", &full),
            }
        }
    }

    fn message(&mut self, (full, own): (&str, &Message), (other_full, other): (&str, &Message)) {
        let by_number = |message: &'_ Message| -> BTreeMap<i32, Field> {
            let fields = message.fields.iter();
            fields.map(|field| (field.number, field.clone())).collect()
        };
        let (mine, theirs) = (by_number(own), by_number(other));
        for (number, field) in &mine {
            let place = format!("{full}.{}", field.name);
            match theirs.get(number) {
                Some(before) => self.field((full, field), (other_full, before), &place),
                None if field.label == Label::Required => {
                    self.fails("REQUIRED_FIELD_ADDED", &place);
                }
                None => {}
            }
        }
        for (number, field) in &theirs {
            if mine.contains_key(number) {
                continue;
            }
            let place = format!("{other_full}.{}", field.name);
            if field.label == Label::Required {
                self.fails("REQUIRED_FIELD_REMOVED", &place);
            }
            // A reader takes a oneof of which it does not know the field for an empty one.
            let kept = field.oneof.and_then(|at| other.oneofs.get(at));
            if kept.is_some_and(|name| own.oneofs.contains(name)) {
                self.fails("ONEOF_FIELD_REMOVED", &place);
            }
        }
        self.oneofs((full, own, &mine), (other, &theirs));
        self.messages((full, &own.messages), (other_full, &other.messages));
    }

    /// Fields that move into a oneof take each other's place there.
    fn oneofs(
        &mut self,
        (full, own, mine): (&str, &Message, &BTreeMap<i32, Field>),
        (other, theirs): (&Message, &BTreeMap<i32, Field>),
    ) {
        for (at, name) in own.oneofs.iter().enumerate() {
            let existed = other.oneofs.iter().position(|one| one == name);
            let parts = mine.values().filter(|field| field.oneof == Some(at));
            let moved = parts.filter(|field| {
                let before = theirs.get(&field.number);
                before.is_some_and(|before| before.oneof.is_none())
            });
            let place = format!("{full}.{name}");
            match (existed, moved.count()) {
                (_, 0) | (None, 1) => {}
                (None, _) => self.fails("MULTIPLE_FIELDS_MOVED_TO_ONEOF", &place),
                (Some(_), _) => self.fails("FIELD_MOVED_TO_EXISTING_ONEOF", &place),
            }
        }
    }

    fn field(&mut self, own: (&str, &Field), other: (&str, &Field), place: &str) {
        let (mine, theirs) = (own.1, other.1);
        if (mine.label == Label::Required) != (theirs.label == Label::Required) {
            let added = mine.label == Label::Required;
            let what = if added {
                "REQUIRED_FIELD_ADDED"
            } else {
                "REQUIRED_FIELD_REMOVED"
            };
            self.fails(what, place);
        }
        let kinds = (
            self::kind(&self.reader, own.0, &mine.kind),
            self::kind(&self.writer, other.0, &theirs.kind),
        );
        let repeated = |field: &Field| field.label == Label::Repeated;
        let is_text = |kind: &OnWire| *kind == OnWire::Scalar(Group::Text);
        let is_message = |kind: &OnWire| matches!(kind, OnWire::Message(_));
        if repeated(mine) != repeated(theirs) && !is_text(&kinds.0) && !is_message(&kinds.0) {
            self.fails("FIELD_NUMERIC_LABEL_CHANGED", place);
        }
        match kinds {
            (OnWire::Message(mine), OnWire::Message(theirs)) if self.same_name(&mine, &theirs) => {}
            (OnWire::Message(_), OnWire::Message(_)) => {
                self.fails("FIELD_NAMED_TYPE_CHANGED", place);
            }
            (OnWire::Map(key, value), OnWire::Map(other_key, other_value)) => {
                let same = match (&*value, &*other_value) {
                    (OnWire::Message(mine), OnWire::Message(theirs)) => {
                        self.same_name(mine, theirs)
                    }
                    (mine, theirs) => mine == theirs,
                };
                if key != other_key || !same {
                    self.fails("FIELD_KIND_CHANGED", place);
                }
            }
            (OnWire::Scalar(mine), OnWire::Scalar(theirs)) if mine != theirs => {
                self.fails("FIELD_SCALAR_KIND_CHANGED", place);
            }
            (mine, theirs) if mine != theirs => self.fails("FIELD_KIND_CHANGED", place),
            _ => {}
        }
    }

    /// The same type, whatever the packages of the two files.
    fn same_name(&self, mine: &str, theirs: &str) -> bool {
        let bare = |name: &str, package: &str| {
            let rest = name
                .strip_prefix(package)
                .and_then(|rest| rest.strip_prefix('.'));
            rest.map(str::to_owned)
        };
        mine == theirs || {
            let bare = (bare(mine, self.packages.0), bare(theirs, self.packages.1));
            bare.0.is_some() && bare.0 == bare.1
        }
    }
}

/// Scalars that are read as each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    /// Varints; enums too.
    Whole,
    /// Varints that go both ways from zero.
    Zigzag,
    Fixed32,
    Fixed64,
    Float,
    Double,
    Text,
}

/// What a field is on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
enum OnWire {
    Scalar(Group),
    Message(String),
    Map(Group, Box<OnWire>),
    Group(String),
    Unknown(String),
}

fn group(scalar: &str) -> Group {
    match scalar {
        "sint32" | "sint64" => Group::Zigzag,
        "fixed32" | "sfixed32" => Group::Fixed32,
        "fixed64" | "sfixed64" => Group::Fixed64,
        "float" => Group::Float,
        "double" => Group::Double,
        "string" | "bytes" => Group::Text,
        _ => Group::Whole,
    }
}

fn kind(names: &Names, scope: &str, kind: &Kind) -> OnWire {
    match kind {
        Kind::Scalar(name) => OnWire::Scalar(group(name)),
        Kind::Map(key, value) => OnWire::Map(group(key), Box::new(self::kind(names, scope, value))),
        Kind::Group(name) => OnWire::Group(name.clone()),
        Kind::Named(name) => match names::resolve(names, scope, name) {
            Some((_, Meaning::Enum)) => OnWire::Scalar(Group::Whole),
            Some((full, _)) => OnWire::Message(full),
            None => OnWire::Unknown(name.clone()),
        },
    }
}

/// What a map becomes in a descriptor.
fn is_entry(message: &Message) -> bool {
    let mut options = message.options.iter();
    options.any(|option| option.name == "map_entry" && option.value == "true")
}
