//! What any broker can tell about the whole cluster: registered brokers, quorum, moves, topic settings.

use std::collections::BTreeMap;
use std::time::Duration;

use broker::wire::error_code::ErrorCode;
use broker::wire::messages::Request;
use broker::wire::messages::describe_cluster::{DescribeClusterRequest, DescribeClusterResponse};
use broker::wire::messages::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResult,
};
use broker::wire::messages::describe_quorum::{
    DescribeQuorumRequest, DescribeQuorumResponse, ReplicaState, RequestPartitionData,
    RequestTopicData,
};
use broker::wire::messages::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
};

use super::client::{Answer, Client, Lane};
use super::error::{CallError, printable, refusal};
use super::topology::{endpoint, ids, intern, known};
use crate::clock::now;
use crate::model::{
    BrokerId, Failure, Moment, Move, Quorum, QuorumReplica, Registration, Source, TopicConfig,
    TopicName, TopicPartition, Topics,
};

/// How long such a question may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// Topics per `DescribeConfigs` request: about 60 kB of answer with five settings each.
const CONFIG_SLICE: usize = 500;
/// `resource_type` of a topic.
const TOPIC_RESOURCE: i8 = 2;
/// `DescribeCluster` tells fenced brokers from this version on (KIP-1073).
const TELLS_FENCED: i16 = 2;

/// What was learned, from whom, and whether a broker throttled.
#[derive(Debug)]
pub struct Told<T> {
    pub value: T,
    pub from: Source,
    pub throttled: bool,
    /// What of it could not be learned.
    pub flaw: Option<Failure>,
}

fn told<T, R>(value: T, answer: &Answer<R>, throttle_ms: i32) -> Told<T> {
    Told {
        value,
        from: answer.from,
        throttled: throttle_ms > 0,
        flaw: None,
    }
}

fn check<R: Request, T>(
    answer: &Answer<T>,
    code: ErrorCode,
    detail: Option<&String>,
) -> Result<(), CallError> {
    if code.is_ok() {
        return Ok(());
    }
    Err(CallError::Refused {
        peer: answer.connection.peer().clone(),
        api: R::KEY,
        code,
        // Kafka's texts repeat the code in other words; they are worth showing where ours say nothing.
        detail: match (code.say(), detail) {
            (None, Some(words)) => printable(words),
            (_, _) => "".into(),
        },
    })
}

/// Every registered broker, fenced ones included.
pub async fn registrations(
    client: &Client,
) -> Result<Told<BTreeMap<BrokerId, Registration>>, CallError> {
    let make = |_| DescribeClusterRequest {
        include_fenced_brokers: true,
        ..DescribeClusterRequest::default()
    };
    let answer = client.any(Lane::Own, TELLS_FENCED, DEADLINE, make).await?;
    let response: &DescribeClusterResponse = &answer.value;
    let detail = response.error_message.as_ref();
    check::<DescribeClusterRequest, _>(&answer, response.error_code, detail)?;
    let brokers = response.brokers.iter().map(|broker| {
        let registration = Registration {
            endpoint: endpoint(&broker.host, broker.port),
            rack: broker.rack.as_deref().map(Into::into),
            fenced: Some(broker.is_fenced),
        };
        (BrokerId(broker.broker_id), registration)
    });
    Ok(told(brokers.collect(), &answer, response.throttle_time_ms))
}

/// The metadata quorum.
pub async fn quorum(client: &Client) -> Result<Told<Quorum>, CallError> {
    let make = |_| DescribeQuorumRequest {
        topics: vec![RequestTopicData {
            topic_name: "__cluster_metadata".to_owned(),
            partitions: vec![RequestPartitionData::default()],
            ..RequestTopicData::default()
        }],
        ..DescribeQuorumRequest::default()
    };
    let answer = client.any(Lane::Relayed, 0, DEADLINE, make).await?;
    let response: &DescribeQuorumResponse = &answer.value;
    let detail = response.error_message.as_ref();
    check::<DescribeQuorumRequest, _>(&answer, response.error_code, detail)?;
    let partition = response
        .topics
        .first()
        .and_then(|topic| topic.partitions.first());
    let Some(partition) = partition else {
        return Err(answer
            .connection
            .refused::<DescribeQuorumRequest>(ErrorCode::UNKNOWN_SERVER_ERROR));
    };
    let detail = partition.error_message.as_ref();
    check::<DescribeQuorumRequest, _>(&answer, partition.error_code, detail)?;
    let quorum = Quorum {
        leader: known(partition.leader_id),
        epoch: partition.leader_epoch,
        high_watermark: partition.high_watermark,
        voters: partition.current_voters.iter().map(replica).collect(),
        observers: partition.observers.iter().map(replica).collect(),
    };
    Ok(told(quorum, &answer, 0))
}

