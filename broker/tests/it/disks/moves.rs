//! Replicas that move between the log directories of a node (KIP-113): seen under way, ended, interrupted by
//! a disk that fails and by a node that stops at every point of it.

use std::path::{Path, PathBuf};

use broker::wire::messages::alter_partition_reassignments::{
    ReassignablePartition, ReassignableTopic,
};
use broker::wire::messages::alter_replica_log_dirs::{AlterReplicaLogDir, AlterReplicaLogDirTopic};
use broker::wire::messages::incremental_alter_configs::{AlterConfigsResource, AlterableConfig};
use broker::wire::messages::{
    AlterPartitionReassignmentsRequest, AlterReplicaLogDirsRequest, DescribeLogDirsRequest,
    IncrementalAlterConfigsRequest,
};

use super::*;

const RATE: &str = "replica.alter.log.dirs.io.max.bytes.per.second";
/// An id as directories of a move have it.
const MOVE_ID: &str = "0123456789abcdef0123456789abcdef";

/// Asks for a move; gives the partition's code.
async fn ask_move(client: &mut Client, name: &str, index: i32, to: &Path) -> ErrorCode {
    let request = AlterReplicaLogDirsRequest {
        dirs: vec![AlterReplicaLogDir {
            path: to.display().to_string(),
            topics: vec![AlterReplicaLogDirTopic {
                name: name.to_owned(),
                partitions: vec![index],
                ..AlterReplicaLogDirTopic::default()
            }],
            ..AlterReplicaLogDir::default()
        }],
        ..AlterReplicaLogDirsRequest::default()
    };
    let answer = client.ask(&request, 2).await;
    answer.results[0].partitions[0].error_code
}

/// How a replica of `t-0` is described: its directory, whether it is what moves there, and its lag.
async fn described(client: &mut Client) -> Vec<(PathBuf, bool, i64)> {
    let answer = client
        .ask(
            &DescribeLogDirsRequest {
                topics: None,
                ..Default::default()
            },
            4,
        )
        .await;
    let mut found = Vec::new();
    for dir in answer.results {
        for topic in dir.topics.into_iter().filter(|topic| topic.name == "t") {
            for one in topic
                .partitions
                .iter()
                .filter(|one| one.partition_index == 0)
            {
                found.push((
                    PathBuf::from(&dir.log_dir),
                    one.is_future_key,
                    one.offset_lag,
                ));
            }
        }
    }
    found.sort_by_key(|(_, is_future, _)| *is_future);
    found
}

/// Names of what lies of `t-0` in a directory.
fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap().flatten();
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("t-0")).collect()
}

fn holds(dir: &Path, ending: &str) -> bool {
    names(dir).iter().any(|name| name.ends_with(ending))
}

/// Where the replica lies, and where it does not.
fn places(cluster: &Cluster, id: i32) -> (PathBuf, PathBuf) {
    let (a, b) = (disk(cluster, id, "a"), disk(cluster, id, "b"));
    if a.join("t-0").exists() {
        (a, b)
    } else {
        (b, a)
    }
}

async fn limit(client: &mut Client, rate: &str) {
    let request = IncrementalAlterConfigsRequest {
        resources: vec![AlterConfigsResource {
            resource_type: 4,
            configs: vec![AlterableConfig {
                name: RATE.to_owned(),
                value: Some(rate.to_owned()),
                ..AlterableConfig::default()
            }],
            ..AlterConfigsResource::default()
        }],
        ..IncrementalAlterConfigsRequest::default()
    };
    let answer = client.ask(&request, 1).await;
    assert_eq!(answer.responses[0].error_code, ErrorCode::NONE);
}

/// Waits until the controller knows in which of a node's directories the replica lies.
async fn is_told(cluster: &Cluster, through: i32, id: i32, dir: &Path) {
    let text = fs::read_to_string(dir.join("meta.properties")).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("directory.id="));
    let known = line.unwrap().to_owned();
    until("the controller knows where the replica lies", || {
        state(cluster, through, 0).is_some_and(|state| {
            let mut all = state.replicas.iter().zip(&state.directories);
            all.any(|(replica, dir)| *replica == id && dir.to_string() == known)
        })
    })
    .await;
}

