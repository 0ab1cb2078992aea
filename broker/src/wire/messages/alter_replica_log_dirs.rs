//! `AlterReplicaLogDirs` (API 34): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Moves replicas of one broker between its disks (KIP-113).
    AlterReplicaLogDirsRequest, key 34, versions 1-2, flexible 2+,
        answered by AlterReplicaLogDirsResponse {
        dirs: Vec<AlterReplicaLogDir>, 0+;
    }

    /// An element of `AlterReplicaLogDirsRequest.dirs`.
    AlterReplicaLogDir {
        /// The absolute path of the directory.
        path:   String,                       0+;
        topics: Vec<AlterReplicaLogDirTopic>, 0+;
    }

    /// An element of `AlterReplicaLogDir.topics`.
    AlterReplicaLogDirTopic {
        name:       String,   0+;
        partitions: Vec<i32>, 0+;
    }
}

message! {
    /// One result per partition.
    AlterReplicaLogDirsResponse, key 34, versions 1-2, flexible 2+ {
        throttle_time_ms: i32,                                0+;
        results:          Vec<AlterReplicaLogDirTopicResult>, 0+;
    }

    /// An element of `AlterReplicaLogDirsResponse.results`.
    AlterReplicaLogDirTopicResult {
        topic_name: String,                                 0+;
        partitions: Vec<AlterReplicaLogDirPartitionResult>, 0+;
    }

    /// An element of `AlterReplicaLogDirTopicResult.partitions`.
    AlterReplicaLogDirPartitionResult {
        partition_index: i32,       0+;
        error_code:      ErrorCode, 0+;
    }
}
