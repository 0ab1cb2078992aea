//! `AlterConfigs` (API 33): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Replaces the whole configuration of resources; `IncrementalAlterConfigs` changes single
    /// settings.
    AlterConfigsRequest, key 33, versions 0-2, flexible 2+, answered by AlterConfigsResponse {
        resources:     Vec<AlterConfigsResource>, 0+;
        validate_only: bool,                      0+;
    }

    /// An element of `AlterConfigsRequest.resources`.
    AlterConfigsResource {
        resource_type: i8,                   0+;
        resource_name: String,               0+;
        configs:       Vec<AlterableConfig>, 0+;
    }

    /// An element of `AlterConfigsResource.configs`.
    AlterableConfig {
        name:  String,         0+;
        value: Option<String>, 0+, null 0+;
    }
}

message! {
    /// One result per resource.
    AlterConfigsResponse, key 33, versions 0-2, flexible 2+ {
        throttle_time_ms: i32,                               0+;
        responses:        Vec<AlterConfigsResourceResponse>, 0+;
    }

    /// An element of `AlterConfigsResponse.responses`.
    AlterConfigsResourceResponse {
        error_code:    ErrorCode,      0+;
        error_message: Option<String>, 0+, null 0+;
        resource_type: i8,             0+;
        resource_name: String,         0+;
    }
}
