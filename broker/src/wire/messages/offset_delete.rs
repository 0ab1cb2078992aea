//! `OffsetDelete` (API 47): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Deletes committed positions of a group for partitions it does not consume (KIP-496).
    OffsetDeleteRequest, key 47, versions 0-0, answered by OffsetDeleteResponse {
        group_id: String,                        0+;
        topics:   Vec<OffsetDeleteRequestTopic>, 0+;
    }

    /// An element of `OffsetDeleteRequest.topics`.
    OffsetDeleteRequestTopic {
        name:       String,                            0+;
        partitions: Vec<OffsetDeleteRequestPartition>, 0+;
    }

    /// An element of `OffsetDeleteRequestTopic.partitions`.
    OffsetDeleteRequestPartition {
        partition_index: i32, 0+;
    }
}

message! {
    /// One result per partition.
    OffsetDeleteResponse, key 47, versions 0-0 {
        error_code:       ErrorCode,                      0+;
        throttle_time_ms: i32,                            0+, else ignored;
        topics:           Vec<OffsetDeleteResponseTopic>, 0+;
    }

    /// An element of `OffsetDeleteResponse.topics`.
    OffsetDeleteResponseTopic {
        name:       String,                             0+;
        partitions: Vec<OffsetDeleteResponsePartition>, 0+;
    }

    /// An element of `OffsetDeleteResponseTopic.partitions`.
    OffsetDeleteResponsePartition {
        partition_index: i32,       0+;
        error_code:      ErrorCode, 0+;
    }
}
