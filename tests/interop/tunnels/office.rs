//! What stands behind the jump host: three nodes, an SSH server, a group that reads; and on this side OpenSSH's own
//! forwarder and SOCKS5 proxy. Everything lies in one directory and ends when the office closes.

use std::fmt::Write as _;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::place::Place;

pub const NODES: u32 = 3;
pub const TOPIC: &str = "tunnelled";
pub const GROUP: &str = "reader";
/// How long a process may take to do what it is there for.
const PATIENCE: Duration = Duration::from_mins(3);

/// Makes the topic, and a group that has read nothing of it: other people's client, at the brokers' side.
const PREPARE: &str = r#"
import sys
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
bootstrap, topic, group, partitions = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
admin = AdminClient({"bootstrap.servers": bootstrap})
made = admin.create_topics([NewTopic(topic, num_partitions=partitions, replication_factor=partitions)])
made[topic].result(120)
consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": False})
start = [TopicPartition(topic, p, 0) for p in range(partitions)]
consumer.commit(offsets=start, asynchronous=False)
consumer.close()
"#;

/// An open office.
pub struct Office {
    pub unread: u64,
    place: Place,
    dir: PathBuf,
    nodes: Vec<Node>,
    /// Processes of this side, and the SSH server.
    helpers: Vec<Child>,
    forwards: Vec<u16>,
    socks: u16,
    /// The port of the HTTP proxy, beside the jump host.
    connect: u16,
}

/// Where one node listens.
struct Node {
    id: u32,
    host: String,
    /// For clients from outside, for the other nodes, for controllers.
    ports: [u16; 3],
}

impl Node {
    fn name(id: u32) -> String {
        format!("broker-{id}.office.invalid")
    }

    fn advertised(&self) -> String {
        format!("{}:{}", Self::name(self.id), self.ports[0])
    }

    fn settings(&self, dir: &Path, voters: &str) -> String {
        let Self {
            id,
            host,
            ports: [outside, inside, control],
        } = self;
        let (dir, name) = (dir.display(), Self::name(*id));
        format!(
            "process.roles=broker,controller\nnode.id={id}\ncontroller.quorum.voters={voters}\n\
             listeners=INSIDE://{host}:{inside},OUTSIDE://{host}:{outside},CONTROLLER://{host}:{control}\n\
             advertised.listeners=INSIDE://{host}:{inside},OUTSIDE://{name}:{outside}\n\
             listener.security.protocol.map=INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
             inter.broker.listener.name=INSIDE\ncontroller.listener.names=CONTROLLER\n\
             offsets.topic.num.partitions=3\nlog.dirs={dir}/{id}/data\nlookout.cluster.id=LtunnelsQ0g00000000002\n"
        )
    }
}

impl Office {
    /// Opens the office: `LOOKOUT_TUNNELS_DIR` is where, and its `bin` comes first in `PATH`.
    pub fn open() -> Self {
        let dir = std::env::var_os("LOOKOUT_TUNNELS_DIR").expect("run tests/interop/run");
        let dir = PathBuf::from(dir);
        // What an earlier office left.
        let _absent = fs::remove_dir_all(&dir);
        let names: Vec<String> = (1..=NODES).map(Node::name).collect();
        let place = Place::make(&dir, &names);
        eprintln!("tunnels: {}", place.says());
        let nodes = (1..=NODES).map(|id| Node {
            id,
            host: place.host(id),
            ports: [0; 3].map(|_| place.port()),
        });
        let nodes = nodes.collect();
        let connect = place.port();
        let mut office = Self {
            unread: 0,
            place,
            dir,
            nodes,
            helpers: Vec::new(),
            forwards: Vec::new(),
            socks: free_port(),
            connect,
        };
        office.start_nodes();
        office.prepare();
        office.start_connect();
        office.start_sshd();
        office.start_forwards();
        office
    }

