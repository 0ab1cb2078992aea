//! The rows of a message table: which versions carry a field, where, and what happens in the
//! others.
//!
//! Knows no type of field; that is `value`'s.

#[cfg(feature = "arbitrary")]
use super::arbitrary::Source;
use super::value::{At, Value};
use crate::wire::error::{Result, WireError};
use crate::wire::primitives::{Form, Reader};
use crate::wire::tagged::Tags;

/// A closed range of versions; empty where `since` is above `until`.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// First version.
    pub since: i16,
    /// Last version; `i16::MAX` where open.
    pub until: i16,
}

impl Span {
    /// No version at all.
    pub const NEVER: Self = Self {
        since: 0,
        until: -1,
    };

    /// Whether `version` lies inside.
    #[inline]
    pub const fn holds(self, version: i16) -> bool {
        self.since <= version && version <= self.until
    }
}

/// What to do with a value that the chosen version has no place for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// Refuse to encode: dropping it would change what the message means.
    Refused,
    /// Leave it out.
    Ignored,
}

/// One row of a message table, as far as the codec needs it.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The struct and the field, `Struct.field`.
    pub name: &'static str,
    /// The struct.
    pub message: &'static str,
    /// Versions that carry the field.
    pub versions: Span,
    /// Versions in which it may be null.
    pub nullable: Span,
    /// Whether the field travels in the tag section.
    pub tag: Option<u32>,
    /// What happens in other versions.
    pub absent: Absent,
}

/// Appends an untagged row where its version has it.
#[inline]
pub(super) fn write_row<T: Value>(
    value: &T,
    row: &Row,
    initial: fn() -> T,
    at: At,
    out: &mut Vec<u8>,
) -> Result<()> {
    if row.versions.holds(at.version) {
        return value.write(at.of(row), out);
    }
    check_absent(value, row, initial, at)
}

/// Adds a tagged row to the known tags where its version has it and the value is not the default.
pub(super) fn write_tag<T: Value>(
    value: &T,
    row: &Row,
    initial: fn() -> T,
    at: At,
    known: Tags,
) -> Result<Tags> {
    if !row.versions.holds(at.version) {
        check_absent(value, row, initial, at)?;
        return Ok(known);
    }
    let (Some(tag), true) = (row.tag, *value != initial()) else {
        return Ok(known);
    };
    let mut bytes = Vec::new();
    value.write(at.of(row), &mut bytes)?;
    let mut known = known;
    known.push(tag, bytes.into());
    Ok(known)
}

fn check_absent<T: Value>(value: &T, row: &Row, initial: fn() -> T, at: At) -> Result<()> {
    if row.absent == Absent::Ignored || *value == initial() {
        return Ok(());
    }
    let field = row.name;
    Err(WireError::NotInVersion {
        message: row.message,
        version: at.version,
        field,
    })
}

/// Ends a struct: its tag section in flexible versions.
#[inline]
pub(super) fn write_tags(
    unknown: &Tags,
    known: Tags,
    message: &'static str,
    at: At,
    out: &mut Vec<u8>,
) -> Result<()> {
    match at.form {
        Form::Compact => unknown.write(known, message, out),
        Form::Plain if unknown.is_empty() => Ok(()),
        Form::Plain => {
            let field = "unknown_tags";
            Err(WireError::NotInVersion {
                message,
                version: at.version,
                field,
            })
        }
    }
}

/// Reads a row where its version has it outside the tag section, else gives the default.
#[inline]
pub(super) fn read_row<T: Value>(
    reader: &mut Reader<'_>,
    row: &Row,
    initial: fn() -> T,
    at: At,
) -> Result<T> {
    if row.tag.is_none() && row.versions.holds(at.version) {
        return T::read(reader, at.of(row));
    }
    Ok(initial())
}

/// Reads a struct's tag section in flexible versions.
#[inline]
pub(super) fn read_tags(reader: &mut Reader<'_>, message: &'static str, at: At) -> Result<Tags> {
    match at.form {
        Form::Compact => Tags::read(reader, message),
        Form::Plain => Ok(Tags::NONE),
    }
}

/// Takes a known field out of the tag section, where it was sent.
pub(super) fn read_tag<T: Value>(tags: &mut Tags, row: &Row, at: At) -> Result<Option<T>> {
    let known = row.tag.filter(|_| row.versions.holds(at.version));
    let Some(bytes) = known.and_then(|tag| tags.take(tag)) else {
        return Ok(None);
    };
    let mut reader = Reader::over(&bytes);
    let value = T::read(&mut reader, at.of(row))?;
    match reader.left() {
        0 => Ok(Some(value)),
        left => Err(WireError::LeftOver {
            message: row.name,
            left,
        }),
    }
}

/// Any value of a row where its version has it, else the default.
#[cfg(feature = "arbitrary")]
pub(super) fn any_row<T: Value>(source: &mut Source, row: &Row, initial: fn() -> T, at: At) -> T {
    let left_at_default = row.tag.is_some() && source.below(3) == 0;
    if left_at_default || !row.versions.holds(at.version) {
        return initial();
    }
    T::arbitrary(source, at.of(row))
}
