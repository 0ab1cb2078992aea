//! `ListPartitionReassignments` (API 46): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Asks for the moves in progress (KIP-455).
    ListPartitionReassignmentsRequest, key 46, versions 0-0, flexible 0+,
        answered by ListPartitionReassignmentsResponse {
        timeout_ms: i32,                                           0+, default 60_000;
        topics:     Option<Vec<ListPartitionReassignmentsTopics>>, 0+, null 0+, default None;
    }

    /// An element of `ListPartitionReassignmentsRequest.topics`.
    ListPartitionReassignmentsTopics {
        name:              String,   0+;
        partition_indexes: Vec<i32>, 0+;
    }
}

message! {
    /// The moves in progress: all replicas, and which of them come and go.
    ListPartitionReassignmentsResponse, key 46, versions 0-0, flexible 0+ {
        throttle_time_ms: i32,                           0+;
        error_code:       ErrorCode,                     0+;
        error_message:    Option<String>,                0+, null 0+;
        topics:           Vec<OngoingTopicReassignment>, 0+;
    }

    /// An element of `ListPartitionReassignmentsResponse.topics`.
    OngoingTopicReassignment {
        name:       String,                            0+;
        partitions: Vec<OngoingPartitionReassignment>, 0+;
    }

    /// An element of `OngoingTopicReassignment.partitions`.
    OngoingPartitionReassignment {
        partition_index:   i32,      0+;
        replicas:          Vec<i32>, 0+;
        /// Replicas that come with the move.
        adding_replicas:   Vec<i32>, 0+;
        /// Replicas that go when the move ends.
        removing_replicas: Vec<i32>, 0+;
    }
}
