//! `CreateTopics`, `DeleteTopics`, `CreatePartitions` (rules 71, 72).

use broker::wire::error_code::ErrorCode;
use broker::wire::messages::create_partitions::{
    CreatePartitionsAssignment, CreatePartitionsTopic,
};
use broker::wire::messages::create_topics::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
};
use broker::wire::messages::delete_topics::DeleteTopicState;
use broker::wire::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse,
    DeleteTopicsRequest, DeleteTopicsResponse,
};
use broker::wire::uuid::Uuid;

use super::cluster::{Cluster, dir};

fn topic(name: &str, num_partitions: i32, replication_factor: i16) -> CreatableTopic {
    CreatableTopic {
        name: name.to_owned(),
        num_partitions,
        replication_factor,
        ..Default::default()
    }
}

/// The error a topic is refused with; nothing may change.
fn refusal(cluster: &mut Cluster, topic: CreatableTopic) -> ErrorCode {
    let before = cluster.image.clone();
    let result = cluster.create_topic(topic);
    assert_eq!(cluster.image, before);
    assert!(result.error_message.is_some());
    result.error_code
}

#[test]
fn a_topic_is_placed_and_answered_with_what_it_got() {
    let mut cluster = Cluster::of(5);
    let result = cluster.create_topic(topic("a", 10, 3));
    assert_eq!(result.error_code, ErrorCode::NONE);
    assert_eq!((result.num_partitions, result.replication_factor), (10, 3));
    let known = &cluster.image.topics["a"];
    assert_eq!((known.id, known.partitions.len()), (result.topic_id, 10));
    for state in &known.partitions {
        assert_eq!(
            (state.leader, &state.isr),
            (state.replicas[0], &state.replicas)
        );
        let dirs: Vec<Uuid> = state.replicas.iter().map(|id| dir(*id)).collect();
        assert_eq!(state.directories, dirs);
    }
}

#[test]
fn the_answer_has_every_setting_and_where_it_is_from() {
    let mut cluster = Cluster::of(1);
    let result = cluster.create_with("a", &[&[1]], &[("retention.ms", "5")]);
    let configs = result.configs.unwrap();
    let of = |name: &str| configs.iter().find(|config| config.name == name).unwrap();
    assert_eq!(
        (
            of("retention.ms").value.as_deref(),
            of("retention.ms").config_source
        ),
        (Some("5"), 1)
    );
    assert_eq!(
        (
            of("segment.bytes").value.as_deref(),
            of("segment.bytes").config_source
        ),
        (Some("1073741824"), 5)
    );
}

#[test]
fn defaults_stand_in_for_minus_one() {
    let mut cluster = Cluster::of(3);
    let result = cluster.create_topic(topic("a", -1, -1));
    assert_eq!((result.num_partitions, result.replication_factor), (1, 1));
}

#[test]
fn numbers_out_of_range_are_refused() {
    let mut cluster = Cluster::of(3);
    for (partitions, factor, error) in [
        (1, 0, ErrorCode::INVALID_REPLICATION_FACTOR),
        (1, -2, ErrorCode::INVALID_REPLICATION_FACTOR),
        (1, 4, ErrorCode::INVALID_REPLICATION_FACTOR),
        (0, 1, ErrorCode::INVALID_PARTITIONS),
        (-2, 1, ErrorCode::INVALID_PARTITIONS),
        (i32::MAX, 1, ErrorCode::POLICY_VIOLATION),
    ] {
        assert_eq!(refusal(&mut cluster, topic("a", partitions, factor)), error);
    }
}

#[test]
fn names_are_checked() {
    let mut cluster = Cluster::of(1);
    for name in ["", ".", "..", "a b", "ä", &"a".repeat(250)] {
        let refused = refusal(&mut cluster, topic(name, 1, 1));
        assert_eq!(refused, ErrorCode::INVALID_TOPIC_EXCEPTION, "{name:?}");
    }
    cluster.create_topic(topic(&"a".repeat(249), 1, 1));
    assert_eq!(cluster.image.topics.len(), 1);
}

