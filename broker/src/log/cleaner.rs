//! The slow part of compaction: which offset is the last of each key, and copying what stays. Works on
//! files of its own and on such as nobody changes; knows no log.

use std::collections::HashMap;

use crate::wire::error::WireError;
use crate::wire::records::{
    Batch, BatchBuilder, BatchHeader, BatchKind, BatchSettings, Control, NewRecord, Unpacker,
    emptied,
};

use super::LogError;
use super::append::marker_of;
use super::compaction::{Compacted, CompactionPlan, Group, LastBatch, Source, Transactions};
use super::disk::DataFile;
use super::file_name::Stage;
use super::scan::{Scan, read_batch};
use super::segment::Segment;

/// What an entry of the map takes beside its key.
const ENTRY_BYTES: usize = 48;

/// Runs a plan.
pub(super) fn copy(mut plan: CompactionPlan) -> Result<Compacted, LogError> {
    let keys = Keys::read(&plan)?;
    let sources = std::mem::take(&mut plan.sources);
    let mut cleaner = Cleaner {
        transactions: Transactions::new(&plan.aborted),
        plan: &plan,
        keys: &keys,
        unpacker: Unpacker::default(),
    };
    let mut groups = Vec::new();
    for sources in grouped(sources, keys.below, &plan) {
        let Some(first) = sources.first() else {
            continue;
        };
        let base_offset = first.base_offset;
        let bytes = cleaner.write(base_offset, &sources)?;
        groups.push(Group {
            base_offset,
            sources,
            bytes,
        });
    }
    Ok(Compacted {
        groups,
        clean_below: keys.below,
    })
}

/// Neighbours that fit into one segment go together.
fn grouped(sources: Vec<Source>, below: i64, plan: &CompactionPlan) -> Vec<Vec<Source>> {
    let most = u64::from(plan.settings.segment_bytes);
    let mut groups: Vec<Vec<Source>> = Vec::new();
    let mut bytes = 0;
    for source in sources {
        if source.base_offset >= below {
            break;
        }
        let size = source.data.size();
        let fits = groups
            .last()
            .and_then(|group| group.first())
            .is_some_and(|first| {
                bytes + size <= most && source.next_base - first.base_offset <= i64::from(i32::MAX)
            });
        match groups.last_mut() {
            Some(group) if fits => {
                bytes += size;
                group.push(source);
            }
            _ => {
                bytes = size;
                groups.push(vec![source]);
            }
        }
    }
    groups
}

/// The last offset of each key in the dirty part.
#[derive(Debug)]
struct Keys {
    last: HashMap<Box<[u8]>, i64>,
    bytes: usize,
    /// Records at and beyond this offset were not looked at: they all stay.
    below: i64,
}

impl Keys {
    fn read(plan: &CompactionPlan) -> Result<Self, LogError> {
        let mut keys = Self {
            last: HashMap::new(),
            bytes: 0,
            below: plan.first_dirty,
        };
        let mut transactions = Transactions::new(&plan.aborted);
        let mut unpacker = Unpacker::default();
        for source in &plan.sources {
            let dirty = source.next_base > plan.first_dirty;
            let read_on = for_each_batch(&source.data, |batch| {
                let header = &batch.header;
                let kind = header.attributes.kind();
                let gone = kind == BatchKind::Transactional
                    && transactions.meet_batch(header.producer_id, header.last_offset());
                let marker = marker_of(batch, &mut unpacker)?;
                if let Some(marker) = marker {
                    let aborts = marker.control == Control::Abort;
                    transactions.meet_marker(header.producer_id, header.last_offset(), aborts);
                }
                if !dirty || header.last_offset() < plan.first_dirty {
                    return Ok(true);
                }
                if keys.bytes >= plan.max_key_bytes && keys.below > plan.first_dirty {
                    return Ok(false);
                }
                if !gone && matches!(kind, BatchKind::Plain | BatchKind::Transactional) {
                    keys.add(batch, plan.first_dirty, &mut unpacker)?;
                }
                keys.below = header.last_offset() + 1;
                Ok(true)
            })?;
            if !read_on {
                return Ok(keys);
            }
            keys.below = keys.below.max(source.next_base);
        }
        Ok(keys)
    }

    fn add(
        &mut self,
        batch: &Batch<'_>,
        first_dirty: i64,
        unpacker: &mut Unpacker,
    ) -> Result<(), WireError> {
        for record in batch.records(unpacker)? {
            let record = record?;
            let Some(key) = record.key.filter(|_| record.offset >= first_dirty) else {
                continue;
            };
            if let Some(last) = self.last.get_mut(key) {
                *last = record.offset;
            } else {
                self.bytes += key.len() + ENTRY_BYTES;
                self.last.insert(key.into(), record.offset);
            }
        }
        Ok(())
    }

    fn is_last(&self, key: &[u8], offset: i64) -> bool {
        self.last.get(key).is_none_or(|last| offset >= *last)
    }
}

/// Shows every batch of a file, verified, until `see` has had enough.
fn for_each_batch(
    data: &DataFile,
    mut see: impl FnMut(&Batch<'_>) -> Result<bool, WireError>,
) -> Result<bool, LogError> {
    let mut scan = Scan::new(data, 0);
    let mut buffer = Vec::new();
    while let Some(found) = scan.step()? {
        read_batch(data, &found, &mut buffer)?;
        let read_on = Batch::parse(&buffer).and_then(|batch| {
            batch.verify()?;
            see(&batch)
        });
        match read_on {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(error) => {
                return Err(LogError::Corrupt {
                    path: data.path().to_owned(),
                    why: format!("not compacted: position {}: {error}", found.position),
                });
            }
        }
    }
    Ok(true)
}

/// What becomes of a batch.
enum Fate {
    Stays,
    Goes,
    Becomes(Vec<u8>),
}

struct Cleaner<'a> {
    plan: &'a CompactionPlan,
    keys: &'a Keys,
    transactions: Transactions,
    unpacker: Unpacker,
}

