//! Silent brokers, lost disks and the leaders that follow (rules 41, 42, 43).

use broker::meta::controller::ControllerSettings;
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::{
    AssignReplicasToDirsResponse, BrokerHeartbeatRequest, BrokerHeartbeatResponse,
};
use broker::wire::uuid::Uuid;

use super::cluster::{Cluster, dir, registration, settings};
use super::directories::placed;

#[test]
fn a_silent_broker_is_fenced_when_its_session_ends() {
    let mut cluster = Cluster::of(3);
    cluster.wait_with(9_000, &[1, 2]);
    assert!(!cluster.is_fenced(3));
    cluster.wait_with(1, &[1, 2]);
    assert!(cluster.is_fenced(3) && !cluster.is_fenced(1));
}

#[test]
fn the_next_in_sync_replica_in_assignment_order_leads() {
    let mut cluster = Cluster::of(3);
    cluster.create("a", &[&[1, 2, 3], &[2, 3, 1]]);
    cluster.wait_with(9_001, &[2, 3]);
    let first = cluster.partition("a", 0);
    assert_eq!((first.leader, first.isr), (2, vec![2, 3]));
    assert_eq!((first.leader_epoch, first.partition_epoch), (1, 1));
    let second = cluster.partition("a", 1);
    assert_eq!((second.leader, second.isr), (2, vec![2, 3]));
    assert_eq!((second.leader_epoch, second.partition_epoch), (0, 1));
}

#[test]
fn a_replica_out_of_sync_does_not_lead() {
    let mut cluster = Cluster::of(3);
    cluster.create("a", &[&[1, 2, 3]]);
    cluster.set_isr("a", &[1, 3]);
    cluster.wait_with(9_001, &[2, 3]);
    assert_eq!(cluster.partition("a", 0).leader, 3);
}

#[test]
fn a_broker_that_returns_leads_what_had_no_leader() {
    let mut cluster = Cluster::of(2);
    cluster.create("a", &[&[1]]);
    cluster.wait_with(9_001, &[2]);
    assert_eq!(cluster.partition("a", 0).leader, -1);
    cluster.beat(1);
    let state = cluster.partition("a", 0);
    assert_eq!(
        (state.leader, state.isr, state.leader_epoch),
        (1, vec![1], 2)
    );
    assert!(!state.recovering);
}

#[test]
fn without_eligible_leader_replicas_the_last_member_stays_in_the_isr() {
    let mut cluster = Cluster::of(2);
    cluster.agree(&[broker::meta::record::Record::Feature {
        name: "eligible.leader.replicas.version".to_owned(),
        level: 0,
    }]);
    cluster.create("a", &[&[1, 2]]);
    cluster.set_isr("a", &[1]);
    cluster.wait_with(9_001, &[2]);
    let state = cluster.partition("a", 0);
    assert_eq!((state.leader, state.isr, state.elr), (-1, vec![1], vec![]));
    cluster.register(&registration(1, 2));
    assert_eq!(cluster.partition("a", 0).isr, [1]);
    cluster.beat(1);
    assert_eq!(cluster.partition("a", 0).leader, 1);
}

#[test]
fn an_unclean_election_takes_any_live_replica_where_the_topic_allows_it() {
    let mut cluster = Cluster::of(3);
    let allowed = [("unclean.leader.election.enable", "true")];
    cluster.create_with("a", &[&[1, 2, 3]], &allowed);
    cluster.create("b", &[&[1, 2, 3]]);
    cluster.set_isr("a", &[1]);
    cluster.set_isr("b", &[1]);
    cluster.wait_with(9_001, &[2, 3]);
    let state = cluster.partition("a", 0);
    assert_eq!(
        (state.leader, state.isr, state.recovering),
        (2, vec![2], true)
    );
    assert_eq!(cluster.partition("b", 0).leader, -1);
}

#[test]
fn a_new_controller_gives_every_broker_a_whole_session() {
    let mut cluster = Cluster::of(2);
    cluster.now_ms += 8_999;
    cluster.elect_controller(8);
    cluster.wait(9_000);
    assert!(!cluster.is_fenced(1) && !cluster.is_fenced(2));
    cluster.wait(1);
    assert!(cluster.is_fenced(1) && cluster.is_fenced(2));
}

