//! Finding: where batches are, which transactions were aborted, which record has a time. Bytes of
//! batches are read by whoever holds the [`Slice`], without the log's lock.

use crate::wire::error_code::ErrorCode;
use crate::wire::records::{Batch, Unpacker};

use super::disk::Access;
use super::partition::Log;
use super::scan::read_batch;
use super::segment::Segment;
use super::{AbortedTransaction, LogError, ReadLimit, Slice};

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
        let latest = self
            .segments_from(self.start)
            .map(|segment| segment.latest.timestamp_ms)
            .max();
        match latest {
            Some(timestamp_ms) if timestamp_ms >= 0 => {
                self.offset_for_timestamp(timestamp_ms, i64::MAX)
            }
            _ => Ok(None),
        }
    }
}

/// The first record of a segment at or after a time, not below an offset.
fn first_at_time(
    segment: &Segment,
    timestamp_ms: i64,
    from_offset: i64,
) -> Result<Option<(i64, i64)>, LogError> {
    let mut scan = segment.scan_from_time(timestamp_ms)?;
    let mut buffer = Vec::new();
    let mut unpacker = Unpacker::default();
    while let Some(found) = scan.step()? {
        let header = &found.header;
        if header.max_timestamp_ms < timestamp_ms || header.last_offset() < from_offset {
            continue;
        }
        read_batch(&segment.data, &found, &mut buffer)?;
        let corrupt = |error: crate::wire::error::WireError| LogError::Corrupt {
            path: segment.data.path().to_owned(),
            why: format!("position {}: {error}", found.position),
        };
        let batch = Batch::parse(&buffer).map_err(corrupt)?;
        for record in batch.open(&mut unpacker).map_err(corrupt)? {
            let record = record.map_err(corrupt)?;
            if record.timestamp_ms >= timestamp_ms && record.offset >= from_offset {
                return Ok(Some((record.offset, record.timestamp_ms)));
            }
        }
    }
    Ok(None)
}
