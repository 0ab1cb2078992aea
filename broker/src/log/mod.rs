//! One partition on disk, in Kafka's formats. Knows files and batches; no network, no task, no
//! clock (times come in). Every method may block on the disk: callers decide where.

mod append;
pub mod checkpoint;
mod cleaner;
mod compaction;
mod disk;
mod epochs;
mod file_name;
mod flush;
mod identity;
mod index;
mod offset_index;
mod partition;
mod producer_state;
mod read;
mod recovery;
mod rename;
mod retention;
mod scan;
mod segment;
mod snapshot;
mod time_index;
mod truncation;
mod txn_index;
mod validate;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use thiserror::Error;

use crate::wire::error_code::ErrorCode;

pub use append::TransactionEnd;
pub use compaction::{Compacted, CompactionPlan};
pub use disk::{Access, DiskGuard, Refusal};
pub use flush::{Flush, Flushed};
pub use identity::{read_topic_id, write_topic_id};
pub use partition::Log;

/// What is wrong with a log, with the file it is about.
#[derive(Debug, Error)]
pub enum LogError {
    /// The disk said no. Where the system is short of something (see [`LogError::is_shortage`]) this
    /// access is refused and nothing else; any other error takes the log directory offline.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The bytes are no log.
    #[error("{path}: {why}")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong and what can be done.
        why: String,
    },
}

impl LogError {
    /// Whether something is missing that may be there again later, space or file descriptors: the disk
    /// is sound.
    pub fn is_shortage(&self) -> bool {
        use rustix::io::Errno;
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        let Self::Io { source, .. } = self else {
            return false;
        };
        matches!(source.kind(), StorageFull | QuotaExceeded)
            || matches!(
                Errno::from_io_error(source),
                Some(Errno::MFILE | Errno::NFILE)
            )
    }
}

/// Why a batch was not appended.
#[derive(Debug, Error)]
pub enum AppendError {
    /// The client is told this code and message, and per record what is wrong with it.
    #[error("{code}: {message}")]
    Refused {
        /// Kafka's error.
        code: ErrorCode,
        /// For the client's log.
        message: String,
        /// Index in the batch and what is wrong (KIP-467).
        records: Vec<(i32, String)>,
    },
    /// The disk failed.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// What opening a log found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Segments that were read through.
    pub segments_read: usize,
    /// Bytes cut off the end because they were no whole, sound batch.
    pub bytes_cut: u64,
    /// Index files that were written anew.
    pub indexes_rebuilt: usize,
    /// Every cut, in words for the operator's log.
    pub said: Vec<String>,
}

/// How a log is opened.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Everything below it was flushed; recovery reads from the segment that holds it.
    pub recovery_point: i64,
    /// The log start offset of the checkpoint.
    pub log_start_offset: i64,
    /// Whether the node stopped cleanly: nothing needs to be read through.
    pub clean: bool,
    /// Leader epoch of the next append is not known here; the time is, in milliseconds.
    pub now_ms: i64,
    /// `producer.id.expiration.ms`.
    pub producer_expiration_ms: i64,
    /// Asked before the disk is touched; the default one never refuses.
    pub guard: DiskGuard,
}

/// What compaction did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compaction {
    /// Segments that were replaced.
    pub segments: usize,
    /// Their bytes.
    pub bytes_before: u64,
    /// Bytes of what took their place.
    pub bytes_after: u64,
    /// All keys below this offset were seen: the next `first_dirty`, for `cleaner-offset-checkpoint`.
    pub clean_below: i64,
}

/// What an append made of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Offset of the first record; of the original one for a duplicate.
    pub base_offset: i64,
    /// Offset of the last record.
    pub last_offset: i64,
    /// The time that the log wrote into the batch, or −1 where the producer's stays.
    pub log_append_time_ms: i64,
    /// Whether these records were already there (idempotent retry): nothing was written.
    pub duplicate: bool,
    /// Whether a new segment was begun.
    pub rolled: bool,
}

/// Where a read may go.
#[derive(Debug, Clone, Copy)]
pub struct ReadLimit {
    /// Records at or beyond this offset are not returned (HW, LSO or the log's end).
    pub below_offset: i64,
    /// At most these bytes, except that one whole batch is returned if `at_least_one`.
    pub max_bytes: usize,
    /// Return the first batch even if it is larger (KIP-74).
    pub at_least_one: bool,
}

/// Bytes of whole batches that can be read without the log's lock.
#[derive(Debug, Clone)]
pub struct Slice {
    /// The segment's file; `None` when there is nothing to read.
    pub file: Option<Arc<File>>,
    /// Position of the first byte.
    pub position: u64,
    /// How many bytes.
    pub length: usize,
    /// Whether a reader at the end of this slice would go on in another segment.
    pub ends_segment: bool,
}

impl Slice {
    /// Reads the bytes. `UnexpectedEof` if the log was truncated since the slice was found: find it
    /// anew.
    pub fn read(&self) -> std::io::Result<Bytes> {
        let Some(file) = &self.file else {
            return Ok(Bytes::new());
        };
        let mut bytes = vec![0; self.length];
        file.read_exact_at(&mut bytes, self.position)?;
        Ok(bytes.into())
    }
}

/// An aborted transaction below the last stable offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbortedTransaction {
    /// Whose.
    pub producer_id: i64,
    /// Its first offset in this partition.
    pub first_offset: i64,
}

/// A producer's state in this partition, for `DescribeProducers`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActiveProducer {
    /// Its id.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
    /// Last sequence it wrote.
    pub last_sequence: i32,
    /// Time of its last batch.
    pub last_timestamp_ms: i64,
    /// Epoch of the coordinator that ended its last transaction, or −1.
    pub coordinator_epoch: i32,
    /// First offset of its open transaction, or −1.
    pub transaction_start_offset: i64,
}
