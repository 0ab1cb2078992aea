//! `RemoveRaftVoter` (81): takes a vote of the metadata quorum away (KIP-853); the leader does it.

use super::Ctx;
use super::forward::Failure;
use crate::wire::messages::{RemoveRaftVoterRequest, RemoveRaftVoterResponse};

/// Asks the leader, and answers once the change is agreed on.
pub async fn answer(ctx: &Ctx, request: RemoveRaftVoterRequest) -> RemoveRaftVoterResponse {
    let asked = ctx.broker.quorum.remove_voter(&request).await;
    asked.unwrap_or_else(|error| {
        let failure = Failure::from(error);
        RemoveRaftVoterResponse {
            error_code: failure.code,
            error_message: Some(failure.message),
            ..RemoveRaftVoterResponse::default()
        }
    })
}
