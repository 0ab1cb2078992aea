//! `AddRaftVoter` (80): gives an observer of the metadata quorum a vote (KIP-853); the leader does it.

use super::Ctx;
use super::forward::Failure;
use crate::wire::messages::{AddRaftVoterRequest, AddRaftVoterResponse};

/// Asks the leader, and answers once the change is agreed on.
pub async fn answer(ctx: &Ctx, request: AddRaftVoterRequest) -> AddRaftVoterResponse {
    let asked = ctx.broker.quorum.add_voter(&request).await;
    asked.unwrap_or_else(|error| {
        let failure = Failure::from(error);
        AddRaftVoterResponse {
            error_code: failure.code,
            error_message: Some(failure.message),
            ..AddRaftVoterResponse::default()
        }
    })
}