    fn start_nodes(&mut self) {
        let voter = |node: &Node| format!("{}@{}:{}", node.id, node.host, node.ports[2]);
        let voters: Vec<String> = self.nodes.iter().map(voter).collect();
        let voters = voters.join(",");
        let program = std::env::var_os("LOOKOUT_KAFKA_NODE")
            .unwrap_or_else(|| env!("CARGO_BIN_EXE_lookout").into());
        for node in &self.nodes {
            let dir = self.dir.join(node.id.to_string());
            fs::create_dir_all(&dir).expect("a directory");
            let settings = dir.join("server.properties");
            fs::write(&settings, node.settings(&self.dir, &voters)).expect("settings");
            let log = fs::File::create(dir.join("log")).expect("a log");
            let mut command = self.place.command(Path::new(&program));
            command
                .args(["node", "--lifeline", "--config"])
                .arg(settings);
            command
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(log);
            self.helpers.push(command.spawn().expect("a node"));
        }
        for node in &self.nodes {
            let log = self.dir.join(node.id.to_string()).join("log");
            let line = format!("node {} serves", node.id);
            until(&line, || said(&log).contains(&line), || said(&log));
        }
    }

    fn prepare(&self) {
        let python =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/.cache/venv/bin/python");
        let inside = |node: &Node| format!("{}:{}", node.host, node.ports[1]);
        let bootstrap: Vec<String> = self.nodes.iter().map(inside).collect();
        let partitions = NODES.to_string();
        let mut command = self.place.command(&python);
        command.args([
            "-c",
            PREPARE,
            &bootstrap.join(","),
            TOPIC,
            GROUP,
            &partitions,
        ]);
        let done = command.output().expect("python");
        let words = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{words}");
    }

    /// An HTTP proxy at the brokers' side, which this side reaches as it reaches the jump host.
    fn start_connect(&mut self) {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop");
        let (host, port) = (self.place.jump(), self.connect);
        let log = fs::File::create(self.dir.join("connect.log")).expect("a log");
        let mut command = self.place.command(Path::new("python3"));
        command.arg(tests.join("tunnels/connect.py"));
        command.args([&host, &port.to_string()]);
        command.stdin(Stdio::null()).stderr(log);
        self.helpers.push(command.spawn().expect("python3"));
        let reaches = || TcpStream::connect((host.as_str(), port)).is_ok();
        until("the HTTP proxy", reaches, || {
            said(&self.dir.join("connect.log"))
        });
    }

    /// The HTTP proxy, as `dial.via` names it.
    pub fn connect(&self) -> String {
        format!("http://{}:{}", self.place.jump(), self.connect)
    }

    /// Throw-away keys, and a configuration of our own on both sides; `ssh` is led to ours by `bin/ssh`.
    fn start_sshd(&mut self) {
        let dir = self.dir.clone();
        let at = |name: &str| dir.join(name);
        for key in ["host_key", "our_key", "other_key"] {
            let wanted = ["-q", "-t", "ed25519", "-N", "", "-f"];
            let made = Command::new("ssh-keygen")
                .args(wanted)
                .arg(at(key))
                .status();
            assert!(made.expect("ssh-keygen").success());
        }
        fs::copy(at("our_key.pub"), at("authorized_keys")).expect("a key");
        let (host, port) = (self.place.jump(), self.place.port());
        let shown = dir.display();
        let server = format!(
            "Port {port}\nListenAddress {host}\nHostKey {shown}/host_key\nAuthorizedKeysFile {shown}/authorized_keys\n\
             PidFile {shown}/sshd.pid\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
             MaxStartups 100\nMaxSessions 100\n"
        );
        fs::write(at("sshd_config"), server).expect("settings");
        let key = fs::read_to_string(at("host_key.pub")).expect("a key");
        fs::write(at("known_hosts"), format!("[{host}]:{port} {key}")).expect("a host");
        let client = |name: &str, key: &str| {
            format!("Host {name}\n  HostName {host}\n  Port {port}\n  IdentityFile {shown}/{key}\n")
        };
        let mut config = client("jump", "our_key") + &client("stranger", "other_key");
        let _written = write!(
            config,
            "Host *\n  IdentitiesOnly yes\n  IdentityAgent none\n  UserKnownHostsFile {shown}/known_hosts\n  StrictHostKeyChecking yes\n"
        );
        fs::write(at("ssh_config"), config).expect("settings");
        self.lead_ssh(&at("ssh_config"));
        if !self.place.knows_names() {
            // As Debian's init does it; a server that is not root's needs none, and may not make it.
            let _made = fs::create_dir_all("/run/sshd");
        }
        let log = fs::File::create(at("sshd.log")).expect("a log");
        let mut command = self.place.command(Path::new("/usr/sbin/sshd"));
        command.args(["-D", "-e", "-f"]).arg(at("sshd_config"));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        self.helpers.push(command.spawn().expect("openssh-server"));
        let reaches = || TcpStream::connect((host.as_str(), port)).is_ok();
        until("the SSH server", reaches, || said(&at("sshd.log")));
    }

