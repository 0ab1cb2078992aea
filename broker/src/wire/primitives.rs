//! The protocol's primitive types: integers, varints, strings, bytes, uuids, arrays' lengths.
//!
//! [`Reader`] walks a slice and never reads past it. Where the slice is a view of a [`Bytes`] frame, byte
//! fields are cut from that frame without copying.

use bytes::Bytes;

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
    pub fn bool(&mut self, what: &'static str) -> Result<bool> {
        Ok(self.u8(what)? != 0)
    }

    /// What is left to read.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    /// The next `count` bytes.
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
    pub fn take_bytes(&mut self, count: usize, what: &'static str) -> Result<Bytes> {
        let head = self.take(count, what)?;
        Ok(self.frame.map_or_else(
            || Bytes::copy_from_slice(head),
            |frame| frame.slice_ref(head),
        ))
    }

    /// UNSIGNED_VARINT: at most five bytes, seven bits each, least significant first.
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
}
