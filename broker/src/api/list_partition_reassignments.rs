//! `ListPartitionReassignments` (46): the moves in progress, from the image (rule 48, KIP-455).

use super::{Ctx, needs};
use crate::meta::image::{Image, Topic};
use crate::meta::record::PartitionState;
use crate::wire::messages::list_partition_reassignments::{
    OngoingPartitionReassignment, OngoingTopicReassignment,
};
use crate::wire::messages::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
};

/// Answers from what this node knows.
#[expect(clippy::unused_async, reason = "every API is asked in the same way")]
pub async fn answer(
    ctx: &Ctx,
    request: ListPartitionReassignmentsRequest,
) -> ListPartitionReassignmentsResponse {
    match ctx.rights().check_cluster(&needs::LIST_MOVES) {
        Ok(()) => describe(&ctx.broker.image(), &request),
        Err(refused) => ListPartitionReassignmentsResponse {
            error_code: refused.code,
            error_message: Some(refused.message),
            ..ListPartitionReassignmentsResponse::default()
        },
    }
}

/// The answer by an image. Partitions that do not move, or do not exist, are left out.
pub fn describe(
    image: &Image,
    request: &ListPartitionReassignmentsRequest,
) -> ListPartitionReassignmentsResponse {
    let topics: Vec<_> = match &request.topics {
        None => image
            .topics
            .values()
            .filter_map(|topic| moving(topic, (0..).zip(&topic.partitions)))
            .collect(),
        Some(asked) => asked
            .iter()
            .filter_map(|asked| {
                let topic = image.topics.get(asked.name.as_str())?;
                let partitions = asked.partition_indexes.iter().filter_map(|index| {
                    Some((*index, topic.partitions.get(usize::try_from(*index).ok()?)?))
                });
                moving(topic, partitions)
            })
            .collect(),
    };
    ListPartitionReassignmentsResponse {
        error_message: None,
        topics,
        ..ListPartitionReassignmentsResponse::default()
    }
}

fn moving<'a>(
    topic: &Topic,
    partitions: impl Iterator<Item = (i32, &'a std::sync::Arc<PartitionState>)>,
) -> Option<OngoingTopicReassignment> {
    let partitions: Vec<_> = partitions
        .filter(|(_, state)| !state.adding.is_empty() || !state.removing.is_empty())
        .map(|(index, state)| OngoingPartitionReassignment {
            partition_index: index,
            replicas: state.replicas.clone(),
            adding_replicas: state.adding.clone(),
            removing_replicas: state.removing.clone(),
            ..OngoingPartitionReassignment::default()
        })
        .collect();
    (!partitions.is_empty()).then(|| OngoingTopicReassignment {
        name: topic.name.to_string(),
        partitions,
        ..OngoingTopicReassignment::default()
    })
}
