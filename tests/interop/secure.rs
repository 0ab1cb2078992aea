//! Other people's clients into the bundled broker by every way in: TLS, client certificates, PLAIN, SCRAM and
//! OAUTHBEARER. Kafka's console tools and confluent-kafka each write and read through each of them.
//! `tests/interop/secure` fetches what it needs.

#![cfg(test)]

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// How long the node may take until it serves.
const SERVES: Duration = Duration::from_mins(1);
/// A token of a key that is not kept, until 2100: subject carol, audience kafka.
const TOKEN: &str = "tests/interop/secure_data/token.jwt";
/// Its public key.
const KEYS: &str = "tests/interop/secure_data/jwks.json";
const RECORDS: usize = 100;
const TOPIC: &str = "secure";

/// A way in: its listener, its protocol, and its mechanism if it has one.
const WAYS: [(&str, &str, &str); 6] = [
    ("TLS", "SSL", ""),
    ("MTLS", "SSL", ""),
    ("PLAIN", "SASL_PLAINTEXT", "PLAIN"),
    ("SCRAM256", "SASL_SSL", "SCRAM-SHA-256"),
    ("SCRAM512", "SASL_SSL", "SCRAM-SHA-512"),
    ("OAUTH", "SASL_SSL", "OAUTHBEARER"),
];

