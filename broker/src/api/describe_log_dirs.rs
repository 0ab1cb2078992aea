//! `DescribeLogDirs` (35): what lies in the log directories, and their space (rule 49, KIP-827).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Ctx, Data, needs};
use crate::log::Log;
use crate::replica::directories::Directory;
use crate::replica::partition::Partition;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::describe_log_dirs::{
    DescribableLogDirTopic, DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use crate::wire::messages::{DescribeLogDirsRequest, DescribeLogDirsResponse};

/// Describes every directory; of the replicas, those that are asked for.
#[expect(clippy::unused_async, reason = "every API is asked the same way")]
pub async fn answer(ctx: &Ctx, request: DescribeLogDirsRequest) -> DescribeLogDirsResponse {
    match ctx.rights().check_cluster(&needs::DESCRIBE_DISKS) {
        Ok(()) => serve(&Data::of(ctx), &request),
        Err(refused) => DescribeLogDirsResponse {
            error_code: refused.code,
            ..DescribeLogDirsResponse::default()
        },
    }
}

/// Answers by what the replicas hold.
pub fn serve(data: &Data, request: &DescribeLogDirsRequest) -> DescribeLogDirsResponse {
    let asked = request.topics.as_deref().map(by_topic);
    let replicas = &data.replicas;
    let mut by_dir = ByDir::new();
    for partition in replicas.all() {
        let wanted = asked.as_ref().is_none_or(|asked| {
            let indexes = asked.get(&*partition.topic);
            indexes.is_some_and(|indexes| indexes.contains(&partition.key.1))
        });
        if wanted {
            describe(&partition, &mut by_dir);
        }
    }
    let dirs = replicas.directories();
    let results = dirs.iter().map(|(at, dir)| {
        if dirs.is_online(at) {
            online(dir, by_dir.remove(&at).unwrap_or_default())
        } else {
            DescribeLogDirsResult {
                error_code: ErrorCode::KAFKA_STORAGE_ERROR,
                log_dir: dir.path.display().to_string(),
                ..DescribeLogDirsResult::default()
            }
        }
    });
    DescribeLogDirsResponse {
        results: results.collect(),
        ..DescribeLogDirsResponse::default()
    }
}

fn by_topic(topics: &[DescribableLogDirTopic]) -> BTreeMap<&str, BTreeSet<i32>> {
    let mut asked: BTreeMap<&str, BTreeSet<i32>> = BTreeMap::new();
    for topic in topics {
        let indexes = asked.entry(&topic.topic).or_default();
        indexes.extend(&topic.partitions);
    }
    asked
}

/// What lies where: directory, topic, its partitions.
type ByDir = BTreeMap<usize, BTreeMap<Arc<str>, Vec<DescribeLogDirsPartition>>>;

/// Adds a replica, and what it moves to: that one lags behind the replica itself.
fn describe(partition: &Partition, by_dir: &mut ByDir) {
    let mut add = |dir: usize, described| {
        let topics = by_dir.entry(dir).or_default();
        let of_topic = topics.entry(Arc::clone(&partition.topic)).or_default();
        of_topic.push(described);
    };
    let future = partition.future();
    let state = partition.lock();
    let (Some(log), Some(dir)) = (&state.log, partition.dir()) else {
        return;
    };
    let described = |of: &Log, offset_lag: i64, is_future_key| DescribeLogDirsPartition {
        partition_index: partition.key.1,
        partition_size: i64::try_from(of.size_bytes()).unwrap_or(i64::MAX),
        offset_lag: offset_lag.max(0),
        is_future_key,
        ..DescribeLogDirsPartition::default()
    };
    let end = log.log_end_offset();
    add(dir, described(log, state.high_watermark - end, false));
    if let Some(future) = &*future {
        let lag = end - future.log.log_end_offset();
        add(future.dir, described(&future.log, lag, true));
    }
}

fn online(
    dir: &Directory,
    topics: BTreeMap<Arc<str>, Vec<DescribeLogDirsPartition>>,
) -> DescribeLogDirsResult {
    let bytes = |of: fn(crate::replica::directories::Space) -> u64| {
        let space = dir.space().map(of);
        space.map_or(-1, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX))
    };
    DescribeLogDirsResult {
        log_dir: dir.path.display().to_string(),
        topics: topics
            .into_iter()
            .map(|(name, mut partitions)| {
                partitions.sort_by_key(|partition| partition.partition_index);
                DescribeLogDirsTopic {
                    name: name.to_string(),
                    partitions,
                    ..DescribeLogDirsTopic::default()
                }
            })
            .collect(),
        total_bytes: bytes(|space| space.total),
        usable_bytes: bytes(|space| space.usable),
        ..DescribeLogDirsResult::default()
    }
}
