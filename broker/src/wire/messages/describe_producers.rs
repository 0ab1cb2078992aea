//! `DescribeProducers` (API 61): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Asks who writes to partitions (KIP-664).
    DescribeProducersRequest, key 61, versions 0-0, flexible 0+,
        answered by DescribeProducersResponse {
        topics: Vec<TopicRequest>, 0+;
    }

    /// An element of `DescribeProducersRequest.topics`.
    TopicRequest {
        name:              String,   0+;
        partition_indexes: Vec<i32>, 0+;
    }
}

message! {
    /// Idempotent and transactional producers with state in each partition.
    DescribeProducersResponse, key 61, versions 0-0, flexible 0+ {
        throttle_time_ms: i32,                0+;
        topics:           Vec<TopicResponse>, 0+;
    }

    /// An element of `DescribeProducersResponse.topics`.
    TopicResponse {
        name:       String,                 0+;
        partitions: Vec<PartitionResponse>, 0+;
    }

    /// An element of `TopicResponse.partitions`.
    PartitionResponse {
        partition_index:  i32,                0+;
        error_code:       ErrorCode,          0+;
        error_message:    Option<String>,     0+, null 0+, default None;
        active_producers: Vec<ProducerState>, 0+;
    }

    /// An element of `PartitionResponse.active_producers`.
    ProducerState {
        producer_id:              i64, 0+;
        producer_epoch:           i32, 0+;
        last_sequence:            i32, 0+, default -1;
        last_timestamp:           i64, 0+, default -1;
        coordinator_epoch:        i32, 0+;
        current_txn_start_offset: i64, 0+, default -1;
    }
}
