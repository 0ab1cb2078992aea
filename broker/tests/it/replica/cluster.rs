//! Brokers that are nothing but replicas: real logs, real fetches over loopback, and a controller of a
//! few lines.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use broker::api::access::Rights;
use broker::api::{Begun, Data, fetch, list_offsets, produce};
use broker::clock::Clock;
use broker::config::NodeConfig;
use broker::fault::Faults;
use broker::meta::image::{self, Delta, Image, Topic};
use broker::meta::record::{Listener, PartitionState, Registration};
use broker::metrics::Metrics;
use broker::peer::Dialer;
use broker::replica::{self, Altering, Assigning, Ground, Replicas};
use broker::wire::error_code::ErrorCode;
use broker::wire::frame;
use broker::wire::header::{HeaderForm, RequestHeader};
use broker::wire::messages::alter_partition::{AlterPartitionDone, AlterPartitionTopicDone};
use broker::wire::messages::assign_replicas_to_dirs::{
    AssignedDirectory, AssignedDirectoryDone, AssignedPartition, AssignedPartitionDone,
    AssignedTopic, AssignedTopicDone,
};
use broker::wire::messages::fetch::{FetchPartition, FetchTopic, PartitionData};
use broker::wire::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsTopic,
};
use broker::wire::messages::produce::{
    PartitionProduceData, PartitionProduceResponse, TopicProduceData,
};
use broker::wire::messages::{
    AlterPartitionRequest, AlterPartitionResponse, AssignReplicasToDirsRequest,
    AssignReplicasToDirsResponse, FetchRequest, ListOffsetsRequest, Message, ProduceRequest,
    decode_all,
};
use broker::wire::primitives::Reader;
use broker::wire::uuid::Uuid;
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub const TOPIC: &str = "t";
pub const TOPIC_ID: Uuid = Uuid([7; 16]);

/// One broker of the cluster.
pub struct Node {
    pub replicas: Arc<Replicas>,
    pub faults: Faults,
    pub metrics: Metrics,
    pub dirs: Vec<(PathBuf, Uuid)>,
    config: Arc<NodeConfig>,
    server: tokio::task::JoinHandle<()>,
}

/// The controller: one partition's state, changed as its leader asks.
#[derive(Default)]
pub struct Control {
    image: Mutex<Arc<Image>>,
    followers: Mutex<Vec<Arc<Replicas>>>,
}

/// The whole, with the directories it lives in.
pub struct Cluster {
    pub nodes: BTreeMap<i32, Node>,
    pub control: Arc<Control>,
    _root: tempfile::TempDir,
}

pub fn state(replicas: &[i32], leader: i32) -> PartitionState {
    PartitionState {
        replicas: replicas.to_vec(),
        directories: vec![Uuid::ZERO; replicas.len()],
        isr: replicas.to_vec(),
        adding: Vec::new(),
        removing: Vec::new(),
        elr: Vec::new(),
        last_known_elr: Vec::new(),
        leader,
        leader_epoch: 0,
        partition_epoch: 0,
        recovering: false,
    }
}

impl Control {
    pub fn image(&self) -> Arc<Image> {
        self.image.lock().unwrap().clone()
    }

    /// Changes the image and tells every broker.
    pub fn change(&self, change: impl FnOnce(&mut Image), delta: &Delta) {
        let mut image = self.image.lock().unwrap();
        let mut next = (**image).clone();
        next.offset += 1;
        change(&mut next);
        *image = Arc::new(next);
        for replicas in self.followers.lock().unwrap().iter() {
            replicas.follow_metadata(&image, delta);
        }
    }

    /// Changes the partition and tells every broker.
    pub fn change_partition(&self, change: impl FnOnce(&mut PartitionState)) {
        let delta = Delta {
            partitions: vec![(TOPIC_ID, 0)],
            ..Delta::default()
        };
        self.change(
            |image| {
                let mut state = (**image.partition(TOPIC, 0).unwrap()).clone();
                change(&mut state);
                state.partition_epoch += 1;
                set_partition(image, state);
            },
            &delta,
        );
    }

