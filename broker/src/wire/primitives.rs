//! The protocol's primitive types: integers, varints, strings, bytes, uuids, arrays' lengths.
//!
//! [`Reader`] walks a slice and never reads past it. Where the slice is a view of a [`Bytes`]
//! frame, byte fields are cut from that frame without copying. Fixed-size values are written with
//! [`bytes::BufMut`]; the `put_*` functions here write what that trait does not know.

use bytes::{BufMut, Bytes};

use super::error::{Result, WireError};

/// A cursor over input bytes. `what` arguments name the field for the error.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
    frame: Option<&'a Bytes>,
}

macro_rules! fixed {
    ($($(#[$doc:meta])* $name:ident -> $type:ty;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(&mut self, what: &'static str) -> Result<$type> {
            const SIZE: usize = size_of::<$type>();
            let Some((head, rest)) = self.rest.split_first_chunk::<SIZE>() else {
                return Err(WireError::Truncated { what, needed: SIZE, left: self.rest.len() });
            };
            self.rest = rest;
            Ok(<$type>::from_be_bytes(*head))
        }
    )*};
}

impl<'a> Reader<'a> {
    /// A reader over a slice; byte fields are copied out of it.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            frame: None,
        }
    }

    /// A reader over a frame; byte fields share the frame's memory.
    pub fn over(frame: &'a Bytes) -> Self {
        Self {
            rest: frame,
            frame: Some(frame),
        }
    }

    fixed! {
        /// INT8.
        i8 -> i8;
        /// INT16, big endian.
        i16 -> i16;
        /// INT32, big endian.
        i32 -> i32;
        /// INT64, big endian.
        i64 -> i64;
        /// One unsigned byte.
        u8 -> u8;
        /// UINT16, big endian.
        u16 -> u16;
        /// UINT32, big endian.
        u32 -> u32;
        /// FLOAT64, IEEE 754 big endian.
        f64 -> f64;
    }

    /// BOOLEAN: any byte but 0 is true.
    #[inline]
    pub fn bool(&mut self, what: &'static str) -> Result<bool> {
        Ok(self.u8(what)? != 0)
    }

    /// What is left to read.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// How many bytes are left.
    #[inline]
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    /// The next `count` bytes.
    #[inline]
    pub fn take(&mut self, count: usize, what: &'static str) -> Result<&'a [u8]> {
        let Some((head, rest)) = self.rest.split_at_checked(count) else {
            return Err(WireError::Truncated {
                what,
                needed: count,
                left: self.rest.len(),
            });
        };
        self.rest = rest;
        Ok(head)
    }

    /// The next `count` bytes as an owned handle: shares the frame where there is one.
    #[inline]
    pub fn take_bytes(&mut self, count: usize, what: &'static str) -> Result<Bytes> {
        let head = self.take(count, what)?;
        Ok(self.frame.map_or_else(
            || Bytes::copy_from_slice(head),
            |frame| frame.slice_ref(head),
        ))
    }

    /// `UNSIGNED_VARINT`: at most five bytes, seven bits each, least significant first.
    #[inline]
    pub fn unsigned_varint(&mut self, what: &'static str) -> Result<u32> {
        let value = self.varint_of(5, what)?;
        u32::try_from(value).map_err(|_| WireError::BadVarint { what })
    }

    /// VARINT: zigzag over at most five bytes.
    pub fn varint(&mut self, what: &'static str) -> Result<i32> {
        let raw = self.unsigned_varint(what)?;
        Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
    }

    /// VARLONG: zigzag over at most ten bytes.
    pub fn varlong(&mut self, what: &'static str) -> Result<i64> {
        let raw = self.varint_of(10, what)?;
        Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
    }

    #[inline]
    fn varint_of(&mut self, max_bytes: u32, what: &'static str) -> Result<u64> {
        let mut value = 0_u64;
        for index in 0..max_bytes {
            let byte = self.u8(what)?;
            let bits = u64::from(byte & 0x7f);
            if index == 9 && bits > 1 {
                return Err(WireError::BadVarint { what });
            }
            value |= bits << (7 * index);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(WireError::BadVarint { what })
    }

    /// A count or length: INT32 or, compact, `UNSIGNED_VARINT` plus one. `None` is null.
    ///
    /// A length that the bytes left cannot hold at `least` bytes each is an error.
    #[inline]
    pub fn length(
        &mut self,
        form: Form,
        least: usize,
        what: &'static str,
    ) -> Result<Option<usize>> {
        let claimed = match form {
            Form::Plain => i64::from(self.i32(what)?),
            Form::Compact => i64::from(self.unsigned_varint(what)?) - 1,
        };
        self.bounded(claimed, least, what)
    }

    /// A string: INT16 length or, compact, `UNSIGNED_VARINT` length plus one. `None` is null.
    #[inline]
    pub fn string(&mut self, form: Form, what: &'static str) -> Result<Option<String>> {
        let claimed = match form {
            Form::Plain => i64::from(self.i16(what)?),
            Form::Compact => i64::from(self.unsigned_varint(what)?) - 1,
        };
        if claimed > i64::from(i16::MAX) {
            return Err(WireError::BadLength {
                what,
                length: claimed,
            });
        }
        let Some(length) = self.bounded(claimed, 1, what)? else {
            return Ok(None);
        };
        let text = std::str::from_utf8(self.take(length, what)?);
        text.map(|text| Some(text.to_owned()))
            .map_err(|_| WireError::NotUtf8 { what })
    }

    #[inline]
    fn bounded(&self, claimed: i64, least: usize, what: &'static str) -> Result<Option<usize>> {
        if claimed == -1 {
            return Ok(None);
        }
        let bad = || WireError::BadLength {
            what,
            length: claimed,
        };
        let length = usize::try_from(claimed).map_err(|_| bad())?;
        if length > self.rest.len() / least.max(1) {
            Err(bad())
        } else {
            Ok(Some(length))
        }
    }
}

/// How lengths are written: the older fixed form, or the compact one of flexible versions
/// (KIP-482).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// INT16 or INT32, null as -1.
    Plain,
    /// `UNSIGNED_VARINT` of the length plus one, null as 0.
    Compact,
}

