//! `AlterPartitionReassignments` (API 45): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Starts, replaces or cancels moves of partitions between brokers (KIP-455).
    AlterPartitionReassignmentsRequest, key 45, versions 0-1, flexible 0+,
        answered by AlterPartitionReassignmentsResponse {
        timeout_ms:                      i32,                    0+, default 60_000;
        allow_replication_factor_change: bool,                   1+, default true;
        topics:                          Vec<ReassignableTopic>, 0+;
    }

    /// An element of `AlterPartitionReassignmentsRequest.topics`.
    ReassignableTopic {
        name:       String,                     0+;
        partitions: Vec<ReassignablePartition>, 0+;
    }

    /// An element of `ReassignableTopic.partitions`.
    ReassignablePartition {
        partition_index: i32,              0+;
        /// The brokers to hold the partition, preferred leader first; null cancels a move.
        replicas:        Option<Vec<i32>>, 0+, null 0+, default None;
    }
}

message! {
    /// One result per partition.
    AlterPartitionReassignmentsResponse, key 45, versions 0-1, flexible 0+ {
        throttle_time_ms:                i32, 0+;
        allow_replication_factor_change: bool, 1+, default true, else ignored;
        error_code:                      ErrorCode, 0+;
        error_message:                   Option<String>, 0+, null 0+;
        responses:                       Vec<ReassignableTopicResponse>, 0+;
    }

    /// An element of `AlterPartitionReassignmentsResponse.responses`.
    ReassignableTopicResponse {
        name:       String,                             0+;
        partitions: Vec<ReassignablePartitionResponse>, 0+;
    }

    /// An element of `ReassignableTopicResponse.partitions`.
    ReassignablePartitionResponse {
        partition_index: i32,            0+;
        error_code:      ErrorCode,      0+;
        error_message:   Option<String>, 0+, null 0+;
    }
}
