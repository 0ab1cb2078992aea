//! A sorted file of entries of one size: what a segment's offset index and time index share (rule 78).
//!
//! An entry is a hint: whoever uses it compares it with the batch it points to.

use std::fmt::Debug;
use std::path::PathBuf;

use super::LogError;
use super::disk::{DataFile, DiskGuard};

/// One kind of entry; in the file it is big endian and counts from its segment's base offset.
pub(super) trait Entry: Copy + Debug {
    /// Its bytes in the file.
    type Bytes: AsRef<[u8]> + AsMut<[u8]> + Default;

    /// `None` for one that does not fit the format: the file goes on without it.
    fn to_bytes(self, base_offset: i64) -> Option<Self::Bytes>;

    /// Any bytes are an entry.
    fn of_bytes(bytes: Self::Bytes, base_offset: i64) -> Self;

    /// Whether it can be of a segment with this base offset and so many bytes.
    fn is_of(self, base_offset: i64, log_bytes: u64) -> bool;
}

/// An index file.
#[derive(Debug)]
pub(super) struct Index<E> {
    pub(super) file: DataFile,
    base_offset: i64,
    last: Option<E>,
    /// Whether the file had to be made and its entries are lost.
    missing: bool,
}

impl<E: Entry> Index<E> {
    /// Opens it, making it if it is missing. Bytes that are no whole entry are left for
    /// [`Index::flaw`] to find.
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
        index.last = index.last_of(index.entries())?;
        Ok(index)
    }

    /// What is wrong with it, as far as its size and last entry tell.
    pub(super) fn flaw(&self, log_bytes: u64) -> Option<String> {
        if self.missing && log_bytes > 0 {
            return Some("it is missing".to_owned());
        }
        if !self.file.size().is_multiple_of(Self::entry_bytes()) {
            return Some(format!("{} bytes are no whole entries", self.file.size()));
        }
        (!self.last?.is_of(self.base_offset, log_bytes))
            .then(|| "the last entry points outside of the segment".to_owned())
    }

    fn entry_bytes() -> u64 {
        size_of::<E::Bytes>() as u64
    }

    /// How many there are.
    pub(super) fn entries(&self) -> u64 {
        self.file.size() / Self::entry_bytes()
    }

    pub(super) fn last(&self) -> Option<E> {
        self.last
    }

    fn entry(&self, slot: u64) -> Result<E, LogError> {
        let mut bytes = E::Bytes::default();
        let position = slot * Self::entry_bytes();
        self.file.read_exact(bytes.as_mut(), position)?;
        Ok(E::of_bytes(bytes, self.base_offset))
    }

    /// The last one of so many.
    fn last_of(&self, entries: u64) -> Result<Option<E>, LogError> {
        entries
            .checked_sub(1)
            .map(|slot| self.entry(slot))
            .transpose()
    }

    /// Adds an entry.
    pub(super) fn append(&mut self, entry: E) -> Result<(), LogError> {
        let Some(bytes) = entry.to_bytes(self.base_offset) else {
            return Ok(());
        };
        self.file.append(&[bytes.as_ref()])?;
        self.last = Some(entry);
        Ok(())
    }

    /// The last entry of those for which `before` holds; it must hold for a beginning of them.
    pub(super) fn last_where(&self, before: impl Fn(&E) -> bool) -> Result<Option<E>, LogError> {
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

    /// Drops entries from the end, as long as `gone` holds for them.
    pub(super) fn drop_last(&mut self, gone: impl Fn(&E) -> bool) -> Result<(), LogError> {
        let mut keep = self.entries();
        let mut last = self.last_of(keep)?;
        while last.as_ref().is_some_and(&gone) {
            keep -= 1;
            last = self.last_of(keep)?;
        }
        self.file.truncate(keep * Self::entry_bytes())?;
        self.last = last;
        Ok(())
    }

    /// Forgets the entry that was appended last.
    pub(super) fn take_back(&mut self, size: u64, last: Option<E>) {
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

    /// Whether a file of so many bytes has no place for more than `spare` further entries.
    pub(super) fn is_full(&self, max_bytes: u32, spare: u64) -> bool {
        self.entries() + spare >= u64::from(max_bytes) / Self::entry_bytes()
    }
}

/// An offset as the format has it; `None` where it does not fit.
pub(super) fn relative(offset: i64, base_offset: i64) -> Option<i32> {
    i32::try_from(offset.wrapping_sub(base_offset)).ok()
}
