//! Which leader epoch began at which offset (KIP-101), kept in `leader-epoch-checkpoint`. Every
//! change is on disk before it counts. Epochs and offsets grow from entry to entry.

use std::path::PathBuf;

use super::disk::DiskGuard;
use super::{LogError, checkpoint};

const FILE: &str = "leader-epoch-checkpoint";

/// An epoch and the offset of its first record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EpochStart {
    pub(super) epoch: i32,
    pub(super) offset: i64,
}

/// The epochs of a log.
#[derive(Debug)]
pub(super) struct Epochs {
    path: PathBuf,
    guard: DiskGuard,
    entries: Vec<EpochStart>,
}

impl Epochs {
    /// Reads the file of a partition's directory.
    pub(super) fn open(dir: &std::path::Path, guard: &DiskGuard) -> Result<Self, LogError> {
        let mut epochs = Self::empty(dir, guard);
        for fields in checkpoint::read_lines(&epochs.path, 2)? {
            let parsed = match fields.as_slice() {
                [epoch, offset] => epoch.parse().ok().zip(offset.parse().ok()),
                _ => None,
            };
            let next = parsed
                .map(|(epoch, offset)| EpochStart { epoch, offset })
                .filter(|next| epochs.follows(*next));
            let Some(next) = next else {
                return Err(LogError::Corrupt {
                    path: epochs.path,
                    why: format!("{fields:?} is no epoch that can follow the ones before it"),
                });
            };
            epochs.entries.push(next);
        }
        Ok(epochs)
    }

    /// No epochs, whatever the file says.
    pub(super) fn empty(dir: &std::path::Path, guard: &DiskGuard) -> Self {
        Self {
            path: dir.join(FILE),
            guard: guard.clone(),
            entries: Vec::new(),
        }
    }

    /// Its directory has another name now.
    pub(super) fn relocate(&mut self, dir: &std::path::Path) {
        self.path = dir.join(FILE);
    }

    /// Whether there is a file.
    pub(super) fn exists(&self) -> bool {
        self.path.exists()
    }

    fn follows(&self, next: EpochStart) -> bool {
        next.epoch >= 0
            && next.offset >= 0
            && self
                .entries
                .last()
                .is_none_or(|last| last.epoch < next.epoch && last.offset <= next.offset)
    }

    /// Largest epoch, or −1.
    pub(super) fn latest(&self) -> i32 {
        self.entries.last().map_or(-1, |last| last.epoch)
    }

    /// Notes that an epoch begins at an offset, if it is not the latest already. What contradicts it
    /// goes.
    pub(super) fn assign(&mut self, epoch: i32, offset: i64) -> Result<(), LogError> {
        let known = |last: &EpochStart| last.epoch == epoch && last.offset <= offset;
        if epoch < 0 || self.entries.last().is_some_and(known) {
            return Ok(());
        }
        let mut entries = self.entries.clone();
        entries.retain(|entry| entry.epoch < epoch && entry.offset < offset);
        entries.push(EpochStart { epoch, offset });
        self.put(entries)
    }

    /// Drops epochs that begin at or beyond an offset.
    pub(super) fn truncate_end(&mut self, offset: i64) -> Result<(), LogError> {
        let mut entries = self.entries.clone();
        entries.retain(|entry| entry.offset < offset);
        self.put(entries)
    }

    /// Drops epochs that end at or below an offset; the one that holds it begins there now.
    pub(super) fn truncate_start(&mut self, offset: i64) -> Result<(), LogError> {
        let below = self.entries.partition_point(|entry| entry.offset <= offset);
        let mut entries: Vec<EpochStart> = self
            .entries
            .iter()
            .skip(below.saturating_sub(1))
            .copied()
            .collect();
        if let Some(first) = entries.first_mut() {
            first.offset = first.offset.max(offset);
        }
        self.put(entries)
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) -> Result<(), LogError> {
        self.put(Vec::new())
    }

    fn put(&mut self, entries: Vec<EpochStart>) -> Result<(), LogError> {
        if entries == self.entries {
            return Ok(());
        }
        let lines = entries
            .iter()
            .map(|entry| format!("{} {}", entry.epoch, entry.offset));
        checkpoint::write_lines(&self.path, lines, &self.guard)?;
        self.entries = entries;
        Ok(())
    }

    /// Where an epoch ends (rule 29). The latest one ends with the log. One before all known ones is
    /// answered with the first known offset, so that a follower meets the leader where its log begins.
    pub(super) fn end_of(&self, epoch: i32, log_end: i64) -> (i32, i64) {
        if epoch < 0 || epoch > self.latest() {
            return (-1, -1);
        }
        if epoch == self.latest() {
            return (epoch, log_end);
        }
        let next = self.entries.partition_point(|entry| entry.epoch <= epoch);
        let end = self.entries.get(next).map_or(log_end, |entry| entry.offset);
        match next.checked_sub(1).and_then(|at| self.entries.get(at)) {
            Some(floor) => (floor.epoch, end),
            None => (epoch, end),
        }
    }

    /// The epoch of an offset, or −1.
    pub(super) fn of(&self, offset: i64) -> i32 {
        let next = self.entries.partition_point(|entry| entry.offset <= offset);
        next.checked_sub(1)
            .and_then(|at| self.entries.get(at))
            .map_or(-1, |entry| entry.epoch)
    }
}
