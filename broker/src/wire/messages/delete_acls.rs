//! `DeleteAcls` (API 31): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Deletes the access rules that match any of the filters.
    DeleteAclsRequest, key 31, versions 1-3, flexible 2+, answered by DeleteAclsResponse {
        filters: Vec<DeleteAclsFilter>, 0+;
    }

    /// An element of `DeleteAclsRequest.filters`.
    DeleteAclsFilter {
        resource_type_filter: i8,             0+;
        resource_name_filter: Option<String>, 0+, null 0+;
        /// 1 any, 2 match, 3 literal, 4 prefixed.
        pattern_type_filter:  i8,             1+, default 3;
        principal_filter:     Option<String>, 0+, null 0+;
        host_filter:          Option<String>, 0+, null 0+;
        operation:            i8,             0+;
        /// 1 any (filters only), 2 deny, 3 allow.
        permission_type:      i8,             0+;
    }
}

message! {
    /// What each filter matched and deleted.
    DeleteAclsResponse, key 31, versions 1-3, flexible 2+ {
        throttle_time_ms: i32,                         0+;
        filter_results:   Vec<DeleteAclsFilterResult>, 0+;
    }

    /// An element of `DeleteAclsResponse.filter_results`.
    DeleteAclsFilterResult {
        error_code:    ErrorCode,                  0+;
        error_message: Option<String>,             0+, null 0+;
        matching_acls: Vec<DeleteAclsMatchingAcl>, 0+;
    }

    /// An element of `DeleteAclsFilterResult.matching_acls`.
    DeleteAclsMatchingAcl {
        error_code:      ErrorCode,      0+;
        error_message:   Option<String>, 0+, null 0+;
        resource_type:   i8,             0+;
        resource_name:   String,         0+;
        /// 1 any (filters only), 2 match (filters only), 3 literal, 4 prefixed.
        pattern_type:    i8,             1+, default 3;
        principal:       String,         0+;
        host:            String,         0+;
        operation:       i8,             0+;
        /// 1 any (filters only), 2 deny, 3 allow.
        permission_type: i8,             0+;
    }
}
