//! What a paper cluster says to each request.

use broker::wire::api_key::ApiKey;
use broker::wire::error_code::ErrorCode;
use broker::wire::frame::response_frame;
use broker::wire::messages::*;
use broker::wire::primitives::Reader;
use bytes::Bytes;

use super::Shared;
use super::world::{COMMITTED, END, World};

/// The APIs of a paper cluster.
const SPOKEN: [ApiKey; 12] = [
    ApiKey::API_VERSIONS,
    ApiKey::METADATA,
    ApiKey::DESCRIBE_CLUSTER,
    ApiKey::DESCRIBE_QUORUM,
    ApiKey::LIST_PARTITION_REASSIGNMENTS,
    ApiKey::DESCRIBE_CONFIGS,
    ApiKey::DESCRIBE_LOG_DIRS,
    ApiKey::LIST_GROUPS,
    ApiKey::DESCRIBE_GROUPS,
    ApiKey::OFFSET_FETCH,
    ApiKey::LIST_OFFSETS,
    ApiKey::FIND_COORDINATOR,
];

impl Shared {
    /// A frame with request number 0.
    pub(super) fn encode(
        &self,
        node: i32,
        key: ApiKey,
        version: i16,
        body: &Bytes,
    ) -> Option<Vec<u8>> {
        let (min, max) = self.offered(key)?;
        if key == ApiKey::API_VERSIONS {
            let understood = (min..=max).contains(&version);
            let answer = self.api_versions(understood);
            return response_frame(&answer, if understood { version } else { 0 }, 0).ok();
        }
        if !(min..=max).contains(&version) {
            return None;
        }
        match key {
            ApiKey::METADATA => {
                let request = read::<MetadataRequest>(body, version)?;
                response_frame(&self.metadata(&request, version), version, 0)
            }
            ApiKey::DESCRIBE_CLUSTER => response_frame(&self.describe_cluster(version), version, 0),
            ApiKey::DESCRIBE_QUORUM => response_frame(&self.describe_quorum(), version, 0),
            ApiKey::LIST_PARTITION_REASSIGNMENTS => {
                response_frame(&ListPartitionReassignmentsResponse::default(), version, 0)
            }
            ApiKey::DESCRIBE_CONFIGS => {
                let request = read::<DescribeConfigsRequest>(body, version)?;
                response_frame(&self.describe_configs(node, &request), version, 0)
            }
            ApiKey::DESCRIBE_LOG_DIRS => response_frame(&self.log_dirs(node, version), version, 0),
            ApiKey::LIST_GROUPS => response_frame(&self.list_groups(node), version, 0),
            ApiKey::DESCRIBE_GROUPS => {
                let request = read::<DescribeGroupsRequest>(body, version)?;
                response_frame(&describe_groups(&request), version, 0)
            }
            ApiKey::OFFSET_FETCH => {
                let request = read::<OffsetFetchRequest>(body, version)?;
                response_frame(&self.offset_fetch(&request), version, 0)
            }
            ApiKey::LIST_OFFSETS => {
                let request = read::<ListOffsetsRequest>(body, version)?;
                response_frame(&list_offsets(&request), version, 0)
            }
            _ => return None,
        }
        .ok()
    }

    fn offered(&self, key: ApiKey) -> Option<(i16, i16)> {
        if let Some(range) = self.world.versions.get(&key) {
            return *range;
        }
        let api = APIS
            .iter()
            .find(|api| api.key == key && SPOKEN.contains(&key))?;
        Some((*api.versions.start(), *api.versions.end()))
    }

    fn api_versions(&self, understood: bool) -> ApiVersionsResponse {
        let all = SPOKEN
            .iter()
            .filter_map(|key| Some((*key, self.offered(*key)?)));
        let api_keys = all.map(
            |(api_key, (min_version, max_version))| api_versions::ApiVersion {
                api_key,
                min_version,
                max_version,
                ..Default::default()
            },
        );
        ApiVersionsResponse {
            error_code: if understood {
                ErrorCode::NONE
            } else {
                ErrorCode::UNSUPPORTED_VERSION
            },
            api_keys: api_keys.collect(),
            ..Default::default()
        }
    }

    fn metadata(&self, request: &MetadataRequest, version: i16) -> MetadataResponse {
        let named = request
            .topics
            .as_ref()
            .is_some_and(|topics| !topics.is_empty());
        if named && (version < 4 || request.allow_auto_topic_creation) {
            *self.creating.lock().unwrap() += 1;
        }
        let ports = self.ports.lock().unwrap();
        let brokers = ports
            .iter()
            .map(|(id, port)| metadata::MetadataResponseBroker {
                node_id: *id,
                host: self.world.host(*id),
                port: i32::from(*port),
                rack: Some("a".to_owned()),
                ..Default::default()
            });
        let topics = if request.topics.is_none() {
            self.world.topics
        } else {
            0
        };
        MetadataResponse {
            brokers: brokers.collect(),
            cluster_id: Some(self.world.cluster_id.to_owned()),
            controller_id: 1,
            topics: (0..topics).map(|topic| self.topic(topic)).collect(),
            ..Default::default()
        }
    }

