//! `QuorumStream` (API 10000): between nodes of one cluster only, never advertised. The node that
//! sends it opens a stream over which the other one sends it the quorum's requests.

use crate::wire::error_code::ErrorCode;
use crate::wire::uuid::Uuid;

message! {
    /// Turns this connection into a stream of the metadata quorum.
    QuorumStreamRequest, key 10000, versions 0-0, flexible 0+, answered by QuorumStreamResponse {
        cluster_id: String, 0+;
        /// Who asks.
        node_id:    i32,    0+;
        /// Whether it has a vote; without one it reads along.
        is_voter:   bool,   0+;
        /// The directory of its metadata; zero of nodes that do not say.
        directory_id: Uuid, 0+, tag 0;
        /// Where it serves controllers; empty where it does not.
        host:       String, 0+, tag 1;
        port:       u16,    0+, tag 2;
    }
}

message! {
    /// Without an error the connection is a stream from here on.
    QuorumStreamResponse, key 10000, versions 0-0, flexible 0+ {
        error_code:    ErrorCode,      0+;
        error_message: Option<String>, 0+, null 0+, default None;
        /// The voters as this node knows them, where their settings do not name them.
        voters:        Vec<Voter>,     0+, tag 0;
    }

    /// An element of `QuorumStreamResponse.voters`.
    Voter {
        node_id: i32,    0+;
        host:    String, 0+;
        port:    u16,    0+;
    }
}
