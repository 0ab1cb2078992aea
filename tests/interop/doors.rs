//! One broker with a door for every way in, the bundled broker or Apache Kafka, and the certificates and passwords to
//! each of them. Both have the same listeners, users and keys.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
};

/// How long a node may take until it serves.
const SERVES: Duration = Duration::from_mins(2);
/// A token of a key that is not kept, until 2100: subject carol, audience kafka.
pub const TOKEN: &str = "tests/interop/secure_data/token.jwt";
/// Its public key.
const KEYS: &str = "tests/interop/secure_data/jwks.json";
/// Logins by `SHORT` end after this, in milliseconds.
pub const SESSION_MS: u64 = 1500;

/// A door: its listener, its protocol, and its mechanism if it has one.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    pub name: &'static str,
    pub protocol: &'static str,
    pub mechanism: &'static str,
}

const fn way(name: &'static str, protocol: &'static str, mechanism: &'static str) -> Way {
    Way {
        name,
        protocol,
        mechanism,
    }
}

/// The doors that let their own people in.
pub const WAYS: [Way; 6] = [
    way("TLS", "SSL", ""),
    way("MTLS", "SSL", ""),
    way("PLAIN", "SASL_PLAINTEXT", "PLAIN"),
    way("SCRAM256", "SASL_SSL", "SCRAM-SHA-256"),
    way("SCRAM512", "SASL_SSL", "SCRAM-SHA-512"),
    way("OAUTH", "SASL_SSL", "OAUTHBEARER"),
];

/// Logins that end soon; a certificate that has ended; a certificate for another host; nothing asked.
const OTHERS: [Way; 4] = [
    way("SHORT", "SASL_SSL", "SCRAM-SHA-512"),
    way("EXPIRED", "SSL", ""),
    way("ELSEWHERE", "SSL", ""),
    way("OPEN", "PLAINTEXT", ""),
];

/// Whose broker it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    Bundled,
    Apache,
}

/// A node that ends with its story.
pub struct Node {
    pub dir: PathBuf,
    ports: Vec<u16>,
    process: Child,
}

impl Drop for Node {
    fn drop(&mut self) {
        // Apache Kafka is a child of the script that starts it: the whole group ends.
        let group = format!("-{}", self.process.id());
        let _ended = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ended = self.process.wait();
        if thread::panicking() {
            eprintln!("what the node said: {}", self.dir.join("log").display());
        } else {
            let _gone = fs::remove_dir_all(&self.dir);
        }
    }
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn token_url() -> String {
    format!("file://{}", root().join(TOKEN).display())
}

/// What lets Java read the token and its keys from files.
pub fn java_options() -> String {
    let keys = format!("file://{}", root().join(KEYS).display());
    format!(
        "-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={},{keys} \
         -Dorg.apache.kafka.sasl.oauthbearer.allowed.files={},{}",
        token_url(),
        root().join(TOKEN).display(),
        root().join(KEYS).display()
    )
}

/// A class of Kafka's.
pub fn kafka(class: &str) -> Command {
    let mut command = Command::new(root().join("tests/interop/kafka"));
    command.args(["tool", class]);
    command.env("JAVA_TOOL_OPTIONS", java_options());
    command
}

/// An authority that certifies.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// `NAME.pem` with key and chain, `NAME.key` with the key alone.
    fn certify(&self, dir: &Path, name: &str, hosts: &[&str], change: fn(&mut CertificateParams)) {
        let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
        let mut params = CertificateParams::new(hosts).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate: Certificate = params.signed_by(&key, &self.issuer).unwrap();
        let whole = format!("{}{}{}", key.serialize_pem(), certificate.pem(), self.pem);
        fs::write(dir.join(format!("{name}.pem")), whole).unwrap();
        fs::write(dir.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }
}

/// Two authorities, of which the node knows the first, and what that one certifies.
fn certify_all(dir: &Path) {
    let authority = Authority::new("interop");
    let here = ["localhost", "127.0.0.1"];
    authority.certify(dir, "node", &here, |_| {});
    authority.certify(dir, "alice", &here, |_| {});
    authority.certify(dir, "elsewhere", &["kafka.example"], |_| {});
    authority.certify(dir, "expired", &here, |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    });
    fs::write(dir.join("authority.pem"), authority.pem).unwrap();
    fs::write(dir.join("stranger.pem"), Authority::new("stranger").pem).unwrap();
}

