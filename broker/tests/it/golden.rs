//! A handful of messages byte by byte, each field with its bytes. Decoded, encoded, compared both
//! ways.

use std::fmt::Debug;

use broker::wire::api_key::ApiKey;
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::{
    ApiVersionsRequest, ApiVersionsResponse, DescribeClusterRequest, DescribeClusterResponse,
    FindCoordinatorRequest, FindCoordinatorResponse, ListOffsetsRequest, ListOffsetsResponse,
    Message, MetadataRequest, MetadataResponse, OffsetFetchRequest, OffsetFetchResponse,
    api_versions, decode_all, describe_cluster, find_coordinator, list_offsets, metadata,
    offset_fetch,
};
use broker::wire::primitives::Reader;
use broker::wire::uuid::Uuid;

/// Bytes of hex digits; `#` begins a comment, blanks mean nothing.
fn hex(text: &str) -> Vec<u8> {
    let digits: String = text
        .lines()
        .map(|line| line.split('#').next().unwrap())
        .flat_map(str::chars)
        .filter(|digit| !digit.is_whitespace())
        .collect();
    assert_eq!(digits.len() % 2, 0);
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

#[track_caller]
fn check<M: Message + Debug>(message: &M, version: i16, text: &str) {
    let bytes = hex(text);
    assert_eq!(
        decode_all::<M>(Reader::new(&bytes), version).as_ref(),
        Ok(message)
    );
    let mut out = Vec::new();
    message.encode(version, &mut out).unwrap();
    assert_eq!(out, bytes);
}

#[test]
fn api_versions_request() {
    check(&ApiVersionsRequest::default(), 0, "");
    let request = ApiVersionsRequest {
        client_software_name: "look".to_owned(),
        client_software_version: "0.1".to_owned(),
        ..Default::default()
    };
    let bytes = "
        05 6c6f6f6b  # client_software_name, four bytes
        04 302e31    # client_software_version, three bytes
        00           # no tags
    ";
    check(&request, 3, bytes);
}

#[test]
fn api_versions_response() {
    let fetch = api_versions::ApiVersion {
        api_key: ApiKey::FETCH,
        min_version: 4,
        max_version: 18,
        ..Default::default()
    };
    let mut response = ApiVersionsResponse {
        api_keys: vec![fetch],
        ..Default::default()
    };
    let bytes = "
        0000         # error_code
        00000001     # one key
          0001       #   api_key
          0004 0012  #   versions 4 to 18
    ";
    check(&response, 0, bytes);

    response.error_code = ErrorCode::UNSUPPORTED_VERSION;
    response.throttle_time_ms = 7;
    response.supported_features = vec![api_versions::SupportedFeatureKey {
        name: "a".to_owned(),
        min_version: 1,
        max_version: 2,
        ..Default::default()
    }];
    response.finalized_features_epoch = 3;
    response.zk_migration_ready = true;
    let bytes = "
        0023                     # error_code 35
        02                       # one key
          0001 0004 0012 00      #   key, versions, no tags
        00000007                 # throttle_time_ms
        03                       # three tags
          00 08                  #   0, eight bytes
            02                   #     one feature
            02 61 0001 0002 00   #     name, versions, no tags
          01 08                  #   1, eight bytes
            0000000000000003     #     finalized_features_epoch
          03 01                  #   3, one byte
            01                   #     zk_migration_ready
    ";
    check(&response, 3, bytes);
}

#[test]
fn metadata_request() {
    let mut request = MetadataRequest {
        topics: None,
        ..Default::default()
    };
    check(&request, 1, "ffffffff # all topics");

    let topic_id = Uuid([0xab; 16]);
    let by_id = metadata::MetadataRequestTopic {
        topic_id,
        name: None,
        ..Default::default()
    };
    request.topics = Some(vec![by_id]);
    request.allow_auto_topic_creation = false;
    let bytes = "
        02                                   # one topic
          abababababababababababababababab   #   topic_id
          00                                 #   null name
          00                                 #   no tags
        00                                   # allow_auto_topic_creation
        00                                   # include_topic_authorized_operations
        00                                   # no tags
    ";
    check(&request, 12, bytes);
}

fn metadata_answer() -> MetadataResponse {
    let broker = metadata::MetadataResponseBroker {
        node_id: 1,
        host: "b1".to_owned(),
        port: 9092,
        rack: None,
        ..Default::default()
    };
    let partition = metadata::MetadataResponsePartition {
        error_code: ErrorCode::LEADER_NOT_AVAILABLE,
        partition_index: 2,
        leader_id: -1,
        replica_nodes: vec![1, 3],
        isr_nodes: vec![1],
        ..Default::default()
    };
    let topic = metadata::MetadataResponseTopic {
        name: Some("t".to_owned()),
        is_internal: true,
        partitions: vec![partition],
        ..Default::default()
    };
    MetadataResponse {
        brokers: vec![broker],
        controller_id: 1,
        topics: vec![topic],
        ..Default::default()
    }
}

#[test]
fn metadata_response_before_flexible_versions() {
    let bytes = "
        00000001               # one broker
          00000001             #   node_id
          0002 6231            #   host
          00002384             #   port 9092
          ffff                 #   null rack
        00000001               # controller_id
        00000001               # one topic
          0000                 #   error_code
          0001 74              #   name
          01                   #   is_internal
          00000001             #   one partition
            0005               #     error_code
            00000002           #     partition_index
            ffffffff           #     leader_id
            00000002           #     two replicas
              00000001 00000003
            00000001           #     one in sync
              00000001
    ";
    check(&metadata_answer(), 1, bytes);
}

#[test]
fn metadata_response_in_a_flexible_version() {
    let mut response = metadata_answer();
    response.throttle_time_ms = 1;
    response.cluster_id = Some("c".to_owned());
    response.brokers[0].rack = Some("r".to_owned());
    response.topics[0].topic_id = Uuid([1; 16]);
    response.topics[0].partitions[0].leader_epoch = 4;
    response.topics[0].partitions[0].offline_replicas = vec![3];
    let bytes = "
        00000001                               # throttle_time_ms
        02                                     # one broker
          00000001 03 6231 00002384 02 72 00   #   node_id, host, port, rack, no tags
        02 63                                  # cluster_id
        00000001                               # controller_id
        02                                     # one topic
          0000                                 #   error_code
          02 74                                #   name
          01010101010101010101010101010101     #   topic_id
          01                                   #   is_internal
          02                                   #   one partition
            0005                               #     error_code
            00000002                           #     partition_index
            ffffffff                           #     leader_id
            00000004                           #     leader_epoch
            03 00000001 00000003               #     two replicas
            02 00000001                        #     one in sync
            02 00000003                        #     one offline
            00                                 #     no tags
          80000000                             #   topic_authorized_operations, not asked for
          00                                   #   no tags
        00                                     # no tags
    ";
    check(&response, 12, bytes);
}

#[test]
fn describe_cluster() {
    let request = DescribeClusterRequest {
        include_fenced_brokers: true,
        ..Default::default()
    };
    let bytes = "
        00  # include_cluster_authorized_operations
        01  # endpoint_type
        01  # include_fenced_brokers
        00  # no tags
    ";
    check(&request, 2, bytes);

    let broker = describe_cluster::DescribeClusterBroker {
        broker_id: 2,
        host: "h".to_owned(),
        port: 1,
        rack: None,
        is_fenced: true,
        ..Default::default()
    };
    let response = DescribeClusterResponse {
        cluster_id: "id".to_owned(),
        controller_id: 2,
        brokers: vec![broker],
        ..Default::default()
    };
    let bytes = "
        00000000            # throttle_time_ms
        0000                # error_code
        00                  # null error_message
        01                  # endpoint_type
        03 6964             # cluster_id
        00000002            # controller_id
        02                  # one broker
          00000002          #   broker_id
          02 68             #   host
          00000001          #   port
          00                #   null rack
          01                #   is_fenced
          00                #   no tags
        80000000            # cluster_authorized_operations, not asked for
        00                  # no tags
    ";
    check(&response, 2, bytes);
}

#[test]
fn find_coordinator() {
    let request = FindCoordinatorRequest {
        key_type: 0,
        coordinator_keys: vec!["g1".to_owned(), "g2".to_owned()],
        ..Default::default()
    };
    let bytes = "
        00                # key_type, group
        03 03 6731 03 6732  # two keys
        00                # no tags
    ";
    check(&request, 4, bytes);

    let coordinator = find_coordinator::Coordinator {
        key: "g1".to_owned(),
        node_id: -1,
        host: String::new(),
        port: -1,
        error_code: ErrorCode::COORDINATOR_NOT_AVAILABLE,
        error_message: None,
        ..Default::default()
    };
    let response = FindCoordinatorResponse {
        coordinators: vec![coordinator],
        ..Default::default()
    };
    let bytes = "
        00000000      # throttle_time_ms
        02            # one coordinator
          03 6731     #   key
          ffffffff    #   node_id
          01          #   empty host
          ffffffff    #   port
          000f        #   error_code 15
          00          #   null error_message
          00          #   no tags
        00            # no tags
    ";
    check(&response, 4, bytes);
}

#[test]
fn offset_fetch_of_several_groups() {
    let all = offset_fetch::OffsetFetchRequestGroup {
        group_id: "g".to_owned(),
        topics: None,
        ..Default::default()
    };
    let request = OffsetFetchRequest {
        groups: vec![all],
        require_stable: true,
        ..Default::default()
    };
    let bytes = "
        02        # one group
          02 67   #   group_id
          00      #   null: all topics
          00      #   no tags
        01        # require_stable
        00        # no tags
    ";
    check(&request, 8, bytes);

    let partition = offset_fetch::OffsetFetchResponsePartitions {
        partition_index: 3,
        committed_offset: 258,
        committed_leader_epoch: -1,
        metadata: Some(String::new()),
        error_code: ErrorCode::NONE,
        ..Default::default()
    };
    let topic = offset_fetch::OffsetFetchResponseTopics {
        name: "t".to_owned(),
        partitions: vec![partition],
        ..Default::default()
    };
    let group = offset_fetch::OffsetFetchResponseGroup {
        group_id: "g".to_owned(),
        topics: vec![topic],
        ..Default::default()
    };
    let response = OffsetFetchResponse {
        groups: vec![group],
        ..Default::default()
    };
    let bytes = "
        00000000                # throttle_time_ms
        02                      # one group
          02 67                 #   group_id
          02                    #   one topic
            02 74               #     name
            02                  #     one partition
              00000003          #       partition_index
              0000000000000102  #       committed_offset
              ffffffff          #       committed_leader_epoch
              01                #       empty metadata
              0000              #       error_code
              00                #       no tags
            00                  #     no tags
          0000                  #   error_code
          00                    #   no tags
        00                      # no tags
    ";
    check(&response, 8, bytes);
}

#[test]
fn list_offsets_request() {
    let partition = list_offsets::ListOffsetsPartition {
        partition_index: 1,
        current_leader_epoch: -1,
        timestamp: -1,
        ..Default::default()
    };
    let topic = list_offsets::ListOffsetsTopic {
        name: "t".to_owned(),
        partitions: vec![partition],
        ..Default::default()
    };
    let request = ListOffsetsRequest {
        replica_id: -1,
        isolation_level: 1,
        topics: vec![topic],
        ..Default::default()
    };
    let bytes = "
        ffffffff                # replica_id, a client
        01                      # isolation_level
        02                      # one topic
          02 74                 #   name
          02                    #   one partition
            00000001            #     partition_index
            ffffffff            #     current_leader_epoch, unchecked
            ffffffffffffffff    #     timestamp, the end
            00                  #     no tags
          00                    #   no tags
        00                      # no tags
    ";
    check(&request, 7, bytes);
}

#[test]
fn list_offsets_response() {
    let partition = list_offsets::ListOffsetsPartitionResponse {
        partition_index: 1,
        offset: 42,
        leader_epoch: 6,
        ..Default::default()
    };
    let topic = list_offsets::ListOffsetsTopicResponse {
        name: "t".to_owned(),
        partitions: vec![partition],
        ..Default::default()
    };
    let response = ListOffsetsResponse {
        topics: vec![topic],
        ..Default::default()
    };
    let bytes = "
        00000000                # throttle_time_ms
        02                      # one topic
          02 74                 #   name
          02                    #   one partition
            00000001            #     partition_index
            0000                #     error_code
            ffffffffffffffff    #     timestamp
            000000000000002a    #     offset
            00000006            #     leader_epoch
            00                  #     no tags
          00                    #   no tags
        00                      # no tags
    ";
    check(&response, 7, bytes);
}
