//! How fast the terminal's own way in reads with TLS and without, from one node of the bundled broker, in turn. Reads
//! whole answers as they come; decodes no record.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use broker::wire::error_code::ErrorCode;
use broker::wire::frame;
use broker::wire::messages::fetch::{FetchPartition, FetchTopic};
use broker::wire::messages::{FetchRequest, FetchResponse};
use broker::wire::records::{Chunk, RecordSet};
use bytes::BytesMut;
use lookout::cluster::{Dialer, Duplex, Target};
use lookout::config::route::Route;
use lookout::config::secret::Secret;
use lookout::config::security::{Material, Security, Tls};
use lookout::model::Endpoint;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::load::{self, Load};
use crate::process::cpu_ms;
use crate::topics;

const TOPIC: &str = "encrypted";
/// 256 MiB of values.
const LOAD: Load = Load {
    size: 1024,
    count: 256 * 1024,
    acks: "1",
};
const ROUNDS: usize = 7;
/// What one request asks for, and the room that an answer may take.
const BYTES: i32 = 4 << 20;
const ROOM: usize = 64 << 20;
const VERSION: i16 = 12;
const SERVES: Duration = Duration::from_secs(30);

/// A node that ends with its measurement.
struct Node(Child);

impl Drop for Node {
    fn drop(&mut self) {
        self.0.kill().expect("a process of ours");
        self.0.wait().expect("a process of ours");
    }
}

/// One run of reading everything.
struct Run {
    /// MiB a second.
    rate: f64,
    /// Processor time of this process and of the node, in milliseconds.
    cpu_ms: f64,
}

/// Reads a topic over and over, plain and encrypted in turn, and prints both rates and what they have to each other.
pub fn measure(program: &str, dir: &Path) {
    fs::create_dir_all(dir).expect("a directory for the node");
    let authority = certify(dir);
    let ports = ports();
    let node = start(program, dir, ports);
    let plain_address = format!("127.0.0.1:{}", ports[0]);
    topics::create(&plain_address, TOPIC, 1, 1, &[]);
    load::write(&plain_address, TOPIC, LOAD);
    let trust = vec![Material::Pem(Secret::new(&authority))];
    let tls = Security {
        tls: Some(Tls {
            trust,
            ..Tls::default()
        }),
        sasl: None,
    };
    let ways = [(Security::default(), ports[0]), (tls, ports[1])];
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let mut runs: [Vec<Run>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for ((security, port), runs) in ways.iter().zip(&mut runs) {
            runs.push(runtime.block_on(read(security, *port, node.0.id())));
        }
    }
    print(&runs);
}

