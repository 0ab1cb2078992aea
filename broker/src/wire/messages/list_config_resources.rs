//! `ListConfigResources` (API 74): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Asks which resources of given types carry configuration (KIP-714, KIP-1142).
    ListConfigResourcesRequest, key 74, versions 0-1, flexible 0+,
        answered by ListConfigResourcesResponse {
        resource_types: Vec<i8>, 1+;
    }
}

message! {
    /// The resources that carry configuration.
    ListConfigResourcesResponse, key 74, versions 0-1, flexible 0+ {
        throttle_time_ms: i32,                 0+;
        error_code:       ErrorCode,           0+;
        config_resources: Vec<ConfigResource>, 0+;
    }

    /// An element of `ListConfigResourcesResponse.config_resources`.
    ConfigResource {
        resource_name: String, 0+;
        resource_type: i8,     1+, default 16, else ignored;
    }
}
