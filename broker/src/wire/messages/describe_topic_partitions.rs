//! `DescribeTopicPartitions` (API 75): the tables of its request and response.

use crate::wire::error_code::ErrorCode;
use crate::wire::uuid::Uuid;

message! {
    /// Asks for topics page by page (KIP-966).
    DescribeTopicPartitionsRequest, key 75, versions 0-0, flexible 0+,
        answered by DescribeTopicPartitionsResponse {
        topics:                   Vec<TopicRequest>,     0+;
        response_partition_limit: i32,                   0+, default 2_000;
        cursor:                   Option<RequestCursor>, 0+, null 0+, default None;
    }

    /// An element of `DescribeTopicPartitionsRequest.topics`.
    TopicRequest {
        name: String, 0+;
    }

    /// The value of `DescribeTopicPartitionsRequest.cursor`.
    RequestCursor {
        topic_name:      String, 0+;
        partition_index: i32,    0+;
    }
}

message! {
    /// One page of partitions, with the replicas eligible to lead when no in-sync one is left.
    DescribeTopicPartitionsResponse, key 75, versions 0-0, flexible 0+ {
        throttle_time_ms: i32,                                       0+, else ignored;
        topics:           Vec<DescribeTopicPartitionsResponseTopic>, 0+;
        next_cursor:      Option<ResponseCursor>,                    0+, null 0+, default None;
    }

    /// An element of `DescribeTopicPartitionsResponse.topics`.
    DescribeTopicPartitionsResponseTopic {
        error_code:                  ErrorCode, 0+;
        name:                        Option<String>, 0+, null 0+;
        topic_id:                    Uuid, 0+, else ignored;
        is_internal:                 bool, 0+, else ignored;
        partitions:                  Vec<DescribeTopicPartitionsResponsePartition>, 0+;
        /// Bit set of the operations the asker may do; `i32::MIN` where not asked for.
        topic_authorized_operations: i32, 0+, default i32::MIN;
    }

    /// An element of `DescribeTopicPartitionsResponseTopic.partitions`.
    DescribeTopicPartitionsResponsePartition {
        error_code:               ErrorCode,        0+;
        partition_index:          i32,              0+;
        leader_id:                i32,              0+;
        leader_epoch:             i32,              0+, default -1, else ignored;
        replica_nodes:            Vec<i32>,         0+;
        isr_nodes:                Vec<i32>,         0+;
        eligible_leader_replicas: Option<Vec<i32>>, 0+, null 0+, default None;
        last_known_elr:           Option<Vec<i32>>, 0+, null 0+, default None;
        offline_replicas:         Vec<i32>,         0+, else ignored;
    }

    /// The value of `DescribeTopicPartitionsResponse.next_cursor`.
    ResponseCursor {
        topic_name:      String, 0+;
        partition_index: i32,    0+;
    }
}
