//! `DescribeConfigs` (API 32): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Asks for configuration of topics, brokers and other resources (KIP-133).
    DescribeConfigsRequest, key 32, versions 1-4, flexible 4+,
        answered by DescribeConfigsResponse {
        resources:             Vec<DescribeConfigsResource>, 0+;
        include_synonyms:      bool,                         1+;
        include_documentation: bool,                         3+;
    }

    /// An element of `DescribeConfigsRequest.resources`.
    DescribeConfigsResource {
        /// 2 topic, 4 broker, 8 logger, 16 client metrics, 32 group.
        resource_type:      i8,                  0+;
        resource_name:      String,              0+;
        configuration_keys: Option<Vec<String>>, 0+, null 0+;
    }
}

message! {
    /// Every setting of each resource, with where its value comes from (KIP-226).
    DescribeConfigsResponse, key 32, versions 1-4, flexible 4+ {
        throttle_time_ms: i32,                        0+;
        results:          Vec<DescribeConfigsResult>, 0+;
    }

    /// An element of `DescribeConfigsResponse.results`.
    DescribeConfigsResult {
        error_code:    ErrorCode,                          0+;
        error_message: Option<String>,                     0+, null 0+;
        resource_type: i8,                                 0+;
        resource_name: String,                             0+;
        configs:       Vec<DescribeConfigsResourceResult>, 0+;
    }

    /// An element of `DescribeConfigsResult.configs`.
    DescribeConfigsResourceResult {
        name:          String,                      0+;
        value:         Option<String>,              0+, null 0+;
        read_only:     bool,                        0+;
        /// 1 topic, 2 this broker, 3 all brokers, 4 broker file, 5 default, 6 logger, 7 client
        /// metrics, 8 group.
        config_source: i8,                          1+, default -1, else ignored;
        is_sensitive:  bool,                        0+;
        synonyms:      Vec<DescribeConfigsSynonym>, 1+, else ignored;
        /// 1 boolean, 2 string, 3 int, 4 short, 5 long, 6 double, 7 list, 8 class, 9 password.
        config_type:   i8,                          3+, else ignored;
        documentation: Option<String>,              3+, null 0+, else ignored;
    }

    /// An element of `DescribeConfigsResourceResult.synonyms`.
    DescribeConfigsSynonym {
        name:   String,         1+;
        value:  Option<String>, 1+, null 0+;
        /// Numbered as `config_source`.
        source: i8,             1+;
    }
}
