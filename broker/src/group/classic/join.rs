//! JoinGroup (rules 58, 62, 63): who may enter, and what entering leads to. The rebalance itself is
//! in `rebalance`.

use bytes::Bytes;

use crate::wire::error_code::ErrorCode;
use crate::wire::messages::join_group::{JoinGroupRequest, JoinGroupResponse};

use super::member::Member;
use super::rebalance::JoinPhase;
use super::{Answer, Effects, Group, Limits, Purpose, State, Ticket};

/// First version whose dynamic members must come back with the id they are given (KIP-394).
const MEMBER_ID_VERSION: i16 = 4;
/// First version that can be told to skip the assignment (KIP-814).
const SKIP_VERSION: i16 = 9;

/// A JoinGroup and who sends it.
#[derive(Debug, Clone)]
pub struct Joining {
    /// What is asked.
    pub request: JoinGroupRequest,
    /// Version of the request.
    pub version: i16,
    /// The header's client id, empty where there is none.
    pub client_id: String,
    /// The client's address.
    pub client_host: String,
    /// Never used before: the second half of a new member's id.
    pub fresh_id: String,
    /// Who waits for the answer.
    pub ticket: Ticket,
}

impl Joining {
    /// The answer that refuses it.
    pub fn refusal(&self, code: ErrorCode) -> (Ticket, Answer) {
        refusal(self.ticket, &self.request.member_id, code)
    }

    fn new_member_id(&self) -> String {
        let name = self.request.group_instance_id.as_ref();
        format!("{}-{}", name.unwrap_or(&self.client_id), self.fresh_id)
    }

    fn rebalance_timeout_ms(&self) -> i32 {
        match self.version {
            0 => self.request.session_timeout_ms,
            _ => self.request.rebalance_timeout_ms,
        }
    }

    fn member(&self, id: String) -> Member {
        Member {
            id,
            instance_id: self.request.group_instance_id.clone(),
            client_id: self.client_id.clone(),
            client_host: self.client_host.clone(),
            session_timeout_ms: self.request.session_timeout_ms,
            rebalance_timeout_ms: self.rebalance_timeout_ms(),
            protocols: self.request.protocols.clone(),
            assignment: Bytes::new(),
            awaiting_join: Some(self.ticket),
            awaiting_sync: None,
            is_new: true,
            deadline_ms: 0,
        }
    }
}

/// The answer that refuses a JoinGroup.
pub(super) fn refusal(ticket: Ticket, member_id: &str, code: ErrorCode) -> (Ticket, Answer) {
    let answer = JoinGroupResponse {
        error_code: code,
        member_id: member_id.to_owned(),
        ..JoinGroupResponse::default()
    };
    (ticket, Answer::Joined(answer))
}

/// A static member's new id, to be told to it once it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Replacement {
    /// As it was before.
    old: Member,
    new_id: String,
    leader_before: Option<String>,
    ticket: Ticket,
    generation: i32,
    can_skip: bool,
}

impl Group {
    /// A member wants to enter the group or its next generation.
    pub fn join(&mut self, joining: &Joining, limits: &Limits, now_ms: i64, fx: &mut Effects) {
        let asked = &joining.request;
        if let Err(code) = self.admit(joining, limits) {
            self.pending.remove(&asked.member_id);
            fx.answers.push(joining.refusal(code));
        } else if asked.member_id.is_empty() {
            self.join_unknown(joining, limits, now_ms, fx);
        } else if self.pending.contains_key(&asked.member_id) {
            self.join_pending(joining, limits, now_ms, fx);
        } else {
            self.join_known(joining, limits, now_ms, fx);
        }
        self.try_complete(now_ms, fx);
    }

    fn admit(&self, joining: &Joining, limits: &Limits) -> Result<(), ErrorCode> {
        let asked = &joining.request;
        let allowed = limits.min_session_timeout_ms..=limits.max_session_timeout_ms;
        if !allowed.contains(&asked.session_timeout_ms) {
            return Err(ErrorCode::INVALID_SESSION_TIMEOUT);
        }
        if self.is_full_for(&asked.member_id, limits.max_size) {
            return Err(ErrorCode::GROUP_MAX_SIZE_REACHED);
        }
        if !self.can_speak(joining) {
            return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
        }
        Ok(())
    }

