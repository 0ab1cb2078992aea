//! `AssignReplicasToDirs` (API 73): the tables of its request and response.

use crate::wire::error_code::ErrorCode;
use crate::wire::uuid::Uuid;

message! {
    /// A broker tells the controller in which log directory each of its replicas lies (KIP-858).
    AssignReplicasToDirsRequest, key 73, versions 0-0, flexible 0+,
        answered by AssignReplicasToDirsResponse {
        broker_id:    i32, 0+;
        broker_epoch: i64, 0+, default -1;
        directories:  Vec<AssignedDirectory>, 0+;
    }

    /// An element of `AssignReplicasToDirsRequest.directories`.
    AssignedDirectory {
        id:     Uuid,               0+;
        topics: Vec<AssignedTopic>, 0+;
    }

    /// An element of `AssignedDirectory.topics`.
    AssignedTopic {
        topic_id:   Uuid,                   0+;
        partitions: Vec<AssignedPartition>, 0+;
    }

    /// An element of `AssignedTopic.partitions`.
    AssignedPartition {
        partition_index: i32, 0+;
    }
}

message! {
    /// What became of each replica.
    AssignReplicasToDirsResponse, key 73, versions 0-0, flexible 0+ {
        throttle_time_ms: i32,                        0+;
        error_code:       ErrorCode,                  0+;
        directories:      Vec<AssignedDirectoryDone>, 0+;
    }

    /// An element of `AssignReplicasToDirsResponse.directories`.
    AssignedDirectoryDone {
        id:     Uuid,                   0+;
        topics: Vec<AssignedTopicDone>, 0+;
    }

    /// An element of `AssignedDirectoryDone.topics`.
    AssignedTopicDone {
        topic_id:   Uuid,                       0+;
        partitions: Vec<AssignedPartitionDone>, 0+;
    }

    /// An element of `AssignedTopicDone.partitions`.
    AssignedPartitionDone {
        partition_index: i32,       0+;
        error_code:      ErrorCode, 0+;
    }
}
