//! `LeaveGroup` (13): members go, several and by instance id from version 3 (rule 62, KIP-345).

use super::{Ctx, needs};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::leave_group::{MemberIdentity, MemberResponse};
use crate::wire::messages::{LeaveGroupRequest, LeaveGroupResponse};

/// First version that names several members.
const BATCHED_VERSION: i16 = 3;

/// Asks the coordinator, member by member.
#[expect(clippy::unused_async, reason = "every API is asked in the same way")]
pub async fn answer(ctx: &Ctx, request: LeaveGroupRequest) -> LeaveGroupResponse {
    let group = request.group_id.as_str();
    if let Err(code) = ctx.rights().check(&needs::LEAVE, group) {
        return refused(code);
    }
    if group.is_empty() {
        return refused(ErrorCode::INVALID_GROUP_ID);
    }
    let members = match ctx.version {
        BATCHED_VERSION.. => request.members,
        _ => vec![MemberIdentity {
            member_id: request.member_id,
            ..MemberIdentity::default()
        }],
    };
    let mut left = Vec::with_capacity(members.len());
    for member in members {
        let instance = member.group_instance_id.as_deref();
        match ctx.broker.groups.leave(group, &member.member_id, instance) {
            Err(code) => return refused(code),
            Ok(gone) => left.push(MemberResponse {
                error_code: gone.err().unwrap_or_default(),
                member_id: member.member_id,
                group_instance_id: member.group_instance_id,
                ..MemberResponse::default()
            }),
        }
    }
    respond(ctx.version, left)
}

/// Older versions have one member, whose error stands at the top.
fn respond(version: i16, left: Vec<MemberResponse>) -> LeaveGroupResponse {
    match version {
        BATCHED_VERSION.. => LeaveGroupResponse {
            members: left,
            ..LeaveGroupResponse::default()
        },
        _ => refused(left.first().map(|one| one.error_code).unwrap_or_default()),
    }
}

fn refused(error_code: ErrorCode) -> LeaveGroupResponse {
    LeaveGroupResponse {
        error_code,
        ..LeaveGroupResponse::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_member_stands_where_the_version_has_it() {
        let left = || {
            vec![MemberResponse {
                error_code: ErrorCode::UNKNOWN_MEMBER_ID,
                ..MemberResponse::default()
            }]
        };
        let old = respond(2, left());
        assert_eq!(old.error_code, ErrorCode::UNKNOWN_MEMBER_ID);
        assert!(old.members.is_empty());
        let new = respond(3, left());
        assert_eq!((new.error_code, new.members.len()), (ErrorCode::NONE, 1));
    }
}
