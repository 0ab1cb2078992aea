//! The time index of a segment: entries of a big-endian i64 timestamp, the largest so far, and an i32,
//! the last offset of the batch that carries it relative to the segment's base. Timestamps grow from
//! entry to entry (rule 78). An entry is a hint, as in the offset index.

use std::path::PathBuf;

use super::LogError;
use super::disk::{DataFile, DiskGuard};

const ENTRY_BYTES: u64 = 12;

/// The largest timestamp up to and with the batch that ends at `offset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimeEntry {
    pub(super) timestamp_ms: i64,
    pub(super) offset: i64,
}

/// The `.timeindex` file.
#[derive(Debug)]
pub(super) struct TimeIndex {
    pub(super) file: DataFile,
    base_offset: i64,
    last: Option<TimeEntry>,
    /// Whether the file had to be made and its entries are lost.
    missing: bool,
}

impl TimeIndex {
    /// Opens it.
    pub(super) fn open(
        path: PathBuf,
        base_offset: i64,
        guard: &DiskGuard,
    ) -> Result<Self, LogError> {
        let missing = !path.exists();
        let file = DataFile::open(path, guard)?;
        let mut index = Self {
            file,
            base_offset,
            last: None,
            missing,
        };
        let entries = index.entries();
        if entries > 0 {
            index.last = Some(index.entry(entries - 1)?);
        }
        Ok(index)
    }

    /// What is wrong with it, as far as its size and last entry tell.
    pub(super) fn flaw(&self, log_bytes: u64) -> Option<String> {
        if self.missing && log_bytes > 0 {
            return Some("it is missing".to_owned());
        }
        if !self.file.size().is_multiple_of(ENTRY_BYTES) {
            return Some(format!("{} bytes are no whole entries", self.file.size()));
        }
        let last = self.last?;
        (last.offset < self.base_offset || last.timestamp_ms < 0)
            .then(|| "the last entry points outside of the segment".to_owned())
    }

    fn entries(&self) -> u64 {
        self.file.size() / ENTRY_BYTES
    }

    pub(super) fn last(&self) -> Option<TimeEntry> {
        self.last
    }

    fn entry(&self, slot: u64) -> Result<TimeEntry, LogError> {
        let mut timestamp = [0; 8];
        let mut relative = [0; 4];
        self.file.read_exact(&mut timestamp, slot * ENTRY_BYTES)?;
        self.file
            .read_exact(&mut relative, slot * ENTRY_BYTES + 8)?;
        let relative = i64::from(i32::from_be_bytes(relative));
        Ok(TimeEntry {
            timestamp_ms: i64::from_be_bytes(timestamp),
            offset: self.base_offset.saturating_add(relative),
        })
    }

    /// Adds an entry if its timestamp is later than the last one's.
    pub(super) fn maybe_append(&mut self, entry: TimeEntry) -> Result<(), LogError> {
        let floor = self.last.map_or(-1, |last| last.timestamp_ms);
        let relative = i32::try_from(entry.offset.wrapping_sub(self.base_offset));
        let Ok(relative) = relative else {
            return Ok(());
        };
        if entry.timestamp_ms <= floor {
            return Ok(());
        }
        self.file
            .append(&[&entry.timestamp_ms.to_be_bytes(), &relative.to_be_bytes()])?;
        self.last = Some(entry);
        Ok(())
    }

    /// The last entry with a timestamp below the one sought: no batch up to its offset has a later one.
    pub(super) fn before(&self, timestamp_ms: i64) -> Result<Option<TimeEntry>, LogError> {
        match self.last {
            None => return Ok(None),
            Some(last) if last.timestamp_ms < timestamp_ms => return Ok(Some(last)),
            Some(_) => {}
        }
        let (mut low, mut high) = (0, self.entries());
        let mut found = None;
        while low < high {
            let middle = low + (high - low) / 2;
            let entry = self.entry(middle)?;
            if entry.timestamp_ms < timestamp_ms {
                found = Some(entry);
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(found)
    }

    /// Drops entries at and beyond an offset.
    pub(super) fn truncate(&mut self, offset: i64) -> Result<(), LogError> {
        let mut keep = self.entries();
        while keep > 0 && self.entry(keep - 1)?.offset >= offset {
            keep -= 1;
        }
        self.file.truncate(keep * ENTRY_BYTES)?;
        self.last = match keep {
            0 => None,
            _ => Some(self.entry(keep - 1)?),
        };
        Ok(())
    }

    /// Drops all entries.
    pub(super) fn clear(&mut self) -> Result<(), LogError> {
        self.file.truncate(0)?;
        self.last = None;
        self.missing = false;
        Ok(())
    }

    /// Whether `segment.index.bytes` allows no further entry. One slot stays for the entry of the close.
    pub(super) fn is_full(&self, max_bytes: u32) -> bool {
        self.entries() + 1 >= u64::from(max_bytes) / ENTRY_BYTES
    }
}
