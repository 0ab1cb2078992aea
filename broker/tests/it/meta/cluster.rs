//! A cluster without network and disks: a controller, the image it changes, and brokers that say what
//! a test has them say. Every record is checked against the invariants as it is applied.

use broker::meta::apply::apply;
use broker::meta::command::{Command, Reply};
use broker::meta::controller::{Controller, ControllerSettings};
use broker::meta::features::SUPPORTED;
use broker::meta::image::{Delta, Image};
use broker::meta::record::{PartitionState, Record};
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::alter_partition::{
    AlterPartitionDone, AlterPartitionOne, AlterPartitionTopic, IsrMember,
};
use broker::wire::messages::broker_registration::{RegisteredFeature, RegisteredListener};
use broker::wire::messages::create_topics::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig, CreatableTopicResult,
};
use broker::wire::messages::{
    AlterPartitionRequest, AlterPartitionResponse, BrokerHeartbeatRequest, BrokerHeartbeatResponse,
    BrokerRegistrationRequest, BrokerRegistrationResponse, CreateTopicsRequest,
    CreateTopicsResponse,
};
use broker::wire::uuid::Uuid;

use super::invariants::check_step;

/// The id of every test cluster.
pub const CLUSTER_ID: &str = "c";

pub struct Cluster {
    pub settings: ControllerSettings,
    pub controller: Controller,
    pub image: Image,
    pub now_ms: i64,
    /// Every record agreed on.
    pub records: Vec<Record>,
}

pub fn settings() -> ControllerSettings {
    ControllerSettings {
        cluster_id: CLUSTER_ID.to_owned(),
        ..ControllerSettings::default()
    }
}

/// A broker's only directory.
pub fn dir(broker: i32) -> Uuid {
    Uuid((1000 + u128::try_from(broker).unwrap()).to_be_bytes())
}

pub fn incarnation(number: u128) -> Uuid {
    Uuid((1 << 100 | number).to_be_bytes())
}

/// What a broker of this program sends when it starts.
pub fn registration(broker: i32, run: u128) -> BrokerRegistrationRequest {
    BrokerRegistrationRequest {
        broker_id: broker,
        cluster_id: CLUSTER_ID.to_owned(),
        incarnation_id: incarnation(run),
        listeners: vec![RegisteredListener {
            name: "PLAINTEXT".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: 9092,
            ..Default::default()
        }],
        features: SUPPORTED
            .iter()
            .map(|feature| RegisteredFeature {
                name: feature.name.to_owned(),
                min_supported_version: feature.min,
                max_supported_version: feature.max,
                ..Default::default()
            })
            .collect(),
        log_dirs: vec![dir(broker)],
        ..Default::default()
    }
}

impl Cluster {
    /// Nobody registered yet.
    pub fn empty(settings: ControllerSettings) -> Self {
        let image = Image::empty();
        Self {
            controller: Controller::new(settings.clone(), &image, 7, 0),
            settings,
            image,
            now_ms: 0,
            records: Vec::new(),
        }
    }

    /// Brokers 1 to `count`, unfenced.
    pub fn of(count: i32) -> Self {
        Self::with(count, settings())
    }

    pub fn with(count: i32, settings: ControllerSettings) -> Self {
        let mut cluster = Self::empty(settings);
        for broker in 1..=count {
            cluster.start(broker, 1);
        }
        cluster
    }

    /// Registers and unfences a broker.
    pub fn start(&mut self, broker: i32, run: u128) {
        let answer = self.register(&registration(broker, run));
        assert_eq!(answer.error_code, ErrorCode::NONE);
        assert!(!self.beat(broker).is_fenced);
    }

    pub fn submit<R: TryFrom<Reply, Error = Reply>>(&mut self, command: impl Into<Command>) -> R {
        let outcome = self
            .controller
            .handle(&self.image, &command.into(), self.now_ms);
        self.agree(&outcome.records);
        R::try_from(outcome.reply).unwrap()
    }

    /// Lets time pass without a word from anybody.
    pub fn wait(&mut self, ms: i64) {
        self.now_ms += ms;
        let records = self.controller.tick(&self.image, self.now_ms);
        self.agree(&records);
    }

    /// Lets time pass while these brokers send heartbeats.
    pub fn wait_with(&mut self, ms: i64, brokers: &[i32]) {
        let end = self.now_ms + ms;
        while self.now_ms < end {
            let step = (end - self.now_ms).min(2_000);
            self.now_ms += step;
            for broker in brokers {
                self.beat(*broker);
            }
            self.wait(0);
        }
    }