impl Cleaner<'_> {
    /// Writes what stays of some segments into a new one; gives its size.
    fn write(&mut self, base_offset: i64, sources: &[Source]) -> Result<u64, LogError> {
        let plan = self.plan;
        let mut to = Segment::create(
            &plan.dir,
            base_offset,
            Stage::Cleaned,
            plan.now_ms,
            &plan.guard,
        )?;
        let interval = plan.settings.index_interval_bytes;
        for source in sources {
            let mut kept: Result<(), LogError> = Ok(());
            for_each_batch(&source.data, |batch| {
                let mut aborted = None;
                let fate = self.judge(batch, &mut aborted)?;
                if let Some(aborted) = aborted {
                    kept = to.txns.append(aborted);
                }
                let bytes = match &fate {
                    Fate::Stays => batch.bytes(),
                    Fate::Becomes(bytes) => bytes.as_slice(),
                    Fate::Goes => return Ok(kept.is_ok()),
                };
                let header = BatchHeader::read(bytes)?;
                if kept.is_ok() {
                    kept = to.append(&header, &[bytes], interval);
                }
                Ok(kept.is_ok())
            })?;
            kept?;
        }
        to.seal()?;
        to.sync()?;
        Ok(to.size())
    }

    fn judge(
        &mut self,
        batch: &Batch<'_>,
        aborted: &mut Option<super::txn_index::Aborted>,
    ) -> Result<Fate, WireError> {
        let header = &batch.header;
        let due = header
            .delete_horizon_ms()
            .is_some_and(|horizon_ms| horizon_ms <= self.plan.now_ms);
        match header.attributes.kind() {
            BatchKind::TransactionMarker | BatchKind::Control => {
                let mut unneeded = false;
                if let Some(marker) = marker_of(batch, &mut self.unpacker)? {
                    let aborts = marker.control == Control::Abort;
                    (unneeded, *aborted) = self.transactions.meet_marker(
                        header.producer_id,
                        header.last_offset(),
                        aborts,
                    );
                }
                match (unneeded, header.delete_horizon_ms()) {
                    (true, _) if due => Ok(self.without_records(batch)),
                    (true, None) => self.rewritten(batch, |_| true),
                    _ => Ok(Fate::Stays),
                }
            }
            BatchKind::Transactional
                if self
                    .transactions
                    .meet_batch(header.producer_id, header.last_offset()) =>
            {
                Ok(self.without_records(batch))
            }
            BatchKind::Transactional | BatchKind::Plain => {
                let (keys, below) = (self.keys, self.keys.below);
                self.rewritten(batch, |record| {
                    record.offset >= below
                        || record.key.is_some_and(|key| {
                            keys.is_last(key, record.offset) && (record.value.is_some() || !due)
                        })
                })
            }
        }
    }

    /// The last batch of a producer and the last one of the round stay, empty.
    fn without_records(&self, batch: &Batch<'_>) -> Fate {
        let header = &batch.header;
        let is_last = |last: &LastBatch| match last.last_offset {
            Some(offset) => offset == header.last_offset(),
            None => {
                header.attributes.kind() == BatchKind::TransactionMarker
                    && header.producer_epoch == last.epoch
            }
        };
        let of_producer = self.plan.last_batches.get(&header.producer_id);
        if of_producer.is_some_and(is_last) || header.last_offset() + 1 == self.keys.below {
            return Fate::Becomes(emptied(batch));
        }
        Fate::Goes
    }

    fn rewritten(
        &mut self,
        batch: &Batch<'_>,
        stays: impl Fn(&crate::wire::records::Record<'_>) -> bool,
    ) -> Result<Fate, WireError> {
        let header = &batch.header;
        let marker = header.attributes.kind() == BatchKind::TransactionMarker;
        let (mut kept, mut tombstones) = (0, false);
        for record in batch.records(&mut self.unpacker)? {
            let record = record?;
            if stays(&record) {
                kept += 1;
                tombstones |= record.value.is_none();
            }
        }
        if kept == 0 {
            return Ok(self.without_records(batch));
        }
        let set_horizon = header.delete_horizon_ms().is_none() && (marker || tombstones);
        if kept == header.count && !set_horizon {
            return Ok(Fate::Stays);
        }
        let retention_ms = self.plan.settings.delete_retention_ms;
        let horizon_ms = if set_horizon {
            Some(self.plan.now_ms.saturating_add(retention_ms))
        } else {
            header.delete_horizon_ms()
        };
        let mut builder = BatchBuilder::new(BatchSettings {
            base_offset: header.base_offset,
            leader_epoch: header.leader_epoch,
            compression: header.attributes.compression()?,
            timestamps: header.attributes.timestamp_type(),
            kind: header.attributes.kind(),
            producer: header.producer(),
        })
        .with_delete_horizon(horizon_ms);
        for record in batch.records(&mut self.unpacker)? {
            let record = record?;
            if !stays(&record) {
                continue;
            }
            let delta = i32::try_from(record.offset - header.base_offset).unwrap_or(i32::MAX);
            let headers = record
                .headers
                .iter()
                .map(|header| header.map(|header| (header.key, header.value)))
                .collect::<Result<Vec<_>, WireError>>()?;
            builder.push_at(
                delta,
                &NewRecord {
                    timestamp_ms: record.timestamp_ms,
                    key: record.key,
                    value: record.value,
                    headers: &headers,
                },
            )?;
        }
        Ok(Fate::Becomes(
            builder.ending_at(header.last_offset_delta).finish()?,
        ))
    }
}