fn doors() -> impl Iterator<Item = Way> {
    WAYS.into_iter().chain(OTHERS)
}

impl Node {
    pub fn start(maker: Maker) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("lookout-secure-{}-{number}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        fs::create_dir_all(&dir).unwrap();
        certify_all(&dir);
        let held: Vec<TcpListener> = (0..=doors().count())
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let ports: Vec<u16> = held
            .iter()
            .map(|held| held.local_addr().unwrap().port())
            .collect();
        let settings = dir.join("node.properties");
        fs::write(&settings, properties(maker, &dir, &ports)).unwrap();
        drop(held);
        let mut command = match maker {
            Maker::Bundled => bundled(&settings),
            Maker::Apache => apache(&settings),
        };
        let log = fs::File::create(dir.join("log")).unwrap();
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(0);
        let node = Self {
            process: command.spawn().unwrap(),
            dir,
            ports,
        };
        let deadline = Instant::now() + SERVES;
        while doors().any(|way| TcpStream::connect(("127.0.0.1", node.port(way.name))).is_err()) {
            assert!(Instant::now() < deadline, "the node does not serve");
            thread::sleep(Duration::from_millis(50));
        }
        node
    }

    /// Where a door is.
    pub fn port(&self, name: &str) -> u16 {
        self.ports[doors().position(|way| way.name == name).unwrap()]
    }

    /// How a door is advertised.
    pub fn address(&self, name: &str) -> String {
        format!("localhost:{}", self.port(name))
    }

    pub fn path(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }

    /// What Java's clients enter a way with.
    pub fn client_properties(&self, way: Way) -> String {
        let mut text = format!(
            "bootstrap.servers={}\nsecurity.protocol={}\n",
            self.address(way.name),
            way.protocol
        );
        let mut set = |key: &str, value: &str| writeln!(text, "{key}={value}").unwrap();
        set("ssl.truststore.type", "PEM");
        set("ssl.truststore.location", &self.path("authority.pem"));
        if way.name == "MTLS" {
            set("ssl.keystore.type", "PEM");
            set("ssl.keystore.location", &self.path("alice.pem"));
        }
        let security = "org.apache.kafka.common.security";
        let login = "required username=\"alice\" password=\"wonder\";";
        match way.mechanism {
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
        if !way.mechanism.is_empty() {
            set("sasl.mechanism", way.mechanism);
        }
        let file = self.path(&format!("{}.properties", way.name));
        fs::write(&file, text).unwrap();
        file
    }

    /// Runs one of Kafka's own tools; gives what it printed.
    pub fn tool(class: &str, args: &[&str], input: &str) -> String {
        let mut process = kafka(class)
            .args(args)
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
}

fn bundled(settings: &Path) -> Command {
    let program = std::env::var_os("LOOKOUT_KAFKA_NODE");
    let mut command = Command::new(program.unwrap_or_else(|| env!("CARGO_BIN_EXE_lookout").into()));
    command.args(["node", "--config"]).arg(settings);
    command
}

/// Formats the directory, with the users of SCRAM in its metadata.
fn apache(settings: &Path) -> Command {
    let scram = |hash: &str| format!("SCRAM-SHA-{hash}=[name=alice,password=wonder]");
    let mut format = kafka("kafka.tools.StorageTool");
    format.args(["format", "-t", "LLLLLLLLQLLgLLLLLLLLLL", "-c"]);
    format.arg(settings);
    for hash in ["256", "512"] {
        format.args(["--add-scram", &scram(hash)]);
    }
    let done = format.stdin(Stdio::null()).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    let mut command = kafka("kafka.Kafka");
    command.arg(settings);
    command
}

fn properties(maker: Maker, dir: &Path, ports: &[u16]) -> String {
    let controller = ports.last().unwrap();
    let mut listeners = format!("CONTROLLER://127.0.0.1:{controller}");
    let mut map = String::from("CONTROLLER:PLAINTEXT");
    let mut own = String::new();
    let security = "org.apache.kafka.common.security";
    for (way, port) in doors().zip(ports) {
        write!(listeners, ",{}://localhost:{port}", way.name).unwrap();
        write!(map, ",{}:{}", way.name, way.protocol).unwrap();
        let prefix = format!("listener.name.{}", way.name.to_lowercase());
        let mut set = |key: &str, value: &str| writeln!(own, "{prefix}.{key}={value}").unwrap();
        if !way.mechanism.is_empty() {
            set("sasl.enabled.mechanisms", way.mechanism);
        }
        let jaas = format!("{}.sasl.jaas.config", way.mechanism.to_lowercase());
        match way.mechanism {
            "PLAIN" => set(
                &jaas,
                &format!("{security}.plain.PlainLoginModule required user_alice=\"wonder\";"),
            ),
            "SCRAM-SHA-256" | "SCRAM-SHA-512" if maker == Maker::Apache => set(
                &jaas,
                &format!("{security}.scram.ScramLoginModule required;"),
            ),
            _ => {}
        }
    }
    let path = |name: &str| dir.join(name).display().to_string();
    let jwks = root().join(KEYS).display().to_string();
    format!(
        "node.id=1\nprocess.roles=broker,controller\ncontroller.listener.names=CONTROLLER\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners={listeners}\nlistener.security.protocol.map={map}\n\
         inter.broker.listener.name=OPEN\nlog.dirs={data}\n\
         offsets.topic.replication.factor=1\ngroup.initial.rebalance.delay.ms=0\n\
         ssl.keystore.type=PEM\nssl.keystore.location={keys}\n\
         ssl.truststore.type=PEM\nssl.truststore.location={trust}\n\
         listener.name.mtls.ssl.client.auth=required\n\
         listener.name.short.connections.max.reauth.ms={SESSION_MS}\n\
         listener.name.expired.ssl.keystore.location={expired}\n\
         listener.name.elsewhere.ssl.keystore.location={elsewhere}\n\
         listener.name.oauth.sasl.oauthbearer.jwks.endpoint.url=file://{jwks}\n\
         listener.name.oauth.sasl.oauthbearer.expected.audience=kafka\n\
         listener.name.oauth.sasl.oauthbearer.expected.issuer=https://issuer.test\n{own}{special}",
        data = path("data"),
        keys = path("node.pem"),
        trust = path("authority.pem"),
        expired = path("expired.pem"),
        elsewhere = path("elsewhere.pem"),
        special = special(maker)
    )
}

/// What one of the two needs and the other does not know.
fn special(maker: Maker) -> String {
    let oauth = "org.apache.kafka.common.security.oauthbearer";
    match maker {
        Maker::Bundled => "lookout.scram.users=SCRAM-SHA-256=[name=alice,password=wonder];\
             SCRAM-SHA-512=[name=alice,password=wonder]\n"
            .to_owned(),
        Maker::Apache => format!(
            "listener.name.oauth.oauthbearer.sasl.jaas.config={oauth}.OAuthBearerLoginModule required;\n\
             listener.name.oauth.oauthbearer.sasl.server.callback.handler.class={oauth}.OAuthBearerValidatorCallbackHandler\n\
             authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n\
             super.users=User:ANONYMOUS\nallow.everyone.if.no.acl.found=true\n\
             log.cleaner.dedupe.buffer.size=4194304\n"
        ),
    }
}