    /// The program calls `ssh` by its name alone: the first one in `PATH` is ours, and uses our configuration.
    fn lead_ssh(&self, config: &Path) {
        use std::os::unix::fs::PermissionsExt as _;
        let bin = self.dir.join("bin");
        fs::create_dir_all(&bin).expect("a directory");
        let script = format!(
            "#!/bin/sh\nexec /usr/bin/ssh -F {} \"$@\"\n",
            config.display()
        );
        fs::write(bin.join("ssh"), script).expect("a script");
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(bin.join("ssh"), mode).expect("ours");
    }

    /// OpenSSH's own forwarder and SOCKS5 proxy, on this side.
    fn start_forwards(&mut self) {
        let mut command = Command::new(self.dir.join("bin/ssh"));
        command.args(["-N", "-o", "ExitOnForwardFailure=yes"]);
        for node in &self.nodes {
            let here = free_port();
            let there = format!("127.0.0.1:{here}:{}:{}", node.host, node.ports[0]);
            command.args(["-L", &there]);
            self.forwards.push(here);
        }
        command.args(["-D", &format!("127.0.0.1:{}", self.socks), "jump"]);
        let log = fs::File::create(self.dir.join("forwards.log")).expect("a log");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        self.helpers.push(command.spawn().expect("ssh"));
        let ports = || self.forwards.iter().chain([&self.socks]);
        let open = || ports().all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok());
        until("the forwards", open, || {
            said(&self.dir.join("forwards.log"))
        });
    }

    /// What the brokers advertise, and where it is forwarded to this side.
    pub fn forwards(&self) -> Vec<(String, String)> {
        let pairs = self.nodes.iter().zip(&self.forwards);
        pairs
            .map(|(node, here)| (node.advertised(), format!("127.0.0.1:{here}")))
            .collect()
    }

    pub fn advertised(&self) -> Vec<String> {
        self.nodes.iter().map(Node::advertised).collect()
    }

    /// Where the brokers' names mean something to the jump host no rule is needed.
    pub fn map(&self) -> String {
        if self.place.knows_names() {
            return String::new();
        }
        let rule =
            |node: &Node| format!("{} -> {}:{}\n", node.advertised(), node.host, node.ports[0]);
        self.nodes.iter().map(rule).collect()
    }

    pub fn socks(&self) -> String {
        format!("socks5h://127.0.0.1:{}", self.socks)
    }

    /// A host behind the jump host, by an address.
    pub fn a_host(&self) -> String {
        self.nodes[0].host.clone()
    }

    /// Waits until no `ssh -W` of ours is left: they end with their streams.
    pub fn await_no_tunnels(&self) {
        let ours = self.dir.join("ssh_config").display().to_string();
        let left = || -> Vec<String> {
            let all = fs::read_dir("/proc").expect("a list of processes");
            let lines = all.filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok());
            let words = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
            words
                .filter(|words| words.contains(&ours) && words.contains(" -W "))
                .collect()
        };
        until("no tunnel", || left().is_empty(), || left().join("\n"));
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        for helper in &mut self.helpers {
            // What has ended already needs no end.
            let _ended = helper.kill();
            let _reaped = helper.wait();
        }
    }
}

fn said(log: &Path) -> String {
    fs::read_to_string(log).unwrap_or_default()
}

fn until(what: &str, done: impl Fn() -> bool, why: impl Fn() -> String) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what} did not come: {}", why());
        std::thread::sleep(Duration::from_millis(50));
    }
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("bound").port()
}
