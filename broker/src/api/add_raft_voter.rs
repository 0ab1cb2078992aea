//! `AddRaftVoter` (80): gives an observer of the metadata quorum a vote (KIP-853); the leader does it.

use super::forward::Failure;
use super::{Ctx, needs};
use crate::wire::messages::{AddRaftVoterRequest, AddRaftVoterResponse};

/// Asks the leader, and answers once the change is agreed on.
pub async fn answer(ctx: &Ctx, request: AddRaftVoterRequest) -> AddRaftVoterResponse {
    let asked = match ctx.rights().check_cluster(&needs::ADD_VOTER) {
        Ok(()) => ctx.broker.quorum.add_voter(&request).await,
        Err(refused) => return failed(refused),
    };
    asked.unwrap_or_else(|error| failed(Failure::from(error)))
}

fn failed(failure: Failure) -> AddRaftVoterResponse {
    AddRaftVoterResponse {
        error_code: failure.code,
        error_message: Some(failure.message),
        ..AddRaftVoterResponse::default()
    }
}