fn replica(state: &ReplicaState) -> QuorumReplica {
    let moment = |ms: i64| (ms >= 0).then_some(Moment::from_unix_ms(ms));
    QuorumReplica {
        id: BrokerId(state.replica_id),
        log_end_offset: (state.log_end_offset >= 0).then_some(state.log_end_offset),
        last_fetch: moment(state.last_fetch_timestamp),
        last_caught_up: moment(state.last_caught_up_timestamp),
    }
}

/// Partitions on the move.
pub async fn moves(
    client: &Client,
    topics: &Topics,
) -> Result<Told<BTreeMap<TopicPartition, Move>>, CallError> {
    let make = |_| ListPartitionReassignmentsRequest {
        timeout_ms: i32::try_from(DEADLINE.as_millis()).unwrap_or(i32::MAX),
        ..ListPartitionReassignmentsRequest::default()
    };
    let answer = client.any(Lane::Relayed, 0, DEADLINE, make).await?;
    let response: &ListPartitionReassignmentsResponse = &answer.value;
    let detail = response.error_message.as_ref();
    check::<ListPartitionReassignmentsRequest, _>(&answer, response.error_code, detail)?;
    let mut moves = BTreeMap::new();
    for topic in &response.topics {
        let name = intern(topics, &topic.name);
        for partition in &topic.partitions {
            let place = TopicPartition {
                topic: name.clone(),
                partition: partition.partition_index,
            };
            let running = Move {
                adding: ids(&partition.adding_replicas),
                removing: ids(&partition.removing_replicas),
            };
            moves.insert(place, running);
        }
    }
    Ok(told(moves, &answer, response.throttle_time_ms))
}

/// The settings that rules and columns need, of all topics, in slices.
pub async fn configs(
    client: &Client,
    topics: &Topics,
) -> Result<Told<BTreeMap<TopicName, TopicConfig>>, CallError> {
    let names: Vec<TopicName> = topics.keys().cloned().collect();
    let mut all = Told {
        value: BTreeMap::new(),
        from: Source::default(),
        throttled: false,
        flaw: None,
    };
    for slice in names.chunks(CONFIG_SLICE) {
        let resources: Vec<DescribeConfigsResource> =
            slice.iter().map(|name| resource(name)).collect();
        let make = move |_| DescribeConfigsRequest {
            resources: resources.clone(),
            ..DescribeConfigsRequest::default()
        };
        let answer = client.any(Lane::Own, 1, DEADLINE, make).await?;
        all.from = answer.from;
        all.throttled |= answer.value.throttle_time_ms > 0;
        for result in &answer.value.results {
            if result.error_code.is_ok() {
                all.value
                    .insert(intern(topics, &result.resource_name), config(result));
            } else if result.error_code != ErrorCode::UNKNOWN_TOPIC_OR_PARTITION {
                // A topic deleted since the list was read has no settings, and that is no flaw.
                let subject = format!("settings of topic {}", result.resource_name);
                all.flaw = Some(refusal(&subject, result.error_code, now()));
            }
        }
    }
    Ok(all)
}

const KEYS: [&str; 3] = ["min.insync.replicas", "cleanup.policy", "retention.ms"];

fn resource(name: &str) -> DescribeConfigsResource {
    DescribeConfigsResource {
        resource_type: TOPIC_RESOURCE,
        resource_name: name.to_owned(),
        configuration_keys: Some(KEYS.map(str::to_owned).to_vec()),
        ..DescribeConfigsResource::default()
    }
}

fn config(result: &DescribeConfigsResult) -> TopicConfig {
    let value = |key: &str| {
        let found = result.configs.iter().find(|config| config.name == key);
        found.and_then(|config| config.value.as_deref())
    };
    let [min_isr, policy, retention_ms] = KEYS.map(value);
    TopicConfig {
        min_insync_replicas: min_isr.and_then(|text| text.parse().ok()),
        compacted: policy.map(|text| text.split(',').any(|word| word.trim() == "compact")),
        retention_ms: retention_ms.and_then(|text| text.parse().ok()),
    }
}

#[cfg(test)]
mod tests {
    use broker::wire::messages::describe_configs::DescribeConfigsResourceResult;

    use super::*;

    #[test]
    fn settings_are_read_by_name_and_nonsense_is_unknown() {
        let row = |name: &str, value: &str| DescribeConfigsResourceResult {
            name: name.to_owned(),
            value: Some(value.to_owned()),
            ..DescribeConfigsResourceResult::default()
        };
        let read = config(&DescribeConfigsResult {
            configs: vec![
                row("cleanup.policy", "compact,delete"),
                row("min.insync.replicas", "2"),
                row("retention.ms", "many"),
            ],
            ..DescribeConfigsResult::default()
        });
        let wanted = TopicConfig {
            min_insync_replicas: Some(2),
            compacted: Some(true),
            retention_ms: None,
        };
        assert_eq!(read, wanted);
    }
}
