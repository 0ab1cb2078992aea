//! Whole nodes with several log directories, of which one fails: while the node runs, or before it
//! starts (KIP-112, KIP-858).

mod killed;
mod moves;

use std::fs;
use std::path::PathBuf;

use broker::meta::record::PartitionState;
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::create_topics::{CreatableReplicaAssignment, CreatableTopic};
use broker::wire::messages::list_offsets::{ListOffsetsPartition, ListOffsetsTopic};
use broker::wire::messages::produce::{PartitionProduceData, TopicProduceData};
use broker::wire::messages::{CreateTopicsRequest, ListOffsetsRequest, ProduceRequest};
use broker::wire::records::{BatchBuilder, BatchSettings, NewRecord};

use crate::support::client::Client;
use crate::support::cluster::{Cluster, until};

const PARTITIONS: i32 = 4;

/// One of a node's two log directories.
fn disk(cluster: &Cluster, id: i32, letter: &str) -> PathBuf {
    cluster.dir.path().join(format!("node-{id}-{letter}"))
}

/// Nodes with two log directories each beside that of the metadata, and a fault file.
fn planned(count: usize) -> Cluster {
    let mut cluster = Cluster::planned(count, &[]);
    for id in cluster.ids() {
        let dirs = ["a", "b"].map(|letter| disk(&cluster, id, letter).display().to_string());
        let metadata = cluster.log_dir(id).display().to_string();
        let faults = faults(&cluster, id).display().to_string();
        cluster.set(id, "log.dirs", &dirs.join(","));
        cluster.set(id, "metadata.log.dir", &metadata);
        cluster.set(id, "lookout.fault.file", &faults);
        cluster.set(id, "auto.leader.rebalance.enable", "false");
        // Every write of it is an access to the disk.
        cluster.set(id, "replica.high.watermark.checkpoint.interval.ms", "200");
    }
    cluster
}

fn faults(cluster: &Cluster, id: i32) -> PathBuf {
    cluster.dir.path().join(format!("faults-{id}"))
}

/// A topic whose partitions have these replicas.
async fn create(client: &mut Client, name: &str, replicas: &[&[i32]]) {
    let assignments = (0..)
        .zip(replicas)
        .map(|(index, ids)| CreatableReplicaAssignment {
            partition_index: index,
            broker_ids: ids.to_vec(),
            ..CreatableReplicaAssignment::default()
        });
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: name.to_owned(),
            num_partitions: -1,
            replication_factor: -1,
            assignments: assignments.collect(),
            ..CreatableTopic::default()
        }],
        ..CreateTopicsRequest::default()
    };
    let created = client.ask(&request, 7).await;
    assert_eq!(created.topics[0].error_code, ErrorCode::NONE);
}

