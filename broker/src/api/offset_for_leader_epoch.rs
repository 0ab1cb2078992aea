//! `OffsetForLeaderEpoch` (23): where leader epochs ended (rules 28 and 29).

use super::{Ctx, Data, needs};
use crate::meta::image::Image;
use crate::replica::TopicRef;
use crate::replica::epochs::check_leader_epoch;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::offset_for_leader_epoch::{
    EpochEndOffset, OffsetForLeaderPartition, OffsetForLeaderTopicResult,
};
use crate::wire::messages::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};

/// Answers from the partitions that this broker leads.
#[expect(clippy::unused_async, reason = "every API is asked the same way")]
pub async fn answer(
    ctx: &Ctx,
    request: OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochResponse {
    serve(&Data::of(ctx), request)
}

/// Answers by what the replicas hold.
pub fn serve(data: &Data, request: OffsetForLeaderEpochRequest) -> OffsetForLeaderEpochResponse {
    let image = data.replicas.image();
    let mut response = OffsetForLeaderEpochResponse::default();
    let follows = data.rights.may_cluster(&needs::EPOCHS_FOLLOWER);
    for topic in request.topics {
        let allowed = if follows {
            Ok(())
        } else {
            data.rights.check(&needs::EPOCHS_TOPIC, &topic.topic)
        };
        let partitions = topic.partitions.iter();
        let partitions = partitions
            .map(|asked| {
                let found = allowed.and_then(|()| end_of(data, &image, &topic.topic, asked));
                let (leader_epoch, end_offset) = *found.as_ref().unwrap_or(&(-1, -1));
                EpochEndOffset {
                    error_code: found.err().unwrap_or(ErrorCode::NONE),
                    partition: asked.partition,
                    leader_epoch,
                    end_offset,
                    ..EpochEndOffset::default()
                }
            })
            .collect();
        response.topics.push(OffsetForLeaderTopicResult {
            topic: topic.topic,
            partitions,
            ..OffsetForLeaderTopicResult::default()
        });
    }
    response
}

fn end_of(
    data: &Data,
    image: &Image,
    topic: &str,
    asked: &OffsetForLeaderPartition,
) -> Result<(i32, i64), ErrorCode> {
    let topic = TopicRef::Name(topic);
    let partition = data.replicas.find(image, topic, asked.partition)?;
    let state = partition.lock();
    let epoch = state.leader()?.epoch();
    check_leader_epoch(asked.current_leader_epoch, epoch)?;
    Ok(state.log()?.end_offset_for_epoch(asked.leader_epoch))
}
