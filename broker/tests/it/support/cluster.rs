//! A cluster of nodes in this process: each both broker and controller, on loopback, with short
//! clocks and a directory of its own. Its ports are chosen before it starts, since voters must be
//! known.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use broker::{NodeConfig, NodeHandle};
use tempfile::TempDir;
use tokio::time::timeout;

use super::client::{Client, PATIENCE};

/// Nodes by id, from 1; a stopped one keeps its directory and its ports.
pub struct Cluster {
    pub dir: TempDir,
    settings: Vec<BTreeMap<String, String>>,
    nodes: BTreeMap<i32, NodeHandle>,
}

impl Cluster {
    /// Starts `count` nodes and waits until each is a full member.
    pub async fn start(count: usize) -> Self {
        Self::with(count, &[]).await
    }

    /// The same with settings of its own.
    pub async fn with(count: usize, set: &[(&str, &str)]) -> Self {
        let mut cluster = Self::planned(count, set);
        for id in cluster.ids() {
            cluster.launch(id).await;
        }
        cluster.all_serving().await;
        cluster
    }

    /// A cluster of which nothing runs yet.
    pub fn planned(count: usize, set: &[(&str, &str)]) -> Self {
        let dir = TempDir::new().unwrap();
        let ports = free_ports(2 * count);
        let voters: Vec<String> = (1..=count)
            .map(|id| format!("{id}@127.0.0.1:{}", ports[2 * id - 1]))
            .collect();
        let settings = (1..=count)
            .map(|id| {
                let listeners = format!(
                    "PLAINTEXT://127.0.0.1:{},CONTROLLER://127.0.0.1:{}",
                    ports[2 * id - 2],
                    ports[2 * id - 1]
                );
                let log_dir = dir.path().join(format!("node-{id}"));
                let mut values: BTreeMap<String, String> = [
                    ("node.id", id.to_string()),
                    ("process.roles", "broker,controller".to_owned()),
                    ("controller.listener.names", "CONTROLLER".to_owned()),
                    ("controller.quorum.voters", voters.join(",")),
                    ("listeners", listeners),
                    ("log.dirs", log_dir.display().to_string()),
                    ("lookout.cluster.id", "a-cluster-of-a-test-00".to_owned()),
                    ("broker.heartbeat.interval.ms", "200".to_owned()),
                    ("broker.session.timeout.ms", "3000".to_owned()),
                    ("group.initial.rebalance.delay.ms", "0".to_owned()),
                    ("offsets.topic.num.partitions", "2".to_owned()),
                    ("offsets.topic.replication.factor", count.min(3).to_string()),
                ]
                .map(|(key, value)| (key.to_owned(), value))
                .into();
                for (key, value) in set {
                    values.insert((*key).to_owned(), (*value).to_owned());
                }
                values
            })
            .collect();
        Self {
            dir,
            settings,
            nodes: BTreeMap::new(),
        }
    }

    /// Gives one node a setting of its own, from its next start on.
    pub fn set(&mut self, id: i32, key: &str, value: &str) {
        let settings = &mut self.settings[usize::try_from(id).unwrap() - 1];
        settings.insert(key.to_owned(), value.to_owned());
    }

    /// Gives every node one more listener, at a port of its own.
    pub fn add_listener(&mut self, name: &str) {
        let ports = free_ports(self.settings.len());
        for (settings, port) in self.settings.iter_mut().zip(ports) {
            let listeners = settings.get_mut("listeners").unwrap();
            *listeners = format!("{listeners},{name}://127.0.0.1:{port}");
        }
    }

    /// A connection to a running node's listener of this name.
    pub async fn client_of(&self, id: i32, listener: &str) -> Client {
        Client::connect(self.node(id).addresses()[listener]).await
    }

    /// Every id, running or not.
    pub fn ids(&self) -> Vec<i32> {
        (1..).take(self.settings.len()).collect()
    }

    /// A running node.
    pub fn node(&self, id: i32) -> &NodeHandle {
        &self.nodes[&id]
    }

    /// A node's data directory.
    pub fn log_dir(&self, id: i32) -> PathBuf {
        self.dir.path().join(format!("node-{id}"))
    }

    /// Starts a node; returns once it listens.
    pub async fn launch(&mut self, id: i32) {
        let values = self.settings[usize::try_from(id).unwrap() - 1].clone();
        let config = NodeConfig::from_values(&values).unwrap();
        let node = broker::run(config).await.unwrap();
        self.nodes.insert(id, node);
    }

    /// Waits until every running node is a full member.
    pub async fn all_serving(&self) {
        for (id, node) in &self.nodes {
            let member = timeout(PATIENCE, node.serving()).await;
            assert!(member.is_ok(), "node {id} is no member");
        }
    }

    /// Where a running node serves clients.
    pub fn address(&self, id: i32) -> SocketAddr {
        self.node(id).addresses()["PLAINTEXT"]
    }

    /// Where a running node serves controllers.
    pub fn controller_address(&self, id: i32) -> SocketAddr {
        self.node(id).addresses()["CONTROLLER"]
    }

    /// Where a node will serve controllers.
    pub fn planned_controller(&self, id: i32) -> SocketAddr {
        let settings = &self.settings[usize::try_from(id).unwrap() - 1];
        let (_, place) = settings["listeners"].split_once("CONTROLLER://").unwrap();
        place.parse().unwrap()
    }

    /// A connection to a running node.
    pub async fn client(&self, id: i32) -> Client {
        Client::connect(self.address(id)).await
    }

    /// Controlled shutdown of one node.
    pub async fn stop(&mut self, id: i32) {
        self.nodes.remove(&id).unwrap().shut_down(PATIENCE).await;
    }

    /// Stops one node without asking anybody.
    pub async fn stop_at_once(&mut self, id: i32) {
        let node = self.nodes.remove(&id).unwrap();
        node.shut_down(Duration::ZERO).await;
    }

    /// Stops what runs.
    pub async fn end(mut self) {
        for id in self.nodes.keys().copied().collect::<Vec<_>>() {
            self.stop_at_once(id).await;
        }
    }
}

/// Waits until something holds, looking often.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let held = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(timeout(PATIENCE, held).await.is_ok(), "not seen: {what}");
}

/// Ports that nobody has now: all are held at once, so that they differ.
fn free_ports(count: usize) -> Vec<u16> {
    let held: Vec<TcpListener> = (0..count)
        .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    held.iter()
        .map(|socket| socket.local_addr().unwrap().port())
        .collect()
}
