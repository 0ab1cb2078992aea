//! `AddRaftVoter` (API 80): the tables of its request and response.

use crate::wire::error_code::ErrorCode;
use crate::wire::uuid::Uuid;

message! {
    /// Gives an observer of the metadata quorum a vote (KIP-853).
    AddRaftVoterRequest, key 80, versions 0-1, flexible 0+, answered by AddRaftVoterResponse {
        cluster_id:         Option<String>, 0+, null 0+;
        timeout_ms:         i32,            0+;
        voter_id:           i32,            0+;
        voter_directory_id: Uuid,           0+;
        listeners:          Vec<Listener>,  0+;
        /// Whether the answer waits until the change is agreed on.
        ack_when_committed: bool,           1+, default true, else ignored;
    }

    /// An element of `AddRaftVoterRequest.listeners`.
    Listener {
        name: String, 0+;
        host: String, 0+;
        port: u16,    0+;
    }
}

message! {
    /// Whether it has a vote now.
    AddRaftVoterResponse, key 80, versions 0-1, flexible 0+ {
        throttle_time_ms: i32,            0+;
        error_code:       ErrorCode,      0+;
        error_message:    Option<String>, 0+, null 0+, default None;
    }
}
