//! `SyncGroup` (14): waits until the leader's assignment is committed (rule 60).

use super::{Ctx, needs};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::{SyncGroupRequest, SyncGroupResponse};

/// First version that must name the protocol (KIP-559).
const NAMED_VERSION: i16 = 5;

/// Asks the coordinator.
pub async fn answer(ctx: &Ctx, request: SyncGroupRequest) -> SyncGroupResponse {
    let allowed = ctx.rights().check(&needs::SYNC, &request.group_id);
    let refused = match refusal(&request, ctx.version) {
        Some(ErrorCode::INCONSISTENT_GROUP_PROTOCOL) => {
            Some(ErrorCode::INCONSISTENT_GROUP_PROTOCOL)
        }
        other => allowed.err().or(other),
    };
    match refused {
        Some(error_code) => SyncGroupResponse {
            error_code,
            ..SyncGroupResponse::default()
        },
        None => ctx.broker.groups.sync(request).await,
    }
}

fn refusal(request: &SyncGroupRequest, version: i16) -> Option<ErrorCode> {
    if request.group_id.is_empty() {
        return Some(ErrorCode::INVALID_GROUP_ID);
    }
    let named = request.protocol_type.is_some() && request.protocol_name.is_some();
    (version >= NAMED_VERSION && !named).then_some(ErrorCode::INCONSISTENT_GROUP_PROTOCOL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_version_five_on_the_protocol_must_be_named() {
        let request = SyncGroupRequest {
            group_id: "g".into(),
            ..SyncGroupRequest::default()
        };
        assert_eq!(refusal(&request, 4), None);
        let code = refusal(&request, 5);
        assert_eq!(code, Some(ErrorCode::INCONSISTENT_GROUP_PROTOCOL));
    }
}