#[test]
fn a_broker_that_asks_for_it_is_fenced() {
    let mut cluster = Cluster::of(2);
    cluster.create("a", &[&[1, 2]]);
    let request = BrokerHeartbeatRequest {
        want_fence: true,
        ..cluster.heartbeat(1)
    };
    let answer: BrokerHeartbeatResponse = cluster.submit(request);
    assert!(answer.is_fenced && !answer.should_shut_down && cluster.is_fenced(1));
    assert_eq!(cluster.partition("a", 0).leader, 2);
}

#[test]
fn replicas_on_a_lost_disk_neither_lead_nor_stay_in_sync() {
    let mut cluster = Cluster::empty(settings());
    let mut request = registration(1, 1);
    let other = Uuid(4_711_u128.to_be_bytes());
    request.log_dirs.push(other);
    cluster.register(&request);
    cluster.beat(1);
    cluster.start(2, 2);
    cluster.create("a", &[&[2, 1], &[1, 2]]);
    // A broker with two disks has yet to choose; one with a single disk has not.
    assert_eq!(cluster.partition("a", 0).directories, [dir(2), Uuid::ZERO]);
    let request = BrokerHeartbeatRequest {
        offline_log_dirs: vec![dir(2)],
        ..cluster.heartbeat(2)
    };
    let _: BrokerHeartbeatResponse = cluster.submit(request.clone());
    for index in [0, 1] {
        let state = cluster.partition("a", index);
        assert_eq!((state.leader, state.isr), (1, vec![1]));
    }
    let before = cluster.image.clone();
    let _: BrokerHeartbeatResponse = cluster.submit(request);
    assert_eq!(cluster.image, before, "told once");
}

#[test]
fn leadership_returns_to_preferred_replicas_after_a_while() {
    let mut cluster = Cluster::of(3);
    cluster.create("a", &[&[1, 2, 3]]);
    cluster.wait_with(9_001, &[2, 3]);
    assert_eq!(cluster.partition("a", 0).leader, 2);
    cluster.beat(1);
    cluster.set_isr("a", &[2, 3, 1]);
    cluster.wait_with(280_000, &[1, 2, 3]);
    assert_eq!(cluster.partition("a", 0).leader, 2);
    cluster.wait_with(20_000, &[1, 2, 3]);
    assert_eq!(cluster.partition("a", 0).leader, 1);
}

#[test]
fn leadership_stays_where_balancing_is_off() {
    let off = ControllerSettings {
        auto_leader_rebalance_enable: false,
        ..settings()
    };
    let mut cluster = Cluster::with(3, off);
    cluster.create("a", &[&[1, 2, 3]]);
    cluster.wait_with(9_001, &[2, 3]);
    cluster.beat(1);
    cluster.set_isr("a", &[2, 3, 1]);
    cluster.wait_with(400_000, &[1, 2, 3]);
    assert_eq!(cluster.partition("a", 0).leader, 2);
}

#[test]
fn a_replica_on_a_lost_disk_does_not_come_back_into_the_isr() {
    let mut cluster = Cluster::of(2);
    cluster.create("a", &[&[2, 1]]);
    let request = BrokerHeartbeatRequest {
        offline_log_dirs: vec![dir(1)],
        ..cluster.heartbeat(1)
    };
    let _: BrokerHeartbeatResponse = cluster.submit(request);
    assert_eq!(cluster.partition("a", 0).isr, [2]);
    let done = cluster.alter(cluster.alteration("a", &[2, 1]));
    assert_eq!(done.error_code, ErrorCode::INELIGIBLE_REPLICA);
}

#[test]
fn a_broker_with_a_new_disk_starts_its_replicas_anew() {
    let mut cluster = Cluster::of(2);
    cluster.create("a", &[&[2, 1]]);
    cluster.wait_with(9_001, &[2]);
    let mut request = registration(1, 2);
    request.log_dirs = vec![Uuid([9; 16])];
    cluster.register(&request);
    cluster.beat(1);
    // Where its replicas lie now the broker says itself; before that they are not in sync.
    assert_eq!(cluster.partition("a", 0).directories, [dir(2), dir(1)]);
    let done = cluster.alter(cluster.alteration("a", &[2, 1]));
    assert_eq!(done.error_code, ErrorCode::INELIGIBLE_REPLICA);
    let topic = cluster.image.topics["a"].id;
    let epoch = cluster.epoch(1);
    let _: AssignReplicasToDirsResponse =
        cluster.submit(placed((1, epoch), Uuid([9; 16]), (topic, 0)));
    cluster.set_isr("a", &[2, 1]);
}
