//! One classic consumer group (KIP-62, 345, 394, 814) as a pure state machine: time, fresh ids and
//! requests come in; answers and records to be written go out as [`Effects`].
//!
//! Never looks at a clock, a log or a socket. Requests that wait are named by [`Ticket`]s; each
//! ticket is answered exactly once, at once or by a later call.

mod expiry;
mod join;
mod leave;
mod member;
mod persist;
mod rebalance;
mod subscription;
mod sync;

use std::collections::{BTreeMap, BTreeSet};

use crate::wire::error_code::ErrorCode;
use crate::wire::messages::describe_groups::{DescribedGroup, DescribedGroupMember};
use crate::wire::messages::join_group::JoinGroupResponse;
use crate::wire::messages::sync_group::SyncGroupResponse;

use super::schema::GroupValue;
pub use join::{Joining, Replacement};
pub use leave::Committer;
use member::Member;
pub use sync::refusal as sync_refusal;

/// Names a request that waits for its answer.
pub type Ticket = u64;

/// The protocol type of consumers, whose subscriptions a coordinator can read.
pub const CONSUMER_PROTOCOL: &str = "consumer";

/// Where a group stands (rule 57).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// No members; perhaps offsets.
    Empty,
    /// Members are to join the next generation.
    PreparingRebalance,
    /// All have joined; the leader's assignment is awaited.
    CompletingRebalance,
    /// Everybody has an assignment.
    Stable,
}

impl State {
    /// Kafka's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}

/// The answer to a request that may have waited.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// To JoinGroup.
    Joined(JoinGroupResponse),
    /// To SyncGroup.
    Synced(SyncGroupResponse),
    /// To whoever waits for records of its own: whether they are committed.
    Written(Result<(), ErrorCode>),
}

/// Why a group's record is written, and so what follows once it is committed.
#[derive(Debug, Clone, PartialEq)]
pub enum Purpose {
    /// The leader brought the assignment of this generation.
    Assignment {
        /// The generation.
        generation: i32,
    },
    /// The last member is gone; nobody waits for it.
    Emptied,
    /// A static member came back under a new id (KIP-345).
    Replaced(Box<Replacement>),
}

/// What a call leads to.
#[derive(Debug, Default)]
pub struct Effects {
    /// Requests that are answered now.
    pub answers: Vec<(Ticket, Answer)>,
    /// Records to write, in this order.
    pub writes: Vec<(Purpose, GroupValue)>,
}

/// Limits that joining goes by; times in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Shortest session timeout.
    pub min_session_timeout_ms: i32,
    /// Longest session timeout.
    pub max_session_timeout_ms: i32,
    /// How long the first rebalance waits for members.
    pub initial_rebalance_delay_ms: i32,
    /// Most members a group may have.
    pub max_size: usize,
}

/// One group.
#[derive(Debug)]
pub struct Group {
    id: String,
    state: State,
    state_since_ms: i64,
    generation: i32,
    protocol_type: Option<String>,
    protocol: Option<String>,
    leader: Option<String>,
    members: BTreeMap<String, Member>,
    /// Member ids by instance id.
    instances: BTreeMap<String, String>,
    /// Ids that were given out and are to come back, each with its deadline (KIP-394).
    pending: BTreeMap<String, i64>,
    /// Topics that the members read; `None` where that is not known.
    subscribed: Option<BTreeSet<String>>,
    join_phase: Option<rebalance::JoinPhase>,
    sync_phase: Option<sync::SyncPhase>,
    /// No deadline lies before it.
    wake_ms: i64,
}

impl Group {
    /// A group that nobody has joined.
    pub fn new(id: impl Into<String>, now_ms: i64) -> Self {
        Self {
            id: id.into(),
            state: State::Empty,
            state_since_ms: now_ms,
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: BTreeMap::new(),
            instances: BTreeMap::new(),
            pending: BTreeMap::new(),
            subscribed: None,
            join_phase: None,
            sync_phase: None,
            wake_ms: i64::MAX,
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// When it came into its state, in milliseconds since 1970; −1 unknown.
    pub fn state_since_ms(&self) -> i64 {
        self.state_since_ms
    }

    /// The current generation.
    pub fn generation(&self) -> i32 {
        self.generation
    }

    /// `consumer`, `connect`; `None` for a group that only keeps offsets.
    pub fn protocol_type(&self) -> Option<&str> {
        self.protocol_type.as_deref()
    }

    /// Ids of its members.
    pub fn member_ids(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }

    /// The leader's member id.
    pub fn leader(&self) -> Option<&str> {
        self.leader.as_deref()
    }

    /// Whether it has neither members nor any that are about to join.
    pub fn is_idle(&self) -> bool {
        self.state == State::Empty && self.pending.is_empty()
    }

    /// Whether its members read a topic, as far as is known; where it is not, yes (rule 66).
    pub fn reads(&self, topic: &str) -> bool {
        self.protocol_type() == Some(CONSUMER_PROTOCOL)
            && self
                .subscribed
                .as_ref()
                .is_none_or(|topics| topics.contains(topic))
    }

    /// Whether it is known what topics the members read.
    pub fn knows_topics(&self) -> bool {
        self.subscribed.is_some()
    }

    /// What DescribeGroups says of it. Metadata and assignments are those of a stable group.
    pub fn describe(&self) -> DescribedGroup {
        let protocol = match self.state {
            State::Stable => self.protocol.clone(),
            _ => None,
        };
        DescribedGroup {
            group_id: self.id.clone(),
            group_state: self.state.name().to_owned(),
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            members: self
                .members
                .values()
                .map(|member| member.describe(protocol.as_deref()))
                .collect::<Vec<DescribedGroupMember>>(),
            protocol_data: protocol.unwrap_or_default(),
            ..DescribedGroup::default()
        }
    }

    /// Nothing happens in the group before this time, unless it is called.
    pub fn next_deadline(&self) -> i64 {
        self.wake_ms
    }

    fn wake_by(&mut self, at_ms: i64) {
        self.wake_ms = self.wake_ms.min(at_ms);
    }

    fn enter(&mut self, state: State, now_ms: i64) {
        self.state = state;
        self.state_since_ms = now_ms;
    }

    /// Checks that a member is who it says: `FENCED_INSTANCE_ID` where another took its instance id.
    fn known(&self, member_id: &str, instance_id: Option<&str>) -> Result<(), ErrorCode> {
        match instance_id.map(|instance| self.instances.get(instance)) {
            Some(Some(current)) if current != member_id => Err(ErrorCode::FENCED_INSTANCE_ID),
            Some(Some(_)) => Ok(()),
            None if self.members.contains_key(member_id) => Ok(()),
            Some(None) | None => Err(ErrorCode::UNKNOWN_MEMBER_ID),
        }
    }

    /// The longest time that any member wants for a rebalance.
    fn rebalance_timeout_ms(&self) -> i64 {
        let longest = self.members.values().map(|m| m.rebalance_timeout_ms).max();
        i64::from(longest.unwrap_or(0))
    }

    /// A member was heard from: its session begins anew.
    fn touch(&mut self, member_id: &str, now_ms: i64) {
        if let Some(member) = self.members.get_mut(member_id) {
            let deadline = member.touch(now_ms);
            self.wake_by(deadline);
        }
    }
}