    pub fn partition(&self) -> PartitionState {
        (**self.image().partition(TOPIC, 0).unwrap()).clone()
    }
}

fn set_partition(image: &mut Image, state: PartitionState) {
    set_topic(image, TOPIC, TOPIC_ID, state);
}

/// Puts a topic of one partition into an image.
pub fn set_topic(image: &mut Image, name: &str, id: Uuid, state: PartitionState) {
    let topic = Topic {
        id,
        name: name.into(),
        partitions: vec![Arc::new(state)],
    };
    Arc::make_mut(&mut image.topics).insert(name.into(), Arc::new(topic));
    Arc::make_mut(&mut image.topic_names).insert(id, name.into());
}

/// The controller as a leader sees it.
struct Door(Arc<Control>);

impl replica::Control for Door {
    fn alter(&self, request: AlterPartitionRequest) -> Altering {
        let control = Arc::clone(&self.0);
        Box::pin(async move {
            let asked = request.topics[0].partitions[0].clone();
            let known = control.partition();
            let fits = asked.leader_epoch == known.leader_epoch
                && asked.partition_epoch == known.partition_epoch;
            if fits {
                let isr = asked.new_isr_with_epochs.iter();
                let isr: Vec<i32> = isr.map(|member| member.broker_id).collect();
                control.change_partition(|state| state.isr = isr);
            }
            let now = control.partition();
            let done = AlterPartitionDone {
                error_code: if fits {
                    ErrorCode::NONE
                } else {
                    ErrorCode::INVALID_UPDATE_VERSION
                },
                leader_id: now.leader,
                leader_epoch: now.leader_epoch,
                isr: now.isr,
                partition_epoch: now.partition_epoch,
                ..AlterPartitionDone::default()
            };
            Ok(AlterPartitionResponse {
                topics: vec![AlterPartitionTopicDone {
                    topic_id: TOPIC_ID,
                    partitions: vec![done],
                    ..AlterPartitionTopicDone::default()
                }],
                ..AlterPartitionResponse::default()
            })
        })
    }

    fn assign(&self, request: AssignReplicasToDirsRequest) -> Assigning {
        let control = Arc::clone(&self.0);
        Box::pin(async move {
            let known = control.partition();
            let mut replicas = known.replicas.iter();
            let at = replicas.position(|id| *id == request.broker_id);
            let is_ours = |topic: &AssignedTopic| topic.topic_id == TOPIC_ID;
            let mut directories = request.directories.iter();
            let place = directories.find(|directory| directory.topics.iter().any(is_ours));
            if let (Some(at), Some(place)) = (at, place) {
                control.change_partition(|state| state.directories[at] = place.id);
            }
            let done = AssignReplicasToDirsResponse {
                directories: request.directories.iter().map(assigned).collect(),
                ..AssignReplicasToDirsResponse::default()
            };
            Ok(done)
        })
    }
}

/// The answer that takes everything in.
fn assigned(directory: &AssignedDirectory) -> AssignedDirectoryDone {
    let done = |one: &AssignedPartition| AssignedPartitionDone {
        partition_index: one.partition_index,
        ..AssignedPartitionDone::default()
    };
    let topics = directory.topics.iter().map(|topic| AssignedTopicDone {
        topic_id: topic.topic_id,
        partitions: topic.partitions.iter().map(done).collect(),
        ..AssignedTopicDone::default()
    });
    AssignedDirectoryDone {
        id: directory.id,
        topics: topics.collect(),
        ..AssignedDirectoryDone::default()
    }
}

