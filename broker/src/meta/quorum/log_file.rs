//! The quorum's log on disk: one file of checked frames, appended to, cut at its end and, after a
//! snapshot, written anew without its beginning. Only entries' places are kept in memory.
//!
//! A frame is a big-endian length, the CRC-32C of the content, and the content as JSON. The first
//! frame is the header. What follows the last sound frame is a write that a crash interrupted, and
//! is cut off when the file is opened.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read as _};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::disk::{self, DiskError, FORMAT};
use super::types::{Entry, LogId, next_index};

/// Bytes before a frame's content.
const HEAD: u64 = 8;

/// Bytes of entries handed out at once, so that a request to another node stays small; a single
/// larger entry is handed out alone.
const READ_BYTES: u64 = 256 * 1024;

/// What the file begins with.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    format: u32,
    /// The last entry that is only in the snapshot.
    purged: Option<LogId>,
}

/// Where an entry stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    id: LogId,
    at: u64,
    length: u64,
}

/// The log; every change is on disk when the call returns.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    file: File,
    purged: Option<LogId>,
    places: VecDeque<Place>,
    end: u64,
}

impl LogFile {
    /// Opens the log of a directory, or begins one.
    pub fn open(dir: &Path) -> Result<Self, DiskError> {
        let path = dir.join("log");
        let failed = DiskError::io(&path);
        if !path.try_exists().map_err(failed)? {
            let written = framed_header(None).and_then(|header| disk::replace(&path, &header));
            written.map_err(DiskError::io(&path))?;
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(DiskError::io(&path))?;
        let size = file.metadata().map_err(DiskError::io(&path))?.len();
        let mut frames = Frames::over(&file, size);
        let header = frames
            .next()
            .ok_or_else(|| DiskError::damaged(&path, "its first frame is not sound"))?;
        disk::check_stamp(&path, &header)?;
        let header: Header =
            serde_json::from_slice(&header).map_err(|error| DiskError::damaged(&path, &error))?;
        let mut log = Self {
            end: frames.at,
            places: VecDeque::new(),
            purged: header.purged,
            path: path.clone(),
            file: file.try_clone().map_err(DiskError::io(&path))?,
        };
        log.take_in(&mut frames);
        log.cut_torn(size).map_err(DiskError::io(&path))?;
        Ok(log)
    }

    /// Refuses a directory whose log is gone: what this node acknowledged would be forgotten.
    pub fn check_there(dir: &Path) -> Result<(), DiskError> {
        let path = dir.join("log");
        if path.try_exists().map_err(DiskError::io(&path))? {
            return Ok(());
        }
        Err(DiskError::damaged(&path, "it is missing"))
    }

    /// Refuses a log without what goes with it: the vote that was written with its entries, the
    /// snapshot that holds what it begins after.
    pub fn check(&self, has_vote: bool, snapshot: Option<LogId>) -> Result<(), DiskError> {
        let dir = self.path.parent().unwrap_or(&self.path);
        if self.purged > snapshot {
            let why = "the snapshot with the entries before it is missing or older";
            return Err(DiskError::damaged(&self.path, why));
        }
        // A voter's very first entry may be there before its first vote.
        if !has_vote && self.next() > 1 {
            let path = disk::vote_path(dir);
            return Err(DiskError::damaged(&path, "it is missing"));
        }
        Ok(())
    }

    /// Notes entries as long as they are sound and follow each other.
    fn take_in(&mut self, frames: &mut Frames<'_>) {
        while let Some(content) = frames.next() {
            let Ok(entry) = serde_json::from_slice::<Entry>(&content) else {
                return;
            };
            if entry.log_id.index != self.next() {
                return;
            }
            let length = frames.at - self.end - HEAD;
            self.note(entry.log_id, length);
        }
    }

    fn cut_torn(&mut self, size: u64) -> io::Result<()> {
        if size == self.end {
            return Ok(());
        }
        log::warn!(
            "{}: the last {} bytes are no sound entries (an interrupted write) and are cut off",
            self.path.display(),
            size - self.end
        );
        self.file.set_len(self.end)?;
        self.file.sync_all()
    }

    fn note(&mut self, id: LogId, length: u64) {
        let at = self.end + HEAD;
        self.places.push_back(Place { id, at, length });
        self.end = at + length;
    }

    /// The last entry that only the snapshot has.
    pub fn purged(&self) -> Option<LogId> {
        self.purged
    }

    /// The last entry, also when it is purged.
    pub fn last(&self) -> Option<LogId> {
        self.places.back().map(|place| place.id).or(self.purged)
    }

    /// The index that the next entry must have.
    pub fn next(&self) -> u64 {
        next_index(self.last())
    }

    /// Adds entries at the end.
    pub fn append(&mut self, entries: &[Entry]) -> io::Result<()> {
        let mut bytes = Vec::new();
        let mut added = Vec::with_capacity(entries.len());
        for entry in entries {
            let content = serde_json::to_vec(entry)?;
            frame_into(&mut bytes, &content)?;
            added.push((entry.log_id, content.len() as u64));
        }
        self.file.write_all_at(&bytes, self.end)?;
        self.file.sync_data()?;
        for (id, length) in added {
            self.note(id, length);
        }
        Ok(())
    }

    /// Entries of a range of indexes, in order, as far as they exist and fit.
    pub fn read(&self, range: Range<u64>) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        let mut left = READ_BYTES;
        for place in self.places_in(range) {
            if !entries.is_empty() && place.length > left {
                break;
            }
            left = left.saturating_sub(place.length);
            entries.push(self.read_one(*place)?);
        }
        Ok(entries)
    }

