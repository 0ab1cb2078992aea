//! `RegistryCommand` (API 10002): between nodes of one cluster only, never advertised. Carries a request
//! of the schema registry to the node that leads `_schemas`, and its answer back.

use bytes::Bytes;

use crate::wire::error_code::ErrorCode;

message! {
    /// A request for the node that leads `_schemas`.
    RegistryCommandRequest, key 10002, versions 0-0, flexible 0+, answered by RegistryCommandResponse {
        /// `GET`, `POST`, `PUT` or `DELETE`.
        method: String, 0+;
        /// Path and parameters.
        target: String, 0+;
        body:   Bytes,  0+;
    }
}

message! {
    /// Its answer.
    RegistryCommandResponse, key 10002, versions 0-0, flexible 0+ {
        /// `NOT_LEADER_OR_FOLLOWER`: nothing was done, ask the leader.
        error_code: ErrorCode, 0+;
        /// HTTP's status.
        status:     i16,       0+;
        body:       Bytes,     0+;
        /// Who has read `_schemas` up to here has seen the change.
        offset:     i64,       0+;
    }
}
