//! Readers that ask for much and take nothing: their answers share a bounded memory, and others go on.

use broker::wire::frame;
use broker::wire::messages::fetch::{FetchPartition, FetchTopic};
use broker::wire::messages::{FetchRequest, FetchResponse};

use super::{create, produce};
use crate::support::client::Client;
use crate::support::cluster::{Cluster, until};

const RECORD_BYTES: u32 = 900_000;
const ROOM: usize = 24 << 20;
const SLOW: usize = 6;

/// Bytes of records in an answer that was sent for.
async fn answered(client: &mut Client) -> usize {
    let content = client.next().await.unwrap();
    let (_, answer) = frame::read_response::<FetchResponse>(&content, 11).unwrap();
    let partitions = answer.responses.iter().flat_map(|topic| &topic.partitions);
    let records = partitions.filter_map(|partition| partition.records.as_ref());
    records.map(bytes::Bytes::len).sum()
}

fn everything() -> FetchRequest {
    FetchRequest {
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

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_wait_for_slow_readers_share_a_room_and_others_get_a_batch() {
    let room = ROOM.to_string();
    let cluster = Cluster::with(1, &[("queued.max.request.bytes", &room)]).await;
    let mut writer = cluster.client(1).await;
    create(&mut writer, "t", &[&[1]]).await;
    for _ in 0..20 {
        produce(&mut writer, "t", 1, RECORD_BYTES).await;
    }
    let mut slow = Vec::new();
    for number in 1..=SLOW {
        let mut client = cluster.client(1).await;
        client.send(&everything(), 11).await;
        slow.push(client);
        let told =
            format!("kafka_network_requestmetrics_requests_total{{request=\"Fetch\"}} {number}");
        let sent = || {
            cluster
                .node(1)
                .metrics_text()
                .lines()
                .any(|line| line == told)
        };
        until("the answer is being sent", sent).await;
    }
    let mut sizes = Vec::new();
    for client in &mut slow {
        sizes.push(answered(client).await);
    }
    let batch = RECORD_BYTES as usize;
    assert!(sizes[0] > 15 * batch, "{sizes:?}");
    assert!(sizes.iter().all(|size| *size >= batch), "{sizes:?}");
    let all: usize = sizes.iter().sum();
    assert!(all <= ROOM + SLOW * (batch + (128 << 10)), "{sizes:?}");
    let empty = || {
        let text = cluster.node(1).metrics_text();
        text.lines()
            .any(|line| line == "kafka_network_unsent_fetch_bytes 0")
    };
    until("the room is free again", empty).await;
    let mut next = cluster.client(1).await;
    next.send(&everything(), 11).await;
    assert!(answered(&mut next).await > 15 * batch, "all at once again");
    cluster.end().await;
}
