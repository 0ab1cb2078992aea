//! `BrokerHeartbeat` (API 63): the tables of its request and response.

use crate::wire::error_code::ErrorCode;
use crate::wire::uuid::Uuid;

message! {
    /// A broker says that it lives, how far it has read the metadata and what it wants (KIP-631).
    BrokerHeartbeatRequest, key 63, versions 0-1, flexible 0+,
        answered by BrokerHeartbeatResponse {
        broker_id:               i32,       0+;
        broker_epoch:            i64,       0+, default -1;
        current_metadata_offset: i64,       0+;
        want_fence:              bool,      0+;
        want_shut_down:          bool,      0+;
        offline_log_dirs:        Vec<Uuid>, 1+, tag 0, else ignored;
    }
}

message! {
    /// How the controller sees the broker.
    BrokerHeartbeatResponse, key 63, versions 0-1, flexible 0+ {
        throttle_time_ms: i32,       0+;
        error_code:       ErrorCode, 0+;
        is_caught_up:     bool,      0+;
        is_fenced:        bool,      0+, default true;
        should_shut_down: bool,      0+;
    }
}
