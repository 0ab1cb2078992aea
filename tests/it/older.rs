//! The program on clusters of older releases of Kafka: nodes of this very program that pass for them. What such a
//! cluster cannot tell is missing from the screen or said, and nothing else is.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::pty::{ENTER, Pty};

const LOOKOUT: &str = env!("CARGO_BIN_EXE_lookout");

/// A node that passes for a broker of a release; it ends with this.
struct Older {
    dir: PathBuf,
    bootstrap: String,
    node: Child,
}

impl Older {
    fn start(release: &str) -> Self {
        let name = format!("older-{release}-{}", std::process::id());
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let held = [0, 0].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
        let [clients, controllers] = held.map(|socket| socket.local_addr().unwrap());
        let settings = [
            "node.id=1".to_owned(),
            "process.roles=broker,controller".to_owned(),
            "controller.listener.names=CONTROLLER".to_owned(),
            format!("controller.quorum.voters=1@{controllers}"),
            format!("listeners=PLAINTEXT://{clients},CONTROLLER://{controllers}"),
            format!("log.dirs={}", dir.join("data").display()),
        ];
        let mut command = Command::new(LOOKOUT);
        command.args(["node", "--as-version", release]);
        for setting in &settings {
            command.args(["--set", setting]);
        }
        let quiet = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self {
            node: quiet.spawn().unwrap(),
            dir,
            bootstrap: clients.to_string(),
        }
    }

    fn open(&self) -> Pty {
        let home = self.dir.display().to_string();
        let homes = [
            "LOOKOUT_CONFIG_DIR",
            "LOOKOUT_STATE_DIR",
            "LOOKOUT_DATA_DIR",
        ];
        let env = homes.map(|name| (name, home.as_str()));
        Pty::spawn(LOOKOUT, &["-b", &self.bootstrap], (120, 36), &env)
    }
}

impl Drop for Older {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        drop(self.node.kill());
        self.node.wait().unwrap();
        fs::remove_dir_all(&self.dir).unwrap();
    }
}

#[test]
fn every_release_opens_with_its_brokers_topics_and_groups() {
    for release in ["2.8", "3.3", "3.9", "4.0"] {
        let older = Older::start(release);
        let mut pty = older.open();
        pty.wait_for("brokers 1/1");
        // A cluster with ZooKeeper has no quorum that could be asked for.
        pty.wait_for(if release == "2.8" {
            "quorum –"
        } else {
            "quorum 1/1"
        });
        pty.send(&format!(":topics{ENTER}"));
        pty.wait_for("no topic yet");
        pty.wait_for("1 of 1 answered");
        pty.send(&format!(":groups{ENTER}"));
        pty.wait_for("GROUP");
    }
}
