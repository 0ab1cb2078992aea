//! Eligible leader replicas (rule 45, KIP-966).

use broker::wire::messages::{BrokerRegistrationRequest, IncrementalAlterConfigsResponse};

use super::cluster::{Cluster, registration};
use super::configs::{SET, alteration};

/// Replicas 1, 2, 3 with a minimum ISR of 2.
fn cluster() -> Cluster {
    let mut cluster = Cluster::of(3);
    cluster.create_with("a", &[&[1, 2, 3]], &[("min.insync.replicas", "2")]);
    cluster
}

#[test]
fn above_the_minimum_nobody_else_is_eligible() {
    let mut cluster = cluster();
    cluster.wait_with(9_001, &[1, 2]);
    let state = cluster.partition("a", 0);
    assert_eq!((state.isr, state.elr), (vec![1, 2], vec![]));
}

#[test]
fn who_leaves_below_the_minimum_stays_eligible() {
    let mut cluster = cluster();
    cluster.wait_with(9_001, &[1, 2]);
    cluster.wait_with(9_001, &[1]);
    let state = cluster.partition("a", 0);
    assert_eq!((state.leader, state.isr, state.elr), (1, vec![1], vec![2]));
}

#[test]
fn the_isr_may_become_empty_and_the_last_leader_is_remembered() {
    let mut cluster = cluster();
    cluster.wait_with(9_001, &[1, 2]);
    cluster.wait_with(9_001, &[1]);
    cluster.wait(9_001);
    let state = cluster.partition("a", 0);
    assert_eq!((state.leader, state.isr), (-1, vec![]));
    assert_eq!((state.elr, state.last_known_elr), (vec![1, 2], vec![1]));
}

#[test]
fn an_eligible_replica_leads_cleanly_once_the_isr_is_empty() {
    let mut cluster = cluster();
    cluster.wait_with(9_001, &[1, 2]);
    cluster.wait_with(9_001, &[1]);
    cluster.wait(9_001);
    cluster.beat(3);
    assert_eq!(cluster.partition("a", 0).leader, -1, "3 was out of sync");
    cluster.beat(2);
    let state = cluster.partition("a", 0);
    assert_eq!((state.leader, state.isr, state.elr), (2, vec![2], vec![1]));
    assert!(!state.recovering && state.last_known_elr.is_empty());
}

#[test]
fn an_eligible_replica_that_did_not_stop_in_order_is_eligible_no_more() {
    let mut cluster = cluster();
    cluster.wait_with(9_001, &[1, 2]);
    cluster.wait_with(9_001, &[1]);
    cluster.register(&registration(2, 20));
    let state = cluster.partition("a", 0);
    assert_eq!((state.isr, state.elr), (vec![1], vec![]));
}

#[test]
fn an_eligible_replica_that_stopped_in_order_stays_eligible() {
    let mut cluster = cluster();
    cluster.wait_with(9_001, &[1, 2]);
    cluster.wait_with(9_001, &[1]);
    let request = BrokerRegistrationRequest {
        previous_broker_epoch: cluster.epoch(2),
        ..registration(2, 20)
    };
    cluster.register(&request);
    assert_eq!(cluster.partition("a", 0).elr, [2]);
}

#[test]
fn with_nobody_eligible_left_the_last_leader_leads_uncleanly() {
    let mut cluster = cluster();
    cluster.wait_with(9_001, &[1, 2]);
    cluster.wait_with(9_001, &[1]);
    cluster.wait(9_001);
    cluster.start(2, 20);
    cluster.register(&registration(1, 10));
    let state = cluster.partition("a", 0);
    assert_eq!((state.leader, state.isr, state.elr), (-1, vec![], vec![]));
    assert_eq!(state.last_known_elr, [1]);
    cluster.beat(1);
    let state = cluster.partition("a", 0);
    assert_eq!(
        (state.leader, state.isr, state.recovering),
        (1, vec![1], true)
    );
    assert!(state.last_known_elr.is_empty());
}

#[test]
fn a_lower_minimum_ends_eligibility() {
    let mut cluster = cluster();
    cluster.wait_with(9_001, &[1, 2]);
    cluster.wait_with(9_001, &[1]);
    assert_eq!(cluster.partition("a", 0).elr, [2]);
    let request = alteration(2, "a", &[("min.insync.replicas", SET, Some("1"))]);
    let _: IncrementalAlterConfigsResponse = cluster.submit(request);
    assert!(cluster.partition("a", 0).elr.is_empty());
}
