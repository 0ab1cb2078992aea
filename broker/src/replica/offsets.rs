//! `__consumer_offsets` for the group coordinators: append as its leader, read from the disk.

use std::sync::Arc;

use bytes::Bytes;

use super::purgatory::Bell;
use super::serve::Written;
use super::{Partition, Replicas, TopicRef};
use crate::group::offsets_log::{Committed, OFFSETS_TOPIC, OffsetsLog, OffsetsRead};
use crate::log::ReadLimit;
use crate::wire::error_code::ErrorCode;

/// Most bytes of one read.
const READ_BYTES: usize = 1 << 20;

impl Replicas {
    fn offsets_partition(&self, index: i32) -> Result<Arc<Partition>, ErrorCode> {
        self.find(&self.image(), TopicRef::Name(OFFSETS_TOPIC), index)
    }

    fn append_offsets(
        &self,
        index: i32,
        leader_epoch: i32,
        batch: &[u8],
    ) -> Result<(Arc<Partition>, Written), ErrorCode> {
        let partition = self.offsets_partition(index)?;
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
}

/// Waits until a write is committed, or cannot be any more.
pub(super) async fn committed(
    partition: Arc<Partition>,
    written: Written,
) -> Result<i64, ErrorCode> {
    let end = written.appended.last_offset + 1;
    let bell = Bell::new();
    partition.purgatory.await_commit(end, &bell, 0);
    loop {
        match partition.acknowledged(written.leader_epoch, end) {
            // Committed all the same; that too few are in sync by now is the next write's matter.
            Some(ErrorCode::NONE | ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND) => {
                return Ok(written.appended.base_offset);
            }
            Some(error) => return Err(error),
            None => {}
        }
        bell.rung().await;
        partition.purgatory.await_commit(end, &bell, 0);
    }
}

impl OffsetsLog for Replicas {
    fn append(&self, partition: i32, leader_epoch: i32, batch: Vec<u8>) -> Committed {
        match self.append_offsets(partition, leader_epoch, &batch) {
            Ok((partition, written)) => Box::pin(committed(partition, written)),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn read(&self, partition: i32, offset: i64) -> Result<OffsetsRead, ErrorCode> {
        let partition = self.offsets_partition(partition)?;
        let state = partition.lock();
        let leader_epoch = state.leader()?.epoch();
        let log = state.log()?;
        let log_end_offset = log.log_end_offset();
        let limit = ReadLimit {
            below_offset: log_end_offset,
            max_bytes: READ_BYTES,
            at_least_one: true,
        };
        let slice = log.read(offset.max(log.log_start_offset()), limit)?;
        let high_watermark = state.high_watermark;
        drop(state);
        let records = if slice.length == 0 {
            Bytes::new()
        } else {
            slice.read().map_err(|error| {
                log::error!("{OFFSETS_TOPIC} cannot be read: {error}");
                ErrorCode::KAFKA_STORAGE_ERROR
            })?
        };
        Ok(OffsetsRead {
            records,
            high_watermark,
            log_end_offset,
            leader_epoch,
        })
    }
}