/// One node of its own whose topic `t` has one partition and two records.
async fn begun(set: &[(&str, &str)]) -> (Cluster, Client) {
    let mut cluster = planned(1);
    for (key, value) in set {
        cluster.set(1, key, value);
    }
    cluster.launch(1).await;
    cluster.all_serving().await;
    let mut client = cluster.client(1).await;
    create(&mut client, "t", &[&[1]]).await;
    for _ in 0..2 {
        produce(&mut client, "t", 0).await;
    }
    (cluster, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_lies_elsewhere_after_a_move_and_takes_records_as_before() {
    let (cluster, mut client) = begun(&[]).await;
    let (from, to) = places(&cluster, 1);
    assert_eq!(ask_move(&mut client, "t", 0, &to).await, ErrorCode::NONE);
    until("the replica is there", || to.join("t-0").exists()).await;
    assert!(!from.join("t-0").exists());
    is_told(&cluster, 1, 1, &to).await;
    assert_eq!(described(&mut client).await, [(to.clone(), false, 0)]);
    produce(&mut client, "t", 0).await;
    has(&mut client, "t", 0, 3).await;
    assert_eq!(
        ask_move(&mut client, "t", 0, &to).await,
        ErrorCode::NONE,
        "it is there"
    );
    assert!(!holds(&from, "-future") && !holds(&to, "-future"));
    assert_eq!(ask_move(&mut client, "t", 0, &from).await, ErrorCode::NONE);
    until("the replica is back", || from.join("t-0").exists()).await;
    has(&mut client, "t", 0, 3).await;
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_cannot_be_is_refused() {
    let (cluster, mut client) = begun(&[]).await;
    let (from, to) = places(&cluster, 1);
    let unknown = ask_move(&mut client, "t", 0, Path::new("/not/ours")).await;
    assert_eq!(unknown, ErrorCode::LOG_DIR_NOT_FOUND);
    let nothing = ask_move(&mut client, "nothing", 0, &to).await;
    assert_eq!(nothing, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    let nowhere = ask_move(&mut client, "t", 7, &to).await;
    assert_eq!(nowhere, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    fs::write(faults(&cluster, 1), format!("fail {}\n", to.display())).unwrap();
    let node = cluster.node(1);
    until("the disk has failed", || {
        node.image().brokers[&1].registration.log_dirs.len() == 1
    })
    .await;
    let failed = ask_move(&mut client, "t", 0, &to).await;
    assert_eq!(failed, ErrorCode::KAFKA_STORAGE_ERROR);
    assert_eq!(
        ask_move(&mut client, "t", 0, &from).await,
        ErrorCode::NONE,
        "it is there"
    );
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_under_way_is_seen_and_ends_where_it_began() {
    let (cluster, mut client) = begun(&[(RATE, "1")]).await;
    let (from, to) = places(&cluster, 1);
    assert_eq!(ask_move(&mut client, "t", 0, &to).await, ErrorCode::NONE);
    produce(&mut client, "t", 0).await;
    // One record has gone over, the rate holds back the others.
    let mut seen = described(&mut client).await;
    while seen[1].2 != 2 {
        seen = described(&mut client).await;
    }
    assert_eq!(seen, [(from.clone(), false, 0), (to.clone(), true, 2)]);
    assert!(holds(&to, "-future"));
    assert_eq!(ask_move(&mut client, "t", 0, &from).await, ErrorCode::NONE);
    assert_eq!(described(&mut client).await, [(from, false, 0)]);
    assert!(!holds(&to, "-future"));
    has(&mut client, "t", 0, 3).await;
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_goes_on_after_a_restart_and_as_fast_as_it_may_by_then() {
    let (mut cluster, mut client) = begun(&[(RATE, "1")]).await;
    let (from, to) = places(&cluster, 1);
    ask_move(&mut client, "t", 0, &to).await;
    produce(&mut client, "t", 0).await;
    cluster.stop(1).await;
    assert!(from.join("t-0").exists() && holds(&to, "-future"));
    cluster.launch(1).await;
    cluster.all_serving().await;
    let mut client = cluster.client(1).await;
    limit(&mut client, "1000000").await;
    until("the replica is there", || to.join("t-0").exists()).await;
    is_told(&cluster, 1, 1, &to).await;
    assert!(!from.join("t-0").exists() && !holds(&to, "-future"));
    has(&mut client, "t", 0, 3).await;
    cluster.end().await;
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for file in fs::read_dir(from).unwrap().flatten() {
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// Stops a node, leaves its directories as a killed one would, starts it again.
async fn killed(cluster: &mut Cluster, leave: impl FnOnce()) {
    cluster.stop(1).await;
    for letter in ["a", "b"] {
        fs::remove_file(disk(cluster, 1, letter).join(".kafka_cleanshutdown")).unwrap();
    }
    leave();
    cluster.launch(1).await;
    cluster.all_serving().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_killed_between_the_two_names_has_the_whole_replica() {
    let (mut cluster, _) = begun(&[]).await;
    let (from, to) = places(&cluster, 1);
    killed(&mut cluster, || {
        let future = to.join(format!("t-0.{MOVE_ID}-future"));
        copy(&from.join("t-0"), &future);
        fs::rename(from.join("t-0"), from.join(format!("t-0.{MOVE_ID}-delete"))).unwrap();
        // A move that had only begun as well, of a partition that is not there any more.
        fs::create_dir(to.join(format!("t-9.{MOVE_ID}-future"))).unwrap();
    })
    .await;
    let mut client = cluster.client(1).await;
    has(&mut client, "t", 0, 2).await;
    assert_eq!(described(&mut client).await, [(to.clone(), false, 0)]);
    is_told(&cluster, 1, 1, &to).await;
    assert!(names(&from).is_empty() && names(&to) == ["t-0"]);
    assert!(!to.join(format!("t-9.{MOVE_ID}-future")).exists());
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_lies_in_both_places_is_the_one_that_the_controller_knows() {
    let (mut cluster, _) = begun(&[]).await;
    let (from, to) = places(&cluster, 1);
    is_told(&cluster, 1, 1, &from).await;
    killed(&mut cluster, || copy(&from.join("t-0"), &to.join("t-0"))).await;
    let mut client = cluster.client(1).await;
    has(&mut client, "t", 0, 2).await;
    assert_eq!(described(&mut client).await, [(from.clone(), false, 0)]);
    assert!(!to.join("t-0").exists());
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_while_a_replica_moves_to_it_leaves_the_replica_where_it_is() {
    let (cluster, mut client) = begun(&[(RATE, "1")]).await;
    let (from, to) = places(&cluster, 1);
    ask_move(&mut client, "t", 0, &to).await;
    fs::write(faults(&cluster, 1), format!("fail {}\n", to.display())).unwrap();
    until("the disk has failed", || {
        cluster.node(1).image().brokers[&1]
            .registration
            .log_dirs
            .len()
            == 1
    })
    .await;
    produce(&mut client, "t", 0).await;
    has(&mut client, "t", 0, 3).await;
    assert_eq!(described(&mut client).await, [(from, false, 0)]);
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_while_a_replica_moves_away_takes_it_and_the_move_ends_once_it_is_back() {
    let mut cluster = planned(2);
    for id in cluster.ids() {
        cluster.set(id, RATE, "1");
        cluster.launch(id).await;
    }
    cluster.all_serving().await;
    let mut client = cluster.client(1).await;
    create(&mut client, "t", &[&[1, 2]]).await;
    for _ in 0..2 {
        produce(&mut client, "t", 0).await;
    }
    let (from, to) = places(&cluster, 1);
    is_told(&cluster, 2, 1, &from).await;
    ask_move(&mut client, "t", 0, &to).await;
    fs::write(faults(&cluster, 1), format!("fail {}\n", from.display())).unwrap();
    until("the other replica leads", || {
        state(&cluster, 2, 0).is_some_and(|state| state.leader == 2 && state.isr == [2])
    })
    .await;
    let mut other = cluster.client(2).await;
    produce(&mut other, "t", 0).await;
    assert!(!to.join("t-0").exists(), "half a replica is none");

    fs::write(faults(&cluster, 1), "").unwrap();
    limit(&mut other, "1000000").await;
    cluster.stop(1).await;
    cluster.launch(1).await;
    cluster.all_serving().await;
    until("it has moved", || to.join("t-0").exists()).await;
    is_told(&cluster, 2, 1, &to).await;
    until("it is in sync", || {
        state(&cluster, 2, 0).is_some_and(|state| state.isr.len() == 2)
    })
    .await;
    has(&mut other, "t", 0, 3).await;
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_is_made_where_it_was_wanted_before_it_was_there() {
    let mut cluster = planned(2);
    for id in cluster.ids() {
        cluster.launch(id).await;
    }
    cluster.all_serving().await;
    let mut client = cluster.client(1).await;
    create(&mut client, "t", &[&[1]]).await;
    produce(&mut client, "t", 0).await;
    let wanted = disk(&cluster, 2, "b");
    let mut other = cluster.client(2).await;
    let node = cluster.node(2);
    until("the topic is known", || {
        node.image().partition("t", 0).is_some()
    })
    .await;
    let mut answer = ask_move(&mut other, "t", 0, &wanted).await;
    while answer == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION {
        answer = ask_move(&mut other, "t", 0, &wanted).await;
    }
    assert_eq!(answer, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    let request = AlterPartitionReassignmentsRequest {
        topics: vec![ReassignableTopic {
            name: "t".to_owned(),
            partitions: vec![ReassignablePartition {
                replicas: Some(vec![2, 1]),
                ..ReassignablePartition::default()
            }],
            ..ReassignableTopic::default()
        }],
        ..AlterPartitionReassignmentsRequest::default()
    };
    let moved = client.ask(&request, 0).await;
    assert_eq!(moved.responses[0].partitions[0].error_code, ErrorCode::NONE);
    until("it is made", || wanted.join("t-0").exists()).await;
    is_told(&cluster, 1, 2, &wanted).await;
    cluster.end().await;
}