    pub fn agree(&mut self, records: &[Record]) {
        for record in records {
            let before = self.image.clone();
            let offset = before.offset + 1;
            apply(&mut self.image, offset, record, &mut Delta::default());
            check_step(&before, &self.image, record);
            self.records.push(record.clone());
        }
    }

    /// Another node becomes the active controller.
    pub fn elect_controller(&mut self, seed: u64) {
        self.controller = Controller::new(self.settings.clone(), &self.image, seed, self.now_ms);
    }

    pub fn register(&mut self, request: &BrokerRegistrationRequest) -> BrokerRegistrationResponse {
        self.submit(request.clone())
    }

    /// What a healthy broker sends.
    pub fn heartbeat(&self, broker: i32) -> BrokerHeartbeatRequest {
        BrokerHeartbeatRequest {
            broker_id: broker,
            broker_epoch: self.epoch(broker),
            current_metadata_offset: self.image.offset,
            ..Default::default()
        }
    }

    pub fn beat(&mut self, broker: i32) -> BrokerHeartbeatResponse {
        self.submit(self.heartbeat(broker))
    }

    pub fn beat_to_stop(&mut self, broker: i32) -> BrokerHeartbeatResponse {
        let request = BrokerHeartbeatRequest {
            want_shut_down: true,
            ..self.heartbeat(broker)
        };
        self.submit(request)
    }

    pub fn epoch(&self, broker: i32) -> i64 {
        self.image
            .brokers
            .get(&broker)
            .map_or(-1, |known| known.epoch)
    }

    pub fn is_fenced(&self, broker: i32) -> bool {
        self.image.brokers[&broker].fenced
    }

    /// One partition per list of replicas.
    pub fn create(&mut self, name: &str, assignment: &[&[i32]]) -> CreatableTopicResult {
        self.create_with(name, assignment, &[])
    }

    pub fn create_with(
        &mut self,
        name: &str,
        assignment: &[&[i32]],
        configs: &[(&str, &str)],
    ) -> CreatableTopicResult {
        let assignments =
            (0..)
                .zip(assignment)
                .map(|(index, replicas)| CreatableReplicaAssignment {
                    partition_index: index,
                    broker_ids: replicas.to_vec(),
                    ..Default::default()
                });
        let configs = configs.iter().map(|(name, value)| CreatableTopicConfig {
            name: (*name).to_owned(),
            value: Some((*value).to_owned()),
            ..Default::default()
        });
        let topic = CreatableTopic {
            name: name.to_owned(),
            num_partitions: -1,
            replication_factor: -1,
            assignments: assignments.collect(),
            configs: configs.collect(),
            ..Default::default()
        };
        self.create_topic(topic)
    }

    pub fn create_topic(&mut self, topic: CreatableTopic) -> CreatableTopicResult {
        let request = CreateTopicsRequest {
            topics: vec![topic],
            ..Default::default()
        };
        let response: CreateTopicsResponse = self.submit(request);
        response.topics.into_iter().next().unwrap()
    }

    pub fn partition(&self, topic: &str, index: i32) -> PartitionState {
        PartitionState::clone(self.image.partition(topic, index).unwrap())
    }

    /// What the leader sends to have this ISR.
    pub fn alteration(&self, topic: &str, isr: &[i32]) -> AlterPartitionRequest {
        let state = self.partition(topic, 0);
        let members = isr.iter().map(|id| IsrMember {
            broker_id: *id,
            broker_epoch: self.epoch(*id),
            ..Default::default()
        });
        AlterPartitionRequest {
            broker_id: state.leader,
            broker_epoch: self.epoch(state.leader),
            topics: vec![AlterPartitionTopic {
                topic_id: self.image.topics[topic].id,
                partitions: vec![AlterPartitionOne {
                    partition_index: 0,
                    leader_epoch: state.leader_epoch,
                    new_isr_with_epochs: members.collect(),
                    partition_epoch: state.partition_epoch,
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    pub fn alter(&mut self, request: AlterPartitionRequest) -> AlterPartitionDone {
        let response: AlterPartitionResponse = self.submit(request);
        assert_eq!(response.error_code, ErrorCode::NONE);
        response.topics[0].partitions[0].clone()
    }

    /// The leader's ISR becomes this one.
    pub fn set_isr(&mut self, topic: &str, isr: &[i32]) {
        let done = self.alter(self.alteration(topic, isr));
        assert_eq!(done.error_code, ErrorCode::NONE);
        assert_eq!(self.partition(topic, 0).isr, isr);
    }
}
