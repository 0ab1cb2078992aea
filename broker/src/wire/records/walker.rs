//! The records of one batch, handed out one by one as views of its (unpacked) bytes.
//!
//! Nothing is allocated or copied per record, and headers stay unparsed until asked for: searching a
//! topic walks tens of millions of records a second and looks at the headers of few.

use crate::wire::error::{Result, WireError};

use super::varint::{take_varint, take_varlong};

/// One record, whatever the format it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its absolute offset in the partition.
    pub offset: i64,
    /// Milliseconds since 1970, by the producer or the broker as the batch says; −1 where there is none.
    pub timestamp_ms: i64,
    /// The key; none is not the same as empty.
    pub key: Option<&'a [u8]>,
    /// The value; none is a tombstone.
    pub value: Option<&'a [u8]>,
    /// The headers, unparsed (KIP-82).
    pub headers: Headers<'a>,
}

/// The headers of a record in their order; a key may occur more than once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Headers<'a> {
    left: usize,
    rest: &'a [u8],
}

/// One header. The protocol calls the key a string, but brokers check neither part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// Its key, UTF-8 by custom only.
    pub key: &'a [u8],
    /// Its value, which may be null.
    pub value: Option<&'a [u8]>,
}

impl<'a> Headers<'a> {
    /// How many headers the record says it has.
    pub fn count(&self) -> usize {
        self.left
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// Parses them one by one; the first error ends it.
    pub fn iter(&self) -> HeaderIter<'a> {
        HeaderIter {
            left: self.left,
            rest: self.rest,
        }
    }

    fn parse(count: i32, rest: &'a [u8]) -> Result<Self> {
        let impossible = WireError::BadLength {
            what: "header count",
            length: i64::from(count),
        };
        match usize::try_from(count) {
            // A header takes two bytes at least.
            Ok(left) if left <= rest.len() / 2 => {
                if left == 0 && !rest.is_empty() {
                    return Err(WireError::LeftOver {
                        message: "record",
                        left: rest.len(),
                    });
                }
                Ok(Self { left, rest })
            }
            _ => Err(impossible),
        }
    }
}

impl<'a> IntoIterator for Headers<'a> {
    type Item = Result<Header<'a>>;
    type IntoIter = HeaderIter<'a>;

    fn into_iter(self) -> HeaderIter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &Headers<'a> {
    type Item = Result<Header<'a>>;
    type IntoIter = HeaderIter<'a>;

    fn into_iter(self) -> HeaderIter<'a> {
        self.iter()
    }
}

/// Iterator over [`Headers`].
#[derive(Debug, Clone)]
pub struct HeaderIter<'a> {
    left: usize,
    rest: &'a [u8],
}

impl<'a> HeaderIter<'a> {
    fn step(&mut self) -> Result<Header<'a>> {
        let key = take_nullable(&mut self.rest, "header key")?
            .ok_or(WireError::UnexpectedNull { what: "header key" })?;
        let value = take_nullable(&mut self.rest, "header value")?;
        if self.left == 0 && !self.rest.is_empty() {
            return Err(WireError::LeftOver {
                message: "record",
                left: self.rest.len(),
            });
        }
        Ok(Header { key, value })
    }
}

impl<'a> Iterator for HeaderIter<'a> {
    type Item = Result<Header<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let header = self.step();
        if header.is_err() {
            self.left = 0;
        }
        Some(header)
    }
}

/// Walks the unpacked records of one batch of magic 2.
#[derive(Debug, Clone)]
pub(super) struct BatchWalker<'a> {
    pub(super) rest: &'a [u8],
    /// How many records the header says are still to come.
    pub(super) left: u32,
    pub(super) base_offset: i64,
    pub(super) base_timestamp_ms: i64,
    /// The one timestamp of all records, where the broker set it on append.
    pub(super) append_time_ms: Option<i64>,
}

impl<'a> BatchWalker<'a> {
    #[inline]
    pub(super) fn next_record(&mut self) -> Option<Result<Record<'a>>> {
        if self.left == 0 {
            return self.end();
        }
        self.left -= 1;
        let record = self.step();
        if record.is_err() {
            self.stop();
        }
        Some(record)
    }

    #[inline]
    fn step(&mut self) -> Result<Record<'a>> {
        let length = take_varint(&mut self.rest, "record length")?;
        let mut body = take(&mut self.rest, length, "record")?;
        // Attributes of a record: one byte that no version uses.
        take(&mut body, 1, "record attributes")?;
        let timestamp_delta = take_varlong(&mut body, "timestamp delta")?;
        let offset_delta = take_varint(&mut body, "offset delta")?;
        let key = take_nullable(&mut body, "record key")?;
        let value = take_nullable(&mut body, "record value")?;
        let header_count = take_varint(&mut body, "header count")?;
        // Sums wrap as they do for the Java client: a corrupt delta is shown, not fatal.
        let timestamp_ms = match self.append_time_ms {
            Some(time) => time,
            None => self.base_timestamp_ms.wrapping_add(timestamp_delta),
        };
        Ok(Record {
            offset: self.base_offset.wrapping_add(i64::from(offset_delta)),
            timestamp_ms,
            key,
            value,
            headers: Headers::parse(header_count, body)?,
        })
    }

    fn end(&mut self) -> Option<Result<Record<'a>>> {
        if self.rest.is_empty() {
            return None;
        }
        let left = self.rest.len();
        self.stop();
        Some(Err(WireError::LeftOver {
            message: "record batch",
            left,
        }))
    }

    fn stop(&mut self) {
        self.left = 0;
        self.rest = &[];
    }
}

#[inline]
fn take<'a>(rest: &mut &'a [u8], length: i32, what: &'static str) -> Result<&'a [u8]> {
    let Ok(count) = usize::try_from(length) else {
        return Err(WireError::BadLength {
            what,
            length: i64::from(length),
        });
    };
    let Some((head, tail)) = rest.split_at_checked(count) else {
        return Err(WireError::Truncated {
            what,
            needed: count,
            left: rest.len(),
        });
    };
    *rest = tail;
    Ok(head)
}

/// A length and so many bytes; −1 is null.
#[inline]
fn take_nullable<'a>(rest: &mut &'a [u8], what: &'static str) -> Result<Option<&'a [u8]>> {
    let length = take_varint(rest, what)?;
    if length == -1 {
        return Ok(None);
    }
    take(rest, length, what).map(Some)
}
