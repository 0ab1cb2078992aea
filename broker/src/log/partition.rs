//! The log of a partition: its segments in order, its producers, its epochs, and where it begins and
//! ends. What is done to them is in the modules beside this one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::TopicSettings;
use crate::wire::records::Unpacker;

use super::disk::DiskGuard;
use super::epochs::Epochs;
use super::file_name::Stage;
use super::flush::Flush;
use super::producer_state::Producers;
use super::segment::Segment;
use super::{ActiveProducer, LogError, snapshot};

/// One partition's log. Not shared: its owner puts it behind a lock.
#[derive(Debug)]
pub struct Log {
    pub(super) dir: PathBuf,
    pub(super) settings: Arc<TopicSettings>,
    pub(super) guard: DiskGuard,
    /// Segments that take no more batches, by base offset.
    pub(super) closed: BTreeMap<i64, Segment>,
    /// The segment at the log's end.
    pub(super) active: Segment,
    pub(super) producers: Producers,
    pub(super) producer_expiration_ms: i64,
    pub(super) epochs: Epochs,
    /// First offset that can be read.
    pub(super) start: i64,
    pub(super) recovery_point: i64,
    /// When it was flushed last, or opened.
    pub(super) flushed_ms: i64,
    /// How often its end was cut: a flush that began before says nothing of what came after.
    pub(super) cuts: u64,
    pub(super) unpacker: Unpacker,
    /// Files that wait for their removal, and since when.
    pub(super) waiting: Vec<(i64, PathBuf)>,
}

impl Log {
    /// First offset that can be read.
    pub fn log_start_offset(&self) -> i64 {
        self.start
    }

    /// The offset the next record gets.
    pub fn log_end_offset(&self) -> i64 {
        self.active.next_offset
    }

    /// First offset of the earliest open transaction, if one is open.
    pub fn first_unstable_offset(&self) -> Option<i64> {
        self.producers.first_open()
    }

    /// The offset up to which every transaction is decided and its end replicated (rule 54).
    pub fn last_stable_offset(&self, high_watermark: i64) -> i64 {
        let unstable = self.producers.first_unstable(high_watermark);
        unstable.map_or(high_watermark, |first| first.min(high_watermark))
    }

    /// Largest epoch of the log, or −1.
    pub fn latest_epoch(&self) -> i32 {
        self.epochs.latest()
    }

    /// Notes that `epoch` starts at the log's end, if it is new.
    pub fn begin_epoch(&mut self, epoch: i32) -> Result<(), LogError> {
        self.epochs.assign(epoch, self.log_end_offset())
    }

    /// The largest known epoch ≤ `epoch` and the offset where it ends (rule 29); (−1, −1) if it is
    /// beyond all known ones. An epoch before all known ones ends where the first known one begins.
    pub fn end_offset_for_epoch(&self, epoch: i32) -> (i32, i64) {
        self.epochs.end_of(epoch, self.log_end_offset())
    }

    /// Epoch of the record at an offset, or −1.
    pub fn epoch_of(&self, offset: i64) -> i32 {
        if offset < self.start || offset >= self.log_end_offset() {
            return -1;
        }
        self.epochs.of(offset)
    }

    /// Takes new settings into use.
    pub fn reconfigure(&mut self, settings: Arc<TopicSettings>) {
        self.settings = settings;
    }

    /// Bytes of all segments.
    pub fn size_bytes(&self) -> u64 {
        self.segments().map(Segment::size).sum()
    }

    /// Producers with state.
    pub fn producers(&self) -> Vec<ActiveProducer> {
        self.producers.describe()
    }

    /// Where it lives.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// All segments, in order.
    pub(super) fn segments(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.closed.values().chain(std::iter::once(&self.active))
    }

    /// The segments from the one that holds an offset on.
    pub(super) fn segments_from(&self, offset: i64) -> impl DoubleEndedIterator<Item = &Segment> {
        let first = self
            .closed
            .range(..=offset)
            .next_back()
            .map_or(offset, |(base, _)| *base);
        let closed = if self.active.base_offset <= offset {
            self.closed.range(i64::MAX..)
        } else {
            self.closed.range(first..)
        };
        closed
            .map(|(_, segment)| segment)
            .chain(std::iter::once(&self.active))
    }

    /// Closes the active segment and begins a new one at the log's end.
    pub(super) fn roll(&mut self, now_ms: i64) -> Result<(), LogError> {
        let end = self.log_end_offset();
        self.active.seal()?;
        snapshot::write(&self.dir, end, &self.producers, &self.guard)?;
        let next = Segment::create(&self.dir, end, Stage::Live, now_ms, &self.guard)?;
        let full = std::mem::replace(&mut self.active, next);
        self.closed.insert(full.base_offset, full);
        Ok(())
    }

    /// Removes the snapshots of producers at which no segment begins any more, but for the newest: every
    /// roll and every stop leaves one.
    pub(super) fn forget_snapshots(&self) -> Result<(), LogError> {
        let newest = snapshot::list(&self.dir)?.pop();
        snapshot::remove_where(&self.dir, &self.guard, |at| {
            let begins = at == self.active.base_offset || self.closed.contains_key(&at);
            !begins && Some(at) != newest
        })
    }

    /// Whether `segment.ms` is over for a batch of this time; an empty segment never ends by time.
    pub(super) fn time_is_up(&self, timestamp_ms: i64, now_ms: i64) -> bool {
        if self.active.size() == 0 {
            return false;
        }
        let waited = match self.active.first_timestamp_ms {
            Some(first) if first >= 0 => timestamp_ms.saturating_sub(first),
            _ => now_ms.saturating_sub(self.active.created_ms),
        };
        let mut most = self.settings.segment_ms;
        if self.settings.cleanup_policy.compact {
            // Only segments that are closed are compacted.
            most = most.min(self.settings.max_compaction_lag_ms);
        }
        waited > most.saturating_sub(self.jitter_ms())
    }

    /// How much earlier this segment ends than `segment.ms` says, so that not all segments of a node
    /// end at once: the same for the same partition and offset.
    fn jitter_ms(&self) -> i64 {
        let most = self
            .settings
            .segment_jitter_ms
            .min(self.settings.segment_ms)
            .max(0);
        let mut hash = self.active.base_offset.cast_unsigned();
        for byte in self.dir.as_os_str().as_encoded_bytes() {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        i64::try_from(hash >> 1)
            .unwrap_or(0)
            .checked_rem(most)
            .unwrap_or(0)
    }

    /// Begins a new segment if time demands it (`segment.ms`).
    pub fn roll_if_due(&mut self, now_ms: i64) -> Result<bool, LogError> {
        let due = self.time_is_up(now_ms, now_ms);
        if due {
            self.roll(now_ms)?;
        }
        Ok(due)
    }

    /// Flushes, writes the producer snapshot and closes.
    pub fn close(mut self) -> Result<(), LogError> {
        self.active.seal()?;
        let end = self.log_end_offset();
        snapshot::write(&self.dir, end, &self.producers, &self.guard)?;
        // What the close itself wrote is behind the recovery point, which may be the end already.
        self.active.sync()?;
        self.begin_flush().map_or(Ok(()), Flush::sync)
    }
}
