//! `BrokerRegistration` (API 62): the tables of its request and response.

use crate::wire::error_code::ErrorCode;
use crate::wire::uuid::Uuid;

message! {
    /// A starting broker makes itself known to the controller (KIP-631).
    BrokerRegistrationRequest, key 62, versions 0-4, flexible 0+,
        answered by BrokerRegistrationResponse {
        broker_id:              i32,                     0+;
        cluster_id:             String,                  0+;
        incarnation_id:         Uuid,                    0+;
        listeners:              Vec<RegisteredListener>, 0+;
        features:               Vec<RegisteredFeature>,  0+;
        rack:                   Option<String>,          0+, null 0+;
        is_migrating_zk_broker: bool,                    1+, else ignored;
        log_dirs:               Vec<Uuid>,               2+, else ignored;
        previous_broker_epoch:  i64,                     3+, default -1, else ignored;
    }

    /// An element of `BrokerRegistrationRequest.listeners`.
    RegisteredListener {
        name:              String, 0+;
        host:              String, 0+;
        port:              u16,    0+;
        security_protocol: i16,    0+;
    }

    /// An element of `BrokerRegistrationRequest.features`.
    RegisteredFeature {
        name:                  String, 0+;
        min_supported_version: i16,    0+;
        max_supported_version: i16,    0+;
    }
}

message! {
    /// The epoch that marks this registration.
    BrokerRegistrationResponse, key 62, versions 0-4, flexible 0+ {
        throttle_time_ms: i32,       0+;
        error_code:       ErrorCode, 0+;
        broker_epoch:     i64,       0+, default -1;
    }
}
