//! Records as partitions hold them and Produce and Fetch carry them, in all three formats.
//!
//! [`RecordSet`] is the way in: it cuts the bytes of a Fetch answer into [`Chunk`]s (a batch, an old
//! message, or the partial rest that a broker sends when the next batch did not fit), and each chunk
//! opens into [`Records`], the same for every format. Nothing here copies a record.
//!
//! ```
//! # fn show(bytes: &[u8]) -> broker::wire::error::Result<()> {
//! use broker::wire::records::{RecordSet, Unpacker};
//!
//! let mut unpacker = Unpacker::default();
//! for chunk in RecordSet::new(bytes) {
//!     for record in chunk?.open(&mut unpacker)? {
//!         let record = record?;
//!         assert!(record.offset >= 0);
//!     }
//! }
//! # Ok(())
//! # }
//! # show(&[]).unwrap();
//! ```

mod batch;
mod builder;
mod control;
mod message_set;
mod rewrite;
mod varint;
mod walker;

use std::iter::FusedIterator;

use super::compression::{Compression, MAX_UNPACKED_BYTES};
use super::error::{Result, WireError};
use super::primitives::Reader;

pub use batch::{
    Attributes, Batch, BatchHeader, BatchKind, HEADER_BYTES, Producer, TimestampType,
    add_to_sequence, set_base_offset, set_leader_epoch,
};
pub use builder::{BatchBuilder, BatchSettings, NewRecord};
pub use control::{Control, coordinator_epoch, transaction_marker};
pub use message_set::Message;
pub use rewrite::{emptied, repack, set_max_timestamp};
pub use walker::{Header, HeaderIter, Headers, Record};

/// Offset and length, which open every chunk of every format.
const OVERHEAD_BYTES: usize = 12;
/// Where every format keeps its magic.
const MAGIC_AT: usize = 16;
/// The smallest length: a message of magic 0 with neither key nor value.
const MIN_LENGTH: usize = 14;
/// How much memory an [`Unpacker`] keeps from one batch to the next: several times the usual batch,
/// so that only an unusual one gives its memory back.
const KEPT_BYTES: usize = 8 << 20;

/// Unpacks batches into one buffer that is used again and again, up to a limit.
#[derive(Debug, Clone)]
pub struct Unpacker {
    limit: usize,
    buffer: Vec<u8>,
}

impl Default for Unpacker {
    /// Up to [`MAX_UNPACKED_BYTES`].
    fn default() -> Self {
        Self::with_limit(MAX_UNPACKED_BYTES)
    }
}

impl Unpacker {
    /// Up to `limit` bytes a batch; more is an error.
    pub fn with_limit(limit: usize) -> Self {
        Self {
            limit,
            buffer: Vec::new(),
        }
    }

    /// The plain bytes: the packed ones themselves if they are not packed.
    fn unpack<'b>(&'b mut self, compression: Compression, packed: &'b [u8]) -> Result<&'b [u8]> {
        if compression == Compression::None {
            return Ok(packed);
        }
        if self.buffer.capacity() > KEPT_BYTES {
            self.buffer = Vec::new();
        }
        compression.unpack(packed, self.limit, &mut self.buffer)?;
        Ok(&self.buffer)
    }
}

/// The bytes of a Fetch answer's partition, a log segment or a Produce request.
///
/// Iterates over its chunks. An error means that the bytes cannot be cut any further; a chunk that is
/// corrupt inside its bounds says so when it is opened, and those behind it are still to be had.
#[derive(Debug, Clone)]
pub struct RecordSet<'a> {
    rest: &'a [u8],
}

impl<'a> RecordSet<'a> {
    /// A set of no, one or many chunks.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn step(&mut self) -> Result<Chunk<'a>> {
        let (bytes, tail) = match cut(self.rest)? {
            Cut::Whole(bytes, tail) => (bytes, tail),
            Cut::Partial(partial) => {
                self.rest = &[];
                return Ok(Chunk::Partial(partial));
            }
        };
        let chunk = match bytes.get(MAGIC_AT).copied().map_or(-1, u8::cast_signed) {
            0 | 1 => Chunk::Message(Message::parse(bytes)?),
            2 => Chunk::Batch(Batch::parse(bytes)?),
            magic => return Err(unknown_magic(magic)),
        };
        self.rest = tail;
        Ok(chunk)
    }
}

