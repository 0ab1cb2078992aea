//! Access rules on a cluster that goes by them: made, told and removed, what they allow, and what those do not get to
//! see whom they forbid it.

use broker::config::authorization::STANDARD;
use broker::sasl::Mechanism;
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::create_acls::AclCreation;
use broker::wire::messages::create_topics::CreatableTopic;
use broker::wire::messages::delete_acls::DeleteAclsFilter;
use broker::wire::messages::delete_topics::DeleteTopicState;
use broker::wire::messages::metadata::{MetadataRequestTopic, MetadataResponseTopic};
use broker::wire::messages::{
    ControllerCommandRequest, CreateAclsRequest, CreateTopicsRequest, DeleteAclsRequest,
    DeleteTopicsRequest, DescribeAclsRequest, DescribeAclsResponse, MetadataRequest,
    MetadataResponse, QuorumStreamRequest,
};
use broker::wire::uuid::Uuid;

use super::guarded;
use crate::support::client::Client;
use crate::support::cluster::{Cluster, until};
use crate::support::secure::password;

const TOPIC: i8 = 2;
const CLUSTER: i8 = 4;
const PREFIXED: i8 = 4;
const ANY: i8 = 1;
const READ: i8 = 3;
const CREATE: i8 = 5;
const DELETE: i8 = 6;
const DESCRIBE: i8 = 8;
const DENIED: ErrorCode = ErrorCode::TOPIC_AUTHORIZATION_FAILED;

/// One node: whoever comes in through `INSIDE` may do everything, alice by rules.
async fn ruled() -> Cluster {
    let jaas = "x.PlainLoginModule required user_alice=\"wonder\";";
    guarded(&[
        ("sasl.enabled.mechanisms", "PLAIN"),
        ("listener.name.plaintext.plain.sasl.jaas.config", jaas),
        ("authorizer.class.name", STANDARD),
        ("super.users", "User:ANONYMOUS"),
        ("default.replication.factor", "1"),
    ])
    .await
}

async fn alice(cluster: &Cluster) -> Client {
    let mut client = cluster.client(1).await;
    let login = password(Mechanism::Plain, "alice", "wonder");
    assert_eq!(client.log_in(&login).await.error_code, ErrorCode::NONE);
    client
}

fn allow(resource_type: i8, name: &str, operation: i8) -> AclCreation {
    AclCreation {
        resource_type,
        resource_name: name.to_owned(),
        principal: "User:alice".to_owned(),
        host: "*".to_owned(),
        operation,
        permission_type: 3,
        ..AclCreation::default()
    }
}

async fn make(admin: &mut Client, creations: Vec<AclCreation>) -> Vec<ErrorCode> {
    let request = CreateAclsRequest {
        creations,
        ..CreateAclsRequest::default()
    };
    let results = admin.ask(&request, 3).await.results;
    results.iter().map(|result| result.error_code).collect()
}

async fn describe(admin: &mut Client, request: DescribeAclsRequest) -> DescribeAclsResponse {
    admin.ask(&request, 3).await
}

fn all() -> DescribeAclsRequest {
    DescribeAclsRequest {
        resource_type_filter: ANY,
        resource_name_filter: None,
        pattern_type_filter: ANY,
        principal_filter: None,
        host_filter: None,
        operation: ANY,
        permission_type: ANY,
        ..DescribeAclsRequest::default()
    }
}

/// Resources with their pattern and their operations.
fn told(response: &DescribeAclsResponse) -> Vec<(&str, i8, Vec<i8>)> {
    assert_eq!(response.error_code, ErrorCode::NONE);
    let resources = response.resources.iter();
    let told = resources.map(|one| {
        let operations = one.acls.iter().map(|acl| acl.operation).collect();
        (one.resource_name.as_str(), one.pattern_type, operations)
    });
    told.collect()
}

async fn topic(admin: &mut Client, name: &str) {
    assert_eq!(create(admin, name).await, ErrorCode::NONE);
}

async fn create(client: &mut Client, name: &str) -> ErrorCode {
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: name.to_owned(),
            num_partitions: 1,
            replication_factor: 1,
            ..CreatableTopic::default()
        }],
        ..CreateTopicsRequest::default()
    };
    client.ask(&request, 7).await.topics[0].error_code
}

async fn metadata(
    client: &mut Client,
    topics: Option<Vec<MetadataRequestTopic>>,
) -> MetadataResponse {
    let request = MetadataRequest {
        topics,
        allow_auto_topic_creation: true,
        include_topic_authorized_operations: true,
        ..MetadataRequest::default()
    };
    client.ask(&request, 12).await
}

async fn named(client: &mut Client, name: &str) -> MetadataResponseTopic {
    let topic = MetadataRequestTopic {
        name: Some(name.to_owned()),
        ..MetadataRequestTopic::default()
    };
    metadata(client, Some(vec![topic])).await.topics.remove(0)
}

async fn by_id(client: &mut Client, topic_id: Uuid) -> MetadataResponseTopic {
    let topic = MetadataRequestTopic {
        topic_id,
        name: None,
        ..MetadataRequestTopic::default()
    };
    metadata(client, Some(vec![topic])).await.topics.remove(0)
}

