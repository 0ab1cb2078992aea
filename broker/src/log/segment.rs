//! One segment: a file of batches with its indexes. Appends, finds, cuts. Knows nothing of other
//! segments, of producers or of settings beyond those that come in.

use std::path::Path;

use crate::wire::records::{Batch, BatchHeader};

use super::LogError;
use super::disk::{self, DataFile, DiskGuard};
use super::file_name::{Kind, Stage, path_of};
use super::offset_index::{IndexEntry, OffsetIndex};
use super::scan::{Found, Scan, read_batch};
use super::time_index::{TimeEntry, TimeIndex};
use super::txn_index::TxnIndex;

/// No batch has a timestamp.
const NO_TIME: TimeEntry = TimeEntry {
    timestamp_ms: -1,
    offset: -1,
};

/// A segment.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) base_offset: i64,
    /// The offset behind its last record; its base while it is empty.
    pub(super) next_offset: i64,
    pub(super) data: DataFile,
    pub(super) offsets: OffsetIndex,
    pub(super) times: TimeIndex,
    pub(super) txns: TxnIndex,
    /// The latest timestamp and the last offset of the batch that carries it first.
    pub(super) latest: TimeEntry,
    /// Timestamp of the first batch: `segment.ms` counts from it.
    pub(super) first_timestamp_ms: Option<i64>,
    pub(super) created_ms: i64,
    since_index: u64,
}

impl Segment {
    /// Opens the files of a segment as they are. What is in them is not known before
    /// [`Segment::load`] or [`Segment::rebuild`].
    pub(super) fn open(
        dir: &Path,
        base_offset: i64,
        stage: Stage,
        now_ms: i64,
        guard: &DiskGuard,
    ) -> Result<Self, LogError> {
        let path = |kind| path_of(dir, base_offset, kind, stage);
        let txns = match TxnIndex::open(path(Kind::TxnIndex), base_offset, guard) {
            Err(LogError::Corrupt { .. }) => {
                // Without its time index the segment is built anew, and this one with it.
                disk::remove(&path(Kind::TxnIndex), guard)?;
                disk::remove(&path(Kind::TimeIndex), guard)?;
                TxnIndex::open(path(Kind::TxnIndex), base_offset, guard)?
            }
            other => other?,
        };
        Ok(Self {
            base_offset,
            next_offset: base_offset,
            data: DataFile::open(path(Kind::Log), guard)?,
            offsets: OffsetIndex::open(path(Kind::OffsetIndex), base_offset, guard)?,
            times: TimeIndex::open(path(Kind::TimeIndex), base_offset, guard)?,
            txns,
            latest: NO_TIME,
            first_timestamp_ms: None,
            created_ms: now_ms,
            since_index: 0,
        })
    }

    /// Makes an empty segment; files of the same name that lie around are removed.
    pub(super) fn create(
        dir: &Path,
        base_offset: i64,
        stage: Stage,
        now_ms: i64,
        guard: &DiskGuard,
    ) -> Result<Self, LogError> {
        for kind in Kind::OF_SEGMENT {
            disk::remove(&path_of(dir, base_offset, kind, stage), guard)?;
        }
        let mut segment = Self::open(dir, base_offset, stage, now_ms, guard)?;
        segment.offsets.clear()?;
        segment.times.clear()?;
        Ok(segment)
    }

    /// Its directory has another name now.
    pub(super) fn relocate(&mut self, dir: &Path) {
        self.data.relocate(dir);
        self.offsets.file.relocate(dir);
        self.times.file.relocate(dir);
        self.txns.relocate(dir);
    }

    /// Adds a batch, given in parts, whose header says what is in it. On an error nothing has changed.
    pub(super) fn append(
        &mut self,
        header: &BatchHeader,
        parts: &[&[u8]],
        index_interval_bytes: u32,
    ) -> Result<(), LogError> {
        let position = self.data.append(parts)?;
        let written = self.data.size() - position;
        if let Err(error) = self.index(header, position, index_interval_bytes) {
            self.data.take_back(position);
            return Err(error);
        }
        self.note(header, written);
        Ok(())
    }

