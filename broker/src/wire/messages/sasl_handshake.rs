//! `SaslHandshake` (API 17): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Chooses a login mechanism (KIP-43, KIP-152).
    SaslHandshakeRequest, key 17, versions 0-1, answered by SaslHandshakeResponse {
        mechanism: String, 0+;
    }
}

message! {
    /// Whether the mechanism is offered, and which ones are.
    SaslHandshakeResponse, key 17, versions 0-1 {
        error_code: ErrorCode,   0+;
        mechanisms: Vec<String>, 0+;
    }
}
