//! Walking the batches of a segment's file, headers first. Total over any bytes: a header that cannot
//! be is an error that names the file, never a panic and never a large allocation.

use crate::wire::records::{BatchHeader, HEADER_BYTES};

use super::LogError;
use super::disk::DataFile;

/// How much is read at once: several small batches, little waste beside large ones.
const CHUNK_BYTES: u64 = 1024;

/// A batch in a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) header: BatchHeader,
    pub(super) position: u64,
    pub(super) size: u64,
}

impl Found {
    pub(super) fn end(&self) -> u64 {
        self.position + self.size
    }

    pub(super) fn next_offset(&self) -> i64 {
        self.header.last_offset().saturating_add(1)
    }
}

/// Walks from a position to the end of the file.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    file: &'a DataFile,
    position: u64,
    chunk: Vec<u8>,
    chunk_at: u64,
}

impl<'a> Scan<'a> {
    pub(super) fn new(file: &'a DataFile, position: u64) -> Self {
        Self {
            file,
            position,
            chunk: Vec::new(),
            chunk_at: 0,
        }
    }

    /// The next batch; `None` at the end of the file.
    pub(super) fn step(&mut self) -> Result<Option<Found>, LogError> {
        let position = self.position;
        let left = self.file.size().saturating_sub(position);
        if left == 0 {
            return Ok(None);
        }
        if left < HEADER_BYTES as u64 {
            return Err(self.corrupt(&format!("{left} bytes are no batch")));
        }
        let bytes = self.header_bytes()?;
        let header = BatchHeader::read(bytes).map_err(|error| self.corrupt(&error.to_string()))?;
        let size = header.size();
        let possible = header.length >= 0
            && size >= HEADER_BYTES as u64
            && size <= left
            && header.base_offset >= 0
            && header.last_offset_delta >= 0
            && header
                .base_offset
                .checked_add(i64::from(header.last_offset_delta))
                .is_some_and(|last| last < i64::MAX);
        if !possible {
            return Err(self.corrupt(&format!(
                "a batch at offset {} claims length {} and last offset delta {}",
                header.base_offset, header.length, header.last_offset_delta
            )));
        }
        self.position = position + size;
        Ok(Some(Found {
            header,
            position,
            size,
        }))
    }

    fn header_bytes(&mut self) -> Result<&[u8], LogError> {
        let end = self.position + HEADER_BYTES as u64;
        let have = self.chunk_at..=self.chunk_at + self.chunk.len() as u64;
        if !(have.contains(&self.position) && have.contains(&end)) {
            let length = (self.file.size() - self.position).min(CHUNK_BYTES);
            self.chunk.resize(usize::try_from(length).unwrap_or(0), 0);
            self.chunk_at = self.position;
            self.file.read_exact(&mut self.chunk, self.position)?;
        }
        let from = usize::try_from(self.position - self.chunk_at).unwrap_or(usize::MAX);
        Ok(self.chunk.get(from..).unwrap_or(&[]))
    }

    fn corrupt(&self, why: &str) -> LogError {
        LogError::Corrupt {
            path: self.file.path().to_owned(),
            why: format!("position {}: {why}", self.position),
        }
    }
}

/// Reads a whole batch into a buffer that is used again.
pub(super) fn read_batch(
    file: &DataFile,
    found: &Found,
    buffer: &mut Vec<u8>,
) -> Result<(), LogError> {
    buffer.clear();
    buffer.resize(usize::try_from(found.size).unwrap_or(0), 0);
    file.read_exact(buffer, found.position)
}
