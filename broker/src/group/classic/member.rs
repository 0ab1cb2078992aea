//! A member of a classic group: what it said of itself, what it waits for, when it expires. Knows
//! nothing of the group around it.

use bytes::Bytes;

use crate::group::schema::MemberValue;
use crate::wire::messages::describe_groups::DescribedGroupMember;
use crate::wire::messages::join_group::{JoinGroupRequestProtocol, JoinGroupResponseMember};

use super::Ticket;

/// How long a new member may wait in JoinGroup before it counts as gone: it cannot send heartbeats
/// yet, and clients give up after about as long.
const NEW_MEMBER_TIMEOUT_MS: i64 = 300_000;

/// One member.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    pub(super) id: String,
    pub(super) instance_id: Option<String>,
    pub(super) client_id: String,
    pub(super) client_host: String,
    pub(super) session_timeout_ms: i32,
    pub(super) rebalance_timeout_ms: i32,
    /// Protocols it can do, best first, each with its metadata.
    pub(super) protocols: Vec<JoinGroupRequestProtocol>,
    pub(super) assignment: Bytes,
    pub(super) awaiting_join: Option<Ticket>,
    pub(super) awaiting_sync: Option<Ticket>,
    /// Has not yet been part of a generation.
    pub(super) is_new: bool,
    /// When it expires unless it is heard from.
    pub(super) deadline_ms: i64,
}

impl Member {
    /// Whether it can do a protocol.
    pub(super) fn supports(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|known| known.name == protocol)
    }

    /// Its metadata for a protocol.
    pub(super) fn metadata(&self, protocol: &str) -> Bytes {
        self.protocols
            .iter()
            .find(|known| known.name == protocol)
            .map(|known| known.metadata.clone())
            .unwrap_or_default()
    }

    /// Begins its session anew and gives its new deadline. One that joins for the first time has
    /// longer, because it cannot be heard from until the group is complete.
    pub(super) fn touch(&mut self, now_ms: i64) -> i64 {
        let length = if self.is_new {
            NEW_MEMBER_TIMEOUT_MS
        } else {
            i64::from(self.session_timeout_ms)
        };
        self.deadline_ms = now_ms.saturating_add(length);
        self.deadline_ms
    }

    /// Whether its deadline counts: who waits for the coordinator is not silent.
    pub(super) fn may_expire(&self) -> bool {
        self.is_new || (self.awaiting_join.is_none() && self.awaiting_sync.is_none())
    }

    /// What the leader is told of it.
    pub(super) fn for_leader(&self, protocol: &str) -> JoinGroupResponseMember {
        JoinGroupResponseMember {
            member_id: self.id.clone(),
            group_instance_id: self.instance_id.clone(),
            metadata: self.metadata(protocol),
            ..JoinGroupResponseMember::default()
        }
    }

    /// What an operator is told of it; without a protocol neither metadata nor assignment.
    pub(super) fn describe(&self, protocol: Option<&str>) -> DescribedGroupMember {
        DescribedGroupMember {
            member_id: self.id.clone(),
            group_instance_id: self.instance_id.clone(),
            client_id: self.client_id.clone(),
            client_host: self.client_host.clone(),
            member_metadata: protocol.map(|name| self.metadata(name)).unwrap_or_default(),
            member_assignment: protocol
                .map(|_| self.assignment.clone())
                .unwrap_or_default(),
            ..DescribedGroupMember::default()
        }
    }

    /// As it is written into the log.
    pub(super) fn value(&self, protocol: &str, assignment: Bytes) -> MemberValue {
        MemberValue {
            member_id: self.id.clone(),
            instance_id: self.instance_id.clone(),
            client_id: self.client_id.clone(),
            client_host: self.client_host.clone(),
            rebalance_timeout_ms: self.rebalance_timeout_ms,
            session_timeout_ms: self.session_timeout_ms,
            subscription: self.metadata(protocol),
            assignment,
        }
    }

    /// As it was read from the log; its session begins now.
    pub(super) fn restored(value: MemberValue, protocol: &str, now_ms: i64) -> Self {
        let mut member = Self {
            id: value.member_id,
            instance_id: value.instance_id,
            client_id: value.client_id,
            client_host: value.client_host,
            session_timeout_ms: value.session_timeout_ms,
            rebalance_timeout_ms: value.rebalance_timeout_ms,
            protocols: vec![JoinGroupRequestProtocol {
                name: protocol.to_owned(),
                metadata: value.subscription,
                ..JoinGroupRequestProtocol::default()
            }],
            assignment: value.assignment,
            awaiting_join: None,
            awaiting_sync: None,
            is_new: false,
            deadline_ms: 0,
        };
        member.touch(now_ms);
        member
    }
}
