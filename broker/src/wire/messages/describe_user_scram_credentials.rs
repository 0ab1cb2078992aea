//! `DescribeUserScramCredentials` (API 50): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Asks which SCRAM mechanisms users have (KIP-554).
    DescribeUserScramCredentialsRequest, key 50, versions 0-0, flexible 0+,
        answered by DescribeUserScramCredentialsResponse {
        users: Option<Vec<UserName>>, 0+, null 0+;
    }

    /// An element of `DescribeUserScramCredentialsRequest.users`.
    UserName {
        name: String, 0+;
    }
}

message! {
    /// Mechanisms and iterations by user; never the credential itself.
    DescribeUserScramCredentialsResponse, key 50, versions 0-0, flexible 0+ {
        throttle_time_ms: i32,                                     0+;
        error_code:       ErrorCode,                               0+;
        error_message:    Option<String>,                          0+, null 0+;
        results:          Vec<DescribeUserScramCredentialsResult>, 0+;
    }

    /// An element of `DescribeUserScramCredentialsResponse.results`.
    DescribeUserScramCredentialsResult {
        user:             String,              0+;
        error_code:       ErrorCode,           0+;
        error_message:    Option<String>,      0+, null 0+;
        credential_infos: Vec<CredentialInfo>, 0+;
    }

    /// An element of `DescribeUserScramCredentialsResult.credential_infos`.
    CredentialInfo {
        mechanism:  i8,  0+;
        iterations: i32, 0+;
    }
}
