//! What the pure decisions ask of a log: its ends and where leader epochs begin. Nothing is written here.

use crate::wire::error_code::ErrorCode;

/// A log as replication sees it; a [`Log`](crate::log::Log), or a model of one.
pub trait Epochs {
    /// The offset the next record gets.
    fn log_end_offset(&self) -> i64;
    /// First offset that can be read.
    fn log_start_offset(&self) -> i64;
    /// Largest epoch of the log, or −1.
    fn latest_epoch(&self) -> i32;
    /// The largest known epoch ≤ `epoch` and the offset where it ends (rule 29); (−1, −1) if it is
    /// beyond all known ones. An epoch before all known ones ends where the first known one begins.
    fn end_offset_for_epoch(&self, epoch: i32) -> (i32, i64);
}

impl Epochs for crate::log::Log {
    fn log_end_offset(&self) -> i64 {
        Self::log_end_offset(self)
    }

    fn log_start_offset(&self) -> i64 {
        Self::log_start_offset(self)
    }

    fn latest_epoch(&self) -> i32 {
        Self::latest_epoch(self)
    }

    fn end_offset_for_epoch(&self, epoch: i32) -> (i32, i64) {
        Self::end_offset_for_epoch(self, epoch)
    }
}

/// Compares the leader epoch that a request names with the local one; −1 asks for no check (rule 28).
pub fn check_leader_epoch(asked: i32, local: i32) -> Result<(), ErrorCode> {
    match asked {
        -1 => Ok(()),
        older if older < local => Err(ErrorCode::FENCED_LEADER_EPOCH),
        newer if newer > local => Err(ErrorCode::UNKNOWN_LEADER_EPOCH),
        _ => Ok(()),
    }
}

/// Whether a reader who stands at `offset` with `last_fetched_epoch` has a log that parts from this
/// one, and if so the epoch and offset it has to go back to (rule 29).
pub fn divergence(
    log: &dyn Epochs,
    offset: i64,
    last_fetched_epoch: i32,
) -> Result<Option<(i32, i64)>, ErrorCode> {
    if last_fetched_epoch < 0 {
        return Ok(None);
    }
    let (epoch, end) = log.end_offset_for_epoch(last_fetched_epoch);
    if epoch < 0 || end < 0 {
        return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
    }
    Ok((epoch < last_fetched_epoch || end < offset).then_some((epoch, end)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Epochs with their first offsets, and the log's end.
    pub(crate) struct Model {
        pub(crate) starts: Vec<(i32, i64)>,
        pub(crate) end: i64,
    }

    impl Epochs for Model {
        fn log_end_offset(&self) -> i64 {
            self.end
        }

        fn log_start_offset(&self) -> i64 {
            0
        }

        fn latest_epoch(&self) -> i32 {
            self.starts.last().map_or(-1, |(epoch, _)| *epoch)
        }

        fn end_offset_for_epoch(&self, asked: i32) -> (i32, i64) {
            if asked > self.latest_epoch() {
                return (-1, -1);
            }
            let known = self.starts.iter().rposition(|(epoch, _)| *epoch <= asked);
            let Some(at) = known else {
                return (asked, self.starts.first().map_or(-1, |first| first.1));
            };
            let end = self.starts.get(at + 1).map_or(self.end, |next| next.1);
            (self.starts[at].0, end)
        }
    }

    fn log() -> Model {
        Model {
            starts: vec![(1, 0), (3, 10), (4, 20)],
            end: 25,
        }
    }

    #[test]
    fn an_older_epoch_is_fenced_and_a_newer_one_unknown() {
        assert_eq!(check_leader_epoch(-1, 4), Ok(()));
        assert_eq!(check_leader_epoch(4, 4), Ok(()));
        assert_eq!(
            check_leader_epoch(3, 4),
            Err(ErrorCode::FENCED_LEADER_EPOCH)
        );
        assert_eq!(
            check_leader_epoch(5, 4),
            Err(ErrorCode::UNKNOWN_LEADER_EPOCH)
        );
    }

    #[test]
    fn a_reader_on_the_same_history_does_not_diverge() {
        assert_eq!(divergence(&log(), 20, 3), Ok(None));
        assert_eq!(divergence(&log(), 25, 4), Ok(None));
        assert_eq!(divergence(&log(), 99, -1), Ok(None));
    }

    #[test]
    fn a_reader_with_an_epoch_that_never_was_diverges_at_the_epoch_below() {
        assert_eq!(divergence(&log(), 12, 2), Ok(Some((1, 10))));
        assert_eq!(divergence(&log(), 22, 3), Ok(Some((3, 20))));
        assert_eq!(divergence(&log(), 30, 4), Ok(Some((4, 25))));
        assert_eq!(divergence(&log(), 7, 0), Ok(Some((0, 0))));
    }

    #[test]
    fn an_epoch_beyond_all_known_ones_is_out_of_range() {
        assert_eq!(
            divergence(&log(), 30, 6),
            Err(ErrorCode::OFFSET_OUT_OF_RANGE)
        );
    }
}