fn names(response: &MetadataResponse) -> Vec<&str> {
    let topics = response.topics.iter();
    topics.filter_map(|topic| topic.name.as_deref()).collect()
}

/// Four rules of which two are the same, and what is none.
fn good_and_bad() -> Vec<AclCreation> {
    let prefixed = |name: &str, operation| AclCreation {
        resource_pattern_type: PREFIXED,
        ..allow(TOPIC, name, operation)
    };
    let bad = |change: fn(&mut AclCreation)| {
        let mut creation = allow(TOPIC, "orders", READ);
        change(&mut creation);
        creation
    };
    vec![
        allow(TOPIC, "orders", READ),
        allow(TOPIC, "orders", READ),
        allow(TOPIC, "*", DESCRIBE),
        prefixed("ord", DELETE),
        allow(CLUSTER, "another", CREATE),
        bad(|one| one.resource_name.clear()),
        bad(|one| one.resource_type = ANY),
        bad(|one| one.resource_pattern_type = 2),
        bad(|one| one.operation = ANY),
        bad(|one| one.permission_type = ANY),
        bad(|one| "alice".clone_into(&mut one.principal)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_made_told_by_filters_and_removed_and_survive_a_restart() {
    let mut cluster = ruled().await;
    let mut admin = cluster.client_of(1, "INSIDE").await;
    let made = make(&mut admin, good_and_bad());
    let mut wanted = vec![ErrorCode::NONE; 4];
    wanted.extend([ErrorCode::INVALID_REQUEST; 7]);
    assert_eq!(made.await, wanted);
    let everything = [
        ("*", 3, vec![DESCRIBE]),
        ("ord", 4, vec![DELETE]),
        ("orders", 3, vec![READ]),
    ];
    assert_eq!(told(&describe(&mut admin, all()).await), everything);
    let about = |name: &str, pattern| DescribeAclsRequest {
        resource_type_filter: TOPIC,
        resource_name_filter: Some(name.to_owned()),
        pattern_type_filter: pattern,
        ..all()
    };
    let literal = describe(&mut admin, about("orders", 3)).await;
    assert_eq!(told(&literal), everything[2..]);
    let matched = describe(&mut admin, about("ordinary", 2)).await;
    assert_eq!(told(&matched), everything[..2]);
    let unknown = describe(&mut admin, about("orders", 0)).await;
    assert_eq!(unknown.error_code, ErrorCode::INVALID_REQUEST);

    cluster.stop(1).await;
    cluster.launch(1).await;
    cluster.all_serving().await;
    let mut admin = cluster.client_of(1, "INSIDE").await;
    assert_eq!(told(&describe(&mut admin, all()).await), everything);
    let filter = |operation, pattern_type_filter| DeleteAclsFilter {
        resource_type_filter: TOPIC,
        resource_name_filter: None,
        pattern_type_filter,
        principal_filter: None,
        host_filter: None,
        operation,
        permission_type: ANY,
        ..DeleteAclsFilter::default()
    };
    let request = DeleteAclsRequest {
        filters: vec![filter(ANY, 3), filter(READ, ANY), filter(99, 3)],
        ..DeleteAclsRequest::default()
    };
    let removed = admin.ask(&request, 3).await.filter_results;
    let removed: Vec<_> = removed
        .iter()
        .map(|one| (one.error_code, one.matching_acls.len()))
        .collect();
    let (fine, bad) = (ErrorCode::NONE, ErrorCode::INVALID_REQUEST);
    assert_eq!(removed, [(fine, 2), (fine, 1), (bad, 0)]);
    assert_eq!(told(&describe(&mut admin, all()).await), everything[1..2]);
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_authorizer_there_are_no_rules() {
    let cluster = Cluster::start(1).await;
    let mut admin = cluster.client(1).await;
    let code = ErrorCode::SECURITY_DISABLED;
    assert_eq!(describe(&mut admin, all()).await.error_code, code);
    assert_eq!(
        make(&mut admin, vec![allow(TOPIC, "a", READ)]).await,
        [code]
    );
    let request = DeleteAclsRequest {
        filters: vec![DeleteAclsFilter::default()],
        ..DeleteAclsRequest::default()
    };
    let removed = admin.ask(&request, 3).await;
    assert_eq!(removed.filter_results[0].error_code, code);
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_hidden_from_those_who_may_not_describe_them() {
    let cluster = ruled().await;
    let mut admin = cluster.client_of(1, "INSIDE").await;
    topic(&mut admin, "orders").await;
    topic(&mut admin, "secret").await;
    let seen = make(&mut admin, vec![allow(TOPIC, "orders", READ)]).await;
    assert_eq!(seen, [ErrorCode::NONE]);
    let mut alice = alice(&cluster).await;
    let all = metadata(&mut alice, None).await;
    assert_eq!(names(&all), ["orders"]);
    let operations = 1 << READ | 1 << DESCRIBE;
    assert_eq!(all.topics[0].topic_authorized_operations, operations);
    // What is there and what is not look the same.
    for name in ["secret", "nothing"] {
        let hidden = named(&mut alice, name).await;
        assert_eq!(
            (hidden.error_code, hidden.topic_id),
            (DENIED, Uuid::ZERO),
            "{name}"
        );
    }
    let id = cluster.node(1).image().topics["secret"].id;
    let hidden = by_id(&mut alice, id).await;
    assert_eq!((hidden.error_code, hidden.name), (DENIED, None));
    let delete = |name: Option<&str>, topic_id| DeleteTopicsRequest {
        topics: vec![DeleteTopicState {
            name: name.map(str::to_owned),
            topic_id,
            ..DeleteTopicState::default()
        }],
        ..DeleteTopicsRequest::default()
    };
    for request in [delete(Some("nothing"), Uuid::ZERO), delete(None, id)] {
        let denied = alice.ask(&request, 6).await.responses.remove(0);
        assert_eq!(denied.error_code, DENIED);
        assert_ne!(denied.name.as_deref(), Some("secret"));
    }
    let known = cluster.node(1).image().topics["orders"].id;
    let denied = alice.ask(&delete(None, known), 6).await.responses.remove(0);
    assert_eq!(
        (denied.error_code, denied.name.as_deref()),
        (DENIED, Some("orders"))
    );
    assert!(cluster.node(1).image().topics.len() == 2);
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_is_made_by_asking_only_by_those_who_may_create_it() {
    let cluster = ruled().await;
    let mut admin = cluster.client_of(1, "INSIDE").await;
    let rules = vec![
        allow(TOPIC, "orders", DESCRIBE),
        allow(TOPIC, "mine", CREATE),
    ];
    make(&mut admin, rules).await;
    let mut alice = alice(&cluster).await;
    assert_eq!(named(&mut alice, "orders").await.error_code, DENIED);
    assert_eq!(create(&mut alice, "orders").await, DENIED);
    assert_eq!(create(&mut alice, "mine").await, ErrorCode::NONE);
    make(&mut admin, vec![allow(CLUSTER, "kafka-cluster", CREATE)]).await;
    let made = named(&mut alice, "orders").await;
    assert_eq!(made.error_code, ErrorCode::LEADER_NOT_AVAILABLE);
    let node = cluster.node(1);
    until("the topic is made", || {
        node.image().topics.contains_key("orders")
    })
    .await;
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_nodes_get_into_the_quorum_and_reach_the_controller() {
    let cluster = Cluster::with(
        1,
        &[
            ("authorizer.class.name", STANDARD),
            ("super.users", "User:node"),
        ],
    )
    .await;
    let code = ErrorCode::CLUSTER_AUTHORIZATION_FAILED;
    let mut stranger = Client::connect(cluster.controller_address(1)).await;
    let stream = stranger.ask(&QuorumStreamRequest::default(), 0).await;
    assert_eq!(stream.error_code, code);
    let command = stranger.ask(&ControllerCommandRequest::default(), 0).await;
    assert_eq!(command.error_code, code);
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_are_super_users_replicate_among_themselves() {
    let map = "PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT";
    let jaas = "x.PlainLoginModule required username=\"node\" password=\"x\" user_node=\"x\" \
                user_alice=\"wonder\";";
    let cluster = Cluster::with(
        2,
        &[
            ("listener.security.protocol.map", map),
            ("sasl.enabled.mechanisms", "PLAIN"),
            ("sasl.mechanism.inter.broker.protocol", "PLAIN"),
            ("sasl.mechanism.controller.protocol", "PLAIN"),
            ("listener.name.plaintext.plain.sasl.jaas.config", jaas),
            ("listener.name.controller.plain.sasl.jaas.config", jaas),
            ("authorizer.class.name", STANDARD),
            ("super.users", "User:node"),
        ],
    )
    .await;
    let mut admin = cluster.client(1).await;
    admin.log_in(&password(Mechanism::Plain, "node", "x")).await;
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: "orders".to_owned(),
            num_partitions: 2,
            replication_factor: 2,
            ..CreatableTopic::default()
        }],
        ..CreateTopicsRequest::default()
    };
    let created = admin.ask(&request, 7).await.topics[0].error_code;
    assert_eq!(created, ErrorCode::NONE);
    // A rule that one node makes, the other goes by.
    make(&mut admin, vec![allow(TOPIC, "orders", DESCRIBE)]).await;
    let other = cluster.node(2);
    until("the other node knows the rule", || {
        other.image().acls.iter().count() == 1
    })
    .await;
    let mut alice = cluster.client(2).await;
    alice
        .log_in(&password(Mechanism::Plain, "alice", "wonder"))
        .await;
    assert_eq!(names(&metadata(&mut alice, None).await), ["orders"]);
    let whole = || {
        let image = cluster.node(1).image();
        let topic = image.topics.get("orders");
        topic.is_some_and(|topic| topic.partitions.iter().all(|one| one.isr.len() == 2))
    };
    until("all replicas in sync", whole).await;
    cluster.end().await;
}
