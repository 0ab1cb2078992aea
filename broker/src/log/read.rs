//! Finding: where batches are, which transactions were aborted, which record has a time. Bytes of
//! batches are read by whoever holds the [`Slice`], without the log's lock.

use std::ops::ControlFlow;

use crate::wire::error_code::ErrorCode;
use crate::wire::records::{Batch, Unpacker};

use super::disk::Access;
use super::partition::Log;
use super::scan::{Found, Scan, read_batch};
use super::segment::Segment;
use super::{AbortedTransaction, LogError, ReadLimit, Slice};

/// Offset and timestamp of a record, if there is one.
type FoundTime = Option<(i64, i64)>;

const NOTHING: Slice = Slice {
    file: None,
    position: 0,
    length: 0,
    ends_segment: false,
};

impl Log {
    /// Finds whole batches from the one that holds `offset`. `Err(OFFSET_OUT_OF_RANGE)` outside `[log
    /// start, log end]` (rule 32); `Err(KAFKA_STORAGE_ERROR)`, with the reason in the node's log, if the
    /// disk fails.
    pub fn read(&self, offset: i64, limit: ReadLimit) -> Result<Slice, ErrorCode> {
        if offset < self.start || offset > self.log_end_offset() {
            return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
        }
        if offset >= limit.below_offset || offset == self.log_end_offset() {
            return Ok(NOTHING);
        }
        self.slice(offset, limit).map_err(|error| {
            log::error!("reading from offset {offset}: {error}");
            ErrorCode::KAFKA_STORAGE_ERROR
        })
    }

    fn slice(&self, offset: i64, limit: ReadLimit) -> Result<Slice, LogError> {
        self.guard.check(Access::Read, &self.dir)?;
        for segment in self.segments_from(offset) {
            let Some(first) = segment.find(offset)? else {
                continue;
            };
            if first.header.last_offset() >= limit.below_offset {
                return Ok(NOTHING);
            }
            let max_bytes = limit.max_bytes as u64;
            let mut end = segment.end_of(&first, limit.below_offset, max_bytes)?;
            if end <= first.position && !limit.at_least_one {
                return Ok(NOTHING);
            }
            end = end.max(if limit.at_least_one { first.end() } else { end });
            return Ok(Slice {
                file: Some(segment.data.shared()),
                position: first.position,
                length: usize::try_from(end - first.position).unwrap_or(usize::MAX),
                ends_segment: end == segment.size()
                    && segment.base_offset != self.active.base_offset,
            });
        }
        Ok(NOTHING)
    }

    /// Aborted transactions that touch `[from, below)`, sorted by first offset (rule 35).
    pub fn aborted_transactions(
        &self,
        from: i64,
        below: i64,
    ) -> Result<Vec<AbortedTransaction>, LogError> {
        let mut found = Vec::new();
        let segments = self.segments_from(from);
        for aborted in segments.flat_map(|segment| segment.txns.entries()) {
            if aborted.last_offset >= from && aborted.first_offset < below {
                found.push(AbortedTransaction {
                    producer_id: aborted.producer_id,
                    first_offset: aborted.first_offset,
                });
            }
            // All that began below was decided by then.
            if aborted.last_stable_offset >= below {
                break;
            }
        }
        found.sort_unstable_by_key(|aborted| (aborted.first_offset, aborted.producer_id));
        Ok(found)
    }

    /// First record at or after a time, below an offset: its offset and timestamp (rule 39).
    pub fn offset_for_timestamp(
        &self,
        timestamp_ms: i64,
        below_offset: i64,
    ) -> Result<Option<(i64, i64)>, LogError> {
        self.guard.check(Access::Read, &self.dir)?;
        for segment in self.segments_from(self.start) {
            if segment.latest.timestamp_ms < timestamp_ms {
                continue;
            }
            if let Some(found) = first_at_time(segment, timestamp_ms, self.start)? {
                return Ok(Some(found).filter(|(offset, _)| *offset < below_offset));
            }
        }
        Ok(None)
    }

