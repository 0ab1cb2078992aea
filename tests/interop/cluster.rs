//! The cluster of `tests/interop/kafka`, driven and questioned by that script and Kafka's own tools.
//! Knows nothing of the program under test: what it says is what the program is compared with.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// The stories share one cluster and break it, each in its turn.
static TURN: Mutex<()> = Mutex::new(());

/// Waits for a turn without the shared cluster: two at once are too many for a small machine.
pub fn turn() -> MutexGuard<'static, ()> {
    // A story that failed holds nothing that the next one needs.
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long five restarted nodes may take until every replica is in sync.
const SETTLES: Duration = Duration::from_mins(4);

/// A cluster of five nodes in good health, until the story that holds it says otherwise.
pub struct Cluster {
    pub bootstrap: String,
    script: Script,
    _turn: MutexGuard<'static, ()>,
}

/// A partition as Kafka's own tool describes it.
#[derive(Debug, PartialEq, Eq)]
pub struct Partition {
    pub topic: String,
    pub index: u32,
    /// None: no leader.
    pub leader: Option<u32>,
    pub replicas: Vec<u32>,
    pub isr: Vec<u32>,
}

/// A group's position in a partition as Kafka's own tool describes it.
#[derive(Debug, PartialEq, Eq)]
pub struct Position {
    pub topic: String,
    pub partition: u32,
    pub committed: u64,
    pub end: u64,
    pub lag: u64,
    pub client: String,
}

/// A partition list of `TopicCommand --describe`.
#[derive(Debug, Clone, Copy)]
pub enum Faults {
    UnderReplicated,
    Unavailable,
}

impl Faults {
    fn option(self) -> &'static str {
        match self {
            Self::UnderReplicated => "--under-replicated-partitions",
            Self::Unavailable => "--unavailable-partitions",
        }
    }
}

impl Cluster {
    /// Whether its nodes are the program itself, which has no share groups.
    #[expect(clippy::unused_self, reason = "it is asked of a cluster")]
    pub fn is_bundled(&self) -> bool {
        std::env::var_os("LOOKOUT_KAFKA_NODE").is_some()
    }

