//! A node that is killed (SIGKILL) while a replica moves between its disks, again and again: after every
//! start the replica is there once, with every record that was acknowledged.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use broker::wire::messages::AlterReplicaLogDirsRequest;
use broker::wire::messages::alter_replica_log_dirs::{AlterReplicaLogDir, AlterReplicaLogDirTopic};
use tokio::net::TcpStream;

use super::*;

const ROUNDS: u64 = 8;

/// A node as a process of its own; it ends with this.
struct Program {
    dir: tempfile::TempDir,
    settings: Vec<String>,
    address: SocketAddr,
    child: Option<Child>,
}

impl Program {
    fn planned() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let held = [0, 0].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
        let [clients, controllers] = held.map(|socket| socket.local_addr().unwrap());
        let at = |name: &str| dir.path().join(name).display().to_string();
        let settings = vec![
            "node.id=1".to_owned(),
            "process.roles=broker,controller".to_owned(),
            "controller.listener.names=CONTROLLER".to_owned(),
            format!("controller.quorum.voters=1@{controllers}"),
            format!("listeners=PLAINTEXT://{clients},CONTROLLER://{controllers}"),
            format!("log.dirs={},{}", at("a"), at("b")),
            format!("metadata.log.dir={}", at("metadata")),
            "lookout.cluster.id=a-cluster-of-a-test-00".to_owned(),
            "log.segment.delete.delay.ms=0".to_owned(),
            // A killed broker comes back once its session is over.
            "broker.heartbeat.interval.ms=100".to_owned(),
            "broker.session.timeout.ms=500".to_owned(),
        ];
        Self {
            dir,
            settings,
            address: clients,
            child: None,
        }
    }

    fn disk(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Starts it; gives a connection.
    async fn start(&mut self) -> Client {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lookout-broker"));
        for setting in &self.settings {
            command.args(["--set", setting]);
        }
        let quiet = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.child = Some(quiet.spawn().unwrap());
        loop {
            match TcpStream::connect(self.address).await {
                Ok(stream) => return Client::over(stream.into()),
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            }
        }
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Directories of `t-0` that count.
    fn replicas(&self) -> usize {
        let places = ["a", "b"].map(|name| self.disk(name).join("t-0").exists());
        places.into_iter().filter(|is_there| *is_there).count()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

fn move_to(dir: &Path) -> AlterReplicaLogDirsRequest {
    AlterReplicaLogDirsRequest {
        dirs: vec![AlterReplicaLogDir {
            path: dir.display().to_string(),
            topics: vec![AlterReplicaLogDirTopic {
                name: "t".to_owned(),
                partitions: vec![0],
                ..AlterReplicaLogDirTopic::default()
            }],
            ..AlterReplicaLogDir::default()
        }],
        ..AlterReplicaLogDirsRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_killed_at_any_point_of_a_move_loses_nothing() {
    let mut program = Program::planned();
    let mut client = program.start().await;
    create(&mut client, "t", &[&[1]]).await;
    let mut random = fastrand::Rng::with_seed(11);
    let mut written = 0;
    for round in 0..ROUNDS {
        let to = program.disk(if round % 2 == 0 { "b" } else { "a" });
        for _ in 0..random.u32(1..20) {
            produce(&mut client, "t", 0).await;
            written += 1;
        }
        let begun = client.ask(&move_to(&to), 2).await;
        assert_eq!(begun.results[0].partitions[0].error_code, ErrorCode::NONE);
        for _ in 0..random.u32(0..12) {
            produce(&mut client, "t", 0).await;
            written += 1;
        }
        program.kill();
        client = program.start().await;
        has(&mut client, "t", 0, written).await;
        assert_eq!(program.replicas(), 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_while_a_replica_moves_to_and_fro_is_all_there() {
    let mut program = Program::planned();
    let mut client = program.start().await;
    create(&mut client, "t", &[&[1]]).await;
    produce(&mut client, "t", 0).await;
    let mut mover = Client::connect(program.address).await;
    let mut written = 1;
    for round in 0..10 {
        let to = program.disk(if round % 2 == 0 { "b" } else { "a" });
        let begun = mover.ask(&move_to(&to), 2).await;
        assert_eq!(begun.results[0].partitions[0].error_code, ErrorCode::NONE);
        while !to.join("t-0").exists() {
            produce(&mut client, "t", 0).await;
            written += 1;
        }
    }
    has(&mut client, "t", 0, written).await;
    program.kill();
    client = program.start().await;
    has(&mut client, "t", 0, written).await;
}
