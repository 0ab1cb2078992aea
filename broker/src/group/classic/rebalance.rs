//! From the first who joins to the next generation (rule 59): how long members are waited for, who
//! leads, which protocol is spoken.

use std::collections::BTreeSet;

use crate::wire::error_code::ErrorCode;

use super::subscription::topics;
use super::sync::SyncPhase;
use super::{Answer, CONSUMER_PROTOCOL, Effects, Group, Limits, Purpose, State};

/// What ends the wait for members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JoinPhase {
    /// The group was empty: the first member waits for others, longer while they keep coming.
    Initial {
        /// When to look again.
        deadline_ms: i64,
        /// How long each wait is.
        delay_ms: i64,
        /// How much of the rebalance timeout is left after this wait.
        remaining_ms: i64,
        /// Whether a member came during this wait.
        newcomers: bool,
    },
    /// All members joining, or this time.
    Until {
        /// When members that have not joined are left behind.
        deadline_ms: i64,
    },
}

impl JoinPhase {
    pub(super) fn deadline_ms(self) -> i64 {
        match self {
            Self::Initial { deadline_ms, .. } | Self::Until { deadline_ms } => deadline_ms,
        }
    }
}

impl Group {
    /// Begins a rebalance unless one is being prepared.
    pub(super) fn rebalance(&mut self, limits: &Limits, now_ms: i64, fx: &mut Effects) {
        let delay_ms = i64::from(limits.initial_rebalance_delay_ms);
        let first = self.state == State::Empty && delay_ms > 0;
        if self.state == State::PreparingRebalance {
            return;
        }
        let whole_ms = self.rebalance_timeout_ms();
        self.prepare(now_ms, fx);
        if first {
            self.join_phase = Some(JoinPhase::Initial {
                deadline_ms: now_ms.saturating_add(delay_ms),
                delay_ms,
                remaining_ms: whole_ms.saturating_sub(delay_ms).max(0),
                newcomers: false,
            });
            self.wake_by(now_ms.saturating_add(delay_ms));
        }
        self.try_complete(now_ms, fx);
    }

    /// Begins a rebalance of a group that has, or had, members.
    pub(super) fn rebalance_members(&mut self, now_ms: i64, fx: &mut Effects) {
        match self.state {
            State::Stable | State::CompletingRebalance => self.prepare(now_ms, fx),
            State::PreparingRebalance | State::Empty => {}
        }
        self.try_complete(now_ms, fx);
    }

    fn prepare(&mut self, now_ms: i64, fx: &mut Effects) {
        if self.state == State::CompletingRebalance {
            self.refuse_syncs(ErrorCode::REBALANCE_IN_PROGRESS, fx);
        }
        self.sync_phase = None;
        self.enter(State::PreparingRebalance, now_ms);
        self.wait_for_members(now_ms);
    }

    fn wait_for_members(&mut self, now_ms: i64) {
        let deadline_ms = now_ms.saturating_add(self.rebalance_timeout_ms());
        self.join_phase = Some(JoinPhase::Until { deadline_ms });
        self.wake_by(deadline_ms);
    }

    /// How many members wait in JoinGroup.
    pub(super) fn awaiting_join(&self) -> usize {
        let waiting = self.members.values().filter(|m| m.awaiting_join.is_some());
        waiting.count()
    }

    /// Ends the rebalance if nobody is missing.
    pub(super) fn try_complete(&mut self, now_ms: i64, fx: &mut Effects) {
        if let Some(JoinPhase::Until { .. }) = self.join_phase
            && self.pending.is_empty()
            && self.awaiting_join() == self.members.len()
        {
            self.complete(now_ms, fx);
        }
    }

    /// The wait is over, or is prolonged: rule 58's initial delay.
    pub(super) fn join_phase_due(&mut self, now_ms: i64, fx: &mut Effects) {
        match self.join_phase {
            Some(JoinPhase::Initial {
                delay_ms,
                remaining_ms,
                newcomers: true,
                ..
            }) if remaining_ms > 0 => {
                let wait_ms = delay_ms.min(remaining_ms);
                self.join_phase = Some(JoinPhase::Initial {
                    deadline_ms: now_ms.saturating_add(wait_ms),
                    delay_ms,
                    remaining_ms: remaining_ms - wait_ms,
                    newcomers: false,
                });
            }
            Some(_) => self.complete(now_ms, fx),
            None => {}
        }
    }

