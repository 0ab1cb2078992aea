//! The one partition of `_schemas` for the registry: append as its leader, read what is committed.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

use super::offsets::committed;
use super::purgatory::Bell;
use super::serve::Written;
use super::{Partition, Replicas, TopicRef};
use crate::log::ReadLimit;
use crate::wire::error_code::ErrorCode;

/// Most bytes of one read.
const READ_BYTES: usize = 1 << 20;

/// Where a log stands that this node leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Led {
    /// The epoch in which it is led.
    pub leader_epoch: i32,
    /// The offset that the next record gets.
    pub log_end_offset: i64,
}

/// Committed records of a log that this node leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommittedRead {
    /// Whole batches; empty where there is nothing more.
    pub records: Bytes,
    /// Everything below it is committed.
    pub high_watermark: i64,
    /// Whole batches from here on were read: the offset asked for, or the log's start above it.
    pub from: i64,
}

impl Replicas {
    fn first_of(&self, topic: &str) -> Result<Arc<Partition>, ErrorCode> {
        self.find(&self.image(), TopicRef::Name(topic), 0)
    }

    /// How the first partition of a topic stands, where this node leads it.
    pub fn led(&self, topic: &str) -> Result<Led, ErrorCode> {
        let partition = self.first_of(topic)?;
        let state = partition.lock();
        Ok(Led {
            leader_epoch: state.leader()?.epoch(),
            log_end_offset: state.log()?.log_end_offset(),
        })
    }

    /// Whole committed batches of a topic's first partition; blocks on the disk.
    pub fn read_committed(&self, topic: &str, offset: i64) -> Result<CommittedRead, ErrorCode> {
        let partition = self.first_of(topic)?;
        let state = partition.lock();
        state.leader()?;
        let log = state.log()?;
        let high_watermark = state.high_watermark;
        let limit = ReadLimit {
            below_offset: high_watermark,
            max_bytes: READ_BYTES,
            at_least_one: true,
        };
        let from = offset.max(log.log_start_offset());
        let slice = log.read(from, limit)?;
        drop(state);
        let records = if slice.length == 0 {
            Bytes::new()
        } else {
            slice.read().map_err(|error| {
                log::error!("{topic} cannot be read: {error}");
                ErrorCode::KAFKA_STORAGE_ERROR
            })?
        };
        Ok(CommittedRead {
            records,
            high_watermark,
            from,
        })
    }

    /// Waits until there is something committed at `offset`, the partition's role changes, or the
    /// time is over.
    pub async fn await_committed(&self, topic: &str, offset: i64, within: Duration) {
        let Ok(partition) = self.first_of(topic) else {
            tokio::time::sleep(within).await;
            return;
        };
        let bell = Bell::new();
        partition
            .purgatory
            .await_commit(offset.saturating_add(1), &bell, 0);
        if partition.lock().high_watermark <= offset {
            let _over = timeout(within, bell.rung()).await;
        }
    }

    /// Appends a batch to a topic's first partition in the epoch it is meant for, and waits until it
    /// is committed; gives the offset behind its last record.
    pub async fn append_committed(
        &self,
        topic: &str,
        leader_epoch: i32,
        batch: &[u8],
    ) -> Result<i64, ErrorCode> {
        let (partition, written) = self.append_own(topic, leader_epoch, batch)?;
        let end = written.appended.last_offset + 1;
        committed(partition, written).await?;
        Ok(end)
    }

    fn append_own(
        &self,
        topic: &str,
        leader_epoch: i32,
        batch: &[u8],
    ) -> Result<(Arc<Partition>, Written), ErrorCode> {
        let partition = self.first_of(topic)?;
        let most = partition.lock().settings().max_message_bytes;
        if u32::try_from(batch.len()).map_or(true, |size| size > most) {
            return Err(ErrorCode::MESSAGE_TOO_LARGE);
        }
        let (image, now_ms) = (self.image(), self.house.clock.now_ms());
        let written = partition
            .append_own(batch, leader_epoch, image.as_ref(), now_ms)
            .map_err(|failure| self.house.told(failure).code)?;
        Ok((partition, written))
    }

    /// Where a broker listens for other brokers.
    pub fn address_of(&self, broker: i32) -> Option<crate::peer::Address> {
        self.house.address(broker)
    }

    /// The way to other brokers.
    pub fn dialer(&self) -> &crate::peer::Dialer {
        &self.house.dialer
    }
}
