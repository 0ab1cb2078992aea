//! Where partitions start and end: `ListOffsets`, one request per leader, sliced.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::client::{Client, Lane};
use super::error::{CallError, refusal};
use super::gather::Asked;
use super::topology::intern;
use crate::clock::now;
use crate::model::observed::FailureKind;
use crate::model::{BrokerId, Failure, Moment, TopicName, Topology};
use broker::wire::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopic,
};

/// How long a leader may take for a slice.
const DEADLINE: Duration = Duration::from_secs(5);
/// Partitions per request: about 200 kB of request and 300 kB of answer.
pub const PARTITION_SLICE: usize = 10_000;
/// Asked for by timestamp from this version on.
const NEEDED: i16 = 1;
/// An ordinary client, neither a follower nor a debugger.
const CONSUMER: i32 = -1;

/// Which end of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    Start,
    /// The high watermark.
    End,
}

impl Point {
    fn timestamp(self) -> i64 {
        match self {
            Self::Start => -2,
            Self::End => -1,
        }
    }
}

/// Partitions by topic.
pub type Wanted = BTreeMap<TopicName, BTreeSet<i32>>;

/// Offsets by topic and partition; what has no leader or got no answer is absent.
#[derive(Debug, Default)]
pub struct Points {
    offsets: HashMap<TopicName, HashMap<i32, i64>>,
    pub throttled: bool,
    /// The last reason why something is absent.
    pub flaw: Option<Failure>,
}

impl Points {
    /// One partition's offset.
    pub fn get(&self, topic: &str, partition: i32) -> Option<i64> {
        self.offsets.get(topic)?.get(&partition).copied()
    }

    fn take(&mut self, response: &ListOffsetsResponse, topology: &Topology) {
        self.throttled |= response.throttle_time_ms > 0;
        for topic in &response.topics {
            let name = intern(&topology.topics, &topic.name);
            let offsets = self.offsets.entry(name).or_default();
            let (good, bad): (Vec<_>, Vec<_>) = topic
                .partitions
                .iter()
                .partition(|partition| partition.error_code.is_ok());
            offsets.extend(
                good.iter()
                    .map(|found| (found.partition_index, found.offset)),
            );
            if let Some(partition) = bad.last() {
                let subject = format!("offsets of {}-{}", topic.name, partition.partition_index);
                self.flaw = Some(refusal(&subject, partition.error_code, now()));
            }
        }
    }
}

/// Asks the leader of every wanted partition. Leaders that did not answer their last probe are not waited for.
pub async fn read(
    client: &Client,
    topology: &Arc<Topology>,
    wanted: &Wanted,
    point: Point,
) -> Points {
    let mut points = Points::default();
    let mut asked = Asked::none();
    for (leader, partitions) in by_leader(topology, wanted) {
        if client.is_suspect(leader) {
            points.flaw = Some(CallError::Nobody.failure(now()));
            continue;
        }
        for request in requests(&partitions, point) {
            let client = client.clone();
            asked.spawn(leader, async move { ask(&client, leader, &request).await });
        }
    }
    let requests = asked.len();
    let answers = asked.gather(|id| client.is_suspect(id)).await;
    if answers.len() < requests {
        points.flaw = Some(late(now()));
    }
    for answer in answers {
        match answer {
            Ok(response) => points.take(&response, topology),
            Err(error) => points.flaw = Some(error.failure(now())),
        }
    }
    points
}

fn late(at: Moment) -> Failure {
    Failure {
        at,
        text: "a partition leader does not answer, neither ListOffsets nor its probe".into(),
        kind: FailureKind::NoAnswer,
    }
}

async fn ask(
    client: &Client,
    leader: BrokerId,
    request: &ListOffsetsRequest,
) -> Result<ListOffsetsResponse, CallError> {
    let connection = client.connection(leader, Lane::Own).await?;
    connection.version::<ListOffsetsRequest>(NEEDED)?;
    connection.call(request, DEADLINE).await
}

fn by_leader(topology: &Topology, wanted: &Wanted) -> BTreeMap<BrokerId, Vec<(TopicName, i32)>> {
    let mut leaders: BTreeMap<BrokerId, Vec<(TopicName, i32)>> = BTreeMap::new();
    for (name, indexes) in wanted {
        let Some(topic) = topology.topics.get(name) else {
            continue;
        };
        for partition in &topic.partitions {
            let Some(leader) = partition.leader else {
                continue;
            };
            if indexes.contains(&partition.index) {
                leaders
                    .entry(leader)
                    .or_default()
                    .push((name.clone(), partition.index));
            }
        }
    }
    leaders
}

fn requests(partitions: &[(TopicName, i32)], point: Point) -> Vec<ListOffsetsRequest> {
    let request = |slice: &[(TopicName, i32)]| ListOffsetsRequest {
        replica_id: CONSUMER,
        topics: slice
            .chunk_by(|(one, _), (other, _)| one == other)
            .filter_map(|run| Some((run.first()?.0.as_ref().to_owned(), run)))
            .map(|(name, run)| ListOffsetsTopic {
                name,
                partitions: run
                    .iter()
                    .map(|(_, index)| partition(*index, point))
                    .collect(),
                ..ListOffsetsTopic::default()
            })
            .collect(),
        timeout_ms: i32::try_from(DEADLINE.as_millis()).unwrap_or(i32::MAX),
        ..ListOffsetsRequest::default()
    };
    partitions.chunks(PARTITION_SLICE).map(request).collect()
}

fn partition(index: i32, point: Point) -> ListOffsetsPartition {
    ListOffsetsPartition {
        partition_index: index,
        timestamp: point.timestamp(),
        ..ListOffsetsPartition::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_asked_for_in_slices_grouped_by_topic() {
        let many = i32::try_from(PARTITION_SLICE).expect("small") + 1;
        let mut partitions: Vec<(TopicName, i32)> = (0..many).map(|i| ("a".into(), i)).collect();
        partitions.push(("b".into(), 0));
        let requests = requests(&partitions, Point::End);
        let shape: Vec<Vec<(&str, usize)>> = requests
            .iter()
            .map(|request| {
                let topics = request.topics.iter();
                topics
                    .map(|topic| (topic.name.as_str(), topic.partitions.len()))
                    .collect()
            })
            .collect();
        assert_eq!(
            shape,
            [vec![("a", PARTITION_SLICE)], vec![("a", 1), ("b", 1)]]
        );
        assert!(
            requests
                .iter()
                .all(|request| request.topics[0].partitions[0].timestamp == -1)
        );
    }
}
