//! One partition on disk, in Kafka's formats. Knows files and batches; no network, no task, no
//! clock (times come in). Every method may block on the disk: callers decide where.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use thiserror::Error;

use crate::config::TopicSettings;
use crate::wire::error_code::ErrorCode;

/// What is wrong with a log, with the file it is about.
#[derive(Debug, Error)]
pub enum LogError {
    /// The disk said no. A full disk (`ENOSPC`) refuses the write and nothing else; any other error
    /// takes the log directory offline.
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
    /// Whether space is all that is missing.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull)
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
#[derive(Debug, Clone, Copy)]
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
    /// Reads the bytes.
    pub fn read(&self) -> std::io::Result<Bytes> {
        todo!()
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

/// A producer's state in this partition, for DescribeProducers.
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

/// One partition's log. Not shared: its owner puts it behind a lock.
#[derive(Debug)]
pub struct Log {}

#[expect(clippy::unused_self, reason = "signatures before bodies")]
impl Log {
    /// Opens the directory (`TOPIC-N`), making it if it is missing, and recovers what a crash left.
    pub fn open(
        dir: &Path,
        settings: Arc<TopicSettings>,
        how: Opening,
    ) -> Result<(Self, Recovery), LogError> {
        let _ = (dir, settings, how);
        todo!()
    }

    /// Appends a client's batch as the leader: validates it, assigns offsets and the epoch.
    pub fn append_as_leader(
        &mut self,
        batch: &Bytes,
        leader_epoch: i32,
        now_ms: i64,
    ) -> Result<Appended, AppendError> {
        let _ = (batch, leader_epoch, now_ms);
        todo!()
    }

    /// Appends batches that this broker wrote itself (coordinators): offsets are assigned, client rules do not apply.
    pub fn append_own(
        &mut self,
        batch: &[u8],
        leader_epoch: i32,
        now_ms: i64,
    ) -> Result<Appended, LogError> {
        let _ = (batch, leader_epoch, now_ms);
        todo!()
    }

    /// Appends what a leader sent, byte for byte; offsets and epochs are already in it. Batches below
    /// the log's end are skipped, a gap or a batch that fails its CRC is refused.
    pub fn append_as_follower(&mut self, records: &Bytes, now_ms: i64) -> Result<i64, LogError> {
        let _ = (records, now_ms);
        todo!()
    }

    /// Finds whole batches from the one that holds `offset`. `Err(OFFSET_OUT_OF_RANGE)` outside `[log start, log end]`.
    pub fn read(&self, offset: i64, limit: ReadLimit) -> Result<Slice, ErrorCode> {
        let _ = (offset, limit);
        todo!()
    }

    /// First offset that can be read.
    pub fn log_start_offset(&self) -> i64 {
        todo!()
    }

    /// The offset the next record gets.
    pub fn log_end_offset(&self) -> i64 {
        todo!()
    }

    /// First offset of the earliest open transaction, if one is open.
    pub fn first_unstable_offset(&self) -> Option<i64> {
        todo!()
    }

    /// Aborted transactions that touch `[from, below)`, sorted by first offset.
    pub fn aborted_transactions(
        &self,
        from: i64,
        below: i64,
    ) -> Result<Vec<AbortedTransaction>, LogError> {
        let _ = (from, below);
        todo!()
    }

    /// Largest epoch of the log, or −1.
    pub fn latest_epoch(&self) -> i32 {
        todo!()
    }

    /// Notes that `epoch` starts at the log's end, if it is new.
    pub fn begin_epoch(&mut self, epoch: i32) -> Result<(), LogError> {
        let _ = epoch;
        todo!()
    }

    /// The largest known epoch ≤ `epoch` and the offset where it ends (rule 29); (−1, −1) if unknown.
    pub fn end_offset_for_epoch(&self, epoch: i32) -> (i32, i64) {
        let _ = epoch;
        todo!()
    }

    /// Epoch of the record at an offset, or −1.
    pub fn epoch_of(&self, offset: i64) -> i32 {
        let _ = offset;
        todo!()
    }

    /// First record at or after a time, below an offset: its offset and timestamp.
    pub fn offset_for_timestamp(
        &self,
        timestamp_ms: i64,
        below_offset: i64,
    ) -> Result<Option<(i64, i64)>, LogError> {
        let _ = (timestamp_ms, below_offset);
        todo!()
    }

    /// The record with the largest timestamp: its offset and timestamp (KIP-734).
    pub fn max_timestamp(&self) -> Result<Option<(i64, i64)>, LogError> {
        todo!()
    }

    /// Cuts everything at and beyond an offset.
    pub fn truncate_to(&mut self, offset: i64) -> Result<(), LogError> {
        let _ = offset;
        todo!()
    }

    /// Drops everything and goes on at an offset.
    pub fn restart_at(&mut self, offset: i64) -> Result<(), LogError> {
        let _ = offset;
        todo!()
    }

    /// Moves the log start up (DeleteRecords, or the leader's start seen by a follower).
    pub fn move_log_start(&mut self, offset: i64) -> Result<(), LogError> {
        let _ = offset;
        todo!()
    }

    /// Deletes segments past retention, wholly below `high_watermark`; gives the bytes freed.
    pub fn retain(&mut self, high_watermark: i64, now_ms: i64) -> Result<u64, LogError> {
        let _ = (high_watermark, now_ms);
        todo!()
    }

    /// Removes files that have waited `file.delete.delay.ms`.
    pub fn sweep(&mut self, now_ms: i64) -> Result<(), LogError> {
        let _ = now_ms;
        todo!()
    }

    /// Begins a new segment if time demands it (`segment.ms`).
    pub fn roll_if_due(&mut self, now_ms: i64) -> Result<bool, LogError> {
        let _ = now_ms;
        todo!()
    }

    /// Flushes to disk; gives the new recovery point.
    pub fn flush(&mut self) -> Result<i64, LogError> {
        todo!()
    }

    /// Takes new settings into use.
    pub fn reconfigure(&mut self, settings: Arc<TopicSettings>) {
        let _ = settings;
        todo!()
    }

    /// Bytes of all segments.
    pub fn size_bytes(&self) -> u64 {
        todo!()
    }

    /// Producers with state.
    pub fn producers(&self) -> Vec<ActiveProducer> {
        todo!()
    }

    /// Where it lives.
    pub fn dir(&self) -> &Path {
        todo!()
    }

    /// Flushes, writes the producer snapshot and closes.
    pub fn close(self) -> Result<(), LogError> {
        todo!()
    }

    /// Renames the directory so that it is ignored at start (`….<uuid>-delete`), for later removal.
    pub fn mark_deleted(self) -> Result<PathBuf, LogError> {
        todo!()
    }
}
