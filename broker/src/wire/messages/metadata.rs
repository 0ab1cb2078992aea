//! `Metadata` (API 3): the tables of its request and response.

use crate::wire::error_code::ErrorCode;
use crate::wire::uuid::Uuid;

message! {
    /// Asks for brokers, topics and leadership. Version 0 reads an empty list as all topics, later
    /// ones null.
    MetadataRequest, key 3, versions 0-13, flexible 9+, answered by MetadataResponse {
        /// Null asks for all topics, an empty list for none; version 0 has no null and reads empty
        /// as all.
        topics:                                Option<Vec<MetadataRequestTopic>>, 0+, null 1+;
        /// Whether asking may create a topic. Before version 4 it always may.
        allow_auto_topic_creation:             bool,                              4+, default true;
        include_cluster_authorized_operations: bool,                              8-10;
        include_topic_authorized_operations:   bool,                              8+;
    }

    /// An element of `MetadataRequest.topics`.
    MetadataRequestTopic {
        topic_id: Uuid,           10+, else ignored;
        name:     Option<String>, 0+, null 10+;
    }
}

message! {
    /// Brokers, topics and where each partition lives.
    MetadataResponse, key 3, versions 0-13, flexible 9+ {
        throttle_time_ms:              i32, 3+, else ignored;
        brokers:                       Vec<MetadataResponseBroker>, 0+;
        cluster_id:                    Option<String>, 2+, null 2+, default None, else ignored;
        controller_id:                 i32, 1+, default -1, else ignored;
        topics:                        Vec<MetadataResponseTopic>, 0+;
        /// Bit set of the operations the asker may do; `i32::MIN` where not asked for.
        cluster_authorized_operations: i32, 8-10, default i32::MIN;
        error_code:                    ErrorCode, 13+, else ignored;
    }

    /// An element of `MetadataResponse.brokers`.
    MetadataResponseBroker {
        node_id: i32,            0+;
        host:    String,         0+;
        port:    i32,            0+;
        rack:    Option<String>, 1+, null 1+, default None, else ignored;
    }

    /// An element of `MetadataResponse.topics`.
    MetadataResponseTopic {
        error_code:                  ErrorCode,                      0+;
        name:                        Option<String>,                 0+, null 12+;
        topic_id:                    Uuid,                           10+, else ignored;
        is_internal:                 bool,                           1+, else ignored;
        partitions:                  Vec<MetadataResponsePartition>, 0+;
        /// Bit set of the operations the asker may do; `i32::MIN` where not asked for.
        topic_authorized_operations: i32,                            8+, default i32::MIN;
    }

    /// An element of `MetadataResponseTopic.partitions`.
    MetadataResponsePartition {
        error_code:       ErrorCode, 0+;
        partition_index:  i32,       0+;
        leader_id:        i32,       0+;
        leader_epoch:     i32,       7+, default -1, else ignored;
        replica_nodes:    Vec<i32>,  0+;
        isr_nodes:        Vec<i32>,  0+;
        offline_replicas: Vec<i32>,  5+, else ignored;
    }
}
