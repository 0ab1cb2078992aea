//! Throttles of replication: a replica that is added is copied as slowly as its node's keys say, on either
//! side; those in sync notice nothing (KIP-73).

use std::time::{Duration, Instant};

use broker::wire::error_code::ErrorCode;
use broker::wire::messages::AlterPartitionReassignmentsRequest;
use broker::wire::messages::alter_partition_reassignments::{
    ReassignablePartition, ReassignableTopic,
};

use super::{configure, create, produce};
use crate::support::client::Client;
use crate::support::cluster::{Cluster, until};

const RATE: u32 = 200_000;
const RECORD_BYTES: u32 = 100_000;
const RECORDS: u32 = 8;

/// Gives partition 0 of a topic other replicas.
async fn reassign(client: &mut Client, name: &str, replicas: &[i32]) {
    let request = AlterPartitionReassignmentsRequest {
        timeout_ms: 30_000,
        topics: vec![ReassignableTopic {
            name: name.to_owned(),
            partitions: vec![ReassignablePartition {
                partition_index: 0,
                replicas: Some(replicas.to_vec()),
                ..ReassignablePartition::default()
            }],
            ..ReassignableTopic::default()
        }],
        ..AlterPartitionReassignmentsRequest::default()
    };
    let answer = client.ask(&request, 1).await;
    let answer = &answer.responses[0].partitions[0];
    assert_eq!(
        answer.error_code,
        ErrorCode::NONE,
        "{:?}",
        answer.error_message
    );
}

/// Bytes that a node has of a topic's first partition.
fn size(cluster: &Cluster, id: i32, topic: &str) -> u32 {
    let name = format!("kafka_log_log_size{{topic=\"{topic}\",partition=\"0\"}} ");
    let text = cluster.node(id).metrics_text();
    let line = text.lines().find_map(|line| line.strip_prefix(&name));
    line.map_or(0, |size| size.parse().unwrap())
}

fn is_in_sync(cluster: &Cluster, id: i32, topic: &str) -> bool {
    let image = cluster.node(1).image();
    let state = image.partition(topic, 0).unwrap();
    state.isr.contains(&id) && state.adding.is_empty()
}

/// Copies a partition from node 1 to node 2 under a throttle of one side.
async fn is_throttled_by(rate_key: &str, (replicas_key, listed): (&str, &str)) {
    let cluster = Cluster::start(2).await;
    let mut client = cluster.client(1).await;
    create(&mut client, "moved", &[&[1]]).await;
    for _ in 0..RECORDS {
        produce(&mut client, "moved", 1, RECORD_BYTES).await;
    }
    configure(&mut client, (4, ""), rate_key, &RATE.to_string()).await;
    configure(&mut client, (2, "moved"), replicas_key, listed).await;
    let ready = || {
        let ours = |id| cluster.node(id).image().configs.len() >= 2;
        ours(1) && ours(2)
    };
    until("the nodes know the throttle", ready).await;
    let (began, held) = (Instant::now(), Duration::from_millis(1_500));
    reassign(&mut client, "moved", &[1, 2]).await;
    until("the first records are there", || {
        size(&cluster, 2, "moved") > 0
    })
    .await;
    let (mut most, whole) = (0, RECORDS * RECORD_BYTES);
    while began.elapsed() < held {
        let seconds = began.elapsed().as_secs_f64();
        let copied = size(&cluster, 2, "moved");
        // A second's worth at once, then by the second, and a record beyond it.
        let allowed = f64::from(RATE) * (2.0 + seconds) + 1.1 * f64::from(RECORD_BYTES);
        most = most.max(copied);
        let late = began.elapsed().as_secs_f64() - seconds > 0.5;
        assert!(
            late || f64::from(copied) <= allowed,
            "{copied} bytes after {seconds} s"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(most < whole, "all of it was there after {held:?}");
    configure(&mut client, (4, ""), rate_key, "").await;
    until("the rest comes once the throttle is gone", || {
        is_in_sync(&cluster, 2, "moved")
    })
    .await;
    assert!(size(&cluster, 2, "moved") >= whole);
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_gives_new_replicas_no_more_than_its_rate() {
    let listed = ("leader.replication.throttled.replicas", "0:1");
    is_throttled_by("leader.replication.throttled.rate", listed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_takes_no_more_for_new_replicas_than_its_rate() {
    let listed = ("follower.replication.throttled.replicas", "*");
    is_throttled_by("follower.replication.throttled.rate", listed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_in_sync_are_not_held_back_and_other_topics_neither() {
    let cluster = Cluster::start(2).await;
    let mut client = cluster.client(1).await;
    create(&mut client, "synced", &[&[1, 2]]).await;
    create(&mut client, "free", &[&[1]]).await;
    create(&mut client, "held", &[&[1]]).await;
    produce(&mut client, "free", 1, RECORD_BYTES).await;
    produce(&mut client, "held", 1, RECORD_BYTES).await;
    for side in ["leader", "follower"] {
        let rate = format!("{side}.replication.throttled.rate");
        configure(&mut client, (4, ""), &rate, "0").await;
        for topic in ["synced", "held"] {
            let replicas = format!("{side}.replication.throttled.replicas");
            configure(&mut client, (2, topic), &replicas, "*").await;
        }
    }
    let offset = cluster.node(1).image().offset;
    until("node 2 knows the throttle", || {
        cluster.node(2).image().offset >= offset
    })
    .await;
    reassign(&mut client, "held", &[1, 2]).await;
    reassign(&mut client, "free", &[1, 2]).await;
    for _ in 0..RECORDS {
        produce(&mut client, "synced", -1, RECORD_BYTES).await;
    }
    until("what is not listed is copied", || {
        is_in_sync(&cluster, 2, "free")
    })
    .await;
    assert_eq!(
        size(&cluster, 2, "held"),
        0,
        "a rate of zero lets nothing through"
    );
    assert!(!is_in_sync(&cluster, 2, "held"));
    cluster.end().await;
}
