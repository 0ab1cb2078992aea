//! What a command is about to change: its records, and the image as it will be with them, so that a
//! later step of the same command sees the earlier ones.

use std::sync::Arc;

use crate::meta::apply::apply;
use crate::meta::image::{Delta, Image};
use crate::meta::record::{PartitionState, Record};
use crate::wire::uuid::Uuid;

use super::allowance::Allowance;

/// Records in the making, and the image with them applied.
#[derive(Debug)]
pub(super) struct Draft {
    /// The image as if the records were agreed on.
    pub image: Image,
    /// How many partitions may come and go.
    pub allowance: Allowance,
    records: Vec<Record>,
}

impl Draft {
    /// Nothing changed yet. Copies no more than the image's shared roots.
    pub fn new(image: &Image) -> Self {
        Self {
            image: image.clone(),
            allowance: Allowance::default(),
            records: Vec::new(),
        }
    }

    /// Adds a record.
    pub fn push(&mut self, record: Record) {
        let offset = self.next_offset();
        apply(&mut self.image, offset, &record, &mut Delta::default());
        self.records.push(record);
    }

    /// Adds a partition's next state.
    pub fn set_partition(&mut self, topic: Uuid, index: i32, state: PartitionState) {
        self.push(Record::Partition {
            topic,
            index,
            state,
        });
    }

    /// Where the next record is expected to land.
    pub fn next_offset(&self) -> i64 {
        self.image.offset.saturating_add(1)
    }

    /// The records so far.
    pub fn into_records(self) -> Vec<Record> {
        self.records
    }

    /// The partitions that `wanted` picks: topic id, name, index and state as of now. Walks all
    /// partitions: for events, not for every request.
    pub fn partitions_where(&self, wanted: impl Fn(&PartitionState) -> bool) -> Vec<Found> {
        let mut found = Vec::new();
        for topic in self.image.topics.values() {
            let indexed = (0_i32..).zip(&topic.partitions);
            found.extend(
                indexed
                    .filter(|(_, state)| wanted(state))
                    .map(|(index, state)| Found {
                        topic: topic.id,
                        name: Arc::clone(&topic.name),
                        index,
                        state: Arc::clone(state),
                    }),
            );
        }
        found
    }
}

/// One partition that was looked for.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// The topic's id.
    pub topic: Uuid,
    /// The topic's name.
    pub name: Arc<str>,
    /// The partition's index.
    pub index: i32,
    /// Its state when it was found.
    pub state: Arc<PartitionState>,
}
