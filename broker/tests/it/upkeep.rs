//! What whole nodes keep through stops, broken disks and late answers.

use broker::wire::error_code::ErrorCode;
use broker::wire::frame;
use broker::wire::messages::create_topics::CreatableTopic;
use broker::wire::messages::create_topics::CreatableTopicConfig;
use broker::wire::messages::produce::{PartitionProduceData, TopicProduceData};
use broker::wire::messages::{CreateTopicsRequest, ProduceRequest, ProduceResponse};
use broker::wire::records::{BatchBuilder, BatchSettings, NewRecord};

use crate::support::client::Client;
use crate::support::cluster::{Cluster, until};

async fn create(client: &mut Client, replicas: i16, min_insync: &str) {
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: "t".to_owned(),
            num_partitions: 1,
            replication_factor: replicas,
            configs: vec![CreatableTopicConfig {
                name: "min.insync.replicas".to_owned(),
                value: Some(min_insync.to_owned()),
                ..CreatableTopicConfig::default()
            }],
            ..CreatableTopic::default()
        }],
        ..CreateTopicsRequest::default()
    };
    let created = client.ask(&request, 7).await;
    assert_eq!(created.topics[0].error_code, ErrorCode::NONE);
}

fn produce() -> ProduceRequest {
    let mut builder = BatchBuilder::new(BatchSettings::default());
    let record = NewRecord {
        timestamp_ms: 1_700_000_000_000,
        value: Some(b"v"),
        ..NewRecord::default()
    };
    builder.push(&record).unwrap();
    ProduceRequest {
        acks: -1,
        timeout_ms: 30_000,
        topic_data: vec![TopicProduceData {
            name: "t".to_owned(),
            partition_data: vec![PartitionProduceData {
                index: 0,
                records: Some(builder.finish().unwrap().into()),
                ..PartitionProduceData::default()
            }],
            ..TopicProduceData::default()
        }],
        ..ProduceRequest::default()
    }
}

async fn leader(cluster: &Cluster) -> i32 {
    let found = || {
        let image = cluster.node(1).image();
        let leader = image.partition("t", 0).map_or(-1, |state| state.leader);
        (leader > 0).then_some(leader)
    };
    until("a leader", || found().is_some()).await;
    found().unwrap()
}

/// Produces until the answer is this one.
async fn produce_until(client: &mut Client, code: ErrorCode) {
    for _ in 0..600 {
        let done = client.ask(&produce(), 9).await;
        if done.responses[0].partition_responses[0].error_code == code {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("never answered {code}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_writes_to_all_are_answered_in_their_order() {
    let cluster = Cluster::start(3).await;
    create(&mut cluster.client(1).await, 3, "2").await;
    let leader = leader(&cluster).await;
    let mut client = cluster.client(leader).await;
    produce_until(&mut client, ErrorCode::NONE).await;
    let mut sent = Vec::new();
    for _ in 0..30 {
        sent.push(client.send(&produce(), 9).await);
    }
    let mut last = -1;
    for number in sent {
        let content = client.next().await.unwrap();
        let (answered, done) = frame::read_response::<ProduceResponse>(&content, 9).unwrap();
        let done = &done.responses[0].partition_responses[0];
        assert_eq!((answered, done.error_code), (number, ErrorCode::NONE));
        assert!(done.base_offset > last, "{} after {last}", done.base_offset);
        last = done.base_offset;
    }
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_clients_until_the_fault_file_is_empty() {
    let mut cluster = Cluster::planned(1, &[]);
    let faults = cluster.dir.path().join("faults");
    cluster.set(1, "lookout.fault.file", &faults.display().to_string());
    cluster.launch(1).await;
    cluster.all_serving().await;
    let mut client = cluster.client(1).await;
    create(&mut client, 1, "1").await;
    leader(&cluster).await;
    produce_until(&mut client, ErrorCode::NONE).await;
    let full = format!("full {}\n", cluster.log_dir(1).display());
    std::fs::write(&faults, full).unwrap();
    produce_until(&mut client, ErrorCode::KAFKA_STORAGE_ERROR).await;
    std::fs::write(&faults, "").unwrap();
    produce_until(&mut client, ErrorCode::NONE).await;
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_stopped_in_order_stays_eligible_and_another_does_not() {
    for (clean, expected) in [(true, vec![3]), (false, vec![])] {
        let mut cluster = Cluster::planned(3, &[]);
        let faults = cluster.dir.path().join("faults");
        cluster.set(3, "lookout.fault.file", &faults.display().to_string());
        for id in cluster.ids() {
            cluster.launch(id).await;
        }
        cluster.all_serving().await;
        create(&mut cluster.client(1).await, 3, "3").await;
        leader(&cluster).await;
        cluster.stop(3).await;
        if !clean {
            std::fs::remove_file(cluster.log_dir(3).join(".kafka_cleanshutdown")).unwrap();
        }
        let state = |cluster: &Cluster| cluster.node(1).image().partition("t", 0).unwrap().clone();
        until("3 is eligible only", || state(&cluster).elr == [3]).await;
        let epoch = cluster.node(1).image().brokers[&3].epoch;
        // It comes back, but cannot fetch: it stays what the controller makes of its registration.
        std::fs::write(&faults, "cut 1 broker\ncut 2 broker\n").unwrap();
        cluster.launch(3).await;
        let back = || {
            let known = cluster.node(1).image().brokers[&3].clone();
            known.epoch > epoch && !known.fenced
        };
        until("3 is back", back).await;
        assert_eq!(state(&cluster).elr, expected, "clean: {clean}");
        cluster.end().await;
    }
}