    fn is_full_for(&self, member_id: &str, max_size: usize) -> bool {
        let member = self.members.get(member_id);
        match self.state {
            State::Empty => false,
            State::PreparingRebalance => {
                member.is_none_or(|m| m.awaiting_join.is_none()) && self.awaiting_join() >= max_size
            }
            State::CompletingRebalance | State::Stable => {
                member.is_none() && self.members.len() >= max_size
            }
        }
    }

    /// Whether all members and this one can agree on a protocol.
    fn can_speak(&self, joining: &Joining) -> bool {
        let asked = &joining.request;
        if self.state == State::Empty {
            return !asked.protocol_type.is_empty() && !asked.protocols.is_empty();
        }
        self.protocol_type() == Some(&asked.protocol_type)
            && asked
                .protocols
                .iter()
                .any(|protocol| self.members.values().all(|m| m.supports(&protocol.name)))
    }

    fn join_unknown(&mut self, joining: &Joining, limits: &Limits, now_ms: i64, fx: &mut Effects) {
        let new_id = joining.new_member_id();
        let instance = joining.request.group_instance_id.as_ref();
        if let Some(old_id) = instance.and_then(|instance| self.instances.get(instance)) {
            let old_id = old_id.clone();
            self.replace_static(&old_id, &new_id, joining, (now_ms, limits), fx);
        } else if instance.is_none() && joining.version >= MEMBER_ID_VERSION {
            let deadline = now_ms.saturating_add(i64::from(joining.request.session_timeout_ms));
            self.pending.insert(new_id.clone(), deadline);
            self.wake_by(deadline);
            fx.answers.push(refusal(
                joining.ticket,
                &new_id,
                ErrorCode::MEMBER_ID_REQUIRED,
            ));
        } else {
            self.add(joining.member(new_id), joining, now_ms);
            self.rebalance(limits, now_ms, fx);
        }
    }

    fn join_pending(&mut self, joining: &Joining, limits: &Limits, now_ms: i64, fx: &mut Effects) {
        let id = joining.request.member_id.clone();
        if joining.request.group_instance_id.is_some() {
            // Ids are only ever held for dynamic members.
            fx.answers
                .push(joining.refusal(ErrorCode::UNKNOWN_MEMBER_ID));
            return;
        }
        self.pending.remove(&id);
        self.add(joining.member(id), joining, now_ms);
        self.rebalance(limits, now_ms, fx);
    }

    fn join_known(&mut self, joining: &Joining, limits: &Limits, now_ms: i64, fx: &mut Effects) {
        let asked = &joining.request;
        let id = asked.member_id.clone();
        if let Err(code) = self.known(&id, asked.group_instance_id.as_deref()) {
            fx.answers.push(joining.refusal(code));
            return;
        }
        let unchanged = self
            .members
            .get(&id)
            .is_some_and(|member| member.protocols == asked.protocols);
        let leads = self.leader.as_ref() == Some(&id);
        let again = match self.state {
            State::Empty => {
                fx.answers
                    .push(joining.refusal(ErrorCode::UNKNOWN_MEMBER_ID));
                return;
            }
            State::PreparingRebalance => true,
            // Its answer was lost: it gets the same one once more.
            State::CompletingRebalance => !unchanged,
            State::Stable => leads || !unchanged,
        };
        if again {
            self.update(&id, joining, now_ms, fx);
            self.rebalance(limits, now_ms, fx);
        } else {
            let with_members = self.state == State::CompletingRebalance;
            self.touch(&id, now_ms);
            let answer = self.joined(&id, with_members && leads);
            fx.answers.push((joining.ticket, Answer::Joined(answer)));
        }
    }

    fn add(&mut self, mut member: Member, joining: &Joining, now_ms: i64) {
        if let Some(JoinPhase::Initial { newcomers, .. }) = &mut self.join_phase {
            *newcomers = true;
        }
        if self.members.is_empty() {
            self.protocol_type = Some(joining.request.protocol_type.clone());
        }
        if let Some(instance) = &member.instance_id {
            self.instances.insert(instance.clone(), member.id.clone());
        }
        self.leader.get_or_insert_with(|| member.id.clone());
        let deadline = member.touch(now_ms);
        self.wake_by(deadline);
        self.members.insert(member.id.clone(), member);
    }

