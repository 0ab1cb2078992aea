//! `Produce` (API 0): the tables of its request and response.

use bytes::Bytes;

use crate::wire::error_code::ErrorCode;
use crate::wire::uuid::Uuid;

message! {
    /// Appends record batches to partitions.
    ProduceRequest, key 0, versions 3-13, flexible 9+, answered by ProduceResponse {
        transactional_id: Option<String>,        3+, null 3+, default None;
        /// 0 none, 1 the leader, -1 all in-sync replicas.
        acks:             i16,                   0+;
        /// How long the broker may wait for acknowledgements.
        timeout_ms:       i32,                   0+;
        topic_data:       Vec<TopicProduceData>, 0+;
    }

    /// An element of `ProduceRequest.topic_data`.
    TopicProduceData {
        name:           String,                    0-12, else ignored;
        topic_id:       Uuid,                      13+, else ignored;
        partition_data: Vec<PartitionProduceData>, 0+;
    }

    /// An element of `TopicProduceData.partition_data`.
    PartitionProduceData {
        index:   i32,           0+;
        /// Record batches as bytes.
        records: Option<Bytes>, 0+, null 0+, default None;
    }
}

message! {
    /// Where the batches went, or why not; partitions that moved name their new leader (KIP-951).
    ProduceResponse, key 0, versions 3-13, flexible 9+ {
        responses:        Vec<TopicProduceResponse>, 0+;
        throttle_time_ms: i32,                       1+, else ignored;
        node_endpoints:   Vec<NodeEndpoint>,         10+, tag 0, else ignored;
    }

    /// An element of `ProduceResponse.responses`.
    TopicProduceResponse {
        name:                String,                        0-12, else ignored;
        topic_id:            Uuid,                          13+, else ignored;
        partition_responses: Vec<PartitionProduceResponse>, 0+;
    }

    /// An element of `TopicProduceResponse.partition_responses`.
    PartitionProduceResponse {
        index:              i32,                            0+;
        error_code:         ErrorCode,                      0+;
        base_offset:        i64,                            0+;
        /// Milliseconds since 1970, or -1 where the batch kept its own timestamps.
        log_append_time_ms: i64,                            2+, default -1, else ignored;
        log_start_offset:   i64,                            5+, default -1, else ignored;
        record_errors:      Vec<BatchIndexAndErrorMessage>, 8+, else ignored;
        error_message:      Option<String>,                 8+, null 8+, default None, else ignored;
        current_leader:     LeaderIdAndEpoch,               10+, tag 0, else ignored;
    }

    /// An element of `PartitionProduceResponse.record_errors`.
    BatchIndexAndErrorMessage {
        batch_index:               i32,            8+;
        batch_index_error_message: Option<String>, 8+, null 8+, default None;
    }

    /// The value of `PartitionProduceResponse.current_leader`.
    LeaderIdAndEpoch {
        leader_id:    i32, 10+, default -1;
        leader_epoch: i32, 10+, default -1;
    }

    /// An element of `ProduceResponse.node_endpoints`.
    NodeEndpoint {
        node_id: i32,            10+;
        host:    String,         10+;
        port:    i32,            10+;
        rack:    Option<String>, 10+, null 10+, default None;
    }
}
