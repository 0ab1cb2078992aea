//! DescribeQuorum and ListPartitionReassignments.

use broker::api::{describe_quorum, list_partition_reassignments as reassignments};
use broker::meta::quorum::{QuorumReplica, QuorumStatus};
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::describe_quorum::{RequestPartitionData, RequestTopicData};
use broker::wire::messages::list_partition_reassignments::ListPartitionReassignmentsTopics;
use broker::wire::messages::{DescribeQuorumRequest, ListPartitionReassignmentsRequest};

use broker::wire::uuid::Uuid;

use super::cluster::{Cluster, node, partition};

fn about(topic: &str, index: i32) -> DescribeQuorumRequest {
    DescribeQuorumRequest {
        topics: vec![RequestTopicData {
            topic_name: topic.to_owned(),
            partitions: vec![RequestPartitionData {
                partition_index: index,
                ..RequestPartitionData::default()
            }],
            ..RequestTopicData::default()
        }],
        ..DescribeQuorumRequest::default()
    }
}

fn status(leader: i32) -> QuorumStatus {
    QuorumStatus {
        leader,
        epoch: 4,
        high_watermark: 90,
        voters: vec![QuorumReplica {
            id: 2,
            directory: Uuid([3; 16]),
            log_end_offset: 91,
            last_fetch_ms: 1_000,
            last_caught_up_ms: 900,
        }],
        observers: vec![],
        nodes: node(&[]).quorum.voters.clone(),
    }
}

#[test]
fn the_metadata_is_the_one_partition_of_its_topic() {
    let node = node(&[]);
    let ask = |topic, index| {
        let response = describe_quorum::describe(&status(2), &node, &about(topic, index));
        response.topics[0].partitions[0].clone()
    };
    let told = ask("__cluster_metadata", 0);
    assert_eq!(
        (told.leader_id, told.leader_epoch, told.high_watermark),
        (2, 4, 90)
    );
    assert_eq!(told.current_voters[0].replica_directory_id, Uuid([3; 16]));
    assert_eq!(told.current_voters[0].last_fetch_timestamp, 1_000);
    assert_eq!(told.current_voters[0].last_caught_up_timestamp, 900);
    let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    assert_eq!(ask("__cluster_metadata", 1).error_code, unknown);
    assert_eq!(ask("orders", 0).error_code, unknown);
}

#[test]
fn voters_are_told_with_where_they_listen() {
    let response = describe_quorum::describe(&status(2), &node(&[]), &about("x", 0));
    let told: Vec<_> = response
        .nodes
        .iter()
        .map(|node| {
            (
                node.node_id,
                node.listeners[0].name.as_str(),
                node.listeners[0].port,
            )
        })
        .collect();
    assert_eq!(told, [(1, "CONTROLLER", 9093), (2, "CONTROLLER", 9094)]);
}

#[test]
fn a_quorum_without_a_leader_says_so() {
    let asked = about("__cluster_metadata", 0);
    let response = describe_quorum::describe(&status(-1), &node(&[]), &asked);
    let told = &response.topics[0].partitions[0];
    assert_eq!(told.error_code, ErrorCode::LEADER_NOT_AVAILABLE);
    assert_eq!(told.leader_id, -1);
    assert!(told.error_code.is_retriable());
}

#[test]
fn only_partitions_that_move_are_listed() {
    let mut cluster = Cluster::of(4);
    let mut moving = partition(&[1, 2, 4]);
    moving.adding = vec![4];
    moving.removing = vec![2];
    cluster.topic("orders", &[partition(&[1, 2]), moving]);
    cluster.topic("quiet", &[partition(&[1])]);
    let all = reassignments::describe(&cluster.0, &ListPartitionReassignmentsRequest::default());
    assert_eq!(all.topics.len(), 1, "rule 48");
    let told = &all.topics[0].partitions;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].partition_index, 1);
    assert_eq!(told[0].replicas, [1, 2, 4]);
    assert_eq!(
        (&told[0].adding_replicas, &told[0].removing_replicas),
        (&vec![4], &vec![2])
    );

    let named = |name: &str, indexes: &[i32]| {
        let request = ListPartitionReassignmentsRequest {
            topics: Some(vec![ListPartitionReassignmentsTopics {
                name: name.to_owned(),
                partition_indexes: indexes.to_vec(),
                ..ListPartitionReassignmentsTopics::default()
            }]),
            ..ListPartitionReassignmentsRequest::default()
        };
        reassignments::describe(&cluster.0, &request).topics.len()
    };
    assert_eq!(named("orders", &[0, 1, 7, -1]), 1);
    assert_eq!(named("orders", &[0]), 0);
    assert_eq!(named("nope", &[0]), 0);
}
