//! The practice cluster as processes: what starts it ends it, whatever happens to the one or the other.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::pty::{ENTER, Pty};

const LOOKOUT: &str = env!("CARGO_BIN_EXE_lookout");
/// Debug builds on a busy machine take their time.
const PATIENCE: Duration = Duration::from_mins(2);

/// A place of one test's own; whatever runs there ends with the test.
struct Home {
    dir: String,
}

impl Home {
    fn new(name: &str) -> Self {
        let dir = format!(
            "{}/practice-{name}-{}",
            env!("CARGO_TARGET_TMPDIR"),
            std::process::id()
        );
        Self { dir }
    }

    fn env(&self) -> [(&str, &str); 3] {
        [
            "LOOKOUT_CONFIG_DIR",
            "LOOKOUT_STATE_DIR",
            "LOOKOUT_DATA_DIR",
        ]
        .map(|name| (name, self.dir.as_str()))
    }

    fn open(&self) -> Pty {
        Pty::spawn(LOOKOUT, &[], (120, 36), &self.env())
    }

    fn run(&self, args: &[&str]) -> Output {
        Command::new(LOOKOUT)
            .args(args)
            .env_remove("LOOKOUT_BOOTSTRAP")
            .envs(self.env())
            .output()
            .unwrap()
    }

