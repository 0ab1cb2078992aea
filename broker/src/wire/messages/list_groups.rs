//! `ListGroups` (API 16): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Asks one broker for the groups it coordinates, by state (KIP-518) and type (KIP-848).
    ListGroupsRequest, key 16, versions 0-5, flexible 3+, answered by ListGroupsResponse {
        states_filter: Vec<String>, 4+;
        types_filter:  Vec<String>, 5+;
    }
}

message! {
    /// The groups that this broker coordinates.
    ListGroupsResponse, key 16, versions 0-5, flexible 3+ {
        throttle_time_ms: i32,              1+, else ignored;
        error_code:       ErrorCode,        0+;
        groups:           Vec<ListedGroup>, 0+;
    }

    /// An element of `ListGroupsResponse.groups`.
    ListedGroup {
        group_id:      String, 0+;
        protocol_type: String, 0+;
        group_state:   String, 4+, else ignored;
        group_type:    String, 5+, else ignored;
    }
}
