//! Compaction (rule 80): of records with the same key the last one stays, offsets never change.
//!
//! In three steps, so that the log's lock is not held while bytes move: [`Log::plan_compaction`] looks,
//! [`CompactionPlan::copy`] reads and writes without the log, [`Log::finish_compaction`] puts the new
//! segments in the place of the old ones. Files go from `.cleaned` over `.swap` to their last name, so
//! that a crash at any time leaves the old segments or the new ones.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::TopicSettings;

use super::cleaner;
use super::disk::{self, DataFile, DiskGuard};
use super::file_name::{Kind, Stage, path_of};
use super::partition::Log;
use super::segment::Segment;
use super::txn_index::Aborted;
use super::{Compaction, LogError};

/// A segment as compaction reads it.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) base_offset: i64,
    /// Where the next segment begins.
    pub(super) next_base: i64,
    pub(super) data: DataFile,
}

/// The last batch that is known of a producer.
#[derive(Debug, Clone, Copy)]
pub(super) struct LastBatch {
    pub(super) epoch: i16,
    /// None if its last batch is a marker.
    pub(super) last_offset: Option<i64>,
}

/// What is to be compacted: holds the files it needs, not the log.
#[derive(Debug)]
pub struct CompactionPlan {
    pub(super) dir: PathBuf,
    pub(super) guard: DiskGuard,
    pub(super) settings: Arc<TopicSettings>,
    /// All segments below the end, in order.
    pub(super) sources: Vec<Source>,
    pub(super) first_dirty: i64,
    pub(super) aborted: Vec<Aborted>,
    pub(super) last_batches: HashMap<i64, LastBatch>,
    pub(super) now_ms: i64,
    /// How many bytes of keys may be held in memory.
    pub(super) max_key_bytes: usize,
}

/// Segments that were written and wait to take their place.
#[derive(Debug)]
pub struct Compacted {
    pub(super) groups: Vec<Group>,
    pub(super) clean_below: i64,
}

/// New files and those that they replace.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) base_offset: i64,
    pub(super) sources: Vec<Source>,
    pub(super) bytes: u64,
}

impl Group {
    /// Removes what was written for it.
    pub(super) fn remove_cleaned(&self, dir: &Path, guard: &DiskGuard) -> Result<(), LogError> {
        for kind in Kind::OF_SEGMENT {
            disk::remove(&path_of(dir, self.base_offset, kind, Stage::Cleaned), guard)?;
        }
        Ok(())
    }
}

impl CompactionPlan {
    /// Reads the keys and writes the new segments beside the old ones. Slow; the log may be used
    /// meanwhile.
    pub fn copy(self) -> Result<Compacted, LogError> {
        cleaner::copy(self)
    }
}

impl Log {
    /// What compaction can do below an offset (the last stable one), if it is worth it:
    /// `min.cleanable.dirty.ratio` is reached, or a record waits longer than `max.compaction.lag.ms`.
    /// Records below `first_dirty` (of `cleaner-offset-checkpoint`) have been seen before.
    pub fn plan_compaction(
        &self,
        first_dirty: i64,
        below: i64,
        max_key_bytes: usize,
        now_ms: i64,
    ) -> Option<CompactionPlan> {
        let end = self.compactable_end(below, now_ms);
        let in_log = (self.start..=self.log_end_offset()).contains(&first_dirty);
        let first_dirty = if in_log { first_dirty } else { self.start };
        if !self.settings.cleanup_policy.compact || !self.is_dirty_enough(first_dirty, end, now_ms)
        {
            return None;
        }
        let ends = self.closed.keys().skip(1).copied();
        let ends = ends.chain(std::iter::once(self.active.base_offset));
        let sources: Vec<Source> = self
            .closed
            .values()
            .zip(ends)
            .filter(|(_, next_base)| *next_base <= end)
            .map(|(segment, next_base)| Source {
                base_offset: segment.base_offset,
                next_base,
                data: segment.data.view(),
            })
            .collect();
        let mut aborted: Vec<Aborted> = self
            .segments()
            .flat_map(|segment| segment.txns.entries().iter().copied())
            .filter(|aborted| aborted.first_offset < end)
            .collect();
        aborted.sort_unstable_by_key(|aborted| aborted.first_offset);
        Some(CompactionPlan {
            dir: self.dir.clone(),
            guard: self.guard.clone(),
            settings: Arc::clone(&self.settings),
            sources,
            first_dirty,
            aborted,
            last_batches: self.producers.last_batches(),
            now_ms,
            max_key_bytes,
        })
    }

    /// The beginning of the first segment that may not be compacted: the active one, one that reaches
    /// beyond `below`, one with records younger than `min.compaction.lag.ms`.
    fn compactable_end(&self, below: i64, now_ms: i64) -> i64 {
        let lag_ms = self.settings.min_compaction_lag_ms;
        let mut ends = self.closed.keys().skip(1).copied();
        for segment in self.closed.values() {
            let end = ends.next().unwrap_or(self.active.base_offset);
            let young = lag_ms > 0 && segment.latest.timestamp_ms > now_ms.saturating_sub(lag_ms);
            if young || end > below {
                return segment.base_offset;
            }
        }
        self.active.base_offset
    }

