//! `OffsetForLeaderEpoch` (API 23): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Asks where leader epochs ended, to find out where two logs part (KIP-101, KIP-320).
    OffsetForLeaderEpochRequest, key 23, versions 2-4, flexible 4+,
        answered by OffsetForLeaderEpochResponse {
        replica_id: i32,                       3+, default -2, else ignored;
        topics:     Vec<OffsetForLeaderTopic>, 0+;
    }

    /// An element of `OffsetForLeaderEpochRequest.topics`.
    OffsetForLeaderTopic {
        topic:      String,                        0+;
        partitions: Vec<OffsetForLeaderPartition>, 0+;
    }

    /// An element of `OffsetForLeaderTopic.partitions`.
    OffsetForLeaderPartition {
        partition:            i32, 0+;
        current_leader_epoch: i32, 2+, default -1, else ignored;
        leader_epoch:         i32, 0+;
    }
}

message! {
    /// The end of the largest epoch not above the one asked for.
    OffsetForLeaderEpochResponse, key 23, versions 2-4, flexible 4+ {
        throttle_time_ms: i32,                             2+, else ignored;
        topics:           Vec<OffsetForLeaderTopicResult>, 0+;
    }

    /// An element of `OffsetForLeaderEpochResponse.topics`.
    OffsetForLeaderTopicResult {
        topic:      String,              0+;
        partitions: Vec<EpochEndOffset>, 0+;
    }

    /// An element of `OffsetForLeaderTopicResult.partitions`.
    EpochEndOffset {
        error_code:   ErrorCode, 0+;
        partition:    i32,       0+;
        leader_epoch: i32,       1+, default -1, else ignored;
        end_offset:   i64,       0+, default -1;
    }
}
