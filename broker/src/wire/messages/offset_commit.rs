//! `OffsetCommit` (API 8): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Stores consumed positions of a group.
    OffsetCommitRequest, key 8, versions 2-9, flexible 8+, answered by OffsetCommitResponse {
        group_id:                      String,                        0+;
        generation_id_or_member_epoch: i32,                           1+, default -1, else ignored;
        member_id:                     String,                        1+, else ignored;
        group_instance_id:             Option<String>,                7+, null 7+, default None;
        /// How long to keep the positions, -1 for the broker's default.
        retention_time_ms:             i64,                           2-4, default -1, else ignored;
        topics:                        Vec<OffsetCommitRequestTopic>, 0+;
    }

    /// An element of `OffsetCommitRequest.topics`.
    OffsetCommitRequestTopic {
        name:       String,                            0-9, else ignored;
        partitions: Vec<OffsetCommitRequestPartition>, 0+;
    }

    /// An element of `OffsetCommitRequestTopic.partitions`.
    OffsetCommitRequestPartition {
        partition_index:        i32,            0+;
        /// -1 where nothing is committed.
        committed_offset:       i64,            0+;
        committed_leader_epoch: i32,            6+, default -1, else ignored;
        committed_metadata:     Option<String>, 0+, null 0+;
    }
}

message! {
    /// One result per partition of the commit.
    OffsetCommitResponse, key 8, versions 2-9, flexible 8+ {
        throttle_time_ms: i32,                            3+, else ignored;
        topics:           Vec<OffsetCommitResponseTopic>, 0+;
    }

    /// An element of `OffsetCommitResponse.topics`.
    OffsetCommitResponseTopic {
        name:       String,                             0-9, else ignored;
        partitions: Vec<OffsetCommitResponsePartition>, 0+;
    }

    /// An element of `OffsetCommitResponseTopic.partitions`.
    OffsetCommitResponsePartition {
        partition_index: i32,       0+;
        error_code:      ErrorCode, 0+;
    }
}
