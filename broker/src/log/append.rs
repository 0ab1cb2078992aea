//! Appending: as the leader, as the broker itself, as a follower. Nothing is written before all is
//! checked; what fails leaves the log as it was.

use bytes::Bytes;

use crate::wire::error_code::ErrorCode;
use crate::wire::records::{
    Batch, BatchBuilder, BatchHeader, BatchKind, BatchSettings, Chunk, Control, NewRecord,
    Producer, RecordSet, coordinator_epoch, transaction_marker,
};

use super::partition::Log;
use super::producer_state::{Marker, Verdict};
use super::validate::{refuse, validate};
use super::{AppendError, Appended, LogError};

/// Base offset, length and leader epoch: the part of a batch that the leader writes.
const STAMPED_BYTES: usize = 16;

/// What a coordinator decided for a producer's transaction (rule 53).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransactionEnd {
    /// Whose.
    pub producer_id: i64,
    /// The epoch that ends it.
    pub producer_epoch: i16,
    /// Epoch of the deciding coordinator: one that was replaced is fenced.
    pub coordinator_epoch: i32,
    /// Committed, or aborted.
    pub committed: bool,
}

impl Log {
    /// Appends a client's batch as the leader: validates it, assigns offsets and the epoch.
    pub fn append_as_leader(
        &mut self,
        batch: &Bytes,
        leader_epoch: i32,
        now_ms: i64,
    ) -> Result<Appended, AppendError> {
        let settings = std::sync::Arc::clone(&self.settings);
        let valid = validate(batch, &settings, &mut self.unpacker, now_ms)?;
        match self.producers.check(&valid.header) {
            Ok(Verdict::Next) => {}
            Ok(Verdict::Duplicate(mark)) => {
                return Ok(Appended {
                    base_offset: mark.first_offset(),
                    last_offset: mark.last_offset,
                    log_append_time_ms: if valid.log_append_time_ms < 0 {
                        -1
                    } else {
                        mark.timestamp_ms
                    },
                    duplicate: true,
                    rolled: false,
                });
            }
            Err((code, message)) => return Err(refuse(code, message)),
        }
        let mut appended = self.append_stamped(&valid.bytes, valid.header, leader_epoch, now_ms)?;
        appended.log_append_time_ms = valid.log_append_time_ms;
        Ok(appended)
    }

    /// Appends batches that this broker wrote itself (coordinators): offsets are assigned, client rules
    /// do not apply. Gives the offsets of the first and the last of them.
    pub fn append_own(
        &mut self,
        batch: &[u8],
        leader_epoch: i32,
        now_ms: i64,
    ) -> Result<Appended, LogError> {
        let mut whole: Option<Appended> = None;
        for chunk in RecordSet::new(batch) {
            let chunk = chunk.map_err(|error| self.unsound(&error.to_string()))?;
            let Chunk::Batch(one) = chunk else {
                return Err(self.unsound("records that are no whole batch of magic 2"));
            };
            one.verify()
                .map_err(|error| self.unsound(&error.to_string()))?;
            let next = self.append_stamped(one.bytes(), one.header, leader_epoch, now_ms)?;
            whole = Some(match whole {
                None => next,
                Some(first) => Appended {
                    base_offset: first.base_offset,
                    rolled: first.rolled || next.rolled,
                    ..next
                },
            });
        }
        whole.ok_or_else(|| self.unsound("there is no batch"))
    }

    /// Ends a transaction: appends its marker, unless its producer or coordinator is fenced.
    pub fn end_transaction(
        &mut self,
        end: TransactionEnd,
        leader_epoch: i32,
        now_ms: i64,
    ) -> Result<Appended, AppendError> {
        self.producers
            .check_marker(end.producer_id, end.producer_epoch, end.coordinator_epoch)
            .map_err(|(code, message)| refuse(code, message))?;
        let control = if end.committed {
            Control::Commit
        } else {
            Control::Abort
        };
        let mut builder = BatchBuilder::new(BatchSettings {
            kind: BatchKind::TransactionMarker,
            producer: Some(Producer {
                id: end.producer_id,
                epoch: end.producer_epoch,
                base_sequence: -1,
            }),
            ..BatchSettings::default()
        });
        let batch = builder
            .push(&NewRecord {
                timestamp_ms: now_ms,
                key: Some(&control.key()),
                value: Some(&transaction_marker(end.coordinator_epoch)),
                headers: &[],
            })
            .and_then(|()| builder.finish())
            .map_err(|error| refuse(ErrorCode::INVALID_RECORD, error.to_string()))?;
        Ok(self.append_own(&batch, leader_epoch, now_ms)?)
    }

    /// Appends what a leader sent, byte for byte; offsets and epochs are already in it. Batches below
    /// the log's end are skipped. A batch that overlaps the log, that has an older epoch or that fails
    /// its CRC is refused; those before it stay. A gap is taken: compaction leaves gaps. Gives the log's
    /// end.
    pub fn append_as_follower(&mut self, records: &Bytes, now_ms: i64) -> Result<i64, LogError> {
        for chunk in RecordSet::new(records) {
            let chunk = chunk.map_err(|error| self.unsound(&error.to_string()))?;
            let batch = match chunk {
                Chunk::Batch(batch) => batch,
                Chunk::Partial(_) => break,
                Chunk::Message(_) => return Err(self.unsound("a message of an old format")),
            };
            batch
                .verify()
                .map_err(|error| self.unsound(&error.to_string()))?;
            let end = self.log_end_offset();
            let header = batch.header;
            if header.last_offset_delta < 0 || header.last_offset() < header.base_offset {
                return Err(self.unsound("a batch ends before it begins"));
            }
            if header.last_offset() < end {
                continue;
            }
            // The first batch after a restart may reach below the log's start; compaction leaves gaps
            // between batches, so only an overlap is wrong.
            let empty = self.active.size() == 0 && self.closed.is_empty();
            if header.base_offset < end && !empty {
                let why = format!(
                    "the batch at offset {} begins inside the log, which ends at {end}",
                    header.base_offset
                );
                return Err(self.unsound(&why));
            }
            if header.leader_epoch < self.epochs.latest() {
                let why = format!(
                    "the batch at offset {} has epoch {}, the log has {}",
                    header.base_offset,
                    header.leader_epoch,
                    self.epochs.latest()
                );
                return Err(self.unsound(&why));
            }
            if header.base_offset < end {
                self.restart_empty_at(header.base_offset, now_ms)?;
            }
            self.write(&header, &[batch.bytes()], now_ms)?;
        }
        Ok(self.log_end_offset())
    }