    fn update(&mut self, id: &str, joining: &Joining, now_ms: i64, fx: &mut Effects) {
        let Some(member) = self.members.get_mut(id) else {
            return;
        };
        member.protocols.clone_from(&joining.request.protocols);
        member.session_timeout_ms = joining.request.session_timeout_ms;
        member.rebalance_timeout_ms = joining.rebalance_timeout_ms();
        if let Some(earlier) = member.awaiting_join.replace(joining.ticket) {
            let code = ErrorCode::REBALANCE_IN_PROGRESS;
            fx.answers.push(refusal(earlier, id, code));
        }
        self.touch(id, now_ms);
    }

    /// A static member came back under a new id: the old one is fenced (rule 63).
    fn replace_static(
        &mut self,
        old_id: &str,
        new_id: &str,
        joining: &Joining,
        (now_ms, limits): (i64, &Limits),
        fx: &mut Effects,
    ) {
        let Some(mut member) = self.members.remove(old_id) else {
            return;
        };
        let code = ErrorCode::FENCED_INSTANCE_ID;
        self.dismiss(&mut member, code, fx);
        let replacement = Replacement {
            old: member.clone(),
            new_id: new_id.to_owned(),
            leader_before: self.leader.clone(),
            ticket: joining.ticket,
            generation: self.generation,
            can_skip: joining.version >= SKIP_VERSION,
        };
        new_id.clone_into(&mut member.id);
        self.rename(old_id, member);
        self.update(new_id, joining, now_ms, fx);
        match self.state {
            State::Stable if self.protocol == self.choose_protocol() => {
                let purpose = Purpose::Replaced(Box::new(replacement));
                fx.writes.push((purpose, self.current_value()));
            }
            State::Stable | State::CompletingRebalance => self.rebalance(limits, now_ms, fx),
            State::PreparingRebalance | State::Empty => {}
        }
    }

    /// Puts a member back in under its new id.
    fn rename(&mut self, from: &str, member: Member) {
        let to = member.id.clone();
        if let Some(instance) = &member.instance_id {
            self.instances.insert(instance.clone(), to.clone());
        }
        if self.leader.as_deref() == Some(from) {
            self.leader = Some(to.clone());
        }
        if let Some(phase) = &mut self.sync_phase
            && phase.waiting.remove(from)
        {
            phase.waiting.insert(to.clone());
        }
        self.members.insert(to, member);
    }

    /// The new id of a static member is written, or is not.
    pub(super) fn replaced(
        &mut self,
        replacement: Replacement,
        written: Result<(), ErrorCode>,
        now_ms: i64,
        fx: &mut Effects,
    ) {
        let still_waits = self
            .members
            .get_mut(&replacement.new_id)
            .filter(|member| member.awaiting_join == Some(replacement.ticket));
        // Where a rebalance began meanwhile, its end answers the member.
        let (State::Stable, Some(member)) = (self.state, still_waits) else {
            return;
        };
        member.awaiting_join = None;
        self.touch(&replacement.new_id, now_ms);
        match written {
            Ok(()) => {
                let answer = self.replaced_answer(&replacement);
                fx.answers
                    .push((replacement.ticket, Answer::Joined(answer)));
            }
            Err(code) => {
                fx.answers.push(refusal(replacement.ticket, "", code));
                self.members.remove(&replacement.new_id);
                let old_id = replacement.old.id.clone();
                self.rename(&replacement.new_id, replacement.old);
                self.touch(&old_id, now_ms);
            }
        }
    }

    /// A leader that cannot skip the assignment is not told that it leads, so that it makes none.
    fn replaced_answer(&self, replacement: &Replacement) -> JoinGroupResponse {
        let leads = self.leader.as_ref() == Some(&replacement.new_id);
        if replacement.can_skip {
            return JoinGroupResponse {
                skip_assignment: leads,
                ..self.joined(&replacement.new_id, leads)
            };
        }
        JoinGroupResponse {
            leader: replacement.leader_before.clone().unwrap_or_default(),
            ..self.joined(&replacement.new_id, false)
        }
    }

    /// The current generation as a member is told of it.
    pub(super) fn joined(&self, member_id: &str, with_members: bool) -> JoinGroupResponse {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let members = self.members.values().map(|m| m.for_leader(protocol));
        JoinGroupResponse {
            generation_id: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol.clone(),
            leader: self.leader.clone().unwrap_or_default(),
            member_id: member_id.to_owned(),
            members: if with_members {
                members.collect()
            } else {
                Vec::new()
            },
            ..JoinGroupResponse::default()
        }
    }
}
