//! Compaction as it runs by itself, on leader and follower (rule 80).

use std::collections::BTreeMap;
use std::path::Path;

use broker::clock::Clock;
use broker::wire::error_code::ErrorCode;
use broker::wire::records::{BatchBuilder, BatchSettings, NewRecord, RecordSet, Unpacker};
use bytes::Bytes;

use super::cluster::{Cluster, Node, until};

const KEYS: usize = 5;
const ROUNDS: usize = 60;

/// Every key once, 20 KiB each.
fn round(number: usize) -> Bytes {
    let mut builder = BatchBuilder::new(BatchSettings::default());
    for key in 0..KEYS {
        let mut value = format!("{number} ").into_bytes();
        value.resize(20 << 10, b'x');
        let key = format!("key {key}");
        let record = NewRecord {
            timestamp_ms: Clock::System.now_ms(),
            key: Some(key.as_bytes()),
            value: Some(&value),
            ..NewRecord::default()
        };
        builder.push(&record).unwrap();
    }
    builder.finish().unwrap().into()
}

/// Offset, key, and round of all that a client can fetch.
async fn contents(node: &Node) -> Vec<(i64, String, usize)> {
    let (mut found, mut next) = (Vec::new(), 0);
    let mut unpacker = Unpacker::default();
    loop {
        let fetched = node.fetch(next, 0).await;
        assert_eq!(fetched.error_code, ErrorCode::NONE);
        let records = fetched.records.unwrap_or_default();
        if records.is_empty() {
            return found;
        }
        for chunk in RecordSet::new(&records) {
            for record in chunk.unwrap().open(&mut unpacker).unwrap() {
                let record = record.unwrap();
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                let value = text(record.value.unwrap());
                let number = value.split(' ').next().unwrap().parse().unwrap();
                next = next.max(record.offset + 1);
                found.push((record.offset, text(record.key.unwrap()), number));
            }
        }
    }
}

/// Bytes of the segments in force.
fn size(dir: &Path) -> u64 {
    let files = std::fs::read_dir(dir).unwrap().flatten();
    let logs = files.filter(|file| file.file_name().to_string_lossy().ends_with(".log"));
    logs.filter_map(|file| file.metadata().ok())
        .map(|meta| meta.len())
        .sum()
}

fn log_dir(node: &Node) -> std::path::PathBuf {
    node.dirs[0].0.join("t-0")
}

fn checkpoint(node: &Node) -> i64 {
    let path = node.dirs[0].0.join("cleaner-offset-checkpoint");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("t 0 "));
    line.map_or(-1, |line| line[4..].parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_versions_of_few_keys_shrink_on_leader_and_follower_and_over_a_restart() {
    let given = [
        ("log.cleanup.policy", "compact"),
        ("log.segment.bytes", "1048576"),
        ("log.cleaner.backoff.ms", "20"),
        ("log.cleaner.min.cleanable.ratio", "0.01"),
    ];
    let mut cluster = Cluster::start(2, &given).await;
    for number in 0..ROUNDS {
        let done = cluster.node(1).produce(-1, round(number)).await.unwrap();
        assert_eq!(done.error_code, ErrorCode::NONE);
    }
    let end = i64::try_from(KEYS * ROUNDS).unwrap();
    // What is left: one version of each key, and the segment at the end.
    let small = |node: &Node| size(&log_dir(node)) < 2 << 20 && checkpoint(node) > end - 60;
    until("both logs are small", || async {
        (1..=2).all(|id| small(cluster.node(id)))
    })
    .await;
    check(&contents(cluster.node(1)).await, end);

    let below = checkpoint(cluster.node(1));
    cluster.reopen(1).await;
    cluster.join(1);
    check(&contents(cluster.node(1)).await, end);
    assert!(checkpoint(cluster.node(1)) >= below, "kept over a restart");
    cluster.control.change_partition(|state| {
        state.leader = 2;
        state.leader_epoch += 1;
    });
    // As a follower it may have heard late how far everything is committed.
    until("the new leader has committed everything", || async {
        cluster.node(2).offset(-1, -1).offset == end
    })
    .await;
    check(&contents(cluster.node(2)).await, end);
    assert_eq!(cluster.node(2).end(), end);
}

/// Every key's last version is there, and every record where it was written.
fn check(found: &[(i64, String, usize)], end: i64) {
    let mut last = BTreeMap::new();
    for (offset, key, number) in found {
        let at: usize = key[4..].parse().unwrap();
        assert_eq!(*offset, i64::try_from(number * KEYS + at).unwrap());
        last.insert(at, *number);
    }
    let expected: BTreeMap<usize, usize> = (0..KEYS).map(|key| (key, ROUNDS - 1)).collect();
    assert_eq!(last, expected);
    assert!(found.len() < KEYS * ROUNDS / 2, "{} of {end}", found.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_compacted_where_compaction_is_off() {
    let given = [
        ("log.cleanup.policy", "compact"),
        ("log.segment.bytes", "1048576"),
        ("log.cleaner.backoff.ms", "1"),
        ("log.cleaner.enable", "false"),
        ("replica.high.watermark.checkpoint.interval.ms", "20"),
    ];
    let cluster = Cluster::start(1, &given).await;
    let node = cluster.node(1);
    for number in 0..ROUNDS / 2 {
        node.produce(-1, round(number)).await.unwrap();
    }
    // Another clock of the same node has gone by several times meanwhile.
    let mark = node.dirs[0].0.join("replication-offset-checkpoint");
    until("the clocks run", || async { mark.exists() }).await;
    assert_eq!(contents(node).await.len(), KEYS * ROUNDS / 2);
    assert_eq!(checkpoint(node), -1);
}
