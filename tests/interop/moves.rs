//! Kafka's own tools on little clusters beside the large one: replicas that move between disks, levels of
//! features, and, of the bundled broker, voters that come and go. Whoever plays the nodes, the tools must say
//! that it is done, and what they describe afterwards must be so.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::MutexGuard;

use serde_json::Value;

use crate::cluster;

const RECORDS: &str = "200";

/// A cluster of its own, with two disks each node; it ends with this.
struct Little {
    dir: PathBuf,
    _turn: MutexGuard<'static, ()>,
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/kafka")
}

impl Little {
    fn up(nodes: &str) -> Self {
        let turn = cluster::turn();
        let dir = std::env::temp_dir().join(format!("lookout-little-{}", std::process::id()));
        let little = Self { dir, _turn: turn };
        little.run(&["up", nodes]);
        little
    }

    fn run(&self, args: &[&str]) -> String {
        let output = Command::new(script())
            .args(args)
            .env("LOOKOUT_KAFKA_DIR", &self.dir)
            .env("LOOKOUT_KAFKA_DISKS", "2")
            .stdin(Stdio::null())
            .output()
            .expect("the script beside this file");
        let said = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&said).into_owned()
    }

    fn tool(&self, class: &str, args: &[&str]) -> String {
        let bootstrap = self.run(&["bootstrap"]);
        let address = ["tool", class, "--bootstrap-server", bootstrap.trim()];
        self.run(&[&address, args].concat())
    }

    /// The directory of the replica of `moves-0` on a broker, and that it is no future one.
    fn lies_in(&self, broker: i64) -> Vec<(String, bool)> {
        let id = broker.to_string();
        let describe = ["--describe", "--topic-list", "moves", "--broker-list", &id];
        let said = self.tool("LogDirsCommand", &describe);
        let json = said.lines().find(|line| line.starts_with('{'));
        let told: Value =
            serde_json::from_str(json.unwrap_or_else(|| panic!("{said}"))).expect("JSON");
        let mut found = Vec::new();
        for dir in told["brokers"][0]["logDirs"]
            .as_array()
            .expect("directories")
        {
            for partition in dir["partitions"].as_array().expect("partitions") {
                let path = dir["logDir"].as_str().expect("a path").to_owned();
                found.push((path, partition["isFuture"].as_bool().expect("yes or no")));
            }
        }
        found
    }
}

impl Drop for Little {
    fn drop(&mut self) {
        self.run(&["down"]);
    }
}

#[test]
fn a_replica_is_moved_to_another_disk_by_a_reassignment() {
    let little = Little::up("2");
    let create = [
        "--create",
        "--topic",
        "moves",
        "--replica-assignment",
        "1:2",
    ];
    little.tool("TopicCommand", &create);
    let load = [
        "--topic",
        "moves",
        "--num-records",
        RECORDS,
        "--record-size",
        "1000",
        "--throughput",
        "-1",
    ];
    little.tool("ProducerPerformance", &load);
    let before = little.lies_in(1);
    let [(from, false)] = &before[..] else {
        panic!("{before:?}");
    };
    let disks = ["data", "data-2"].map(|name| little.dir.join("1").join(name));
    let disks = disks.map(|disk| disk.display().to_string());
    let to = disks
        .iter()
        .find(|disk| *disk != from)
        .expect("another disk");
    let plan = little.dir.join("plan.json");
    let json = serde_json::json!({"version": 1, "partitions": [
        {"topic": "moves", "partition": 0, "replicas": [1, 2], "log_dirs": [to, "any"]}
    ]});
    std::fs::write(&plan, json.to_string()).expect("a plan");
    let plan = plan.display().to_string();
    let with_plan = |verb: &str| {
        let args = ["--reassignment-json-file", &plan, verb];
        little.tool("reassign.ReassignPartitionsCommand", &args)
    };
    let said = with_plan("--execute");
    let begun = format!("Successfully started moving log directory to {to} for replica moves-0");
    assert!(said.contains(&begun), "{said}");
    let mut said = with_plan("--verify");
    while !said.contains("Reassignment of replica moves-0-1 completed successfully") {
        assert!(
            said.contains("is still in progress") || said.contains("moves-0-1"),
            "{said}"
        );
        said = with_plan("--verify");
    }
    assert_eq!(little.lies_in(1), [(to.clone(), false)]);
    let ends = little.tool("GetOffsetShell", &["--topic", "moves"]);
    assert!(ends.contains(&format!("moves:0:{RECORDS}")), "{ends}");
}

#[test]
fn a_level_falls_and_rises_and_is_not_lost_by_force() {
    let little = Little::up("1");
    let level = |name: &str| -> String {
        let said = little.tool("FeatureCommand", &["describe"]);
        let row = said.lines().find(|row| {
            let mut words = row.split_whitespace();
            words.next() == Some("Feature:") && words.next() == Some(name)
        });
        let row = row.unwrap_or_else(|| panic!("no {name} in {said}"));
        let after = row
            .split("FinalizedVersionLevel: ")
            .nth(1)
            .expect("a level");
        after.split_whitespace().next().expect("a level").to_owned()
    };
    assert_eq!(level("group.version"), "1");
    let said = little.tool(
        "FeatureCommand",
        &["downgrade", "--feature", "group.version=0"],
    );
    assert!(
        said.contains("group.version was downgraded to 0."),
        "{said}"
    );
    assert_eq!(level("group.version"), "0");
    let said = little.tool(
        "FeatureCommand",
        &["upgrade", "--feature", "group.version=1"],
    );
    assert!(said.contains("group.version was upgraded to 1."), "{said}");
    assert_eq!(level("group.version"), "1");
    let before = level("metadata.version");
    let said = little.tool("FeatureCommand", &["downgrade", "--metadata", "3.5-IV2"]);
    assert!(
        said.contains("Refusing to perform the requested downgrade"),
        "{said}"
    );
    let said = little.tool(
        "FeatureCommand",
        &["upgrade", "--feature", "group.version=9"],
    );
    assert!(said.contains("only supports versions 0-1"), "{said}");
    assert_eq!(level("metadata.version"), before);
}