    /// Waits for its turn, and brings back what an earlier story has left stopped or frozen.
    pub fn healed() -> Self {
        let turn = turn();
        let script = Script(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/kafka"));
        let nodes = script.run(&["status"]);
        let in_state = |state: &str| -> Vec<u32> {
            let rows = nodes.lines().map(|row| row.split('\t').collect::<Vec<_>>());
            rows.filter(|row| row[1] == state)
                .map(|row| number(row[0]))
                .collect()
        };
        let (paused, stopped) = (in_state("paused"), in_state("stopped"));
        let bootstrap = script.run(&["bootstrap"]).trim().to_owned();
        let cluster = Self {
            bootstrap,
            script,
            _turn: turn,
        };
        if !paused.is_empty() {
            cluster.resume(&paused);
        }
        if !stopped.is_empty() {
            cluster.start(&stopped);
        }
        cluster.settle();
        cluster
    }

    /// Waits until every replica is in sync, and gives every partition its preferred leader back.
    fn settle(&self) {
        let deadline = Instant::now() + SETTLES;
        while self.faults(Faults::UnderReplicated) + self.faults(Faults::Unavailable) > 0 {
            assert!(
                Instant::now() < deadline,
                "the cluster did not recover within {SETTLES:?}"
            );
        }
        let preferred = ["--election-type", "preferred", "--all-topic-partitions"];
        self.tool("LeaderElectionCommand", &preferred);
    }

    /// SIGKILL.
    pub fn kill(&self, ids: &[u32]) {
        self.script.signal("kill", ids);
    }

    /// Starts killed nodes again, and waits until they serve.
    pub fn start(&self, ids: &[u32]) {
        self.script.signal("start", ids);
    }

    /// SIGSTOP: connections stay open and nothing answers.
    pub fn pause(&self, ids: &[u32]) {
        self.script.signal("pause", ids);
    }

    /// SIGCONT.
    pub fn resume(&self, ids: &[u32]) {
        self.script.signal("resume", ids);
    }

    /// Tells a node of the bundled broker what is broken on purpose; nothing heals it.
    pub fn breaks(&self, id: u32, faults: &str) {
        let dir = self.scratch("x").join("../..").join(id.to_string());
        let new = dir.join("faults.new");
        std::fs::write(&new, faults).expect("a node's faults");
        std::fs::rename(new, dir.join("faults")).expect("a node's faults");
    }

    /// How many partitions Kafka's own tool lists under such a fault.
    pub fn faults(&self, faults: Faults) -> usize {
        partitions(&self.tool("TopicCommand", &["--describe", faults.option()])).len()
    }

    /// The partitions of a topic.
    pub fn topic(&self, name: &str) -> Vec<Partition> {
        partitions(&self.tool("TopicCommand", &["--describe", "--topic", name]))
    }

    /// The positions of a group, once every partition it reads has a member again.
    pub fn group(&self, id: &str) -> Vec<Position> {
        let deadline = Instant::now() + SETTLES;
        loop {
            let describe = ["--describe", "--group", id];
            let out = self.tool("consumer.group.ConsumerGroupCommand", &describe);
            let rows = out
                .lines()
                .map(|row| row.split_whitespace().collect::<Vec<_>>());
            let rows: Vec<_> = rows.filter(|row| row.first() == Some(&id)).collect();
            if !rows.is_empty() && rows.iter().all(|row| row.len() == 9 && row[8] != "-") {
                return rows.iter().map(|row| position(row)).collect();
            }
            assert!(
                Instant::now() < deadline,
                "group {id} has no members on every partition: {out}"
            );
        }
    }

    /// The voter that leads the metadata quorum.
    pub fn quorum_leader(&self) -> u32 {
        let out = self.tool("MetadataQuorumCommand", &["describe", "--status"]);
        let leader = out.lines().find_map(|row| row.strip_prefix("LeaderId:"));
        number(
            leader
                .unwrap_or_else(|| panic!("no leader in {out}"))
                .trim(),
        )
    }

    /// Where a broker listens.
    pub fn address(&self, id: u32) -> String {
        let nodes = self.script.run(&["status"]);
        let rows = nodes.lines().map(|row| row.split('\t').collect::<Vec<_>>());
        let row = rows
            .into_iter()
            .find(|row| row[0] == id.to_string())
            .expect("a known node");
        row[4].to_owned()
    }

    /// A directory of the cluster's own, which goes when it goes.
    pub fn scratch(&self, name: &str) -> PathBuf {
        let dir = self.script.run(&["scratch", name]);
        PathBuf::from(dir.trim())
    }

    /// A topic of three replicas, made anew.
    pub fn make_topic(&self, name: &str, more: &[&str]) {
        let create = [
            "--create",
            "--topic",
            name,
            "--partitions",
            "3",
            "--replication-factor",
            "3",
        ];
        self.tool("TopicCommand", &[&create, more].concat());
    }

    /// Runs a tool that takes the address only after its subcommand.
    pub fn tool_after(&self, class: &str, subcommand: &str) -> String {
        let address = ["--bootstrap-server", self.bootstrap.as_str()];
        self.script
            .run(&[&["tool", class, subcommand][..], &address].concat())
    }

    /// What `other_clients.py` says.
    pub fn other_clients(&self) -> String {
        self.script.run(&["clients"])
    }

    /// Reads records as librdkafka does; gives the seconds it took, and how often it was throttled.
    pub fn reads_throttled(&self, topic: &str, client_id: &str, records: u32) -> (f64, u32) {
        let records = records.to_string();
        let said = self.script.run(&["throttled", topic, client_id, &records]);
        let words: Vec<&str> = said.split_whitespace().collect();
        let ["seconds", seconds, "throttled", times] = words[..] else {
            panic!("{said}");
        };
        let seconds = seconds.parse().expect("seconds");
        (seconds, times.parse().expect("a number"))
    }

    /// What `schemas.py` says.
    pub fn schemas(&self) -> String {
        self.script.run(&["schemas"])
    }

    /// Runs one of Kafka's own tools; gives what it printed.
    pub fn tool(&self, class: &str, args: &[&str]) -> String {
        self.tool_with(class, args, "")
    }

    /// Runs one of Kafka's own tools on an input.
    pub fn tool_with(&self, class: &str, args: &[&str], input: &str) -> String {
        self.script.run_on(&self.tool_args(class, args), input)
    }

    /// Runs one of Kafka's own tools that must fail; gives what it printed and complained.
    pub fn tool_refuses(&self, class: &str, args: &[&str]) -> String {
        let out = self.script.output(&self.tool_args(class, args), "");
        let said = [out.stdout, out.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(
            !out.status.success(),
            "{class} {args:?} is not refused: {said}"
        );
        said
    }

    /// Files of one partition on all nodes, by extension.
    pub fn files(&self, partition: &str, extension: &str) -> Vec<PathBuf> {
        let root = self.scratch("x").join("../..");
        let mut found = Vec::new();
        for id in 1..=5 {
            let Ok(dir) = std::fs::read_dir(root.join(format!("{id}/data/{partition}"))) else {
                continue;
            };
            let paths = dir.map(|entry| entry.expect("a directory's entry").path());
            found.extend(paths.filter(|path| path.extension().is_some_and(|ext| ext == extension)));
        }
        found
    }

    /// What Kafka's own reader of files says of them.
    pub fn dump(&self, more: &[&str], files: &[PathBuf]) -> String {
        let names: Vec<&str> = files.iter().filter_map(|file| file.to_str()).collect();
        let names = names.join(",");
        let args = [&["tool", "DumpLogSegments", "--files", &names], more].concat();
        self.script.run(&args)
    }

    fn tool_args<'a>(&'a self, class: &'a str, args: &[&'a str]) -> Vec<&'a str> {
        // The address comes first: some of the tools take it only before their subcommand.
        let address = ["tool", class, "--bootstrap-server", &self.bootstrap];
        [&address, args].concat()
    }
}

