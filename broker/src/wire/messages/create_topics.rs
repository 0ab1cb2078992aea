//! `CreateTopics` (API 19): the tables of its request and response.

use crate::wire::error_code::ErrorCode;
use crate::wire::uuid::Uuid;

message! {
    /// Creates topics, or only checks that it could.
    CreateTopicsRequest, key 19, versions 2-7, flexible 5+, answered by CreateTopicsResponse {
        topics:        Vec<CreatableTopic>, 0+;
        timeout_ms:    i32,                 0+, default 60_000;
        validate_only: bool,                1+;
    }

    /// An element of `CreateTopicsRequest.topics`.
    CreatableTopic {
        name:               String,                          0+;
        num_partitions:     i32,                             0+;
        replication_factor: i16,                             0+;
        assignments:        Vec<CreatableReplicaAssignment>, 0+;
        configs:            Vec<CreatableTopicConfig>,       0+;
    }

    /// An element of `CreatableTopic.assignments`.
    CreatableReplicaAssignment {
        partition_index: i32,      0+;
        broker_ids:      Vec<i32>, 0+;
    }

    /// An element of `CreatableTopic.configs`.
    CreatableTopicConfig {
        name:  String,         0+;
        value: Option<String>, 0+, null 0+;
    }
}

message! {
    /// One result per topic, with the settings it got from version 5 (KIP-525).
    CreateTopicsResponse, key 19, versions 2-7, flexible 5+ {
        throttle_time_ms: i32,                       2+, else ignored;
        topics:           Vec<CreatableTopicResult>, 0+;
    }

    /// An element of `CreateTopicsResponse.topics`.
    CreatableTopicResult {
        name:                    String,                             0+;
        topic_id:                Uuid,                               7+, else ignored;
        error_code:              ErrorCode,                          0+;
        error_message:           Option<String>,                     1+, null 0+, else ignored;
        topic_config_error_code: ErrorCode,                          5+, tag 0, else ignored;
        num_partitions:          i32,                                5+, default -1, else ignored;
        replication_factor:      i16,                                5+, default -1, else ignored;
        configs:                 Option<Vec<CreatableTopicConfigs>>, 5+, null 5+, else ignored;
    }

    /// An element of `CreatableTopicResult.configs`.
    CreatableTopicConfigs {
        name:          String,         5+;
        value:         Option<String>, 5+, null 5+;
        read_only:     bool,           5+;
        /// 1 topic, 2 this broker, 3 all brokers, 4 broker file, 5 default, 6 logger, 7 client
        /// metrics, 8 group.
        config_source: i8,             5+, default -1, else ignored;
        is_sensitive:  bool,           5+;
    }
}