#[test]
fn names_that_differ_in_dots_and_underscores_collide() {
    let mut cluster = Cluster::of(1);
    cluster.create_topic(topic("x.y_z", 1, 1));
    let exists = refusal(&mut cluster, topic("x.y_z", 1, 1));
    assert_eq!(exists, ErrorCode::TOPIC_ALREADY_EXISTS);
    for name in ["x_y_z", "x.y.z", "x_y.z"] {
        let refused = refusal(&mut cluster, topic(name, 1, 1));
        assert_eq!(refused, ErrorCode::INVALID_TOPIC_EXCEPTION, "{name}");
    }
    for name in ["x-y-z", "x.y", "xy_z"] {
        assert_eq!(
            cluster.create_topic(topic(name, 1, 1)).error_code,
            ErrorCode::NONE
        );
    }
}

#[test]
fn a_name_twice_in_a_request_is_refused_once() {
    let mut cluster = Cluster::of(1);
    let request = CreateTopicsRequest {
        topics: vec![topic("a", 1, 1), topic("b", 1, 1), topic("a", 1, 1)],
        ..Default::default()
    };
    let response: CreateTopicsResponse = cluster.submit(request);
    let codes: Vec<(&str, ErrorCode)> = response
        .topics
        .iter()
        .map(|one| (one.name.as_str(), one.error_code))
        .collect();
    assert_eq!(
        codes,
        [("a", ErrorCode::INVALID_REQUEST), ("b", ErrorCode::NONE)]
    );
}

#[test]
fn topics_of_one_request_collide_too() {
    let mut cluster = Cluster::of(1);
    let request = CreateTopicsRequest {
        topics: vec![topic("a.b", 1, 1), topic("a_b", 1, 1)],
        ..Default::default()
    };
    let response: CreateTopicsResponse = cluster.submit(request);
    assert_eq!(
        response.topics[1].error_code,
        ErrorCode::INVALID_TOPIC_EXCEPTION
    );
}

#[test]
fn manual_assignments_are_checked() {
    let mut cluster = Cluster::of(3);
    let bad = ErrorCode::INVALID_REPLICA_ASSIGNMENT;
    for assignment in [&[&[][..]][..], &[&[1, 1]], &[&[9]], &[&[1, 2], &[1]]] {
        assert_eq!(
            cluster.create("a", assignment).error_code,
            bad,
            "{assignment:?}"
        );
    }
    let told = |indexes: &[i32], partitions, factor| CreatableTopic {
        assignments: indexes
            .iter()
            .map(|index| CreatableReplicaAssignment {
                partition_index: *index,
                broker_ids: vec![1],
                ..Default::default()
            })
            .collect(),
        ..topic("a", partitions, factor)
    };
    assert_eq!(refusal(&mut cluster, told(&[0, 2], -1, -1)), bad);
    assert_eq!(refusal(&mut cluster, told(&[0, 0], -1, -1)), bad);
    assert_eq!(
        refusal(&mut cluster, told(&[0], 1, -1)),
        ErrorCode::INVALID_REQUEST
    );
    assert_eq!(
        refusal(&mut cluster, told(&[0], -1, 1)),
        ErrorCode::INVALID_REQUEST
    );
    cluster.wait_with(9_001, &[2, 3]);
    assert_eq!(
        refusal(&mut cluster, told(&[0], -1, -1)),
        bad,
        "1 is fenced"
    );
    cluster.create("a", &[&[1, 2]]);
    let state = cluster.partition("a", 0);
    assert_eq!((state.leader, state.isr), (2, vec![2]));
}

#[test]
fn bad_settings_are_refused() {
    let mut cluster = Cluster::of(1);
    let with = |name: &str, value: Option<&str>| CreatableTopic {
        configs: vec![CreatableTopicConfig {
            name: name.to_owned(),
            value: value.map(str::to_owned),
            ..Default::default()
        }],
        ..topic("a", 1, 1)
    };
    for bad in [
        with("retention.ms", Some("soon")),
        with("no.such", Some("1")),
        with("retention.ms", None),
    ] {
        assert_eq!(refusal(&mut cluster, bad), ErrorCode::INVALID_CONFIG);
    }
}

#[test]
fn validating_changes_nothing_and_sees_everything() {
    let mut cluster = Cluster::of(1);
    let before = cluster.image.clone();
    let request = CreateTopicsRequest {
        topics: vec![topic("a.b", 2, 1), topic("a_b", 2, 1)],
        validate_only: true,
        ..Default::default()
    };
    let response: CreateTopicsResponse = cluster.submit(request);
    assert_eq!(response.topics[0].error_code, ErrorCode::NONE);
    assert_eq!(response.topics[0].num_partitions, 2);
    assert_eq!(
        response.topics[1].error_code,
        ErrorCode::INVALID_TOPIC_EXCEPTION
    );
    assert_eq!(cluster.image, before);
}