    /// Writes index entries for a batch if enough bytes lie between it and the last ones.
    fn index(
        &mut self,
        header: &BatchHeader,
        position: u64,
        interval_bytes: u32,
    ) -> Result<(), LogError> {
        if self.since_index <= u64::from(interval_bytes) {
            return Ok(());
        }
        let (size, last) = (self.offsets.file.size(), self.offsets.last());
        let offset = header.last_offset();
        self.offsets.append(IndexEntry { offset, position })?;
        let latest = self.latest_with(header);
        if let Err(error) = self.times.maybe_append(latest) {
            self.offsets.take_back(size, last);
            return Err(error);
        }
        self.since_index = 0;
        Ok(())
    }

    fn latest_with(&self, header: &BatchHeader) -> TimeEntry {
        if header.max_timestamp_ms > self.latest.timestamp_ms {
            TimeEntry {
                timestamp_ms: header.max_timestamp_ms,
                offset: header.last_offset(),
            }
        } else {
            self.latest
        }
    }

    fn note(&mut self, header: &BatchHeader, bytes: u64) {
        self.latest = self.latest_with(header);
        self.first_timestamp_ms
            .get_or_insert(header.max_timestamp_ms);
        self.since_index += bytes;
        self.next_offset = header.last_offset().saturating_add(1);
    }

    fn forget(&mut self) {
        self.next_offset = self.base_offset;
        self.latest = NO_TIME;
        self.first_timestamp_ms = None;
        self.since_index = 0;
    }

    /// Learns what is in the segment from its indexes and the batches behind their last entries.
    /// `Err(Corrupt)` if indexes and batches do not fit together: build them anew.
    pub(super) fn load(&mut self) -> Result<(), LogError> {
        let flaw = self.offsets.flaw(self.data.size());
        if let Some(why) = flaw.or_else(|| self.times.flaw(self.data.size())) {
            return Err(self.corrupt(why));
        }
        self.forget();
        let Some(first) = Scan::new(&self.data, 0).step()? else {
            self.offsets.clear()?;
            return self.times.clear();
        };
        if first.header.base_offset < self.base_offset {
            return Err(self.corrupt("the first batch lies below the segment".to_owned()));
        }
        let from = self.offsets.last().map_or(0, |entry| entry.position);
        if from > 0 && self.trusted(self.offsets.last()) == 0 {
            return Err(self.corrupt("the offset index points to no batch".to_owned()));
        }
        if let Some(last) = self.times.last() {
            self.check_time(last)?;
            self.latest = last;
        }
        let mut scan = Scan::new(&self.data, from);
        let mut tail = Vec::new();
        while let Some(found) = scan.step()? {
            tail.push((found.header, found.size));
        }
        for (header, size) in tail {
            self.note(&header, size);
        }
        self.first_timestamp_ms = Some(first.header.max_timestamp_ms);
        Ok(())
    }

    fn check_time(&self, entry: TimeEntry) -> Result<(), LogError> {
        let carries = self.find(entry.offset)?.is_some_and(|found| {
            found.header.last_offset() == entry.offset
                && found.header.max_timestamp_ms == entry.timestamp_ms
        });
        if carries {
            Ok(())
        } else {
            Err(self.corrupt("the time index points to no batch of its time".to_owned()))
        }
    }

    fn corrupt(&self, why: String) -> LogError {
        LogError::Corrupt {
            path: self.data.path().to_owned(),
            why,
        }
    }

