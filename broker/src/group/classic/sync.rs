//! SyncGroup (rule 60): the leader's assignment is written first and handed out once it is
//! committed, so that no member works on an assignment that a failover forgets.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use crate::group::schema::GroupValue;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::sync_group::{SyncGroupRequest, SyncGroupResponse};

use super::{Answer, Effects, Group, Purpose, State, Ticket};

/// A generation whose members are to fetch their assignments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SyncPhase {
    /// When those who have not come are expelled.
    pub(super) deadline_ms: i64,
    /// Who has not come.
    pub(super) waiting: BTreeSet<String>,
    /// Whether the leader's assignment is being written.
    pub(super) writing: bool,
}

/// The answer that refuses a SyncGroup.
pub fn refusal(ticket: Ticket, code: ErrorCode) -> (Ticket, Answer) {
    let answer = SyncGroupResponse {
        error_code: code,
        ..SyncGroupResponse::default()
    };
    (ticket, Answer::Synced(answer))
}

impl Group {
    /// A member asks for its assignment; the leader brings everybody's.
    pub fn sync(
        &mut self,
        request: &SyncGroupRequest,
        ticket: Ticket,
        now_ms: i64,
        fx: &mut Effects,
    ) {
        if let Err(code) = self.may_sync(request) {
            fx.answers.push(refusal(ticket, code));
            return;
        }
        let id = &request.member_id;
        self.touch(id, now_ms);
        if let Some(phase) = &mut self.sync_phase {
            phase.waiting.remove(id);
        }
        if self.state == State::Stable {
            self.end_sync_phase();
            fx.answers.push((ticket, self.synced(id)));
            return;
        }
        if let Some(member) = self.members.get_mut(id)
            && let Some(earlier) = member.awaiting_sync.replace(ticket)
        {
            let code = ErrorCode::REBALANCE_IN_PROGRESS;
            fx.answers.push(refusal(earlier, code));
        }
        if self.leader.as_ref() == Some(id) {
            self.write_assignment(request, fx);
        }
    }

    fn may_sync(&self, request: &SyncGroupRequest) -> Result<(), ErrorCode> {
        self.known(&request.member_id, request.group_instance_id.as_deref())?;
        if request.generation_id != self.generation {
            return Err(ErrorCode::ILLEGAL_GENERATION);
        }
        let differs = |said: &Option<String>, is: &Option<String>| said.is_some() && said != is;
        if differs(&request.protocol_type, &self.protocol_type)
            || differs(&request.protocol_name, &self.protocol)
        {
            return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
        }
        match self.state {
            State::Empty => Err(ErrorCode::UNKNOWN_MEMBER_ID),
            State::PreparingRebalance => Err(ErrorCode::REBALANCE_IN_PROGRESS),
            State::CompletingRebalance | State::Stable => Ok(()),
        }
    }

    fn write_assignment(&mut self, request: &SyncGroupRequest, fx: &mut Effects) {
        let Some(phase) = self.sync_phase.as_mut().filter(|phase| !phase.writing) else {
            return;
        };
        phase.writing = true;
        let given = request.assignments.iter();
        let given: BTreeMap<String, Bytes> = given
            .map(|one| (one.member_id.clone(), one.assignment.clone()))
            .collect();
        let purpose = Purpose::Assignment {
            generation: self.generation,
        };
        fx.writes.push((purpose, self.value(&given)));
    }

    /// A record of this group is committed, or could not be written.
    pub fn settle(
        &mut self,
        purpose: Purpose,
        value: &GroupValue,
        written: Result<(), ErrorCode>,
        (now_ms, fx): (i64, &mut Effects),
    ) {
        match purpose {
            Purpose::Emptied => {}
            Purpose::Replaced(replacement) => self.replaced(*replacement, written, now_ms, fx),
            Purpose::Assignment { generation } => {
                let current = generation == self.generation;
                if current && self.state == State::CompletingRebalance {
                    self.assigned(value, written, now_ms, fx);
                }
            }
        }
    }

    fn assigned(
        &mut self,
        value: &GroupValue,
        written: Result<(), ErrorCode>,
        now_ms: i64,
        fx: &mut Effects,
    ) {
        if let Err(code) = written {
            self.refuse_syncs(code, fx);
            self.rebalance_members(now_ms, fx);
            return;
        }
        for one in &value.members {
            if let Some(member) = self.members.get_mut(&one.member_id) {
                member.assignment = one.assignment.clone();
            }
        }
        self.enter(State::Stable, now_ms);
        let ids: Vec<String> = self.members.keys().cloned().collect();
        for id in ids {
            let member = self.members.get_mut(&id);
            if let Some(ticket) = member.and_then(|member| member.awaiting_sync.take()) {
                self.touch(&id, now_ms);
                fx.answers.push((ticket, self.synced(&id)));
            }
        }
        self.end_sync_phase();
    }

    /// Takes all assignments back and answers who waits for one.
    pub(super) fn refuse_syncs(&mut self, code: ErrorCode, fx: &mut Effects) {
        for member in self.members.values_mut() {
            member.assignment = Bytes::new();
            if let Some(ticket) = member.awaiting_sync.take() {
                fx.answers.push(refusal(ticket, code));
            }
        }
    }

    fn end_sync_phase(&mut self) {
        if self
            .sync_phase
            .as_ref()
            .is_some_and(|phase| phase.waiting.is_empty())
        {
            self.sync_phase = None;
        }
    }

    fn synced(&self, id: &str) -> Answer {
        let member = self.members.get(id);
        Answer::Synced(SyncGroupResponse {
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol.clone(),
            assignment: member.map(|m| m.assignment.clone()).unwrap_or_default(),
            ..SyncGroupResponse::default()
        })
    }
}