    fn is_dirty_enough(&self, first_dirty: i64, end: i64, now_ms: i64) -> bool {
        let (mut dirty, mut total, mut waits) = (0_u64, 0_u64, false);
        for segment in self
            .closed
            .values()
            .take_while(|segment| segment.base_offset < end)
        {
            total += segment.size();
            if segment.next_offset <= first_dirty {
                continue;
            }
            dirty += segment.size();
            let since = segment.first_timestamp_ms.unwrap_or(now_ms);
            waits |= now_ms.saturating_sub(since) > self.settings.max_compaction_lag_ms;
        }
        #[expect(clippy::cast_precision_loss, reason = "a share of sizes")]
        let ratio = dirty as f64 / total.max(1) as f64;
        dirty > 0 && (waits || ratio > self.settings.min_cleanable_dirty_ratio)
    }

    /// Puts compacted segments in the place of those they were made from, where these are unchanged.
    pub fn finish_compaction(
        &mut self,
        compacted: Compacted,
        now_ms: i64,
    ) -> Result<Compaction, LogError> {
        let Compacted {
            groups,
            clean_below,
        } = compacted;
        let mut done = Compaction {
            clean_below,
            ..Compaction::default()
        };
        for group in &groups {
            if !self.is_unchanged(group) {
                done.clean_below = done.clean_below.min(group.base_offset);
                group.remove_cleaned(&self.dir, &self.guard)?;
                continue;
            }
            done.segments += group.sources.len();
            done.bytes_before += group
                .sources
                .iter()
                .map(|from| from.data.size())
                .sum::<u64>();
            done.bytes_after += group.bytes;
            self.take_place(group, now_ms)?;
        }
        Ok(done)
    }

    /// Whether the segments of a group are still those that were read: neither cut nor let go.
    fn is_unchanged(&self, group: &Group) -> bool {
        group.sources.iter().all(|source| {
            self.closed.get(&source.base_offset).is_some_and(|segment| {
                segment.size() == source.data.size()
                    && Arc::ptr_eq(&segment.data.shared(), &source.data.shared())
            })
        })
    }

    fn take_place(&mut self, group: &Group, now_ms: i64) -> Result<(), LogError> {
        let base = group.base_offset;
        self.rename_segment(base, Stage::Cleaned, Stage::Swap)?;
        disk::sync_dir(&self.dir)?;
        for source in &group.sources {
            self.set_aside(source.base_offset, now_ms)?;
        }
        self.rename_segment(base, Stage::Swap, Stage::Live)?;
        disk::sync_dir(&self.dir)?;
        let mut segment = Segment::open(&self.dir, base, Stage::Live, now_ms, &self.guard)?;
        segment.load()?;
        for source in &group.sources {
            self.closed.remove(&source.base_offset);
        }
        self.closed.insert(base, segment);
        self.forget_snapshots()
    }

    /// Renames the files of a segment, its log last.
    fn rename_segment(&self, base: i64, from: Stage, to: Stage) -> Result<(), LogError> {
        for kind in Kind::OF_SEGMENT {
            let from = path_of(&self.dir, base, kind, from);
            if from.exists() {
                disk::rename(&from, &path_of(&self.dir, base, kind, to), &self.guard)?;
            }
        }
        Ok(())
    }
}

/// Aborted and committed transactions as a walk over batches in order meets them.
#[derive(Debug)]
pub(super) struct Transactions {
    /// Those that the walk has not reached, the next one last.
    ahead: Vec<Aborted>,
    /// Producers inside an aborted one, and whether batches of it are still there.
    aborting: HashMap<i64, (Aborted, bool)>,
    /// Producers with batches of a transaction that is not aborted.
    committing: BTreeSet<i64>,
}

impl Transactions {
    /// `aborted` is sorted by first offset.
    pub(super) fn new(aborted: &[Aborted]) -> Self {
        Self {
            ahead: aborted.iter().rev().copied().collect(),
            aborting: HashMap::new(),
            committing: BTreeSet::new(),
        }
    }

    fn reach(&mut self, offset: i64) {
        while let Some(next) = self.ahead.pop_if(|next| next.first_offset <= offset) {
            self.aborting.insert(next.producer_id, (next, false));
        }
    }

    /// Whether a transactional batch belongs to an aborted transaction.
    pub(super) fn meet_batch(&mut self, producer_id: i64, last_offset: i64) -> bool {
        self.reach(last_offset);
        if let Some((_, seen)) = self.aborting.get_mut(&producer_id) {
            *seen = true;
            return true;
        }
        self.committing.insert(producer_id);
        false
    }

    /// Whether no batch of the transaction that a marker ends is left, and the index entry that has to
    /// stay while some are.
    pub(super) fn meet_marker(
        &mut self,
        producer_id: i64,
        last_offset: i64,
        aborts: bool,
    ) -> (bool, Option<Aborted>) {
        self.reach(last_offset);
        if !aborts {
            return (!self.committing.remove(&producer_id), None);
        }
        match self.aborting.remove(&producer_id) {
            Some((aborted, true)) => (false, Some(aborted)),
            _ => (true, None),
        }
    }
}
