//! `DescribeTransactions` (API 65): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Asks a coordinator for the state of transactions (KIP-664).
    DescribeTransactionsRequest, key 65, versions 0-0, flexible 0+,
        answered by DescribeTransactionsResponse {
        transactional_ids: Vec<String>, 0+;
    }
}

message! {
    /// State and partitions of each transaction.
    DescribeTransactionsResponse, key 65, versions 0-0, flexible 0+ {
        throttle_time_ms:   i32,                   0+;
        transaction_states: Vec<TransactionState>, 0+;
    }

    /// An element of `DescribeTransactionsResponse.transaction_states`.
    TransactionState {
        error_code:                ErrorCode,      0+;
        transactional_id:          String,         0+;
        transaction_state:         String,         0+;
        transaction_timeout_ms:    i32,            0+;
        /// Milliseconds since 1970, -1 where none is open.
        transaction_start_time_ms: i64,            0+;
        producer_id:               i64,            0+;
        producer_epoch:            i16,            0+;
        topics:                    Vec<TopicData>, 0+;
    }

    /// An element of `TransactionState.topics`.
    TopicData {
        topic:      String,   0+;
        partitions: Vec<i32>, 0+;
    }
}
