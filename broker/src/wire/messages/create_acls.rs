//! `CreateAcls` (API 30): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Adds access rules.
    CreateAclsRequest, key 30, versions 1-3, flexible 2+, answered by CreateAclsResponse {
        creations: Vec<AclCreation>, 0+;
    }

    /// An element of `CreateAclsRequest.creations`.
    AclCreation {
        resource_type:         i8,     0+;
        resource_name:         String, 0+;
        /// 3 literal, 4 prefixed.
        resource_pattern_type: i8,     1+, default 3;
        principal:             String, 0+;
        host:                  String, 0+;
        operation:             i8,     0+;
        /// 1 any (filters only), 2 deny, 3 allow.
        permission_type:       i8,     0+;
    }
}

message! {
    /// One result per rule, in the order asked.
    CreateAclsResponse, key 30, versions 1-3, flexible 2+ {
        throttle_time_ms: i32,                    0+;
        results:          Vec<AclCreationResult>, 0+;
    }

    /// An element of `CreateAclsResponse.results`.
    AclCreationResult {
        error_code:    ErrorCode,      0+;
        error_message: Option<String>, 0+, null 0+;
    }
}
