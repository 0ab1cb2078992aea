//! A replica that moves to another log directory of this node (KIP-113, rule 49): a future replica follows
//! the current one, record by record and cut by cut, and takes its place in one moment, under the
//! replica's lock. Whatever stops the node meanwhile, at its next start one whole log is there.
//!
//! The names say how far a move is: `TOPIC-N` and `TOPIC-N.UUID-future` while it is under way;
//! `TOPIC-N.UUID-delete` and `TOPIC-N.UUID-future` for a moment, in which the future one is whole;
//! then `TOPIC-N` in the new directory. Copies and swaps; knows no task and no request.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::epochs::divergence;
use super::follower::{Answer, Follower, Step};
use super::partition::{Partition, State};
use crate::log::{Log, LogError, ReadLimit, Slice};
use crate::wire::error_code::ErrorCode;

/// Most bytes that are copied at once.
const PIECE_BYTES: usize = 1 << 20;
/// Most bytes that are copied while the replica's lock is held, so that a move ends under any load.
const LAST_BYTES: usize = 1 << 16;

/// A log that is to take the place of a replica's.
#[derive(Debug)]
pub struct Future {
    /// Position of its log directory.
    pub dir: usize,
    /// What it has so far.
    pub log: Log,
}

/// What one step of a move came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Stepped {
    /// So many bytes were copied, or something was cut; there is more to do.
    Copied(usize),
    /// The replica lies in its new directory. Its old one waits for removal, unless it could not be
    /// renamed.
    Moved {
        /// Where it lay.
        from: Option<usize>,
        /// Its old directory's name now.
        left: Option<PathBuf>,
        /// Why the old directory kept its name.
        failed: Option<String>,
    },
    /// The log is being compacted: later.
    Later,
    /// There is no move, or nothing to copy from.
    Nothing,
}

/// Why a step failed.
#[derive(Debug)]
pub enum Broken {
    /// The replica itself could not be read.
    Current(String),
    /// The future replica could not be written.
    Future(usize, LogError),
}

/// What a future replica needs next.
enum Next {
    /// Everything is there.
    Whole,
    /// These bytes of the current one.
    Copy(Slice),
    /// Cut at this offset.
    Cut(i64),
    /// Drop everything and go on at this offset.
    Restart(i64),
}

/// Compares the two logs as a leader does with its follower (rule 29).
fn next(current: &Log, future: &Log, max_bytes: usize) -> Result<Next, String> {
    let follower = Follower {
        leader: 0,
        leader_epoch: 0,
    };
    let ask = follower.ask(future);
    let (start, end) = (current.log_start_offset(), current.log_end_offset());
    // An epoch that the current one has no more was cut off it.
    let diverging = if ask.last_fetched_epoch > current.latest_epoch() {
        Ok(Some((current.latest_epoch(), end)))
    } else {
        divergence(current, ask.offset, ask.last_fetched_epoch)
    };
    let is_outside = ask.offset < start || ask.offset > end;
    let (error, diverging) = match diverging {
        Ok(None) if is_outside => (ErrorCode::OFFSET_OUT_OF_RANGE, None),
        Ok(diverging) => (ErrorCode::NONE, diverging),
        Err(error) => (error, None),
    };
    let answer = Answer {
        error,
        diverging,
        high_watermark: end,
        log_start: start,
    };
    match follower.step(future, &ask, &answer) {
        Step::Truncate(at) => return Ok(Next::Cut(at)),
        Step::Restart(at) => return Ok(Next::Restart(at)),
        Step::Append | Step::Stale => {}
        Step::Pause(error) => return Err(error.to_string()),
    }
    if ask.offset == end {
        return Ok(Next::Whole);
    }
    let limit = ReadLimit {
        below_offset: end,
        max_bytes,
        at_least_one: true,
    };
    let slice = current.read(ask.offset, limit);
    slice.map(Next::Copy).map_err(|error| error.to_string())
}

impl Future {
    fn take(&mut self, records: &Bytes, now_ms: i64) -> Result<Stepped, Broken> {
        let before = self.log.log_end_offset();
        let broken = |error| Broken::Future(self.dir, error);
        let end = self
            .log
            .append_as_follower(records, now_ms)
            .map_err(broken)?;
        if end == before {
            return Err(Broken::Current(format!(
                "no batch was read at offset {end}"
            )));
        }
        Ok(Stepped::Copied(records.len()))
    }

    fn cut(&mut self, next: &Next) -> Result<(), Broken> {
        let cut = match next {
            Next::Cut(at) => self.log.truncate_to(*at),
            Next::Restart(at) => self.log.restart_at(*at),
            Next::Whole | Next::Copy(_) => Ok(()),
        };
        cut.map_err(|error| Broken::Future(self.dir, error))
    }

