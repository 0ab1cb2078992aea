//! What a replica does for requests: appends, reads, epochs, offsets. Short sections under the
//! partition's lock; bytes are read after it is given back.

use std::sync::Arc;

use bytes::Bytes;

use super::epochs::{check_leader_epoch, divergence};
use super::follower::{Answer, Ask, Follower, Step};
use super::leader::{Eligible, Fetched};
use super::partition::{Failure, Partition, Role, State};
use super::purgatory::{Bell, News, Wants};
use crate::log::{AbortedTransaction, Appended, Log, ReadLimit, Slice};
use crate::wire::error_code::ErrorCode;

/// What a write came to.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    /// What the log says.
    pub appended: Appended,
    /// The leader epoch it was written in.
    pub leader_epoch: i32,
    /// The log's start.
    pub log_start: i64,
    /// Whether it is committed already.
    pub committed: bool,
}

/// How many replicas a write waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acks {
    /// The leader alone.
    Leader,
    /// All that are in sync.
    All,
}

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A client, up to the high watermark.
    Uncommitted,
    /// A client, up to the last stable offset.
    Committed,
    /// A follower, up to the log's end.
    Follower {
        /// Its id.
        id: i32,
        /// Its broker epoch, or −1.
        broker_epoch: i64,
        /// Its log's start, or −1.
        log_start: i64,
    },
}

impl Reader {
    /// The news that may give this reader something.
    pub fn wants(self) -> Wants {
        match self {
            Self::Follower { .. } => Wants::End,
            _ => Wants::Committed,
        }
    }
}

/// Where and how much to read.
#[derive(Debug, Clone, Copy)]
pub struct ReadAt {
    /// The first offset.
    pub offset: i64,
    /// The leader epoch that the reader goes by, or −1.
    pub leader_epoch: i32,
    /// The epoch of the record before, or −1.
    pub last_fetched_epoch: i32,
    /// At most these bytes.
    pub max_bytes: usize,
    /// One batch is given whatever its size.
    pub at_least_one: bool,
}

/// What a look at a partition found.
#[derive(Debug, Clone, Default)]
pub struct Look {
    /// What is wrong, if anything is.
    pub error: ErrorCode,
    /// Where the reader's log parts from this one.
    pub diverging: Option<(i32, i64)>,
    /// The high watermark.
    pub high_watermark: i64,
    /// The last stable offset.
    pub last_stable_offset: i64,
    /// The log's start.
    pub log_start: i64,
    /// Bytes to read.
    pub slice: Option<Slice>,
    /// Aborted transactions that touch them, for readers of committed records.
    pub aborted: Option<Vec<AbortedTransaction>>,
    /// What could be read up to, and in which epoch: anything else is news.
    pub seen: Seen,
}

/// How far a reader could read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    limit: i64,
    leader_epoch: i32,
}

impl Look {
    /// What is said where nothing can be looked at.
    pub fn failed(error: ErrorCode) -> Self {
        Self {
            error,
            high_watermark: -1,
            last_stable_offset: -1,
            log_start: -1,
            ..Self::default()
        }
    }

    /// Bytes that were found.
    pub fn bytes(&self) -> usize {
        self.slice.as_ref().map_or(0, |slice| slice.length)
    }

    /// Whether the reader must be answered, however little was found.
    pub fn is_urgent(&self) -> bool {
        let rolls = |slice: &Slice| slice.ends_segment && slice.length > 0;
        self.error != ErrorCode::NONE
            || self.diverging.is_some()
            || self.slice.as_ref().is_some_and(rolls)
    }
}

/// What to tell besides the answer: news for waiters, and whether the controller is to be asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Aftermath {
    /// A change of the ISR waits to be sent.
    pub proposal: bool,
}

impl Partition {
    /// Appends a client's batch as the leader.
    pub fn append(
        &self,
        batch: &Bytes,
        acks: Acks,
        eligible: &dyn Eligible,
        now_ms: i64,
    ) -> Result<Written, Failure> {
        self.write(acks, None, eligible, now_ms, |log, epoch| {
            log.append_as_leader(batch, epoch, now_ms)
                .map_err(|error| self.append_failure(error))
        })
        .inspect(|written| {
            if !written.appended.duplicate {
                let appended = &written.appended;
                let count = appended.last_offset - appended.base_offset + 1;
                self.traffic
                    .messages_in
                    .add(u64::try_from(count).unwrap_or(0));
                self.traffic.bytes_in.add(batch.len() as u64);
            }
        })
    }

    /// Appends a batch that this broker wrote itself, in the epoch it is meant for.
    pub fn append_own(
        &self,
        batch: &[u8],
        leader_epoch: i32,
        eligible: &dyn Eligible,
        now_ms: i64,
    ) -> Result<Written, Failure> {
        let epoch = Some(leader_epoch);
        self.write(Acks::All, epoch, eligible, now_ms, |log, epoch| {
            log.append_own(batch, epoch, now_ms)
                .map_err(|error| self.disk_failure(&error))
        })
    }

