//! `DeleteTopics` (API 20): the tables of its request and response.

use crate::wire::error_code::ErrorCode;
use crate::wire::uuid::Uuid;

message! {
    /// Deletes topics by name, or by id from version 6 (KIP-516).
    DeleteTopicsRequest, key 20, versions 1-6, flexible 4+, answered by DeleteTopicsResponse {
        topics:      Vec<DeleteTopicState>, 6+;
        topic_names: Vec<String>,           0-5, else ignored;
        timeout_ms:  i32,                   0+;
    }

    /// An element of `DeleteTopicsRequest.topics`.
    DeleteTopicState {
        name:     Option<String>, 6+, null 6+, default None;
        topic_id: Uuid,           6+;
    }
}

message! {
    /// One result per topic.
    DeleteTopicsResponse, key 20, versions 1-6, flexible 4+ {
        throttle_time_ms: i32,                       1+, else ignored;
        responses:        Vec<DeletableTopicResult>, 0+;
    }

    /// An element of `DeleteTopicsResponse.responses`.
    DeletableTopicResult {
        name:          Option<String>, 0+, null 6+;
        topic_id:      Uuid,           6+, else ignored;
        error_code:    ErrorCode,      0+;
        error_message: Option<String>, 5+, null 5+, default None, else ignored;
    }
}
