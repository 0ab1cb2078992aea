//! `ApiVersions` (API 18): the tables of its request and response.

use crate::wire::api_key::ApiKey;
use crate::wire::error_code::ErrorCode;

message! {
    /// Asks which APIs and versions the broker speaks; the first request of a connection (KIP-35,
    /// KIP-511).
    ApiVersionsRequest, key 18, versions 0-4, flexible 3+, answered by ApiVersionsResponse {
        client_software_name:    String, 3+, else ignored;
        client_software_version: String, 3+, else ignored;
    }
}

message! {
    /// The APIs and features of the broker (KIP-584). The header before it never has tags.
    ApiVersionsResponse, key 18, versions 0-4, flexible 3+ {
        error_code:               ErrorCode,                0+;
        api_keys:                 Vec<ApiVersion>,          0+;
        throttle_time_ms:         i32,                      1+, else ignored;
        supported_features:       Vec<SupportedFeatureKey>, 3+, tag 0, else ignored;
        finalized_features_epoch: i64,                      3+, default -1, tag 1, else ignored;
        finalized_features:       Vec<FinalizedFeatureKey>, 3+, tag 2, else ignored;
        zk_migration_ready:       bool,                     3+, tag 3, else ignored;
    }

    /// An element of `ApiVersionsResponse.api_keys`.
    ApiVersion {
        api_key:     ApiKey, 0+;
        min_version: i16,    0+;
        max_version: i16,    0+;
    }

    /// An element of `ApiVersionsResponse.supported_features`.
    SupportedFeatureKey {
        name:        String, 3+;
        min_version: i16,    3+;
        max_version: i16,    3+;
    }

    /// An element of `ApiVersionsResponse.finalized_features`.
    FinalizedFeatureKey {
        name:              String, 3+;
        max_version_level: i16,    3+;
        min_version_level: i16,    3+;
    }
}
