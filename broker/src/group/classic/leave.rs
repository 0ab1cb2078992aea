//! Heartbeats, commits and leaving (rules 61, 62, 64): who may speak for the group, and how members
//! go.

use crate::wire::error_code::ErrorCode;

use super::member::Member;
use super::{Effects, Group, State, join, sync};

/// Who commits offsets, as it says itself.
#[derive(Debug, Clone, Copy)]
pub struct Committer<'a> {
    /// Its member id; empty outside of the group's protocol.
    pub member_id: &'a str,
    /// Its instance id, if it is static.
    pub instance_id: Option<&'a str>,
    /// The generation it knows; negative outside of the group's protocol.
    pub generation: i32,
}

impl Group {
    /// A member says that it lives.
    pub fn heartbeat(
        &mut self,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
        now_ms: i64,
    ) -> Result<(), ErrorCode> {
        self.known(member_id, instance_id)?;
        if generation != self.generation {
            return Err(ErrorCode::ILLEGAL_GENERATION);
        }
        self.touch(member_id, now_ms);
        match self.state {
            State::Empty => Err(ErrorCode::UNKNOWN_MEMBER_ID),
            State::PreparingRebalance => Err(ErrorCode::REBALANCE_IN_PROGRESS),
            State::CompletingRebalance | State::Stable => Ok(()),
        }
    }

    /// Whether these offsets may be committed; a member's session begins anew (rule 64).
    pub fn may_commit(&mut self, from: Committer<'_>, now_ms: i64) -> Result<(), ErrorCode> {
        if from.generation < 0 && self.state == State::Empty {
            return Ok(());
        }
        let is_member =
            from.generation >= 0 || !from.member_id.is_empty() || from.instance_id.is_some();
        if !is_member {
            return match self.state {
                State::Empty => Ok(()),
                _ => Err(ErrorCode::UNKNOWN_MEMBER_ID),
            };
        }
        self.known(from.member_id, from.instance_id)?;
        if from.generation != self.generation {
            return Err(ErrorCode::ILLEGAL_GENERATION);
        }
        if self.state == State::CompletingRebalance {
            return Err(ErrorCode::REBALANCE_IN_PROGRESS);
        }
        self.touch(from.member_id, now_ms);
        Ok(())
    }

    /// A member leaves: by its id, or a static one by its instance id alone (KIP-345).
    pub fn leave(
        &mut self,
        member_id: &str,
        instance_id: Option<&str>,
        now_ms: i64,
        fx: &mut Effects,
    ) -> Result<(), ErrorCode> {
        if self.pending.remove(member_id).is_some() {
            self.try_complete(now_ms, fx);
            return Ok(());
        }
        let id = match instance_id {
            Some(instance) if member_id.is_empty() => {
                let current = self.instances.get(instance);
                current.ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?.clone()
            }
            _ => {
                self.known(member_id, instance_id)?;
                member_id.to_owned()
            }
        };
        self.remove(&id, fx);
        self.rebalance_members(now_ms, fx);
        Ok(())
    }

    /// Takes a member out, whatever that leads to.
    pub(super) fn remove(&mut self, id: &str, fx: &mut Effects) {
        let Some(mut member) = self.members.remove(id) else {
            return;
        };
        self.dismiss(&mut member, ErrorCode::UNKNOWN_MEMBER_ID, fx);
        if let Some(instance) = &member.instance_id {
            self.instances.remove(instance);
        }
        if self.leader.as_deref() == Some(id) {
            self.leader = self.members.keys().next().cloned();
        }
        if let Some(phase) = &mut self.sync_phase {
            phase.waiting.remove(id);
        }
    }

    /// Answers whatever a member that is out waits for.
    #[expect(clippy::unused_self, reason = "reads as what the group does")]
    pub(super) fn dismiss(&self, member: &mut Member, code: ErrorCode, fx: &mut Effects) {
        if let Some(ticket) = member.awaiting_join.take() {
            fx.answers.push(join::refusal(ticket, &member.id, code));
        }
        if let Some(ticket) = member.awaiting_sync.take() {
            fx.answers.push(sync::refusal(ticket, code));
        }
    }
}