/// `tests/interop/kafka`; it finds the cluster by its environment, which is ours.
struct Script(PathBuf);

impl Script {
    fn run(&self, args: &[&str]) -> String {
        self.run_on(args, "")
    }

    fn run_on(&self, args: &[&str], input: &str) -> String {
        let Output {
            status,
            stdout,
            stderr,
        } = self.output(args, input);
        let words = String::from_utf8_lossy(&stderr);
        assert!(status.success(), "kafka {}: {words}", args.join(" "));
        String::from_utf8(stdout).expect("text")
    }

    fn output(&self, args: &[&str], input: &str) -> Output {
        let mut child = Command::new(&self.0)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the script beside this file");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(input.as_bytes()).expect("a reader");
        drop(stdin);
        child.wait_with_output().expect("the script's end")
    }

    fn signal(&self, command: &str, ids: &[u32]) {
        let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
        let args: Vec<&str> = [command]
            .into_iter()
            .chain(ids.iter().map(String::as_str))
            .collect();
        self.run(&args);
    }
}

/// Rows such as `Topic: orders  Partition: 0  Leader: 3  Replicas: 3,4,5  Isr: 3,5  Elr: …`.
fn partitions(out: &str) -> Vec<Partition> {
    let rows = out.lines().filter(|row| row.contains("Partition: "));
    rows.map(|row| {
        let field = |name: &str| {
            let found = row
                .split('\t')
                .find_map(|cell| cell.strip_prefix(name)?.strip_prefix(": "));
            found
                .unwrap_or_else(|| panic!("no {name} in {row:?}"))
                .trim()
        };
        let ids = |list: &str| {
            list.split(',')
                .filter(|id| !id.is_empty())
                .map(number)
                .collect()
        };
        Partition {
            topic: field("Topic").to_owned(),
            index: number(field("Partition")),
            leader: Some(field("Leader"))
                .filter(|leader| *leader != "none")
                .map(number),
            replicas: ids(field("Replicas")),
            isr: ids(field("Isr")),
        }
    })
    .collect()
}

/// `GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID`.
fn position(row: &[&str]) -> Position {
    Position {
        topic: row[1].to_owned(),
        partition: number(row[2]),
        committed: number(row[3]),
        end: number(row[4]),
        lag: number(row[5]),
        client: row[8].to_owned(),
    }
}

fn number<N: std::str::FromStr>(text: &str) -> N {
    text.parse()
        .unwrap_or_else(|_| panic!("{text:?} is no number"))
}