    fn places_in(&self, range: Range<u64>) -> impl Iterator<Item = &Place> {
        let first = next_index(self.purged);
        let from = range.start.saturating_sub(first);
        let skipped = usize::try_from(from).unwrap_or(usize::MAX);
        self.places
            .iter()
            .skip(skipped)
            .take_while(move |place| place.id.index < range.end)
    }

    fn read_one(&self, place: Place) -> io::Result<Entry> {
        let mut content = vec![0; usize::try_from(place.length).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut content, place.at)?;
        Ok(serde_json::from_slice(&content)?)
    }

    /// Drops the entry of this index and all after it.
    pub fn truncate(&mut self, from: u64) -> io::Result<()> {
        while self
            .places
            .back()
            .is_some_and(|place| place.id.index >= from)
        {
            if let Some(place) = self.places.pop_back() {
                self.end = place.at - HEAD;
            }
        }
        self.file.set_len(self.end)?;
        self.file.sync_all()
    }

    /// Drops the entries up to this one; the snapshot has them. The log may end before it.
    pub fn purge(&mut self, upto: LogId) -> io::Result<()> {
        if self.purged >= Some(upto) {
            return Ok(());
        }
        let kept_from = upto.index.saturating_add(1);
        let kept: Vec<Place> = self.places_in(kept_from..u64::MAX).copied().collect();
        let mut bytes = framed_header(Some(upto))?;
        let start = bytes.len() as u64;
        if let (Some(first), Some(last)) = (kept.first(), kept.last()) {
            let from = first.at - HEAD;
            let length = last.at + last.length - from;
            let mut tail = vec![0; usize::try_from(length).map_err(io::Error::other)?];
            self.file.read_exact_at(&mut tail, from)?;
            bytes.append(&mut tail);
        }
        disk::replace(&self.path, &bytes)?;
        self.file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        self.purged = Some(upto);
        self.places.clear();
        self.end = start;
        for place in kept {
            self.note(place.id, place.length);
        }
        Ok(())
    }
}

fn framed_header(purged: Option<LogId>) -> io::Result<Vec<u8>> {
    let format = FORMAT;
    let content = serde_json::to_vec(&Header { format, purged })?;
    let mut bytes = Vec::new();
    frame_into(&mut bytes, &content)?;
    Ok(bytes)
}

fn frame_into(out: &mut Vec<u8>, content: &[u8]) -> io::Result<()> {
    let length = u32::try_from(content.len()).map_err(io::Error::other)?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&disk::checksum(content).to_be_bytes());
    out.extend_from_slice(content);
    Ok(())
}

/// Walks sound frames from the start of a file and ends at the first that is not.
struct Frames<'a> {
    reader: BufReader<&'a File>,
    /// Where the next frame begins.
    at: u64,
    size: u64,
}

impl<'a> Frames<'a> {
    fn over(file: &'a File, size: u64) -> Self {
        let reader = BufReader::new(file);
        let at = 0;
        Self { reader, at, size }
    }
}