/// Writes `UNSIGNED_VARINT`.
#[inline]
pub fn put_unsigned_varint(out: &mut Vec<u8>, value: u32) {
    put_bits(out, u64::from(value));
}

/// Writes VARINT: zigzag.
#[inline]
pub fn put_varint(out: &mut Vec<u8>, value: i32) {
    put_bits(
        out,
        u64::from(((value << 1) ^ (value >> 31)).cast_unsigned()),
    );
}

/// Writes VARLONG: zigzag.
#[inline]
pub fn put_varlong(out: &mut Vec<u8>, value: i64) {
    put_bits(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

#[inline]
fn put_bits(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Writes a count or length; `None` is null.
#[inline]
pub fn put_length(
    out: &mut Vec<u8>,
    form: Form,
    length: Option<usize>,
    what: &'static str,
) -> Result<()> {
    let value = match length {
        None => -1,
        Some(length) => i32::try_from(length).map_err(|_| too_long(length, what))?,
    };
    match form {
        Form::Plain => out.put_i32(value),
        Form::Compact => put_unsigned_varint(out, value.cast_unsigned().wrapping_add(1)),
    }
    Ok(())
}

/// Writes a string of at most 32 767 bytes; `None` is null.
#[inline]
pub fn put_string(
    out: &mut Vec<u8>,
    form: Form,
    text: Option<&str>,
    what: &'static str,
) -> Result<()> {
    let length = match text {
        None => -1,
        Some(text) => i16::try_from(text.len()).map_err(|_| too_long(text.len(), what))?,
    };
    match form {
        Form::Plain => out.put_i16(length),
        Form::Compact => {
            put_unsigned_varint(out, i32::from(length).cast_unsigned().wrapping_add(1));
        }
    }
    out.extend_from_slice(text.unwrap_or_default().as_bytes());
    Ok(())
}

fn too_long(length: usize, what: &'static str) -> WireError {
    WireError::BadLength {
        what,
        length: i64::try_from(length).unwrap_or(i64::MAX),
    }
}
