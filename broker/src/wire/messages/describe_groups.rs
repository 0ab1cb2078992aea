//! `DescribeGroups` (API 15): the tables of its request and response.

use bytes::Bytes;

use crate::wire::error_code::ErrorCode;

message! {
    /// Asks for state and members of classic groups.
    DescribeGroupsRequest, key 15, versions 0-6, flexible 5+, answered by DescribeGroupsResponse {
        groups:                        Vec<String>, 0+;
        include_authorized_operations: bool,        3+;
    }
}

message! {
    /// State, protocol and members of each group.
    DescribeGroupsResponse, key 15, versions 0-6, flexible 5+ {
        throttle_time_ms: i32,                 1+, else ignored;
        groups:           Vec<DescribedGroup>, 0+;
    }

    /// An element of `DescribeGroupsResponse.groups`.
    DescribedGroup {
        error_code:            ErrorCode,                 0+;
        error_message:         Option<String>,            6+, null 6+, default None;
        group_id:              String,                    0+;
        group_state:           String,                    0+;
        protocol_type:         String,                    0+;
        protocol_data:         String,                    0+;
        members:               Vec<DescribedGroupMember>, 0+;
        /// Bit set of the operations the asker may do; `i32::MIN` where not asked for.
        authorized_operations: i32,                       3+, default i32::MIN;
    }

    /// An element of `DescribedGroup.members`.
    DescribedGroupMember {
        member_id:         String,         0+;
        group_instance_id: Option<String>, 4+, null 4+, default None, else ignored;
        client_id:         String,         0+;
        client_host:       String,         0+;
        member_metadata:   Bytes,          0+;
        member_assignment: Bytes,          0+;
    }
}