impl Cluster {
    /// So many brokers, and one partition on all of them, led by broker 1.
    pub async fn start(count: i32, given: &[(&str, &str)]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let control = Arc::new(Control::default());
        let mut nodes = BTreeMap::new();
        let mut brokers = BTreeMap::new();
        for id in 1..=count {
            let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = socket.local_addr().unwrap().port();
            brokers.insert(id, Arc::new(registered(id, port)));
            let dirs: Vec<(PathBuf, Uuid)> = (0..2_u8)
                .map(|at| (root.path().join(format!("{id}-{at}")), Uuid([at + 1; 16])))
                .collect();
            for (path, _) in &dirs {
                std::fs::create_dir_all(path).unwrap();
            }
            let config = Arc::new(config(id, &dirs, given));
            nodes.insert(id, node(config, dirs, socket));
        }
        let ids: Vec<i32> = nodes.keys().copied().collect();
        let cluster = Self {
            nodes,
            control,
            _root: root,
        };
        let mut first = Image::empty();
        first.brokers = Arc::new(brokers);
        set_partition(&mut first, state(&ids, 1));
        *cluster.control.image.lock().unwrap() = Arc::new(first);
        for id in ids {
            cluster.join(id);
        }
        cluster
    }

    /// Lets a broker that has opened its logs take part.
    pub fn join(&self, id: i32) {
        let replicas = Arc::clone(&self.nodes[&id].replicas);
        replicas.start(Arc::new(Door(Arc::clone(&self.control))));
        replicas.follow_metadata(&self.control.image(), &Delta::default());
        self.control.followers.lock().unwrap().push(replicas);
    }

    /// Stops a broker cleanly and opens its logs again; it does not take part yet.
    pub async fn reopen(&mut self, id: i32) {
        let old = self.nodes.remove(&id).unwrap();
        old.replicas.shut_down();
        old.server.abort();
        self.control
            .followers
            .lock()
            .unwrap()
            .retain(|known| !Arc::ptr_eq(known, &old.replicas));
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = socket.local_addr().unwrap().port();
        let delta = Delta {
            brokers: vec![id],
            ..Delta::default()
        };
        self.control.change(
            |image| {
                let mut again = registered(id, port);
                again.epoch += 100;
                Arc::make_mut(&mut image.brokers).insert(id, Arc::new(again));
            },
            &delta,
        );
        let node = node(old.config, old.dirs, socket);
        self.nodes.insert(id, node);
    }

    pub fn node(&self, id: i32) -> &Node {
        &self.nodes[&id]
    }
}

fn config(id: i32, dirs: &[(PathBuf, Uuid)], given: &[(&str, &str)]) -> NodeConfig {
    let dirs: Vec<String> = dirs.iter().map(|dir| dir.0.display().to_string()).collect();
    let id = id.to_string();
    let dirs = dirs.join(",");
    let fixed = [
        ("process.roles", "broker"),
        ("node.id", id.as_str()),
        ("controller.quorum.voters", "9@127.0.0.1:9"),
        ("controller.listener.names", "CONTROLLER"),
        ("listeners", "PLAINTEXT://127.0.0.1:0"),
        ("advertised.listeners", "PLAINTEXT://127.0.0.1:9092"),
        ("log.dirs", dirs.as_str()),
        ("replica.lag.time.max.ms", "1000"),
        ("replica.fetch.wait.max.ms", "100"),
        ("replica.fetch.backoff.ms", "20"),
    ];
    let all = fixed.iter().chain(given);
    let all = all.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    NodeConfig::from_values(&all.collect()).unwrap()
}

fn registered(id: i32, port: u16) -> image::Broker {
    image::Broker {
        registration: Registration {
            id,
            incarnation: Uuid::ZERO,
            rack: None,
            listeners: vec![Listener {
                name: "PLAINTEXT".to_owned(),
                host: "127.0.0.1".to_owned(),
                port,
                security_protocol: 0,
            }],
            log_dirs: Vec::new(),
            features: Vec::new(),
        },
        epoch: i64::from(id) * 10,
        fenced: false,
        in_controlled_shutdown: false,
    }
}

