//! `Fetch` (API 1): the tables of its request and response.

use bytes::Bytes;

use crate::wire::error_code::ErrorCode;
use crate::wire::uuid::Uuid;

message! {
    /// Asks for record batches from given offsets on; sessions let it name only changes (KIP-227).
    FetchRequest, key 1, versions 4-18, flexible 12+, answered by FetchResponse {
        cluster_id:            Option<String>, 12+, null 12+, default None, tag 0, else ignored;
        replica_id:            i32, 0-14, default -1;
        replica_state:         ReplicaState, 15+, tag 1;
        max_wait_ms:           i32, 0+;
        min_bytes:             i32, 0+;
        max_bytes:             i32, 3+, default i32::MAX, else ignored;
        /// 0 reads everything below the high watermark, 1 only below the last stable offset.
        isolation_level:       i8, 4+, else ignored;
        session_id:            i32, 7+, else ignored;
        session_epoch:         i32, 7+, default -1, else ignored;
        topics:                Vec<FetchTopic>, 0+;
        forgotten_topics_data: Vec<ForgottenTopic>, 7+;
        rack_id:               String, 11+, else ignored;
    }

    /// The value of `FetchRequest.replica_state`.
    ReplicaState {
        replica_id:    i32, 15+, default -1;
        replica_epoch: i64, 15+, default -1;
    }

    /// An element of `FetchRequest.topics`.
    FetchTopic {
        topic:      String,              0-12, else ignored;
        topic_id:   Uuid,                13+, else ignored;
        partitions: Vec<FetchPartition>, 0+;
    }

    /// An element of `FetchTopic.partitions`.
    FetchPartition {
        partition:            i32,  0+;
        current_leader_epoch: i32,  9+, default -1, else ignored;
        fetch_offset:         i64,  0+;
        last_fetched_epoch:   i32,  12+, default -1;
        log_start_offset:     i64,  5+, default -1, else ignored;
        partition_max_bytes:  i32,  0+;
        replica_directory_id: Uuid, 17+, tag 0, else ignored;
        high_watermark:       i64,  18+, default i64::MAX, tag 1, else ignored;
    }

    /// An element of `FetchRequest.forgotten_topics_data`.
    ForgottenTopic {
        topic:      String,   7-12, else ignored;
        topic_id:   Uuid,     13+, else ignored;
        partitions: Vec<i32>, 7+;
    }
}

message! {
    /// Whole record batches per partition, with the watermarks a reader needs.
    FetchResponse, key 1, versions 4-18, flexible 12+ {
        throttle_time_ms: i32,                         1+, else ignored;
        error_code:       ErrorCode,                   7+, else ignored;
        session_id:       i32,                         7+;
        responses:        Vec<FetchableTopicResponse>, 0+;
        node_endpoints:   Vec<NodeEndpoint>,           16+, tag 0, else ignored;
    }

    /// An element of `FetchResponse.responses`.
    FetchableTopicResponse {
        topic:      String,             0-12, else ignored;
        topic_id:   Uuid,               13+, else ignored;
        partitions: Vec<PartitionData>, 0+;
    }

    /// An element of `FetchableTopicResponse.partitions`.
    PartitionData {
        partition_index:        i32,                             0+;
        error_code:             ErrorCode,                       0+;
        high_watermark:         i64,                             0+;
        last_stable_offset:     i64,                             4+, default -1, else ignored;
        log_start_offset:       i64,                             5+, default -1, else ignored;
        diverging_epoch:        EpochEndOffset,                  12+, tag 0, else ignored;
        current_leader:         LeaderIdAndEpoch,                12+, tag 1, else ignored;
        snapshot_id:            SnapshotId,                      12+, tag 2;
        aborted_transactions:   Option<Vec<AbortedTransaction>>, 4+, null 4+, else ignored;
        preferred_read_replica: i32,                             11+, default -1;
        /// Record batches as bytes.
        records:                Option<Bytes>,                   0+, null 0+, default None;
    }

    /// The value of `PartitionData.diverging_epoch`.
    EpochEndOffset {
        epoch:      i32, 12+, default -1;
        end_offset: i64, 12+, default -1;
    }

    /// The value of `PartitionData.current_leader`.
    LeaderIdAndEpoch {
        leader_id:    i32, 12+, default -1;
        leader_epoch: i32, 12+, default -1;
    }

    /// The value of `PartitionData.snapshot_id`.
    SnapshotId {
        end_offset: i64, 0+, default -1;
        epoch:      i32, 0+, default -1;
    }

    /// An element of `PartitionData.aborted_transactions`.
    AbortedTransaction {
        producer_id:  i64, 4+;
        first_offset: i64, 4+;
    }

    /// An element of `FetchResponse.node_endpoints`.
    NodeEndpoint {
        node_id: i32,            16+;
        host:    String,         16+;
        port:    i32,            16+;
        rack:    Option<String>, 16+, null 16+, default None;
    }
}
