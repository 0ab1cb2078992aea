//! From the records of a partition back to its groups. Total over any bytes: what cannot be read is
//! told and left alone, never guessed at. Knows no log.

use std::collections::{BTreeMap, HashMap};

use crate::wire::error::Result;
use crate::wire::records::{BatchKind, Chunk, Record, RecordSet, Unpacker};

use super::offsets::OffsetChange;
use super::partition::Partition;
use super::schema::{GroupValue, Key, OffsetValue};
use super::settings::GroupSettings;

/// The last word on every key so far.
#[derive(Debug, Default)]
pub struct Replay {
    groups: HashMap<String, GroupValue>,
    offsets: HashMap<String, BTreeMap<(String, i32), OffsetValue>>,
    unpacker: Unpacker,
    records: u64,
    skipped: u64,
}

impl Replay {
    /// Takes whole batches in and gives the offset behind the last of them. A batch that cannot be
    /// read is an error: what it said is not known.
    pub fn take(&mut self, records: &[u8]) -> Result<Option<i64>> {
        let mut unpacker = std::mem::take(&mut self.unpacker);
        let mut next = None;
        for chunk in RecordSet::new(records) {
            let Chunk::Batch(batch) = chunk? else {
                self.skipped += 1;
                continue;
            };
            next = Some(batch.header.last_offset().saturating_add(1));
            if batch.header.attributes.kind() != BatchKind::Plain {
                // Transactions do not commit offsets here, and markers carry no state of groups.
                self.skipped += 1;
                continue;
            }
            for record in batch.open(&mut unpacker)? {
                self.take_record(&record?);
            }
        }
        self.unpacker = unpacker;
        Ok(next)
    }

    fn take_record(&mut self, record: &Record<'_>) {
        self.records += 1;
        if let Err(why) = self.try_record(record) {
            self.skipped += 1;
            log::warn!(
                "record at offset {} of __consumer_offsets is left out: {why}",
                record.offset
            );
        }
    }

    fn try_record(&mut self, record: &Record<'_>) -> Result<()> {
        match Key::read(record.key.unwrap_or_default())? {
            Key::Group { group } => {
                match record.value {
                    Some(value) => self.groups.insert(group, GroupValue::read(value)?),
                    None => self.groups.remove(&group),
                };
            }
            Key::Offset {
                group,
                topic,
                partition,
            } => {
                let offsets = self.offsets.entry(group).or_default();
                match record.value {
                    Some(value) => offsets.insert((topic, partition), OffsetValue::read(value)?),
                    None => offsets.remove(&(topic, partition)),
                };
            }
            Key::Other(_) => self.skipped += 1,
        }
        Ok(())
    }

    /// How many records were read, and how many of them or of whole batches are not of this room.
    pub fn counts(&self) -> (u64, u64) {
        (self.records, self.skipped)
    }

    /// The groups as of the last record, each member with a fresh session.
    pub fn finish(self, settings: GroupSettings, now_ms: i64) -> Partition {
        let mut partition = Partition::new(settings);
        for (id, value) in self.groups {
            partition.restore_group(&id, value, now_ms);
        }
        for (id, offsets) in self.offsets {
            for ((topic, index), value) in offsets {
                let change = OffsetChange {
                    topic,
                    partition: index,
                    value: Some(value),
                };
                partition.restore_offset(&id, change, now_ms);
            }
        }
        partition
    }
}
