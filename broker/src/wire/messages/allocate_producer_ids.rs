//! `AllocateProducerIds` (API 67): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// A broker asks the controller for a block of producer ids (KIP-730).
    AllocateProducerIdsRequest, key 67, versions 0-0, flexible 0+,
        answered by AllocateProducerIdsResponse {
        broker_id:    i32, 0+;
        broker_epoch: i64, 0+, default -1;
    }
}

message! {
    /// The block: its first id and its length.
    AllocateProducerIdsResponse, key 67, versions 0-0, flexible 0+ {
        throttle_time_ms:  i32,       0+;
        error_code:        ErrorCode, 0+;
        producer_id_start: i64,       0+;
        producer_id_len:   i32,       0+;
    }
}
