//! Reassignments as a tool asks for them, and what brokers say of their progress. Asks whichever node answers.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use broker::wire::frame::{read_response, request_frame};
use broker::wire::messages::alter_partition_reassignments::{
    ReassignablePartition, ReassignableTopic,
};
use broker::wire::messages::describe_quorum::{RequestPartitionData, RequestTopicData};
use broker::wire::messages::incremental_alter_configs::{AlterConfigsResource, AlterableConfig};
use broker::wire::messages::metadata::{MetadataRequestTopic, MetadataResponsePartition};
use broker::wire::messages::{
    AlterPartitionReassignmentsRequest, DescribeLogDirsRequest, DescribeQuorumRequest,
    IncrementalAlterConfigsRequest, ListPartitionReassignmentsRequest, MetadataRequest, Request,
};
use bytes::Bytes;

const ANSWERS: Duration = Duration::from_secs(30);
/// A cluster of which a node was just killed answers within this.
const HEALS: Duration = Duration::from_mins(1);
const LARGEST: usize = 64 << 20;

/// Replicas by partition.
pub type Replicas = BTreeMap<i32, Vec<i32>>;

/// The moves of one topic.
pub struct Moves {
    addresses: Vec<String>,
    topic: String,
}

fn ask_one<R: Request>(address: &str, request: &R, version: i16) -> Option<R::Response> {
    let frame = request_frame(request, version, 1, Some("bench")).expect("a request");
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(ANSWERS)).ok()?;
    stream.write_all(&frame).ok()?;
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let length = usize::try_from(i32::from_be_bytes(length)).ok()?;
    assert!(length <= LARGEST, "an answer of {length} bytes");
    let mut content = vec![0; length];
    stream.read_exact(&mut content).ok()?;
    let (_, said) = read_response(&Bytes::from(content), version).expect("an answer");
    Some(said)
}

impl Moves {
    pub fn new(bootstrap: &str, topic: &str) -> Self {
        Self {
            addresses: bootstrap.split(',').map(str::to_owned).collect(),
            topic: topic.to_owned(),
        }
    }

