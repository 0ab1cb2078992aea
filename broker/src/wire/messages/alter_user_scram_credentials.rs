//! `AlterUserScramCredentials` (API 51): the tables of its request and response.

use bytes::Bytes;

use crate::wire::error_code::ErrorCode;

message! {
    /// Sets or deletes SCRAM credentials (KIP-554).
    AlterUserScramCredentialsRequest, key 51, versions 0-0, flexible 0+,
        answered by AlterUserScramCredentialsResponse {
        deletions:  Vec<ScramCredentialDeletion>,  0+;
        upsertions: Vec<ScramCredentialUpsertion>, 0+;
    }

    /// An element of `AlterUserScramCredentialsRequest.deletions`.
    ScramCredentialDeletion {
        name:      String, 0+;
        mechanism: i8,     0+;
    }

    /// An element of `AlterUserScramCredentialsRequest.upsertions`.
    ScramCredentialUpsertion {
        name:            String, 0+;
        mechanism:       i8,     0+;
        iterations:      i32,    0+;
        salt:            Bytes,  0+;
        salted_password: Bytes,  0+;
    }
}

message! {
    /// One result per user.
    AlterUserScramCredentialsResponse, key 51, versions 0-0, flexible 0+ {
        throttle_time_ms: i32,                                  0+;
        results:          Vec<AlterUserScramCredentialsResult>, 0+;
    }

    /// An element of `AlterUserScramCredentialsResponse.results`.
    AlterUserScramCredentialsResult {
        user:          String,         0+;
        error_code:    ErrorCode,      0+;
        error_message: Option<String>, 0+, null 0+;
    }
}
