//! Several nodes' quorums in one process, over loopback: each with its own listener, its own
//! directory and its own faults.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use broker::clock::Clock;
use broker::fault::{Faults, Plan};
use broker::meta::command::{Command, Reply};
use broker::meta::controller::ControllerSettings;
use broker::meta::quorum::{Quorum, QuorumError, QuorumOptions, QuorumStatus, SubmitError};
use broker::meta::record::Resource;
use broker::peer::{Address, Dialer};
use broker::wire::frame::{self, MAX_FRAME_BYTES};
use broker::wire::header::{HeaderForm, RequestHeader};
use broker::wire::messages::incremental_alter_configs::{AlterConfigsResource, AlterableConfig};
use broker::wire::messages::{
    ControllerCommandRequest, IncrementalAlterConfigsRequest, Message, QuorumStreamRequest,
    decode_all,
};
use broker::wire::primitives::Reader;
use broker::wire::uuid::Uuid;
use bytes::BytesMut;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout};

/// How long anything may take on a slow machine.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// The key that the tests set, over and over.
const KEY: &str = "log.retention.ms";

/// One running node.
pub struct Node {
    pub quorum: Quorum,
    server: JoinHandle<()>,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// All nodes, those that are down too.
pub struct House {
    pub nodes: BTreeMap<i32, Node>,
    pub voters: Vec<Address>,
    pub snapshot_every: u64,
    pub observer_timeout: Duration,
    pub clock: Clock,
    /// Whether the quorum itself says who votes; then it begins with node 1 alone.
    pub is_dynamic: bool,
    /// Nodes whose disks were replaced, so often.
    pub disks: BTreeMap<i32, u8>,
    faults: BTreeMap<i32, Faults>,
    root: TempDir,
}

impl House {
    /// Addresses for voters 1 to `count`; nobody runs yet.
    pub async fn new(count: i32) -> Self {
        let mut voters = Vec::new();
        let mut held = Vec::new();
        for node in 1..=count {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            voters.push(Address {
                node,
                host: "127.0.0.1".to_owned(),
                port: listener.local_addr().unwrap().port(),
            });
            held.push(listener);
        }
        Self {
            nodes: BTreeMap::new(),
            voters,
            snapshot_every: 5000,
            observer_timeout: Duration::from_mins(5),
            clock: Clock::System,
            is_dynamic: false,
            disks: BTreeMap::new(),
            faults: BTreeMap::new(),
            root: tempfile::tempdir().unwrap(),
        }
    }

    /// Voters 1 to `count`, all started.
    pub async fn started(count: i32) -> Self {
        let mut house = Self::new(count).await;
        for node in 1..=count {
            house.start(node).await;
        }
        house
    }

    pub fn directory(&self, node: i32) -> std::path::PathBuf {
        self.root.path().join(format!("node-{node}"))
    }

    /// The identity of a node's directory; another one once its disk was replaced.
    pub fn metadata_directory(&self, node: i32) -> Uuid {
        let disk = self.disks.get(&node).copied().unwrap_or(1);
        Uuid([u8::try_from(node).unwrap() * 16 + disk; 16])
    }

    /// This node's settings.
    pub fn options(&mut self, node: i32) -> QuorumOptions {
        let faults = self.faults.entry(node).or_default().clone();
        let dialer = Dialer {
            faults,
            client_id: format!("node-{node}"),
            connect_timeout: Duration::from_secs(5),
            ways: Arc::default(),
        };
        let settings = ControllerSettings {
            cluster_id: "house".to_owned(),
            ..ControllerSettings::default()
        };
        let own = self.voters.iter().find(|voter| voter.node == node);
        let told = QuorumOptions {
            listener: own.map(|own| (own.host.clone(), own.port)),
            directory: self.metadata_directory(node),
            listener_name: "CONTROLLER".to_owned(),
            ..QuorumOptions::new(node, self.directory(node), dialer, settings)
        };
        let voters = self.voters.iter();
        let told = if self.is_dynamic {
            let places = voters.clone().map(|voter| Address {
                node: -1,
                ..voter.clone()
            });
            let first = voters
                .take(1)
                .map(|voter| (voter.clone(), self.metadata_directory(1)));
            QuorumOptions {
                bootstrap: places.collect(),
                beginners: first.collect(),
                ..told
            }
        } else {
            QuorumOptions {
                voters: self.voters.clone(),
                ..told
            }
        };
        QuorumOptions {
            cluster_id: "house".to_owned(),
            snapshot_every: self.snapshot_every,
            observer_timeout: self.observer_timeout,
            clock: self.clock.clone(),
            submit_timeout: Duration::from_secs(10),
            ..told
        }
    }

    pub async fn start(&mut self, node: i32) {
        self.try_start(node).await.unwrap();
    }

    pub async fn try_start(&mut self, node: i32) -> Result<(), QuorumError> {
        let quorum = Quorum::open(self.options(node)).await?;
        let address = self.voters.iter().find(|voter| voter.node == node);
        let port = address.map_or(0, |address| address.port);
        let listener = until("the port is free", || async {
            TcpListener::bind(("127.0.0.1", port)).await.ok()
        })
        .await;
        let server = tokio::spawn(serve(listener, quorum.clone()));
        self.nodes.insert(node, Node { quorum, server });
        Ok(())
    }

