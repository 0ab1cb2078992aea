//! Metadata over images made by hand (rules 9 to 11).

use std::sync::LazyLock;

use broker::api::metadata::{View, describe};
use broker::meta::image::Image;
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::metadata::{
    MetadataRequestTopic, MetadataResponseBroker, MetadataResponsePartition,
};
use broker::wire::messages::{MetadataRequest, MetadataResponse};
use broker::wire::uuid::Uuid;

use super::cluster::{Cluster, DIRECTORY, partition};

/// The node that answers.
static OWN: LazyLock<MetadataResponseBroker> = LazyLock::new(|| MetadataResponseBroker {
    node_id: 1,
    host: "broker-1".to_owned(),
    port: 9092,
    ..MetadataResponseBroker::default()
});

fn view<'a>(image: &'a Image, listener: &'a str, version: i16) -> View<'a> {
    View {
        image,
        cluster_id: "a-cluster",
        listener,
        own: &OWN,
        version,
    }
}

fn named(names: &[&str]) -> MetadataRequest {
    let topic = |name: &&str| MetadataRequestTopic {
        name: Some((*name).to_owned()),
        ..MetadataRequestTopic::default()
    };
    MetadataRequest {
        topics: Some(names.iter().map(topic).collect()),
        ..MetadataRequest::default()
    }
}

fn by_id(id: Uuid) -> MetadataRequest {
    MetadataRequest {
        topics: Some(vec![MetadataRequestTopic {
            topic_id: id,
            ..MetadataRequestTopic::default()
        }]),
        ..MetadataRequest::default()
    }
}

fn only_partition(response: &MetadataResponse) -> &MetadataResponsePartition {
    &response.topics[0].partitions[0]
}

#[test]
fn where_every_broker_is_fenced_the_one_that_answers_is_listed_so_that_clients_have_whom_to_ask() {
    let mut cluster = Cluster::of(3);
    cluster.topic("orders", &[partition(&[1, 2, 3])]);
    for id in 1..=3 {
        cluster.fence(id, true);
    }
    let image = Image::default();
    for image in [&cluster.0, &image] {
        let response = describe(&view(image, "PLAINTEXT", 13), &named(&["orders"]));
        assert_eq!(response.brokers, std::slice::from_ref(&*OWN));
        assert_eq!(response.controller_id, -1);
    }
}

#[test]
fn two_of_five_brokers_fenced_are_not_listed_and_their_replicas_are_offline() {
    let mut cluster = Cluster::of(5);
    let mut state = partition(&[1, 4, 5]);
    state.isr = vec![1];
    cluster.topic("orders", &[state]);
    cluster.fence(4, true);
    cluster.fence(5, true);
    let response = describe(&view(&cluster.0, "PLAINTEXT", 13), &named(&["orders"]));
    let ids: Vec<i32> = response.brokers.iter().map(|one| one.node_id).collect();
    assert_eq!(ids, [1, 2, 3], "rule 11");
    let partition = only_partition(&response);
    assert_eq!(partition.offline_replicas, [4, 5]);
    assert_eq!((partition.leader_id, partition.leader_epoch), (1, 3));
    assert_eq!(partition.error_code, ErrorCode::NONE);
    assert_eq!(response.controller_id, 1, "this node forwards");
}

#[test]
fn a_partition_without_a_leader_says_so_and_keeps_its_replicas() {
    let mut cluster = Cluster::of(2);
    let mut state = partition(&[1, 2]);
    state.leader = -1;
    cluster.topic("orders", &[state]);
    let response = describe(&view(&cluster.0, "PLAINTEXT", 13), &named(&["orders"]));
    let partition = only_partition(&response);
    assert_eq!(partition.error_code, ErrorCode::LEADER_NOT_AVAILABLE);
    assert_eq!(partition.leader_id, -1);
    assert_eq!(partition.replica_nodes, [1, 2]);
    assert_eq!(response.topics[0].error_code, ErrorCode::NONE);
}

