//! Metadata of all topics, turned into the model. Never names a topic in its request, so it can create none.

use std::sync::Arc;
use std::time::Duration;

use broker::wire::error_code::ErrorCode;
use broker::wire::messages::metadata::{
    MetadataRequest, MetadataResponse, MetadataResponsePartition, MetadataResponseTopic,
};

use super::client::{Answer, Client, Lane};
use super::connection::Connection;
use super::error::CallError;
use crate::model::{
    BrokerId, Endpoint, Identity, Kind, Partition, Source, Topic, TopicName, Topics, Topology,
};

/// How long Metadata may take (operations.md §1.3).
pub const METADATA_DEADLINE: Duration = Duration::from_secs(5);
/// Below version 1 an answer has no racks, no controller, and "all topics" is spelled differently.
const NEEDED: i16 = 1;

/// A Metadata answer with what its connection adds.
#[derive(Debug)]
pub struct Sighting {
    pub topology: Arc<Topology>,
    pub identity: Arc<Identity>,
    pub from: Source,
    pub throttled: bool,
}

/// The request for all topics.
pub fn all_topics(version: i16) -> MetadataRequest {
    MetadataRequest {
        topics: None,
        // Only version 4 and later can say no (operations.md §0, rule 1); asking for all names none anyway.
        allow_auto_topic_creation: version < 4,
        ..MetadataRequest::default()
    }
}

/// The request for brokers only.
pub fn no_topics(version: i16) -> MetadataRequest {
    MetadataRequest {
        topics: Some(Vec::new()),
        ..all_topics(version)
    }
}

/// Asks any known broker, then the bootstrap addresses anew. The error holds a reason per address tried. A broker of
/// another cluster than `ours` is not believed; a bootstrap address is: it is what the operator named.
pub async fn sight(
    client: &Client,
    previous: Option<&Arc<Topology>>,
    ours: Option<&Arc<Identity>>,
) -> Result<Sighting, Vec<CallError>> {
    let asked = client
        .any(Lane::Own, NEEDED, METADATA_DEADLINE, all_topics)
        .await;
    let answer = match asked {
        Ok(answer) => answer,
        Err(
            CallError::Nobody
            | CallError::Dial(_)
            | CallError::Broken { .. }
            | CallError::Silent { .. },
        ) => client.bootstrap(ask).await?,
        Err(error) => return Err(vec![error]),
    };
    if let (Source::Broker(id), Some(ours)) = (answer.from, ours) {
        let theirs = answer.value.cluster_id.as_deref().unwrap_or_default();
        if ours.excludes(theirs) {
            client.suspect(id, true);
            return Err(vec![CallError::Elsewhere {
                peer: answer.connection.peer().clone(),
                theirs: theirs.into(),
            }]);
        }
    }
    if !answer.value.error_code.is_ok() {
        let code = answer.value.error_code;
        return Err(vec![answer.connection.refused::<MetadataRequest>(code)]);
    }
    Ok(read(&answer, previous))
}

/// Asks a bootstrap address. A broker that is starting may answer without knowing any broker yet.
async fn ask(connection: Arc<Connection>) -> Result<Answer<MetadataResponse>, CallError> {
    let version = connection.version::<MetadataRequest>(NEEDED)?;
    let value = connection
        .call(&all_topics(version), METADATA_DEADLINE)
        .await?;
    if !value.error_code.is_ok() {
        return Err(connection.refused::<MetadataRequest>(value.error_code));
    }
    if value.brokers.is_empty() {
        return Err(connection.refused::<MetadataRequest>(ErrorCode::BROKER_NOT_AVAILABLE));
    }
    Ok(Answer {
        value,
        from: Source::Bootstrap,
        connection,
    })
}

