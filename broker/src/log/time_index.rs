//! The time index of a segment: entries of an i64 timestamp, the largest so far, and an i32, the last
//! offset of the batch that carries it. Timestamps grow from entry to entry.

use super::LogError;
use super::index::{Entry, Index, relative};

/// The `.timeindex` file.
pub(super) type TimeIndex = Index<TimeEntry>;

/// The largest timestamp up to and with the batch that ends at `offset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimeEntry {
    pub(super) timestamp_ms: i64,
    pub(super) offset: i64,
}

impl Entry for TimeEntry {
    type Bytes = [u8; 12];

    fn to_bytes(self, base_offset: i64) -> Option<[u8; 12]> {
        let offset = relative(self.offset, base_offset)?;
        let mut bytes = [0; 12];
        let (timestamp, rest) = bytes.split_at_mut(8);
        timestamp.copy_from_slice(&self.timestamp_ms.to_be_bytes());
        rest.copy_from_slice(&offset.to_be_bytes());
        Some(bytes)
    }

    fn of_bytes(bytes: [u8; 12], base_offset: i64) -> Self {
        let (mut timestamp, mut offset) = ([0; 8], [0; 4]);
        let (first, rest) = bytes.split_at(8);
        timestamp.copy_from_slice(first);
        offset.copy_from_slice(rest);
        Self {
            timestamp_ms: i64::from_be_bytes(timestamp),
            offset: base_offset.saturating_add(i64::from(i32::from_be_bytes(offset))),
        }
    }

    fn is_of(self, base_offset: i64, _log_bytes: u64) -> bool {
        self.offset >= base_offset && self.timestamp_ms >= 0
    }
}

impl TimeIndex {
    /// Adds an entry if its timestamp is later than the last one's.
    pub(super) fn maybe_append(&mut self, entry: TimeEntry) -> Result<(), LogError> {
        let floor = self.last().map_or(-1, |last| last.timestamp_ms);
        if entry.timestamp_ms <= floor {
            return Ok(());
        }
        self.append(entry)
    }

    /// The last entry with a timestamp below the one sought: no batch up to its offset has a later one.
    pub(super) fn before(&self, timestamp_ms: i64) -> Result<Option<TimeEntry>, LogError> {
        self.last_where(|entry| entry.timestamp_ms < timestamp_ms)
    }

    /// Drops entries at and beyond an offset.
    pub(super) fn truncate(&mut self, offset: i64) -> Result<(), LogError> {
        self.drop_last(|entry| entry.offset >= offset)
    }
}
