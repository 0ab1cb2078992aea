//! `DeleteRecords` (API 21): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Deletes the records before an offset (KIP-107).
    DeleteRecordsRequest, key 21, versions 0-2, flexible 2+, answered by DeleteRecordsResponse {
        topics:     Vec<DeleteRecordsTopic>, 0+;
        timeout_ms: i32,                     0+;
    }

    /// An element of `DeleteRecordsRequest.topics`.
    DeleteRecordsTopic {
        name:       String,                      0+;
        partitions: Vec<DeleteRecordsPartition>, 0+;
    }

    /// An element of `DeleteRecordsTopic.partitions`.
    DeleteRecordsPartition {
        partition_index: i32, 0+;
        offset:          i64, 0+;
    }
}

message! {
    /// The new start of each log.
    DeleteRecordsResponse, key 21, versions 0-2, flexible 2+ {
        throttle_time_ms: i32,                           0+;
        topics:           Vec<DeleteRecordsTopicResult>, 0+;
    }

    /// An element of `DeleteRecordsResponse.topics`.
    DeleteRecordsTopicResult {
        name:       String,                            0+;
        partitions: Vec<DeleteRecordsPartitionResult>, 0+;
    }

    /// An element of `DeleteRecordsTopicResult.partitions`.
    DeleteRecordsPartitionResult {
        partition_index: i32,       0+;
        low_watermark:   i64,       0+;
        error_code:      ErrorCode, 0+;
    }
}
