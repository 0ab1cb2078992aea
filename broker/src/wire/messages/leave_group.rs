//! `LeaveGroup` (API 13): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Takes members out of a classic group; several, and by instance id, from version 3 (KIP-345).
    LeaveGroupRequest, key 13, versions 0-5, flexible 4+, answered by LeaveGroupResponse {
        group_id:  String,              0+;
        member_id: String,              0-2;
        members:   Vec<MemberIdentity>, 3+;
    }

    /// An element of `LeaveGroupRequest.members`.
    MemberIdentity {
        member_id:         String,         3+;
        group_instance_id: Option<String>, 3+, null 3+, default None;
        reason:            Option<String>, 5+, null 5+, default None, else ignored;
    }
}

message! {
    /// One result per member that leaves.
    LeaveGroupResponse, key 13, versions 0-5, flexible 4+ {
        throttle_time_ms: i32,                 1+, else ignored;
        error_code:       ErrorCode,           0+;
        members:          Vec<MemberResponse>, 3+;
    }

    /// An element of `LeaveGroupResponse.members`.
    MemberResponse {
        member_id:         String,         3+;
        group_instance_id: Option<String>, 3+, null 3+;
        error_code:        ErrorCode,      3+;
    }
}
