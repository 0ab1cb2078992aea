//! `UpdateFeatures` (API 57): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Raises or lowers the finalized level of features (KIP-584).
    UpdateFeaturesRequest, key 57, versions 0-2, flexible 0+, answered by UpdateFeaturesResponse {
        timeout_ms:      i32,                   0+, default 60_000;
        feature_updates: Vec<FeatureUpdateKey>, 0+;
        validate_only:   bool,                  1+;
    }

    /// An element of `UpdateFeaturesRequest.feature_updates`.
    FeatureUpdateKey {
        feature:           String, 0+;
        max_version_level: i16,    0+;
        allow_downgrade:   bool,   0-0;
        upgrade_type:      i8,     1+, default 1;
    }
}

message! {
    /// One result per feature; none from version 2, where the whole request succeeds or fails.
    UpdateFeaturesResponse, key 57, versions 0-2, flexible 0+ {
        throttle_time_ms: i32,                         0+;
        error_code:       ErrorCode,                   0+;
        error_message:    Option<String>,              0+, null 0+;
        results:          Vec<UpdatableFeatureResult>, 0-1, else ignored;
    }

    /// An element of `UpdateFeaturesResponse.results`.
    UpdatableFeatureResult {
        feature:       String,         0+;
        error_code:    ErrorCode,      0+;
        error_message: Option<String>, 0+, null 0+;
    }
}
