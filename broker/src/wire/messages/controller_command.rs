//! `ControllerCommand` (API 10001): between nodes of one cluster only, never advertised. Carries a
//! request of the protocol to the active controller, and its response back.

use bytes::Bytes;

use crate::wire::api_key::ApiKey;
use crate::wire::error_code::ErrorCode;

message! {
    /// A request for the active controller.
    ControllerCommandRequest, key 10001, versions 0-0, flexible 0+,
        answered by ControllerCommandResponse {
        api_key:     ApiKey, 0+;
        api_version: i16,    0+;
        /// The request, without header.
        body:        Bytes,  0+;
        /// The user of the client that asks, if one does.
        user:        Option<String>, 0+, null 0+, default None, tag 0;
        /// Its client id.
        client_id:   Option<String>, 0+, null 0+, default None, tag 1;
        /// Whether it is refused what is above its quota.
        is_strict:   bool,           0+, tag 2;
    }
}

message! {
    /// Its response.
    ControllerCommandResponse, key 10001, versions 0-0, flexible 0+ {
        /// `NOT_CONTROLLER`: nothing was done, ask the leader. `REQUEST_TIMED_OUT`: it may be done.
        error_code: ErrorCode, 0+;
        /// The leader as far as the answering node knows, or −1.
        leader_id:  i32,       0+, default -1;
        /// The response, without header; empty where there is an error.
        body:       Bytes,     0+;
    }
}
