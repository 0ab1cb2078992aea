//! The transaction index of a segment: its aborted transactions in the order of their markers, as
//! entries of 34 bytes (version 0, producer id, first offset, last offset, last stable offset; big
//! endian). The file is made with the first entry.

use std::path::PathBuf;

use super::disk::{DataFile, DiskGuard};
use super::{LogError, disk};

const ENTRY_BYTES: usize = 34;

/// An aborted transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Aborted {
    pub(super) producer_id: i64,
    pub(super) first_offset: i64,
    /// The marker's.
    pub(super) last_offset: i64,
    /// The last stable offset once the marker was written.
    pub(super) last_stable_offset: i64,
}

impl Aborted {
    fn to_bytes(self) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        let fields = [
            self.producer_id,
            self.first_offset,
            self.last_offset,
            self.last_stable_offset,
        ];
        for (place, field) in bytes.split_at_mut(2).1.chunks_exact_mut(8).zip(fields) {
            place.copy_from_slice(&field.to_be_bytes());
        }
        bytes
    }

    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (version, fields) = bytes.split_first_chunk::<2>()?;
        if *version != [0, 0] {
            return None;
        }
        let mut fields = fields
            .as_chunks::<8>()
            .0
            .iter()
            .map(|field| i64::from_be_bytes(*field));
        Some(Self {
            producer_id: fields.next()?,
            first_offset: fields.next()?,
            last_offset: fields.next()?,
            last_stable_offset: fields.next()?,
        })
    }
}

/// The `.txnindex` file and what it says.
#[derive(Debug)]
pub(super) struct TxnIndex {
    path: PathBuf,
    file: Option<DataFile>,
    entries: Vec<Aborted>,
    guard: DiskGuard,
}

impl TxnIndex {
    /// Its directory has another name now.
    pub(super) fn relocate(&mut self, dir: &std::path::Path) {
        self.path = disk::moved(&self.path, dir);
        if let Some(file) = &mut self.file {
            file.relocate(dir);
        }
    }

    /// Opens and reads it, if it is there. `Err(Corrupt)` if it makes no sense.
    pub(super) fn open(
        path: PathBuf,
        base_offset: i64,
        guard: &DiskGuard,
    ) -> Result<Self, LogError> {
        let mut index = Self {
            path,
            file: None,
            entries: Vec::new(),
            guard: guard.clone(),
        };
        if !index.path.exists() {
            return Ok(index);
        }
        let bytes = std::fs::read(&index.path).map_err(disk::at(&index.path))?;
        let mut last = base_offset;
        for entry in bytes.chunks(ENTRY_BYTES) {
            let entry = Aborted::of_bytes(entry).filter(|entry| {
                entry.last_offset >= last && entry.first_offset <= entry.last_offset
            });
            let Some(entry) = entry else {
                return Err(LogError::Corrupt {
                    path: index.path,
                    why: "an entry makes no sense; it can be built anew".to_owned(),
                });
            };
            last = entry.last_offset;
            index.entries.push(entry);
        }
        index.file = Some(DataFile::open(index.path.clone(), guard)?);
        Ok(index)
    }

    pub(super) fn entries(&self) -> &[Aborted] {
        &self.entries
    }

    /// Adds an aborted transaction.
    pub(super) fn append(&mut self, aborted: Aborted) -> Result<(), LogError> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(DataFile::open(self.path.clone(), &self.guard)?),
        };
        file.append(&[&aborted.to_bytes()])?;
        self.entries.push(aborted);
        Ok(())
    }

    /// Drops transactions that end at or beyond an offset.
    pub(super) fn truncate(&mut self, offset: i64) -> Result<(), LogError> {
        let keep = self
            .entries
            .partition_point(|aborted| aborted.last_offset < offset);
        self.cut(keep)
    }

    /// Keeps the first so many entries.
    pub(super) fn cut(&mut self, keep: usize) -> Result<(), LogError> {
        if let Some(file) = &mut self.file {
            file.truncate((keep * ENTRY_BYTES) as u64)?;
        }
        self.entries.truncate(keep);
        Ok(())
    }

    /// Its file, if it was made.
    pub(super) fn file(&self) -> Option<&DataFile> {
        self.file.as_ref()
    }
}
