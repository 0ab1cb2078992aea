//! Where replicas lie, as their brokers say, and what the loss of a directory leads to (KIP-858).

use broker::wire::error_code::ErrorCode;
use broker::wire::messages::assign_replicas_to_dirs::{
    AssignedDirectory, AssignedPartition, AssignedTopic,
};
use broker::wire::messages::{
    AssignReplicasToDirsRequest, AssignReplicasToDirsResponse, BrokerHeartbeatRequest,
    BrokerHeartbeatResponse,
};
use broker::wire::uuid::Uuid;

use super::cluster::{Cluster, dir, registration, settings};

/// A second directory of broker 1.
const SECOND: Uuid = Uuid([8; 16]);

/// What a broker sends when one of its replicas lies in this directory.
pub fn placed(
    (broker, epoch): (i32, i64),
    directory: Uuid,
    (topic, index): (Uuid, i32),
) -> AssignReplicasToDirsRequest {
    AssignReplicasToDirsRequest {
        broker_id: broker,
        broker_epoch: epoch,
        directories: vec![AssignedDirectory {
            id: directory,
            topics: vec![AssignedTopic {
                topic_id: topic,
                partitions: vec![AssignedPartition {
                    partition_index: index,
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    }
}

fn place(cluster: &mut Cluster, broker: i32, directory: Uuid, index: i32) -> ErrorCode {
    let topic = cluster.image.topics["a"].id;
    let epoch = cluster.epoch(broker);
    let request = placed((broker, epoch), directory, (topic, index));
    let answer: AssignReplicasToDirsResponse = cluster.submit(request);
    assert_eq!(answer.error_code, ErrorCode::NONE);
    answer.directories[0].topics[0].partitions[0].error_code
}

/// Broker 1 with two directories, broker 2 with one.
fn two_disks() -> Cluster {
    let mut cluster = Cluster::empty(settings());
    let mut request = registration(1, 1);
    request.log_dirs.push(SECOND);
    cluster.register(&request);
    cluster.beat(1);
    cluster.start(2, 2);
    cluster
}

fn lose(cluster: &mut Cluster, broker: i32, directory: Uuid) {
    let request = BrokerHeartbeatRequest {
        offline_log_dirs: vec![directory],
        ..cluster.heartbeat(broker)
    };
    let _: BrokerHeartbeatResponse = cluster.submit(request);
}

#[test]
fn a_lost_disk_takes_the_replicas_that_lie_there_and_no_others() {
    let mut cluster = two_disks();
    cluster.create("a", &[&[1, 2], &[1, 2]]);
    assert_eq!(place(&mut cluster, 1, dir(1), 0), ErrorCode::NONE);
    assert_eq!(place(&mut cluster, 1, SECOND, 1), ErrorCode::NONE);
    assert_eq!(cluster.partition("a", 0).directories, [dir(1), dir(2)]);
    let kept = cluster.partition("a", 0);
    lose(&mut cluster, 1, SECOND);
    assert_eq!(cluster.partition("a", 0), kept);
    let moved = cluster.partition("a", 1);
    assert_eq!((moved.leader, moved.isr), (2, vec![2]));
}

#[test]
fn what_is_told_twice_changes_nothing() {
    let mut cluster = two_disks();
    cluster.create("a", &[&[1, 2]]);
    place(&mut cluster, 1, SECOND, 0);
    let before = cluster.image.clone();
    assert_eq!(place(&mut cluster, 1, SECOND, 0), ErrorCode::NONE);
    assert_eq!(cluster.image, before);
}

#[test]
fn a_replica_that_was_lost_before_anybody_knew_where_it_lay_leads_no_more() {
    let mut cluster = two_disks();
    cluster.create("a", &[&[1, 2]]);
    assert_eq!(place(&mut cluster, 1, Uuid::LOST, 0), ErrorCode::NONE);
    let state = cluster.partition("a", 0);
    assert_eq!((state.leader, state.isr), (2, vec![2]));
}

#[test]
fn a_replica_that_is_found_again_leads_where_nobody_else_can() {
    let mut cluster = two_disks();
    cluster.create("a", &[&[1]]);
    assert_eq!(place(&mut cluster, 1, Uuid::LOST, 0), ErrorCode::NONE);
    assert_eq!(cluster.partition("a", 0).leader, -1);
    assert_eq!(place(&mut cluster, 1, SECOND, 0), ErrorCode::NONE);
    let state = cluster.partition("a", 0);
    assert_eq!((state.leader, state.directories), (1, vec![SECOND]));
}

#[test]
fn the_only_replica_of_a_disk_that_is_away_at_start_waits_for_it() {
    let mut cluster = two_disks();
    cluster.create("a", &[&[1]]);
    place(&mut cluster, 1, dir(1), 0);
    cluster.wait_with(9_001, &[2]);
    let mut without = registration(1, 3);
    without.log_dirs = vec![SECOND];
    cluster.register(&without);
    assert!(!cluster.beat(1).is_fenced);
    let state = cluster.partition("a", 0);
    assert_eq!((state.leader, state.directories), (-1, vec![dir(1)]));
    cluster.wait_with(9_001, &[2]);
    let mut whole = registration(1, 4);
    whole.log_dirs.push(SECOND);
    cluster.register(&whole);
    cluster.beat(1);
    assert_eq!(cluster.partition("a", 0).leader, 1);
}

#[test]
fn places_of_strangers_are_refused() {
    let mut cluster = two_disks();
    cluster.create("a", &[&[2]]);
    let before = cluster.image.clone();
    let refused = ErrorCode::NOT_LEADER_OR_FOLLOWER;
    assert_eq!(place(&mut cluster, 1, SECOND, 0), refused);
    let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    assert_eq!(place(&mut cluster, 2, dir(2), 7), unknown);
    assert_eq!(
        place(&mut cluster, 2, Uuid::ZERO, 0),
        ErrorCode::INVALID_REQUEST
    );
    let epoch = cluster.epoch(2);
    let nowhere = (Uuid([1; 16]), 0);
    let answer: AssignReplicasToDirsResponse = cluster.submit(placed((2, epoch), dir(2), nowhere));
    let told = answer.directories[0].topics[0].partitions[0].error_code;
    assert_eq!(told, ErrorCode::UNKNOWN_TOPIC_ID);
    let stale: AssignReplicasToDirsResponse =
        cluster.submit(placed((2, epoch - 1), dir(2), nowhere));
    assert_eq!(stale.error_code, ErrorCode::STALE_BROKER_EPOCH);
    assert_eq!(cluster.image, before);
}
