//! `SaslAuthenticate` (API 36): the tables of its request and response.

use bytes::Bytes;

use crate::wire::error_code::ErrorCode;

message! {
    /// One step of a login, as the mechanism defines it (KIP-152).
    SaslAuthenticateRequest, key 36, versions 0-2, flexible 2+,
        answered by SaslAuthenticateResponse {
        auth_bytes: Bytes, 0+;
    }
}

message! {
    /// The broker's step, and how long the login holds (KIP-368).
    SaslAuthenticateResponse, key 36, versions 0-2, flexible 2+ {
        error_code:          ErrorCode,      0+;
        error_message:       Option<String>, 0+, null 0+;
        auth_bytes:          Bytes,          0+;
        /// After this time the login must be repeated; 0 means never.
        session_lifetime_ms: i64,            1+, else ignored;
    }
}
