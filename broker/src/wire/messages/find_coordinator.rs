//! `FindCoordinator` (API 10): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Asks which broker coordinates a group or transaction; of many keys at once from version 4
    /// (KIP-699).
    FindCoordinatorRequest, key 10, versions 0-6, flexible 3+,
        answered by FindCoordinatorResponse {
        key:              String,      0-3;
        /// 0 group, 1 transaction, 2 share partition.
        key_type:         i8,          1+;
        coordinator_keys: Vec<String>, 4+;
    }
}

message! {
    /// The coordinators asked for.
    FindCoordinatorResponse, key 10, versions 0-6, flexible 3+ {
        throttle_time_ms: i32,              1+, else ignored;
        error_code:       ErrorCode,        0-3;
        error_message:    Option<String>,   1-3, null 1-3, else ignored;
        node_id:          i32,              0-3;
        host:             String,           0-3;
        port:             i32,              0-3;
        coordinators:     Vec<Coordinator>, 4+;
    }

    /// An element of `FindCoordinatorResponse.coordinators`.
    Coordinator {
        key:           String,         4+;
        node_id:       i32,            4+;
        host:          String,         4+;
        port:          i32,            4+;
        error_code:    ErrorCode,      4+;
        error_message: Option<String>, 4+, null 4+, else ignored;
    }
}
