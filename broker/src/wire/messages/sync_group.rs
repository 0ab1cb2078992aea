//! `SyncGroup` (API 14): the tables of its request and response.

use bytes::Bytes;

use crate::wire::error_code::ErrorCode;

message! {
    /// Asks for the assignment of a generation; the leader brings that of everybody.
    SyncGroupRequest, key 14, versions 0-5, flexible 4+, answered by SyncGroupResponse {
        group_id:          String,                          0+;
        generation_id:     i32,                             0+;
        member_id:         String,                          0+;
        group_instance_id: Option<String>,                  3+, null 3+, default None;
        protocol_type:     Option<String>,                  5+, null 5+, default None, else ignored;
        protocol_name:     Option<String>,                  5+, null 5+, default None, else ignored;
        assignments:       Vec<SyncGroupRequestAssignment>, 0+;
    }

    /// An element of `SyncGroupRequest.assignments`.
    SyncGroupRequestAssignment {
        member_id:  String, 0+;
        assignment: Bytes,  0+;
    }
}

message! {
    /// The assignment of the member.
    SyncGroupResponse, key 14, versions 0-5, flexible 4+ {
        throttle_time_ms: i32,            1+, else ignored;
        error_code:       ErrorCode,      0+;
        protocol_type:    Option<String>, 5+, null 5+, default None, else ignored;
        protocol_name:    Option<String>, 5+, null 5+, default None, else ignored;
        assignment:       Bytes,          0+;
    }
}