    fn write(
        &self,
        acks: Acks,
        in_epoch: Option<i32>,
        eligible: &dyn Eligible,
        now_ms: i64,
        append: impl FnOnce(&mut Log, i32) -> Result<Appended, Failure>,
    ) -> Result<Written, Failure> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let missing = state.missing();
        let log = state.log.as_mut().ok_or(missing)?;
        let Role::Leader(leader) = &mut state.role else {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER.into());
        };
        let leader_epoch = leader.epoch();
        if in_epoch.is_some_and(|epoch| epoch != leader_epoch) {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER.into());
        }
        if acks == Acks::All && leader.is_under_min_isr() {
            return Err(ErrorCode::NOT_ENOUGH_REPLICAS.into());
        }
        let appended = append(log, leader_epoch)?;
        let log_start = log.log_start_offset();
        let flush = log.is_flush_due();
        let moved = leader.appended(log.log_end_offset(), eligible, now_ms);
        let mut news = state.settle(moved);
        news.end = !appended.duplicate;
        let committed = state.high_watermark > appended.last_offset;
        drop(guard);
        self.purgatory.tell(news);
        if flush {
            self.flush(|_| true, now_ms)?;
        }
        Ok(Written {
            appended,
            leader_epoch,
            log_start,
            committed,
        })
    }

    /// Finds what a reader can have. A follower's question also tells how far it is.
    pub fn look(
        &self,
        reader: Reader,
        at: &ReadAt,
        eligible: &dyn Eligible,
        now_ms: i64,
    ) -> (Look, Aftermath) {
        let mut state = self.lock();
        let (look, news, aftermath) = state.look(reader, at, eligible, now_ms);
        drop(state);
        self.purgatory.tell(news);
        (look, aftermath)
    }

    /// Rings `bell` when a reader who saw this much may have more.
    pub fn watch_for(&self, reader: Reader, seen: Seen, bell: &Arc<Bell>, number: usize) {
        self.watch(reader.wants(), bell, number, |state| {
            state.seen(reader) != seen
        });
    }

    /// The question a follower has for its leader, if this replica follows `leader`.
    pub fn ask(&self, leader: i32) -> Option<Ask> {
        let state = self.lock();
        match (&state.role, &state.log) {
            (Role::Follower(follower), Some(log)) if follower.leader == leader => {
                Some(follower.ask(log))
            }
            _ => None,
        }
    }

    /// Takes in a leader's answer; gives what was done.
    pub fn take_in(
        &self,
        asked: &Ask,
        answer: &Answer,
        records: Option<&Bytes>,
        now_ms: i64,
    ) -> Result<Step, Failure> {
        let mut guard = self.lock();
        let State {
            log,
            role,
            high_watermark,
            clean_below,
            ..
        } = &mut *guard;
        let (Role::Follower(follower), Some(log)) = (&*role, log.as_mut()) else {
            return Ok(Step::Stale);
        };
        let step = follower.step(log, asked, answer);
        let fail = |error| self.disk_failure(&error);
        let mut flush = false;
        match step {
            Step::Append => {
                if let Some(records) = records.filter(|records| !records.is_empty()) {
                    log.append_as_follower(records, now_ms).map_err(fail)?;
                }
                *high_watermark = Follower::high_watermark(*high_watermark, answer, log);
                let start = answer.log_start.min(*high_watermark);
                if start > log.log_start_offset() {
                    log.move_log_start(start).map_err(fail)?;
                }
                flush = log.is_flush_due();
            }
            Step::Truncate(at) => {
                log.truncate_to(at).map_err(fail)?;
                *high_watermark = (*high_watermark).min(at);
                *clean_below = clean_below.map(|below| below.min(at));
            }
            Step::Restart(at) => {
                log.restart_at(at).map_err(fail)?;
                *high_watermark = at;
                *clean_below = None;
            }
            Step::Pause(_) | Step::Stale => {}
        }
        drop(guard);
        if flush {
            self.flush(|_| true, now_ms)?;
        }
        Ok(step)
    }

    /// Moves the log start up to an offset at or below the high watermark; −1 is the high watermark
    /// (rule 72). Gives the new start.
    pub fn delete_records(&self, offset: i64) -> Result<i64, Failure> {
        let mut guard = self.lock();
        guard.leader()?;
        let high_watermark = guard.high_watermark;
        let policy = guard.settings().cleanup_policy;
        let missing = guard.missing();
        let log = guard.log.as_mut().ok_or(missing)?;
        if policy.compact && !policy.delete {
            return Err(ErrorCode::POLICY_VIOLATION.into());
        }
        let offset = if offset == -1 { high_watermark } else { offset };
        if offset < 0 || offset > high_watermark {
            return Err(ErrorCode::OFFSET_OUT_OF_RANGE.into());
        }
        if offset > log.log_start_offset() {
            log.move_log_start(offset)
                .map_err(|error| self.disk_failure(&error))?;
        }
        let start = log.log_start_offset();
        drop(guard);
        self.purgatory.tell(News {
            start: true,
            ..News::default()
        });
        Ok(start)
    }

    /// Forces the log to disk if it `is_due`; its lock is not held meanwhile.
    pub fn flush(&self, is_due: impl FnOnce(&Log) -> bool, now_ms: i64) -> Result<(), Failure> {
        let due = {
            let state = self.lock();
            let log = state.log.as_ref().filter(|log| is_due(log));
            log.and_then(|log| Some((log.begin_flush()?, log.dir().to_owned())))
        };
        let Some((flush, dir)) = due else {
            return Ok(());
        };
        let flushed = flush.run();
        let mut state = self.lock();
        // A log that was deleted or moved meanwhile is no fault of the disk.
        let Some(log) = state.log.as_mut().filter(|log| log.dir() == dir) else {
            return Ok(());
        };
        let flushed = flushed.map_err(|error| self.disk_failure(&error))?;
        log.finish_flush(&flushed, now_ms);
        Ok(())
    }
}

