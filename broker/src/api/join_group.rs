//! `JoinGroup` (11): waits until the group's next generation (rules 58, 59).

use super::{Ctx, needs};
use crate::group::Member;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::{JoinGroupRequest, JoinGroupResponse};

/// First version in which there may be no protocol.
const NULLABLE_VERSION: i16 = 7;

/// Asks the coordinator.
pub async fn answer(ctx: &Ctx, request: JoinGroupRequest) -> JoinGroupResponse {
    if let Err(error_code) = ctx.rights().check(&needs::JOIN, &request.group_id) {
        let refused = JoinGroupResponse {
            error_code,
            generation_id: -1,
            ..JoinGroupResponse::default()
        };
        return fit(refused, ctx.version);
    }
    if request.group_id.is_empty() {
        return fit(
            JoinGroupResponse {
                error_code: ErrorCode::INVALID_GROUP_ID,
                member_id: request.member_id,
                ..JoinGroupResponse::default()
            },
            ctx.version,
        );
    }
    let from = Member {
        client_id: ctx.caller.client_id.clone().unwrap_or_default(),
        host: ctx.caller.host.clone(),
        version: ctx.version,
    };
    fit(ctx.broker.groups.join(request, from).await, ctx.version)
}

/// A refusal names no protocol: with null where the version knows it, else with nothing.
fn fit(mut answer: JoinGroupResponse, version: i16) -> JoinGroupResponse {
    if version < NULLABLE_VERSION {
        answer.protocol_name.get_or_insert_default();
    } else if !answer.error_code.is_ok() {
        answer.protocol_name = None;
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_an_empty_protocol_in_old_versions_and_none_in_new_ones() {
        let refused = || JoinGroupResponse {
            error_code: ErrorCode::UNKNOWN_MEMBER_ID,
            ..JoinGroupResponse::default()
        };
        assert_eq!(fit(refused(), 6).protocol_name.as_deref(), Some(""));
        assert_eq!(fit(refused(), 7).protocol_name, None);
    }
}
