//! `ConsumerGroupDescribe` (API 69): the tables of its request and response.

use crate::wire::error_code::ErrorCode;
use crate::wire::uuid::Uuid;

message! {
    /// Asks for state and members of groups of the new consumer protocol (KIP-848).
    ConsumerGroupDescribeRequest, key 69, versions 0-1, flexible 0+,
        answered by ConsumerGroupDescribeResponse {
        group_ids:                     Vec<String>, 0+;
        include_authorized_operations: bool,        0+;
    }
}

message! {
    /// Epochs, members, and what each has and is to have.
    ConsumerGroupDescribeResponse, key 69, versions 0-1, flexible 0+ {
        throttle_time_ms: i32,                 0+;
        groups:           Vec<DescribedGroup>, 0+;
    }

    /// An element of `ConsumerGroupDescribeResponse.groups`.
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
        instance_id:            Option<String>, 0+, null 0+, default None;
        rack_id:                Option<String>, 0+, null 0+, default None;
        member_epoch:           i32,            0+;
        client_id:              String,         0+;
        client_host:            String,         0+;
        subscribed_topic_names: Vec<String>,    0+;
        subscribed_topic_regex: Option<String>, 0+, null 0+, default None;
        assignment:             Assignment,     0+;
        target_assignment:      Assignment,     0+;
        /// -1 unknown, 0 classic protocol, 1 consumer protocol.
        member_type:            i8,             1+, default -1, else ignored;
    }

    /// Used in `Assignment.topic_partitions`.
    TopicPartitions {
        topic_id:   Uuid,     0+;
        topic_name: String,   0+;
        partitions: Vec<i32>, 0+;
    }

    /// Used in `Member.assignment` and `Member.target_assignment`.
    Assignment {
        topic_partitions: Vec<TopicPartitions>, 0+;
    }
}
