//! The message formats before Kafka 0.11, magic 0 and 1 (KIP-31, KIP-32): read only.
//!
//! A message is a record of its own, or a wrapper whose value is a packed set of messages. Inner
//! messages are never packed again. Their CRCs are not compared: the wrapper's covers their bytes.

use crate::wire::compression::Compression;
use crate::wire::error::{Result, WireError};
use crate::wire::primitives::Reader;

use super::batch::TimestampType;
use super::walker::{Headers, Record};
use super::{Cut, OVERHEAD_BYTES, Records, Unpacker, cut};

/// Where the part begins that a message's CRC covers: magic to the end.
const CRC_START: usize = 16;
/// The timestamp of messages that have none.
const NO_TIMESTAMP: i64 = -1;

/// One whole message of magic 0 or 1. Its CRC is compared when it is opened, not before.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Its offset; of a wrapper, that of its last inner message.
    pub offset: i64,
    /// CRC-32 of all bytes from the magic on.
    pub crc: u32,
    /// 0 or 1.
    pub magic: i8,
    /// Compression in the low three bits, timestamp type in the fourth (magic 1).
    pub attributes: i8,
    /// Milliseconds since 1970; −1 in magic 0.
    pub timestamp_ms: i64,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value; of a wrapper, the packed messages.
    pub value: Option<&'a [u8]>,
    bytes: &'a [u8],
}

impl<'a> Message<'a> {
    /// The message that these bytes are, no more and no less.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let offset = reader.i64("message offset")?;
        let length = reader.i32("message length")?;
        if usize::try_from(length) != Ok(reader.left()) {
            return Err(WireError::BadLength {
                what: "message",
                length: i64::from(length),
            });
        }
        let crc = reader.u32("message CRC")?;
        let magic = reader.i8("magic")?;
        let attributes = reader.i8("message attributes")?;
        let timestamp_ms = match magic {
            0 => NO_TIMESTAMP,
            1 => reader.i64("message timestamp")?,
            _ => return Err(super::unknown_magic(magic)),
        };
        let key = take_nullable(&mut reader, "message key")?;
        let value = take_nullable(&mut reader, "message value")?;
        if reader.left() > 0 {
            return Err(WireError::LeftOver {
                message: "message",
                left: reader.left(),
            });
        }
        Ok(Self {
            offset,
            crc,
            magic,
            attributes,
            timestamp_ms,
            key,
            value,
            bytes,
        })
    }

    /// All its bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// How its value is packed; zstd and unknown codes are errors.
    pub fn compression(&self) -> Result<Compression> {
        match Compression::of_attributes(i16::from(self.attributes))? {
            Compression::Zstd => Err(WireError::Invalid {
                what: "message",
                why: format!("magic {} cannot be packed with zstd", self.magic),
            }),
            compression => Ok(compression),
        }
    }

    /// Who set the timestamp; magic 0 has none, which counts as the producer's.
    pub fn timestamp_type(&self) -> TimestampType {
        if self.magic == 1 && self.attributes & 1 << 3 != 0 {
            TimestampType::LogAppendTime
        } else {
            TimestampType::CreateTime
        }
    }

    /// Compares the CRC-32.
    pub fn verify(&self) -> Result<()> {
        let actual = crc_fast::crc32_iso_hdlc(self.bytes.get(CRC_START..).unwrap_or(&[]));
        if actual == self.crc {
            return Ok(());
        }
        let why = format!(
            "the message at offset {} carries CRC-32 {:08x}, its bytes give {actual:08x}",
            self.offset, self.crc
        );
        Err(WireError::Invalid {
            what: "message",
            why,
        })
    }

    /// Compares the CRC, unpacks a wrapper, and begins to walk the record or records.
    pub fn open<'b>(&self, unpacker: &'b mut Unpacker) -> Result<Records<'b>>
    where
        'a: 'b,
    {
        self.verify()?;
        let compression = self.compression()?;
        if compression == Compression::None {
            return Ok(Records::of_message(self.record(0, None)));
        }
        let packed = self.value.ok_or(WireError::UnexpectedNull {
            what: "packed messages",
        })?;
        let rest = unpacker.unpack(compression, packed)?;
        let base_offset = match self.magic {
            0 => 0,
            _ => self.offset.wrapping_sub(last_offset(rest)?),
        };
        let append_time_ms = match self.timestamp_type() {
            TimestampType::CreateTime => None,
            TimestampType::LogAppendTime => Some(self.timestamp_ms),
        };
        let magic = self.magic;
        Ok(Records::of_wrapper(WrapperWalker {
            rest,
            magic,
            base_offset,
            append_time_ms,
        }))
    }

    fn record(&self, base_offset: i64, append_time_ms: Option<i64>) -> Record<'a> {
        Record {
            offset: base_offset.wrapping_add(self.offset),
            timestamp_ms: append_time_ms.unwrap_or(self.timestamp_ms),
            key: self.key,
            value: self.value,
            headers: Headers::default(),
        }
    }
}

/// Walks the unpacked messages of a wrapper.
#[derive(Debug, Clone)]
pub(super) struct WrapperWalker<'a> {
    rest: &'a [u8],
    magic: i8,
    /// Added to each inner offset: 0 in magic 0, where those are absolute.
    base_offset: i64,
    append_time_ms: Option<i64>,
}

impl<'a> WrapperWalker<'a> {
    pub(super) fn next_record(&mut self) -> Option<Result<Record<'a>>> {
        if self.rest.is_empty() {
            return None;
        }
        let record = self.step();
        if record.is_err() {
            self.rest = &[];
        }
        Some(record)
    }

    fn step(&mut self) -> Result<Record<'a>> {
        let message = Message::parse(take_inner(&mut self.rest)?)?;
        let wrong = |why: String| {
            Err(WireError::Invalid {
                what: "inner message",
                why,
            })
        };
        if message.magic != self.magic {
            return wrong(format!(
                "magic {} in a wrapper of magic {}",
                message.magic, self.magic
            ));
        }
        if message.compression()? != Compression::None {
            return wrong("it is packed once more".to_owned());
        }
        Ok(message.record(self.base_offset, self.append_time_ms))
    }
}

/// The offset that the last inner message carries; 0 if there is none.
fn last_offset(mut rest: &[u8]) -> Result<i64> {
    let mut last = 0;
    while !rest.is_empty() {
        last = Reader::new(take_inner(&mut rest)?).i64("message offset")?;
    }
    Ok(last)
}

fn take_inner<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8]> {
    match cut(rest)? {
        Cut::Whole(inner, tail) => {
            *rest = tail;
            Ok(inner)
        }
        Cut::Partial(partial) => Err(WireError::Truncated {
            what: "inner message",
            needed: partial.needed.unwrap_or(OVERHEAD_BYTES),
            left: partial.present,
        }),
    }
}

fn take_nullable<'a>(reader: &mut Reader<'a>, what: &'static str) -> Result<Option<&'a [u8]>> {
    let length = reader.i32(what)?;
    if length == -1 {
        return Ok(None);
    }
    let count = usize::try_from(length).map_err(|_| WireError::BadLength {
        what,
        length: i64::from(length),
    })?;
    reader.take(count, what).map(Some)
}
