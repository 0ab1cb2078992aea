//! `DescribeQuorum` (55): leader, voters and observers of the metadata (KIP-595, KIP-836, KIP-853).

use super::forward::Failure;
use super::{Ctx, needs};
use crate::config::NodeConfig;
use crate::meta::quorum::{QuorumReplica, QuorumStatus};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::describe_quorum::{
    Listener, Node, ReplicaState, ResponsePartitionData, ResponseTopicData,
};
use crate::wire::messages::{DescribeQuorumRequest, DescribeQuorumResponse};

/// The topic that the metadata is, to clients.
const METADATA: &str = "__cluster_metadata";

/// First version that is told where the voters listen (KIP-853).
const NODES_VERSION: i16 = 2;

/// Answers with what the leader says of the quorum.
pub async fn answer(ctx: &Ctx, request: DescribeQuorumRequest) -> DescribeQuorumResponse {
    if let Err(refused) = ctx.rights().check_cluster(&needs::DESCRIBE_VOTERS) {
        return failed(refused);
    }
    match ctx.broker.quorum.describe().await {
        Ok(status) => {
            let mut response = describe(&status, &ctx.broker.config, &request);
            if ctx.version < NODES_VERSION {
                response.nodes.clear();
            }
            response
        }
        Err(error) => failed(error.into()),
    }
}

fn failed(failure: Failure) -> DescribeQuorumResponse {
    DescribeQuorumResponse {
        error_code: failure.code,
        error_message: Some(failure.message),
        ..DescribeQuorumResponse::default()
    }
}

/// The answer by a status of the quorum; there is one topic with one partition.
pub fn describe(
    status: &QuorumStatus,
    node: &NodeConfig,
    request: &DescribeQuorumRequest,
) -> DescribeQuorumResponse {
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let index = partition.partition_index;
            match (topic.topic_name.as_str(), index) {
                (METADATA, 0) => quorum(status),
                _ => ResponsePartitionData {
                    partition_index: index,
                    error_code: ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                    error_message: None,
                    ..ResponsePartitionData::default()
                },
            }
        });
        ResponseTopicData {
            topic_name: topic.topic_name.clone(),
            partitions: partitions.collect(),
            ..ResponseTopicData::default()
        }
    });
    DescribeQuorumResponse {
        error_message: None,
        topics: topics.collect(),
        nodes: nodes(status, node),
        ..DescribeQuorumResponse::default()
    }
}

fn quorum(status: &QuorumStatus) -> ResponsePartitionData {
    if status.leader < 0 {
        return ResponsePartitionData {
            error_code: ErrorCode::LEADER_NOT_AVAILABLE,
            error_message: Some("the metadata quorum has no leader at the moment".to_owned()),
            leader_id: -1,
            leader_epoch: status.epoch,
            ..ResponsePartitionData::default()
        };
    }
    ResponsePartitionData {
        error_message: None,
        leader_id: status.leader,
        leader_epoch: status.epoch,
        high_watermark: status.high_watermark,
        current_voters: status.voters.iter().map(replica).collect(),
        observers: status.observers.iter().map(replica).collect(),
        ..ResponsePartitionData::default()
    }
}

fn replica(known: &QuorumReplica) -> ReplicaState {
    ReplicaState {
        replica_id: known.id,
        replica_directory_id: known.directory,
        log_end_offset: known.log_end_offset,
        last_fetch_timestamp: known.last_fetch_ms,
        last_caught_up_timestamp: known.last_caught_up_ms,
        ..ReplicaState::default()
    }
}

/// Where the voters are reached.
fn nodes(status: &QuorumStatus, node: &NodeConfig) -> Vec<Node> {
    status
        .nodes
        .iter()
        .map(|voter| Node {
            node_id: voter.node,
            listeners: vec![Listener {
                name: node.controller_listener.clone(),
                host: voter.host.clone(),
                port: voter.port,
                ..Listener::default()
            }],
            ..Node::default()
        })
        .collect()
}
