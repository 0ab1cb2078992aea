//! `CreatePartitions` (API 37): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Raises the number of partitions of topics (KIP-195).
    CreatePartitionsRequest, key 37, versions 0-3, flexible 2+,
        answered by CreatePartitionsResponse {
        topics:        Vec<CreatePartitionsTopic>, 0+;
        timeout_ms:    i32,                        0+;
        validate_only: bool,                       0+;
    }

    /// An element of `CreatePartitionsRequest.topics`.
    CreatePartitionsTopic {
        name:        String,                                  0+;
        count:       i32,                                     0+;
        assignments: Option<Vec<CreatePartitionsAssignment>>, 0+, null 0+;
    }

    /// An element of `CreatePartitionsTopic.assignments`.
    CreatePartitionsAssignment {
        broker_ids: Vec<i32>, 0+;
    }
}

message! {
    /// One result per topic.
    CreatePartitionsResponse, key 37, versions 0-3, flexible 2+ {
        throttle_time_ms: i32,                              0+;
        results:          Vec<CreatePartitionsTopicResult>, 0+;
    }

    /// An element of `CreatePartitionsResponse.results`.
    CreatePartitionsTopicResult {
        name:          String,         0+;
        error_code:    ErrorCode,      0+;
        error_message: Option<String>, 0+, null 0+, default None;
    }
}
