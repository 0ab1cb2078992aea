//! The offset index of a segment: every `index.interval.bytes` one entry of two big-endian i32, the
//! last offset of a batch relative to the segment's base and the batch's position (rule 78).
//!
//! An entry is a hint: whoever uses it compares it with the batch it points to.

use std::path::PathBuf;

use super::LogError;
use super::disk::{DataFile, DiskGuard};

const ENTRY_BYTES: u64 = 8;

/// The batch whose last offset is `offset` begins at `position`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct IndexEntry {
    pub(super) offset: i64,
    pub(super) position: u64,
}

/// The `.index` file.
#[derive(Debug)]
pub(super) struct OffsetIndex {
    pub(super) file: DataFile,
    base_offset: i64,
    last: Option<IndexEntry>,
    /// Whether the file had to be made and its entries are lost.
    missing: bool,
}

impl OffsetIndex {
    /// Opens it; an error if it is no whole number of entries.
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
        if last.offset < self.base_offset || last.position >= log_bytes {
            return Some("the last entry points outside of the segment".to_owned());
        }
        None
    }

    pub(super) fn entries(&self) -> u64 {
        self.file.size() / ENTRY_BYTES
    }

    pub(super) fn last(&self) -> Option<IndexEntry> {
        self.last
    }

    fn entry(&self, slot: u64) -> Result<IndexEntry, LogError> {
        let mut bytes = [0; 8];
        self.file.read_exact(&mut bytes, slot * ENTRY_BYTES)?;
        let whole = u64::from_be_bytes(bytes);
        let [relative, position] = [whole >> 32, whole & u64::from(u32::MAX)];
        let relative = u32::try_from(relative).unwrap_or(0).cast_signed();
        Ok(IndexEntry {
            offset: self.base_offset.saturating_add(i64::from(relative)),
            position,
        })
    }

    /// Adds an entry; a batch that does not fit the format gets none.
    pub(super) fn append(&mut self, entry: IndexEntry) -> Result<(), LogError> {
        let relative = i32::try_from(entry.offset.wrapping_sub(self.base_offset));
        let position = i32::try_from(entry.position);
        let (Ok(relative), Ok(position)) = (relative, position) else {
            return Ok(());
        };
        self.file
            .append(&[&relative.to_be_bytes(), &position.to_be_bytes()])?;
        self.last = Some(entry);
        Ok(())
    }

    /// The last entry of those for which `before` holds; it must hold for a beginning of them.
    fn last_where(
        &self,
        before: impl Fn(&IndexEntry) -> bool,
    ) -> Result<Option<IndexEntry>, LogError> {
        match self.last {
            None => return Ok(None),
            Some(last) if before(&last) => return Ok(Some(last)),
            Some(_) => {}
        }
        let (mut low, mut high) = (0, self.entries());
        let mut found = None;
        while low < high {
            let middle = low + (high - low) / 2;
            let entry = self.entry(middle)?;
            if before(&entry) {
                found = Some(entry);
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(found)
    }

    /// The last entry at or below an offset.
    pub(super) fn at_or_below(&self, offset: i64) -> Result<Option<IndexEntry>, LogError> {
        self.last_where(|entry| entry.offset <= offset)
    }

    /// The last entry at or before a position.
    pub(super) fn at_or_before(&self, position: u64) -> Result<Option<IndexEntry>, LogError> {
        self.last_where(|entry| entry.position <= position)
    }

    /// Drops entries whose batch begins at or beyond a position.
    pub(super) fn truncate(&mut self, position: u64) -> Result<(), LogError> {
        let mut keep = self.entries();
        while keep > 0 && self.entry(keep - 1)?.position >= position {
            keep -= 1;
        }
        self.file.truncate(keep * ENTRY_BYTES)?;
        self.last = match keep {
            0 => None,
            _ => Some(self.entry(keep - 1)?),
        };
        Ok(())
    }

    /// Forgets the entry that was appended last.
    pub(super) fn take_back(&mut self, size: u64, last: Option<IndexEntry>) {
        self.file.take_back(size);
        self.last = last;
    }

    /// Drops all entries.
    pub(super) fn clear(&mut self) -> Result<(), LogError> {
        self.file.truncate(0)?;
        self.last = None;
        self.missing = false;
        Ok(())
    }

    /// Whether `segment.index.bytes` allows no further entry.
    pub(super) fn is_full(&self, max_bytes: u32) -> bool {
        self.entries() >= u64::from(max_bytes) / ENTRY_BYTES
    }
}
