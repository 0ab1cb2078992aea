//! Taking a partition of `__consumer_offsets` over: its records are read up to the end that the log
//! had when this node began to lead, and count once all of them are committed.

use std::sync::Arc;
use std::time::Duration;

use crate::wire::error_code::ErrorCode;

use super::offsets_log::OffsetsLog;
use super::replay::Replay;
use super::shell::{Groups, Led};

/// How long to wait before looking again, at first and at most.
const FIRST_WAIT: Duration = Duration::from_millis(5);
const LONGEST_WAIT: Duration = Duration::from_millis(250);

/// How far reading is.
struct Progress {
    replay: Replay,
    /// Where to read on.
    next: i64,
    /// The log's end when reading began.
    target: Option<i64>,
}

enum Step {
    /// More was read.
    Further,
    /// All is read and committed.
    Done,
    /// Nothing new yet.
    Wait,
    /// The log does not know this leadership yet, or says no.
    NotYet(ErrorCode),
    /// The records are damaged.
    Broken(String),
}

/// Reads a partition until it is ready, unreadable, or no longer wanted.
pub(super) async fn load(groups: Arc<Groups>, led: Arc<Led>) {
    let (index, epoch) = (led.index, led.epoch);
    let mut progress = Progress {
        replay: Replay::default(),
        next: 0,
        target: None,
    };
    let mut wait = FIRST_WAIT;
    while led.is_loading() {
        let log = Arc::clone(&groups.log);
        let read = move || {
            let step = progress.step(&*log, index, epoch);
            (step, progress)
        };
        let Ok((step, so_far)) = tokio::task::spawn_blocking(read).await else {
            led.give_up();
            return;
        };
        progress = so_far;
        match step {
            Step::Further => wait = FIRST_WAIT,
            Step::Done => {
                let (records, skipped) = progress.replay.counts();
                log::info!(
                    "partition {index} of __consumer_offsets is read in epoch {epoch}: \
                     {records} records, {skipped} of other kinds or unreadable"
                );
                let now_ms = groups.clock.now_ms();
                let partition = progress.replay.finish(groups.settings, now_ms);
                groups.ready(&led, partition);
                return;
            }
            Step::Wait | Step::NotYet(_) => {
                if let Step::NotYet(code) = step {
                    log::debug!("partition {index} of __consumer_offsets: {code}");
                }
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            Step::Broken(why) => {
                log::error!(
                    "partition {index} of __consumer_offsets cannot be read, its groups are not \
                     served until another broker leads it: {why}"
                );
                led.give_up();
                return;
            }
        }
    }
}

impl Progress {
    fn step(&mut self, log: &dyn OffsetsLog, index: i32, epoch: i32) -> Step {
        let read = match log.read(index, self.next) {
            Ok(read) if read.leader_epoch == epoch => read,
            Ok(_) => return Step::NotYet(ErrorCode::NOT_LEADER_OR_FOLLOWER),
            Err(code) => return Step::NotYet(code),
        };
        let target = *self.target.get_or_insert(read.log_end_offset);
        let before = self.next;
        match self.replay.take(&read.records) {
            Ok(next) => self.next = next.unwrap_or(self.next).max(self.next),
            Err(why) => return Step::Broken(why.to_string()),
        }
        let committed = read.high_watermark >= target;
        // Compaction may leave nothing between the last batch and the end.
        let all = self.next >= target || read.records.is_empty();
        match (all && committed, self.next > before) {
            (true, _) => Step::Done,
            (false, true) => Step::Further,
            (false, false) => Step::Wait,
        }
    }
}
