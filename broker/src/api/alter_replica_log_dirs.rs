//! `AlterReplicaLogDirs` (34): replicas of this node move between its log directories (rule 49, KIP-113).

use std::sync::Arc;

use super::{Ctx, Data, needs};
use crate::meta::image::Image;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::alter_replica_log_dirs::{
    AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopicResult,
};
use crate::wire::messages::{AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse};

/// Begins the moves; how far they are says `DescribeLogDirs`.
pub async fn answer(ctx: &Ctx, request: AlterReplicaLogDirsRequest) -> AlterReplicaLogDirsResponse {
    if let Err(refused) = ctx.rights().check_cluster(&needs::MOVE_REPLICAS) {
        return each(&request, |_, _, _| refused.code);
    }
    let (data, image) = (Data::of(ctx), ctx.broker.replicas.image());
    let asked = request.clone();
    let served = tokio::task::spawn_blocking(move || serve(&data, &image, &asked)).await;
    served.unwrap_or_else(|error| {
        log::error!("moves between log directories were not begun: {error}");
        each(&request, |_, _, _| ErrorCode::KAFKA_STORAGE_ERROR)
    })
}

/// Begins the moves that are asked for; blocks on the disk.
pub fn serve(
    data: &Data,
    image: &Arc<Image>,
    request: &AlterReplicaLogDirsRequest,
) -> AlterReplicaLogDirsResponse {
    each(request, |path, topic, index| {
        let begun = data.replicas.move_replica(image, (topic, index), path);
        begun.err().unwrap_or(ErrorCode::NONE)
    })
}

/// A result for each partition; a topic that is named under several directories has several.
fn each(
    request: &AlterReplicaLogDirsRequest,
    result: impl Fn(&str, &str, i32) -> ErrorCode,
) -> AlterReplicaLogDirsResponse {
    let topics = request.dirs.iter().flat_map(|dir| {
        let topics = dir.topics.iter();
        topics.map(|topic| (dir.path.as_str(), topic))
    });
    let results = topics.map(|(path, topic)| AlterReplicaLogDirTopicResult {
        topic_name: topic.name.clone(),
        partitions: topic
            .partitions
            .iter()
            .map(|index| AlterReplicaLogDirPartitionResult {
                partition_index: *index,
                error_code: result(path, &topic.name, *index),
                ..AlterReplicaLogDirPartitionResult::default()
            })
            .collect(),
        ..AlterReplicaLogDirTopicResult::default()
    });
    AlterReplicaLogDirsResponse {
        results: results.collect(),
        ..AlterReplicaLogDirsResponse::default()
    }
}
