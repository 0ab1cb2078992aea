//! `ElectLeaders` (API 43): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Elects preferred leaders, or unclean ones where none is eligible (KIP-183, KIP-460).
    ElectLeadersRequest, key 43, versions 0-2, flexible 2+, answered by ElectLeadersResponse {
        /// 0 preferred, 1 unclean.
        election_type:    i8,                           1+;
        topic_partitions: Option<Vec<TopicPartitions>>, 0+, null 0+;
        timeout_ms:       i32,                          0+, default 60_000;
    }

    /// An element of `ElectLeadersRequest.topic_partitions`.
    TopicPartitions {
        topic:      String,   0+;
        partitions: Vec<i32>, 0+;
    }
}

message! {
    /// One result per partition.
    ElectLeadersResponse, key 43, versions 0-2, flexible 2+ {
        throttle_time_ms:         i32,                        0+;
        error_code:               ErrorCode,                  1+;
        replica_election_results: Vec<ReplicaElectionResult>, 0+;
    }

    /// An element of `ElectLeadersResponse.replica_election_results`.
    ReplicaElectionResult {
        topic:            String,               0+;
        partition_result: Vec<PartitionResult>, 0+;
    }

    /// An element of `ReplicaElectionResult.partition_result`.
    PartitionResult {
        partition_id:  i32,            0+;
        error_code:    ErrorCode,      0+;
        error_message: Option<String>, 0+, null 0+;
    }
}