impl<'a> Iterator for RecordSet<'a> {
    type Item = Result<Chunk<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let chunk = self.step();
        if chunk.is_err() {
            self.rest = &[];
        }
        Some(chunk)
    }
}

impl FusedIterator for RecordSet<'_> {}

/// What a [`RecordSet`] consists of.
#[derive(Debug, Clone, Copy)]
pub enum Chunk<'a> {
    /// A batch of magic 2.
    Batch(Batch<'a>),
    /// A message, or wrapper of messages, of magic 0 or 1.
    Message(Message<'a>),
    /// The beginning of a chunk that did not fit: the last one, and nothing wrong in a Fetch answer.
    Partial(Partial),
}

impl<'a> Chunk<'a> {
    /// Compares the checksum, unpacks if need be, and begins to walk the records. A partial chunk has
    /// none.
    pub fn open<'b>(&self, unpacker: &'b mut Unpacker) -> Result<Records<'b>>
    where
        'a: 'b,
    {
        match self {
            Self::Batch(batch) => batch.open(unpacker),
            Self::Message(message) => message.open(unpacker),
            Self::Partial(_) => Ok(Records(Source::Nothing)),
        }
    }
}

/// A chunk that ends before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partial {
    /// Bytes of the whole chunk, if so much of it is there that it says so. A Fetch that yields nothing
    /// but a partial chunk has to be repeated with at least so many `partition_max_bytes`.
    pub needed: Option<usize>,
    /// Bytes that are there.
    pub present: usize,
}

enum Cut<'a> {
    /// The first chunk and what follows it.
    Whole(&'a [u8], &'a [u8]),
    Partial(Partial),
}

/// Cuts off the first chunk by its length, whatever its format.
fn cut(bytes: &[u8]) -> Result<Cut<'_>> {
    let present = bytes.len();
    if present < OVERHEAD_BYTES {
        return Ok(Cut::Partial(Partial {
            needed: None,
            present,
        }));
    }
    let mut reader = Reader::new(bytes);
    reader.i64("offset")?;
    let length = reader.i32("length")?;
    let needed = match usize::try_from(length) {
        Ok(count) if count >= MIN_LENGTH => count.saturating_add(OVERHEAD_BYTES),
        _ => {
            return Err(WireError::BadLength {
                what: "batch",
                length: i64::from(length),
            });
        }
    };
    Ok(match bytes.split_at_checked(needed) {
        Some((whole, tail)) => Cut::Whole(whole, tail),
        None => Cut::Partial(Partial {
            needed: Some(needed),
            present,
        }),
    })
}

fn unknown_magic(magic: i8) -> WireError {
    WireError::Invalid {
        what: "record batch",
        why: format!("magic {magic} is not known"),
    }
}

/// The records of one chunk, in their order. Ends with the first error.
#[derive(Debug, Clone)]
pub struct Records<'a>(Source<'a>);

#[derive(Debug, Clone)]
enum Source<'a> {
    Batch(walker::BatchWalker<'a>),
    Wrapper(message_set::WrapperWalker<'a>),
    One(Record<'a>),
    Nothing,
}

impl<'a> Records<'a> {
    fn of_batch(walker: walker::BatchWalker<'a>) -> Self {
        Self(Source::Batch(walker))
    }

    fn of_wrapper(walker: message_set::WrapperWalker<'a>) -> Self {
        Self(Source::Wrapper(walker))
    }

    fn of_message(record: Record<'a>) -> Self {
        Self(Source::One(record))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Source::Batch(walker) => walker.next_record(),
            Source::Wrapper(walker) => walker.next_record(),
            Source::One(record) => {
                let record = *record;
                self.0 = Source::Nothing;
                Some(Ok(record))
            }
            Source::Nothing => None,
        }
    }
}

impl FusedIterator for Records<'_> {}
