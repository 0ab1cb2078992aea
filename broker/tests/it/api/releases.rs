//! Nodes that pass for brokers of older releases of Kafka: what they tell, what they refuse, and that they still
//! work together.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use broker::NodeConfig;
use broker::wire::error_code::ErrorCode;
use broker::wire::frame;
use broker::wire::messages::create_topics::{CreatableReplicaAssignment, CreatableTopic};
use broker::wire::messages::produce::{PartitionProduceData, TopicProduceData};
use broker::wire::messages::{
    ApiVersionsRequest, ApiVersionsResponse, CreateTopicsRequest, DescribeQuorumRequest,
    ListGroupsRequest, ProduceRequest,
};
use broker::wire::records::{BatchBuilder, BatchSettings, NewRecord};

use crate::support::client::Client;
use crate::support::cluster::Cluster;

const KEY: &str = "lookout.as.version";
const QUORUM: i16 = 55;
const UNREGISTER: i16 = 64;
const LIST_GROUPS: i16 = 16;
const METADATA: i16 = 3;

async fn told(client: &mut Client) -> ApiVersionsResponse {
    let request = ApiVersionsRequest {
        client_software_name: "test".to_owned(),
        client_software_version: "1".to_owned(),
        ..ApiVersionsRequest::default()
    };
    client.ask(&request, 3).await
}

fn range(told: &ApiVersionsResponse, key: i16) -> Option<RangeInclusive<i16>> {
    let found = told.api_keys.iter().find(|api| api.api_key.0 == key);
    found.map(|api| api.min_version..=api.max_version)
}

/// Features in force, by name.
fn levels(told: &ApiVersionsResponse) -> BTreeMap<&str, i16> {
    let features = told.finalized_features.iter();
    features
        .map(|one| (one.name.as_str(), one.max_version_level))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_release_tells_what_it_had() {
    let nothing = BTreeMap::new();
    let three = |level| BTreeMap::from([("metadata.version", level)]);
    let four = BTreeMap::from([
        ("metadata.version", 25),
        ("group.version", 1),
        ("eligible.leader.replicas.version", 1),
    ]);
    for (release, quorum, unregister, groups, metadata, features) in [
        ("2.8", None, None, 4, 11, nothing),
        ("3.3", Some(0..=1), Some(0..=0), 4, 12, three(7)),
        ("3.9", Some(0..=2), Some(0..=0), 5, 12, three(21)),
        ("4.0", Some(0..=2), Some(0..=0), 5, 13, four),
    ] {
        let cluster = Cluster::with(1, &[(KEY, release)]).await;
        let told = told(&mut cluster.client(1).await).await;
        assert_eq!(range(&told, QUORUM), quorum, "{release}");
        assert_eq!(range(&told, UNREGISTER), unregister, "{release}");
        assert_eq!(range(&told, LIST_GROUPS), Some(0..=groups), "{release}");
        assert_eq!(range(&told, METADATA), Some(0..=metadata), "{release}");
        assert_eq!(levels(&told), features, "{release}");
        assert_eq!(
            told.finalized_features_epoch < 0,
            features.is_empty(),
            "{release}"
        );
        cluster.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_release_did_not_have_closes_the_connection() {
    let cluster = Cluster::with(1, &[(KEY, "2.8")]).await;
    let mut client = cluster.client(1).await;
    client.send(&DescribeQuorumRequest::default(), 0).await;
    assert!(client.next().await.is_none());
    let mut client = cluster.client(1).await;
    let list = ListGroupsRequest::default();
    assert_eq!(client.ask(&list, 4).await.error_code, ErrorCode::NONE);
    client.send(&list, 5).await;
    assert!(client.next().await.is_none());
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_of_api_versions_that_is_too_new_is_answered_with_what_there_is() {
    let cluster = Cluster::with(1, &[(KEY, "3.3")]).await;
    let mut client = cluster.client(1).await;
    client.send(&ApiVersionsRequest::default(), 4).await;
    let content = client.next().await.unwrap();
    let (_, answer) = frame::read_response::<ApiVersionsResponse>(&content, 0).unwrap();
    assert_eq!(answer.error_code, ErrorCode::UNSUPPORTED_VERSION);
    assert_eq!(range(&answer, 18), Some(0..=3));
    told(&mut client).await;
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_follow_each_other_whatever_they_pass_for() {
    let set = [(KEY, "2.8"), ("min.insync.replicas", "2")];
    let cluster = Cluster::with(2, &set).await;
    let mut client = cluster.client(1).await;
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: "t".to_owned(),
            num_partitions: -1,
            replication_factor: -1,
            assignments: vec![CreatableReplicaAssignment {
                broker_ids: vec![1, 2],
                ..CreatableReplicaAssignment::default()
            }],
            ..CreatableTopic::default()
        }],
        ..CreateTopicsRequest::default()
    };
    assert_eq!(
        client.ask(&request, 7).await.topics[0].error_code,
        ErrorCode::NONE
    );
    let mut builder = BatchBuilder::new(BatchSettings::default());
    let record = NewRecord {
        timestamp_ms: 1_700_000_000_000,
        value: Some(b"v"),
        ..NewRecord::default()
    };
    builder.push(&record).unwrap();
    let records = Some(builder.finish().unwrap().into());
    let request = ProduceRequest {
        acks: -1,
        timeout_ms: 30_000,
        topic_data: vec![TopicProduceData {
            name: "t".to_owned(),
            partition_data: vec![PartitionProduceData {
                records,
                ..Default::default()
            }],
            ..TopicProduceData::default()
        }],
        ..ProduceRequest::default()
    };
    // The topic may not be known yet; once it is, both replicas have the record.
    let unknown = [
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode::NOT_LEADER_OR_FOLLOWER,
    ];
    let mut code = unknown[0];
    while unknown.contains(&code) {
        let done = client.ask(&request, 9).await;
        code = done.responses[0].partition_responses[0].error_code;
    }
    assert_eq!(code, ErrorCode::NONE);
    cluster.end().await;
}

#[test]
fn a_release_that_is_not_known_is_refused_with_those_that_are() {
    let given = [("node.id", "1"), (KEY, "3.4")];
    let given = given.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let refused = NodeConfig::from_values(&given.into()).unwrap_err();
    let said = refused
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n");
    assert!(said.contains("must be one of 2.8, 3.3, 3.9, 4.0"), "{said}");
}
