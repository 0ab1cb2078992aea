//! `UnregisterBroker` (API 64): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Removes a dead broker's registration from a KRaft cluster (KIP-500).
    UnregisterBrokerRequest, key 64, versions 0-0, flexible 0+,
        answered by UnregisterBrokerResponse {
        broker_id: i32, 0+;
    }
}

message! {
    /// Whether the registration is gone.
    UnregisterBrokerResponse, key 64, versions 0-0, flexible 0+ {
        throttle_time_ms: i32,            0+;
        error_code:       ErrorCode,      0+;
        error_message:    Option<String>, 0+, null 0+;
    }
}
