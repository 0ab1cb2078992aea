//! What time alone does to a group: sessions end, waits end. Called with the time; costs nothing
//! before [`Group::next_deadline`].

use super::{Effects, Group, State};

impl Group {
    /// Does all that is due by now and finds the next deadline.
    pub fn expire(&mut self, now_ms: i64, fx: &mut Effects) {
        if now_ms < self.wake_ms {
            return;
        }
        self.expire_pending(now_ms, fx);
        self.expire_members(now_ms, fx);
        self.expire_sync_phase(now_ms, fx);
        if self
            .join_phase
            .is_some_and(|phase| phase.deadline_ms() <= now_ms)
        {
            self.join_phase_due(now_ms, fx);
        }
        self.wake_ms = self.earliest();
    }

    fn earliest(&self) -> i64 {
        let sessions = self.members.values().map(|member| member.deadline_ms);
        sessions
            .chain(self.pending.values().copied())
            .chain(
                self.join_phase
                    .map(super::rebalance::JoinPhase::deadline_ms),
            )
            .chain(self.sync_phase.as_ref().map(|phase| phase.deadline_ms))
            .min()
            .unwrap_or(i64::MAX)
    }

    fn expire_pending(&mut self, now_ms: i64, fx: &mut Effects) {
        let before = self.pending.len();
        self.pending.retain(|_, deadline| *deadline > now_ms);
        if self.pending.len() < before {
            self.try_complete(now_ms, fx);
        }
    }

    fn expire_members(&mut self, now_ms: i64, fx: &mut Effects) {
        let mut silent = Vec::new();
        for member in self.members.values_mut() {
            if member.deadline_ms > now_ms {
                continue;
            }
            if member.may_expire() {
                silent.push(member.id.clone());
            } else {
                member.touch(now_ms);
            }
        }
        if silent.is_empty() {
            return;
        }
        for id in &silent {
            log::info!("group {}: member {id} was silent for too long", self.id);
            self.remove(id, fx);
        }
        self.rebalance_members(now_ms, fx);
    }

    /// Expels who joined a generation and never asked for its assignment.
    fn expire_sync_phase(&mut self, now_ms: i64, fx: &mut Effects) {
        let Some(phase) = &mut self.sync_phase else {
            return;
        };
        if phase.deadline_ms > now_ms {
            return;
        }
        if phase.waiting.is_empty() || self.state == State::PreparingRebalance {
            phase.deadline_ms = i64::MAX;
            return;
        }
        for id in std::mem::take(&mut phase.waiting) {
            log::info!(
                "group {}: member {id} never asked for its assignment",
                self.id
            );
            self.remove(&id, fx);
        }
        self.rebalance_members(now_ms, fx);
    }
}
