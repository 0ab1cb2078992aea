//! `QuorumStream` (API 10000): between nodes of one cluster only, never advertised. The node that
//! sends it opens a stream over which the other one sends it the quorum's requests.

use crate::wire::error_code::ErrorCode;

message! {
    /// Turns this connection into a stream of the metadata quorum.
    QuorumStreamRequest, key 10000, versions 0-0, flexible 0+, answered by QuorumStreamResponse {
        cluster_id: String, 0+;
        /// Who asks.
        node_id:    i32,    0+;
        /// Whether it has a vote; without one it reads along.
        is_voter:   bool,   0+;
    }
}

message! {
    /// Without an error the connection is a stream from here on.
    QuorumStreamResponse, key 10000, versions 0-0, flexible 0+ {
        error_code:    ErrorCode,      0+;
        error_message: Option<String>, 0+, null 0+, default None;
    }
}
