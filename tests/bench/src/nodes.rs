//! Nodes of the bundled broker as processes of their own, to be started, broken and measured. Every process
//! that is started here ends here.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const RACKS: [&str; 3] = ["a", "b", "c"];
/// A node that moves its leaderships away first takes a while.
const STOPS: Duration = Duration::from_mins(1);

/// One node: its files, and its process while it runs.
struct Node {
    id: u32,
    dir: PathBuf,
    child: Option<Child>,
}

/// Nodes `1..=n`, all of them brokers and voters.
pub struct Nodes {
    program: PathBuf,
    all: Vec<Node>,
    bootstrap: String,
}

impl Nodes {
    /// Writes the settings of `count` nodes below `dir`; starts nothing.
    pub fn new(program: &str, dir: &Path, count: u32, settings: &[String]) -> Self {
        let ports = free_ports(2 * count);
        let (data, control) = ports.split_at(ports.len() / 2);
        let voters: Vec<String> = (1..=count)
            .zip(control)
            .map(|(id, port)| format!("{id}@127.0.0.1:{port}"))
            .collect();
        let nodes = (1..=count)
            .map(|id| {
                let at = (id - 1) as usize;
                let node = dir.join(format!("node-{id}"));
                fs::create_dir_all(&node).expect("a directory for a node");
                let text = [
                    "process.roles=broker,controller".to_owned(),
                    format!("node.id={id}"),
                    format!("broker.rack={}", RACKS[at % RACKS.len()]),
                    format!("controller.quorum.voters={}", voters.join(",")),
                    format!(
                        "listeners=PLAINTEXT://127.0.0.1:{},CONTROLLER://127.0.0.1:{}",
                        data[at], control[at]
                    ),
                    "controller.listener.names=CONTROLLER".to_owned(),
                    "inter.broker.listener.name=PLAINTEXT".to_owned(),
                    format!("log.dirs={}", node.join("data").display()),
                    "lookout.cluster.id=bench-AAAAAAAAAAAAAAAAA".to_owned(),
                    format!("lookout.fault.file={}", node.join("faults").display()),
                    "offsets.topic.num.partitions=6".to_owned(),
                    format!("offsets.topic.replication.factor={}", count.min(3)),
                    "group.initial.rebalance.delay.ms=0".to_owned(),
                ];
                let mut text = text.join("\n");
                for setting in settings {
                    text = format!("{text}\n{setting}");
                }
                fs::write(node.join("node.properties"), text + "\n").expect("a node's settings");
                Node {
                    id,
                    dir: node,
                    child: None,
                }
            })
            .collect();
        let addresses: Vec<String> = data
            .iter()
            .map(|port| format!("127.0.0.1:{port}"))
            .collect();
        Self {
            program: PathBuf::from(program),
            all: nodes,
            bootstrap: addresses.join(","),
        }
    }

    /// The addresses of all nodes.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// The ids of all nodes.
    pub fn ids(&self) -> Vec<u32> {
        self.all.iter().map(|node| node.id).collect()
    }

    /// Starts the nodes that do not run; returns at once.
    pub fn start(&mut self, ids: &[u32]) {
        for id in ids {
            let program = self.program.clone();
            let node = self.node(*id);
            if node.child.is_some() {
                continue;
            }
            let log = fs::File::options()
                .create(true)
                .append(true)
                .open(node.dir.join("log"))
                .expect("a node's log");
            let child = Command::new(program)
                .args(["node", "--config"])
                .arg(node.dir.join("node.properties"))
                .stdin(Stdio::null())
                .stdout(log.try_clone().expect("a node's log"))
                .stderr(log)
                .spawn()
                .expect("the program to start");
            node.child = Some(child);
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self, id: u32) {
        if let Some(mut child) = self.node(id).child.take() {
            child.kill().expect("a process of ours");
            child.wait().expect("a process of ours");
        }
    }

    /// Controlled shutdown; returns when the process has ended.
    pub fn stop(&mut self, id: u32) {
        self.signal(id, "-TERM");
        self.resume(id); // a frozen one hears nothing
        let Some(mut child) = self.node(id).child.take() else {
            return;
        };
        let began = Instant::now();
        while child.try_wait().expect("a process of ours").is_none() {
            assert!(began.elapsed() < STOPS, "node {id} does not stop");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// `SIGSTOP`.
    pub fn pause(&mut self, id: u32) {
        self.signal(id, "-STOP");
    }

    /// `SIGCONT`.
    pub fn resume(&mut self, id: u32) {
        self.signal(id, "-CONT");
    }

    /// Tells a node what is broken on purpose; nothing heals it.
    pub fn faults(&mut self, id: u32, text: &str) {
        let dir = &self.node(id).dir;
        fs::write(dir.join("faults.new"), text).expect("a node's faults");
        fs::rename(dir.join("faults.new"), dir.join("faults")).expect("a node's faults");
    }

    /// The process of a node that runs.
    pub fn pid(&self, id: u32) -> Option<u32> {
        let node = self.all.iter().find(|node| node.id == id)?;
        node.child.as_ref().map(Child::id)
    }

    fn signal(&mut self, id: u32, name: &str) {
        let Some(pid) = self.pid(id) else { return };
        let sent = Command::new("kill").args([name, &pid.to_string()]).status();
        assert!(
            sent.is_ok_and(|status| status.success()),
            "no signal to node {id}"
        );
    }

    fn node(&mut self, id: u32) -> &mut Node {
        self.all
            .iter_mut()
            .find(|node| node.id == id)
            .expect("a node of ours")
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        for id in self.ids() {
            self.kill(id);
        }
    }
}

/// Ports that nobody listens on, below those that the system gives to outgoing connections.
fn free_ports(count: u32) -> Vec<u16> {
    let from = 12_000 + u16::try_from(std::process::id() % 150).expect("a small number") * 100;
    (from..32_000)
        .filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .take(count as usize)
        .collect()
}