fn print(runs: &[Vec<Run>; 2]) {
    let of = |runs: &[Run], what: fn(&Run) -> f64| median(runs.iter().map(what).collect());
    println!(
        "| reading {} MiB | MiB/s | processor ms |",
        (LOAD.size * LOAD.count) >> 20
    );
    println!("|---|---|---|");
    for (name, runs) in ["plain", "TLS"].iter().zip(runs) {
        println!(
            "| {name} | {:.0} | {:.0} |",
            of(runs, |run| run.rate),
            of(runs, |run| run.cpu_ms)
        );
    }
    let pairs = runs[0].iter().zip(&runs[1]);
    let ratios: Vec<f64> = pairs.map(|(plain, tls)| tls.rate / plain.rate).collect();
    println!(
        "TLS / plain, median of {ROUNDS} pairs: {:.2}",
        median(ratios)
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// An authority and a node's certificate, as files; gives the authority's.
fn certify(dir: &Path) -> String {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "bench");
    let key = KeyPair::generate().expect("a key");
    let authority = params.self_signed(&key).expect("a certificate").pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
    let certificate = params
        .signed_by(&key, &issuer)
        .expect("a certificate")
        .pem();
    let whole = format!("{}{certificate}{authority}", key.serialize_pem());
    fs::write(dir.join("node.pem"), whole).expect("a file");
    authority
}

/// Three ports that nobody listens on: plain, encrypted, the controller's.
fn ports() -> [u16; 3] {
    let held = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
    held.map(|listener| listener.local_addr().expect("a port").port())
}

fn start(program: &str, dir: &Path, [plain, encrypted, controller]: [u16; 3]) -> Node {
    let text = format!(
        "node.id=1\nprocess.roles=broker,controller\ncontroller.listener.names=CONTROLLER\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\nlog.dirs={data}\n\
         listeners=PLAINTEXT://127.0.0.1:{plain},SSL://127.0.0.1:{encrypted},CONTROLLER://127.0.0.1:{controller}\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SSL:SSL,CONTROLLER:PLAINTEXT\n\
         inter.broker.listener.name=PLAINTEXT\nssl.keystore.type=PEM\nssl.keystore.location={keys}\n",
        data = dir.join("data").display(),
        keys = dir.join("node.pem").display()
    );
    fs::write(dir.join("node.properties"), text).expect("a node's settings");
    let log = fs::File::create(dir.join("log")).expect("a node's log");
    let child = Command::new(program)
        .args(["node", "--config"])
        .arg(dir.join("node.properties"))
        .stdin(Stdio::null())
        .stderr(log)
        .spawn();
    Node(child.expect("the program to start"))
}

async fn read(security: &Security, port: u16, node: u32) -> Run {
    let dialer = Dialer::new(security, &Route::default(), &[]).expect("a way in");
    let target = Target {
        endpoint: Endpoint {
            host: "127.0.0.1".into(),
            port,
        },
        id: None,
    };
    let mut stream = dialer
        .dial(&target)
        .await
        .expect("a node that serves")
        .stream;
    let spent = || cpu_ms(std::process::id()) + cpu_ms(node);
    let (before, began) = (spent(), Instant::now());
    let (mut offset, mut bytes, mut buffer) = (0, 0, BytesMut::new());
    while offset < i64::try_from(LOAD.count).expect("a small number") {
        assert!(began.elapsed() < SERVES, "reading stands at {offset}");
        let records = fetch(&mut *stream, &mut buffer, offset).await;
        bytes += records.len();
        offset = end(&records).unwrap_or(offset);
    }
    let seconds = began.elapsed().as_secs_f64();
    Run {
        rate: bytes as f64 / f64::from(1 << 20) / seconds,
        cpu_ms: spent() - before,
    }
}

/// The offset after the last whole batch.
fn end(records: &[u8]) -> Option<i64> {
    let batches = RecordSet::new(records).filter_map(|chunk| match chunk.expect("sound batches") {
        Chunk::Batch(batch) => Some(batch.header.last_offset() + 1),
        Chunk::Message(_) | Chunk::Partial(_) => None,
    });
    batches.last()
}

async fn fetch(stream: &mut dyn Duplex, buffer: &mut BytesMut, offset: i64) -> bytes::Bytes {
    let request = FetchRequest {
        max_wait_ms: 500,
        min_bytes: 1,
        max_bytes: BYTES,
        topics: vec![FetchTopic {
            topic: TOPIC.to_owned(),
            partitions: vec![FetchPartition {
                fetch_offset: offset,
                partition_max_bytes: BYTES,
                ..FetchPartition::default()
            }],
            ..FetchTopic::default()
        }],
        ..FetchRequest::default()
    };
    let asked = frame::request_frame(&request, VERSION, 1, Some("bench")).expect("a request");
    stream.write_all(&asked).await.expect("a node that serves");
    stream.flush().await.expect("a node that serves");
    let content = loop {
        if let Some(content) = frame::next_frame(buffer, ROOM).expect("a frame") {
            break content;
        }
        buffer.reserve(1 << 20);
        assert!(
            stream.read_buf(buffer).await.expect("an answer") > 0,
            "the node hangs up"
        );
    };
    let (_, mut answer) =
        frame::read_response::<FetchResponse>(&content, VERSION).expect("an answer");
    let partition = answer.responses.remove(0).partitions.remove(0);
    assert_eq!(partition.error_code, ErrorCode::NONE, "reading at {offset}");
    partition.records.expect("records")
}
