//! `AlterPartition` (API 56): the tables of its request and response.

use crate::wire::error_code::ErrorCode;
use crate::wire::uuid::Uuid;

message! {
    /// A leader asks the controller to change in-sync replicas (KIP-497, KIP-704, KIP-903).
    AlterPartitionRequest, key 56, versions 2-3, flexible 0+, answered by AlterPartitionResponse {
        broker_id:    i32, 0+;
        broker_epoch: i64, 0+, default -1;
        topics:       Vec<AlterPartitionTopic>, 0+;
    }

    /// An element of `AlterPartitionRequest.topics`.
    AlterPartitionTopic {
        topic_id:   Uuid,                   2+;
        partitions: Vec<AlterPartitionOne>, 0+;
    }

    /// An element of `AlterPartitionTopic.partitions`.
    AlterPartitionOne {
        partition_index:       i32,             0+;
        leader_epoch:          i32,             0+;
        new_isr:               Vec<i32>,        0-2;
        new_isr_with_epochs:   Vec<IsrMember>,  3+;
        leader_recovery_state: i8,              1+;
        partition_epoch:       i32,             0+;
    }

    /// An element of `AlterPartitionOne.new_isr_with_epochs`.
    IsrMember {
        broker_id:    i32, 3+;
        broker_epoch: i64, 3+, default -1;
    }
}

message! {
    /// What became of each partition.
    AlterPartitionResponse, key 56, versions 2-3, flexible 0+ {
        throttle_time_ms: i32,                          0+;
        error_code:       ErrorCode,                    0+;
        topics:           Vec<AlterPartitionTopicDone>, 0+;
    }

    /// An element of `AlterPartitionResponse.topics`.
    AlterPartitionTopicDone {
        topic_id:   Uuid,                    2+;
        partitions: Vec<AlterPartitionDone>, 0+;
    }

    /// An element of `AlterPartitionTopicDone.partitions`.
    AlterPartitionDone {
        partition_index:       i32,       0+;
        error_code:            ErrorCode, 0+;
        leader_id:             i32,       0+;
        leader_epoch:          i32,       0+;
        isr:                   Vec<i32>,  0+;
        leader_recovery_state: i8,        1+;
        partition_epoch:       i32,       0+;
    }
}
