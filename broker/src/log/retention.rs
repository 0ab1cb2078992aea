//! Letting old segments go: by time, by size, below the log's start (rule 79). Files get another name
//! at once and are removed later, so that readers that found them come to their end.

use super::disk::{self, Access};
use super::file_name::{Kind, Stage, path_of};
use super::partition::Log;
use super::segment::Segment;
use super::{LogError, snapshot};

impl Log {
    /// Deletes segments past retention, wholly below `high_watermark`; gives the bytes freed.
    pub fn retain(&mut self, high_watermark: i64, now_ms: i64) -> Result<u64, LogError> {
        self.producers.forget_replicated(high_watermark);
        let mut freed = 0;
        while self.closed.first_key_value().is_some_and(|(_, segment)| {
            segment.next_offset <= high_watermark && self.may_go(segment, now_ms)
        }) {
            freed += self.let_first_go(now_ms)?;
        }
        let active = &self.active;
        if self.closed.is_empty()
            && active.size() > 0
            && active.next_offset <= high_watermark
            && self.is_expired(active, now_ms)
        {
            self.roll(now_ms)?;
            freed += self.let_first_go(now_ms)?;
        }
        Ok(freed)
    }

    fn may_go(&self, segment: &Segment, now_ms: i64) -> bool {
        self.next_base(segment) <= self.start
            || self.is_expired(segment, now_ms)
            || self.is_too_much(segment)
    }

    fn next_base(&self, segment: &Segment) -> i64 {
        self.closed
            .range(segment.base_offset.saturating_add(1)..)
            .next()
            .map_or(self.active.base_offset, |(base, _)| *base)
    }

    fn is_expired(&self, segment: &Segment, now_ms: i64) -> bool {
        let keep_ms = self.settings.retention_ms;
        let latest = segment.latest.timestamp_ms;
        // A segment without any timestamp counts from the day its file was made.
        let latest = if latest < 0 {
            segment.created_ms
        } else {
            latest
        };
        self.settings.cleanup_policy.delete
            && keep_ms >= 0
            && now_ms.saturating_sub(latest) > keep_ms
    }

    fn is_too_much(&self, segment: &Segment) -> bool {
        let Ok(keep) = u64::try_from(self.settings.retention_bytes) else {
            return false;
        };
        self.settings.cleanup_policy.delete
            && self.size_bytes().saturating_sub(segment.size()) >= keep
    }

    fn let_first_go(&mut self, now_ms: i64) -> Result<u64, LogError> {
        let Some((base, segment)) = self.closed.pop_first() else {
            return Ok(0);
        };
        let next = self
            .closed
            .keys()
            .next()
            .copied()
            .unwrap_or(self.active.base_offset);
        // The start moves first: what is about to go is not read any more.
        self.move_log_start(next)?;
        snapshot::remove_where(&self.dir, &self.guard, |at| at <= base)?;
        let freed = segment.size();
        if let Err(error) = self.set_aside(base, now_ms) {
            self.closed.insert(base, segment);
            return Err(error);
        }
        Ok(freed)
    }

    /// Gives the files of a segment the names of deleted ones.
    pub(super) fn set_aside(&mut self, base: i64, now_ms: i64) -> Result<(), LogError> {
        for kind in Kind::OF_SEGMENT {
            let from = path_of(&self.dir, base, kind, Stage::Live);
            if !from.exists() {
                continue;
            }
            let to = path_of(&self.dir, base, kind, Stage::Deleted);
            disk::rename(&from, &to, &self.guard)?;
            self.waiting.push((now_ms, to));
        }
        Ok(())
    }

    /// Removes files that have waited `file.delete.delay.ms`, and forgets producers that are silent for
    /// `producer.id.expiration.ms`.
    pub fn sweep(&mut self, now_ms: i64) -> Result<(), LogError> {
        self.guard.check(Access::Write, &self.dir)?;
        self.producers.expire(now_ms, self.producer_expiration_ms);
        let delay_ms = self.settings.file_delete_delay_ms;
        let due = |since: i64| now_ms.saturating_sub(since) >= delay_ms;
        for (since, path) in &self.waiting {
            if due(*since) {
                disk::remove(path, &self.guard)?;
            }
        }
        self.waiting.retain(|(since, _)| !due(*since));
        Ok(())
    }
}