impl Iterator for Frames<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let (mut length, mut sum) = ([0; 4], [0; 4]);
        self.reader.read_exact(&mut length).ok()?;
        self.reader.read_exact(&mut sum).ok()?;
        let length = u64::from(u32::from_be_bytes(length));
        let after = self.at.checked_add(HEAD)?.checked_add(length)?;
        if after > self.size {
            return None;
        }
        let mut content = vec![0; usize::try_from(length).ok()?];
        self.reader.read_exact(&mut content).ok()?;
        if disk::checksum(&content) != u32::from_be_bytes(sum) {
            return None;
        }
        self.at = after;
        Some(content)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use openraft::EntryPayload;

    use super::*;
    use crate::meta::quorum::types::Proposal;
    use crate::meta::record::Record;

    fn entry(term: u64, index: u64) -> Entry {
        let records = vec![Record::ProducerIds { next: 7 }];
        let base = i64::try_from(index).unwrap();
        Entry {
            log_id: id(term, index),
            payload: EntryPayload::Normal(Proposal { base, records }),
        }
    }

    fn id(term: u64, index: u64) -> LogId {
        LogId::new(openraft::CommittedLeaderId::new(term, 1), index)
    }

    fn indexes(log: &LogFile) -> Vec<u64> {
        let entries = log.read(0..u64::MAX).unwrap();
        entries.iter().map(|entry| entry.log_id.index).collect()
    }

    /// A directory with the entries 0 to 4, and where each of them ends in the file.
    fn with_five() -> (tempfile::TempDir, Vec<usize>) {
        let dir = tempfile::tempdir().unwrap();
        let mut log = LogFile::open(dir.path()).unwrap();
        let mut ends = Vec::new();
        for index in 0..5 {
            log.append(&[entry(1, index)]).unwrap();
            ends.push(usize::try_from(log.end).unwrap());
        }
        (dir, ends)
    }

    /// Opens the log with this content, and checks that it can be used: what was cut off is gone.
    fn sound_after(content: &[u8]) -> u64 {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("log"), content).unwrap();
        let mut log = LogFile::open(dir.path()).unwrap();
        let sound = log.next();
        log.append(&[entry(2, sound)]).unwrap();
        drop(log);
        let log = LogFile::open(dir.path()).unwrap();
        assert_eq!(indexes(&log), (0..=sound).collect::<Vec<_>>());
        assert_eq!(log.last(), Some(id(2, sound)));
        sound
    }

    #[test]
    fn a_write_that_a_crash_cut_at_any_byte_is_dropped_and_nothing_before_it() {
        let (dir, ends) = with_five();
        let content = fs::read(dir.path().join("log")).unwrap();
        for length in ends[2]..content.len() {
            let whole = ends.iter().filter(|end| **end <= length).count();
            assert_eq!(
                sound_after(&content[..length]),
                whole as u64,
                "cut at {length}"
            );
        }
    }

    #[test]
    fn a_flipped_byte_in_the_last_entries_drops_from_there_on() {
        let (dir, ends) = with_five();
        let content = fs::read(dir.path().join("log")).unwrap();
        for at in ends[2]..content.len() {
            let mut flipped = content.clone();
            flipped[at] ^= 0x41;
            let whole = ends.iter().filter(|end| **end <= at).count();
            assert_eq!(sound_after(&flipped), whole as u64, "flipped at {at}");
        }
    }

    #[test]
    fn a_header_that_is_not_sound_is_refused() {
        let (dir, _) = with_five();
        let path = dir.path().join("log");
        let mut content = fs::read(&path).unwrap();
        content[9] ^= 1;
        fs::write(&path, &content).unwrap();
        assert!(matches!(
            LogFile::open(dir.path()),
            Err(DiskError::Damaged { .. })
        ));
        assert_eq!(fs::read(&path).unwrap(), content);
    }

    #[test]
    fn truncated_and_purged_entries_stay_away() {
        let (dir, _) = with_five();
        let mut log = LogFile::open(dir.path()).unwrap();
        log.truncate(4).unwrap();
        log.append(&[entry(2, 4), entry(2, 5)]).unwrap();
        log.purge(id(1, 2)).unwrap();
        log.append(&[entry(2, 6)]).unwrap();
        log.purge(id(1, 1)).unwrap();
        for log in [log, LogFile::open(dir.path()).unwrap()] {
            assert_eq!(indexes(&log), [3, 4, 5, 6]);
            assert_eq!((log.purged(), log.last()), (Some(id(1, 2)), Some(id(2, 6))));
            assert_eq!(log.read(4..6).unwrap(), [entry(2, 4), entry(2, 5)]);
        }
    }

    #[test]
    fn a_purge_beyond_the_end_leaves_an_empty_log_that_goes_on_there() {
        let (dir, _) = with_five();
        let mut log = LogFile::open(dir.path()).unwrap();
        log.purge(id(3, 40)).unwrap();
        log.append(&[entry(3, 41)]).unwrap();
        let log = LogFile::open(dir.path()).unwrap();
        assert_eq!((indexes(&log), log.last()), (vec![41], Some(id(3, 41))));
    }
}