    fn topic(&self, topic: usize) -> metadata::MetadataResponseTopic {
        let partition = |index: usize| {
            let replicas = self.world.replicas(topic, index);
            metadata::MetadataResponsePartition {
                partition_index: number(index),
                leader_id: replicas.first().copied().unwrap_or(-1),
                leader_epoch: 0,
                isr_nodes: replicas.clone(),
                replica_nodes: replicas,
                ..Default::default()
            }
        };
        metadata::MetadataResponseTopic {
            name: Some(World::topic(topic)),
            partitions: (0..self.world.partitions).map(partition).collect(),
            ..Default::default()
        }
    }

    fn refusal(&self, key: ApiKey, code: ErrorCode) -> ErrorCode {
        if self.denies(key) {
            code
        } else {
            ErrorCode::NONE
        }
    }

    fn describe_cluster(&self, version: i16) -> DescribeClusterResponse {
        let ports = self.ports.lock().unwrap();
        let brokers = ports
            .iter()
            .map(|(id, port)| describe_cluster::DescribeClusterBroker {
                broker_id: *id,
                host: self.world.host(*id),
                port: i32::from(*port),
                is_fenced: version < 2,
                ..Default::default()
            });
        DescribeClusterResponse {
            error_code: self.refusal(
                ApiKey::DESCRIBE_CLUSTER,
                ErrorCode::CLUSTER_AUTHORIZATION_FAILED,
            ),
            cluster_id: self.world.cluster_id.to_owned(),
            brokers: brokers.collect(),
            ..Default::default()
        }
    }

