//! `InitProducerId` (API 22): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Asks for a producer id, or fences the earlier holder of a transactional id (KIP-98,
    /// KIP-360).
    InitProducerIdRequest, key 22, versions 0-5, flexible 2+, answered by InitProducerIdResponse {
        transactional_id:       Option<String>, 0+, null 0+;
        transaction_timeout_ms: i32,            0+;
        producer_id:            i64,            3+, default -1;
        producer_epoch:         i16,            3+, default -1;
    }
}

message! {
    /// The producer id and epoch to write with.
    InitProducerIdResponse, key 22, versions 0-5, flexible 2+ {
        throttle_time_ms: i32,       0+, else ignored;
        error_code:       ErrorCode, 0+;
        producer_id:      i64,       0+, default -1;
        producer_epoch:   i16,       0+;
    }
}
