//! What goes into `__consumer_offsets` as one batch, and what is to follow once it is there. Pure.

use crate::wire::error::Result;
use crate::wire::error_code::ErrorCode;
use crate::wire::records::{BatchBuilder, BatchSettings, NewRecord};

use super::classic::{Answer, Purpose, Ticket};
use super::offsets::OffsetChange;
use super::schema::{GroupValue, Key, OffsetValue};

/// Most removals in one batch, so that it stays well below `max.message.bytes`.
pub const MAX_REMOVALS: usize = 2_000;

/// What is written.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A group's record.
    Group {
        /// Why.
        purpose: Purpose,
        /// The record.
        value: GroupValue,
    },
    /// Offsets, new or removed.
    Offsets(Vec<OffsetChange>),
    /// The group's record is removed.
    Removed,
}

/// One batch of records of one group.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// The group's id.
    pub group: String,
    /// What is written.
    pub change: Change,
    /// Who waits until it is committed.
    pub ticket: Option<Ticket>,
}

impl Write {
    /// The batch, as a coordinator appends it.
    pub fn batch(&self, now_ms: i64) -> Result<Vec<u8>> {
        let mut builder = BatchBuilder::new(BatchSettings::default());
        let mut push = |key: &Key, value: Option<Vec<u8>>| {
            builder.push(&NewRecord {
                timestamp_ms: now_ms,
                key: Some(&key.write()?),
                value: value.as_deref(),
                headers: &[],
            })
        };
        let own = || Key::Group {
            group: self.group.clone(),
        };
        match &self.change {
            Change::Group { value, .. } => push(&own(), Some(value.write()?))?,
            Change::Removed => push(&own(), None)?,
            Change::Offsets(changes) => {
                for change in changes {
                    let key = Key::Offset {
                        group: self.group.clone(),
                        topic: change.topic.clone(),
                        partition: change.partition,
                    };
                    let value = change.value.as_ref().map(OffsetValue::write);
                    push(&key, value.transpose()?)?;
                }
            }
        }
        builder.finish()
    }

    /// What its group tells clients if it cannot be written, as Kafka translates it.
    pub fn told(&self, code: ErrorCode) -> ErrorCode {
        match code {
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
            | ErrorCode::NOT_ENOUGH_REPLICAS
            | ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND
            | ErrorCode::REQUEST_TIMED_OUT => ErrorCode::COORDINATOR_NOT_AVAILABLE,
            ErrorCode::NOT_LEADER_OR_FOLLOWER
            | ErrorCode::FENCED_LEADER_EPOCH
            | ErrorCode::UNKNOWN_LEADER_EPOCH
            | ErrorCode::KAFKA_STORAGE_ERROR => ErrorCode::NOT_COORDINATOR,
            ErrorCode::MESSAGE_TOO_LARGE
            | ErrorCode::RECORD_LIST_TOO_LARGE
            | ErrorCode::INVALID_FETCH_SIZE => match self.change {
                Change::Offsets(_) => ErrorCode::INVALID_COMMIT_OFFSET_SIZE,
                Change::Group { .. } | Change::Removed => ErrorCode::UNKNOWN_SERVER_ERROR,
            },
            other => other,
        }
    }
}

/// What a call on a partition leads to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Requests that are answered now.
    pub answers: Vec<(Ticket, Answer)>,
    /// Batches to append, in this order.
    pub writes: Vec<Write>,
}