    fn flush(&mut self, now_ms: i64) -> Result<(), Broken> {
        let Some(flush) = self.log.begin_flush() else {
            return Ok(());
        };
        let flushed = flush.run();
        let flushed = flushed.map_err(|error| Broken::Future(self.dir, error))?;
        self.log.finish_flush(&flushed, now_ms);
        Ok(())
    }

    /// Takes in what was written since, while nothing more is; gives what to do instead of swapping.
    fn catch_up(&mut self, state: &State, now_ms: i64) -> Result<Option<Stepped>, Broken> {
        if state.is_compacting {
            return Ok(Some(Stepped::Later));
        }
        let Some(current) = &state.log else {
            return Ok(Some(Stepped::Nothing));
        };
        match next(current, &self.log, LAST_BYTES).map_err(Broken::Current)? {
            Next::Whole => {}
            Next::Copy(slice) if slice.length <= LAST_BYTES => {
                let records = slice.read();
                let records = records.map_err(|error| Broken::Current(error.to_string()))?;
                self.take(&records, now_ms)?;
                if self.log.log_end_offset() != current.log_end_offset() {
                    return Ok(Some(Stepped::Copied(records.len())));
                }
            }
            Next::Copy(_) | Next::Cut(_) | Next::Restart(_) => return Ok(Some(Stepped::Copied(0))),
        }
        let dir = self.dir;
        let broken = |error| Broken::Future(dir, error);
        let (epoch, start) = (current.latest_epoch(), current.log_start_offset());
        // An epoch in which nothing was written yet is in no batch.
        if epoch > self.log.latest_epoch() {
            self.log.begin_epoch(epoch).map_err(broken)?;
        }
        self.log.move_log_start(start).map_err(broken)?;
        self.flush(now_ms)?;
        Ok(None)
    }
}

impl Partition {
    /// Brings a move one step further, copying at most so many bytes or one batch; blocks on the disk.
    /// `home` is the directory's name once it is the replica's.
    pub fn step_move(
        &self,
        home: impl FnOnce(usize) -> Option<PathBuf>,
        most_bytes: usize,
        now_ms: i64,
    ) -> Result<Stepped, Broken> {
        let mut slot = self.future();
        let Some(future) = slot.as_mut() else {
            return Ok(Stepped::Nothing);
        };
        let needed = match &self.lock().log {
            Some(current) => {
                let most = most_bytes.min(PIECE_BYTES);
                next(current, &future.log, most).map_err(Broken::Current)?
            }
            None => return Ok(Stepped::Nothing),
        };
        match needed {
            // The log may be cut between finding and reading.
            Next::Copy(slice) => match slice.read() {
                Ok(records) => return future.take(&records, now_ms),
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                    return Ok(Stepped::Copied(0));
                }
                Err(error) => return Err(Broken::Current(error.to_string())),
            },
            cut @ (Next::Cut(_) | Next::Restart(_)) => {
                future.cut(&cut)?;
                return Ok(Stepped::Copied(0));
            }
            Next::Whole => {}
        }
        // Most of it is on disk before anybody has to wait for the rest.
        future.flush(now_ms)?;
        let Some(home) = home(future.dir) else {
            return Ok(Stepped::Nothing);
        };
        let mut state = self.lock();
        if let Some(unfinished) = future.catch_up(&state, now_ms)? {
            return Ok(unfinished);
        }
        let Some(future) = slot.take() else {
            return Ok(Stepped::Nothing);
        };
        self.swap(&mut state, future, &home)
    }

    /// Puts the future replica in the place of the current one. An old directory that cannot be
    /// renamed has failed, and holds nothing back.
    fn swap(&self, state: &mut State, mut future: Future, home: &Path) -> Result<Stepped, Broken> {
        let Some(mut current) = state.log.take() else {
            return Ok(Stepped::Nothing);
        };
        let lay = current.dir().to_owned();
        let gone = current.deleted_name();
        let renamed = current.rename(&gone);
        if let Err(error) = future.log.rename(home) {
            if renamed.is_ok()
                && let Err(second) = current.rename(&lay)
            {
                log::error!("{second}: a replica that stays where it was has another name");
            }
            state.log = Some(current);
            return Err(Broken::Future(future.dir, error));
        }
        future.log.reconfigure(state.settings().clone());
        state.log = Some(future.log);
        // What was compacted after it was copied came here as it was before.
        state.clean_below = None;
        let from = self.dir();
        self.lies_in(future.dir);
        Ok(Stepped::Moved {
            from,
            left: renamed.is_ok().then_some(gone),
            failed: renamed.err().map(|error| error.to_string()),
        })
    }

    /// Ends a move where it is: what is to be deleted, if one was under way.
    pub fn take_future(&self) -> Option<Future> {
        self.future().take()
    }
}
