//! Tagged fields (KIP-482): numbered optional fields at the end of every flexible struct.
//!
//! A number the codec does not know is kept as raw bytes, so that what was decoded can be encoded
//! again without loss. Never interprets an unknown field.

use bytes::Bytes;

use super::error::{Result, WireError};
use super::primitives::{Reader, put_unsigned_varint};

/// One tagged field as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawTag {
    /// The field's number, unique within its struct.
    pub tag: u32,
    /// The encoded value, without its length.
    pub value: Bytes,
}

/// The tagged fields of one struct, in the order read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tags(pub Vec<RawTag>);

impl Tags {
    /// No tagged fields.
    pub const NONE: Self = Self(Vec::new());

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads a tag section. A number given twice is invalid.
    #[inline]
    pub fn read(reader: &mut Reader<'_>, what: &'static str) -> Result<Self> {
        let count = reader.unsigned_varint(what)?;
        if count == 0 {
            Ok(Self::NONE)
        } else {
            Self::read_some(reader, count, what)
        }
    }

    fn read_some(reader: &mut Reader<'_>, count: u32, what: &'static str) -> Result<Self> {
        // The list grows as fields arrive (two bytes each at least), not by the claimed count.
        let mut tags = Vec::new();
        for _ in 0..count {
            let tag = reader.unsigned_varint(what)?;
            let size = reader.unsigned_varint(what)?;
            let length = usize::try_from(size).map_err(|_| WireError::BadLength {
                what,
                length: i64::from(size),
            })?;
            tags.push(RawTag {
                tag,
                value: reader.take_bytes(length, what)?,
            });
        }
        let tags = Self(tags);
        tags.sorted(what)?;
        Ok(tags)
    }

    /// Takes the field `tag` out of the list.
    pub fn take(&mut self, tag: u32) -> Option<Bytes> {
        let index = self.0.iter().position(|raw| raw.tag == tag)?;
        Some(self.0.remove(index).value)
    }

    /// Adds a field.
    pub fn push(&mut self, tag: u32, value: Bytes) {
        self.0.push(RawTag { tag, value });
    }

    /// Writes the tag section of both lists, ascending by number as the protocol demands.
    #[inline]
    pub fn write(&self, known: Self, what: &'static str, out: &mut Vec<u8>) -> Result<()> {
        if self.is_empty() && known.is_empty() {
            out.push(0);
            return Ok(());
        }
        let mut all = known;
        all.0.extend(self.0.iter().cloned());
        all.write_some(what, out)
    }

    fn write_some(&self, what: &'static str, out: &mut Vec<u8>) -> Result<()> {
        let too_long = |length: usize| WireError::BadLength {
            what,
            length: i64::try_from(length).unwrap_or(i64::MAX),
        };
        let count = u32::try_from(self.0.len()).map_err(|_| too_long(self.0.len()))?;
        put_unsigned_varint(out, count);
        for raw in self.sorted(what)? {
            let size = u32::try_from(raw.value.len()).map_err(|_| too_long(raw.value.len()))?;
            put_unsigned_varint(out, raw.tag);
            put_unsigned_varint(out, size);
            out.extend_from_slice(&raw.value);
        }
        Ok(())
    }

    fn sorted(&self, what: &'static str) -> Result<Vec<&RawTag>> {
        let mut list: Vec<&RawTag> = self.0.iter().collect();
        list.sort_by_key(|raw| raw.tag);
        let twice = list.windows(2).any(|pair| match pair {
            [a, b] => a.tag == b.tag,
            _ => false,
        });
        if twice {
            return Err(WireError::Invalid {
                what,
                why: "a tag is given twice".to_owned(),
            });
        }
        Ok(list)
    }
}
