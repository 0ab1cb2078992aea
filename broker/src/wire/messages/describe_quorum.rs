//! `DescribeQuorum` (API 55): the tables of its request and response.

use crate::wire::error_code::ErrorCode;
use crate::wire::uuid::Uuid;

message! {
    /// Asks the leader of the metadata quorum for its state (KIP-595).
    DescribeQuorumRequest, key 55, versions 0-2, flexible 0+, answered by DescribeQuorumResponse {
        topics: Vec<RequestTopicData>, 0+;
    }

    /// An element of `DescribeQuorumRequest.topics`.
    RequestTopicData {
        topic_name: String,                    0+;
        partitions: Vec<RequestPartitionData>, 0+;
    }

    /// An element of `RequestTopicData.partitions`.
    RequestPartitionData {
        partition_index: i32, 0+;
    }
}

message! {
    /// Leader, voters and observers of the quorum and how far each has read (KIP-836, KIP-853).
    DescribeQuorumResponse, key 55, versions 0-2, flexible 0+ {
        error_code:    ErrorCode,              0+;
        error_message: Option<String>,         2+, null 2+, else ignored;
        topics:        Vec<ResponseTopicData>, 0+;
        nodes:         Vec<Node>,              2+;
    }

    /// An element of `DescribeQuorumResponse.topics`.
    ResponseTopicData {
        topic_name: String,                     0+;
        partitions: Vec<ResponsePartitionData>, 0+;
    }

    /// An element of `ResponseTopicData.partitions`.
    ResponsePartitionData {
        partition_index: i32,               0+;
        error_code:      ErrorCode,         0+;
        error_message:   Option<String>,    2+, null 2+, else ignored;
        leader_id:       i32,               0+;
        leader_epoch:    i32,               0+;
        high_watermark:  i64,               0+;
        current_voters:  Vec<ReplicaState>, 0+;
        observers:       Vec<ReplicaState>, 0+;
    }

    /// An element of `DescribeQuorumResponse.nodes`.
    Node {
        node_id:   i32,           2+;
        listeners: Vec<Listener>, 2+;
    }

    /// An element of `Node.listeners`.
    Listener {
        name: String, 2+;
        host: String, 2+;
        port: u16,    2+;
    }

    /// Used in `ResponsePartitionData.current_voters` and `ResponsePartitionData.observers`.
    ReplicaState {
        replica_id:               i32,  0+;
        replica_directory_id:     Uuid, 2+;
        log_end_offset:           i64,  0+;
        /// Milliseconds since 1970 of the last fetch.
        last_fetch_timestamp:     i64,  1+, default -1, else ignored;
        /// Milliseconds since 1970 when the replica last had everything.
        last_caught_up_timestamp: i64,  1+, default -1, else ignored;
    }
}
