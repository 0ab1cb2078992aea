//! Clients above their quotas: they are told for how long their connections are muted, at once, and are not
//! heard meanwhile (KIP-219). Times are only ever held from below: a slow machine changes nothing.

use std::time::{Duration, Instant};

use broker::wire::messages::fetch::{FetchPartition, FetchTopic};
use broker::wire::messages::{
    ApiVersionsRequest, FetchRequest, FetchResponse, MetadataRequest, ProduceResponse,
};
use tokio::time::timeout;

use super::settings::set;
use super::{create, produce, write};
use crate::support::client::{Client, PATIENCE};
use crate::support::cluster::Cluster;

const RECORD_BYTES: u32 = 100_000;

fn fetch(max_wait_ms: i32) -> FetchRequest {
    FetchRequest {
        max_wait_ms,
        min_bytes: 1,
        max_bytes: i32::MAX,
        topics: vec![FetchTopic {
            topic: "t".to_owned(),
            partitions: vec![FetchPartition {
                current_leader_epoch: -1,
                partition_max_bytes: i32::MAX,
                ..FetchPartition::default()
            }],
            ..FetchTopic::default()
        }],
        ..FetchRequest::default()
    }
}

fn bytes(answer: &FetchResponse) -> usize {
    let partitions = answer.responses.iter().flat_map(|topic| &topic.partitions);
    let records = partitions.filter_map(|partition| partition.records.as_ref());
    records.map(bytes::Bytes::len).sum()
}

/// Waits through a throttle.
async fn next_answer(client: &mut Client) {
    client.ask(&ApiVersionsRequest::default(), 0).await;
}

/// A node with a topic that its first client has written to, without any quota.
async fn started(records: usize) -> (Cluster, Client) {
    let cluster = Cluster::with(1, &[("quota.window.num", "3")]).await;
    let mut client = cluster.client(1).await;
    create(&mut client, "t", &[&[1]]).await;
    for _ in 0..records {
        produce(&mut client, "t", 1, RECORD_BYTES).await;
    }
    (cluster, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_producer_above_its_rate_is_told_at_once_and_muted_for_as_long() {
    let (cluster, mut admin) = started(1).await;
    set(
        &mut admin,
        &[("client-id", Some("test"))],
        "producer_byte_rate",
        Some(50_000.0),
    )
    .await;
    let mut client = cluster.client(1).await;
    let request = write("t", 1, RECORD_BYTES);
    // Two seconds' worth are let through at once.
    let mut told = Vec::new();
    let mut asked = Instant::now();
    for _ in 0..3 {
        asked = Instant::now();
        let answer: ProduceResponse = client.ask(&request, 9).await;
        assert!(
            answer.responses[0].partition_responses[0]
                .error_code
                .is_ok()
        );
        told.push(answer.throttle_time_ms);
        if answer.throttle_time_ms > 0 {
            break;
        }
    }
    let ms = *told.last().unwrap();
    assert!(told.len() <= 2 && ms > 0, "{told:?}");
    next_answer(&mut client).await;
    // From before the question: the answer may have been long under way.
    let quiet = asked.elapsed();
    let least = Duration::from_millis(u64::try_from(ms).unwrap() * 9 / 10);
    assert!(quiet >= least, "heard again after {quiet:?}, told {ms} ms");
    let text = cluster.node(1).metrics_text();
    let counted = "clientquota_throttled_requests_total{quota=\"producer_byte_rate\"} 1";
    assert!(text.contains(counted), "{text}");
    set(
        &mut admin,
        &[("client-id", Some("test"))],
        "producer_byte_rate",
        None,
    )
    .await;
    let answer = client.ask(&request, 9).await;
    assert_eq!(answer.throttle_time_ms, 0, "the quota is gone");
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_acknowledgements_a_producer_is_muted_all_the_same() {
    let (cluster, mut admin) = started(1).await;
    set(
        &mut admin,
        &[("user", Some("ANONYMOUS"))],
        "producer_byte_rate",
        Some(20_000.0),
    )
    .await;
    let mut client = cluster.client(1).await;
    for _ in 0..2 {
        client.send(&write("t", 0, RECORD_BYTES), 9).await;
    }
    // Two records are ten seconds' worth, of which two are free.
    let request = ApiVersionsRequest::default();
    let early = timeout(Duration::from_secs(2), client.ask(&request, 0)).await;
    assert!(early.is_err(), "it is muted");
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_above_its_rate_gets_nothing_but_the_time_and_all_of_it_later() {
    let (cluster, mut admin) = started(4).await;
    // Two windows' worth in one answer at most: one record, as a batch is given whole.
    set(
        &mut admin,
        &[("user", None)],
        "consumer_byte_rate",
        Some(60_000.0),
    )
    .await;
    let mut client = cluster.client(1).await;
    let (mut given, mut empty) = (0, 0);
    let began = Instant::now();
    while given < 3 * RECORD_BYTES as usize {
        assert!(
            began.elapsed() < PATIENCE,
            "{given} bytes, {empty} empty answers"
        );
        let answer = client.ask(&fetch(0), 11).await;
        if answer.throttle_time_ms > 0 {
            assert_eq!(bytes(&answer), 0);
            empty += 1;
        } else {
            given += bytes(&answer);
        }
    }
    // What three windows of a second hold comes at once, the rest with the time.
    let seconds = began.elapsed().as_secs_f64();
    assert!(empty > 0);
    assert!(seconds > 1.0, "{given} bytes in {seconds} s");
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_threads_is_counted_for_every_request() {
    let (cluster, mut admin) = started(0).await;
    set(
        &mut admin,
        &[("client-id", None)],
        "request_percentage",
        Some(0.000_1),
    )
    .await;
    let mut client = cluster.client(1).await;
    let everything = MetadataRequest {
        topics: None,
        ..MetadataRequest::default()
    };
    let asked = Instant::now();
    let answer = client.ask(&everything, 9).await;
    assert!(answer.throttle_time_ms > 0);
    assert!(
        answer.throttle_time_ms <= 1_000,
        "never longer than a window"
    );
    next_answer(&mut client).await;
    let least = u64::try_from(answer.throttle_time_ms).unwrap() * 9 / 10;
    assert!(asked.elapsed() >= Duration::from_millis(least));
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_fetch_without_quota_whatever_clients_call_themselves() {
    let cluster = Cluster::start(2).await;
    let mut admin = cluster.client(1).await;
    create(&mut admin, "t", &[&[1, 2]]).await;
    for who in ["client-id", "user"] {
        for key in ["consumer_byte_rate", "request_percentage"] {
            set(&mut admin, &[(who, None)], key, Some(1.0)).await;
        }
    }
    // Replicated as ever; only clients pay.
    for _ in 0..5 {
        let mut writer = cluster.client(1).await;
        produce(&mut writer, "t", -1, RECORD_BYTES).await;
    }
    // One that claims to be a replica does not know the epoch of its registration.
    let mut client = cluster.client(1).await;
    let mut request = fetch(0);
    request.replica_id = 2;
    let answer = client.ask(&request, 11).await;
    assert!(answer.throttle_time_ms > 0);
    cluster.end().await;
}
