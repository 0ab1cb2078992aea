//! `JoinGroup` (API 11): the tables of its request and response.

use bytes::Bytes;

use crate::wire::error_code::ErrorCode;

message! {
    /// Enters a classic consumer group or its next generation.
    JoinGroupRequest, key 11, versions 0-9, flexible 6+, answered by JoinGroupResponse {
        group_id:             String, 0+;
        session_timeout_ms:   i32, 0+;
        rebalance_timeout_ms: i32, 1+, default -1, else ignored;
        member_id:            String, 0+;
        group_instance_id:    Option<String>, 5+, null 5+, default None;
        protocol_type:        String, 0+;
        protocols:            Vec<JoinGroupRequestProtocol>, 0+;
        reason:               Option<String>, 8+, null 8+, default None, else ignored;
    }

    /// An element of `JoinGroupRequest.protocols`.
    JoinGroupRequestProtocol {
        name:     String, 0+;
        metadata: Bytes,  0+;
    }
}

message! {
    /// The generation, its leader and, for the leader alone, the members.
    JoinGroupResponse, key 11, versions 0-9, flexible 6+ {
        throttle_time_ms: i32,                          2+, else ignored;
        error_code:       ErrorCode,                    0+;
        generation_id:    i32,                          0+, default -1;
        protocol_type:    Option<String>,               7+, null 7+, default None, else ignored;
        protocol_name:    Option<String>,               0+, null 7+;
        leader:           String,                       0+;
        skip_assignment:  bool,                         9+;
        member_id:        String,                       0+;
        members:          Vec<JoinGroupResponseMember>, 0+;
    }

    /// An element of `JoinGroupResponse.members`.
    JoinGroupResponseMember {
        member_id:         String,         0+;
        group_instance_id: Option<String>, 5+, null 5+, default None, else ignored;
        metadata:          Bytes,          0+;
    }
}
