//! How each type of a message table is written and read, in every version of its message.
//!
//! A table row has one of the types that implement [`Value`]. Null is a property of the row and of
//! the version, so a nullable row is an `Option` of a [`Nullable`] type. No message is named here.

use bytes::{BufMut, Bytes};

#[cfg(feature = "arbitrary")]
use super::arbitrary::Source;

use super::row::Row;
use crate::wire::api_key::ApiKey;
use crate::wire::error::{Result, WireError};
use crate::wire::error_code::ErrorCode;
use crate::wire::primitives::{Form, Reader, put_length, put_string};
use crate::wire::uuid::Uuid;

/// Where a value stands: the message's version and form, and the row.
#[derive(Debug, Clone, Copy)]
pub struct At {
    /// Version of the whole message.
    pub version: i16,
    /// Compact lengths and tag sections, or neither.
    pub form: Form,
    /// Whether the row may be null in this version.
    pub nullable: bool,
    /// The row's name, for errors.
    pub what: &'static str,
}

impl At {
    /// The place of a whole message.
    pub const fn top(version: i16, flexible_from: i16, what: &'static str) -> Self {
        let form = if version >= flexible_from {
            Form::Compact
        } else {
            Form::Plain
        };
        Self {
            version,
            form,
            nullable: false,
            what,
        }
    }

    #[inline]
    pub(super) const fn of(self, row: &Row) -> Self {
        Self {
            nullable: row.nullable.holds(self.version),
            what: row.name,
            ..self
        }
    }
}

/// A type that a row can have.
pub trait Value: Sized + Clone + PartialEq {
    /// The fewest bytes a value takes, at least 1; bounds what an array's count can claim.
    const LEAST: usize = 1;

    /// The value a row has when its table names no default.
    fn initial() -> Self;

    /// Appends the value.
    fn write(&self, at: At, out: &mut Vec<u8>) -> Result<()>;

    /// Reads a value.
    fn read(reader: &mut Reader<'_>, at: At) -> Result<Self>;

    /// Where an answer tells for how long its client is throttled, if it can.
    fn throttle_time_ms(&mut self) -> Option<&mut i32> {
        None
    }

    /// Any value that this version can carry.
    #[cfg(feature = "arbitrary")]
    fn arbitrary(source: &mut Source, at: At) -> Self;
}

/// A type that has a form for null. Structs have the default one: a byte before the value.
pub trait Nullable: Value {
    /// Appends the value or null.
    fn write_nullable(value: Option<&Self>, at: At, out: &mut Vec<u8>) -> Result<()> {
        out.put_i8(if value.is_some() { 1 } else { -1 });
        value.map_or(Ok(()), |value| value.write(at, out))
    }

    /// Reads a value or null.
    fn read_nullable(reader: &mut Reader<'_>, at: At) -> Result<Option<Self>> {
        if reader.i8(at.what)? < 0 {
            Ok(None)
        } else {
            Self::read(reader, at).map(Some)
        }
    }
}

fn not_null<T>(value: Option<T>, at: At) -> Result<T> {
    value.ok_or(WireError::UnexpectedNull { what: at.what })
}

impl<T: Nullable> Value for Option<T> {
    fn initial() -> Self {
        Some(T::initial())
    }

    #[inline]
    fn write(&self, at: At, out: &mut Vec<u8>) -> Result<()> {
        if at.nullable {
            return T::write_nullable(self.as_ref(), at, out);
        }
        not_null(self.as_ref(), at)?.write(at, out)
    }

    #[inline]
    fn read(reader: &mut Reader<'_>, at: At) -> Result<Self> {
        if at.nullable {
            T::read_nullable(reader, at)
        } else {
            T::read(reader, at).map(Some)
        }
    }

    #[cfg(feature = "arbitrary")]
    fn arbitrary(source: &mut Source, at: At) -> Self {
        if at.nullable && source.below(4) == 0 {
            None
        } else {
            Some(T::arbitrary(source, at))
        }
    }
}

macro_rules! fixed {
    ($($type:ty, $put:ident, $get:ident, $zero:expr, $any:expr;)*) => {$(
        impl Value for $type {
            const LEAST: usize = size_of::<$type>();

            #[inline]
            fn initial() -> Self {
                $zero
            }

            #[inline]
            fn write(&self, _: At, out: &mut Vec<u8>) -> Result<()> {
                out.$put(*self);
                Ok(())
            }

            #[inline]
            fn read(reader: &mut Reader<'_>, at: At) -> Result<Self> {
                reader.$get(at.what)
            }

            #[cfg(feature = "arbitrary")]
            fn arbitrary(source: &mut Source, _: At) -> Self {
                let any: fn(&mut Source) -> Self = $any;
                any(source)
            }
        }
    )*};
}

fixed! {
    i8, put_i8, i8, 0, |source| i8::from_be_bytes(source.bytes());
    i16, put_i16, i16, 0, |source| i16::from_be_bytes(source.bytes());
    i32, put_i32, i32, 0, |source| i32::from_be_bytes(source.bytes());
    i64, put_i64, i64, 0, |source| i64::from_be_bytes(source.bytes());
    u16, put_u16, u16, 0, |source| u16::from_be_bytes(source.bytes());
    f64, put_f64, f64, 0.0, |source| f64::from(i32::from_be_bytes(source.bytes())) / 8.0;
}

macro_rules! newtype {
    ($($type:ident($inner:ty) = $zero:expr;)*) => {$(
        impl Value for $type {
            const LEAST: usize = size_of::<$inner>();

            #[inline]
            fn initial() -> Self {
                $zero
            }

            #[inline]
            fn write(&self, at: At, out: &mut Vec<u8>) -> Result<()> {
                self.0.write(at, out)
            }

            #[inline]
            fn read(reader: &mut Reader<'_>, at: At) -> Result<Self> {
                <$inner>::read(reader, at).map(Self)
            }

            #[cfg(feature = "arbitrary")]
            fn arbitrary(source: &mut Source, at: At) -> Self {
                Self(<$inner>::arbitrary(source, at))
            }
        }
    )*};
}

newtype! {
    ErrorCode(i16) = Self::NONE;
    ApiKey(i16) = Self(0);
}

impl Value for bool {
    #[inline]
    fn initial() -> Self {
        false
    }

