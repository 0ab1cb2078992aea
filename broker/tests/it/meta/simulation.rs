//! Whole lives of clusters, by seed: brokers come, go, hang, restart cleanly or not, lose disks and
//! know too little; leaders change ISRs; topics and settings come and go; controllers change. After
//! every record the invariants are checked, at the end the snapshot. `LOOKOUT_SEED=n` replays one life.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use broker::meta::controller::ControllerSettings;
use broker::meta::image::Image;
use broker::meta::record::{PartitionState, Record};
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::alter_partition_reassignments::{
    ReassignablePartition, ReassignableTopic,
};
use broker::wire::messages::create_partitions::CreatePartitionsTopic;
use broker::wire::messages::create_topics::CreatableTopic;
use broker::wire::messages::delete_topics::DeleteTopicState;
use broker::wire::messages::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse, AlterPartitionReassignmentsRequest,
    AlterPartitionReassignmentsResponse, AlterPartitionRequest, AlterPartitionResponse,
    AssignReplicasToDirsResponse, BrokerHeartbeatRequest, BrokerHeartbeatResponse,
    BrokerRegistrationRequest, CreatePartitionsRequest, CreatePartitionsResponse,
    DeleteTopicsRequest, DeleteTopicsResponse, ElectLeadersRequest, ElectLeadersResponse,
    IncrementalAlterConfigsResponse, UnregisterBrokerRequest, UnregisterBrokerResponse,
};
use broker::wire::uuid::Uuid;
use fastrand::Rng;

use super::cluster::{Cluster, dir, incarnation, registration, settings};
use super::configs::{SET, alteration};
use super::coverage::{WORTH_MEETING, completed_moves, meet};
use super::directories::placed;
use super::features::turn_eligible_leaders;

const LIVES: u64 = 300;
const STEPS: usize = 250;
const BROKERS: i32 = 5;

/// What a broker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Running {
    /// Sends heartbeats.
    Well,
    /// Runs, but reaches nobody.
    CutOff,
    /// Wants to stop.
    Stopping,
    Down,
}

/// One broker, and what it knows: its image may be old.
struct Node {
    running: Running,
    run: u128,
    epoch: i64,
    /// What it says when it starts: its epoch if it stopped in order.
    clean_epoch: i64,
    image: Image,
}

struct Life {
    cluster: Cluster,
    random: Rng,
    nodes: BTreeMap<i32, Node>,
    runs: u128,
}

