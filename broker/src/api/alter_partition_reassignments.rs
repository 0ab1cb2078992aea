//! `AlterPartitionReassignments` (45): the controller decides (rules 46 and 47).

use super::Ctx;
use super::forward;
use crate::wire::messages::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
};

/// Asks the controller.
pub async fn answer(
    ctx: &Ctx,
    request: AlterPartitionReassignmentsRequest,
) -> AlterPartitionReassignmentsResponse {
    let until = forward::deadline(request.timeout_ms);
    forward::submit(&ctx.broker, request, until)
        .await
        .unwrap_or_else(|failure| AlterPartitionReassignmentsResponse {
            error_code: failure.code,
            error_message: Some(failure.message),
            ..AlterPartitionReassignmentsResponse::default()
        })
}
