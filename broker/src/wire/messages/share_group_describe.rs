//! `ShareGroupDescribe` (API 77): the tables of its request and response.

use crate::wire::error_code::ErrorCode;
use crate::wire::uuid::Uuid;

message! {
    /// Asks for state and members of share groups (KIP-932).
    ShareGroupDescribeRequest, key 77, versions 1-1, flexible 0+,
        answered by ShareGroupDescribeResponse {
        group_ids:                     Vec<String>, 0+;
        include_authorized_operations: bool,        0+;
    }
}

message! {
    /// Epochs, members and assignments of share groups.
    ShareGroupDescribeResponse, key 77, versions 1-1, flexible 0+ {
        throttle_time_ms: i32,                 0+;
        groups:           Vec<DescribedGroup>, 0+;
    }

    /// An element of `ShareGroupDescribeResponse.groups`.
    DescribedGroup {
        error_code:            ErrorCode,      0+;
        error_message:         Option<String>, 0+, null 0+, default None;
        group_id:              String,         0+;
        group_state:           String,         0+;
        group_epoch:           i32,            0+;
        assignment_epoch:      i32,            0+;
        assignor_name:         String,         0+;
        members:               Vec<Member>,    0+;
        /// Bit set of the operations the asker may do; `i32::MIN` where not asked for.
        authorized_operations: i32,            0+, default i32::MIN;
    }

    /// An element of `DescribedGroup.members`.
    Member {
        member_id:              String,         0+;
        rack_id:                Option<String>, 0+, null 0+, default None;
        member_epoch:           i32,            0+;
        client_id:              String,         0+;
        client_host:            String,         0+;
        subscribed_topic_names: Vec<String>,    0+;
        assignment:             Assignment,     0+;
    }

    /// Used in `Assignment.topic_partitions`.
    TopicPartitions {
        topic_id:   Uuid,     0+;
        topic_name: String,   0+;
        partitions: Vec<i32>, 0+;
    }

    /// Used in `Member.assignment`.
    Assignment {
        topic_partitions: Vec<TopicPartitions>, 0+;
    }
}
