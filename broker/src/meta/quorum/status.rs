//! What DescribeQuorum says (KIP-595, KIP-836): asked of the leader, which alone knows how far the
//! others are. Log ends and the high watermark are indexes of raft's log.

use bytes::Bytes;
use openraft::ServerState;

use super::types::{Metrics, next_index};
use super::{Quorum, SubmitError, active, members};
use crate::peer::Address;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::describe_quorum::{
    Listener, Node, ReplicaState, ResponsePartitionData, ResponseTopicData,
};
use crate::wire::messages::{
    ControllerCommandRequest, ControllerCommandResponse, DescribeQuorumRequest,
    DescribeQuorumResponse, Message as _, decode_all,
};
use crate::wire::primitives::Reader;
use crate::wire::uuid::Uuid;

/// The version in which nodes ask each other.
const VERSION: i16 = 2;

/// What DescribeQuorum says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuorumStatus {
    /// The leader's id, or −1.
    pub leader: i32,
    /// The leader's epoch (Raft's term).
    pub epoch: i32,
    /// The index after the last entry agreed on; −1 unknown.
    pub high_watermark: i64,
    /// Voters; details are known only on the leader.
    pub voters: Vec<QuorumReplica>,
    /// Nodes that read along without a vote.
    pub observers: Vec<QuorumReplica>,
    /// Where the voters listen.
    pub nodes: Vec<Address>,
}

/// How far one node has read the metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuorumReplica {
    /// Its id.
    pub id: i32,
    /// The directory of its metadata; zero where the settings name the voters.
    pub directory: Uuid,
    /// The index after the last entry that it has; −1 unknown.
    pub log_end_offset: i64,
    /// When it last acknowledged an append, in milliseconds since 1970; −1 unknown.
    pub last_fetch_ms: i64,
    /// When it last had everything; −1 unknown.
    pub last_caught_up_ms: i64,
}

impl Quorum {
    /// The active controller, as far as this node knows: a leader that is heard, or this node while
    /// it hears a majority.
    pub fn leader(&self) -> Option<i32> {
        let inner = &self.inner;
        let metrics = inner.raft.metrics().borrow().clone();
        if metrics.state == ServerState::Leader {
            return self.leads(&metrics).then_some(inner.node);
        }
        let heard = inner.contact.leader(inner.fetch_timeout);
        metrics
            .current_leader
            .filter(|leader| heard == Some(*leader))
    }

    /// The voters and where they listen, as far as this node knows.
    pub fn voters(&self) -> Vec<Address> {
        self.inner.roster.addresses()
    }

    /// Whether the voters may change while the quorum runs: `kraft.version` 1.
    pub fn is_dynamic(&self) -> bool {
        !self.inner.roster.is_static()
    }

    fn leads(&self, metrics: &Metrics) -> bool {
        let inner = &self.inner;
        metrics.state == ServerState::Leader
            && active::has_majority(
                &inner.progress,
                metrics.current_term,
                inner.node,
                &inner.roster.voters(),
                inner.fetch_timeout,
            )
    }

    /// Leader, voters, observers as this node knows them; complete only on the leader.
    pub fn status(&self) -> QuorumStatus {
        let metrics = self.inner.raft.metrics().borrow().clone();
        let leads = metrics.state == ServerState::Leader;
        let applied = next_index(metrics.last_applied);
        QuorumStatus {
            leader: self.leader().unwrap_or(-1),
            epoch: i32::try_from(metrics.current_term).unwrap_or(i32::MAX),
            high_watermark: if leads { offset(applied) } else { -1 },
            voters: self
                .inner
                .roster
                .voters()
                .into_iter()
                .map(|id| self.replica(&metrics, id))
                .collect(),
            observers: members::learners(&metrics)
                .map(|id| self.replica(&metrics, id))
                .collect(),
            nodes: self.inner.roster.addresses(),
        }
    }

    fn replica(&self, metrics: &Metrics, id: i32) -> QuorumReplica {
        let leads = metrics.state == ServerState::Leader;
        let roster = &self.inner.roster;
        let directory = if roster.is_static() {
            Uuid::ZERO
        } else {
            roster.directory(id)
        };
        if leads && id == self.inner.node {
            let now = self.inner.clock.now_ms();
            return QuorumReplica {
                id,
                directory,
                log_end_offset: offset(self.inner.log.end()),
                last_fetch_ms: now,
                last_caught_up_ms: now,
            };
        }
        let known = self.inner.progress.of(metrics.current_term, id);
        match known.filter(|_| leads) {
            None => QuorumReplica {
                id,
                directory,
                log_end_offset: -1,
                last_fetch_ms: -1,
                last_caught_up_ms: -1,
            },
            Some(known) => QuorumReplica {
                id,
                directory,
                log_end_offset: offset(known.end),
                last_fetch_ms: known.at_ms,
                last_caught_up_ms: known.caught_up_ms,
            },
        }
    }

