//! Brokers that stop in order (rule 44).

use broker::wire::error_code::ErrorCode;
use broker::wire::messages::{BrokerHeartbeatRequest, BrokerHeartbeatResponse};

use super::cluster::Cluster;

#[test]
fn a_stopping_broker_gives_its_leaderships_away_and_leaves_isrs() {
    let mut cluster = Cluster::of(3);
    cluster.create("a", &[&[1, 2, 3], &[2, 1, 3]]);
    let answer = cluster.beat_to_stop(1);
    assert!(!answer.should_shut_down && !answer.is_fenced);
    assert!(cluster.image.brokers[&1].in_controlled_shutdown);
    for index in [0, 1] {
        let state = cluster.partition("a", index);
        assert_eq!((state.leader, state.isr), (2, vec![2, 3]));
    }
}

#[test]
fn it_may_stop_once_every_active_broker_has_read_that() {
    let mut cluster = Cluster::of(3);
    cluster.create("a", &[&[1, 2, 3]]);
    cluster.beat_to_stop(1);
    assert!(!cluster.beat_to_stop(1).should_shut_down);
    cluster.beat(2);
    assert!(!cluster.beat_to_stop(1).should_shut_down);
    let behind = BrokerHeartbeatRequest {
        current_metadata_offset: cluster.image.offset - 1,
        ..cluster.heartbeat(3)
    };
    let _: BrokerHeartbeatResponse = cluster.submit(behind);
    assert!(!cluster.beat_to_stop(1).should_shut_down);
    cluster.beat(3);
    assert!(cluster.beat_to_stop(1).should_shut_down);
    assert!(cluster.is_fenced(1));
}

#[test]
fn a_broker_that_leads_nothing_may_stop_at_once() {
    let mut cluster = Cluster::of(3);
    cluster.create("a", &[&[1, 2]]);
    assert!(cluster.beat_to_stop(2).should_shut_down);
    assert!(cluster.is_fenced(2));
    assert_eq!(cluster.partition("a", 0).isr, [1]);
}

#[test]
fn a_fenced_broker_may_stop_at_once() {
    let mut cluster = Cluster::of(1);
    cluster.wait(9_001);
    let before = cluster.image.clone();
    assert!(cluster.beat_to_stop(1).should_shut_down);
    assert_eq!(cluster.image, before);
}

#[test]
fn a_stopping_broker_does_not_come_back_into_isrs_nor_get_replicas() {
    let mut cluster = Cluster::of(2);
    cluster.create("a", &[&[1, 2]]);
    cluster.create("b", &[&[2, 1]]);
    cluster.beat_to_stop(1);
    let refused = cluster.alter(cluster.alteration("b", &[2, 1]));
    assert_eq!(refused.error_code, ErrorCode::INELIGIBLE_REPLICA);
    let refused = cluster.create("c", &[&[1]]);
    assert_eq!(refused.error_code, ErrorCode::INVALID_REPLICA_ASSIGNMENT);
}

#[test]
fn the_last_broker_of_a_cluster_may_stop() {
    let mut cluster = Cluster::of(1);
    cluster.create("a", &[&[1]]);
    assert!(!cluster.beat_to_stop(1).should_shut_down);
    assert!(cluster.beat_to_stop(1).should_shut_down);
    assert_eq!(cluster.partition("a", 0).leader, -1);
}

#[test]
fn a_new_controller_goes_on_with_a_shutdown() {
    let mut cluster = Cluster::of(2);
    cluster.create("a", &[&[1, 2]]);
    cluster.beat_to_stop(1);
    cluster.elect_controller(8);
    assert!(
        !cluster.beat_to_stop(1).should_shut_down,
        "2 was not heard from yet"
    );
    cluster.beat(2);
    assert!(cluster.beat_to_stop(1).should_shut_down);
}
