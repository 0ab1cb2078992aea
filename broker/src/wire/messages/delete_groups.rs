//! `DeleteGroups` (API 42): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Deletes empty groups with their committed positions (KIP-229).
    DeleteGroupsRequest, key 42, versions 0-2, flexible 2+, answered by DeleteGroupsResponse {
        groups_names: Vec<String>, 0+;
    }
}

message! {
    /// One result per group.
    DeleteGroupsResponse, key 42, versions 0-2, flexible 2+ {
        throttle_time_ms: i32,                       0+;
        results:          Vec<DeletableGroupResult>, 0+;
    }

    /// An element of `DeleteGroupsResponse.results`.
    DeletableGroupResult {
        group_id:   String,    0+;
        error_code: ErrorCode, 0+;
    }
}
