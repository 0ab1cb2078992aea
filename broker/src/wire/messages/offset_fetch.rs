//! `OffsetFetch` (API 9): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Asks for committed positions; of several groups at once from version 8 (KIP-709).
    OffsetFetchRequest, key 9, versions 1-9, flexible 6+, answered by OffsetFetchResponse {
        group_id:       String,                               0-7;
        topics:         Option<Vec<OffsetFetchRequestTopic>>, 0-7, null 2-7;
        groups:         Vec<OffsetFetchRequestGroup>,         8+;
        /// Whether positions inside open transactions are an error instead of the older ones.
        require_stable: bool,                                 7+;
    }

    /// An element of `OffsetFetchRequest.topics`.
    OffsetFetchRequestTopic {
        name:              String,   0-7;
        partition_indexes: Vec<i32>, 0-7;
    }

    /// An element of `OffsetFetchRequest.groups`.
    OffsetFetchRequestGroup {
        group_id:     String, 8+;
        member_id:    Option<String>, 9+, null 9+, default None, else ignored;
        member_epoch: i32, 9+, default -1, else ignored;
        topics:       Option<Vec<OffsetFetchRequestTopics>>, 8+, null 8+;
    }

    /// An element of `OffsetFetchRequestGroup.topics`.
    OffsetFetchRequestTopics {
        name:              String,   8-9, else ignored;
        partition_indexes: Vec<i32>, 8+;
    }
}

message! {
    /// Committed positions; -1 where a partition has none.
    OffsetFetchResponse, key 9, versions 1-9, flexible 6+ {
        throttle_time_ms: i32,                           3+, else ignored;
        topics:           Vec<OffsetFetchResponseTopic>, 0-7;
        error_code:       ErrorCode,                     2-7, else ignored;
        groups:           Vec<OffsetFetchResponseGroup>, 8+;
    }

    /// An element of `OffsetFetchResponse.topics`.
    OffsetFetchResponseTopic {
        name:       String,                            0-7;
        partitions: Vec<OffsetFetchResponsePartition>, 0-7;
    }

    /// An element of `OffsetFetchResponseTopic.partitions`.
    OffsetFetchResponsePartition {
        partition_index:        i32,            0-7;
        /// -1 where nothing is committed.
        committed_offset:       i64,            0-7;
        committed_leader_epoch: i32,            5-7, default -1, else ignored;
        metadata:               Option<String>, 0-7, null 0-7;
        error_code:             ErrorCode,      0-7;
    }

    /// An element of `OffsetFetchResponse.groups`.
    OffsetFetchResponseGroup {
        group_id:   String,                         8+;
        topics:     Vec<OffsetFetchResponseTopics>, 8+;
        error_code: ErrorCode,                      8+;
    }

    /// An element of `OffsetFetchResponseGroup.topics`.
    OffsetFetchResponseTopics {
        name:       String,                             8-9, else ignored;
        partitions: Vec<OffsetFetchResponsePartitions>, 8+;
    }

    /// An element of `OffsetFetchResponseTopics.partitions`.
    OffsetFetchResponsePartitions {
        partition_index:        i32,            8+;
        /// -1 where nothing is committed.
        committed_offset:       i64,            8+;
        committed_leader_epoch: i32,            8+, default -1, else ignored;
        metadata:               Option<String>, 8+, null 8+;
        error_code:             ErrorCode,      8+;
    }
}
