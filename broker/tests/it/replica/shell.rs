//! Replicas over real logs and connections.

use std::sync::Arc;
use std::time::Duration;

use broker::api::{delete_records, describe_log_dirs};
use broker::clock::Clock;
use broker::fault::Plan;
use broker::group::{OFFSETS_TOPIC, OffsetsLog as _};
use broker::meta::image::{Delta, Image};
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::delete_records::{DeleteRecordsPartition, DeleteRecordsTopic};
use broker::wire::messages::{DeleteRecordsRequest, DescribeLogDirsRequest};
use broker::wire::records::{RecordSet, Unpacker};
use broker::wire::uuid::Uuid;

use super::batches::{batch, batch_at};
use super::cluster::{Cluster, Node, TOPIC, set_topic, state, until};

fn offsets(records: &[u8]) -> Vec<i64> {
    let mut unpacker = Unpacker::default();
    let mut offsets = Vec::new();
    for chunk in RecordSet::new(records) {
        let chunk = chunk.unwrap();
        for record in chunk.open(&mut unpacker).unwrap() {
            offsets.push(record.unwrap().offset);
        }
    }
    offsets
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_to_all_is_on_every_replica_when_it_is_acknowledged() {
    let cluster = Cluster::start(3, &[("min.insync.replicas", "2")]).await;
    let leader = cluster.node(1);
    for round in 0..5 {
        let done = leader.produce(-1, batch(&["a", "b"])).await.unwrap();
        assert_eq!(done.error_code, ErrorCode::NONE);
        assert_eq!(done.base_offset, round * 2);
        for id in 1..=3 {
            assert!(cluster.node(id).end() >= (round + 1) * 2);
        }
    }
    let fetched = leader.fetch(3, 0).await;
    assert_eq!(fetched.high_watermark, 10);
    assert_eq!(
        offsets(&fetched.records.unwrap()),
        (2..10).collect::<Vec<i64>>()
    );
    assert_eq!(leader.offset(-1, -1).offset, 10);
    assert_eq!(leader.offset(-1, -2).offset, 0);
    assert_eq!(
        cluster.node(2).offset(-1, -1).error_code,
        ErrorCode::NOT_LEADER_OR_FOLLOWER
    );
    let text = leader.metrics.text();
    let counted = "kafka_server_brokertopicmetrics_messagesin_total{topic=\"t\"} 10";
    assert!(text.contains(counted), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_fetch_is_answered_by_the_write_it_waits_for() {
    let cluster = Cluster::start(2, &[]).await;
    let leader = cluster.node(1);
    let (fetched, done) = tokio::join!(leader.fetch(0, 60_000), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        leader.produce(-1, batch(&["a"])).await.unwrap()
    });
    assert_eq!(done.error_code, ErrorCode::NONE);
    assert_eq!(offsets(&fetched.records.unwrap()), [0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposed_leader_gives_up_what_was_never_committed() {
    let cluster = Cluster::start(3, &[]).await;
    let old = cluster.node(1);
    old.produce(-1, batch(&["kept"])).await.unwrap();
    for id in 2..=3 {
        cluster.node(id).faults.set(Plan {
            cut_brokers: [1].into(),
            ..Plan::default()
        });
    }
    let lost = old.produce(1, batch(&["lost", "lost"])).await.unwrap();
    assert_eq!(lost.error_code, ErrorCode::NONE);
    cluster.control.change_partition(|state| {
        state.leader = 2;
        state.leader_epoch += 1;
        state.isr = vec![2, 3];
    });
    let new = cluster.node(2);
    let written = new.produce(-1, batch(&["new"])).await.unwrap();
    assert_eq!(
        (written.error_code, written.base_offset),
        (ErrorCode::NONE, 1)
    );
    let is_level = || async {
        let state = cluster.control.partition();
        old.end() == 2 && state.isr.len() == 3
    };
    until("the old leader follows", is_level).await;
    let moved = old.produce(1, batch(&["x"])).await.unwrap();
    assert_eq!(moved.error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    assert_eq!(moved.current_leader.leader_id, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_follower_leaves_the_isr_and_comes_back() {
    let cluster = Cluster::start(3, &[("min.insync.replicas", "3")]).await;
    let leader = cluster.node(1);
    leader.produce(-1, batch(&["a"])).await.unwrap();
    cluster.node(3).faults.set(Plan {
        cut_brokers: [1].into(),
        ..Plan::default()
    });
    leader.produce(1, batch(&["b"])).await.unwrap();
    let shrunk = || async { cluster.control.partition().isr == [1, 2] };
    until("3 leaves", shrunk).await;
    let refused = leader.produce(-1, batch(&["c"])).await.unwrap();
    assert_eq!(refused.error_code, ErrorCode::NOT_ENOUGH_REPLICAS);
    cluster.node(3).faults.set(Plan::default());
    let whole = || async { cluster.control.partition().isr.len() == 3 };
    until("3 is back", whole).await;
    let done = leader.produce(-1, batch(&["c"])).await.unwrap();
    assert_eq!(done.error_code, ErrorCode::NONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_writes_serves_reads_and_recovers() {
    let cluster = Cluster::start(1, &[]).await;
    let node = cluster.node(1);
    node.produce(-1, batch(&["a"])).await.unwrap();
    node.faults.set(Plan {
        full_dirs: [0, 1].into(),
        ..Plan::default()
    });
    let refused = node.produce(-1, batch(&["b"])).await.unwrap();
    assert_eq!(refused.error_code, ErrorCode::KAFKA_STORAGE_ERROR);
    assert_eq!(offsets(&node.fetch(0, 0).await.records.unwrap()), [0]);
    assert!(node.replicas.offline_dirs().is_empty());
    node.faults.set(Plan::default());
    let done = node.produce(-1, batch(&["b"])).await.unwrap();
    assert_eq!((done.error_code, done.base_offset), (ErrorCode::NONE, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_elected_while_its_disk_is_full_leads_once_there_is_room() {
    let cluster = Cluster::start(2, &[]).await;
    cluster.node(1).produce(-1, batch(&["a"])).await.unwrap();
    let elected = cluster.node(2);
    elected.faults.set(Plan {
        full_dirs: [0, 1].into(),
        ..Plan::default()
    });
    cluster.control.change_partition(|state| {
        state.leader = 2;
        state.leader_epoch += 1;
    });
    let refused = elected.produce(1, batch(&["b"])).await.unwrap();
    assert_eq!(refused.error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    elected.faults.set(Plan::default());
    let leads = || async {
        let done = elected.produce(-1, batch(&["b"])).await.unwrap();
        done.error_code == ErrorCode::NONE
    };
    until("it leads", leads).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_a_full_disk_had_no_room_for_is_made_once_there_is() {
    let cluster = Cluster::start(1, &[]).await;
    let node = cluster.node(1);
    node.faults.set(Plan {
        full_dirs: [0, 1].into(),
        ..Plan::default()
    });
    let id = Uuid([9; 16]);
    let delta = Delta {
        partitions: vec![(id, 0)],
        ..Delta::default()
    };
    let later = |image: &mut Image| set_topic(image, OFFSETS_TOPIC, id, state(&[1], 1));
    cluster.control.change(later, &delta);
    let record = || batch(&["a"]).to_vec();
    let refused = node.replicas.append(0, 0, record()).await;
    assert_eq!(refused, Err(ErrorCode::KAFKA_STORAGE_ERROR));
    node.faults.set(Plan::default());
    let made = || async { node.replicas.append(0, 0, record()).await.is_ok() };
    until("the replica is there", made).await;
    assert!(node.replicas.offline_dirs().is_empty());
}

fn recovery_point(node: &Node) -> i64 {
    let state = node.replicas.all()[0].clone();
    let state = state.lock();
    state.log.as_ref().unwrap().recovery_point()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_forces_to_disk_what_it_copied_when_a_segment_was_begun() {
    let often = ("log.flush.offset.checkpoint.interval.ms", "20");
    let cluster = Cluster::start(2, &[("log.segment.bytes", "1048576"), often]).await;
    let value = "v".repeat(300 << 10);
    for _ in 0..5 {
        let done = cluster.node(1).produce(-1, batch(&[&value])).await.unwrap();
        assert_eq!(done.error_code, ErrorCode::NONE);
    }
    for id in 1..=2 {
        let forced = || async { recovery_point(cluster.node(id)) >= 3 };
        until("the first segment is on disk", forced).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_flush_messages_a_write_is_on_every_disk_when_it_is_acknowledged() {
    let cluster = Cluster::start(2, &[("log.flush.interval.messages", "1")]).await;
    for end in 1..=5 {
        let done = cluster.node(1).produce(-1, batch(&["a"])).await.unwrap();
        assert_eq!(done.error_code, ErrorCode::NONE);
        assert!(recovery_point(cluster.node(1)) >= end);
        assert!(recovery_point(cluster.node(2)) >= end);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_flush_ms_a_write_is_on_disk_soon() {
    let cluster = Cluster::start(2, &[("log.flush.interval.ms", "50")]).await;
    cluster.node(1).produce(-1, batch(&["a"])).await.unwrap();
    for id in 1..=2 {
        let forced = || async { recovery_point(cluster.node(id)) == 1 };
        until("it is on disk", forced).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_timestamp_is_one_that_is_committed() {
    let cluster = Cluster::start(2, &[("replica.lag.time.max.ms", "600000")]).await;
    let leader = cluster.node(1);
    leader.produce(-1, batch(&["a"])).await.unwrap();
    assert_eq!(leader.offset(-1, -3).offset, 0);
    cluster.node(2).faults.set(Plan {
        cut_brokers: [1].into(),
        ..Plan::default()
    });
    let later = Clock::System.now_ms() + 60_000;
    leader.produce(1, batch_at(later, &["b"])).await.unwrap();
    let found = leader.offset(-1, -3);
    assert_eq!((found.offset, found.timestamp), (-1, -1));
    assert_eq!(leader.offset(-2, -3).offset, 1, "its own log");
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_go_with_the_last_replica_of_their_topic() {
    let cluster = Cluster::start(1, &[]).await;
    let node = cluster.node(1);
    node.produce(-1, batch(&["a"])).await.unwrap();
    assert!(node.metrics.text().contains("topic=\"t\""));
    cluster.control.change_partition(|state| {
        state.replicas = vec![9];
        state.leader = 9;
    });
    let left = node.metrics.text();
    assert!(!left.contains("topic=\"t\""), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_disk_goes_offline_with_its_replicas() {
    let cluster = Cluster::start(1, &[]).await;
    let node = cluster.node(1);
    node.produce(-1, batch(&["a"])).await.unwrap();
    node.faults.set(Plan {
        failed_dirs: [0].into(),
        ..Plan::default()
    });
    let read = node.fetch(0, 0).await;
    assert_eq!(read.error_code, ErrorCode::KAFKA_STORAGE_ERROR);
    assert_eq!(node.replicas.offline_dirs(), [node.dirs[0].1]);
    let request = DescribeLogDirsRequest::default();
    let described = describe_log_dirs::serve(&node.data(4), &request);
    assert_eq!(
        described.results[0].error_code,
        ErrorCode::KAFKA_STORAGE_ERROR
    );
    assert_eq!(described.results[1].error_code, ErrorCode::NONE);
    assert!(described.results[1].total_bytes > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_topic_sends_its_waiting_readers_elsewhere() {
    let cluster = Cluster::start(1, &[]).await;
    let node = cluster.node(1);
    node.produce(-1, batch(&["a"])).await.unwrap();
    let (fetched, ()) = tokio::join!(node.fetch(1, 60_000), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let topic = cluster.control.image().topics.get(TOPIC).unwrap().clone();
        let delta = Delta {
            removed_topics: vec![(topic.id, topic.name.clone())],
            ..Delta::default()
        };
        let gone = |image: &mut Image| {
            Arc::make_mut(&mut image.topics).remove(TOPIC);
        };
        cluster.control.change(gone, &delta);
    });
    assert_eq!(fetched.error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    assert!(node.replicas.offline_dirs().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_what_is_assigned_and_deletes_the_rest() {
    let mut cluster = Cluster::start(1, &[]).await;
    cluster
        .node(1)
        .produce(-1, batch(&["a", "b"]))
        .await
        .unwrap();
    let root = cluster.node(1).dirs[0].0.clone();
    std::fs::create_dir(root.join("stranger")).unwrap();
    cluster.reopen(1).await;
    assert!(!root.join(".kafka_cleanshutdown").exists());
    cluster.join(1);
    let node = cluster.node(1);
    let fetched = node.fetch(0, 0).await;
    assert_eq!(fetched.high_watermark, 2);
    assert_eq!(offsets(&fetched.records.unwrap()), [0, 1]);
    assert!(root.join("stranger").exists());

    cluster.reopen(1).await;
    cluster.control.change_partition(|state| {
        state.replicas = vec![9];
        state.leader = 9;
    });
    cluster.join(1);
    assert!(!root.join("t-0").exists());
    assert!(root.join("stranger").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_of_which_the_metadata_knows_nothing_at_all_are_set_aside() {
    let mut cluster = Cluster::start(1, &[]).await;
    cluster.node(1).produce(-1, batch(&["a"])).await.unwrap();
    let root = cluster.node(1).dirs[0].0.clone();
    assert!(root.join("t-0").exists());
    cluster.reopen(1).await;
    let forget = |image: &mut Image| {
        image.topics = std::sync::Arc::default();
        image.topic_names = std::sync::Arc::default();
    };
    cluster.control.change(forget, &Delta::default());
    cluster.join(1);
    let names = std::fs::read_dir(&root).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let kept: Vec<String> = names.filter(|name| name.starts_with("t-0")).collect();
    assert!(kept.len() == 1 && kept[0].ends_with("-stray"), "{kept:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_records_waits_for_the_followers() {
    let cluster = Cluster::start(3, &[]).await;
    let leader = cluster.node(1);
    leader.produce(-1, batch(&["a", "b", "c"])).await.unwrap();
    let request = |offset| DeleteRecordsRequest {
        topics: vec![DeleteRecordsTopic {
            name: TOPIC.to_owned(),
            partitions: vec![DeleteRecordsPartition {
                offset,
                ..DeleteRecordsPartition::default()
            }],
            ..DeleteRecordsTopic::default()
        }],
        timeout_ms: 30_000,
        ..DeleteRecordsRequest::default()
    };
    let beyond = delete_records::serve(&leader.data(2), request(4)).await;
    let beyond = &beyond.topics[0].partitions[0];
    assert_eq!(beyond.error_code, ErrorCode::OFFSET_OUT_OF_RANGE);
    let done = delete_records::serve(&leader.data(2), request(-1)).await;
    let done = &done.topics[0].partitions[0];
    assert_eq!((done.error_code, done.low_watermark), (ErrorCode::NONE, 3));
    for id in 1..=3 {
        assert_eq!(cluster.node(id).offset(-2, -2).offset, 3);
    }
    let gone = leader.fetch(0, 0).await;
    assert_eq!(gone.error_code, ErrorCode::OFFSET_OUT_OF_RANGE);
}

#[tokio::test(flavor = "multi_thread")]
async fn unacknowledged_writes_are_silent_until_they_fail() {
    let cluster = Cluster::start(2, &[]).await;
    assert!(cluster.node(1).produce(0, batch(&["a"])).await.is_none());
    let odd = cluster.node(1).produce(5, batch(&["a"])).await.unwrap();
    assert_eq!(odd.error_code, ErrorCode::INVALID_REQUIRED_ACKS);
    assert_eq!(cluster.node(1).end(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_write_and_read_their_offsets_where_they_lead() {
    let cluster = Cluster::start(2, &[]).await;
    let (leader, follower) = (&cluster.node(1).replicas, &cluster.node(2).replicas);
    let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    assert_eq!(leader.read(0, 0), Err(unknown));
    assert_eq!(leader.append(0, 0, Vec::new()).await, Err(unknown));
    let id = Uuid([8; 16]);
    let delta = Delta {
        partitions: vec![(id, 0)],
        ..Delta::default()
    };
    let offsets_topic = |image: &mut Image| set_topic(image, OFFSETS_TOPIC, id, state(&[1, 2], 1));
    cluster.control.change(offsets_topic, &delta);
    let record = || batch(&["a", "b"]).to_vec();
    assert_eq!(leader.append(0, 0, record()).await, Ok(0));
    assert_eq!(leader.append(0, 0, record()).await, Ok(2));
    let read = leader.read(0, 1).unwrap();
    assert_eq!((read.high_watermark, read.log_end_offset), (4, 4));
    assert_eq!(offsets(&read.records), [0, 1, 2, 3]);
    let moved = ErrorCode::NOT_LEADER_OR_FOLLOWER;
    assert_eq!(leader.append(0, 1, record()).await, Err(moved));
    assert_eq!(follower.append(0, 0, record()).await, Err(moved));
    assert_eq!(follower.read(0, 0), Err(moved));
}