    /// The first answer that is of use.
    fn ask_any<R: Request, T>(
        &self,
        (request, version): (&R, i16),
        read: impl Fn(R::Response) -> Option<T>,
    ) -> T {
        let began = Instant::now();
        loop {
            let mut said = self.addresses.iter().filter_map(|address| {
                let answer = ask_one(address, request, version);
                answer.and_then(&read)
            });
            if let Some(said) = said.next() {
                return said;
            }
            assert!(began.elapsed() < HEALS, "no node answers {}", R::NAME);
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn partitions(&self) -> Vec<MetadataResponsePartition> {
        let request = MetadataRequest {
            topics: Some(vec![MetadataRequestTopic {
                name: Some(self.topic.clone()),
                ..MetadataRequestTopic::default()
            }]),
            allow_auto_topic_creation: false,
            ..MetadataRequest::default()
        };
        self.ask_any((&request, 9), |said| {
            let topic = said.topics.into_iter().next()?;
            topic.error_code.is_ok().then_some(topic.partitions)
        })
    }

    /// Replicas of each partition.
    pub fn replicas(&self) -> BTreeMap<i32, Vec<i32>> {
        let partitions = self.partitions().into_iter();
        partitions
            .map(|partition| (partition.partition_index, partition.replica_nodes))
            .collect()
    }

    /// Leaders of all partitions.
    pub fn leaders(&self) -> Vec<i32> {
        let partitions = self.partitions().into_iter();
        partitions.map(|partition| partition.leader_id).collect()
    }

    /// Gives partitions other replicas, or takes back a move; gives how many were accepted.
    pub fn ask(&self, wanted: &BTreeMap<i32, Option<Vec<i32>>>) -> usize {
        let partitions = wanted.iter();
        let request = AlterPartitionReassignmentsRequest {
            topics: vec![ReassignableTopic {
                name: self.topic.clone(),
                partitions: partitions
                    .map(|(partition, replicas)| ReassignablePartition {
                        partition_index: *partition,
                        replicas: replicas.clone(),
                        ..ReassignablePartition::default()
                    })
                    .collect(),
                ..ReassignableTopic::default()
            }],
            ..AlterPartitionReassignmentsRequest::default()
        };
        self.ask_any((&request, 1), |said| {
            let done = said.responses.iter().flat_map(|topic| &topic.partitions);
            let done = done
                .filter(|partition| partition.error_code.is_ok())
                .count();
            said.error_code.is_ok().then_some(done)
        })
    }

    /// The partitions that move.
    pub fn under_way(&self) -> Vec<i32> {
        let request = ListPartitionReassignmentsRequest::default();
        self.ask_any((&request, 0), |said| {
            let moving = said.topics.into_iter().flat_map(|topic| topic.partitions);
            let indexes = moving.map(|partition| partition.partition_index);
            said.error_code.is_ok().then(|| indexes.collect())
        })
    }

    /// Bytes on each node of the topic's replicas that `counts` picks by node and partition.
    pub fn sizes(&self, counts: &dyn Fn(i32, i32) -> bool) -> BTreeMap<i32, i64> {
        let request = DescribeLogDirsRequest {
            topics: None,
            ..DescribeLogDirsRequest::default()
        };
        let mut sizes = BTreeMap::new();
        for (node, address) in (1..).zip(&self.addresses) {
            let Some(said) = ask_one(address, &request, 4) else {
                continue;
            };
            let topics = said.results.iter().flat_map(|dir| &dir.topics);
            let own = topics.filter(|topic| topic.name == self.topic);
            let partitions = own.flat_map(|topic| &topic.partitions);
            let counted = partitions.filter(|one| counts(node, one.partition_index));
            sizes.insert(node, counted.map(|one| one.partition_size).sum());
        }
        sizes
    }

    /// Sets or removes a throttle as `kafka-reassign-partitions --throttle` does: of all nodes, for those who
    /// have the partitions and those who get them.
    pub fn throttle(&self, throttle: Option<(u32, &Replicas, &Replicas)>) {
        let config = |key: &str, value: Option<String>| AlterableConfig {
            name: key.to_owned(),
            config_operation: i8::from(value.is_none()),
            value,
            ..AlterableConfig::default()
        };
        let pairs = |of: &dyn Fn(i32) -> Vec<i32>, all: &Replicas| {
            let pairs = all.keys().flat_map(|partition| {
                let nodes = of(*partition).into_iter();
                nodes.map(move |node| format!("{partition}:{node}"))
            });
            pairs.collect::<Vec<_>>().join(",")
        };
        let had = throttle.map(|(_, before, _)| pairs(&|at| before[&at].clone(), before));
        let new = throttle.map(|(_, before, wanted)| {
            let is_new = |at: i32, node: &i32| !before[&at].contains(node);
            let of = |at: i32| {
                let nodes = wanted[&at].iter().copied();
                nodes.filter(|node| is_new(at, node)).collect()
            };
            pairs(&of, wanted)
        });
        let rate = throttle.map(|(rate, _, _)| rate.to_string());
        let resource = |resource_type, name: &str, configs| AlterConfigsResource {
            resource_type,
            resource_name: name.to_owned(),
            configs,
            ..AlterConfigsResource::default()
        };
        let rates = vec![
            config("leader.replication.throttled.rate", rate.clone()),
            config("follower.replication.throttled.rate", rate),
        ];
        let lists = vec![
            config("leader.replication.throttled.replicas", had),
            config("follower.replication.throttled.replicas", new),
        ];
        let request = IncrementalAlterConfigsRequest {
            resources: vec![resource(4, "", rates), resource(2, &self.topic, lists)],
            ..IncrementalAlterConfigsRequest::default()
        };
        self.ask_any((&request, 1), |said| {
            let mut results = said.responses.iter();
            results.all(|one| one.error_code.is_ok()).then_some(())
        });
    }

    /// The active controller.
    pub fn controller(&self) -> u32 {
        let request = DescribeQuorumRequest {
            topics: vec![RequestTopicData {
                topic_name: "__cluster_metadata".to_owned(),
                partitions: vec![RequestPartitionData::default()],
                ..RequestTopicData::default()
            }],
            ..DescribeQuorumRequest::default()
        };
        self.ask_any((&request, 1), |said| {
            let topic = said.topics.first()?;
            u32::try_from(topic.partitions.first()?.leader_id).ok()
        })
    }
}