    /// Runs a call that must succeed; what it printed.
    fn practice(&self, args: &[&str]) -> String {
        let output = self.run(&[&["practice"], args].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn status(&self) -> Value {
        serde_json::from_str(&self.practice(&["status", "--json"])).unwrap()
    }

    /// State of every node, by id.
    fn states(&self) -> Vec<String> {
        let status = self.status();
        let nodes = status["nodes"].as_array().unwrap().iter();
        nodes
            .map(|node| node["state"].as_str().unwrap().to_owned())
            .collect()
    }

    fn await_nobody(&self) {
        let deadline = Instant::now() + PATIENCE;
        let runs = |status: &Value| {
            let nodes = status["nodes"].as_array().unwrap();
            status["workload"] == true || nodes.iter().any(|node| !node["pid"].is_null())
        };
        while runs(&self.status()) {
            assert!(Instant::now() < deadline, "{}", self.status());
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.run(&["practice", "down"]);
        // What a failed test wrote is worth reading.
        if !thread::panicking() {
            let _gone = std::fs::remove_dir_all(PathBuf::from(&self.dir));
        }
    }
}

#[test]
fn a_screen_with_no_cluster_named_starts_one_and_ends_it_with_itself() {
    let home = Home::new("screen");
    let mut pty = home.open();
    pty.wait_for("PRACTICE");
    pty.wait_for("brokers 5/5");
    pty.send(&format!(":practice{ENTER}"));
    pty.wait_for("5 of 5 nodes run");
    pty.wait_for("demo clients run");
    pty.send("k");
    pty.wait_for("node 1 killed");
    pty.wait_for("4 of 5 nodes run");
    pty.send("r");
    pty.wait_for("node 1 started");
    pty.send("q");
    pty.send("q");
    assert_eq!(pty.wait_exit().exit_code(), 0);
    home.await_nobody();
}

#[test]
fn a_screen_that_is_killed_takes_its_cluster_along_frozen_nodes_too() {
    let home = Home::new("killed");
    let mut pty = home.open();
    pty.wait_for("brokers 5/5");
    home.practice(&["pause", "2"]);
    pty.signal("KILL");
    home.await_nobody();
}

#[test]
fn up_runs_on_its_own_until_down_and_takes_every_order() {
    let home = Home::new("up");
    let bootstrap = home.practice(&["up", "--nodes", "3"]);
    let (addresses, registries) = bootstrap.trim().split_once('\n').unwrap();
    assert_eq!(addresses.split(',').count(), 3, "{bootstrap}");
    let registries = registries.strip_prefix("schema registry http://").unwrap();
    assert_eq!(registries.split(",http://").count(), 3, "{bootstrap}");
    assert_eq!(home.practice(&["up"]), bootstrap, "it runs already");
    let listed = home.run(&["brokers", "--json", "--timeout", "60"]);
    assert_eq!(listed.status.code(), Some(0), "found without being named");

    home.practice(&["kill", "1"]);
    home.practice(&["pause", "2"]);
    home.practice(&["stop", "3"]);
    assert_eq!(home.states(), ["killed", "paused", "stopped"]);
    home.practice(&["resume", "2"]);
    home.practice(&["start", "1"]);
    home.practice(&["start", "3"]);
    home.practice(&["restart", "3"]);
    assert_eq!(home.states(), ["running"; 3]);
    home.practice(&["cut", "1", "2", "--one-way"]);
    let status = home.status();
    assert_eq!(status["nodes"][0]["cut_from"], serde_json::json!([2]));
    assert_eq!(status["nodes"][1]["cut_from"], serde_json::json!([]));
    home.practice(&["heal"]);
    assert_eq!(home.status()["nodes"][0]["cut_from"], serde_json::json!([]));

    home.practice(&["down"]);
    home.await_nobody();
    assert_eq!(home.practice(&["up"]), bootstrap, "the same ports again");
}

#[test]
fn a_secured_cluster_is_entered_by_its_file_by_a_profile_and_by_the_screen_alike() {
    let home = Home::new("secured");
    let printed = home.practice(&["up", "--secure", "--nodes", "1"]);
    let mut lines = printed.lines();
    let (bootstrap, file) = (lines.next().unwrap(), lines.next().unwrap());
    let enters = |args: &[&str]| {
        let args = [&["brokers", "--json", "--timeout", "60"], args].concat();
        let output = home.run(&args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {said}");
    };
    enters(&["--properties", file]);
    let added = home.run(&["profiles", "add", file, "--name", "mine"]);
    assert_eq!(added.status.code(), Some(0));
    enters(&["-p", "mine"]);
    enters(&[]);
    let unsecured = home.run(&["brokers", "-b", bootstrap, "--timeout", "1"]);
    assert_eq!(unsecured.status.code(), Some(3), "nobody enters without");
    let status = home.status();
    assert_eq!(status["client_properties"], file);
    assert_eq!(status["bootstrap"], bootstrap);
    home.practice(&["kill", "1"]);
    home.practice(&["start", "1"]);
    let mut pty = home.open();
    pty.wait_for("PRACTICE");
    pty.wait_for("brokers 1/1");
    pty.send("q");
    assert_eq!(pty.wait_exit().exit_code(), 0);
    let password = PathBuf::from(file).with_file_name("password");
    let password = std::fs::read_to_string(password).unwrap();
    let practice = PathBuf::from(&home.dir).join("practice");
    for log in [
        "node-1/lookout.log",
        "node-1/out",
        "clients/lookout.log",
        "plan",
    ] {
        let said = std::fs::read_to_string(practice.join(log)).unwrap();
        assert!(!said.contains(password.trim()), "{log}: {said}");
    }
    for pid in [
        &status["nodes"][0]["pid"],
        &home.status()["nodes"][0]["pid"],
    ] {
        // The first has been killed; whoever is there shows no password.
        let seen = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        assert!(!seen.contains(password.trim()), "{seen}");
    }
}

#[test]
fn a_screen_that_finds_a_cluster_leaves_it_running() {
    let home = Home::new("guest");
    home.practice(&["up", "--nodes", "3"]);
    let mut pty = home.open();
    pty.wait_for("PRACTICE");
    pty.wait_for("brokers 3/3");
    pty.send("q");
    assert_eq!(pty.wait_exit().exit_code(), 0);
    assert_eq!(home.states(), ["running"; 3]);
}

#[test]
fn what_cannot_be_done_is_said_in_words() {
    let home = Home::new("words");
    for (args, wanted) in [
        (
            &["practice", "kill", "1"][..],
            "start one with `lookout practice up`",
        ),
        (&["practice", "up", "--nodes", "0"][..], "1..=9"),
        (
            &["practice", "up", "--dir", env!("CARGO_MANIFEST_DIR")][..],
            "holds no practice cluster",
        ),
        (&["node", "--config", "no/such/file"][..], "no/such/file"),
    ] {
        let output = home.run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{args:?}: {said}");
        assert!(said.contains(wanted), "{args:?}: {said}");
    }
}
