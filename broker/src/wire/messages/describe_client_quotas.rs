//! `DescribeClientQuotas` (API 48): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Asks for the quotas of users, client ids and addresses (KIP-546).
    DescribeClientQuotasRequest, key 48, versions 0-1, flexible 1+,
        answered by DescribeClientQuotasResponse {
        components: Vec<ComponentData>, 0+;
        strict:     bool,               0+;
    }

    /// An element of `DescribeClientQuotasRequest.components`.
    ComponentData {
        entity_type: String,         0+;
        /// 0 exact name, 1 default entity, 2 any.
        match_type:  i8,             0+;
        /// The name to match; null unless the match type needs one.
        match_value: Option<String>, 0+, null 0+;
    }
}

message! {
    /// Quota values by entity.
    DescribeClientQuotasResponse, key 48, versions 0-1, flexible 1+ {
        throttle_time_ms: i32,                    0+;
        error_code:       ErrorCode,              0+;
        error_message:    Option<String>,         0+, null 0+;
        entries:          Option<Vec<EntryData>>, 0+, null 0+;
    }

    /// An element of `DescribeClientQuotasResponse.entries`.
    EntryData {
        entity: Vec<EntityData>, 0+;
        values: Vec<ValueData>,  0+;
    }

    /// An element of `EntryData.entity`.
    EntityData {
        entity_type: String,         0+;
        entity_name: Option<String>, 0+, null 0+;
    }

    /// An element of `EntryData.values`.
    ValueData {
        key:   String, 0+;
        value: f64,    0+;
    }
}
