//! Where committed data ends: pure arithmetic over log ends. Knows no replica, no clock, no log.

/// `min.insync.replicas` in force for a partition with this many replicas: never more than there are (rule 18).
pub fn effective_min_isr(configured: u32, replicas: usize) -> usize {
    usize::try_from(configured)
        .unwrap_or(usize::MAX)
        .min(replicas.max(1))
}

/// The high watermark after a change (rule 23): the lowest of the leader's end and `ends`, which are the
/// ends of every replica that has to be waited for. Never below `current`.
pub fn advanced(current: i64, leader_end: i64, ends: impl Iterator<Item = i64>) -> i64 {
    ends.fold(leader_end, i64::min).max(current)
}

/// A follower's high watermark once its leader said `told`: it never passes the follower's own end and goes back only when the log is cut.
pub fn followed(current: i64, told: i64, log_end: i64) -> i64 {
    current.max(told).min(log_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn min_isr_never_exceeds_the_replicas() {
        assert_eq!(effective_min_isr(3, 2), 2);
        assert_eq!(effective_min_isr(2, 3), 2);
        assert_eq!(effective_min_isr(1, 0), 1);
    }

    #[test]
    fn the_slowest_replica_decides_and_nothing_goes_back() {
        assert_eq!(advanced(4, 10, [7, 9].into_iter()), 7);
        assert_eq!(advanced(8, 10, [7, 9].into_iter()), 8);
        assert_eq!(advanced(8, 10, std::iter::empty()), 10);
        assert_eq!(advanced(0, 10, [-1].into_iter()), 0);
    }

    #[test]
    fn a_follower_knows_no_more_committed_than_it_has() {
        assert_eq!(followed(3, 9, 5), 5);
        assert_eq!(followed(3, 2, 5), 3);
        assert_eq!(followed(9, 9, 5), 5);
    }
}
