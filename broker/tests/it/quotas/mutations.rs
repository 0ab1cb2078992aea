//! Quotas on changes of topics (KIP-599): a bucket may be overdrawn once; then clients that know the error are
//! refused, and older ones wait. The controller counts, whichever broker is asked.

use broker::wire::error_code::ErrorCode;
use broker::wire::messages::create_partitions::CreatePartitionsTopic;
use broker::wire::messages::create_topics::CreatableTopic;
use broker::wire::messages::delete_topics::DeleteTopicState;
use broker::wire::messages::{CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest};

use super::settings::set;
use crate::support::cluster::{Cluster, until};

fn create(name: &str, partitions: i32) -> CreateTopicsRequest {
    CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: name.to_owned(),
            num_partitions: partitions,
            replication_factor: 1,
            ..CreatableTopic::default()
        }],
        timeout_ms: 30_000,
        ..CreateTopicsRequest::default()
    }
}

fn grow(name: &str, count: i32) -> CreatePartitionsRequest {
    CreatePartitionsRequest {
        topics: vec![CreatePartitionsTopic {
            name: name.to_owned(),
            count,
            assignments: None,
            ..CreatePartitionsTopic::default()
        }],
        timeout_ms: 30_000,
        ..CreatePartitionsRequest::default()
    }
}

fn delete(name: &str) -> DeleteTopicsRequest {
    DeleteTopicsRequest {
        topics: vec![DeleteTopicState {
            name: Some(name.to_owned()),
            ..DeleteTopicState::default()
        }],
        timeout_ms: 30_000,
        ..DeleteTopicsRequest::default()
    }
}

/// Hours to make up for one partition: nothing becomes free while a test runs.
const SLOW: f64 = 0.000_1;

#[tokio::test(flavor = "multi_thread")]
async fn an_overdrawn_client_is_refused_whatever_it_changes_through_any_broker() {
    let cluster = Cluster::start(2).await;
    let mut admin = cluster.client(1).await;
    let who = [("user", Some("ANONYMOUS"))];
    set(&mut admin, &who, "controller_mutation_rate", Some(SLOW)).await;
    let quotas = || cluster.node(2).image().client_quotas.iter().count() == 1;
    until("node 2 knows the quota", quotas).await;

    let mut one = cluster.client(1).await;
    let first = one.ask(&create("first", 3), 7).await;
    assert_eq!(
        first.topics[0].error_code,
        ErrorCode::NONE,
        "it is overdrawn once"
    );
    assert_eq!(first.throttle_time_ms, 0);
    let known = || cluster.node(2).image().topics.contains_key("first");
    until("node 2 knows the topic", known).await;

    let exceeded = ErrorCode::THROTTLING_QUOTA_EXCEEDED;
    let refused = one.ask(&create("second", 1), 7).await;
    assert_eq!(refused.topics[0].error_code, exceeded);
    assert!(
        refused.throttle_time_ms > 60_000,
        "{}",
        refused.throttle_time_ms
    );
    let mut other = cluster.client(2).await;
    let grown = other.ask(&grow("first", 4), 3).await;
    assert_eq!(grown.results[0].error_code, exceeded);
    let mut third = cluster.client(2).await;
    let deleted = third.ask(&delete("first"), 6).await;
    assert_eq!(deleted.responses[0].error_code, exceeded);
    assert!(cluster.node(1).image().topics.contains_key("first"));
    assert!(!cluster.node(1).image().topics.contains_key("second"));

    // Without a quota everything goes again; who was muted must connect anew.
    set(&mut admin, &who, "controller_mutation_rate", None).await;
    let mut fourth = cluster.client(1).await;
    let deleted = fourth.ask(&delete("first"), 6).await;
    assert_eq!(deleted.responses[0].error_code, ErrorCode::NONE);
    assert_eq!(deleted.throttle_time_ms, 0);
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_too_old_for_the_error_is_served_and_muted_and_trials_cost_nothing() {
    let cluster = Cluster::start(1).await;
    let mut admin = cluster.client(1).await;
    let who = [("client-id", Some("test"))];
    set(&mut admin, &who, "controller_mutation_rate", Some(SLOW)).await;
    let mut client = cluster.client(1).await;
    for _ in 0..3 {
        let trial = CreateTopicsRequest {
            validate_only: true,
            ..create("trial", 5)
        };
        let tried = client.ask(&trial, 7).await;
        assert_eq!(tried.topics[0].error_code, ErrorCode::NONE);
    }
    let made = client.ask(&create("old", 2), 5).await;
    assert_eq!(made.topics[0].error_code, ErrorCode::NONE);
    assert!(made.throttle_time_ms > 60_000);
    let mut another = cluster.client(1).await;
    let made = another.ask(&create("older", 1), 5).await;
    assert_eq!(made.topics[0].error_code, ErrorCode::NONE);
    assert!(made.throttle_time_ms > 60_000);
    let text = cluster.node(1).metrics_text();
    let counted = "throttled_requests_total{quota=\"controller_mutation_rate\"} 2";
    assert!(text.contains(counted), "{text}");
    cluster.end().await;
}
