//! `AlterPartitionReassignments` (45): the controller decides (rules 46 and 47).

use super::forward::{self, Failure};
use super::{Ctx, needs};
use crate::wire::messages::alter_partition_reassignments::{
    ReassignablePartitionResponse, ReassignableTopic, ReassignableTopicResponse,
};
use crate::wire::messages::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
};

/// Asks the controller.
pub async fn answer(
    ctx: &Ctx,
    request: AlterPartitionReassignmentsRequest,
) -> AlterPartitionReassignmentsResponse {
    if let Err(denied) = ctx.rights().check_cluster(&needs::REASSIGN) {
        return refused(&request, denied);
    }
    let until = forward::deadline(request.timeout_ms);
    forward::submit(&ctx.broker, request, until)
        .await
        .unwrap_or_else(|failure| AlterPartitionReassignmentsResponse {
            error_code: failure.code,
            error_message: Some(failure.message),
            ..AlterPartitionReassignmentsResponse::default()
        })
}

/// The request and every partition of it with the reason why nothing is moved.
fn refused(
    request: &AlterPartitionReassignmentsRequest,
    failure: Failure,
) -> AlterPartitionReassignmentsResponse {
    let partition = |index: i32| ReassignablePartitionResponse {
        partition_index: index,
        error_code: failure.code,
        error_message: Some(failure.message.clone()),
        ..ReassignablePartitionResponse::default()
    };
    let topic = |topic: &ReassignableTopic| ReassignableTopicResponse {
        name: topic.name.clone(),
        partitions: topic
            .partitions
            .iter()
            .map(|one| partition(one.partition_index))
            .collect(),
        ..ReassignableTopicResponse::default()
    };
    AlterPartitionReassignmentsResponse {
        responses: request.topics.iter().map(topic).collect(),
        error_code: failure.code,
        error_message: Some(failure.message),
        ..AlterPartitionReassignmentsResponse::default()
    }
}
