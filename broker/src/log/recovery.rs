//! Opening a log: what a crash left behind is finished or cut, what is damaged is built anew, and
//! every cut is said (rule 81). Never panics on any bytes, never keeps a batch that is not sound where
//! it reads through.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::config::TopicSettings;
use crate::wire::records::{Batch, BatchKind, Unpacker};

use super::append::marker_of;
use super::disk::{self, Access, DiskGuard};
use super::epochs::Epochs;
use super::file_name::{self, Kind, Stage, path_of};
use super::partition::Log;
use super::producer_state::Producers;
use super::scan::{Scan, read_batch};
use super::segment::Segment;
use super::{LogError, Opening, Recovery, snapshot};

type Segments = BTreeMap<i64, Segment>;

impl Log {
    /// Opens the directory (`TOPIC-N`), making it if it is missing, and recovers what a crash left.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an opening is made for one log and used once"
    )]
    pub fn open(
        dir: &Path,
        settings: Arc<TopicSettings>,
        how: Opening,
    ) -> Result<(Self, Recovery), LogError> {
        Self::recover(dir, settings, &how)
    }

    fn recover(
        dir: &Path,
        settings: Arc<TopicSettings>,
        how: &Opening,
    ) -> Result<(Self, Recovery), LogError> {
        how.guard.check(Access::Read, dir)?;
        if !dir.exists() {
            how.guard.check(Access::Write, dir)?;
            fs::create_dir_all(dir).map_err(disk::at(dir))?;
        }
        let mut recovery = Recovery::default();
        finish_compaction(dir, &how.guard)?;
        let mut segments = open_segments(dir, how)?;
        let (mut epochs, epochs_lost) = open_epochs(dir, how, &segments, &mut recovery)?;
        let from = first_to_read(&mut segments, how, epochs_lost, &mut recovery);
        if let Some(from) = from {
            // Younger snapshots may speak of batches that are about to be cut.
            snapshot::remove_where(dir, &how.guard, |at| at > from)?;
        }
        let end = segments
            .values()
            .next_back()
            .map_or(0, |last| last.next_offset);
        let until = from.unwrap_or(end);
        let start = how.log_start_offset.min(until);
        let said = &mut recovery.said;
        let mut producers =
            load_producers(dir, segments.values(), (start, until), &how.guard, said)?;
        if let Some(from) = from {
            let mut reading = Reading {
                settings: &settings,
                producers: &mut producers,
                epochs: &mut epochs,
                unpacker: Unpacker::default(),
                recovery: &mut recovery,
            };
            reading.read_through(&mut segments, from)?;
        }
        let active = match segments.pop_last() {
            Some((_, last)) => last,
            None => Segment::create(
                dir,
                how.log_start_offset.max(0),
                Stage::Live,
                how.now_ms,
                &how.guard,
            )?,
        };
        let mut log = Self {
            dir: dir.to_owned(),
            settings,
            guard: how.guard.clone(),
            closed: segments,
            active,
            producers,
            producer_expiration_ms: how.producer_expiration_ms,
            epochs,
            start: 0,
            recovery_point: 0,
            flushed_ms: how.now_ms,
            cuts: 0,
            unpacker: Unpacker::default(),
            waiting: Vec::new(),
        };
        log.settle(how, from.is_some())?;
        Ok((log, recovery))
    }

    /// Brings beginning, end, epochs and producers of what was found into agreement.
    fn settle(&mut self, how: &Opening, read_through: bool) -> Result<(), LogError> {
        let end = self.log_end_offset();
        if end < how.log_start_offset {
            return self.restart_at(how.log_start_offset);
        }
        let first = self
            .segments()
            .next()
            .map_or(end, |first| first.base_offset);
        self.start = how.log_start_offset.max(first);
        self.recovery_point = if read_through || !how.clean {
            how.recovery_point.min(end)
        } else {
            end
        };
        self.epochs.truncate_end(end)?;
        self.producers
            .expire(how.now_ms, how.producer_expiration_ms);
        snapshot::remove_where(&self.dir, &self.guard, |at| at > end)?;
        self.forget_snapshots()
    }
}