impl State {
    fn limit(&self, reader: Reader) -> i64 {
        match reader {
            Reader::Uncommitted => self.high_watermark,
            Reader::Committed => self.last_stable_offset(),
            Reader::Follower { .. } => self.log.as_ref().map_or(-1, Log::log_end_offset),
        }
    }

    fn seen(&self, reader: Reader) -> Seen {
        Seen {
            limit: self.limit(reader),
            leader_epoch: self.leader_epoch(),
        }
    }

    fn look(
        &mut self,
        reader: Reader,
        at: &ReadAt,
        eligible: &dyn Eligible,
        now_ms: i64,
    ) -> (Look, News, Aftermath) {
        let parts = self.checked(at);
        let mut look = match parts {
            Ok(diverging) => Look {
                diverging,
                ..Look::default()
            },
            Err(error) => Look::failed(error),
        };
        let (mut news, mut aftermath) = (News::default(), Aftermath::default());
        if !look.is_urgent() {
            match self.found(reader, at) {
                Ok(found) => look = found,
                Err(error) => look.error = error,
            }
        }
        if let Reader::Follower { .. } = reader
            && !look.is_urgent_for_follower()
        {
            match self.note_fetch(reader, at, eligible, now_ms) {
                Ok((told, after)) => (news, aftermath) = (told, after),
                Err(error) => look = Look::failed(error),
            }
        }
        if let Some(log) = &self.log {
            look.log_start = log.log_start_offset();
            look.high_watermark = self.high_watermark;
            look.last_stable_offset = self.last_stable_offset();
        }
        look.seen = self.seen(reader);
        (look, news, aftermath)
    }

    /// Epochs and divergence (rules 28 and 29).
    fn checked(&self, at: &ReadAt) -> Result<Option<(i32, i64)>, ErrorCode> {
        let log = self.log()?;
        let leader = self.leader()?;
        check_leader_epoch(at.leader_epoch, leader.epoch())?;
        divergence(log, at.offset, at.last_fetched_epoch)
    }

    /// Finds bytes (rules 32, 33 and 35).
    fn found(&self, reader: Reader, at: &ReadAt) -> Result<Look, ErrorCode> {
        let log = self.log()?;
        let limit = ReadLimit {
            below_offset: self.limit(reader),
            max_bytes: at.max_bytes,
            at_least_one: at.at_least_one,
        };
        let slice = log.read(at.offset, limit)?;
        let aborted = match reader {
            Reader::Committed if slice.length > 0 => log
                .aborted_transactions(at.offset, limit.below_offset)
                .map(Some)
                .map_err(|_| ErrorCode::KAFKA_STORAGE_ERROR)?,
            Reader::Committed => Some(Vec::new()),
            _ => None,
        };
        Ok(Look {
            slice: Some(slice),
            aborted,
            ..Look::default()
        })
    }

    fn note_fetch(
        &mut self,
        reader: Reader,
        at: &ReadAt,
        eligible: &dyn Eligible,
        now_ms: i64,
    ) -> Result<(News, Aftermath), ErrorCode> {
        let leader_end = self.log()?.log_end_offset();
        let (
            Reader::Follower {
                id,
                broker_epoch,
                log_start,
            },
            Role::Leader(leader),
        ) = (reader, &mut self.role)
        else {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        };
        let fetched = Fetched {
            replica: id,
            broker_epoch,
            offset: at.offset,
            log_start,
            leader_end,
        };
        let moved = match leader.fetched(&fetched, eligible, now_ms) {
            // Rule 28: who does not say its epoch is told to look the leader up anew.
            Err(ErrorCode::UNKNOWN_LEADER_EPOCH) if at.leader_epoch < 0 => {
                return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
            }
            noted => noted?,
        };
        let aftermath = Aftermath {
            proposal: moved.proposal,
        };
        Ok((self.settle(moved), aftermath))
    }
}

impl Look {
    /// Rule 24: a follower whose log parts, or that asks out of range, has not told how far it is.
    fn is_urgent_for_follower(&self) -> bool {
        self.error != ErrorCode::NONE || self.diverging.is_some()
    }
}