    /// Ends a node without a word.
    pub async fn kill(&mut self, node: i32) {
        let gone = self.nodes.remove(&node).unwrap();
        let quorum = gone.quorum.clone();
        drop(gone);
        // Its files must be closed before another run opens them; that is all a shutdown does.
        quorum.shut_down().await;
    }

    pub fn quorum(&self, node: i32) -> &Quorum {
        &self.nodes.get(&node).unwrap().quorum
    }

    /// Nothing that `from` opens reaches any of `to`.
    pub fn cut(&self, from: i32, to: &[i32]) {
        let plan = Plan {
            cut_controllers: to.iter().copied().collect(),
            ..Plan::default()
        };
        self.faults.get(&from).unwrap().set(plan);
    }

    pub fn heal(&self) {
        for faults in self.faults.values() {
            faults.set(Plan::default());
        }
    }

    /// Waits until these nodes name the same leader among them.
    pub async fn leader_of(&self, nodes: &[i32]) -> i32 {
        until("a leader", || async {
            let leader = self.quorum(*nodes.first()?).leader()?;
            let agree = nodes
                .iter()
                .all(|node| self.quorum(*node).leader() == Some(leader));
            (agree && nodes.contains(&leader)).then_some(leader)
        })
        .await
    }

    /// Sets the value through a node; the answer may be that there is no controller.
    pub async fn try_set(&self, through: i32, value: i64) -> Result<(), SubmitError> {
        let reply = self.quorum(through).submit(set_command(value)).await?;
        let Reply::IncrementalAlterConfigs(response) = reply else {
            panic!("{reply:?}");
        };
        assert!(
            response.responses.iter().all(|one| one.error_code.is_ok()),
            "{response:?}"
        );
        Ok(())
    }

    /// Sets the value through a node, again and again until it is confirmed.
    pub async fn set(&self, through: i32, value: i64) {
        until("the value is set", || async {
            self.try_set(through, value).await.ok()
        })
        .await;
    }

    /// Waits until a node has the value.
    pub async fn has(&self, node: i32, value: i64) {
        until(&format!("node {node} has {value}"), || async {
            (self.value(node) == Some(value)).then_some(())
        })
        .await;
    }

    pub fn value(&self, node: i32) -> Option<i64> {
        let image = self.quorum(node).images().borrow().clone();
        let values = image.config(&Resource::Broker(None))?.clone();
        values.get(KEY)?.parse().ok()
    }

    pub fn offset(&self, node: i32) -> i64 {
        self.quorum(node).images().borrow().offset
    }

    pub fn epoch(&self, node: i32) -> i32 {
        self.quorum(node).status().epoch
    }

    /// What the leader says, asked through a node, once `holds` is true of it.
    pub async fn described(
        &self,
        through: i32,
        what: &str,
        holds: impl Fn(&QuorumStatus) -> bool,
    ) -> QuorumStatus {
        until(what, || async {
            let status = self.quorum(through).describe().await.ok()?;
            holds(&status).then_some(status)
        })
        .await
    }
}

pub fn set_command(value: i64) -> Command {
    let config = AlterableConfig {
        name: KEY.to_owned(),
        config_operation: 0,
        value: Some(value.to_string()),
        ..AlterableConfig::default()
    };
    let resource = AlterConfigsResource {
        resource_type: 4,
        resource_name: String::new(),
        configs: vec![config],
        ..AlterConfigsResource::default()
    };
    IncrementalAlterConfigsRequest {
        resources: vec![resource],
        ..IncrementalAlterConfigsRequest::default()
    }
    .into()
}

/// Looks until there is an answer.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Ok(Some(found)) = timeout(PATIENCE, look()).await {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "waited {PATIENCE:?} until {what}"
        );
        sleep(Duration::from_millis(10)).await;
    }
}

/// The controller listener of a node, as the network room has it.
async fn serve(listener: TcpListener, quorum: Quorum) {
    let mut connections = JoinSet::new();
    while let Ok((tcp, _)) = listener.accept().await {
        connections.spawn(converse(tcp, quorum.clone()));
    }
}

async fn converse(mut tcp: TcpStream, quorum: Quorum) -> Option<()> {
    let mut buffer = BytesMut::new();
    loop {
        let content = loop {
            if let Some(content) = frame::next_frame(&mut buffer, MAX_FRAME_BYTES).ok()? {
                break content;
            }
            if tcp.read_buf(&mut buffer).await.ok()? == 0 {
                return None;
            }
        };
        let mut reader = Reader::over(&content);
        let header = RequestHeader::read(&mut reader, |_, _| HeaderForm::Tagged).ok()?;
        let number = header.correlation_id;
        if header.key == QuorumStreamRequest::KEY {
            let hello: QuorumStreamRequest = decode_all(reader, header.version).ok()?;
            let welcome = quorum.welcome(&hello);
            let bytes = frame::response_frame(&welcome, header.version, number).ok()?;
            tcp.write_all(&bytes).await.ok()?;
            if !welcome.error_code.is_ok() {
                return None;
            }
            quorum.serve_stream(&hello, tcp.into(), buffer).await;
            return None;
        }
        let command: ControllerCommandRequest = decode_all(reader, header.version).ok()?;
        let response = quorum.serve_command(&command).await;
        let bytes = frame::response_frame(&response, header.version, number).ok()?;
        tcp.write_all(&bytes).await.ok()?;
    }
}
