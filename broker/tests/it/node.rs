//! Whole nodes: start, register, serve, stop, start again.

use broker::wire::error_code::ErrorCode;
use broker::wire::messages::{ApiVersionsRequest, DescribeClusterRequest, MetadataRequest};
use tokio::time::timeout;

use crate::support::client::{Client, PATIENCE};
use crate::support::cluster::{Cluster, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_alone_registers_serves_and_starts_again() {
    let mut cluster = Cluster::start(1).await;
    let id = cluster.node(1).cluster_id().to_owned();
    let first = cluster.node(1).image().brokers[&1].clone();
    assert!(!first.fenced);
    let mut client = cluster.client(1).await;
    let metadata = client.ask(&MetadataRequest::default(), 12).await;
    let brokers: Vec<_> = metadata
        .brokers
        .iter()
        .map(|broker| (broker.node_id, broker.port))
        .collect();
    let port = i32::from(cluster.address(1).port());
    assert_eq!(brokers, [(1, port)]);
    cluster.stop(1).await;
    assert!(client.is_closed().await);

    cluster.launch(1).await;
    cluster.all_serving().await;
    let again = cluster.node(1).image().brokers[&1].clone();
    assert_eq!(cluster.node(1).cluster_id(), id);
    assert!(again.epoch > first.epoch, "a new registration");
    assert_eq!(
        again.registration.log_dirs, first.registration.log_dirs,
        "the directory keeps its identity"
    );
    assert_ne!(
        again.registration.incarnation,
        first.registration.incarnation
    );
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_know_each_other_and_notice_one_that_leaves() {
    let mut cluster = Cluster::start(3).await;
    for id in cluster.ids() {
        let node = cluster.node(id);
        until("three members", || {
            let image = node.image();
            image.brokers.values().filter(|known| !known.fenced).count() == 3
        })
        .await;
    }
    cluster.stop(3).await;
    let node = cluster.node(1);
    until("node 3 is fenced or in shutdown", || {
        let known = node.image().brokers[&3].clone();
        known.fenced || known.in_controlled_shutdown
    })
    .await;
    cluster.launch(3).await;
    cluster.all_serving().await;
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_vanishes_is_fenced_when_its_session_is_over() {
    let mut cluster = Cluster::start(3).await;
    cluster.stop_at_once(2).await;
    let node = cluster.node(1);
    until("node 2 is fenced", || node.image().brokers[&2].fenced).await;
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_controllers_listener_serves_controllers_only() {
    let cluster = Cluster::start(1).await;
    let mut client = Client::connect(cluster.controller_address(1)).await;
    let versions = client.ask(&ApiVersionsRequest::default(), 0).await;
    let keys: Vec<i16> = versions.api_keys.iter().map(|api| api.api_key.0).collect();
    assert!(keys.contains(&60) && !keys.contains(&3), "{keys:?}");
    let request = DescribeClusterRequest {
        endpoint_type: 2,
        ..DescribeClusterRequest::default()
    };
    let described = client.ask(&request, 1).await;
    assert_eq!(described.error_code, ErrorCode::NONE);
    client.send(&MetadataRequest::default(), 12).await;
    assert!(client.is_closed().await);
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_in_use_is_refused_and_free_after_the_stop() {
    let mut cluster = Cluster::start(1).await;
    let text = std::fs::read_to_string(cluster.log_dir(1).join("meta.properties")).unwrap();
    let values = [
        ("node.id", "1"),
        ("process.roles", "broker,controller"),
        ("controller.listener.names", "CONTROLLER"),
        ("controller.quorum.voters", "1@127.0.0.1:1"),
        (
            "listeners",
            "PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0",
        ),
    ];
    let mut values: std::collections::BTreeMap<String, String> = values
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    let dir = cluster.log_dir(1).display().to_string();
    values.insert("log.dirs".to_owned(), dir);
    let start = |values: &std::collections::BTreeMap<String, String>| {
        let config = broker::NodeConfig::from_values(values).unwrap();
        async move { broker::run(config).await }
    };
    let refused = start(&values).await.unwrap_err().to_string();
    assert!(refused.contains("another process"), "{refused}");
    cluster.stop(1).await;

    for (key, value, told) in [
        ("node.id", "7", ["node 1", "node 7"]),
        (
            "lookout.cluster.id",
            "other",
            ["a-cluster-of-a-test-00", "other"],
        ),
    ] {
        let mut values = values.clone();
        values.insert(key.to_owned(), value.to_owned());
        values.insert(
            "controller.quorum.voters".to_owned(),
            "1@h:1,7@h:1".to_owned(),
        );
        let refused = start(&values).await.unwrap_err().to_string();
        assert!(told.iter().all(|part| refused.contains(part)), "{refused}");
    }
    let newer = text.replace("version=1", "version=2");
    std::fs::write(cluster.log_dir(1).join("meta.properties"), &newer).unwrap();
    let refused = start(&values).await.unwrap_err().to_string();
    assert!(refused.contains("version 2"), "{refused}");
    let left = std::fs::read_to_string(cluster.log_dir(1).join("meta.properties")).unwrap();
    assert_eq!(left, newer, "untouched");
    std::fs::write(cluster.log_dir(1).join("meta.properties"), &text).unwrap();
    cluster.launch(1).await;
    let served = timeout(PATIENCE, cluster.node(1).serving()).await;
    assert!(served.is_ok());
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_never_registered_says_so_and_cannot_go_on() {
    let key = "initial.broker.registration.timeout.ms";
    let mut cluster = Cluster::planned(2, &[(key, "500")]);
    // Alone it is no majority, and nobody registers anybody.
    cluster.launch(1).await;
    let why = timeout(PATIENCE, cluster.node(1).failed()).await.unwrap();
    assert!(why.contains(key) && why.contains("500ms"), "{why}");
    cluster.end().await;
}
