//! `Heartbeat` (API 12): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Keeps a classic group member alive.
    HeartbeatRequest, key 12, versions 0-4, flexible 4+, answered by HeartbeatResponse {
        group_id:          String,         0+;
        generation_id:     i32,            0+;
        member_id:         String,         0+;
        group_instance_id: Option<String>, 3+, null 3+, default None;
    }
}

message! {
    /// Whether the member may go on or must join again.
    HeartbeatResponse, key 12, versions 0-4, flexible 4+ {
        throttle_time_ms: i32,       1+, else ignored;
        error_code:       ErrorCode, 0+;
    }
}
