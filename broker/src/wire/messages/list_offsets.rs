//! `ListOffsets` (API 2): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Asks for offsets by timestamp; negative timestamps mean special points of the log (KIP-79,
    /// KIP-734).
    ListOffsetsRequest, key 2, versions 1-11, flexible 6+, answered by ListOffsetsResponse {
        replica_id:      i32,                   0+;
        /// 0 reads everything below the high watermark, 1 only below the last stable offset.
        isolation_level: i8,                    2+;
        topics:          Vec<ListOffsetsTopic>, 0+;
        timeout_ms:      i32,                   10+, else ignored;
    }

    /// An element of `ListOffsetsRequest.topics`.
    ListOffsetsTopic {
        name:       String,                    0+;
        partitions: Vec<ListOffsetsPartition>, 0+;
    }

    /// An element of `ListOffsetsTopic.partitions`.
    ListOffsetsPartition {
        partition_index:      i32, 0+;
        current_leader_epoch: i32, 4+, default -1, else ignored;
        /// Milliseconds since 1970; or -1 the end, -2 the start, -3 the largest timestamp, -4 the
        /// local start, -5 the last tiered offset, -6 the first offset not yet tiered.
        timestamp:            i64, 0+;
    }
}

message! {
    /// One offset per partition asked for.
    ListOffsetsResponse, key 2, versions 1-11, flexible 6+ {
        throttle_time_ms: i32,                           2+, else ignored;
        topics:           Vec<ListOffsetsTopicResponse>, 0+;
    }

    /// An element of `ListOffsetsResponse.topics`.
    ListOffsetsTopicResponse {
        name:       String,                            0+;
        partitions: Vec<ListOffsetsPartitionResponse>, 0+;
    }

    /// An element of `ListOffsetsTopicResponse.partitions`.
    ListOffsetsPartitionResponse {
        partition_index: i32,       0+;
        error_code:      ErrorCode, 0+;
        /// Milliseconds since 1970; -1 for the special points.
        timestamp:       i64,       1+, default -1;
        /// -1 where no record matches.
        offset:          i64,       1+, default -1;
        leader_epoch:    i32,       4+, default -1;
    }
}