#[test]
fn topics_are_deleted_by_name_and_by_id() {
    let mut cluster = Cluster::of(1);
    cluster.create_with("a", &[&[1]], &[("retention.ms", "5")]);
    let id = cluster.create("b", &[&[1]]).topic_id;
    let by_name = |name: &str| DeleteTopicState {
        name: Some(name.to_owned()),
        ..Default::default()
    };
    let request = DeleteTopicsRequest {
        topics: vec![
            by_name("a"),
            by_name("c"),
            DeleteTopicState {
                topic_id: id,
                ..Default::default()
            },
            DeleteTopicState {
                topic_id: Uuid([9; 16]),
                ..Default::default()
            },
            DeleteTopicState::default(),
            DeleteTopicState {
                name: Some("a".to_owned()),
                topic_id: id,
                ..Default::default()
            },
        ],
        ..Default::default()
    };
    let response: DeleteTopicsResponse = cluster.submit(request);
    let codes: Vec<ErrorCode> = response
        .responses
        .iter()
        .map(|one| one.error_code)
        .collect();
    assert_eq!(
        codes,
        [
            ErrorCode::NONE,
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
            ErrorCode::NONE,
            ErrorCode::UNKNOWN_TOPIC_ID,
            ErrorCode::INVALID_REQUEST,
            ErrorCode::INVALID_REQUEST,
        ]
    );
    assert_eq!(response.responses[2].name.as_deref(), Some("b"));
    assert!(cluster.image.topics.is_empty() && cluster.image.configs.is_empty());
}

fn grow(
    cluster: &mut Cluster,
    count: i32,
    assignments: Option<&[&[i32]]>,
    validate_only: bool,
) -> ErrorCode {
    let told = |all: &[&[i32]]| {
        let each = all.iter().map(|one| CreatePartitionsAssignment {
            broker_ids: one.to_vec(),
            ..Default::default()
        });
        each.collect()
    };
    let request = CreatePartitionsRequest {
        topics: vec![CreatePartitionsTopic {
            name: "a".to_owned(),
            count,
            assignments: assignments.map(told),
            ..Default::default()
        }],
        validate_only,
        ..Default::default()
    };
    let response: CreatePartitionsResponse = cluster.submit(request);
    response.results[0].error_code
}

#[test]
fn topics_grow_and_never_shrink() {
    let mut cluster = Cluster::of(3);
    assert_eq!(
        grow(&mut cluster, 2, None, false),
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
    );
    cluster.create("a", &[&[1, 2], &[2, 3]]);
    for count in [-1, 0, 1, 2] {
        assert_eq!(
            grow(&mut cluster, count, None, false),
            ErrorCode::INVALID_PARTITIONS
        );
    }
    assert_eq!(
        grow(&mut cluster, i32::MAX, None, false),
        ErrorCode::POLICY_VIOLATION
    );
    assert_eq!(grow(&mut cluster, 4, None, true), ErrorCode::NONE);
    assert_eq!(cluster.image.topics["a"].partitions.len(), 2);
    assert_eq!(grow(&mut cluster, 4, None, false), ErrorCode::NONE);
    assert_eq!(cluster.image.topics["a"].partitions.len(), 4);
    assert_eq!(cluster.partition("a", 3).replicas.len(), 2);
}

#[test]
fn added_partitions_go_where_they_are_told() {
    let mut cluster = Cluster::of(3);
    cluster.create("a", &[&[1, 2]]);
    let bad = ErrorCode::INVALID_REPLICA_ASSIGNMENT;
    assert_eq!(grow(&mut cluster, 3, Some(&[&[3, 1]]), false), bad);
    assert_eq!(grow(&mut cluster, 2, Some(&[&[3]]), false), bad);
    assert_eq!(grow(&mut cluster, 2, Some(&[&[3, 9]]), false), bad);
    assert_eq!(
        grow(&mut cluster, 2, Some(&[&[3, 1]]), false),
        ErrorCode::NONE
    );
    assert_eq!(cluster.partition("a", 1).replicas, [3, 1]);
}