/// Removes what a deletion or an unfinished compaction left, and finishes one that had written all.
fn finish_compaction(dir: &Path, guard: &DiskGuard) -> Result<(), LogError> {
    let mut swaps = Vec::new();
    let mut unfinished = Vec::new();
    for name in snapshot::names(dir)? {
        let stray = Path::new(&name).extension() == Some("tmp".as_ref());
        match file_name::parse(&name) {
            Some((offset, kind, Stage::Cleaned)) => {
                if kind == Kind::Log {
                    unfinished.push(offset);
                }
                disk::remove(&dir.join(name), guard)?;
            }
            Some((_, _, Stage::Deleted)) => disk::remove(&dir.join(name), guard)?,
            Some((offset, kind, Stage::Swap)) => swaps.push((offset, kind)),
            _ if stray => disk::remove(&dir.join(name), guard)?,
            _ => {}
        }
    }
    // Indexes get the name first and the log last: a log of that name is whole.
    let whole: Vec<i64> = swaps
        .iter()
        .filter(|(offset, kind)| *kind == Kind::Log && !unfinished.contains(offset))
        .map(|(offset, _)| *offset)
        .collect();
    for (offset, kind) in &swaps {
        if !whole.contains(offset) {
            disk::remove(&path_of(dir, *offset, *kind, Stage::Swap), guard)?;
        }
    }
    for offset in whole {
        take_place(dir, offset, guard)?;
    }
    Ok(())
}

/// Puts a compacted segment in the place of those whose offsets it covers.
fn take_place(dir: &Path, offset: i64, guard: &DiskGuard) -> Result<(), LogError> {
    let compacted = path_of(dir, offset, Kind::Log, Stage::Swap);
    let data = disk::DataFile::open(compacted, guard)?;
    let mut scan = Scan::new(&data, 0);
    let mut next = offset;
    while let Some(found) = scan.step()? {
        next = found.next_offset();
    }
    for base in log_offsets(dir)? {
        if base >= offset && base < next {
            remove_segment_files(dir, base, guard)?;
        }
    }
    for kind in Kind::OF_SEGMENT {
        let from = path_of(dir, offset, kind, Stage::Swap);
        if from.exists() {
            disk::rename(&from, &path_of(dir, offset, kind, Stage::Live), guard)?;
        }
    }
    disk::sync_dir(dir)
}

/// Base offsets of the segments in use.
fn log_offsets(dir: &Path) -> Result<Vec<i64>, LogError> {
    let mut offsets: Vec<i64> = snapshot::names(dir)?
        .iter()
        .filter_map(|name| match file_name::parse(name) {
            Some((offset, Kind::Log, Stage::Live)) => Some(offset),
            _ => None,
        })
        .collect();
    offsets.sort_unstable();
    Ok(offsets)
}

/// Removes the files of a segment; its log last, so that what a crash leaves is found again.
pub(super) fn remove_segment_files(
    dir: &Path,
    base_offset: i64,
    guard: &DiskGuard,
) -> Result<(), LogError> {
    for kind in Kind::OF_SEGMENT {
        disk::remove(&path_of(dir, base_offset, kind, Stage::Live), guard)?;
    }
    Ok(())
}

fn open_segments(dir: &Path, how: &Opening) -> Result<Segments, LogError> {
    let offsets = log_offsets(dir)?;
    for name in snapshot::names(dir)? {
        let index = file_name::parse(&name)
            .filter(|(_, kind, _)| !matches!(kind, Kind::Log | Kind::Snapshot));
        if let Some((offset, _, Stage::Live)) = index
            && !offsets.contains(&offset)
        {
            disk::remove(&dir.join(name), &how.guard)?;
        }
    }
    let mut segments = Segments::new();
    for offset in offsets {
        let segment = Segment::open(dir, offset, Stage::Live, how.now_ms, &how.guard)?;
        segments.insert(offset, segment);
    }
    Ok(segments)
}

/// The epochs, and whether they have to be learned from the batches.
fn open_epochs(
    dir: &Path,
    how: &Opening,
    segments: &Segments,
    recovery: &mut Recovery,
) -> Result<(Epochs, bool), LogError> {
    match Epochs::open(dir, &how.guard) {
        Ok(epochs) => {
            let lost = !epochs.exists() && segments.values().any(|segment| segment.size() > 0);
            Ok((epochs, lost))
        }
        Err(error @ LogError::Corrupt { .. }) => {
            recovery.said.push(format!("{error}; written anew"));
            Ok((Epochs::empty(dir, &how.guard), true))
        }
        Err(error) => Err(error),
    }
}

/// Loads segments by their indexes as far as that may be believed; the first one that has to be read
/// through, with all behind it.
fn first_to_read(
    segments: &mut Segments,
    how: &Opening,
    epochs_lost: bool,
    recovery: &mut Recovery,
) -> Option<i64> {
    if epochs_lost {
        return segments.keys().next().copied();
    }
    let unflushed = if how.clean {
        None
    } else {
        let holder = segments.range(..=how.recovery_point).next_back();
        holder
            .or_else(|| segments.iter().next())
            .map(|(base, _)| *base)
    };
    let mut expected = 0;
    for (base, segment) in segments.iter_mut() {
        if unflushed.is_some_and(|unflushed| *base >= unflushed) {
            break;
        }
        let flaw = match segment.load() {
            Ok(()) if *base < expected => Some("it begins inside the one before it".to_owned()),
            Ok(()) => None,
            Err(error) => Some(error.to_string()),
        };
        if let Some(flaw) = flaw {
            recovery
                .said
                .push(format!("segment {base} is read through: {flaw}"));
            return Some(*base);
        }
        expected = segment.next_offset;
    }
    unflushed
}