/// A node with a listener for each way, and one without security for the topic.
struct Node {
    dir: PathBuf,
    ports: Vec<u16>,
    process: Child,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _ended = self.process.wait();
        let _gone = fs::remove_dir_all(&self.dir);
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An authority, and what it certifies, as files: `authority.pem`, `NAME.pem` with key and chain.
fn certify(dir: &Path, names: &[&str]) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(DnType::CommonName, "interop");
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap().pem();
    fs::write(dir.join("authority.pem"), &authority).unwrap();
    let issuer = Issuer::new(params, key);
    for name in names {
        let hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(hosts).unwrap();
        params.distinguished_name.push(DnType::CommonName, *name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap().pem();
        let whole = format!("{}{certificate}{authority}", key.serialize_pem());
        fs::write(dir.join(format!("{name}.pem")), whole).unwrap();
        fs::write(dir.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }
}

impl Node {
    fn start() -> Self {
        let dir = std::env::temp_dir().join(format!("lookout-secure-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        certify(&dir, &["node", "alice"]);
        let held: Vec<TcpListener> = (0..WAYS.len() + 2)
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let ports: Vec<u16> = held
            .iter()
            .map(|s| s.local_addr().unwrap().port())
            .collect();
        fs::write(dir.join("node.properties"), properties(&dir, &ports)).unwrap();
        drop(held);
        let program = std::env::var_os("LOOKOUT_KAFKA_NODE");
        let program = program.unwrap_or_else(|| env!("CARGO_BIN_EXE_lookout").into());
        let log = fs::File::create(dir.join("log")).unwrap();
        let process = Command::new(program)
            .args(["node", "--config"])
            .arg(dir.join("node.properties"))
            .stderr(log)
            .spawn()
            .unwrap();
        let node = Self {
            dir,
            ports,
            process,
        };
        let deadline = Instant::now() + SERVES;
        while TcpStream::connect(("127.0.0.1", node.open_port())).is_err() {
            assert!(Instant::now() < deadline, "the node does not serve");
            thread::sleep(Duration::from_millis(50));
        }
        node
    }

    /// The port of the listener without security.
    fn open_port(&self) -> u16 {
        self.ports[WAYS.len()]
    }

    fn path(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }

    /// What Java's clients enter a way with.
    fn client_properties(&self, (name, protocol, mechanism): (&str, &str, &str)) -> String {
        let mut text = format!("security.protocol={protocol}\n");
        let mut set = |key: &str, value: &str| writeln!(text, "{key}={value}").unwrap();
        set("ssl.truststore.type", "PEM");
        set("ssl.truststore.location", &self.path("authority.pem"));
        if name == "MTLS" {
            set("ssl.keystore.type", "PEM");
            set("ssl.keystore.location", &self.path("alice.pem"));
        }
        let security = "org.apache.kafka.common.security";
        let login = "required username=\"alice\" password=\"wonder\";";
        match mechanism {
            "" => {}
            "PLAIN" => set(
                "sasl.jaas.config",
                &format!("{security}.plain.PlainLoginModule {login}"),
            ),
            "OAUTHBEARER" => {
                let module = format!("{security}.oauthbearer.OAuthBearerLoginModule required;");
                set("sasl.jaas.config", &module);
                let handler = format!("{security}.oauthbearer.OAuthBearerLoginCallbackHandler");
                set("sasl.login.callback.handler.class", &handler);
                let retriever = format!("{security}.oauthbearer.FileJwtRetriever");
                set("sasl.oauthbearer.jwt.retriever.class", &retriever);
                set("sasl.oauthbearer.token.endpoint.url", &token_url());
            }
            _ => set(
                "sasl.jaas.config",
                &format!("{security}.scram.ScramLoginModule {login}"),
            ),
        }
        if !mechanism.is_empty() {
            set("sasl.mechanism", mechanism);
        }
        let file = self.path(&format!("{name}.properties"));
        fs::write(&file, text).unwrap();
        file
    }
}

fn token_url() -> String {
    format!("file://{}", root().join(TOKEN).display())
}

fn properties(dir: &Path, ports: &[u16]) -> String {
    let (open, controller) = (ports[WAYS.len()], ports[WAYS.len() + 1]);
    let mut listeners = format!("OPEN://127.0.0.1:{open}");
    let mut map = String::from("OPEN:PLAINTEXT,CONTROLLER:PLAINTEXT");
    let mut own = String::new();
    for ((name, protocol, mechanism), port) in WAYS.iter().zip(ports) {
        write!(listeners, ",{name}://localhost:{port}").unwrap();
        write!(map, ",{name}:{protocol}").unwrap();
        if !mechanism.is_empty() {
            let name = name.to_lowercase();
            writeln!(
                own,
                "listener.name.{name}.sasl.enabled.mechanisms={mechanism}"
            )
            .unwrap();
        }
    }
    let path = |name: &str| dir.join(name).display().to_string();
    let (keys, trust, data) = (path("node.pem"), path("authority.pem"), path("data"));
    let jwks = root().join(KEYS).display().to_string();
    format!(
        "node.id=1\nprocess.roles=broker,controller\ncontroller.listener.names=CONTROLLER\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners={listeners},CONTROLLER://127.0.0.1:{controller}\n\
         listener.security.protocol.map={map}\ninter.broker.listener.name=OPEN\nlog.dirs={data}\n\
         offsets.topic.replication.factor=1\ngroup.initial.rebalance.delay.ms=0\n\
         ssl.keystore.type=PEM\nssl.keystore.location={keys}\n\
         ssl.truststore.type=PEM\nssl.truststore.location={trust}\n\
         listener.name.mtls.ssl.client.auth=required\n{own}\
         listener.name.plain.plain.sasl.jaas.config=PlainLoginModule required user_alice=\"wonder\";\n\
         lookout.scram.users=SCRAM-SHA-256=[name=alice,password=wonder];SCRAM-SHA-512=[name=alice,password=wonder]\n\
         listener.name.oauth.sasl.oauthbearer.jwks.endpoint.url=file://{jwks}\n\
         listener.name.oauth.sasl.oauthbearer.expected.audience=kafka\n"
    )
}

/// Runs one of Kafka's own tools; gives what it printed.
fn tool(class: &str, args: &[&str], input: &str) -> String {
    let allowed = format!(
        "-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={} \
         -Dorg.apache.kafka.sasl.oauthbearer.allowed.files={}",
        token_url(),
        root().join(TOKEN).display()
    );
    let mut process = Command::new(root().join("tests/interop/kafka"))
        .args(["tool", class])
        .args(args)
        .env("JAVA_TOOL_OPTIONS", allowed)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = process.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let done = process.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{class} {args:?}: {said}{errors}");
    said
}

#[test]
fn clients_of_other_hands_enter_by_every_way() {
    let node = Node::start();
    let open = format!("127.0.0.1:{}", node.open_port());
    let create = ["--bootstrap-server", &open, "--create", "--topic", TOPIC];
    tool("TopicCommand", &create, "");
    for (at, way) in WAYS.into_iter().enumerate() {
        let bootstrap = format!("localhost:{}", node.ports[at]);
        let properties = node.client_properties(way);
        let lines = (0..RECORDS).fold(String::new(), |mut lines, n| {
            writeln!(lines, "{}-{n}", way.0).unwrap();
            lines
        });
        let enter = [
            "--bootstrap-server",
            &bootstrap,
            "--topic",
            TOPIC,
            "--command-config",
            &properties,
        ];
        tool("ConsoleProducer", &enter, &lines);
        // What came through the other ways is read through this one too.
        let count = ((at + 1) * RECORDS).to_string();
        let read = [
            "--from-beginning",
            "--max-messages",
            &count,
            "--timeout-ms",
            "60000",
        ];
        let read = [&enter[..], &read[..]].concat();
        let said = tool("consumer.ConsoleConsumer", &read, "");
        assert!(
            said.lines()
                .any(|line| line == format!("{}-{}", way.0, RECORDS - 1)),
            "{said}"
        );
        by_librdkafka(&node, way, &bootstrap);
    }
}

/// confluent-kafka writes to a topic of its own and reads it, by this way.
fn by_librdkafka(node: &Node, (name, protocol, mechanism): (&str, &str, &str), bootstrap: &str) {
    let python = root().join("tests/interop/.cache/venv/bin/python");
    let done = Command::new(python)
        .arg(root().join("tests/interop/secure_clients.py"))
        .args([
            bootstrap,
            protocol,
            mechanism,
            if name == "MTLS" { "alice" } else { "" },
        ])
        .arg(&node.dir)
        .arg(root().join(TOKEN))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.success() && said.contains("ok"),
        "{name}: {said}{errors}"
    );
}