    /// Reads the whole segment through, cuts it before the first batch that is not sound, and writes
    /// the indexes anew. Every sound batch is shown to `see`, which may add to the transaction index.
    /// Gives the bytes cut and why.
    pub(super) fn rebuild(
        &mut self,
        index_interval_bytes: u32,
        mut see: impl FnMut(&Batch<'_>, &mut TxnIndex) -> Result<(), LogError>,
    ) -> Result<Option<(u64, String)>, LogError> {
        self.forget();
        self.offsets.clear()?;
        self.times.clear()?;
        self.txns.cut(0)?;
        let mut buffer = Vec::new();
        let mut position = 0;
        let mut epoch = -1;
        let flaw = loop {
            let found = match Scan::new(&self.data, position).step() {
                Ok(Some(found)) => found,
                Ok(None) => break None,
                Err(LogError::Corrupt { why, .. }) => break Some(why),
                Err(error) => return Err(error),
            };
            read_batch(&self.data, &found, &mut buffer)?;
            let batch = match sound(&buffer, self.next_offset, epoch) {
                Ok(batch) => batch,
                Err(why) => break Some(format!("position {position}: {why}")),
            };
            see(&batch, &mut self.txns)?;
            self.index(&found.header, position, index_interval_bytes)?;
            self.note(&found.header, found.size);
            epoch = found.header.leader_epoch;
            position = found.end();
        };
        let cut = self.data.size() - position;
        if cut > 0 {
            self.data.truncate(position)?;
        }
        Ok(flaw.map(|why| (cut, why)))
    }

    /// The position to begin at to find what the entry stands for: 0 if the entry is not true.
    fn trusted(&self, entry: Option<IndexEntry>) -> u64 {
        let Some(entry) = entry else { return 0 };
        match Scan::new(&self.data, entry.position).step() {
            Ok(Some(found)) if found.header.last_offset() == entry.offset => entry.position,
            _ => {
                let path = self.offsets.file.path().display();
                log::warn!(
                    "{path}: the entry for offset {} points to no batch of it; reading from the segment's beginning instead",
                    entry.offset
                );
                0
            }
        }
    }

    /// The first batch that ends at or beyond an offset.
    pub(super) fn find(&self, offset: i64) -> Result<Option<Found>, LogError> {
        let from = self.trusted(self.offsets.at_or_below(offset)?);
        let mut scan = Scan::new(&self.data, from);
        while let Some(found) = scan.step()? {
            if found.header.last_offset() >= offset {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The end of the whole batches from `first` on that lie below an offset and within so many bytes.
    pub(super) fn end_of(
        &self,
        first: &Found,
        below_offset: i64,
        max_bytes: u64,
    ) -> Result<u64, LogError> {
        let limit = first.position.saturating_add(max_bytes);
        let below_all = below_offset >= self.next_offset;
        if below_all && self.data.size() <= limit {
            return Ok(self.data.size());
        }
        let by_bytes = self.trusted(self.offsets.at_or_before(limit)?);
        let hint = if below_all {
            by_bytes
        } else {
            by_bytes.min(self.trusted(self.offsets.at_or_below(below_offset)?))
        };
        let mut end = hint.max(first.position);
        let mut scan = Scan::new(&self.data, end);
        while let Some(found) = scan.step()? {
            if found.header.last_offset() >= below_offset || found.end() > limit {
                break;
            }
            end = found.end();
        }
        Ok(end)
    }

    /// The first batch that may hold a record at or after a time.
    pub(super) fn scan_from_time(&self, timestamp_ms: i64) -> Result<Scan<'_>, LogError> {
        let position = match self.times.before(timestamp_ms)? {
            Some(entry) if self.check_time(entry).is_ok() => {
                self.trusted(self.offsets.at_or_below(entry.offset)?)
            }
            _ => 0,
        };
        Ok(Scan::new(&self.data, position))
    }

    /// Cuts everything at and beyond an offset; a batch that reaches across it goes as a whole.
    pub(super) fn truncate(&mut self, offset: i64) -> Result<(), LogError> {
        let Some(found) = self.find(offset)? else {
            return Ok(());
        };
        self.offsets.truncate(found.position)?;
        self.times.truncate(found.header.base_offset)?;
        self.txns.truncate(offset)?;
        self.data.truncate(found.position)?;
        self.load()
    }

    /// Writes what a segment's time index ends with: called before it is closed or left behind.
    pub(super) fn seal(&mut self) -> Result<(), LogError> {
        self.times.maybe_append(self.latest)
    }

    /// All files, as they are now.
    pub(super) fn files(&self) -> impl Iterator<Item = &DataFile> {
        [&self.data, &self.offsets.file, &self.times.file]
            .into_iter()
            .chain(self.txns.file())
    }

    /// Flushes all files.
    pub(super) fn sync(&self) -> Result<(), LogError> {
        self.files().try_for_each(DataFile::sync)
    }

    /// Bytes of the batches.
    pub(super) fn size(&self) -> u64 {
        self.data.size()
    }
}

/// The batch of these bytes, if it can follow offset `next` and epoch `epoch`.
fn sound(bytes: &[u8], next: i64, epoch: i32) -> Result<Batch<'_>, String> {
    let batch = Batch::parse(bytes).map_err(|error| error.to_string())?;
    batch.verify().map_err(|error| error.to_string())?;
    let header = &batch.header;
    if header.base_offset < next {
        return Err(format!(
            "the batch at offset {} begins before offset {next}",
            header.base_offset
        ));
    }
    if header.leader_epoch < epoch {
        return Err(format!(
            "the batch at offset {} has epoch {} after epoch {epoch}",
            header.base_offset, header.leader_epoch
        ));
    }
    Ok(batch)
}