/// What reading through needs and changes.
struct Reading<'a> {
    settings: &'a TopicSettings,
    producers: &'a mut Producers,
    epochs: &'a mut Epochs,
    unpacker: Unpacker,
    recovery: &'a mut Recovery,
}

impl Reading<'_> {
    /// Verifies every batch from a segment on and writes the indexes anew. What follows the first cut
    /// is dropped: it would come after a hole.
    fn read_through(&mut self, segments: &mut Segments, from: i64) -> Result<(), LogError> {
        let mut rest = segments.split_off(&from);
        let mut expected = segments
            .values()
            .next_back()
            .map_or(0, |before| before.next_offset);
        while let Some((base, mut segment)) = rest.pop_first() {
            let path = segment.data.path().display().to_string();
            if base < expected {
                self.drop_segment(&segment, &path, "it begins inside the one before it")?;
                continue;
            }
            let flaw = self.rebuild(&mut segment)?;
            expected = segment.next_offset;
            segments.insert(base, segment);
            let Some((cut, why)) = flaw else { continue };
            self.recovery.bytes_cut += cut;
            self.recovery
                .said
                .push(format!("{path}: {cut} bytes cut off the end: {why}"));
            for segment in rest.values() {
                let path = segment.data.path().display().to_string();
                self.drop_segment(segment, &path, "it follows a segment that was cut")?;
            }
            return Ok(());
        }
        Ok(())
    }

    fn rebuild(&mut self, segment: &mut Segment) -> Result<Option<(u64, String)>, LogError> {
        self.recovery.segments_read += 1;
        self.recovery.indexes_rebuilt += 2;
        let (producers, epochs) = (&mut *self.producers, &mut *self.epochs);
        let unpacker = &mut self.unpacker;
        segment.rebuild(self.settings.index_interval_bytes, |batch, txns| {
            let header = &batch.header;
            if header.leader_epoch > epochs.latest() {
                epochs.assign(header.leader_epoch, header.base_offset)?;
            }
            let marker = match marker_of(batch, unpacker) {
                Ok(marker) => marker,
                Err(error) => {
                    log::warn!("a marker at offset {}: {error}", header.base_offset);
                    None
                }
            };
            let Some(marker) = marker else {
                producers.note_batch(header);
                return Ok(());
            };
            let aborted = producers.aborted_by(header, marker);
            producers.note_marker(header, marker);
            aborted.map_or(Ok(()), |aborted| txns.append(aborted))
        })
    }

    fn drop_segment(&mut self, segment: &Segment, path: &str, why: &str) -> Result<(), LogError> {
        let bytes = segment.size();
        self.recovery.bytes_cut += bytes;
        self.recovery
            .said
            .push(format!("{path}: {bytes} bytes dropped: {why}"));
        let dir = segment.data.path().parent().unwrap_or(Path::new(""));
        remove_segment_files(dir, segment.base_offset, segment.data.guard())
    }
}

/// The producers at the end of an offset range: from the latest snapshot in it, and the batches behind.
pub(super) fn load_producers<'a>(
    dir: &Path,
    segments: impl Iterator<Item = &'a Segment>,
    (from, until): (i64, i64),
    guard: &DiskGuard,
    said: &mut Vec<String>,
) -> Result<Producers, LogError> {
    let (at, mut producers) = snapshot::latest(dir, until, guard, said)?.unwrap_or_default();
    let at = at.max(from);
    let mut unpacker = Unpacker::default();
    for segment in segments {
        if segment.next_offset <= at || segment.base_offset >= until {
            continue;
        }
        note_segment(segment, (at, until), &mut producers, &mut unpacker)?;
    }
    Ok(producers)
}

fn note_segment(
    segment: &Segment,
    (at, until): (i64, i64),
    producers: &mut Producers,
    unpacker: &mut Unpacker,
) -> Result<(), LogError> {
    let Some(first) = segment.find(at)? else {
        return Ok(());
    };
    let mut buffer = Vec::new();
    let mut scan = Scan::new(&segment.data, first.position);
    while let Some(found) = scan.step()? {
        if found.header.base_offset >= until {
            break;
        }
        if found.header.attributes.kind() != BatchKind::TransactionMarker {
            producers.note_batch(&found.header);
            continue;
        }
        read_batch(&segment.data, &found, &mut buffer)?;
        let marker = Batch::parse(&buffer).and_then(|batch| marker_of(&batch, unpacker));
        match marker {
            Ok(Some(marker)) => producers.note_marker(&found.header, marker),
            Ok(None) => {}
            Err(error) => log::warn!("{}: {error}", segment.data.path().display()),
        }
    }
    Ok(())
}