fn node(config: Arc<NodeConfig>, dirs: Vec<(PathBuf, Uuid)>, socket: TcpListener) -> Node {
    let (faults, metrics) = (Faults::default(), Metrics::default());
    let replicas = Replicas::open(Ground {
        config: Arc::clone(&config),
        dirs: dirs
            .iter()
            .map(|(path, id)| (path.clone(), Some(*id)))
            .collect(),
        clock: Clock::System,
        metrics: metrics.clone(),
        faults: faults.clone(),
        dialer: Dialer {
            faults: faults.clone(),
            client_id: "replica".to_owned(),
            connect_timeout: Duration::from_secs(5),
            ways: Arc::default(),
        },
    });
    let answering = Arc::clone(&replicas);
    let server = tokio::spawn(async move {
        while let Ok((stream, _)) = socket.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&answering)));
        }
    });
    Node {
        replicas,
        faults,
        metrics,
        dirs,
        config,
        server,
    }
}

/// Answers fetches on one connection.
async fn serve(mut stream: TcpStream, replicas: Arc<Replicas>) {
    let mut buffer = BytesMut::new();
    loop {
        while let Some(content) = frame::next_frame(&mut buffer, 1 << 20).unwrap() {
            let mut reader = Reader::over(&content);
            let form = |_, version| HeaderForm::of_request(version, FetchRequest::FLEXIBLE_FROM);
            let header = RequestHeader::read(&mut reader, form).unwrap();
            let request = decode_all::<FetchRequest>(reader, header.version).unwrap();
            let data = data(&replicas, header.version);
            let answer = fetch::serve(&data, request).await;
            let bytes =
                frame::response_frame(&answer, header.version, header.correlation_id).unwrap();
            if stream.write_all(&bytes).await.is_err() {
                return;
            }
        }
        if !matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
            return;
        }
    }
}

fn data(replicas: &Arc<Replicas>, version: i16) -> Data {
    Data {
        rights: Rights::default(),
        replicas: Arc::clone(replicas),
        version,
        listener: "PLAINTEXT".into(),
    }
}

impl Node {
    pub fn data(&self, version: i16) -> Data {
        data(&self.replicas, version)
    }

    /// Produces to the partition; `None` where no answer is due.
    pub async fn produce(&self, acks: i16, records: Bytes) -> Option<PartitionProduceResponse> {
        let request = ProduceRequest {
            acks,
            timeout_ms: 20_000,
            topic_data: vec![TopicProduceData {
                name: TOPIC.to_owned(),
                partition_data: vec![PartitionProduceData {
                    index: 0,
                    records: Some(records),
                    ..PartitionProduceData::default()
                }],
                ..TopicProduceData::default()
            }],
            ..ProduceRequest::default()
        };
        let answer = match produce::serve(&self.data(10), request) {
            Begun::None | Begun::Close => return None,
            Begun::Now(answer) => answer,
            Begun::Later(answer) => answer.await,
        };
        Some(answer.responses[0].partition_responses[0].clone())
    }

    /// Fetches from the partition as a client.
    pub async fn fetch(&self, offset: i64, wait_ms: i32) -> PartitionData {
        let request = FetchRequest {
            max_wait_ms: wait_ms,
            min_bytes: 1,
            topics: vec![FetchTopic {
                topic: TOPIC.to_owned(),
                partitions: vec![FetchPartition {
                    fetch_offset: offset,
                    partition_max_bytes: 1 << 20,
                    ..FetchPartition::default()
                }],
                ..FetchTopic::default()
            }],
            ..FetchRequest::default()
        };
        let answer = fetch::serve(&self.data(12), request).await;
        answer.responses[0].partitions[0].clone()
    }

    /// Asks for an offset.
    pub fn offset(&self, replica_id: i32, timestamp: i64) -> ListOffsetsPartitionResponse {
        let request = ListOffsetsRequest {
            replica_id,
            topics: vec![ListOffsetsTopic {
                name: TOPIC.to_owned(),
                partitions: vec![ListOffsetsPartition {
                    timestamp,
                    ..ListOffsetsPartition::default()
                }],
                ..ListOffsetsTopic::default()
            }],
            ..ListOffsetsRequest::default()
        };
        let answer = list_offsets::serve(&self.data(8), request);
        answer.topics[0].partitions[0].clone()
    }

    /// This replica's own log end.
    pub fn end(&self) -> i64 {
        self.offset(-2, -1).offset
    }
}

/// Waits until something holds, for long if need be.
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    for _ in 0..3000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}
