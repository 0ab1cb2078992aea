//! The offset index of a segment: every `index.interval.bytes` one entry of two i32, the last offset of a
//! batch and the batch's position.

use super::LogError;
use super::index::{Entry, Index, relative};

/// The `.index` file.
pub(super) type OffsetIndex = Index<IndexEntry>;

/// The batch whose last offset is `offset` begins at `position`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IndexEntry {
    pub(super) offset: i64,
    pub(super) position: u64,
}

impl Entry for IndexEntry {
    type Bytes = [u8; 8];

    fn to_bytes(self, base_offset: i64) -> Option<[u8; 8]> {
        let offset = u64::from(relative(self.offset, base_offset)?.cast_unsigned());
        let position = i32::try_from(self.position).ok()?;
        Some((offset << 32 | u64::from(position.cast_unsigned())).to_be_bytes())
    }

    fn of_bytes(bytes: [u8; 8], base_offset: i64) -> Self {
        let whole = u64::from_be_bytes(bytes);
        let offset = u32::try_from(whole >> 32).unwrap_or(0).cast_signed();
        Self {
            offset: base_offset.saturating_add(i64::from(offset)),
            position: whole & u64::from(u32::MAX),
        }
    }

    fn is_of(self, base_offset: i64, log_bytes: u64) -> bool {
        self.offset >= base_offset && self.position < log_bytes
    }
}

impl OffsetIndex {
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
        self.drop_last(|entry| entry.position >= position)
    }
}
