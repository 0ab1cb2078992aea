//! `OffsetCommit` (8): answered once the offsets are replicated (rule 64).

use std::collections::BTreeMap;

use super::access::Rights;
use super::{Ctx, needs};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::offset_commit::{
    OffsetCommitRequestTopic, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use crate::wire::messages::{OffsetCommitRequest, OffsetCommitResponse};

/// Asks the coordinator for the topics that exist.
pub async fn answer(ctx: &Ctx, mut request: OffsetCommitRequest) -> OffsetCommitResponse {
    let image = ctx.broker.image();
    let rights = ctx.rights();
    let asked = std::mem::take(&mut request.topics);
    if let Err(code) = rights.check(&needs::COMMIT_GROUP, &request.group_id) {
        return refused(&asked, code);
    }
    let denied = denied(&rights, &asked);
    let exists = |topic: &OffsetCommitRequestTopic| image.topics.contains_key(topic.name.as_str());
    request.topics = asked
        .iter()
        .filter(|topic| exists(topic) && !denied.contains_key(topic.name.as_str()))
        .cloned()
        .collect();
    let committed = if request.topics.is_empty() {
        Ok(())
    } else {
        ctx.broker.groups.commit(&request, ctx.version).await
    };
    let code = |topic: &OffsetCommitRequestTopic, metadata: Option<&str>| {
        if let Some(code) = denied.get(topic.name.as_str()) {
            *code
        } else if !exists(topic) {
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

/// The topics whose offsets the one who asks may not commit, each with its error.
fn denied<'a>(
    rights: &Rights,
    topics: &'a [OffsetCommitRequestTopic],
) -> BTreeMap<&'a str, ErrorCode> {
    let names = topics.iter().map(|topic| topic.name.as_str());
    let need = &needs::COMMIT_TOPIC;
    names
        .filter_map(|name| Some((name, rights.check(need, name).err()?)))
        .collect()
}

/// Every partition with the same reason why nothing is committed.
fn refused(asked: &[OffsetCommitRequestTopic], code: ErrorCode) -> OffsetCommitResponse {
    let same = |_: &OffsetCommitRequestTopic, _: Option<&str>| code;
    OffsetCommitResponse {
        topics: asked.iter().map(|topic| told(topic, &same)).collect(),
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
