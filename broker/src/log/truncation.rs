//! Cutting the log: at its end, at its beginning, and altogether.

use super::file_name::Stage;
use super::partition::Log;
use super::segment::Segment;
use super::{LogError, recovery, snapshot};

impl Log {
    /// Cuts everything at and beyond an offset. A batch that reaches across it goes as a whole.
    pub fn truncate_to(&mut self, offset: i64) -> Result<(), LogError> {
        if offset >= self.log_end_offset() {
            // An epoch that this broker began as leader and wrote nothing in is not the log's.
            return self.epochs.truncate_end(self.log_end_offset());
        }
        if offset < self.start {
            return self.restart_at(offset);
        }
        self.cuts += 1;
        while self.active.base_offset > offset {
            let Some((_, before)) = self.closed.pop_last() else {
                return self.restart_at(offset);
            };
            let gone = std::mem::replace(&mut self.active, before);
            self.discard(&gone)?;
        }
        self.active.truncate(offset)?;
        let end = self.log_end_offset();
        self.recovery_point = self.recovery_point.min(end);
        self.start = self.start.min(end);
        self.epochs.truncate_end(end)?;
        snapshot::remove_where(&self.dir, &self.guard, |at| at > end)?;
        self.reload_producers()
    }

    fn reload_producers(&mut self) -> Result<(), LogError> {
        let mut said = Vec::new();
        let segments = self.closed.values().chain(std::iter::once(&self.active));
        self.producers = recovery::load_producers(
            &self.dir,
            segments,
            (self.start, self.active.next_offset),
            &self.guard,
            &mut said,
        )?;
        for line in said {
            log::warn!("{line}");
        }
        Ok(())
    }

    /// Drops everything and goes on at an offset.
    pub fn restart_at(&mut self, offset: i64) -> Result<(), LogError> {
        let now_ms = self.active.created_ms;
        self.restart_empty_at(offset, now_ms)?;
        self.epochs.clear()?;
        self.producers = super::producer_state::Producers::default();
        self.start = offset;
        self.recovery_point = offset;
        snapshot::remove_where(&self.dir, &self.guard, |_| true)
    }

    /// Replaces all segments by an empty one.
    pub(super) fn restart_empty_at(&mut self, offset: i64, now_ms: i64) -> Result<(), LogError> {
        self.cuts += 1;
        let whole = std::mem::take(&mut self.closed);
        for (_, segment) in whole.into_iter().rev() {
            self.discard(&segment)?;
        }
        let stale = self.active.base_offset != offset;
        let next = Segment::create(&self.dir, offset, Stage::Live, now_ms, &self.guard)?;
        let gone = std::mem::replace(&mut self.active, next);
        if stale {
            self.discard(&gone)?;
        }
        Ok(())
    }

    /// Removes the files of a segment at once.
    fn discard(&self, segment: &Segment) -> Result<(), LogError> {
        recovery::remove_segment_files(&self.dir, segment.base_offset, &self.guard)
    }

    /// Moves the log start up (`DeleteRecords`, or the leader's start seen by a follower). Segments wholly
    /// below it wait for [`Log::retain`].
    pub fn move_log_start(&mut self, offset: i64) -> Result<(), LogError> {
        if offset <= self.start {
            return Ok(());
        }
        if offset > self.log_end_offset() {
            return self.restart_at(offset);
        }
        self.start = offset;
        self.epochs.truncate_start(offset)
    }
}
