//! Forcing a log to disk in two steps, so that nobody waits for its lock meanwhile: [`Log::begin_flush`]
//! notes the files, [`Flush::run`] waits for the disk without the log, [`Log::finish_flush`] moves the
//! recovery point.

use std::path::PathBuf;

use super::LogError;
use super::disk::{self, DataFile};
use super::partition::Log;

/// What is to be forced to disk: holds the files it needs, not the log.
#[derive(Debug)]
pub struct Flush {
    dir: PathBuf,
    files: Vec<DataFile>,
    end: i64,
    cuts: u64,
}

/// What was forced to disk.
#[derive(Debug)]
pub struct Flushed {
    end: i64,
    cuts: u64,
}

impl Flush {
    /// Waits for the disk.
    pub fn run(self) -> Result<Flushed, LogError> {
        let (end, cuts) = (self.end, self.cuts);
        self.sync()?;
        Ok(Flushed { end, cuts })
    }

    pub(super) fn sync(self) -> Result<(), LogError> {
        self.files.iter().try_for_each(DataFile::sync)?;
        disk::sync_dir(&self.dir)
    }
}

impl Log {
    /// Everything below it was flushed.
    pub fn recovery_point(&self) -> i64 {
        self.recovery_point
    }

    /// Whether so many records are not flushed that the topic's `flush.messages` asks for it.
    pub fn is_flush_due(&self) -> bool {
        let waiting = self.log_end_offset().saturating_sub(self.recovery_point);
        waiting > 0 && waiting >= self.settings.flush_messages
    }

    /// Whether records wait longer than the topic's `flush.ms`.
    pub fn is_flush_overdue(&self, now_ms: i64) -> bool {
        self.recovery_point < self.log_end_offset()
            && now_ms.saturating_sub(self.flushed_ms) >= self.settings.flush_ms
    }

    /// Whether a segment was begun since the last flush.
    pub fn has_rolled(&self) -> bool {
        self.recovery_point < self.active.base_offset
    }

    /// What is not flushed yet; `None` where all is.
    pub fn begin_flush(&self) -> Option<Flush> {
        let end = self.log_end_offset();
        if self.recovery_point >= end {
            return None;
        }
        let segments = self.segments_from(self.recovery_point);
        Some(Flush {
            dir: self.dir.clone(),
            files: segments
                .flat_map(|segment| segment.files().map(DataFile::view))
                .collect(),
            end,
            cuts: self.cuts,
        })
    }

    /// Takes in what was flushed; records that a cut replaced in the meantime were not.
    pub fn finish_flush(&mut self, flushed: &Flushed, now_ms: i64) {
        if flushed.cuts == self.cuts {
            self.recovery_point = self.recovery_point.max(flushed.end);
            self.flushed_ms = now_ms;
        }
    }
}
