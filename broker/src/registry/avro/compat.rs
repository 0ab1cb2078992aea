//! Whether a reader with one schema can read what was written with another: Avro's rules of schema
//! resolution. Each way in which it cannot is told with its place in the reader's schema.

use std::collections::HashMap;

use super::{Field, Form, Named, Primitive, Schema, Type, short};

/// Pairs of types that are compared before a comparison is given up.
const BUDGET: u32 = 200_000;
/// Types inside types that are followed: names may lead far deeper than the text is nested.
const DEPTH: u32 = 200;

/// Everything that keeps `reader` from reading what `writer` wrote; empty where it can.
pub fn unreadable(reader: &Schema, writer: &Schema) -> Vec<String> {
    let mut check = Check {
        reader,
        writer,
        known: HashMap::new(),
        found: Vec::new(),
        left: BUDGET,
        depth: 0,
    };
    check.reads(&reader.root, &writer.root, "");
    check.found
}

struct Check<'a> {
    reader: &'a Schema,
    writer: &'a Schema,
    /// Pairs of names: what came of them; true while it is being found out.
    known: HashMap<(&'a str, &'a str), bool>,
    found: Vec<String>,
    left: u32,
    depth: u32,
}

impl<'a> Check<'a> {
    fn fails(&mut self, what: &str, at: &str, why: &str) -> bool {
        let at = if at.is_empty() { "/" } else { at };
        self.found.push(format!("{what} at {at}: {why}"));
        false
    }

    fn reads(&mut self, reader: &'a Type, writer: &'a Type, at: &str) -> bool {
        if self.left == 0 || self.depth == DEPTH {
            return self.fails("TOO_LARGE", at, "the schemas are too large to be compared");
        }
        self.left -= 1;
        self.depth += 1;
        let reads = self.reads_now(reader, writer, at);
        self.depth -= 1;
        reads
    }

    fn reads_now(&mut self, reader: &'a Type, writer: &'a Type, at: &str) -> bool {
        match (reader, writer) {
            (_, Type::Union(branches)) => {
                let mut all = true;
                for branch in branches {
                    all &= self.reads(reader, branch, at);
                }
                all
            }
            (Type::Union(branches), _) => self.any_branch(branches, writer, at),
            (Type::Primitive(reader, _), Type::Primitive(writer, _)) => {
                promotes(*writer, *reader) || self.mismatch(reader.name(), writer.name(), at)
            }
            (Type::Array(reader, _), Type::Array(writer, _)) => {
                self.reads(reader, writer, &format!("{at}/items"))
            }
            (Type::Map(reader, _), Type::Map(writer, _)) => {
                self.reads(reader, writer, &format!("{at}/values"))
            }
            (Type::Named(reader), Type::Named(writer)) => self.names(reader, writer, at),
            _ => self.mismatch(&label(reader), &label(writer), at),
        }
    }

    fn mismatch(&mut self, reader: &str, writer: &str, at: &str) -> bool {
        let why = format!("reader type {reader} is not compatible with writer type {writer}");
        self.fails("TYPE_MISMATCH", at, &why)
    }

    fn any_branch(&mut self, branches: &'a [Type], writer: &'a Type, at: &str) -> bool {
        let before = self.found.len();
        for branch in branches {
            if self.reads(branch, writer, at) {
                self.found.truncate(before);
                return true;
            }
        }
        self.found.truncate(before);
        let why = format!("reader union lacks writer type {}", label(writer));
        self.fails("MISSING_UNION_BRANCH", at, &why)
    }

    fn names(&mut self, reader: &'a str, writer: &'a str, at: &str) -> bool {
        if let Some(known) = self.known.get(&(reader, writer)) {
            let known = *known;
            if !known {
                return self.mismatch(reader, writer, at);
            }
            return true;
        }
        self.known.insert((reader, writer), true);
        let both = (self.reader.named.get(reader), self.writer.named.get(writer));
        let (Some(of_reader), Some(of_writer)) = both else {
            return self.mismatch(reader, writer, at);
        };
        let reads = self.definitions((reader, of_reader), (writer, of_writer), at);
        self.known.insert((reader, writer), reads);
        reads
    }

    fn definitions(
        &mut self,
        (reader, of_reader): (&'a str, &'a Named),
        (writer, of_writer): (&'a str, &'a Named),
        at: &str,
    ) -> bool {
        let same = |kind| std::mem::discriminant(kind) == std::mem::discriminant(&of_writer.form);
        if !same(&of_reader.form) {
            return self.mismatch(reader, writer, at);
        }
        // Namespaces do not count, as in Java.
        let mut aliases = of_reader.aliases.iter();
        if short(reader) != short(writer) && !aliases.any(|alias| alias == writer) {
            let why = format!("the names differ: {reader} and {writer}");
            return self.fails("NAME_MISMATCH", &format!("{at}/name"), &why);
        }
        match (&of_reader.form, &of_writer.form) {
            (Form::Fixed(reader), Form::Fixed(writer)) if reader != writer => {
                let why = format!("{reader} bytes, and {writer} were written");
                self.fails("FIXED_SIZE_MISMATCH", &format!("{at}/size"), &why)
            }
            (
                Form::Enum { symbols, default },
                Form::Enum {
                    symbols: written, ..
                },
            ) => {
                let unknown = written.iter().filter(|one| !symbols.contains(one));
                let unknown: Vec<&str> = unknown.map(String::as_str).collect();
                if default.is_some() || unknown.is_empty() {
                    return true;
                }
                let why = format!("the reader does not know [{}]", unknown.join(", "));
                self.fails("MISSING_ENUM_SYMBOLS", &format!("{at}/symbols"), &why)
            }
            (
                Form::Record { fields, .. },
                Form::Record {
                    fields: written, ..
                },
            ) => self.fields(fields, written, at),
            _ => true,
        }
    }

    fn fields(&mut self, fields: &'a [Field], written: &'a [Field], at: &str) -> bool {
        let mut all = true;
        for (index, field) in fields.iter().enumerate() {
            let mut names = std::iter::once(&field.name).chain(&field.aliases);
            let other = names.find_map(|name| written.iter().find(|one| one.name == *name));
            let place = format!("{at}/fields/{index}");
            all &= match other {
                Some(other) => self.reads(&field.kind, &other.kind, &format!("{place}/type")),
                None if field.default.is_some() || self.has_enum_default(&field.kind) => true,
                None => {
                    let why = format!("field '{}' has no default and is not written", field.name);
                    self.fails("READER_FIELD_MISSING_DEFAULT_VALUE", &place, &why)
                }
            };
        }
        all
    }

    fn has_enum_default(&self, kind: &Type) -> bool {
        let Type::Named(name) = kind else {
            return false;
        };
        let form = self.reader.named.get(name).map(|named| &named.form);
        matches!(
            form,
            Some(Form::Enum {
                default: Some(_),
                ..
            })
        )
    }
}

/// Whether what was written as one primitive can be read as another.
fn promotes(from: Primitive, to: Primitive) -> bool {
    use Primitive::{Bytes, Double, Float, Int, Long, String};
    from == to
        || matches!(
            (from, to),
            (Int, Long | Float | Double)
                | (Long, Float | Double)
                | (Float, Double)
                | (String, Bytes)
                | (Bytes, String)
        )
}

fn label(kind: &Type) -> String {
    match kind {
        Type::Primitive(primitive, _) => primitive.name().to_owned(),
        Type::Array(..) => "array".to_owned(),
        Type::Map(..) => "map".to_owned(),
        Type::Union(_) => "union".to_owned(),
        Type::Named(name) => name.clone(),
    }
}
