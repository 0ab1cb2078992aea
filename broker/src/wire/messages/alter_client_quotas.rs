//! `AlterClientQuotas` (API 49): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Sets or removes quotas (KIP-546).
    AlterClientQuotasRequest, key 49, versions 0-1, flexible 1+,
        answered by AlterClientQuotasResponse {
        entries:       Vec<RequestEntryData>, 0+;
        validate_only: bool,                  0+;
    }

    /// An element of `AlterClientQuotasRequest.entries`.
    RequestEntryData {
        entity: Vec<RequestEntityData>, 0+;
        ops:    Vec<OpData>,            0+;
    }

    /// An element of `RequestEntryData.entity`.
    RequestEntityData {
        entity_type: String,         0+;
        entity_name: Option<String>, 0+, null 0+;
    }

    /// An element of `RequestEntryData.ops`.
    OpData {
        key:    String, 0+;
        value:  f64,    0+;
        remove: bool,   0+;
    }
}

message! {
    /// One result per entity.
    AlterClientQuotasResponse, key 49, versions 0-1, flexible 1+ {
        throttle_time_ms: i32,                    0+;
        entries:          Vec<ResponseEntryData>, 0+;
    }

    /// An element of `AlterClientQuotasResponse.entries`.
    ResponseEntryData {
        error_code:    ErrorCode,               0+;
        error_message: Option<String>,          0+, null 0+;
        entity:        Vec<ResponseEntityData>, 0+;
    }

    /// An element of `ResponseEntryData.entity`.
    ResponseEntityData {
        entity_type: String,         0+;
        entity_name: Option<String>, 0+, null 0+;
    }
}