    /// Leaves behind who did not join, static members excepted, and opens the next generation.
    fn complete(&mut self, now_ms: i64, fx: &mut Effects) {
        self.members
            .retain(|_, member| member.awaiting_join.is_some() || member.instance_id.is_some());
        if !self.elect_leader() && !self.members.is_empty() {
            // Only absent static members: they have another rebalance timeout to come back.
            self.wait_for_members(now_ms);
            return;
        }
        self.join_phase = None;
        self.generation = self.generation.checked_add(1).unwrap_or(1);
        if self.members.is_empty() {
            self.protocol = None;
            self.leader = None;
            self.enter(State::Empty, now_ms);
            self.count_topics();
            fx.writes.push((Purpose::Emptied, self.current_value()));
            return;
        }
        self.protocol = self.choose_protocol();
        self.enter(State::CompletingRebalance, now_ms);
        self.count_topics();
        self.announce(now_ms, fx);
        let deadline_ms = now_ms.saturating_add(self.rebalance_timeout_ms());
        self.wake_by(deadline_ms);
        self.sync_phase = Some(SyncPhase {
            deadline_ms,
            waiting: self.members.keys().cloned().collect(),
            writing: false,
        });
    }

    /// Answers everybody's JoinGroup; the leader alone hears of the others.
    fn announce(&mut self, now_ms: i64, fx: &mut Effects) {
        let ids: Vec<String> = self.members.keys().cloned().collect();
        for id in ids {
            let leads = self.leader.as_ref() == Some(&id);
            let Some(member) = self.members.get_mut(&id) else {
                continue;
            };
            member.is_new = false;
            if let Some(ticket) = member.awaiting_join.take() {
                self.touch(&id, now_ms);
                let answer = self.joined(&id, leads);
                fx.answers.push((ticket, Answer::Joined(answer)));
            }
        }
    }

    /// Keeps the leader if it has joined, else takes another who has. False if nobody has.
    fn elect_leader(&mut self) -> bool {
        let joined = |id: &&String| {
            let member = self.members.get(*id);
            member.is_some_and(|member| member.awaiting_join.is_some())
        };
        let next = self
            .leader
            .as_ref()
            .filter(joined)
            .or_else(|| self.members.keys().find(joined));
        match next.cloned() {
            Some(id) => {
                self.leader = Some(id);
                true
            }
            None => false,
        }
    }

    /// Of the protocols that all can do the one with the most votes: each member votes for the first
    /// of its own. The leader's order decides between equals.
    pub(super) fn choose_protocol(&self) -> Option<String> {
        let first = self
            .leader
            .as_ref()
            .and_then(|id| self.members.get(id))
            .or_else(|| self.members.values().next())?;
        let mut best: Option<(&str, usize)> = None;
        for protocol in &first.protocols {
            let name = protocol.name.as_str();
            if !self.members.values().all(|member| member.supports(name)) {
                continue;
            }
            let votes = self.votes(name);
            if best.is_none_or(|(_, most)| votes > most) {
                best = Some((name, votes));
            }
        }
        best.map(|(name, _)| name.to_owned())
    }

    fn votes(&self, protocol: &str) -> usize {
        let common = |name: &str| self.members.values().all(|member| member.supports(name));
        self.members
            .values()
            .filter(|member| {
                let vote = member.protocols.iter().find(|own| common(&own.name));
                vote.is_some_and(|own| own.name == protocol)
            })
            .count()
    }

    /// Reads which topics the members subscribe to, where they are consumers (rule 67).
    pub(super) fn count_topics(&mut self) {
        self.subscribed = match (self.protocol_type(), self.protocol.as_deref()) {
            (Some(_), _) if self.members.is_empty() => Some(BTreeSet::new()),
            (Some(CONSUMER_PROTOCOL), Some(protocol)) => self
                .members
                .values()
                .map(|member| topics(&member.metadata(protocol)))
                .collect::<Result<Vec<_>, _>>()
                .map(|lists| lists.into_iter().flatten().collect())
                .ok(),
            _ => None,
        };
    }
}
