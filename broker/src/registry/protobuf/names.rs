//! What the names in a file stand for: resolved from the inside out, as Protobuf does, over the file and
//! its imports.

use std::collections::{BTreeMap, BTreeSet};

use super::{Enum, Field, File, Kind, Label, Message, Schema, Syntax};

/// What a full name stands for.
#[derive(Debug, Clone, Copy)]
pub enum Meaning {
    /// A message.
    Message,
    /// An enum.
    Enum,
    /// Something of a file that everybody has: it is not looked into.
    WellKnown,
}

/// Every type by its full name, without a dot before it.
pub type Names = BTreeMap<String, Meaning>;

/// What comes with every compiler, under this directory and package.
const WELL_KNOWN: [&str; 2] = ["google/protobuf/", "google/type/"];
const WELL_KNOWN_PACKAGES: [&str; 2] = ["google.protobuf.", "google.type."];
/// What Confluent's own serializers bring along.
const THEIRS: &str = "confluent/";

fn is_well_known(import: &str) -> bool {
    WELL_KNOWN.iter().any(|dir| import.starts_with(dir)) || import.starts_with(THEIRS)
}

/// All names of a schema.
pub fn all(schema: &Schema) -> Names {
    let mut names = Names::new();
    let others = schema.others.iter().map(|(_, file)| file);
    for file in others.chain([&schema.file]) {
        add(&mut names, &file.package, &file.messages, &file.enums);
    }
    names
}

/// The full name of something inside.
pub fn inside(scope: &str, name: &str) -> String {
    if scope.is_empty() {
        name.to_owned()
    } else {
        format!("{scope}.{name}")
    }
}

fn add(names: &mut Names, scope: &str, messages: &[Message], enums: &[Enum]) {
    for one in enums {
        names.insert(inside(scope, &one.name), Meaning::Enum);
    }
    for message in messages {
        let full = inside(scope, &message.name);
        add(names, &full, &message.messages, &message.enums);
        names.insert(full, Meaning::Message);
    }
}

/// What a name means where it stands; the full name and its meaning.
pub fn resolve(names: &Names, scope: &str, name: &str) -> Option<(String, Meaning)> {
    if let Some(full) = name.strip_prefix('.') {
        let known = names.get(full).copied().or_else(|| well_known(full));
        return Some((full.to_owned(), known?));
    }
    let mut scope = Some(scope);
    while let Some(at) = scope {
        let full = inside(at, name);
        if let Some(known) = names.get(&full) {
            return Some((full, *known));
        }
        scope = match at.rsplit_once('.') {
            Some((outer, _)) => Some(outer),
            None if at.is_empty() => None,
            None => Some(""),
        };
    }
    well_known(name).map(|known| (name.to_owned(), known))
}

fn well_known(full: &str) -> Option<Meaning> {
    let mut packages = WELL_KNOWN_PACKAGES.iter();
    packages
        .any(|package| full.starts_with(package))
        .then_some(Meaning::WellKnown)
}

/// Whether everything that a file names is there, and every name and number is given once.
pub fn check(schema: &Schema) -> Result<(), String> {
    for (import, _) in &schema.file.imports {
        let known = schema.others.iter().any(|(name, _)| name == import);
        if !known && !is_well_known(import) {
            return Err(format!(
                "\"{import}\" is imported, and no reference brings it"
            ));
        }
    }
    let names = all(schema);
    let File {
        package,
        messages,
        enums,
        ..
    } = &schema.file;
    let mut check = Check {
        names: &names,
        syntax: schema.file.syntax,
    };
    check.scope(package, messages, enums)
}

struct Check<'a> {
    names: &'a Names,
    syntax: Syntax,
}

impl Check<'_> {
    fn scope(&mut self, scope: &str, messages: &[Message], enums: &[Enum]) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        let own = messages.iter().map(|one| &one.name);
        for name in own.chain(enums.iter().map(|one| &one.name)) {
            if !seen.insert(name) {
                return Err(format!("\"{}\" is defined twice", inside(scope, name)));
            }
        }
        for one in enums {
            self.enumeration(&inside(scope, &one.name), one)?;
        }
        for message in messages {
            self.message(&inside(scope, &message.name), message)?;
        }
        Ok(())
    }

    fn message(&mut self, full: &str, message: &Message) -> Result<(), String> {
        let (mut names, mut numbers) = (BTreeSet::new(), BTreeSet::new());
        for Field {
            name,
            number,
            kind,
            label,
            ..
        } in &message.fields
        {
            if !names.insert(name) {
                return Err(format!("message {full} has field {name} twice"));
            }
            if !numbers.insert(number) {
                return Err(format!("message {full} has number {number} twice"));
            }
            let mut reserved = message.reserved.iter();
            if reserved.any(|(first, last)| (first..=last).contains(&number))
                || message.reserved_names.contains(name)
            {
                return Err(format!(
                    "field {full}.{name}: its name or number is reserved"
                ));
            }
            if self.syntax == Syntax::Proto3 && *label == Label::Required {
                return Err(format!(
                    "field {full}.{name}: nothing is required in proto3"
                ));
            }
            let inner = match kind {
                Kind::Map(_, value) => value,
                other => other,
            };
            if let Kind::Named(kind) = inner
                && resolve(self.names, full, kind).is_none()
            {
                return Err(format!("field {full}.{name}: \"{kind}\" is not defined"));
            }
        }
        self.scope(full, &message.messages, &message.enums)
    }

    fn enumeration(&self, full: &str, one: &Enum) -> Result<(), String> {
        let first = one.values.first();
        let first = first.ok_or_else(|| format!("enum {full} has no value"))?;
        if self.syntax == Syntax::Proto3 && first.number != 0 {
            return Err(format!(
                "enum {full}: its first value must be zero in proto3"
            ));
        }
        let mut names = BTreeSet::new();
        match one.values.iter().find(|value| !names.insert(&value.name)) {
            Some(twice) => Err(format!("enum {full} has value {} twice", twice.name)),
            None => Ok(()),
        }
    }
}