    /// What the leader says, wherever it is.
    pub async fn describe(&self) -> Result<QuorumStatus, SubmitError> {
        if self.leader() == Some(self.inner.node) {
            return Ok(self.status());
        }
        let mut body = Vec::new();
        DescribeQuorumRequest::default()
            .encode(VERSION, &mut body)
            .map_err(|error| SubmitError::Unsendable(error.to_string()))?;
        let request = ControllerCommandRequest {
            api_key: DescribeQuorumRequest::KEY,
            api_version: VERSION,
            body: body.into(),
            ..ControllerCommandRequest::default()
        };
        let answered = self.inner.forwarder.ask_leader(&request).await?;
        read(&answered)
    }

    /// Answers DescribeQuorum of another node; `None` for any other request.
    pub(super) fn serve_describe(
        &self,
        request: &ControllerCommandRequest,
    ) -> Option<ControllerCommandResponse> {
        if request.api_key != DescribeQuorumRequest::KEY {
            return None;
        }
        let status = self.status();
        let mut body = Vec::new();
        let written = response(&status).encode(request.api_version, &mut body);
        let error_code = match written {
            _ if status.leader != self.inner.node => ErrorCode::NOT_CONTROLLER,
            Ok(()) => ErrorCode::NONE,
            Err(_) => ErrorCode::UNSUPPORTED_VERSION,
        };
        if !error_code.is_ok() {
            body.clear();
        }
        Some(ControllerCommandResponse {
            error_code,
            leader_id: status.leader,
            body: body.into(),
            ..ControllerCommandResponse::default()
        })
    }
}

fn offset(index: u64) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

/// The status as the protocol's message.
pub fn response(status: &QuorumStatus) -> DescribeQuorumResponse {
    let described = |replicas: &[QuorumReplica]| {
        let state = |replica: &QuorumReplica| ReplicaState {
            replica_id: replica.id,
            replica_directory_id: replica.directory,
            log_end_offset: replica.log_end_offset,
            last_fetch_timestamp: replica.last_fetch_ms,
            last_caught_up_timestamp: replica.last_caught_up_ms,
            ..ReplicaState::default()
        };
        replicas.iter().map(state).collect()
    };
    let partition = ResponsePartitionData {
        leader_id: status.leader,
        leader_epoch: status.epoch,
        high_watermark: status.high_watermark,
        current_voters: described(&status.voters),
        observers: described(&status.observers),
        ..ResponsePartitionData::default()
    };
    let node = |address: &Address| Node {
        node_id: address.node,
        listeners: vec![Listener {
            host: address.host.clone(),
            port: address.port,
            ..Listener::default()
        }],
        ..Node::default()
    };
    DescribeQuorumResponse {
        nodes: status.nodes.iter().map(node).collect(),
        topics: vec![ResponseTopicData {
            topic_name: "__cluster_metadata".to_owned(),
            partitions: vec![partition],
            ..ResponseTopicData::default()
        }],
        ..DescribeQuorumResponse::default()
    }
}

fn read(body: &Bytes) -> Result<QuorumStatus, SubmitError> {
    let unreadable = |why: String| SubmitError::Unconfirmed(why);
    let response: DescribeQuorumResponse =
        decode_all(Reader::over(body), VERSION).map_err(|error| unreadable(error.to_string()))?;
    let nodes = response.nodes.into_iter().filter_map(|node| {
        let listener = node.listeners.into_iter().next()?;
        Some(Address {
            node: node.node_id,
            host: listener.host,
            port: listener.port,
        })
    });
    let nodes = nodes.collect();
    let mut partitions = response
        .topics
        .into_iter()
        .flat_map(|topic| topic.partitions);
    let Some(partition) = partitions.next() else {
        return Err(unreadable("the leader described no partition".to_owned()));
    };
    let replicas = |states: Vec<ReplicaState>| {
        let replica = |state: ReplicaState| QuorumReplica {
            id: state.replica_id,
            directory: state.replica_directory_id,
            log_end_offset: state.log_end_offset,
            last_fetch_ms: state.last_fetch_timestamp,
            last_caught_up_ms: state.last_caught_up_timestamp,
        };
        states.into_iter().map(replica).collect()
    };
    Ok(QuorumStatus {
        leader: partition.leader_id,
        epoch: partition.leader_epoch,
        high_watermark: partition.high_watermark,
        voters: replicas(partition.current_voters),
        observers: replicas(partition.observers),
        nodes,
    })
}
