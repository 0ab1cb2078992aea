//! `IncrementalAlterConfigs` (API 44): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Sets, deletes, appends to or subtracts from single settings (KIP-339).
    IncrementalAlterConfigsRequest, key 44, versions 0-1, flexible 1+,
        answered by IncrementalAlterConfigsResponse {
        resources:     Vec<AlterConfigsResource>, 0+;
        /// Whether to check the change without making it.
        validate_only: bool,                      0+;
    }

    /// An element of `IncrementalAlterConfigsRequest.resources`.
    AlterConfigsResource {
        resource_type: i8,                   0+;
        resource_name: String,               0+;
        configs:       Vec<AlterableConfig>, 0+;
    }

    /// An element of `AlterConfigsResource.configs`.
    AlterableConfig {
        name:             String,         0+;
        /// 0 set, 1 delete, 2 append, 3 subtract.
        config_operation: i8,             0+;
        value:            Option<String>, 0+, null 0+;
    }
}

message! {
    /// One result per resource.
    IncrementalAlterConfigsResponse, key 44, versions 0-1, flexible 1+ {
        throttle_time_ms: i32,                               0+;
        responses:        Vec<AlterConfigsResourceResponse>, 0+;
    }

    /// An element of `IncrementalAlterConfigsResponse.responses`.
    AlterConfigsResourceResponse {
        error_code:    ErrorCode,      0+;
        error_message: Option<String>, 0+, null 0+;
        resource_type: i8,             0+;
        resource_name: String,         0+;
    }
}
