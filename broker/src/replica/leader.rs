//! A leader's decisions: how far each follower is, what is committed, who is in sync. Pure: the
//! log's end, the time and the brokers' liveness come in; nothing is read or sent here.

use std::collections::BTreeMap;

use super::isr::{Agreed, Isr, Next, Proposal};
use super::progress::NEVER;
pub use super::progress::{Eligible, Fetched, Progress};
use super::watermark;
use crate::meta::record::PartitionState;
use crate::wire::error_code::ErrorCode;

/// What a leader goes by besides the metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// This broker.
    pub me: i32,
    /// `min.insync.replicas` of the topic.
    pub min_insync_replicas: u32,
    /// `replica.lag.time.max.ms`.
    pub max_lag_ms: i64,
}

/// What one event changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// The high watermark went up.
    pub high_watermark: bool,
    /// A change of the ISR waits to be sent.
    pub proposal: bool,
    /// A follower's log start went up.
    pub low_watermark: bool,
}

/// One led partition in one leader epoch.
#[derive(Debug, Clone)]
pub struct Leader {
    rules: Rules,
    epoch: i32,
    epoch_start: i64,
    replicas: usize,
    isr: Isr,
    followers: BTreeMap<i32, Progress>,
    log_end: i64,
    high_watermark: i64,
}

impl Leader {
    /// Begins to lead as `state` says, with a log that ends at `log_end`. In-sync followers get the
    /// whole lag time to show themselves.
    pub fn new(
        rules: Rules,
        state: &PartitionState,
        log_end: i64,
        high_watermark: i64,
        now_ms: i64,
    ) -> Self {
        let mut isr = Isr::new(state.isr.clone(), state.partition_epoch);
        if state.recovering {
            isr.propose(state.isr.iter().map(|id| (*id, -1)).collect());
        }
        let mut leader = Self {
            rules,
            epoch: state.leader_epoch,
            epoch_start: log_end,
            replicas: state.replicas.len(),
            isr,
            followers: BTreeMap::new(),
            log_end,
            high_watermark,
        };
        leader.assign(state, now_ms);
        leader
    }

    fn assign(&mut self, state: &PartitionState, now_ms: i64) {
        self.replicas = state.replicas.len();
        self.followers.retain(|id, _| state.replicas.contains(id));
        for id in state.replicas.iter().filter(|id| **id != self.rules.me) {
            let caught_up_ms = if state.isr.contains(id) {
                now_ms
            } else {
                NEVER
            };
            self.followers
                .entry(*id)
                .or_insert_with(|| Progress::new(caught_up_ms));
        }
    }

    /// Takes in newer metadata of the same leader epoch; gives whether the watermark moved.
    pub fn follow(
        &mut self,
        state: &PartitionState,
        eligible: &dyn Eligible,
        now_ms: i64,
    ) -> Moved {
        if self.isr.follow(&state.isr, state.partition_epoch) {
            self.assign(state, now_ms);
        }
        self.advance(eligible, now_ms)
    }