#[test]
fn a_listener_tells_its_own_addresses_and_lacks_the_leaders_that_are_not_on_it() {
    let mut cluster = Cluster::of(3);
    cluster.topic("orders", &[partition(&[2, 3])]);
    let inside = |version| describe(&view(&cluster.0, "INSIDE", version), &named(&["orders"]));
    let hosts: Vec<_> = inside(13)
        .brokers
        .iter()
        .map(|one| one.host.clone())
        .collect();
    assert_eq!(hosts, ["inside-1", "inside-3"], "KIP-103");
    let (new, old) = (inside(6), inside(5));
    assert_eq!(
        only_partition(&new).error_code,
        ErrorCode::LISTENER_NOT_FOUND
    );
    assert_eq!(
        only_partition(&old).error_code,
        ErrorCode::LEADER_NOT_AVAILABLE
    );
    assert_eq!(only_partition(&new).leader_id, -1);
    assert_eq!(only_partition(&new).offline_replicas, [2]);
}

#[test]
fn a_replica_on_a_failed_directory_is_offline() {
    let mut cluster = Cluster::of(2);
    let mut state = partition(&[1, 2]);
    state.directories = vec![DIRECTORY, Uuid([9; 16])];
    cluster.topic("orders", &[state]);
    let response = describe(&view(&cluster.0, "PLAINTEXT", 13), &named(&["orders"]));
    assert_eq!(only_partition(&response).offline_replicas, [2], "KIP-112");
}

#[test]
fn unknown_topics_are_told_by_name_or_by_id() {
    let mut cluster = Cluster::of(1);
    let id = cluster.topic("orders", &[partition(&[1])]);
    let ask = |request: &MetadataRequest, version| {
        let response = describe(&view(&cluster.0, "PLAINTEXT", version), request);
        let topic = &response.topics[0];
        (topic.error_code, topic.name.clone(), topic.topic_id)
    };
    let orders = Some("orders".to_owned());
    assert_eq!(ask(&by_id(id), 12), (ErrorCode::NONE, orders, id));
    let other = Uuid([1; 16]);
    assert_eq!(
        ask(&by_id(other), 12),
        (ErrorCode::UNKNOWN_TOPIC_ID, None, other)
    );
    assert_eq!(ask(&by_id(id), 11).0, ErrorCode::INVALID_REQUEST, "rule 9");
    assert_eq!(
        ask(&named(&["nope"]), 12).0,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
    );
    assert_eq!(
        ask(&named(&["a b"]), 12).0,
        ErrorCode::INVALID_TOPIC_EXCEPTION
    );
    assert_eq!(ask(&named(&[""]), 12).0, ErrorCode::INVALID_TOPIC_EXCEPTION);
}

#[test]
fn version_0_reads_empty_as_all_and_later_ones_null() {
    let mut cluster = Cluster::of(1);
    cluster.topic("a", &[partition(&[1])]);
    cluster.topic("__consumer_offsets", &[partition(&[1])]);
    let all = MetadataRequest {
        topics: None,
        ..MetadataRequest::default()
    };
    let count = |request: &MetadataRequest, version| {
        describe(&view(&cluster.0, "PLAINTEXT", version), request)
            .topics
            .len()
    };
    assert_eq!(count(&named(&[]), 0), 2, "rule 9");
    assert_eq!(count(&named(&[]), 1), 0);
    assert_eq!(count(&all, 1), 2);
    assert_eq!(count(&named(&["a", "a"]), 12), 1, "named twice, told once");
    let response = describe(&view(&cluster.0, "PLAINTEXT", 12), &all);
    let internal: Vec<_> = response.topics.iter().map(|one| one.is_internal).collect();
    assert_eq!(internal, [true, false]);
}

#[test]
fn operations_are_told_only_where_asked_for() {
    let mut cluster = Cluster::of(1);
    cluster.topic("a", &[partition(&[1])]);
    let ask = |asked| {
        let request = MetadataRequest {
            include_cluster_authorized_operations: asked,
            include_topic_authorized_operations: asked,
            ..named(&["a"])
        };
        let response = describe(&view(&cluster.0, "PLAINTEXT", 8), &request);
        (
            response.cluster_authorized_operations,
            response.topics[0].topic_authorized_operations,
        )
    };
    assert_eq!(ask(false), (i32::MIN, i32::MIN));
    assert_eq!(ask(true), (8096, 3576), "as Kafka without an authorizer");
}
