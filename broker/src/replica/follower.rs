//! A follower's decisions: what to ask its leader for, and what an answer does to its log. Logs are
//! cut by epochs only, never by the high watermark (rules 29, 30). Pure: nothing is read or sent.

use super::epochs::Epochs;
use super::watermark;
use crate::wire::error_code::ErrorCode;

/// One followed partition in one leader epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Follower {
    /// The leader's id; −1 while there is none.
    pub leader: i32,
    /// The leader's epoch.
    pub leader_epoch: i32,
}

/// What a follower asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// The leader epoch the follower goes by.
    pub leader_epoch: i32,
    /// Its log's end.
    pub offset: i64,
    /// Largest epoch of its log, −1 for none.
    pub last_fetched_epoch: i32,
    /// Its log's start.
    pub log_start: i64,
}

/// What a leader answered, without the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The partition's error.
    pub error: ErrorCode,
    /// The epoch where the logs part and its end, if they do.
    pub diverging: Option<(i32, i64)>,
    /// The leader's high watermark.
    pub high_watermark: i64,
    /// The leader's log start; −1 unknown.
    pub log_start: i64,
}

/// What to do with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Append the records, then take in the watermarks.
    Append,
    /// Cut the log at this offset and ask again.
    Truncate(i64),
    /// Drop everything and go on at this offset.
    Restart(i64),
    /// Ask again after a pause.
    Pause(ErrorCode),
    /// The answer belongs to a question of another time.
    Stale,
}

impl Follower {
    /// The next question, from what the log holds now.
    pub fn ask(&self, log: &dyn Epochs) -> Ask {
        Ask {
            leader_epoch: self.leader_epoch,
            offset: log.log_end_offset(),
            last_fetched_epoch: log.latest_epoch(),
            log_start: log.log_start_offset(),
        }
    }

    /// What an answer to `asked` does.
    pub fn step(&self, log: &dyn Epochs, asked: &Ask, answer: &Answer) -> Step {
        if asked.leader_epoch != self.leader_epoch || asked.offset != log.log_end_offset() {
            return Step::Stale;
        }
        match answer.error {
            ErrorCode::NONE => {}
            ErrorCode::OFFSET_OUT_OF_RANGE if answer.log_start >= 0 => {
                return Step::Restart(answer.log_start);
            }
            other => return Step::Pause(other),
        }
        match answer.diverging {
            Some((epoch, end)) => Step::Truncate(Self::cut_at(log, epoch, end)),
            None => Step::Append,
        }
    }

    /// Where to cut when the leader's largest epoch not above ours is `epoch`, ending at `end`
    /// (KIP-279): our own end of that epoch, and no further than the leader's if the epochs agree. With
    /// no such epoch of our own, nothing of this log is the leader's.
    fn cut_at(log: &dyn Epochs, epoch: i32, end: i64) -> i64 {
        let (own_epoch, own_end) = log.end_offset_for_epoch(epoch);
        let cut = if own_epoch < 0 {
            log.log_start_offset()
        } else if own_epoch == epoch {
            own_end.min(end)
        } else {
            own_end
        };
        cut.clamp(log.log_start_offset(), log.log_end_offset())
    }

    /// The high watermark after an answer was appended.
    pub fn high_watermark(current: i64, answer: &Answer, log: &dyn Epochs) -> i64 {
        watermark::followed(current, answer.high_watermark, log.log_end_offset())
    }
}

#[cfg(test)]
mod tests {
    use super::super::epochs::tests::Model;
    use super::*;

    const FOLLOWER: Follower = Follower {
        leader: 1,
        leader_epoch: 6,
    };

    fn log() -> Model {
        Model {
            starts: vec![(1, 0), (3, 10), (5, 20)],
            end: 25,
        }
    }

    fn answer(error: ErrorCode, diverging: Option<(i32, i64)>) -> Answer {
        Answer {
            error,
            diverging,
            high_watermark: 7,
            log_start: 4,
        }
    }

    fn step(answer: Answer) -> Step {
        let log = log();
        FOLLOWER.step(&log, &FOLLOWER.ask(&log), &answer)
    }

    #[test]
    fn it_asks_from_its_end_with_its_last_epoch() {
        let asked = FOLLOWER.ask(&log());
        assert_eq!((asked.offset, asked.last_fetched_epoch), (25, 5));
        assert_eq!((asked.leader_epoch, asked.log_start), (6, 0));
    }

    #[test]
    fn a_follower_behind_by_epoch_truncates_to_the_divergence() {
        let at = |epoch, end| step(answer(ErrorCode::NONE, Some((epoch, end))));
        // Both know epoch 3; the leader's ends earlier, then later than ours.
        assert_eq!(at(3, 15), Step::Truncate(15));
        assert_eq!(at(3, 22), Step::Truncate(20));
        // The leader's epoch 4 never reached us: go back to the end of our epoch below it.
        assert_eq!(at(4, 18), Step::Truncate(20));
        // The leader's epoch is below all of ours.
        assert_eq!(at(0, 3), Step::Truncate(0));
    }

    #[test]
    fn out_of_range_goes_on_at_the_leaders_start() {
        assert_eq!(
            step(answer(ErrorCode::OFFSET_OUT_OF_RANGE, None)),
            Step::Restart(4)
        );
    }

    #[test]
    fn other_errors_pause() {
        let error = ErrorCode::NOT_LEADER_OR_FOLLOWER;
        assert_eq!(step(answer(error, None)), Step::Pause(error));
    }

    #[test]
    fn an_answer_from_another_time_changes_nothing() {
        let log = log();
        let mut asked = FOLLOWER.ask(&log);
        asked.leader_epoch = 5;
        let fine = answer(ErrorCode::NONE, None);
        assert_eq!(FOLLOWER.step(&log, &asked, &fine), Step::Stale);
        asked.leader_epoch = 6;
        asked.offset = 24;
        assert_eq!(FOLLOWER.step(&log, &asked, &fine), Step::Stale);
        assert_eq!(step(fine), Step::Append);
    }
}