    /// Gives the batch its offset and epoch and writes it.
    fn append_stamped(
        &mut self,
        bytes: &[u8],
        mut header: BatchHeader,
        leader_epoch: i32,
        now_ms: i64,
    ) -> Result<Appended, LogError> {
        let base_offset = self.log_end_offset();
        header.base_offset = base_offset;
        header.leader_epoch = leader_epoch;
        let last_offset = base_offset.checked_add(i64::from(header.last_offset_delta));
        let Some(last_offset) = last_offset.filter(|last| *last >= base_offset) else {
            return Err(self.unsound("its offsets do not fit the log"));
        };
        let mut stamp = [0; STAMPED_BYTES];
        let fields = base_offset
            .to_be_bytes()
            .into_iter()
            .chain(header.length.to_be_bytes())
            .chain(leader_epoch.to_be_bytes());
        for (place, byte) in stamp.iter_mut().zip(fields) {
            *place = byte;
        }
        let rest = bytes.get(STAMPED_BYTES..).unwrap_or(&[]);
        let rolled = self.write(&header, &[&stamp, rest], now_ms)?;
        Ok(Appended {
            base_offset,
            last_offset,
            log_append_time_ms: -1,
            duplicate: false,
            rolled,
        })
    }

    /// Writes a batch at the log's end and notes what it means. Says whether a segment was begun.
    fn write(
        &mut self,
        header: &BatchHeader,
        parts: &[&[u8]],
        now_ms: i64,
    ) -> Result<bool, LogError> {
        let marker = self.marker_in(header, parts)?;
        let rolled = self.roll_for(header, now_ms)?;
        self.epochs
            .assign(header.leader_epoch, header.base_offset)?;
        let aborted = marker.and_then(|marker| self.producers.aborted_by(header, marker));
        let entries = self.active.txns.entries().len();
        if let Some(aborted) = aborted {
            self.active.txns.append(aborted)?;
        }
        let interval = self.settings.index_interval_bytes;
        if let Err(error) = self.active.append(header, parts, interval) {
            if aborted.is_some()
                && let Err(second) = self.active.txns.cut(entries)
            {
                log::error!("{second}: an aborted transaction is indexed that is not in the log");
            }
            return Err(error);
        }
        match marker {
            Some(marker) => self.producers.note_marker(header, marker),
            None => self.producers.note_batch(header),
        }
        Ok(rolled)
    }

    fn marker_in(
        &mut self,
        header: &BatchHeader,
        parts: &[&[u8]],
    ) -> Result<Option<Marker>, LogError> {
        if header.attributes.kind() != BatchKind::TransactionMarker || header.count == 0 {
            return Ok(None);
        }
        let bytes = parts.concat();
        let batch = Batch::parse(&bytes).map_err(|error| self.unsound(&error.to_string()))?;
        marker_of(&batch, &mut self.unpacker).map_err(|error| self.unsound(&error.to_string()))
    }

    /// Begins a new segment if this batch may not go into the active one (rule 78).
    fn roll_for(&mut self, header: &BatchHeader, now_ms: i64) -> Result<bool, LogError> {
        let active = &self.active;
        let settings = &self.settings;
        let empty = active.size() == 0;
        let too_large = active.size() + header.size() > u64::from(settings.segment_bytes);
        let too_far = header.last_offset().saturating_sub(active.base_offset) > i64::from(i32::MAX);
        // One slot of the time index stays for the entry of the close.
        let index_full = active.offsets.is_full(settings.segment_index_bytes, 0)
            || active.times.is_full(settings.segment_index_bytes, 1);
        let due = too_large || index_full || self.time_is_up(header.max_timestamp_ms, now_ms);
        if empty {
            // A follower's first batch may lie far beyond where its segment was to begin.
            if too_far {
                self.restart_empty_at(header.base_offset, now_ms)?;
            }
            return Ok(false);
        }
        if !(due || too_far) {
            return Ok(false);
        }
        self.roll(now_ms)?;
        Ok(true)
    }

    /// An error about bytes that were to be appended.
    fn unsound(&self, why: &str) -> LogError {
        LogError::Corrupt {
            path: self.dir.clone(),
            why: format!("not appended: {why}"),
        }
    }
}

/// The marker that a control batch holds.
pub(super) fn marker_of(
    batch: &Batch<'_>,
    unpacker: &mut crate::wire::records::Unpacker,
) -> Result<Option<Marker>, crate::wire::error::WireError> {
    if batch.header.attributes.kind() != BatchKind::TransactionMarker {
        return Ok(None);
    }
    let Some(record) = batch.records(unpacker)?.next() else {
        return Ok(None);
    };
    let record = record?;
    Ok(match Control::of(&record)? {
        Control::Other(_) => None,
        control => Some(Marker {
            control,
            coordinator_epoch: coordinator_epoch(&record)?,
        }),
    })
}
