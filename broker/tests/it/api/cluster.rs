//! A cluster to ask about, and DescribeCluster.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker::NodeConfig;
use broker::api::describe_cluster;
use broker::meta::apply::apply;
use broker::meta::image::{Delta, Image};
use broker::meta::record::{Listener, PartitionState, Record, Registration, Resource};
use broker::wire::error_code::ErrorCode;
use broker::wire::uuid::Uuid;

/// Directories of every broker: one that works.
pub const DIRECTORY: Uuid = Uuid([7; 16]);

/// An image that grows record by record.
pub struct Cluster(pub Image);

impl Cluster {
    /// Brokers 1 to `count`, all live, reached over PLAINTEXT; odd ones over INSIDE too.
    pub fn of(count: i32) -> Self {
        let mut cluster = Self(Image::empty());
        for id in 1..=count {
            let names = if id % 2 == 1 {
                &["PLAINTEXT", "INSIDE"][..]
            } else {
                &["PLAINTEXT"]
            };
            let listeners = names.iter().map(|name| Listener {
                name: (*name).to_owned(),
                host: format!("{}-{id}", name.to_lowercase()),
                port: 9092,
                security_protocol: 0,
            });
            let registration = Registration {
                id,
                incarnation: Uuid::ZERO,
                rack: Some(format!("r{id}")),
                listeners: listeners.collect(),
                log_dirs: vec![DIRECTORY],
                features: Vec::new(),
            };
            cluster.add(&Record::RegisterBroker {
                registration,
                epoch: i64::from(id),
            });
            cluster.fence(id, false);
        }
        cluster
    }

    pub fn add(&mut self, record: &Record) {
        let offset = self.0.offset + 1;
        apply(&mut self.0, offset, record, &mut Delta::default());
    }

    pub fn fence(&mut self, id: i32, fenced: bool) {
        self.add(&Record::BrokerChange {
            id,
            fenced: Some(fenced),
            in_controlled_shutdown: None,
            log_dirs: None,
        });
    }

    /// A topic; its id is made of its name's first byte.
    pub fn topic(&mut self, name: &str, partitions: &[PartitionState]) -> Uuid {
        let id = Uuid([name.as_bytes()[0]; 16]);
        self.add(&Record::Topic {
            id,
            name: name.to_owned(),
        });
        for (index, state) in (0..).zip(partitions) {
            self.add(&Record::Partition {
                topic: id,
                index,
                state: state.clone(),
            });
        }
        id
    }

    pub fn set(&mut self, resource: Resource, key: &str, value: &str) {
        self.add(&Record::Config {
            resource,
            key: key.to_owned(),
            value: Some(value.to_owned()),
        });
    }
}

/// A partition: the first replica leads, all are in sync.
pub fn partition(replicas: &[i32]) -> PartitionState {
    PartitionState {
        replicas: replicas.to_vec(),
        directories: vec![DIRECTORY; replicas.len()],
        isr: replicas.to_vec(),
        adding: Vec::new(),
        removing: Vec::new(),
        elr: Vec::new(),
        last_known_elr: Vec::new(),
        leader: replicas[0],
        leader_epoch: 3,
        partition_epoch: 5,
        recovering: false,
    }
}

/// Node 1 with these settings besides those it needs.
pub fn node(more: &[(&str, &str)]) -> Arc<NodeConfig> {
    let needed = [
        ("node.id", "1"),
        ("process.roles", "broker,controller"),
        ("controller.listener.names", "CONTROLLER"),
        (
            "controller.quorum.voters",
            "1@localhost:9093,2@localhost:9094",
        ),
        (
            "listeners",
            "PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093",
        ),
        ("log.dirs", "unused"),
    ];
    let given: BTreeMap<String, String> = needed
        .iter()
        .chain(more)
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    Arc::new(NodeConfig::from_values(&given).unwrap())
}

#[test]
fn fenced_brokers_are_described_only_where_asked_for() {
    let mut cluster = Cluster::of(3);
    cluster.fence(2, true);
    let ids = |fenced| -> Vec<(i32, bool)> {
        let response = describe_cluster::brokers(&cluster.0, "PLAINTEXT", 1, fenced);
        let brokers = response.brokers.iter();
        brokers.map(|one| (one.broker_id, one.is_fenced)).collect()
    };
    assert_eq!(ids(false), [(1, false), (3, false)]);
    assert_eq!(ids(true), [(1, false), (2, true), (3, false)], "KIP-1073");
}

#[test]
fn a_listener_tells_of_its_own_kind_of_node_only() {
    assert_eq!(describe_cluster::refusal(1, 1), None);
    let code = |asked, here| describe_cluster::refusal(asked, here).unwrap().error_code;
    assert_eq!(code(2, 1), ErrorCode::MISMATCHED_ENDPOINT_TYPE, "rule 12");
    assert_eq!(code(1, 2), ErrorCode::MISMATCHED_ENDPOINT_TYPE);
    assert_eq!(code(3, 1), ErrorCode::UNSUPPORTED_ENDPOINT_TYPE);
}

#[test]
fn controllers_are_the_voters_and_the_controller_is_their_leader() {
    let response = describe_cluster::controllers(&node(&[]).quorum.voters, Some(2));
    assert_eq!(response.controller_id, 2);
    let ids: Vec<i32> = response.brokers.iter().map(|one| one.broker_id).collect();
    assert_eq!(ids, [1, 2]);
    assert_eq!(describe_cluster::controllers(&[], None).controller_id, -1);
}
