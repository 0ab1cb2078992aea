//! `DescribeLogDirs` (API 35): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Asks one broker how its disks are filled (KIP-113).
    DescribeLogDirsRequest, key 35, versions 1-5, flexible 2+,
        answered by DescribeLogDirsResponse {
        topics: Option<Vec<DescribableLogDirTopic>>, 0+, null 0+;
    }

    /// An element of `DescribeLogDirsRequest.topics`.
    DescribableLogDirTopic {
        topic:      String,   0+;
        partitions: Vec<i32>, 0+;
    }
}

message! {
    /// Directories with their replicas and, from version 4, their space (KIP-827).
    DescribeLogDirsResponse, key 35, versions 1-5, flexible 2+ {
        throttle_time_ms: i32,                        0+;
        error_code:       ErrorCode,                  3+, else ignored;
        results:          Vec<DescribeLogDirsResult>, 0+;
    }

    /// An element of `DescribeLogDirsResponse.results`.
    DescribeLogDirsResult {
        error_code:   ErrorCode,                 0+;
        log_dir:      String,                    0+;
        topics:       Vec<DescribeLogDirsTopic>, 0+;
        /// Size of the disk in bytes, -1 where unknown.
        total_bytes:  i64,                       4+, default -1, else ignored;
        /// Free bytes of the disk, -1 where unknown.
        usable_bytes: i64,                       4+, default -1, else ignored;
        /// Whether no new replicas may be placed here (KIP-1066).
        is_cordoned:  bool,                      5+, else ignored;
    }

    /// An element of `DescribeLogDirsResult.topics`.
    DescribeLogDirsTopic {
        name:       String,                        0+;
        partitions: Vec<DescribeLogDirsPartition>, 0+;
    }

    /// An element of `DescribeLogDirsTopic.partitions`.
    DescribeLogDirsPartition {
        partition_index: i32,  0+;
        /// Bytes of the replica's segments.
        partition_size:  i64,  0+;
        /// Records behind the high watermark, or behind the current copy for a future one.
        offset_lag:      i64,  0+;
        /// Whether this is the copy being filled by a move between disks.
        is_future_key:   bool, 0+;
    }
}