    /// Takes new settings into use.
    pub fn rule(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// The leader epoch.
    pub fn epoch(&self) -> i32 {
        self.epoch
    }

    /// Everything below is committed.
    pub fn high_watermark(&self) -> i64 {
        self.high_watermark
    }

    /// The in-sync replicas.
    pub fn isr(&self) -> &Isr {
        &self.isr
    }

    /// How far each follower is.
    pub fn followers(&self) -> &BTreeMap<i32, Progress> {
        &self.followers
    }

    fn min_isr(&self) -> usize {
        watermark::effective_min_isr(self.rules.min_insync_replicas, self.replicas)
    }

    /// Whether the agreed ISR is too small for `acks=all` (rule 18).
    pub fn is_under_min_isr(&self) -> bool {
        self.isr.members().len() < self.min_isr()
    }

    /// Whether fewer replicas are in sync than are assigned.
    pub fn is_under_replicated(&self) -> bool {
        self.isr.members().len() < self.replicas
    }

    /// What an `acks=all` write up to `end` is told: nothing yet, or its result (rules 18, 19).
    pub fn acknowledged(&self, end: i64) -> Option<ErrorCode> {
        if self.high_watermark < end {
            return None;
        }
        Some(if self.isr.maximal_len() < self.min_isr() {
            ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND
        } else {
            ErrorCode::NONE
        })
    }

    /// The end that a client may be told, or `OFFSET_NOT_AVAILABLE` while a new leader does not yet
    /// know all that was committed before it (KIP-207, rule 30).
    pub fn latest(&self, last_fetchable: i64) -> Result<i64, ErrorCode> {
        if self.epoch_start > last_fetchable {
            return Err(ErrorCode::OFFSET_NOT_AVAILABLE);
        }
        Ok(last_fetchable)
    }

    /// Notes the log's end after an append.
    pub fn appended(&mut self, log_end: i64, eligible: &dyn Eligible, now_ms: i64) -> Moved {
        self.log_end = log_end;
        self.advance(eligible, now_ms)
    }

    /// Notes a follower's fetch: its progress, whether it joins the ISR, what is committed now. Not to
    /// be called when the fetch is answered with a diverging epoch (rule 24).
    pub fn fetched(
        &mut self,
        fetched: &Fetched,
        eligible: &dyn Eligible,
        now_ms: i64,
    ) -> Result<Moved, ErrorCode> {
        let Some(progress) = self.followers.get_mut(&fetched.replica) else {
            return Err(ErrorCode::UNKNOWN_LEADER_EPOCH);
        };
        if fetched.broker_epoch >= 0 && fetched.broker_epoch < progress.broker_epoch {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        }
        let before = *progress;
        progress.note(fetched, now_ms);
        let after = *progress;
        let proposal = self.expand(fetched.replica, &after, eligible);
        let mut moved = Moved::default();
        if before.log_end != after.log_end {
            moved = self.advance(eligible, now_ms);
        }
        moved.proposal = proposal;
        moved.low_watermark = before.log_start != after.log_start;
        Ok(moved)
    }

    /// Rule 25: joins at the high watermark and past the start of this leader's epoch.
    fn expand(&mut self, replica: i32, progress: &Progress, eligible: &dyn Eligible) -> bool {
        let ready = !self.isr.is_changing()
            && !self.isr.members().contains(&replica)
            && progress.log_end >= self.high_watermark
            && progress.log_end >= self.epoch_start
            && progress.is_current(replica, eligible);
        if ready {
            let mut members = self.stamped(|_| true);
            members.push((replica, progress.broker_epoch));
            self.isr.propose(members);
        }
        ready
    }

    /// Proposes an ISR without the followers that have lagged too long (rule 25).
    pub fn shrink(&mut self, now_ms: i64) -> Moved {
        if self.isr.is_changing() {
            return Moved::default();
        }
        let in_sync = |id: i32| {
            id == self.rules.me
                || self.followers.get(&id).is_some_and(|progress| {
                    progress.is_caught_up(self.log_end, now_ms, self.rules.max_lag_ms)
                })
        };
        let members = self.stamped(in_sync);
        if members.len() == self.isr.members().len() {
            return Moved::default();
        }
        self.isr.propose(members);
        Moved {
            proposal: true,
            ..Moved::default()
        }
    }

    /// The ISR's members that pass, each with its broker epoch as it fetched.
    fn stamped(&self, keep: impl Fn(i32) -> bool) -> Vec<(i32, i64)> {
        let epoch = |id: i32| self.followers.get(&id).map_or(-1, |one| one.broker_epoch);
        let kept = self.isr.members().iter().filter(|id| keep(**id));
        kept.map(|id| (*id, epoch(*id))).collect()
    }

    /// The change to send to the controller now, if there is one.
    pub fn take_proposal(&mut self) -> Option<Proposal> {
        self.isr.take_proposal(self.epoch)
    }

    /// Takes in the controller's answer to a proposal.
    pub fn answered(
        &mut self,
        sent: &Proposal,
        answer: Result<&Agreed, ErrorCode>,
        eligible: &dyn Eligible,
        now_ms: i64,
    ) -> (Next, Moved) {
        let next = self.isr.answered(self.epoch, sent, answer);
        (next, self.advance(eligible, now_ms))
    }

    /// Rule 23. Not advanced below min ISR (KIP-966). Caught-up replicas that are about to join are
    /// waited for, so that they do not fall behind while the controller is asked.
    fn advance(&mut self, eligible: &dyn Eligible, now_ms: i64) -> Moved {
        if self.is_under_min_isr() || self.high_watermark >= self.log_end {
            return Moved::default();
        }
        let waited_for = self.followers.iter().filter(|(id, progress)| {
            self.isr.may_hold(**id)
                || (progress.is_caught_up(self.log_end, now_ms, self.rules.max_lag_ms)
                    && progress.is_current(**id, eligible))
        });
        let ends = waited_for.map(|(_, progress)| progress.log_end);
        let before = self.high_watermark;
        self.high_watermark = watermark::advanced(before, self.log_end, ends);
        Moved {
            high_watermark: self.high_watermark > before,
            ..Moved::default()
        }
    }

    /// The lowest log start of this replica and of every live follower: what `DeleteRecords` waits for
    /// (rule 72).
    pub fn low_watermark(&self, log_start: i64, is_alive: impl Fn(i32) -> bool) -> i64 {
        let alive = self.followers.iter().filter(|(id, _)| is_alive(**id));
        alive
            .map(|(_, progress)| progress.log_start)
            .fold(log_start, i64::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Broker epochs are ten times the id; brokers from 10 on are not eligible.
    struct Live;

    impl Eligible for Live {
        fn epoch_if_eligible(&self, broker: i32) -> Option<i64> {
            (broker < 10).then(|| i64::from(broker) * 10)
        }
    }

    const RULES: Rules = Rules {
        me: 1,
        min_insync_replicas: 2,
        max_lag_ms: 30_000,
    };

    fn state(replicas: &[i32], isr: &[i32], partition_epoch: i32) -> PartitionState {
        PartitionState {
            replicas: replicas.to_vec(),
            directories: Vec::new(),
            isr: isr.to_vec(),
            adding: Vec::new(),
            removing: Vec::new(),
            elr: Vec::new(),
            last_known_elr: Vec::new(),
            leader: 1,
            leader_epoch: 5,
            partition_epoch,
            recovering: false,
        }
    }

    fn leader(isr: &[i32], log_end: i64, high_watermark: i64) -> Leader {
        Leader::new(
            RULES,
            &state(&[1, 2, 3], isr, 7),
            log_end,
            high_watermark,
            1000,
        )
    }

    fn fetch(leader: &mut Leader, replica: i32, offset: i64, now_ms: i64) -> Moved {
        let fetched = Fetched {
            replica,
            broker_epoch: i64::from(replica) * 10,
            offset,
            log_start: 0,
            leader_end: leader.log_end,
        };
        leader.fetched(&fetched, &Live, now_ms).unwrap()
    }

    fn agree(leader: &mut Leader) -> Next {
        let sent = leader.take_proposal().unwrap();
        let agreed = Agreed {
            leader_epoch: 5,
            partition_epoch: sent.partition_epoch + 1,
            isr: sent.isr.iter().map(|(id, _)| *id).collect(),
        };
        leader.answered(&sent, Ok(&agreed), &Live, 1000).0
    }

    #[test]
    fn a_record_is_committed_once_every_isr_member_has_it() {
        let mut leader = leader(&[1, 2, 3], 0, 0);
        leader.appended(10, &Live, 1000);
        assert!(!fetch(&mut leader, 2, 10, 1001).high_watermark);
        assert!(fetch(&mut leader, 3, 6, 1001).high_watermark);
        assert_eq!(leader.high_watermark(), 6);
        assert_eq!(leader.acknowledged(7), None);
        assert_eq!(leader.acknowledged(6), Some(ErrorCode::NONE));
    }

    #[test]
    fn below_min_isr_nothing_more_is_committed() {
        let mut leader = leader(&[1], 0, 0);
        assert!(leader.is_under_min_isr());
        assert!(!leader.appended(10, &Live, 40_000).high_watermark);
        assert_eq!(leader.high_watermark(), 0);
    }

    #[test]
    fn a_leader_alone_commits_by_itself() {
        let state = state(&[1], &[1], 0);
        let mut leader = Leader::new(RULES, &state, 0, 0, 0);
        assert!(leader.appended(3, &Live, 0).high_watermark);
        assert_eq!(leader.high_watermark(), 3);
    }

    #[test]
    fn a_replica_about_to_join_is_waited_for() {
        let mut leader = leader(&[1, 2], 10, 10);
        fetch(&mut leader, 2, 10, 1000);
        assert!(fetch(&mut leader, 3, 10, 1000).proposal);
        leader.appended(20, &Live, 1001);
        fetch(&mut leader, 2, 20, 1002);
        assert_eq!(leader.high_watermark(), 10);
        assert_eq!(agree(&mut leader), Next::Settled);
        fetch(&mut leader, 3, 20, 1003);
        assert_eq!(leader.high_watermark(), 20);
    }

    #[test]
    fn joining_takes_the_high_watermark_and_the_start_of_the_epoch() {
        let mut leader = leader(&[1, 2], 10, 4);
        assert!(!fetch(&mut leader, 3, 9, 1000).proposal);
        assert!(fetch(&mut leader, 3, 10, 1000).proposal);
    }

    #[test]
    fn a_broker_of_an_earlier_registration_does_not_join() {
        let mut leader = leader(&[1, 2], 0, 0);
        let mut fetched = Fetched {
            replica: 3,
            broker_epoch: 29,
            offset: 0,
            log_start: 0,
            leader_end: 0,
        };
        assert!(!leader.fetched(&fetched, &Live, 1000).unwrap().proposal);
        fetched.broker_epoch = 30;
        assert!(leader.fetched(&fetched, &Live, 1000).unwrap().proposal);
        fetched.broker_epoch = 29;
        assert_eq!(
            leader.fetched(&fetched, &Live, 1000),
            Err(ErrorCode::NOT_LEADER_OR_FOLLOWER)
        );
        fetched.replica = 8;
        assert_eq!(
            leader.fetched(&fetched, &Live, 1000),
            Err(ErrorCode::UNKNOWN_LEADER_EPOCH)
        );
    }

    #[test]
    fn reaching_what_the_leader_had_at_the_previous_fetch_counts_as_caught_up_then() {
        let mut leader = leader(&[1, 2, 3], 10, 10);
        fetch(&mut leader, 2, 5, 2000);
        leader.appended(20, &Live, 2500);
        fetch(&mut leader, 2, 10, 3000);
        assert_eq!(leader.followers()[&2].last_caught_up_ms, 2000);
    }

    #[test]
    fn a_follower_that_lags_too_long_leaves_and_then_commits_go_on() {
        let mut leader = leader(&[1, 2, 3], 10, 10);
        leader.appended(20, &Live, 1000);
        fetch(&mut leader, 2, 20, 32_000);
        fetch(&mut leader, 3, 12, 32_000);
        assert!(!leader.shrink(31_000).proposal);
        assert!(leader.shrink(32_001).proposal);
        assert!(!leader.shrink(32_002).proposal);
        assert_eq!(leader.high_watermark(), 12);
        let sent = leader.take_proposal().unwrap();
        assert_eq!(sent.isr, [(1, -1), (2, 20)]);
        let isr = vec![1, 2];
        let agreed = Agreed {
            leader_epoch: 5,
            partition_epoch: 8,
            isr,
        };
        let (_, moved) = leader.answered(&sent, Ok(&agreed), &Live, 40_000);
        assert_eq!((moved.high_watermark, leader.high_watermark()), (true, 20));
    }

    #[test]
    fn a_follower_at_the_end_stays_however_long_it_is_silent() {
        let mut leader = leader(&[1, 2], 10, 10);
        fetch(&mut leader, 2, 10, 1000);
        assert!(!leader.shrink(1_000_000).proposal);
    }

    #[test]
    fn the_latest_offset_is_not_known_before_the_epoch_is_committed() {
        let mut leader = leader(&[1, 2], 10, 4);
        assert_eq!(leader.latest(4), Err(ErrorCode::OFFSET_NOT_AVAILABLE));
        fetch(&mut leader, 2, 10, 1000);
        assert_eq!(leader.latest(leader.high_watermark()), Ok(10));
    }

    #[test]
    fn an_acknowledged_write_says_if_too_few_are_left_in_sync() {
        let mut leader = leader(&[1, 2], 0, 0);
        leader.appended(5, &Live, 0);
        fetch(&mut leader, 2, 5, 0);
        leader.follow(&state(&[1, 2, 3], &[1], 8), &Live, 0);
        assert_eq!(
            leader.acknowledged(5),
            Some(ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND)
        );
    }

    #[test]
    fn a_recovering_leader_reports_at_once() {
        let mut unclean = state(&[1, 2, 3], &[1], 7);
        unclean.recovering = true;
        let mut leader = Leader::new(RULES, &unclean, 0, 0, 0);
        assert_eq!(leader.take_proposal().unwrap().isr, [(1, -1)]);
    }

    #[test]
    fn deleting_waits_for_the_slowest_live_follower() {
        let mut leader = leader(&[1, 2, 3], 0, 0);
        fetch(&mut leader, 2, 0, 0);
        assert_eq!(leader.low_watermark(8, |id| id == 2), 0);
        assert_eq!(leader.low_watermark(8, |_| true), -1);
        assert_eq!(leader.low_watermark(8, |_| false), 8);
    }
}