    /// The record with the largest timestamp: its offset and timestamp (KIP-734).
    pub fn max_timestamp(&self) -> Result<Option<(i64, i64)>, LogError> {
        self.guard.check(Access::Read, &self.dir)?;
        let mut largest: Option<(i64, i64)> = None;
        for segment in self.segments_from(self.start) {
            let floor = largest.map_or(-1, |(_, timestamp_ms)| timestamp_ms);
            if segment.latest.timestamp_ms <= floor {
                continue;
            }
            // The largest one of the segment that holds the log's start may lie below it.
            let found = if segment.base_offset < self.start {
                latest_from(segment, self.start)?
            } else {
                first_at_time(segment, segment.latest.timestamp_ms, self.start)?
            };
            largest = found
                .filter(|(_, timestamp_ms)| *timestamp_ms > floor)
                .or(largest);
        }
        Ok(largest)
    }
}

/// The first record with the largest timestamp of those at and beyond an offset.
fn latest_from(segment: &Segment, from_offset: i64) -> Result<FoundTime, LogError> {
    let mut largest: FoundTime = None;
    let mut scan = Scan::new(&segment.data, 0);
    let mut reading = Reading::of(segment, from_offset);
    while let Some(found) = scan.step()? {
        let floor = largest.map_or(-1, |(_, timestamp_ms)| timestamp_ms);
        largest = reading.latest_after(&found, floor)?.or(largest);
    }
    Ok(largest)
}

/// The first record of a segment at or after a time, not below an offset.
fn first_at_time(
    segment: &Segment,
    timestamp_ms: i64,
    from_offset: i64,
) -> Result<FoundTime, LogError> {
    let mut scan = segment.scan_from_time(timestamp_ms)?;
    let mut reading = Reading::of(segment, from_offset);
    while let Some(found) = scan.step()? {
        if let Some(first) = reading.first_at(&found, timestamp_ms)? {
            return Ok(Some(first));
        }
    }
    Ok(None)
}

/// Looking into the batches of a segment.
struct Reading<'a> {
    segment: &'a Segment,
    from_offset: i64,
    buffer: Vec<u8>,
    unpacker: Unpacker,
}

impl<'a> Reading<'a> {
    fn of(segment: &'a Segment, from_offset: i64) -> Self {
        Self {
            segment,
            from_offset,
            buffer: Vec::new(),
            unpacker: Unpacker::default(),
        }
    }

    /// The first record of a batch at or after a time: its offset and timestamp.
    fn first_at(&mut self, found: &Found, timestamp_ms: i64) -> Result<FoundTime, LogError> {
        let mut first = None;
        self.each_from(found, timestamp_ms, |record| {
            first = Some(record);
            ControlFlow::Break(())
        })?;
        Ok(first)
    }

    /// The first record with the largest timestamp of a batch, where that is beyond `floor_ms`.
    fn latest_after(&mut self, found: &Found, floor_ms: i64) -> Result<FoundTime, LogError> {
        let mut largest: FoundTime = None;
        self.each_from(found, floor_ms.saturating_add(1), |record| {
            if largest.is_none_or(|(_, timestamp_ms)| record.1 > timestamp_ms) {
                largest = Some(record);
            }
            ControlFlow::Continue(())
        })?;
        Ok(largest)
    }

    /// Shows the records of a batch at or after a time, until `see` has had enough.
    fn each_from(
        &mut self,
        found: &Found,
        timestamp_ms: i64,
        mut see: impl FnMut((i64, i64)) -> ControlFlow<()>,
    ) -> Result<(), LogError> {
        let header = &found.header;
        if header.max_timestamp_ms < timestamp_ms || header.last_offset() < self.from_offset {
            return Ok(());
        }
        let data = &self.segment.data;
        read_batch(data, found, &mut self.buffer)?;
        let corrupt = |error: crate::wire::error::WireError| LogError::Corrupt {
            path: data.path().to_owned(),
            why: format!("position {}: {error}", found.position),
        };
        let batch = Batch::parse(&self.buffer).map_err(corrupt)?;
        for record in batch.open(&mut self.unpacker).map_err(corrupt)? {
            let record = record.map_err(corrupt)?;
            let fits = record.timestamp_ms >= timestamp_ms && record.offset >= self.from_offset;
            if fits && see((record.offset, record.timestamp_ms)).is_break() {
                break;
            }
        }
        Ok(())
    }
}
