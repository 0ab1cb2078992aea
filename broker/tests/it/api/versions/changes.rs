//! Changes of topics, settings and leaders: done, refused, and with words that are too long.

use broker::wire::error_code::ErrorCode;
use broker::wire::messages::create_topics::{CreatableReplicaAssignment, CreatableTopic};
use broker::wire::messages::{
    AddRaftVoterRequest, AlterConfigsRequest, AlterPartitionReassignmentsRequest,
    CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest, ElectLeadersRequest,
    IncrementalAlterConfigsRequest, InitProducerIdRequest, RemoveRaftVoterRequest,
    UnregisterBrokerRequest, UpdateFeaturesRequest, alter_configs, alter_partition_reassignments,
    create_partitions, delete_topics, elect_leaders, incremental_alter_configs, update_features,
};
use broker::wire::uuid::Uuid;

use super::{Asker, TOPIC, by_topic};
use crate::support::client::Client;

pub(super) async fn topics(asker: &mut Asker) {
    a_topic(&mut asker.client, &[1, 2]).await;
    creations(asker).await;
}

fn create(name: &str, assigned: &[i32]) -> CreatableTopic {
    CreatableTopic {
        name: name.to_owned(),
        num_partitions: -1,
        replication_factor: -1,
        assignments: (0..)
            .zip(assigned)
            .map(|(index, broker)| CreatableReplicaAssignment {
                partition_index: index,
                broker_ids: vec![*broker],
                ..CreatableReplicaAssignment::default()
            })
            .collect(),
        ..CreatableTopic::default()
    }
}

/// Makes the topic that is asked about, each partition on one broker.
pub(super) async fn a_topic(client: &mut Client, assigned: &[i32]) {
    let request = CreateTopicsRequest {
        topics: vec![create(TOPIC, assigned)],
        ..CreateTopicsRequest::default()
    };
    let created = client.ask(&request, 7).await;
    assert_eq!(created.topics[0].error_code, ErrorCode::NONE);
}

pub(super) async fn creations(asker: &mut Asker) {
    asker
        .all(|version| {
            vec![CreateTopicsRequest {
                topics: vec![
                    create(&format!("v-{version}"), &[1]),
                    create(TOPIC, &[1]),
                    create("not/a/name", &[1]),
                    create("nowhere", &[77]),
                ],
                ..CreateTopicsRequest::default()
            }]
        })
        .await;
}

pub(super) async fn changes(asker: &mut Asker) {
    asker.all(ids).await;
    asker.all(growths).await;
    settings(asker).await;
    let long = "x".repeat(32_000);
    asker.all(elections).await;
    asker.all(moves).await;
    asker.all(levels).await;
    asker.all(votes_given).await;
    asker.all(votes_taken).await;
    asker
        .all(|_| {
            vec![UnregisterBrokerRequest {
                broker_id: 77,
                ..UnregisterBrokerRequest::default()
            }]
        })
        .await;
    // A name as long as a string may be comes back in what is said of it.
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: long,
            num_partitions: 1,
            replication_factor: 1,
            ..CreatableTopic::default()
        }],
        ..CreateTopicsRequest::default()
    };
    asker.ask(&request, 7).await;
    asker.all(deletions).await;
}

/// Values that are taken, and one that is refused and as long as a string may be.
async fn settings(asker: &mut Asker) {
    let long = "x".repeat(32_767);
    let resources = [(2, TOPIC), (2, "unknown"), (4, "1"), (77, "x")];
    let values = ["60000", &long];
    asker
        .all(|_| {
            let one = |value: &str| {
                let of = |(resource_type, name): (i8, &str)| {
                    incremental_alter_configs::AlterConfigsResource {
                        resource_type,
                        resource_name: name.to_owned(),
                        configs: vec![incremental_alter_configs::AlterableConfig {
                            name: "retention.ms".to_owned(),
                            value: Some(value.to_owned()),
                            ..incremental_alter_configs::AlterableConfig::default()
                        }],
                        ..incremental_alter_configs::AlterConfigsResource::default()
                    }
                };
                IncrementalAlterConfigsRequest {
                    resources: resources.map(of).to_vec(),
                    ..IncrementalAlterConfigsRequest::default()
                }
            };
            values.map(one).to_vec()
        })
        .await;
    asker
        .all(|_| {
            let one = |value: &str| {
                let of = |(resource_type, name): (i8, &str)| alter_configs::AlterConfigsResource {
                    resource_type,
                    resource_name: name.to_owned(),
                    configs: vec![alter_configs::AlterableConfig {
                        name: "retention.ms".to_owned(),
                        value: Some(value.to_owned()),
                        ..alter_configs::AlterableConfig::default()
                    }],
                    ..alter_configs::AlterConfigsResource::default()
                };
                AlterConfigsRequest {
                    resources: resources.map(of).to_vec(),
                    ..AlterConfigsRequest::default()
                }
            };
            values.map(one).to_vec()
        })
        .await;
}