/// Nodes of the program whose quorum itself says who votes; they end with this.
struct Quorum {
    dir: PathBuf,
    base: u16,
    nodes: Vec<Child>,
    _turn: MutexGuard<'static, ()>,
}

impl Quorum {
    const FIRST: &str = "QUFBQUFBQUFBQUFBQUFBQQ";

    fn start(program: &Path, count: u16) -> Self {
        let turn = cluster::turn();
        let dir = std::env::temp_dir().join(format!("lookout-quorum-{}", std::process::id()));
        let base = free_base(count);
        let mut quorum = Self {
            dir,
            base,
            nodes: Vec::new(),
            _turn: turn,
        };
        for id in 1..=count {
            let home = quorum.dir.join(id.to_string());
            std::fs::create_dir_all(&home).expect("a directory");
            let file = quorum.settings(id);
            std::fs::write(&file, quorum.text(id, count)).expect("settings");
            let log = std::fs::File::create(home.join("log")).expect("a log");
            let mut command = Command::new(program);
            command.args(["node", "--config"]).arg(&file);
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log);
            quorum.nodes.push(command.spawn().expect("the program"));
        }
        quorum
    }

    fn settings(&self, id: u16) -> PathBuf {
        self.dir.join(id.to_string()).join("server.properties")
    }

    fn text(&self, id: u16, count: u16) -> String {
        let controller = |id: u16| format!("127.0.0.1:{}", self.base + 50 + id);
        let servers = (1..=count).map(controller).collect::<Vec<_>>().join(",");
        let first = format!("1@{}:{}", controller(1), Self::FIRST);
        let client = self.base + id;
        let mut lines = vec![
            "process.roles=broker,controller".to_owned(),
            format!("node.id={id}"),
            format!("controller.quorum.bootstrap.servers={servers}"),
            format!(
                "listeners=PLAINTEXT://127.0.0.1:{client},CONTROLLER://{}",
                controller(id)
            ),
            format!(
                "advertised.listeners=PLAINTEXT://127.0.0.1:{client},CONTROLLER://{}",
                controller(id)
            ),
            "controller.listener.names=CONTROLLER".to_owned(),
            "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT".to_owned(),
            format!(
                "log.dirs={}",
                self.dir.join(id.to_string()).join("data").display()
            ),
            "lookout.cluster.id=TGV0cyBjb3VudCB2b3Rlcw".to_owned(),
        ];
        if id == 1 {
            lines.push(format!("lookout.initial.controllers={first}"));
        }
        lines.join("\n")
    }

    /// What a tool says; it is asked again until it says this.
    fn until(&self, args: &[&str], says: impl Fn(&str) -> bool) -> String {
        let deadline = std::time::Instant::now() + std::time::Duration::from_mins(2);
        loop {
            let said = self.quorum(args);
            if says(&said) {
                return said;
            }
            assert!(std::time::Instant::now() < deadline, "{args:?}: {said}");
        }
    }

    fn quorum(&self, args: &[&str]) -> String {
        let bootstrap = format!("127.0.0.1:{}", self.base + 3);
        let address = [
            "tool",
            "MetadataQuorumCommand",
            "--bootstrap-server",
            &bootstrap,
        ];
        let output = Command::new(script())
            .args([&address, args].concat())
            .stdin(Stdio::null())
            .output()
            .expect("the script beside this file");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }
}

impl Drop for Quorum {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            // It may have ended by itself; then there is nothing to end.
            drop(node.kill());
            drop(node.wait());
        }
        drop(std::fs::remove_dir_all(&self.dir));
    }
}

/// The number below so many free ports, and as many fifty higher.
fn free_base(count: u16) -> u16 {
    let is_free = |port| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    (310..600)
        .map(|hundred: u16| hundred * 100)
        .find(|base| (1..=count).all(|id| is_free(base + id) && is_free(base + 50 + id)))
        .expect("free ports")
}

#[test]
fn a_controller_is_added_and_the_first_one_removed() {
    // Kafka's own quorum is not what is tried here.
    let Some(program) = std::env::var_os("LOOKOUT_KAFKA_NODE") else {
        return;
    };
    let quorum = Quorum::start(Path::new(&program), 3);
    let status = ["describe", "--status"];
    let said = quorum.until(&status, |said| said.matches("\"id\": 3").count() == 1);
    assert!(
        said.contains(&format!("\"directoryId\": \"{}\"", Quorum::FIRST)),
        "{said}"
    );
    let settings = quorum.settings(3).display().to_string();
    let config = ["--command-config", &settings];
    let added = quorum.quorum(&[&config[..], &["add-controller"]].concat());
    assert!(
        added.contains("Added controller 3 with directory id"),
        "{added}"
    );
    let again = quorum.quorum(&[&config[..], &["add-controller"]].concat());
    assert!(
        again.contains("DuplicateVoter") || again.contains("already part"),
        "{again}"
    );
    let first = [
        "--controller-id",
        "1",
        "--controller-directory-id",
        Quorum::FIRST,
    ];
    let removed = quorum.quorum(&[&["remove-controller"][..], &first].concat());
    assert!(removed.contains("Removed KRaft controller 1"), "{removed}");
    let said = quorum.until(&status, |said| {
        let leader = said.lines().find_map(|line| line.strip_prefix("LeaderId:"));
        leader.is_some_and(|id| id.trim() == "3")
    });
    assert!(said.contains("127.0.0.1"), "{said}");
}
