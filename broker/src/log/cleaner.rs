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
    let mut groups: Vec<Group> = Vec::new();
    for sources in grouped(sources, keys.below, &plan) {
        let Some(first) = sources.first() else {
            continue;
        };
        let base_offset = first.base_offset;
        let written = cleaner.write(base_offset, &sources);
        groups.push(Group {
            base_offset,
            sources,
            bytes: *written.as_ref().unwrap_or(&0),
        });
        if let Err(error) = written {
            throw_away(&plan, &groups);
            return Err(error);
        }
    }
    Ok(Compacted {
        groups,
        clean_below: keys.below,
    })
}

/// Gives back what was written: a disk without space must not stay full of it.
fn throw_away(plan: &CompactionPlan, groups: &[Group]) {
    for group in groups {
        if let Err(error) = group.remove_cleaned(&plan.dir, &plan.guard) {
            log::warn!("left over by compaction: {error}");
        }
    }
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
                let gone = transactions.meet(batch, &mut unpacker)?;
                let seen = !dirty || batch.header.last_offset() < plan.first_dirty;
                keys.look(batch, (seen, gone), plan, &mut unpacker)
            })?;
            if !read_on {
                return Ok(keys);
            }
            keys.below = keys.below.max(source.next_base);
        }
        Ok(keys)
    }

    /// Whether no further batch may be looked at; one is in any case, so that every round moves on.
    fn is_full(&self, plan: &CompactionPlan) -> bool {
        self.bytes >= plan.max_key_bytes && self.below > plan.first_dirty
    }

    /// Looks at a batch: whether it was `seen` in an earlier round, whether its keys are `gone`.
    /// False once no more is to be read.
    fn look(
        &mut self,
        batch: &Batch<'_>,
        (seen, gone): (bool, bool),
        plan: &CompactionPlan,
        unpacker: &mut Unpacker,
    ) -> Result<bool, WireError> {
        if seen || self.is_full(plan) {
            return Ok(seen);
        }
        self.below = batch.header.last_offset() + 1;
        if !gone {
            self.add(batch, plan.first_dirty, unpacker)?;
        }
        Ok(true)
    }

    /// Notes the keys of a batch.
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

impl Transactions {
    /// Whether the records of a batch name no keys: control records, and those of an aborted one.
    fn meet(&mut self, batch: &Batch<'_>, unpacker: &mut Unpacker) -> Result<bool, WireError> {
        let (id, last) = (batch.header.producer_id, batch.header.last_offset());
        match batch.header.attributes.kind() {
            BatchKind::Plain => Ok(false),
            BatchKind::Transactional => Ok(self.meet_batch(id, last)),
            BatchKind::Control | BatchKind::TransactionMarker => {
                if let Some(marker) = marker_of(batch, unpacker)? {
                    self.meet_marker(id, last, marker.control == Control::Abort);
                }
                Ok(true)
            }
        }
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
            let mut kept = Ok(());
            for_each_batch(&source.data, |batch| {
                let mut aborted = None;
                let fate = self.judge(batch, &mut aborted)?;
                let header = match &fate {
                    Fate::Becomes(bytes) => BatchHeader::read(bytes)?,
                    _ => batch.header,
                };
                kept = aborted
                    .map_or(Ok(()), |aborted| to.txns.append(aborted))
                    .and_then(|()| match &fate {
                        Fate::Stays => to.append(&header, &[batch.bytes()], interval),
                        Fate::Becomes(bytes) => to.append(&header, &[bytes], interval),
                        Fate::Goes => Ok(()),
                    });
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
                    let alive = record.value.is_some() || !due;
                    let last = |key| keys.is_last(key, record.offset);
                    record.offset >= below || (alive && record.key.is_some_and(last))
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