    #[inline]
    fn write(&self, _: At, out: &mut Vec<u8>) -> Result<()> {
        out.push(u8::from(*self));
        Ok(())
    }

    #[inline]
    fn read(reader: &mut Reader<'_>, at: At) -> Result<Self> {
        reader.bool(at.what)
    }

    #[cfg(feature = "arbitrary")]
    fn arbitrary(source: &mut Source, _: At) -> Self {
        source.below(2) == 0
    }
}

impl Value for Uuid {
    const LEAST: usize = 16;

    fn initial() -> Self {
        Self::ZERO
    }

    #[inline]
    fn write(&self, _: At, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(&self.0);
        Ok(())
    }

    #[inline]
    fn read(reader: &mut Reader<'_>, at: At) -> Result<Self> {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(reader.take(16, at.what)?);
        Ok(Self(bytes))
    }

    #[cfg(feature = "arbitrary")]
    fn arbitrary(source: &mut Source, _: At) -> Self {
        Self(source.bytes())
    }
}

impl Value for String {
    fn initial() -> Self {
        Self::new()
    }

    #[inline]
    fn write(&self, at: At, out: &mut Vec<u8>) -> Result<()> {
        put_string(out, at.form, Some(self), at.what)
    }

    #[inline]
    fn read(reader: &mut Reader<'_>, at: At) -> Result<Self> {
        not_null(reader.string(at.form, at.what)?, at)
    }

    #[cfg(feature = "arbitrary")]
    fn arbitrary(source: &mut Source, _: At) -> Self {
        source.text()
    }
}

/// What is said to people of a failure is cut to what a string can hold: it may repeat a value that is as
/// long as a string can be, and the failure must be told all the same.
fn fitting(text: &str, at: At) -> &str {
    const MOST_BYTES: usize = i16::MAX.unsigned_abs() as usize;
    if text.len() <= MOST_BYTES || !at.what.ends_with("error_message") {
        return text;
    }
    text.get(..text.floor_char_boundary(MOST_BYTES))
        .unwrap_or_default()
}

impl Nullable for String {
    fn write_nullable(value: Option<&Self>, at: At, out: &mut Vec<u8>) -> Result<()> {
        let text = value.map(|text| fitting(text, at));
        put_string(out, at.form, text, at.what)
    }

    fn read_nullable(reader: &mut Reader<'_>, at: At) -> Result<Option<Self>> {
        reader.string(at.form, at.what)
    }
}

impl Value for Bytes {
    fn initial() -> Self {
        Self::new()
    }

    fn write(&self, at: At, out: &mut Vec<u8>) -> Result<()> {
        Self::write_nullable(Some(self), at, out)
    }

    fn read(reader: &mut Reader<'_>, at: At) -> Result<Self> {
        not_null(Self::read_nullable(reader, at)?, at)
    }

    #[cfg(feature = "arbitrary")]
    fn arbitrary(source: &mut Source, _: At) -> Self {
        source.blob()
    }
}

impl Nullable for Bytes {
    fn write_nullable(value: Option<&Self>, at: At, out: &mut Vec<u8>) -> Result<()> {
        put_length(out, at.form, value.map(Self::len), at.what)?;
        out.extend_from_slice(value.map_or(&[], |bytes| bytes.as_ref()));
        Ok(())
    }

    fn read_nullable(reader: &mut Reader<'_>, at: At) -> Result<Option<Self>> {
        let length = reader.length(at.form, 1, at.what)?;
        length
            .map(|length| reader.take_bytes(length, at.what))
            .transpose()
    }
}

impl<T: Value> Value for Vec<T> {
    fn initial() -> Self {
        Self::new()
    }

    fn write(&self, at: At, out: &mut Vec<u8>) -> Result<()> {
        Self::write_nullable(Some(self), at, out)
    }

    fn read(reader: &mut Reader<'_>, at: At) -> Result<Self> {
        not_null(Self::read_nullable(reader, at)?, at)
    }

    #[cfg(feature = "arbitrary")]
    fn arbitrary(source: &mut Source, at: At) -> Self {
        let at = At {
            nullable: false,
            ..at
        };
        (0..source.below(4))
            .map(|_| T::arbitrary(source, at))
            .collect()
    }
}

impl<T: Value> Nullable for Vec<T> {
    fn write_nullable(value: Option<&Self>, at: At, out: &mut Vec<u8>) -> Result<()> {
        put_length(out, at.form, value.map(Self::len), at.what)?;
        let at = At {
            nullable: false,
            ..at
        };
        value
            .into_iter()
            .flatten()
            .try_for_each(|element| element.write(at, out))
    }

    fn read_nullable(reader: &mut Reader<'_>, at: At) -> Result<Option<Self>> {
        let Some(count) = reader.length(at.form, T::LEAST, at.what)? else {
            return Ok(None);
        };
        let at = At {
            nullable: false,
            ..at
        };
        // Reserves no more memory than there is input left; beyond that the list grows as elements
        // really arrive.
        let mut list = Self::with_capacity(count.min(1 + reader.left() / size_of::<T>().max(1)));
        for _ in 0..count {
            list.push(T::read(reader, at)?);
        }
        Ok(Some(list))
    }
}
