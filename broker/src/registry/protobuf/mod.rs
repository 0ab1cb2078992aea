//! Protobuf schemas: `.proto` text and file descriptors, read, checked, written in one form, and compared
//! by whose messages the other reads. Pure and bounded.

mod compat;
mod decode;
mod encode;
mod lex;
mod names;
mod parse;
mod print;
mod services;

pub use compat::unreadable;
pub use parse::parse;

/// How a file says what its fields are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Syntax {
    /// Where nothing is said.
    #[default]
    Proto2,
    /// Every field is optional.
    Proto3,
}

/// An option: its name as written, and its value as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opt {
    /// `java_package`, `(mine).part`.
    pub name: String,
    /// `"x"`, `true`, `{ a: 1 }`.
    pub value: String,
}

/// How an import passes on what it brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Import {
    /// Not at all.
    Plain,
    /// To those who import this file.
    Public,
    /// It may be missing.
    Weak,
}

/// How often a field is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// As often as one likes.
    Repeated,
    /// Once.
    Required,
    /// Once or not at all, and said so.
    Optional,
    /// Nothing is said: a field of proto3, a part of a oneof, a map.
    Unsaid,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `int32` and so on.
    Scalar(&'static str),
    /// A message or an enum, as it is named there.
    Named(String),
    /// A map from a scalar to a type.
    Map(&'static str, Box<Kind>),
    /// A message that is defined together with its field.
    Group(String),
}

/// A field of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// How often it is there.
    pub label: Label,
    /// What it holds.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: i32,
    /// What is said about it.
    pub options: Vec<Opt>,
    /// The oneof that it is part of, by its place in [`Message::oneofs`].
    pub oneof: Option<usize>,
}

/// Numbers from one to another, both of them too.
pub type Range = (i32, i32);

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// Its name.
    pub name: String,
    /// Its fields.
    pub fields: Vec<Field>,
    /// The names of its oneofs.
    pub oneofs: Vec<String>,
    /// Messages inside it.
    pub messages: Vec<Message>,
    /// Enums inside it.
    pub enums: Vec<Enum>,
    /// What is said about it.
    pub options: Vec<Opt>,
    /// Numbers that are not given again.
    pub reserved: Vec<Range>,
    /// Names that are not given again.
    pub reserved_names: Vec<String>,
    /// Numbers for others to extend it with.
    pub extensions: Vec<Range>,
    /// Extensions of others, declared inside it.
    pub extends: Vec<Extend>,
}

/// Fields that are added to another message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extend {
    /// The message, as it is named there.
    pub of: String,
    /// The fields.
    pub fields: Vec<Field>,
}

/// One value of an enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumValue {
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: i32,
    /// What is said about it.
    pub options: Vec<Opt>,
}

/// An enum.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Enum {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Vec<EnumValue>,
    /// What is said about it.
    pub options: Vec<Opt>,
    /// Numbers that are not given again.
    pub reserved: Vec<Range>,
    /// Names that are not given again.
    pub reserved_names: Vec<String>,
}

/// A method of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// Its name.
    pub name: String,
    /// What it takes, and whether that is a stream.
    pub input: (String, bool),
    /// What it gives, and whether that is a stream.
    pub output: (String, bool),
    /// What is said about it.
    pub options: Vec<Opt>,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its methods.
    pub methods: Vec<Method>,
    /// What is said about it.
    pub options: Vec<Opt>,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct File {
    /// proto2 or proto3.
    pub syntax: Syntax,
    /// Its package; empty where it has none.
    pub package: String,
    /// What it imports.
    pub imports: Vec<(String, Import)>,
    /// What is said about it.
    pub options: Vec<Opt>,
    /// Its messages.
    pub messages: Vec<Message>,
    /// Its enums.
    pub enums: Vec<Enum>,
    /// Its services.
    pub services: Vec<Service>,
    /// Its extensions of others.
    pub extends: Vec<Extend>,
}

/// A file with the files that it imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The file.
    pub file: File,
    /// The others, by the names that they are imported by.
    pub others: Vec<(String, File)>,
}

/// Every scalar type, with its number in descriptors.
pub const SCALARS: [(&str, u64); 15] = [
    ("double", 1),
    ("float", 2),
    ("int64", 3),
    ("uint64", 4),
    ("int32", 5),
    ("fixed64", 6),
    ("fixed32", 7),
    ("bool", 8),
    ("string", 9),
    ("bytes", 12),
    ("uint32", 13),
    ("sfixed32", 15),
    ("sfixed64", 16),
    ("sint32", 17),
    ("sint64", 18),
];

/// A scalar by its name.
fn scalar(name: &str) -> Option<&'static str> {
    let mut all = SCALARS.iter();
    all.find(|(known, _)| *known == name)
        .map(|(known, _)| *known)
}

/// The highest number of a field.
const MAX_NUMBER: i32 = 536_870_911;
/// Messages inside messages that are read.
const DEPTH: usize = 32;

impl Schema {
    /// Reads a file, as text or as a descriptor in base64, and checks it together with what it imports.
    pub fn read(text: &str, others: Vec<(String, File)>) -> Result<Self, String> {
        let schema = Self {
            file: file(text)?,
            others,
        };
        names::check(&schema)?;
        Ok(schema)
    }

    /// The descriptor in base64, as clients ask for it.
    pub fn serialized(&self) -> String {
        encode::descriptor(self)
    }
}

/// Reads a file as text, or as a descriptor in base64.
pub fn file(text: &str) -> Result<File, String> {
    match decode::descriptor(text.trim()) {
        Some(file) => file,
        None => parse(text),
    }
}
