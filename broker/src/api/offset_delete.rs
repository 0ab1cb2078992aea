//! `OffsetDelete` (47): offsets of topics that a group no longer reads go (rule 66, KIP-496).

use std::collections::BTreeMap;

use super::{Ctx, needs};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::offset_delete::{
    OffsetDeleteRequestTopic, OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use crate::wire::messages::{OffsetDeleteRequest, OffsetDeleteResponse};

/// Asks the coordinator for the topics that exist.
pub async fn answer(ctx: &Ctx, request: OffsetDeleteRequest) -> OffsetDeleteResponse {
    let image = ctx.broker.image();
    let rights = ctx.rights();
    if let Err(error_code) = rights.check(&needs::FORGET_GROUP, &request.group_id) {
        return OffsetDeleteResponse {
            error_code,
            ..OffsetDeleteResponse::default()
        };
    }
    let names = request.topics.iter().map(|topic| topic.name.as_str());
    let need = &needs::FORGET_TOPIC;
    let denied: BTreeMap<&str, ErrorCode> = names
        .filter_map(|name| Some((name, rights.check(need, name).err()?)))
        .collect();
    let exists = |topic: &OffsetDeleteRequestTopic| image.topics.contains_key(topic.name.as_str());
    let known = request
        .topics
        .iter()
        .filter(|topic| exists(topic) && !denied.contains_key(topic.name.as_str()));
    let which = known.flat_map(|topic| {
        let partitions = topic.partitions.iter();
        partitions.map(|one| (topic.name.clone(), one.partition_index))
    });
    let deleted = ctx
        .broker
        .groups
        .delete_offsets(&request.group_id, which.collect());
    let read = match deleted.await {
        Ok(read) => read,
        Err(error_code) => {
            return OffsetDeleteResponse {
                error_code,
                ..OffsetDeleteResponse::default()
            };
        }
    };
    let code = |topic: &OffsetDeleteRequestTopic| {
        if let Some(code) = denied.get(topic.name.as_str()) {
            *code
        } else if !exists(topic) {
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        } else if read.contains(&topic.name) {
            ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC
        } else {
            ErrorCode::NONE
        }
    };
    OffsetDeleteResponse {
        topics: request
            .topics
            .iter()
            .map(|topic| told(topic, code(topic)))
            .collect(),
        ..OffsetDeleteResponse::default()
    }
}

fn told(topic: &OffsetDeleteRequestTopic, error_code: ErrorCode) -> OffsetDeleteResponseTopic {
    let partitions = topic.partitions.iter();
    OffsetDeleteResponseTopic {
        name: topic.name.clone(),
        partitions: partitions
            .map(|one| OffsetDeleteResponsePartition {
                partition_index: one.partition_index,
                error_code,
                ..OffsetDeleteResponsePartition::default()
            })
            .collect(),
        ..OffsetDeleteResponseTopic::default()
    }
}
