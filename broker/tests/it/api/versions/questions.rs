//! What the cluster, its topics and its settings are.

use broker::wire::messages::{
    ApiVersionsRequest, DescribeClusterRequest, DescribeConfigsRequest, DescribeLogDirsRequest,
    DescribeProducersRequest, DescribeQuorumRequest, DescribeTopicPartitionsRequest,
    ListConfigResourcesRequest, ListPartitionReassignmentsRequest, MetadataRequest,
    describe_configs, describe_log_dirs, describe_producers, describe_quorum,
    describe_topic_partitions, list_partition_reassignments, metadata,
};
use broker::wire::uuid::Uuid;

use super::{Asker, NAMES, TOPIC, by_topic};

pub(super) fn about_quorum(_: i16) -> Vec<DescribeQuorumRequest> {
    let about = |name: &str| describe_quorum::RequestTopicData {
        topic_name: name.to_owned(),
        partitions: vec![describe_quorum::RequestPartitionData::default()],
        ..describe_quorum::RequestTopicData::default()
    };
    vec![DescribeQuorumRequest {
        topics: vec![about("__cluster_metadata"), about(TOPIC)],
        ..DescribeQuorumRequest::default()
    }]
}

pub(super) fn about_cluster(version: i16) -> Vec<DescribeClusterRequest> {
    let kinds: &[i8] = if version >= 1 { &[1, 2, 3] } else { &[1] };
    let about = |endpoint_type: &i8| DescribeClusterRequest {
        include_cluster_authorized_operations: true,
        endpoint_type: *endpoint_type,
        include_fenced_brokers: version >= 2,
        ..DescribeClusterRequest::default()
    };
    kinds.iter().map(about).collect()
}

pub(super) async fn questions(asker: &mut Asker, id: Uuid) {
    asker.all(|_| vec![ApiVersionsRequest::default()]).await;
    asker.all(about_quorum).await;
    asker.all(about_cluster).await;
    asker.all(|version| about_topics(version, id)).await;
    asker
        .all(|_| {
            let named = NAMES.map(|name| describe_topic_partitions::TopicRequest {
                name: name.to_owned(),
                ..describe_topic_partitions::TopicRequest::default()
            });
            let page = |topics, response_partition_limit| DescribeTopicPartitionsRequest {
                topics,
                response_partition_limit,
                ..DescribeTopicPartitionsRequest::default()
            };
            vec![page(named.to_vec(), 2_000), page(Vec::new(), 1)]
        })
        .await;
    asker.all(about_configs).await;
    asker
        .all(|_| {
            let named = by_topic(
                |index| index,
                |name, partitions| describe_log_dirs::DescribableLogDirTopic {
                    topic: name.to_owned(),
                    partitions,
                    ..describe_log_dirs::DescribableLogDirTopic::default()
                },
            );
            let about = |topics| DescribeLogDirsRequest {
                topics,
                ..DescribeLogDirsRequest::default()
            };
            vec![about(None), about(Some(named))]
        })
        .await;
    asker
        .all(|_| {
            vec![DescribeProducersRequest {
                topics: by_topic(
                    |index| index,
                    |name, partition_indexes| describe_producers::TopicRequest {
                        name: name.to_owned(),
                        partition_indexes,
                        ..describe_producers::TopicRequest::default()
                    },
                ),
                ..DescribeProducersRequest::default()
            }]
        })
        .await;
    asker
        .all(|_| vec![ListConfigResourcesRequest::default()])
        .await;
    asker
        .all(|_| {
            let named = by_topic(
                |index| index,
                |name, partition_indexes| {
                    list_partition_reassignments::ListPartitionReassignmentsTopics {
                        name: name.to_owned(),
                        partition_indexes,
                        ..list_partition_reassignments::ListPartitionReassignmentsTopics::default()
                    }
                },
            );
            let about = |topics| ListPartitionReassignmentsRequest {
                topics,
                ..ListPartitionReassignmentsRequest::default()
            };
            vec![about(None), about(Some(named))]
        })
        .await;
}

fn about_topics(version: i16, id: Uuid) -> Vec<MetadataRequest> {
    let named = |name: Option<&str>, topic_id| metadata::MetadataRequestTopic {
        name: name.map(str::to_owned),
        topic_id,
        ..metadata::MetadataRequestTopic::default()
    };
    let mut asked = vec![
        None,
        Some(vec![
            named(Some(TOPIC), Uuid::ZERO),
            named(Some("unknown"), Uuid::ZERO),
        ]),
        Some(vec![named(Some("not/a/name"), Uuid::ZERO)]),
    ];
    if version >= 10 {
        asked.push(Some(vec![named(None, id), named(None, Uuid([9; 16]))]));
    }
    let request = |topics| MetadataRequest {
        topics,
        allow_auto_topic_creation: version < 4,
        include_cluster_authorized_operations: (8..=10).contains(&version),
        include_topic_authorized_operations: version >= 8,
        ..MetadataRequest::default()
    };
    let all = asked.into_iter().map(|topics| match (version, topics) {
        // Version 0 has no null.
        (0, None) => Some(Vec::new()),
        (_, topics) => topics,
    });
    all.map(request).collect()
}

fn about_configs(version: i16) -> Vec<DescribeConfigsRequest> {
    let about = |(resource_type, name): (i8, &str)| describe_configs::DescribeConfigsResource {
        resource_type,
        resource_name: name.to_owned(),
        configuration_keys: None,
        ..describe_configs::DescribeConfigsResource::default()
    };
    let resources = [
        (2, TOPIC),
        (2, "unknown"),
        (4, "1"),
        (4, "2"),
        (4, ""),
        (8, "1"),
        (16, "x"),
        (32, "one-0"),
        (77, "x"),
    ];
    vec![DescribeConfigsRequest {
        resources: resources.map(about).to_vec(),
        include_synonyms: true,
        include_documentation: version >= 3,
        ..DescribeConfigsRequest::default()
    }]
}