impl Life {
    fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let settings = ControllerSettings {
            min_insync_replicas: random.usize(1..=2),
            unclean_leader_election_enable: random.u8(..4) == 0,
            leader_imbalance_check_interval_ms: 20_000,
            unclean_election_interval_ms: 15_000,
            ..settings()
        };
        let mut cluster = Cluster::empty(settings);
        let nodes = (1..=BROKERS).map(|id| {
            let node = Node {
                running: Running::Down,
                run: 0,
                epoch: -1,
                clean_epoch: -1,
                image: cluster.image.clone(),
            };
            (id, node)
        });
        let nodes = nodes.collect();
        cluster.start(BROKERS + 1, 1);
        if random.bool() {
            cluster.agree(&[Record::Feature {
                name: "eligible.leader.replicas.version".to_owned(),
                level: 0,
            }]);
        }
        Self {
            cluster,
            random,
            nodes,
            runs: 1,
        }
    }

    fn step(&mut self) {
        let broker = self.random.i32(1..=BROKERS);
        match self.random.u8(..100) {
            0..=24 => self.time_passes(),
            25..=49 => self.leader_reports(broker),
            50..=61 => self.start(broker),
            62..=63 => self.set_running(broker, Running::Down),
            64..=65 => self.set_running(broker, Running::Stopping),
            66..=67 => self.set_running(broker, Running::CutOff),
            68..=74 => self.set_running(broker, Running::Well),
            75..=79 => self.create_topic(),
            80..=81 => self.delete_topic(),
            82..=83 => self.grow_topic(),
            84..=88 => self.change_setting(),
            89..=90 => self.lose_disk(broker),
            91..=92 => self.take_producer_ids(broker),
            93..=94 => self.cluster.elect_controller(self.random.u64(..)),
            95..=96 => self.move_partition(),
            97 => turn_eligible_leaders(&mut self.cluster, self.random.bool()),
            98 => self.ask_for_elections(),
            _ => self.unregister(broker),
        }
    }

    /// Some time; brokers that can send heartbeats, some of them without having read everything.
    fn time_passes(&mut self) {
        self.cluster.wait(self.random.i64(0..=3_000));
        self.cluster.beat(BROKERS + 1);
        for broker in 1..=BROKERS {
            if self.random.u8(..4) > 0 {
                self.learn(broker);
            }
            self.beat(broker);
        }
        self.cluster.wait(0);
    }

    fn beat(&mut self, broker: i32) {
        let node = &self.nodes[&broker];
        let (want_shut_down, epoch) = match node.running {
            Running::Well => (false, node.epoch),
            Running::Stopping => (true, node.epoch),
            Running::CutOff | Running::Down => return,
        };
        let request = BrokerHeartbeatRequest {
            broker_id: broker,
            broker_epoch: epoch,
            current_metadata_offset: node.image.offset,
            want_shut_down,
            ..Default::default()
        };
        let answer: BrokerHeartbeatResponse = self.cluster.submit(request);
        if answer.error_code.is_ok() && self.random.bool() {
            self.place_replicas(broker);
        }
        if answer.should_shut_down {
            let image = &self.cluster.image;
            let mut partitions = image.topics.values().flat_map(|topic| &topic.partitions);
            assert!(
                partitions.all(|state| state.leader != broker),
                "{broker} stops as a leader"
            );
            let node = self.nodes.get_mut(&broker).unwrap();
            node.running = Running::Down;
            node.clean_epoch = node.epoch;
        }
    }

    /// The broker makes anew what it does not have on its disk, and says where it lies.
    fn place_replicas(&mut self, broker: i32) {
        let node = &self.nodes[&broker];
        let known = node.image.brokers.get(&broker);
        let disks = known.map_or(&[][..], |known| &known.registration.log_dirs);
        let [disk] = disks else { return };
        let is_elsewhere = |state: &PartitionState| {
            let mut replicas = state.replicas.iter().zip(&state.directories);
            replicas.any(|(id, directory)| *id == broker && directory != disk)
        };
        let mut requests = Vec::new();
        for topic in node.image.topics.values() {
            let request = |(index, _)| placed((broker, node.epoch), *disk, (topic.id, index));
            let indexed = (0..).zip(&topic.partitions);
            requests.extend(indexed.filter(|(_, one)| is_elsewhere(one)).map(request));
        }
        for request in requests {
            let _: AssignReplicasToDirsResponse = self.cluster.submit(request);
        }
    }

    fn start(&mut self, broker: i32) {
        if self.nodes[&broker].running != Running::Down {
            return;
        }
        self.runs += 1;
        let request = BrokerRegistrationRequest {
            rack: self.random.bool().then(|| format!("r{}", broker % 3)),
            previous_broker_epoch: self.nodes[&broker].clean_epoch,
            log_dirs: vec![self.disk(broker)],
            ..registration(broker, self.runs)
        };
        let answer = self.cluster.register(&request);
        let node = self.nodes.get_mut(&broker).unwrap();
        if answer.error_code.is_ok() {
            node.running = Running::Well;
            node.run = self.runs;
            node.epoch = answer.broker_epoch;
            node.clean_epoch = -1;
            assert_eq!(self.cluster.epoch(broker), answer.broker_epoch);
            // The answer was lost: the same run asks again.
            assert_eq!(self.cluster.register(&request), answer);
        } else {
            assert_eq!(answer.error_code, ErrorCode::DUPLICATE_BROKER_REGISTRATION);
        }
    }

    /// The broker's disk; now and then it is a new one.
    fn disk(&mut self, broker: i32) -> Uuid {
        match self.random.u8(..8) {
            0 => incarnation(self.runs + 1_000_000),
            _ => dir(broker),
        }
    }

    fn set_running(&mut self, broker: i32, running: Running) {
        let node = self.nodes.get_mut(&broker).unwrap();
        if node.running != Running::Down {
            node.running = running;
        }
    }

    fn learn(&mut self, broker: i32) {
        let node = self.nodes.get_mut(&broker).unwrap();
        if matches!(node.running, Running::Well | Running::Stopping) {
            node.image = self.cluster.image.clone();
        }
    }

    /// A leader, by what it knows, asks for some ISR.
    fn leader_reports(&mut self, broker: i32) {
        if self.random.bool() {
            self.learn(broker);
        }
        let node = &self.nodes[&broker];
        if node.running != Running::Well {
            return;
        }
        let seen = &node.image;
        let led: Vec<_> = seen
            .topics
            .values()
            .filter(|topic| topic.partitions[0].leader == broker)
            .collect();
        let Some(topic) = self.random.choice(&led) else {
            return;
        };
        let state = topic.partitions[0].clone();
        let mut isr = state.replicas.clone();
        isr.retain(|id| {
            let is_up = seen.can_lead(*id) || self.random.u8(..16) == 0;
            *id == broker || is_up && self.random.u8(..5) > 0
        });
        if state.recovering {
            isr = vec![broker];
        }
        let epoch_of = |id: i32| seen.brokers.get(&id).map_or(-1, |known| known.epoch);
        let name = topic.name.to_string();
        if self
            .cluster
            .image
            .topics
            .get(name.as_str())
            .is_none_or(|now| now.id != topic.id)
        {
            return;
        }
        let mut request: AlterPartitionRequest = self.cluster.alteration(&name, &isr);
        (request.broker_id, request.broker_epoch) = (broker, node.epoch);
        let one = &mut request.topics[0].partitions[0];
        (one.leader_epoch, one.partition_epoch) = (state.leader_epoch, state.partition_epoch);
        for member in &mut one.new_isr_with_epochs {
            member.broker_epoch = epoch_of(member.broker_id);
        }
        let _: AlterPartitionResponse = self.cluster.submit(request);
    }

    fn create_topic(&mut self) {
        let random = &mut self.random;
        let topic = CreatableTopic {
            name: format!("t{}", random.u8(..8)),
            num_partitions: random.i32(1..=4),
            replication_factor: random.i16(1..=4),
            ..Default::default()
        };
        self.cluster.create_topic(topic);
    }

    fn delete_topic(&mut self) {
        let request = DeleteTopicsRequest {
            topics: vec![DeleteTopicState {
                name: Some(format!("t{}", self.random.u8(..8))),
                ..Default::default()
            }],
            ..Default::default()
        };
        let _: DeleteTopicsResponse = self.cluster.submit(request);
    }

    fn grow_topic(&mut self) {
        let request = CreatePartitionsRequest {
            topics: vec![CreatePartitionsTopic {
                name: format!("t{}", self.random.u8(..8)),
                count: self.random.i32(1..=6),
                ..Default::default()
            }],
            ..Default::default()
        };
        let _: CreatePartitionsResponse = self.cluster.submit(request);
    }

    fn change_setting(&mut self) {
        let least = self.random.u8(1..=3).to_string();
        let unclean = self.random.bool().to_string();
        let change = if self.random.bool() {
            ("min.insync.replicas", SET, Some(least.as_str()))
        } else {
            (
                "unclean.leader.election.enable",
                SET,
                Some(unclean.as_str()),
            )
        };
        let (kind, name) = if self.random.bool() {
            (2, format!("t{}", self.random.u8(..8)))
        } else {
            (4, String::new())
        };
        let request = alteration(kind, &name, &[change]);
        let _: IncrementalAlterConfigsResponse = self.cluster.submit(request);
    }

    fn lose_disk(&mut self, broker: i32) {
        let node = &self.nodes[&broker];
        if node.running != Running::Well {
            return;
        }
        let known = self.cluster.image.brokers.get(&broker);
        let disks = known.map_or(Vec::new(), |known| known.registration.log_dirs.clone());
        let request = BrokerHeartbeatRequest {
            broker_id: broker,
            broker_epoch: node.epoch,
            current_metadata_offset: node.image.offset,
            want_fence: self.random.bool(),
            offline_log_dirs: disks,
            ..Default::default()
        };
        let _: BrokerHeartbeatResponse = self.cluster.submit(request);
    }

    /// A partition is to move, or a move is cancelled.
    fn move_partition(&mut self) {
        let random = &mut self.random;
        let mut target: Vec<i32> = (1..=BROKERS).collect();
        random.shuffle(&mut target);
        target.truncate(random.usize(1..=3));
        let replicas = (random.u8(..4) > 0).then_some(target);
        let request = AlterPartitionReassignmentsRequest {
            topics: vec![ReassignableTopic {
                name: format!("t{}", random.u8(..8)),
                partitions: vec![ReassignablePartition {
                    partition_index: 0,
                    replicas,
                    ..Default::default()
                }],
                ..Default::default()
            }],
            ..Default::default()
        };
        let _: AlterPartitionReassignmentsResponse = self.cluster.submit(request);
    }

    fn ask_for_elections(&mut self) {
        let request = ElectLeadersRequest {
            election_type: self.random.i8(0..=1),
            topic_partitions: None,
            ..Default::default()
        };
        let _: ElectLeadersResponse = self.cluster.submit(request);
    }

    /// An operator forgets a broker; one that still runs must register anew.
    fn unregister(&mut self, broker: i32) {
        if self.nodes[&broker].running != Running::Down {
            return;
        }
        let request = UnregisterBrokerRequest {
            broker_id: broker,
            ..Default::default()
        };
        let _: UnregisterBrokerResponse = self.cluster.submit(request);
    }

    fn take_producer_ids(&mut self, broker: i32) {
        let request = AllocateProducerIdsRequest {
            broker_id: broker,
            broker_epoch: self.nodes[&broker].epoch,
            ..Default::default()
        };
        let before = self.cluster.image.next_producer_id;
        let answer: AllocateProducerIdsResponse = self.cluster.submit(request);
        if answer.error_code.is_ok() {
            assert_eq!(answer.producer_id_start, before);
        }
    }

    /// Everybody well: every partition gets a leader again.
    fn recover(&mut self) {
        for broker in 1..=BROKERS {
            self.set_running(broker, Running::Down);
        }
        self.cluster.wait(10_000);
        self.cluster.start(BROKERS + 1, 1 << 90);
        for broker in 1..=BROKERS {
            self.start(broker);
        }
        for _ in 0..20 {
            for broker in 1..=BROKERS {
                self.learn(broker);
                self.beat(broker);
                self.place_replicas(broker);
            }
            self.cluster.beat(BROKERS + 1);
            self.cluster.wait(1_000);
        }
        for topic in self.cluster.image.topics.values() {
            for state in &topic.partitions {
                assert!(state.leader >= 0, "{}: {state:?}", topic.name);
            }
        }
    }

    fn check_snapshot(&self) {
        let image = &self.cluster.image;
        assert_eq!(&Image::from_records(image.offset, &image.records()), image);
        let replayed = Image::from_records(image.offset, &self.cluster.records);
        assert_eq!(&replayed, image);
    }
}

fn live(seed: u64) -> Vec<Record> {
    let mut life = Life::new(seed);
    for _ in 0..STEPS {
        life.step();
    }
    life.check_snapshot();
    life.recover();
    life.check_snapshot();
    life.cluster.records
}

#[test]
fn the_invariants_hold_through_every_life() {
    if let Ok(told) = std::env::var("LOOKOUT_SEED") {
        live(told.parse().unwrap());
        return;
    }
    let mut met = BTreeMap::new();
    for seed in 0..LIVES {
        match catch_unwind(AssertUnwindSafe(|| live(seed))) {
            Ok(records) => {
                for record in &records {
                    meet(record, &mut met);
                }
                *met.entry("completed moves").or_default() += completed_moves(&records);
            }
            Err(panic) => {
                println!("this life ends badly; replay it with LOOKOUT_SEED={seed}");
                resume_unwind(panic);
            }
        }
    }
    println!("{met:?}");
    for what in WORTH_MEETING {
        assert!(
            met.get(what).is_some_and(|times| *times > 20),
            "{what}: {met:?}"
        );
    }
}

#[test]
fn a_seed_lives_the_same_life_again() {
    assert_eq!(live(5), live(5));
}
