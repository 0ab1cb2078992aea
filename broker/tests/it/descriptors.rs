//! A node whose system gives it few file descriptors: it says so, keeps its disks, and serves who is there.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use broker::wire::error_code::ErrorCode;
use broker::wire::messages::create_topics::CreatableTopic;
use broker::wire::messages::delete_topics::DeleteTopicState;
use broker::wire::messages::produce::{PartitionProduceData, TopicProduceData};
use broker::wire::messages::{
    ApiVersionsRequest, CreateTopicsRequest, DeleteTopicsRequest, DescribeLogDirsRequest,
    ProduceRequest,
};
use broker::wire::records::{BatchBuilder, BatchSettings, NewRecord};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::support::client::Client;
use crate::support::cluster::until;

/// What the process may have open.
const FILES: usize = 160;
/// More than the half of them that connections may take.
const CROWD: usize = 120;
/// Partitions of a topic whose logs take more than there are.
const WIDE: i32 = 80;

/// A node as a process of its own; it ends with this.
struct Program {
    dir: tempfile::TempDir,
    address: SocketAddr,
    child: Child,
}

impl Program {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let held = [0, 0].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
        let [clients, controllers] = held.map(|socket| socket.local_addr().unwrap());
        let log = fs::File::create(dir.path().join("log")).unwrap();
        let data = dir.path().join("data");
        let settings = [
            "node.id=1".to_owned(),
            "process.roles=broker,controller".to_owned(),
            "controller.listener.names=CONTROLLER".to_owned(),
            format!("controller.quorum.voters=1@{controllers}"),
            format!("listeners=PLAINTEXT://{clients},CONTROLLER://{controllers}"),
            format!("log.dirs={}", data.display()),
            "lookout.cluster.id=a-cluster-of-a-test-00".to_owned(),
            "log.segment.delete.delay.ms=0".to_owned(),
        ];
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -n \"$0\"; exec \"$@\""]);
        command.arg(FILES.to_string());
        command.arg(env!("CARGO_BIN_EXE_lookout-broker"));
        for setting in settings {
            command.args(["--set", &setting]);
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self {
            dir,
            address: clients,
            child,
        }
    }

    fn log(&self) -> String {
        let file: PathBuf = self.dir.path().join("log");
        String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned()
    }

    /// A connection that has been answered.
    async fn client(&self) -> Client {
        loop {
            if let Ok(stream) = TcpStream::connect(self.address).await {
                drop(stream);
                let mut client = Client::connect(self.address).await;
                client.ask(&ApiVersionsRequest::default(), 0).await;
                return client;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let ended = self.child.kill().and_then(|()| self.child.wait());
        assert!(ended.is_ok(), "{ended:?}");
    }
}

async fn create(client: &mut Client, name: &str, num_partitions: i32) {
    let request = CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: name.to_owned(),
            num_partitions,
            replication_factor: 1,
            ..CreatableTopic::default()
        }],
        ..CreateTopicsRequest::default()
    };
    let created = client.ask(&request, 7).await;
    assert_eq!(created.topics[0].error_code, ErrorCode::NONE);
}

/// Writes one record until it is taken.
async fn write(client: &mut Client, name: &str) {
    let mut builder = BatchBuilder::new(BatchSettings::default());
    let record = NewRecord {
        timestamp_ms: 1_700_000_000_000,
        value: Some(b"v"),
        ..NewRecord::default()
    };
    builder.push(&record).unwrap();
    let request = ProduceRequest {
        acks: -1,
        timeout_ms: 10_000,
        topic_data: vec![TopicProduceData {
            name: name.to_owned(),
            partition_data: vec![PartitionProduceData {
                records: Some(builder.finish().unwrap().into()),
                ..PartitionProduceData::default()
            }],
            ..TopicProduceData::default()
        }],
        ..ProduceRequest::default()
    };
    for _ in 0..600 {
        let done = client.ask(&request, 9).await;
        let code = done.responses[0].partition_responses[0].error_code;
        if code == ErrorCode::NONE {
            return;
        }
        assert!(code.is_retriable(), "{name}: {code}");
        sleep(Duration::from_millis(50)).await;
    }
    panic!("{name} takes no record");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_waits_while_those_who_are_there_are_served() {
    let node = Program::start();
    let mut first = node.client().await;
    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        crowd.push(TcpStream::connect(node.address).await.unwrap());
    }
    until("the node says that clients wait", || {
        node.log().contains("clients wait")
    })
    .await;
    create(&mut first, "meanwhile", 1).await;
    write(&mut first, "meanwhile").await;
    drop(crowd);
    node.client().await;
    let log = node.log();
    assert!(!log.contains("offline"), "{log}");
    assert!(log.lines().count() < 100, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_that_cannot_be_opened_take_no_disk_offline() {
    let node = Program::start();
    let mut client = node.client().await;
    create(&mut client, "before", 1).await;
    write(&mut client, "before").await;
    create(&mut client, "wide", WIDE).await;
    until("the node says what is missing", || {
        node.log().contains("Too many open files")
    })
    .await;
    write(&mut client, "before").await;
    let described = client.ask(&DescribeLogDirsRequest::default(), 4).await;
    assert_eq!(described.results[0].error_code, ErrorCode::NONE);
    let request = DeleteTopicsRequest {
        topics: vec![DeleteTopicState {
            name: Some("wide".to_owned()),
            ..DeleteTopicState::default()
        }],
        ..DeleteTopicsRequest::default()
    };
    client.ask(&request, 6).await;
    create(&mut client, "after", 1).await;
    write(&mut client, "after").await;
    let log = node.log();
    assert!(!log.contains("offline"), "{log}");
}
