//! `RemoveRaftVoter` (API 81): the tables of its request and response.

use crate::wire::error_code::ErrorCode;
use crate::wire::uuid::Uuid;

message! {
    /// Takes a vote of the metadata quorum away (KIP-853).
    RemoveRaftVoterRequest, key 81, versions 0-0, flexible 0+, answered by RemoveRaftVoterResponse {
        cluster_id:         Option<String>, 0+, null 0+;
        voter_id:           i32,            0+;
        voter_directory_id: Uuid,           0+;
    }
}

message! {
    /// Whether it has no vote now.
    RemoveRaftVoterResponse, key 81, versions 0-0, flexible 0+ {
        throttle_time_ms: i32,            0+;
        error_code:       ErrorCode,      0+;
        error_message:    Option<String>, 0+, null 0+, default None;
    }
}
