//! The partitions of `__consumer_offsets` as this room needs them: a log to append to and to read.
//! The replicas implement it; nothing here knows a disk or a network.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

use crate::wire::error_code::ErrorCode;

/// The topic that holds the state of all groups.
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// What an append comes to: the offset of its first record, or why it is not there.
pub type Committed = Pin<Box<dyn Future<Output = Result<i64, ErrorCode>> + Send>>;

/// Some of a partition's records, and how far the partition goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetsRead {
    /// Whole batches; empty at the end.
    pub records: Bytes,
    /// Everything below it is committed.
    pub high_watermark: i64,
    /// The offset that the next record gets.
    pub log_end_offset: i64,
    /// The epoch in which this node leads the partition.
    pub leader_epoch: i32,
}

/// The replicas of `__consumer_offsets` that this node leads.
pub trait OffsetsLog: Send + Sync + 'static {
    /// Appends a batch as the leader of `leader_epoch`. The place in the log is taken within the
    /// call, so that the order of calls is the order of the log; the future resolves once the batch
    /// is committed (`acks=all`), however long that takes, or as soon as this node leads no more.
    ///
    /// Before anything is written: `NOT_LEADER_OR_FOLLOWER` also where another epoch is in force,
    /// `NOT_ENOUGH_REPLICAS`, `MESSAGE_TOO_LARGE`, `KAFKA_STORAGE_ERROR`.
    fn append(&self, partition: i32, leader_epoch: i32, batch: Vec<u8>) -> Committed;

    /// Whole batches from the one that holds `offset`, or from the log's start if that lies above;
    /// at most about a megabyte, up to the log's end. Blocks on the disk.
    /// `NOT_LEADER_OR_FOLLOWER` where this node does not lead the partition (yet).
    fn read(&self, partition: i32, offset: i64) -> Result<OffsetsRead, ErrorCode>;
}