fn ids(_: i16) -> Vec<InitProducerIdRequest> {
    let init = |id: Option<&str>| InitProducerIdRequest {
        transactional_id: id.map(str::to_owned),
        transaction_timeout_ms: 1000,
        ..InitProducerIdRequest::default()
    };
    vec![init(None), init(Some("t"))]
}

fn growths(version: i16) -> Vec<CreatePartitionsRequest> {
    let grow = |name: &str, count| create_partitions::CreatePartitionsTopic {
        name: name.to_owned(),
        count,
        assignments: None,
        ..create_partitions::CreatePartitionsTopic::default()
    };
    vec![CreatePartitionsRequest {
        topics: vec![
            grow(&format!("v-{}", version + 2), 2),
            grow(TOPIC, 1),
            grow("unknown", 3),
        ],
        timeout_ms: 10_000,
        ..CreatePartitionsRequest::default()
    }]
}

fn elections(version: i16) -> Vec<ElectLeadersRequest> {
    let elect = |election_type, topic_partitions| ElectLeadersRequest {
        election_type,
        topic_partitions,
        ..ElectLeadersRequest::default()
    };
    let named = by_topic(
        |index| index,
        |name, partitions| elect_leaders::TopicPartitions {
            topic: name.to_owned(),
            partitions,
            ..elect_leaders::TopicPartitions::default()
        },
    );
    let unclean = i8::from(version >= 1);
    let odd = if version >= 1 { 9 } else { 0 };
    vec![
        elect(0, None),
        elect(0, Some(named.clone())),
        elect(unclean, Some(named.clone())),
        elect(odd, Some(named)),
    ]
}

fn moves(_: i16) -> Vec<AlterPartitionReassignmentsRequest> {
    let moved = by_topic(
        |partition_index| alter_partition_reassignments::ReassignablePartition {
            partition_index,
            replicas: Some(vec![1]),
            ..alter_partition_reassignments::ReassignablePartition::default()
        },
        |name, partitions| alter_partition_reassignments::ReassignableTopic {
            name: name.to_owned(),
            partitions,
            ..alter_partition_reassignments::ReassignableTopic::default()
        },
    );
    vec![AlterPartitionReassignmentsRequest {
        topics: moved,
        ..AlterPartitionReassignmentsRequest::default()
    }]
}

pub(super) fn votes_given(_: i16) -> Vec<AddRaftVoterRequest> {
    vec![AddRaftVoterRequest {
        voter_id: 7,
        ..AddRaftVoterRequest::default()
    }]
}

pub(super) fn votes_taken(_: i16) -> Vec<RemoveRaftVoterRequest> {
    vec![RemoveRaftVoterRequest {
        voter_id: 7,
        ..RemoveRaftVoterRequest::default()
    }]
}

/// One level that is as it is, and a feature that nobody knows.
fn levels(version: i16) -> Vec<UpdateFeaturesRequest> {
    let update = |feature: &str| UpdateFeaturesRequest {
        feature_updates: vec![update_features::FeatureUpdateKey {
            feature: feature.to_owned(),
            max_version_level: 1,
            allow_downgrade: version < 1 && feature == "unknown",
            ..update_features::FeatureUpdateKey::default()
        }],
        ..UpdateFeaturesRequest::default()
    };
    vec![update("group.version"), update("unknown")]
}

fn deletions(version: i16) -> Vec<DeleteTopicsRequest> {
    let names = [format!("v-{}", version + 1), "unknown".to_owned()];
    let (topic_names, topics) = if version < 6 {
        (names.to_vec(), Vec::new())
    } else {
        let state = |name: Option<String>, topic_id| delete_topics::DeleteTopicState {
            name,
            topic_id,
            ..delete_topics::DeleteTopicState::default()
        };
        let mut states: Vec<_> = names.map(|name| state(Some(name), Uuid::ZERO)).to_vec();
        states.push(state(None, Uuid([9; 16])));
        (Vec::new(), states)
    };
    vec![DeleteTopicsRequest {
        topics,
        topic_names,
        timeout_ms: 10_000,
        ..DeleteTopicsRequest::default()
    }]
}
