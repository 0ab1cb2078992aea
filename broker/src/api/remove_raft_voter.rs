//! `RemoveRaftVoter` (81): takes a vote of the metadata quorum away (KIP-853); the leader does it.

use super::forward::Failure;
use super::{Ctx, needs};
use crate::wire::messages::{RemoveRaftVoterRequest, RemoveRaftVoterResponse};

/// Asks the leader, and answers once the change is agreed on.
pub async fn answer(ctx: &Ctx, request: RemoveRaftVoterRequest) -> RemoveRaftVoterResponse {
    let asked = match ctx.rights().check_cluster(&needs::REMOVE_VOTER) {
        Ok(()) => ctx.broker.quorum.remove_voter(&request).await,
        Err(refused) => return failed(refused),
    };
    asked.unwrap_or_else(|error| failed(Failure::from(error)))
}

fn failed(failure: Failure) -> RemoveRaftVoterResponse {
    RemoveRaftVoterResponse {
        error_code: failure.code,
        error_message: Some(failure.message),
        ..RemoveRaftVoterResponse::default()
    }
}
