//! `DescribeShareGroupOffsets` (API 90): the tables of its request and response.

use crate::wire::error_code::ErrorCode;
use crate::wire::uuid::Uuid;

message! {
    /// Asks where share groups start in partitions (KIP-932).
    DescribeShareGroupOffsetsRequest, key 90, versions 0-1, flexible 0+,
        answered by DescribeShareGroupOffsetsResponse {
        groups: Vec<DescribeShareGroupOffsetsRequestGroup>, 0+;
    }

    /// An element of `DescribeShareGroupOffsetsRequest.groups`.
    DescribeShareGroupOffsetsRequestGroup {
        group_id: String,                                             0+;
        topics:   Option<Vec<DescribeShareGroupOffsetsRequestTopic>>, 0+, null 0+;
    }

    /// An element of `DescribeShareGroupOffsetsRequestGroup.topics`.
    DescribeShareGroupOffsetsRequestTopic {
        topic_name: String,   0+;
        partitions: Vec<i32>, 0+;
    }
}

message! {
    /// Start offsets and, from version 1, the lag of share groups (KIP-1226).
    DescribeShareGroupOffsetsResponse, key 90, versions 0-1, flexible 0+ {
        throttle_time_ms: i32,                                         0+;
        groups:           Vec<DescribeShareGroupOffsetsResponseGroup>, 0+;
    }

    /// An element of `DescribeShareGroupOffsetsResponse.groups`.
    DescribeShareGroupOffsetsResponseGroup {
        group_id:      String,                                      0+;
        topics:        Vec<DescribeShareGroupOffsetsResponseTopic>, 0+;
        error_code:    ErrorCode,                                   0+;
        error_message: Option<String>,                              0+, null 0+, default None;
    }

    /// An element of `DescribeShareGroupOffsetsResponseGroup.topics`.
    DescribeShareGroupOffsetsResponseTopic {
        topic_name: String,                                          0+;
        topic_id:   Uuid,                                            0+;
        partitions: Vec<DescribeShareGroupOffsetsResponsePartition>, 0+;
    }

    /// An element of `DescribeShareGroupOffsetsResponseTopic.partitions`.
    DescribeShareGroupOffsetsResponsePartition {
        partition_index: i32,            0+;
        start_offset:    i64,            0+;
        leader_epoch:    i32,            0+;
        /// Records not yet processed, -1 where unknown.
        lag:             i64,            1+, default -1, else ignored;
        error_code:      ErrorCode,      0+;
        error_message:   Option<String>, 0+, null 0+, default None;
    }
}