/// Writes a record, again and again until it is taken.
async fn produce(client: &mut Client, name: &str, index: i32) {
    let mut builder = BatchBuilder::new(BatchSettings::default());
    let record = NewRecord {
        timestamp_ms: 1_700_000_000_000,
        value: Some(b"v"),
        ..NewRecord::default()
    };
    builder.push(&record).unwrap();
    let request = ProduceRequest {
        acks: -1,
        timeout_ms: 30_000,
        topic_data: vec![TopicProduceData {
            name: name.to_owned(),
            partition_data: vec![PartitionProduceData {
                index,
                records: Some(builder.finish().unwrap().into()),
                ..PartitionProduceData::default()
            }],
            ..TopicProduceData::default()
        }],
        ..ProduceRequest::default()
    };
    for _ in 0..600 {
        let done = client.ask(&request, 9).await;
        if done.responses[0].partition_responses[0].error_code.is_ok() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{name}-{index} takes no record");
}

/// Waits until the leader says that so many records are committed.
async fn has(client: &mut Client, name: &str, index: i32, count: i64) {
    let request = ListOffsetsRequest {
        replica_id: -1,
        topics: vec![ListOffsetsTopic {
            name: name.to_owned(),
            partitions: vec![ListOffsetsPartition {
                partition_index: index,
                timestamp: -1,
                ..ListOffsetsPartition::default()
            }],
            ..ListOffsetsTopic::default()
        }],
        ..ListOffsetsRequest::default()
    };
    for _ in 0..600 {
        let said = client.ask(&request, 7).await;
        let said = &said.topics[0].partitions[0];
        if said.error_code.is_ok() {
            assert_eq!(said.offset, count, "{name}-{index}");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("nobody leads {name}-{index}");
}

fn state(cluster: &Cluster, through: i32, index: i32) -> Option<PartitionState> {
    let image = cluster.node(through).image();
    Some((**image.partition("t", index)?).clone())
}

/// Waits until this holds of every partition.
async fn all(
    cluster: &Cluster,
    through: i32,
    what: &str,
    holds: impl Fn(i32, &PartitionState) -> bool,
) {
    until(what, || {
        (0..PARTITIONS)
            .all(|index| state(cluster, through, index).is_some_and(|state| holds(index, &state)))
    })
    .await;
}

/// Waits until every node knows where each replica lies, and all are in sync.
async fn all_placed(cluster: &Cluster) {
    let is_placed = |_: i32, state: &PartitionState| {
        let mut directories = state.directories.iter();
        directories.all(|directory| !directory.is_zero()) && state.isr.len() == state.replicas.len()
    };
    for id in cluster.ids() {
        all(cluster, id, "every replica is placed", is_placed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_moves_the_leaderships_of_its_replicas_and_no_others() {
    let mut cluster = planned(3);
    for id in cluster.ids() {
        cluster.launch(id).await;
    }
    cluster.all_serving().await;
    let mut client = cluster.client(1).await;
    create(&mut client, "t", &[&[1, 2], &[1, 3], &[1, 2], &[1, 3]]).await;
    all_placed(&cluster).await;
    for index in 0..PARTITIONS {
        produce(&mut client, "t", index).await;
    }
    let lost = disk(&cluster, 1, "a");
    let on_lost = |index: i32| lost.join(format!("t-{index}")).exists();
    let count = (0..PARTITIONS).filter(|index| on_lost(*index)).count();
    assert_eq!(count, 2, "two of four lie on each disk");
    let before: Vec<_> = (0..PARTITIONS)
        .map(|index| state(&cluster, 2, index))
        .collect();

    fs::write(faults(&cluster, 1), format!("fail {}\n", lost.display())).unwrap();
    all(
        &cluster,
        2,
        "what lay there is led elsewhere",
        |index, state| !on_lost(index) || (state.leader > 1 && !state.isr.contains(&1)),
    )
    .await;
    for (index, before) in (0..PARTITIONS).zip(&before) {
        if !on_lost(index) {
            assert_eq!(&state(&cluster, 2, index), before, "t-{index}");
            produce(&mut client, "t", index).await;
        }
    }

    fs::write(faults(&cluster, 1), "").unwrap();
    cluster.stop(1).await;
    cluster.launch(1).await;
    cluster.all_serving().await;
    all(&cluster, 2, "a restart brings the disk back", |_, state| {
        state.isr.len() == 2
    })
    .await;
    for index in 0..PARTITIONS {
        let places = ["a", "b"].map(|letter| disk(&cluster, 1, letter));
        let lies_in = places.map(|disk| disk.join(format!("t-{index}")).exists());
        assert_ne!(lies_in[0], lies_in[1], "t-{index}");
    }
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_cannot_be_read_at_start_keeps_its_replicas_until_it_is_back() {
    let mut cluster = planned(1);
    cluster.launch(1).await;
    cluster.all_serving().await;
    let mut client = cluster.client(1).await;
    create(&mut client, "t", &[&[1], &[1], &[1], &[1]]).await;
    for index in 0..PARTITIONS {
        produce(&mut client, "t", index).await;
    }
    all_placed(&cluster).await;
    let (lost, other) = (disk(&cluster, 1, "a"), disk(&cluster, 1, "b"));
    let on_lost = |index: i32| lost.join(format!("t-{index}")).exists();
    cluster.stop(1).await;

    // Root reads every file; what is no file nobody reads.
    let meta = lost.join("meta.properties");
    fs::rename(&meta, lost.join("meta.kept")).unwrap();
    fs::create_dir(&meta).unwrap();
    cluster.launch(1).await;
    cluster.all_serving().await;
    let registered = cluster.node(1).image().brokers[&1]
        .registration
        .log_dirs
        .clone();
    assert!(
        registered.len() == 1 && !registered[0].is_zero(),
        "{registered:?}"
    );
    all(&cluster, 1, "the others are led", |index, state| {
        state.leader == if on_lost(index) { -1 } else { 1 }
    })
    .await;
    let mut client = cluster.client(1).await;
    create(&mut client, "new", &[&[1]]).await;
    produce(&mut client, "new", 0).await;
    for index in (0..PARTITIONS).filter(|index| on_lost(*index)) {
        assert!(
            !other.join(format!("t-{index}")).exists(),
            "t-{index} is made anew"
        );
        assert_eq!(state(&cluster, 1, index).unwrap().leader, -1);
    }
    cluster.stop(1).await;

    fs::remove_dir(&meta).unwrap();
    fs::rename(lost.join("meta.kept"), &meta).unwrap();
    cluster.launch(1).await;
    cluster.all_serving().await;
    all(&cluster, 1, "everything is led again", |_, state| {
        state.leader == 1
    })
    .await;
    let mut client = cluster.client(1).await;
    for index in 0..PARTITIONS {
        has(&mut client, "t", index, 1).await;
    }
    cluster.end().await;
}
