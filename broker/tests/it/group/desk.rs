//! A group and a clock on a desk: members do things, their answers are looked up by ticket. Records
//! are committed when the story says so.

use std::collections::BTreeMap;

use broker::group::classic::{Answer, Effects, Group, Joining, Limits, Purpose, State, Ticket};
use broker::group::schema::GroupValue;
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::join_group::{
    JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse,
};
use broker::wire::messages::sync_group::{
    SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse,
};

/// Kafka's defaults, but for a small group.
pub const LIMITS: Limits = Limits {
    min_session_timeout_ms: 6_000,
    max_session_timeout_ms: 1_800_000,
    initial_rebalance_delay_ms: 3_000,
    max_size: 4,
};

/// What members ask for unless a story says otherwise.
pub fn asking(member_id: &str) -> JoinGroupRequest {
    JoinGroupRequest {
        group_id: "g".into(),
        session_timeout_ms: 45_000,
        rebalance_timeout_ms: 60_000,
        member_id: member_id.into(),
        protocol_type: "consumer".into(),
        protocols: protocols(&[("range", b"one")]),
        ..JoinGroupRequest::default()
    }
}

/// The same as a static member.
pub fn asking_as(instance: &str, member_id: &str) -> JoinGroupRequest {
    JoinGroupRequest {
        group_instance_id: Some(instance.into()),
        ..asking(member_id)
    }
}

pub fn protocols(names: &[(&str, &'static [u8])]) -> Vec<JoinGroupRequestProtocol> {
    names
        .iter()
        .map(|(name, metadata)| JoinGroupRequestProtocol {
            name: (*name).into(),
            metadata: bytes::Bytes::from_static(metadata),
            ..JoinGroupRequestProtocol::default()
        })
        .collect()
}

pub struct Desk {
    pub group: Group,
    pub now_ms: i64,
    pub writes: Vec<(Purpose, GroupValue)>,
    next: Ticket,
    answers: BTreeMap<Ticket, Answer>,
}

impl Desk {
    pub fn new() -> Self {
        Self {
            group: Group::new("g", 1_000),
            now_ms: 1_000,
            writes: Vec::new(),
            next: 0,
            answers: BTreeMap::new(),
        }
    }

    pub fn take(&mut self, fx: Effects) {
        for (ticket, answer) in fx.answers {
            let twice = self.answers.insert(ticket, answer);
            assert!(twice.is_none(), "ticket {ticket} is answered twice");
        }
        self.writes.extend(fx.writes);
    }

    pub fn ticket(&mut self) -> Ticket {
        self.next += 1;
        self.next
    }

    pub fn join_at(&mut self, request: JoinGroupRequest, version: i16) -> Ticket {
        let ticket = self.ticket();
        let mut fx = Effects::default();
        let joining = Joining {
            request,
            version,
            client_id: "app".into(),
            client_host: "/127.0.0.1".into(),
            fresh_id: format!("{ticket}"),
            ticket,
        };
        self.group.join(&joining, &LIMITS, self.now_ms, &mut fx);
        self.take(fx);
        ticket
    }

    pub fn join(&mut self, request: JoinGroupRequest) -> Ticket {
        self.join_at(request, 9)
    }

    /// Joins as a new dynamic member: asks for an id first. Gives the id and the waiting ticket.
    pub fn enter(&mut self) -> (String, Ticket) {
        let asked = self.join(asking(""));
        let given = self.joined(asked);
        assert_eq!(given.error_code, ErrorCode::MEMBER_ID_REQUIRED);
        let ticket = self.join(asking(&given.member_id));
        (given.member_id, ticket)
    }

    pub fn sync(&mut self, member_id: &str, assignments: &[(&str, &'static [u8])]) -> Ticket {
        let request = SyncGroupRequest {
            group_id: "g".into(),
            generation_id: self.group.generation(),
            member_id: member_id.into(),
            assignments: assignments
                .iter()
                .map(|(id, bytes)| SyncGroupRequestAssignment {
                    member_id: (*id).into(),
                    assignment: bytes::Bytes::from_static(bytes),
                    ..SyncGroupRequestAssignment::default()
                })
                .collect(),
            ..SyncGroupRequest::default()
        };
        self.sync_with(&request)
    }

    pub fn sync_with(&mut self, request: &SyncGroupRequest) -> Ticket {
        let ticket = self.ticket();
        let mut fx = Effects::default();
        self.group.sync(request, ticket, self.now_ms, &mut fx);
        self.take(fx);
        ticket
    }

    /// Everything written so far is committed, or refused.
    pub fn settle(&mut self, written: Result<(), ErrorCode>) {
        for (purpose, value) in std::mem::take(&mut self.writes) {
            let mut fx = Effects::default();
            self.group
                .settle(purpose, &value, written, (self.now_ms, &mut fx));
            self.take(fx);
        }
    }

    /// Time passes, deadline by deadline.
    pub fn wait(&mut self, ms: i64) {
        let until = self.now_ms + ms;
        while self.group.next_deadline() <= until {
            self.now_ms = self.group.next_deadline().max(self.now_ms);
            let mut fx = Effects::default();
            self.group.expire(self.now_ms, &mut fx);
            self.take(fx);
        }
        self.now_ms = until;
    }

    pub fn heartbeat(&mut self, member_id: &str) -> Result<(), ErrorCode> {
        let generation = self.group.generation();
        self.group
            .heartbeat(member_id, None, generation, self.now_ms)
    }

    pub fn leave(&mut self, member_id: &str, instance: Option<&str>) -> Result<(), ErrorCode> {
        let mut fx = Effects::default();
        let left = self.group.leave(member_id, instance, self.now_ms, &mut fx);
        self.take(fx);
        left
    }

    pub fn waits(&self, ticket: Ticket) -> bool {
        !self.answers.contains_key(&ticket)
    }

    pub fn joined(&self, ticket: Ticket) -> JoinGroupResponse {
        match self.answers.get(&ticket) {
            Some(Answer::Joined(answer)) => answer.clone(),
            other => panic!("no answer to the join {ticket}: {other:?}"),
        }
    }

    pub fn synced(&self, ticket: Ticket) -> SyncGroupResponse {
        match self.answers.get(&ticket) {
            Some(Answer::Synced(answer)) => answer.clone(),
            other => panic!("no answer to the sync {ticket}: {other:?}"),
        }
    }

    /// A stable group of so many dynamic members; the leader comes first.
    pub fn stable(members: usize) -> (Self, Vec<String>) {
        let mut desk = Self::new();
        let entered: Vec<(String, Ticket)> = (0..members).map(|_| desk.enter()).collect();
        desk.wait(9_000);
        let leader = desk.group.leader().unwrap().to_owned();
        let mut ids: Vec<String> = entered.into_iter().map(|(id, _)| id).collect();
        ids.sort_by_key(|id| *id != leader);
        let shares: Vec<(&str, &'static [u8])> =
            ids.iter().map(|id| (id.as_str(), &b"share"[..])).collect();
        for id in &ids {
            let shares = if *id == leader { &shares[..] } else { &[] };
            desk.sync(id, shares);
        }
        desk.settle(Ok(()));
        assert_eq!(desk.group.state(), State::Stable);
        (desk, ids)
    }
}
