//! `ListTransactions` (API 66): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Asks one broker for the transactions it coordinates, by state, producer, age or name
    /// (KIP-664, KIP-994, KIP-1152).
    ListTransactionsRequest, key 66, versions 0-2, flexible 0+,
        answered by ListTransactionsResponse {
        state_filters:            Vec<String>,    0+;
        producer_id_filters:      Vec<i64>,       0+;
        /// Only transactions open for longer, in milliseconds; -1 for all.
        duration_filter:          i64,            1+, default -1;
        transactional_id_pattern: Option<String>, 2+, null 2+, default None;
    }
}

message! {
    /// The transactions this broker coordinates.
    ListTransactionsResponse, key 66, versions 0-2, flexible 0+ {
        throttle_time_ms:      i32,                   0+;
        error_code:            ErrorCode,             0+;
        unknown_state_filters: Vec<String>,           0+;
        transaction_states:    Vec<TransactionState>, 0+;
    }

    /// An element of `ListTransactionsResponse.transaction_states`.
    TransactionState {
        transactional_id:  String, 0+;
        producer_id:       i64,    0+;
        transaction_state: String, 0+;
    }
}
