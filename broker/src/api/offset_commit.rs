//! `OffsetCommit` (8): answered once the offsets are replicated (rule 64).

use super::Ctx;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::offset_commit::{
    OffsetCommitRequestTopic, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use crate::wire::messages::{OffsetCommitRequest, OffsetCommitResponse};

/// Asks the coordinator for the topics that exist.
pub async fn answer(ctx: &Ctx, mut request: OffsetCommitRequest) -> OffsetCommitResponse {
    let image = ctx.broker.image();
    let asked = request.topics;
    let exists = |topic: &OffsetCommitRequestTopic| image.topics.contains_key(topic.name.as_str());
    request.topics = asked
        .iter()
        .filter(|topic| exists(topic))
        .cloned()
        .collect();
    let committed = if request.topics.is_empty() {
        Ok(())
    } else {
        ctx.broker.groups.commit(&request, ctx.version).await
    };
    let code = |topic: &OffsetCommitRequestTopic, metadata: Option<&str>| {
        if !exists(topic) {
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        } else if let Err(code) = committed {
            code
        } else if ctx.broker.groups.is_too_long(metadata) {
            ErrorCode::OFFSET_METADATA_TOO_LARGE
        } else {
            ErrorCode::NONE
        }
    };
    OffsetCommitResponse {
        topics: asked.iter().map(|topic| told(topic, &code)).collect(),
        ..OffsetCommitResponse::default()
    }
}

fn told(
    topic: &OffsetCommitRequestTopic,
    code: &impl Fn(&OffsetCommitRequestTopic, Option<&str>) -> ErrorCode,
) -> OffsetCommitResponseTopic {
    let partitions = topic.partitions.iter();
    OffsetCommitResponseTopic {
        name: topic.name.clone(),
        partitions: partitions
            .map(|one| OffsetCommitResponsePartition {
                partition_index: one.partition_index,
                error_code: code(topic, one.committed_metadata.as_deref()),
                ..OffsetCommitResponsePartition::default()
            })
            .collect(),
        ..OffsetCommitResponseTopic::default()
    }
}