fn read(answer: &Answer<MetadataResponse>, previous: Option<&Arc<Topology>>) -> Sighting {
    let response = &answer.value;
    let cluster_id: Arc<str> = response.cluster_id.as_deref().unwrap_or_default().into();
    let versions = answer.connection.versions();
    let kind = versions.kind(&cluster_id);
    let identity = Identity {
        kind,
        metadata_version: versions.metadata_version,
        cluster_id,
    };
    Sighting {
        topology: topology(response, kind, previous),
        identity: Arc::new(identity),
        from: answer.from,
        throttled: response.throttle_time_ms > 0,
    }
}

/// The answer as the model, sharing whatever is as it was.
pub fn topology(
    response: &MetadataResponse,
    kind: Kind,
    previous: Option<&Arc<Topology>>,
) -> Arc<Topology> {
    let brokers = response.brokers.iter().map(|broker| {
        let endpoint = endpoint(&broker.host, broker.port);
        (
            BrokerId(broker.node_id),
            (endpoint, broker.rack.as_deref().map(Arc::from)),
        )
    });
    let fresh = Topology {
        brokers: brokers.collect(),
        // In KRaft it is another broker in every answer (operations.md §1.7).
        controller: known(response.controller_id).filter(|_| kind != Kind::KRaft),
        topics: topics(&response.topics, previous.map(|topology| &topology.topics)),
    };
    match previous {
        Some(old)
            if Arc::ptr_eq(&old.topics, &fresh.topics)
                && old.brokers == fresh.brokers
                && old.controller == fresh.controller =>
        {
            old.clone()
        }
        _ => Arc::new(fresh),
    }
}

/// An advertised address; a port outside 0..65536 becomes 0, which nothing listens on.
pub fn endpoint(host: &str, port: i32) -> Endpoint {
    Endpoint {
        host: host.into(),
        port: u16::try_from(port).unwrap_or(0),
    }
}

/// An id, where the protocol's -1 means none.
pub fn known(id: i32) -> Option<BrokerId> {
    (id >= 0).then_some(BrokerId(id))
}

fn topics(answered: &[MetadataResponseTopic], previous: Option<&Arc<Topics>>) -> Arc<Topics> {
    let mut unchanged = 0;
    let mut fresh = Topics::new();
    for answer in answered {
        let Some(name) = answer.name.as_deref() else {
            continue;
        };
        let old = previous.and_then(|topics| topics.get(name));
        match old {
            Some(old) if same(old, answer) => {
                unchanged += 1;
                fresh.insert(old.name.clone(), old.clone());
            }
            Some(_) | None => {
                let topic = topic(
                    old.map_or_else(|| name.into(), |old| old.name.clone()),
                    answer,
                );
                fresh.insert(topic.name.clone(), Arc::new(topic));
            }
        }
    }
    match previous {
        Some(old) if unchanged == old.len() && unchanged == fresh.len() => old.clone(),
        _ => Arc::new(fresh),
    }
}

/// Whether the answer says what is known already; compared in place, because it nearly always does.
fn same(old: &Topic, answer: &MetadataResponseTopic) -> bool {
    old.error == answer.error_code.0
        && old.internal == answer.is_internal
        && old.id == topic_id(answer)
        && old.partitions.len() == answer.partitions.len()
        // Brokers list partitions in any order; out of order means building the topic anew, no more.
        && old.partitions.iter().zip(&answer.partitions).all(|(old, answer)| {
            old.index == answer.partition_index
                && old.leader == known(answer.leader_id)
                && old.leader_epoch == epoch(answer)
                && old.error == answer.error_code.0
                && same_ids(&old.replicas, &answer.replica_nodes)
                && same_ids(&old.isr, &answer.isr_nodes)
                && same_ids(&old.offline, &answer.offline_replicas)
        })
}

fn same_ids(old: &[BrokerId], answer: &[i32]) -> bool {
    old.len() == answer.len() && old.iter().zip(answer).all(|(old, id)| old.0 == *id)
}

fn topic_id(answer: &MetadataResponseTopic) -> Option<[u8; 16]> {
    (!answer.topic_id.is_zero()).then_some(answer.topic_id.0)
}

fn epoch(answer: &MetadataResponsePartition) -> Option<i32> {
    (answer.leader_epoch >= 0).then_some(answer.leader_epoch)
}

