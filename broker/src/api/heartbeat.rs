//! `Heartbeat` (12): a member lives, and is told whether to rejoin (rule 61).

use super::{Ctx, needs};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::{HeartbeatRequest, HeartbeatResponse};

/// Asks the coordinator.
#[expect(clippy::unused_async, reason = "every API is asked in the same way")]
pub async fn answer(ctx: &Ctx, request: HeartbeatRequest) -> HeartbeatResponse {
    let allowed = ctx.rights().check(&needs::BEAT, &request.group_id);
    let alive = match request.group_id.as_str() {
        _ if allowed.is_err() => allowed,
        "" => Err(ErrorCode::INVALID_GROUP_ID),
        _ => ctx.broker.groups.heartbeat(&request),
    };
    HeartbeatResponse {
        error_code: alive.err().unwrap_or_default(),
        ..HeartbeatResponse::default()
    }
}
