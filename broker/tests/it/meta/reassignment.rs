//! Partitions that move (rules 46, 47; KIP-455).

use broker::wire::error_code::ErrorCode;
use broker::wire::messages::alter_partition_reassignments::{
    ReassignablePartition, ReassignableTopic,
};
use broker::wire::messages::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
};

use super::cluster::{Cluster, dir};

fn request(replicas: Option<&[i32]>) -> AlterPartitionReassignmentsRequest {
    AlterPartitionReassignmentsRequest {
        topics: vec![ReassignableTopic {
            name: "a".to_owned(),
            partitions: vec![ReassignablePartition {
                partition_index: 0,
                replicas: replicas.map(<[i32]>::to_vec),
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    }
}

fn ask(cluster: &mut Cluster, request: AlterPartitionReassignmentsRequest) -> ErrorCode {
    let response: AlterPartitionReassignmentsResponse = cluster.submit(request);
    response.responses[0].partitions[0].error_code
}

fn reassign(cluster: &mut Cluster, replicas: Option<&[i32]>) -> ErrorCode {
    ask(cluster, request(replicas))
}

fn cluster() -> Cluster {
    let mut cluster = Cluster::of(5);
    cluster.create("a", &[&[1, 2, 3]]);
    cluster
}

#[test]
fn a_move_completes_when_the_target_is_in_sync() {
    let mut cluster = cluster();
    assert_eq!(reassign(&mut cluster, Some(&[4, 5, 3])), ErrorCode::NONE);
    let state = cluster.partition("a", 0);
    assert_eq!(state.replicas, [4, 5, 3, 1, 2]);
    assert_eq!(
        (&state.adding[..], &state.removing[..]),
        (&[4, 5][..], &[1, 2][..])
    );
    assert_eq!((state.leader, &state.isr[..]), (1, &[1, 2, 3][..]));
    assert_eq!(state.directories, [4, 5, 3, 1, 2].map(dir));
    cluster.set_isr("a", &[1, 2, 3, 4]);
    assert_eq!(cluster.partition("a", 0).leader_epoch, 0);
    // The leader goes: it is told so instead of its new state.
    let done = cluster.alter(cluster.alteration("a", &[1, 2, 3, 4, 5]));
    assert_eq!(done.error_code, ErrorCode::NEW_LEADER_ELECTED);
    let state = cluster.partition("a", 0);
    assert_eq!((state.replicas, state.isr), (vec![4, 5, 3], vec![3, 4, 5]));
    assert_eq!((state.leader, state.leader_epoch), (4, 1));
    assert!(state.adding.is_empty() && state.removing.is_empty());
    assert_eq!(state.directories, [4, 5, 3].map(dir));
}

#[test]
fn fewer_and_reordered_replicas_are_so_at_once() {
    let mut cluster = cluster();
    assert_eq!(reassign(&mut cluster, Some(&[3, 2, 1])), ErrorCode::NONE);
    let state = cluster.partition("a", 0);
    assert_eq!(
        (state.replicas, state.leader, state.leader_epoch),
        (vec![3, 2, 1], 1, 0)
    );
    assert_eq!(state.directories, [3, 2, 1].map(dir));
    assert_eq!(reassign(&mut cluster, Some(&[1])), ErrorCode::NONE);
    let state = cluster.partition("a", 0);
    assert_eq!((state.replicas, state.isr), (vec![1], vec![1]));
    assert_eq!((state.leader, state.leader_epoch), (1, 1), "rule 27");
}

#[test]
fn the_same_move_again_changes_nothing() {
    let mut cluster = cluster();
    reassign(&mut cluster, Some(&[4, 5]));
    let before = cluster.image.clone();
    assert_eq!(reassign(&mut cluster, Some(&[4, 5])), ErrorCode::NONE);
    assert_eq!(cluster.image, before);
}

#[test]
fn a_move_is_cancelled() {
    let mut cluster = cluster();
    let nothing = reassign(&mut cluster, None);
    assert_eq!(nothing, ErrorCode::NO_REASSIGNMENT_IN_PROGRESS);
    reassign(&mut cluster, Some(&[4, 5]));
    cluster.set_isr("a", &[1, 2, 3, 4]);
    assert_eq!(reassign(&mut cluster, None), ErrorCode::NONE);
    let state = cluster.partition("a", 0);
    assert_eq!((state.replicas.len(), state.isr), (3, vec![1, 2, 3]));
    assert!(state.adding.is_empty() && state.removing.is_empty());
}

#[test]
fn a_cancellation_that_would_lose_records_is_refused() {
    let mut cluster = cluster();
    reassign(&mut cluster, Some(&[4, 5]));
    cluster.set_isr("a", &[1, 4]);
    cluster.wait_with(9_001, &[2, 3, 4, 5]);
    assert_eq!(cluster.partition("a", 0).isr, [4]);
    assert_eq!(
        reassign(&mut cluster, None),
        ErrorCode::INVALID_REPLICA_ASSIGNMENT
    );
}

#[test]
fn targets_are_checked() {
    let mut cluster = cluster();
    let before = cluster.image.clone();
    for target in [&[][..], &[1, 1], &[-1], &[9]] {
        let refused = reassign(&mut cluster, Some(target));
        assert_eq!(refused, ErrorCode::INVALID_REPLICA_ASSIGNMENT, "{target:?}");
    }
    let fixed = AlterPartitionReassignmentsRequest {
        allow_replication_factor_change: false,
        ..request(Some(&[4]))
    };
    assert_eq!(
        ask(&mut cluster, fixed),
        ErrorCode::INVALID_REPLICATION_FACTOR
    );
    let mut unknown = request(Some(&[4]));
    unknown.topics[0].partitions[0].partition_index = 1;
    assert_eq!(
        ask(&mut cluster, unknown),
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
    );
    assert_eq!(cluster.image, before);
    cluster.wait_with(9_001, &[1, 2, 3, 4]);
    assert_eq!(
        reassign(&mut cluster, Some(&[1, 5])),
        ErrorCode::NONE,
        "5 is fenced"
    );
}