fn topic(name: Arc<str>, answer: &MetadataResponseTopic) -> Topic {
    let mut partitions: Vec<Partition> = answer.partitions.iter().map(partition).collect();
    partitions.sort_by_key(|partition| partition.index);
    partitions.shrink_to_fit();
    Topic {
        name,
        id: topic_id(answer),
        internal: answer.is_internal,
        error: answer.error_code.0,
        partitions,
    }
}

fn partition(answer: &MetadataResponsePartition) -> Partition {
    Partition {
        index: answer.partition_index,
        leader: known(answer.leader_id),
        leader_epoch: epoch(answer),
        replicas: ids(&answer.replica_nodes),
        isr: ids(&answer.isr_nodes),
        offline: ids(&answer.offline_replicas),
        error: answer.error_code.0,
    }
}

/// A topic's name in the memory it already has.
pub fn intern(topics: &Topics, name: &str) -> TopicName {
    topics
        .get_key_value(name)
        .map_or_else(|| name.into(), |(name, _)| name.clone())
}

/// A list of ids.
pub fn ids(nodes: &[i32]) -> Box<[BrokerId]> {
    nodes.iter().copied().map(BrokerId).collect()
}

#[cfg(test)]
mod tests {
    use broker::wire::messages::metadata::MetadataResponseBroker;

    use super::*;

    fn answer(names: &[(&str, i32)]) -> MetadataResponse {
        let topic = |(name, leader): &(&str, i32)| MetadataResponseTopic {
            name: Some((*name).to_owned()),
            partitions: vec![MetadataResponsePartition {
                leader_id: *leader,
                replica_nodes: vec![1, 2],
                isr_nodes: vec![1],
                ..MetadataResponsePartition::default()
            }],
            ..MetadataResponseTopic::default()
        };
        MetadataResponse {
            brokers: vec![MetadataResponseBroker {
                node_id: 1,
                host: "a".to_owned(),
                port: 9092,
                rack: None,
                ..MetadataResponseBroker::default()
            }],
            controller_id: 1,
            topics: names.iter().map(topic).collect(),
            ..MetadataResponse::default()
        }
    }

    #[test]
    fn an_unchanged_cluster_is_the_same_memory() {
        let first = topology(&answer(&[("a", 1), ("b", 2)]), Kind::KRaft, None);
        let second = topology(&answer(&[("a", 1), ("b", 2)]), Kind::KRaft, Some(&first));
        assert!(Arc::ptr_eq(&first, &second));
    }

    #[test]
    fn only_the_topic_that_changed_is_new() {
        let first = topology(&answer(&[("a", 1), ("b", 2)]), Kind::KRaft, None);
        let second = topology(&answer(&[("a", 1), ("b", -1)]), Kind::KRaft, Some(&first));
        assert!(Arc::ptr_eq(&first.topics["a"], &second.topics["a"]));
        assert_eq!(second.topics["b"].partitions[0].leader, None);
        assert_eq!(first.topics["b"].partitions[0].leader, Some(BrokerId(2)));
    }

    #[test]
    fn a_deleted_topic_is_gone() {
        let first = topology(&answer(&[("a", 1), ("b", 2)]), Kind::KRaft, None);
        let second = topology(&answer(&[("a", 1)]), Kind::KRaft, Some(&first));
        assert_eq!(second.topics.len(), 1);
    }

    #[test]
    fn the_controller_is_told_only_where_it_means_something() {
        let zookeeper = topology(&answer(&[]), Kind::ZooKeeper, None);
        assert_eq!(zookeeper.controller, Some(BrokerId(1)));
        assert_eq!(topology(&answer(&[]), Kind::KRaft, None).controller, None);
    }

    #[test]
    fn creation_is_refused_in_every_version_that_can_say_so() {
        assert!((4..=13).all(|version| !all_topics(version).allow_auto_topic_creation));
        assert!((1..=13).all(|version| all_topics(version).topics.is_none()));
    }
}
