//! `AlterPartition`: what is refused, in which order (rule 26).

use broker::wire::error_code::ErrorCode;
use broker::wire::messages::alter_partition::AlterPartitionOne;
use broker::wire::messages::{AlterPartitionRequest, AlterPartitionResponse};
use broker::wire::uuid::Uuid;

use super::cluster::{Cluster, registration};

fn cluster() -> Cluster {
    let mut cluster = Cluster::of(3);
    cluster.create("a", &[&[1, 2, 3]]);
    // So that there are smaller epochs to send.
    cluster.wait_with(9_001, &[2, 3]);
    cluster.beat(1);
    cluster
}

/// What a request for ISR 2, 3 is answered after `change`; nothing may change.
fn refusal(cluster: &mut Cluster, change: impl Fn(&mut AlterPartitionOne)) -> ErrorCode {
    let mut request = cluster.alteration("a", &[2, 3]);
    change(&mut request.topics[0].partitions[0]);
    let before = cluster.image.clone();
    let done = cluster.alter(request);
    assert_eq!(cluster.image, before);
    done.error_code
}

#[test]
fn the_leader_shrinks_and_grows_the_isr() {
    let mut cluster = cluster();
    let done = cluster.alter(cluster.alteration("a", &[2]));
    let state = cluster.partition("a", 0);
    assert_eq!(done.error_code, ErrorCode::NONE);
    assert_eq!((done.leader_id, done.isr), (2, vec![2]));
    assert_eq!((done.leader_epoch, done.partition_epoch), (1, 2));
    assert_eq!(
        (state.leader_epoch, state.partition_epoch),
        (1, 2),
        "rule 27"
    );
    cluster.set_isr("a", &[2, 3, 1]);
}

#[test]
fn an_isr_that_is_already_so_is_no_change() {
    let mut cluster = cluster();
    let before = cluster.image.clone();
    let done = cluster.alter(cluster.alteration("a", &[2, 3]));
    assert_eq!(
        (done.error_code, done.partition_epoch),
        (ErrorCode::NONE, 1)
    );
    assert_eq!(cluster.image, before);
}

#[test]
fn version_2_names_the_isr_without_broker_epochs() {
    let mut cluster = cluster();
    let mut request = cluster.alteration("a", &[2, 3]);
    let one = &mut request.topics[0].partitions[0];
    one.new_isr_with_epochs.clear();
    one.new_isr = vec![2, 1];
    assert_eq!(cluster.alter(request).isr, [2, 1]);
}

#[test]
fn a_stale_sender_is_refused_as_a_whole() {
    let mut cluster = cluster();
    let request = AlterPartitionRequest {
        broker_epoch: 1,
        ..cluster.alteration("a", &[2])
    };
    let response: AlterPartitionResponse = cluster.submit(request);
    assert_eq!(response.error_code, ErrorCode::STALE_BROKER_EPOCH);
    assert!(response.topics.is_empty());
}

#[test]
fn unknown_topics_and_partitions_are_told_apart() {
    let mut cluster = cluster();
    let refused = refusal(&mut cluster, |one| one.partition_index = 7);
    assert_eq!(refused, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    let mut request = cluster.alteration("a", &[2]);
    request.topics[0].topic_id = Uuid([9; 16]);
    assert_eq!(
        cluster.alter(request).error_code,
        ErrorCode::UNKNOWN_TOPIC_ID
    );
}

#[test]
fn epochs_are_checked_before_the_sender_and_the_isr() {
    let mut cluster = cluster();
    let spoil = |one: &mut AlterPartitionOne| one.new_isr_with_epochs.clear();
    let refused = refusal(&mut cluster, |one| (one.leader_epoch += 1, spoil(one)).1);
    assert_eq!(refused, ErrorCode::NOT_CONTROLLER);
    let refused = refusal(&mut cluster, |one| {
        one.partition_epoch += 1;
        one.leader_epoch -= 1;
    });
    assert_eq!(refused, ErrorCode::NOT_CONTROLLER);
    let refused = refusal(&mut cluster, |one| (one.leader_epoch -= 1, spoil(one)).1);
    assert_eq!(refused, ErrorCode::FENCED_LEADER_EPOCH);
    let refused = refusal(&mut cluster, |one| (one.partition_epoch -= 1, spoil(one)).1);
    assert_eq!(refused, ErrorCode::INVALID_UPDATE_VERSION);
}

#[test]
fn only_the_leader_may_ask() {
    let mut cluster = cluster();
    let mut request = cluster.alteration("a", &[2, 3]);
    (request.broker_id, request.broker_epoch) = (3, cluster.epoch(3));
    request.topics[0].partitions[0].partition_epoch -= 1;
    assert_eq!(
        cluster.alter(request).error_code,
        ErrorCode::INVALID_REQUEST
    );
}

#[test]
fn the_isr_is_of_replicas_each_once_with_the_leader() {
    let mut cluster = cluster();
    cluster.start(4, 4);
    for isr in [&[3][..], &[2, 4], &[2, 3, 3], &[]] {
        let done = cluster.alter(cluster.alteration("a", isr));
        assert_eq!(done.error_code, ErrorCode::INVALID_REQUEST, "{isr:?}");
    }
}

#[test]
fn a_leader_that_recovers_is_alone_in_the_isr() {
    let mut cluster = cluster();
    let refused = refusal(&mut cluster, |one| one.leader_recovery_state = 1);
    assert_eq!(refused, ErrorCode::INVALID_REQUEST);
    cluster.create_with(
        "b",
        &[&[1, 2]],
        &[("unclean.leader.election.enable", "true")],
    );
    cluster.set_isr("b", &[1]);
    cluster.wait_with(9_001, &[2, 3]);
    assert!(cluster.partition("b", 0).recovering);
    let mut request = cluster.alteration("b", &[2]);
    request.topics[0].partitions[0].leader_recovery_state = 1;
    assert_eq!(cluster.alter(request).error_code, ErrorCode::NONE);
    let done = cluster.alter(cluster.alteration("b", &[2]));
    assert_eq!(
        (done.error_code, done.leader_recovery_state),
        (ErrorCode::NONE, 0)
    );
    assert!(!cluster.partition("b", 0).recovering);
    let mut request = cluster.alteration("b", &[2]);
    request.topics[0].partitions[0].leader_recovery_state = 1;
    assert_eq!(
        cluster.alter(request).error_code,
        ErrorCode::INVALID_REQUEST
    );
}

#[test]
fn fenced_brokers_and_other_runs_are_ineligible() {
    let mut cluster = cluster();
    cluster.wait_with(9_001, &[2, 3]);
    let done = cluster.alter(cluster.alteration("a", &[2, 3, 1]));
    assert_eq!(done.error_code, ErrorCode::INELIGIBLE_REPLICA);
    let request = cluster.alteration("a", &[2, 3, 1]);
    cluster.register(&registration(1, 10));
    cluster.beat(1);
    assert_eq!(
        cluster.alter(request).error_code,
        ErrorCode::INELIGIBLE_REPLICA
    );
}