    fn describe_quorum(&self) -> DescribeQuorumResponse {
        let voter = |id: i32| describe_quorum::ReplicaState {
            replica_id: id,
            log_end_offset: 10,
            ..Default::default()
        };
        let partition = describe_quorum::ResponsePartitionData {
            leader_id: 1,
            leader_epoch: 1,
            high_watermark: 10,
            current_voters: (1..=self.world.brokers).map(voter).collect(),
            ..Default::default()
        };
        DescribeQuorumResponse {
            error_code: self.refusal(
                ApiKey::DESCRIBE_QUORUM,
                ErrorCode::CLUSTER_AUTHORIZATION_FAILED,
            ),
            topics: vec![describe_quorum::ResponseTopicData {
                topic_name: "__cluster_metadata".to_owned(),
                partitions: vec![partition],
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    fn describe_configs(
        &self,
        node: i32,
        request: &DescribeConfigsRequest,
    ) -> DescribeConfigsResponse {
        let code = self.refusal(
            ApiKey::DESCRIBE_CONFIGS,
            ErrorCode::TOPIC_AUTHORIZATION_FAILED,
        );
        let row = |name: &str, value: &str| describe_configs::DescribeConfigsResourceResult {
            name: name.to_owned(),
            value: Some(value.to_owned()),
            ..Default::default()
        };
        // Only a broker itself tells its own settings.
        let foreign = |resource: &describe_configs::DescribeConfigsResource| {
            resource.resource_type == 4 && resource.resource_name != node.to_string()
        };
        let result = |resource: &describe_configs::DescribeConfigsResource| {
            describe_configs::DescribeConfigsResult {
                error_code: if code.is_ok() && foreign(resource) {
                    ErrorCode::INVALID_REQUEST
                } else {
                    code
                },
                resource_type: resource.resource_type,
                resource_name: resource.resource_name.clone(),
                configs: vec![
                    row("min.insync.replicas", "2"),
                    row("cleanup.policy", "delete"),
                ],
                ..Default::default()
            }
        };
        DescribeConfigsResponse {
            results: request.resources.iter().map(result).collect(),
            ..Default::default()
        }
    }

    fn log_dirs(&self, node: i32, version: i16) -> DescribeLogDirsResponse {
        let world = &self.world;
        let partition = |index: usize| describe_log_dirs::DescribeLogDirsPartition {
            partition_index: number(index),
            partition_size: 1000,
            ..Default::default()
        };
        let topic = |topic: usize| describe_log_dirs::DescribeLogDirsTopic {
            name: World::topic(topic),
            partitions: (0..world.partitions)
                .filter(|index| world.replicas(topic, *index).contains(&node))
                .map(partition)
                .collect(),
            ..Default::default()
        };
        let denied = self.denies(ApiKey::DESCRIBE_LOG_DIRS);
        let dir = describe_log_dirs::DescribeLogDirsResult {
            log_dir: "/data".to_owned(),
            topics: (0..world.topics).map(topic).collect(),
            total_bytes: if version < 4 { -1 } else { 1_000_000 },
            usable_bytes: if version < 4 { -1 } else { 500_000 },
            ..Default::default()
        };
        DescribeLogDirsResponse {
            error_code: if denied && version >= 3 {
                ErrorCode::CLUSTER_AUTHORIZATION_FAILED
            } else {
                ErrorCode::NONE
            },
            results: if denied { Vec::new() } else { vec![dir] },
            ..Default::default()
        }
    }

    fn list_groups(&self, node: i32) -> ListGroupsResponse {
        let group = |group: usize| list_groups::ListedGroup {
            group_id: World::group(group),
            protocol_type: "consumer".to_owned(),
            group_state: "Empty".to_owned(),
            group_type: "classic".to_owned(),
            ..Default::default()
        };
        ListGroupsResponse {
            error_code: self.refusal(ApiKey::LIST_GROUPS, ErrorCode::CLUSTER_AUTHORIZATION_FAILED),
            groups: self.world.coordinated(node).map(group).collect(),
            ..Default::default()
        }
    }

    fn offset_fetch(&self, request: &OffsetFetchRequest) -> OffsetFetchResponse {
        let code = self.refusal(ApiKey::OFFSET_FETCH, ErrorCode::GROUP_AUTHORIZATION_FAILED);
        let groups = request
            .groups
            .iter()
            .map(|group| offset_fetch::OffsetFetchResponseGroup {
                group_id: group.group_id.clone(),
                topics: self.committed(&group.group_id),
                error_code: code,
                ..Default::default()
            });
        let single = self.committed(&request.group_id).into_iter();
        OffsetFetchResponse {
            groups: groups.collect(),
            topics: single.map(older).collect(),
            error_code: if request.groups.is_empty() {
                code
            } else {
                ErrorCode::NONE
            },
            ..Default::default()
        }
    }

    fn committed(&self, group: &str) -> Vec<offset_fetch::OffsetFetchResponseTopics> {
        let index = group
            .strip_prefix("group-")
            .and_then(|digits| digits.parse().ok());
        let Some(index) = index else {
            return Vec::new();
        };
        let partition = |index: usize| offset_fetch::OffsetFetchResponsePartitions {
            partition_index: number(index),
            committed_offset: COMMITTED,
            ..Default::default()
        };
        let reading = self.world.reading(index).into_iter();
        reading
            .map(|(topic, ranges)| offset_fetch::OffsetFetchResponseTopics {
                name: World::topic(topic),
                partitions: ranges.into_iter().flatten().map(partition).collect(),
                ..Default::default()
            })
            .collect()
    }
}

fn older(topic: offset_fetch::OffsetFetchResponseTopics) -> offset_fetch::OffsetFetchResponseTopic {
    let partition = |partition: offset_fetch::OffsetFetchResponsePartitions| {
        offset_fetch::OffsetFetchResponsePartition {
            partition_index: partition.partition_index,
            committed_offset: partition.committed_offset,
            metadata: partition.metadata,
            ..Default::default()
        }
    };
    offset_fetch::OffsetFetchResponseTopic {
        name: topic.name,
        partitions: topic.partitions.into_iter().map(partition).collect(),
        ..Default::default()
    }
}

fn describe_groups(request: &DescribeGroupsRequest) -> DescribeGroupsResponse {
    let group = |id: &String| describe_groups::DescribedGroup {
        group_id: id.clone(),
        group_state: "Empty".to_owned(),
        protocol_type: "consumer".to_owned(),
        ..Default::default()
    };
    DescribeGroupsResponse {
        groups: request.groups.iter().map(group).collect(),
        ..Default::default()
    }
}

fn list_offsets(request: &ListOffsetsRequest) -> ListOffsetsResponse {
    let partition = |partition: &list_offsets::ListOffsetsPartition| {
        list_offsets::ListOffsetsPartitionResponse {
            partition_index: partition.partition_index,
            offset: if partition.timestamp == -2 { 0 } else { END },
            ..Default::default()
        }
    };
    let topic = |topic: &list_offsets::ListOffsetsTopic| list_offsets::ListOffsetsTopicResponse {
        name: topic.name.clone(),
        partitions: topic.partitions.iter().map(partition).collect(),
        ..Default::default()
    };
    ListOffsetsResponse {
        topics: request.topics.iter().map(topic).collect(),
        ..Default::default()
    }
}

fn read<R: Request>(body: &Bytes, version: i16) -> Option<R> {
    decode_all(Reader::over(body), version).ok()
}

fn number(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}
