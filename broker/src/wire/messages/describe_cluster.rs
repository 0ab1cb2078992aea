//! `DescribeCluster` (API 60): the tables of its request and response.

use crate::wire::error_code::ErrorCode;

message! {
    /// Asks for the brokers or controllers of the cluster (KIP-700, KIP-919).
    DescribeClusterRequest, key 60, versions 0-2, flexible 0+,
        answered by DescribeClusterResponse {
        include_cluster_authorized_operations: bool, 0+;
        /// 1 brokers, 2 controllers.
        endpoint_type:                         i8,   1+, default 1;
        include_fenced_brokers:                bool, 2+;
    }
}

message! {
    /// The nodes, with fenced ones where asked for (KIP-1073).
    DescribeClusterResponse, key 60, versions 0-2, flexible 0+ {
        throttle_time_ms:              i32,                        0+;
        error_code:                    ErrorCode,                  0+;
        error_message:                 Option<String>,             0+, null 0+, default None;
        /// 1 brokers, 2 controllers.
        endpoint_type:                 i8,                         1+, default 1;
        cluster_id:                    String,                     0+;
        controller_id:                 i32,                        0+, default -1;
        brokers:                       Vec<DescribeClusterBroker>, 0+;
        /// Bit set of the operations the asker may do; `i32::MIN` where not asked for.
        cluster_authorized_operations: i32,                        0+, default i32::MIN;
    }

    /// An element of `DescribeClusterResponse.brokers`.
    DescribeClusterBroker {
        broker_id: i32,            0+;
        host:      String,         0+;
        port:      i32,            0+;
        rack:      Option<String>, 0+, null 0+, default None;
        is_fenced: bool,           2+;
    }
}
