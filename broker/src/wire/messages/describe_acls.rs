//! `DescribeAcls` (API 29): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Asks for the access rules that match a filter.
    DescribeAclsRequest, key 29, versions 1-3, flexible 2+, answered by DescribeAclsResponse {
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
    /// Access rules by resource.
    DescribeAclsResponse, key 29, versions 1-3, flexible 2+ {
        throttle_time_ms: i32,                       0+;
        error_code:       ErrorCode,                 0+;
        error_message:    Option<String>,            0+, null 0+;
        resources:        Vec<DescribeAclsResource>, 0+;
    }

    /// An element of `DescribeAclsResponse.resources`.
    DescribeAclsResource {
        resource_type: i8,                  0+;
        resource_name: String,              0+;
        /// 1 any (filters only), 2 match (filters only), 3 literal, 4 prefixed.
        pattern_type:  i8,                  1+, default 3;
        acls:          Vec<AclDescription>, 0+;
    }

    /// An element of `DescribeAclsResource.acls`.
    AclDescription {
        principal:       String, 0+;
        host:            String, 0+;
        operation:       i8,     0+;
        /// 1 any (filters only), 2 deny, 3 allow.
        permission_type: i8,     0+;
    }
}
