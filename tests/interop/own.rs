//! The program's own ways in: its client reads and librdkafka writes through the Dialer, by every way, at Apache Kafka and
//! at the bundled broker; who is turned away is told why, once; and logins that end are renewed without a lost record.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use lookout::cluster::{
    Delivery, Dialer, Outgoing, Paces, WatchOptions, Writer, WriterOptions, watch,
};
use lookout::config::route::Route;
use lookout::config::secret::Secret;
use lookout::config::security::{
    Identity, Login, Material, Sasl, ScramHash, Security, Tls, TokenSource,
};
use lookout::model::{Focus, Snapshot, TopicName};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;

use super::doors::{Maker, Node, SESSION_MS, TOKEN, WAYS, Way, root};
use super::rotten::{Proof, number};
use super::turnstile::turnstile;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_mins(2);
const RECORDS: usize = 100;
/// For how many sessions connections are watched.
const SESSIONS: usize = 6;
/// For how long a refused login is watched, asking every [`OFTEN`].
const REFUSED: Duration = Duration::from_secs(3);
const OFTEN: Duration = Duration::from_millis(50);

fn file(path: String) -> Material {
    Material::File {
        path: PathBuf::from(path),
        password: None,
    }
}

/// What a way is entered with, if `password` is right.
fn security(node: &Node, way: Way, password: &str) -> Security {
    let login = Login {
        username: "alice".into(),
        password: Secret::new(password),
    };
    let scram = |hash| Sasl::Scram {
        hash,
        login: login.clone(),
        token: false,
    };
    let sasl = match way.mechanism {
        "" => None,
        "PLAIN" => Some(Sasl::Plain(login.clone())),
        "SCRAM-SHA-256" => Some(scram(ScramHash::Sha256)),
        "SCRAM-SHA-512" => Some(scram(ScramHash::Sha512)),
        _ => Some(Sasl::OAuthBearer {
            tokens: TokenSource::File(root().join(TOKEN)),
            extensions: Vec::new(),
        }),
    };
    let tls = way.protocol.contains("SSL").then(|| Tls {
        trust: vec![file(node.path("authority.pem"))],
        identity: (way.name == "MTLS").then(|| Identity::Store(file(node.path("alice.pem")))),
        ..Tls::default()
    });
    Security { tls, sasl }
}

fn door(name: &'static str) -> Way {
    let way = WAYS.into_iter().find(|way| way.name == name);
    way.unwrap_or(Way {
        name,
        protocol: "SASL_SSL",
        mechanism: "SCRAM-SHA-512",
    })
}

async fn create(node: &Node, topic: &str) {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", node.address("OPEN"))
        .create()
        .unwrap();
    let topic = NewTopic::new(topic, 1, TopicReplication::Fixed(1));
    let made = admin.create_topics([&topic], &AdminOptions::new());
    made.await.unwrap().remove(0).unwrap();
}

fn writer_options(bootstrap: String, dialer: Dialer) -> WriterOptions {
    WriterOptions {
        bootstrap: vec![bootstrap],
        client_id: "lookout".into(),
        dialer,
        settings: [("enable.idempotence".to_owned(), "true".to_owned())].into(),
    }
}

/// Writes records one after the other, each awaited, as long as `more` says; gives how many.
async fn write(options: &WriterOptions, topic: &str, more: impl Fn(usize) -> bool) -> usize {
    let (reports, mut reported) = tokio::sync::mpsc::channel(1);
    let report = move |delivery: Delivery| {
        // Nobody listens any more once the story has failed.
        let _told = reports.try_send(delivery);
    };
    let writer = Writer::open(options, Box::new(report)).unwrap();
    let mut written = 0;
    while more(written) {
        let record = Outgoing {
            topic,
            partition: Some(0),
            key: None,
            value: Some(b"through a door"),
            tag: written,
        };
        writer.send(&record).unwrap();
        let delivery = tokio::time::timeout(PATIENCE, reported.recv()).await;
        let delivery = delivery.expect("a report").unwrap();
        assert!(delivery.result.is_ok(), "{delivery:?}");
        written += 1;
    }
    written
}

fn watching(bootstrap: String, dialer: Dialer) -> WatchOptions {
    WatchOptions {
        dialer,
        paces: Paces {
            cheap: OFTEN,
            probes: OFTEN,
            groups: OFTEN,
            focus: OFTEN,
            slow: OFTEN,
        },
        ..WatchOptions::plain("doors", vec![bootstrap], "lookout")
    }
}

/// Waits until the program's own client has read that the topic holds so many records.
async fn read(bootstrap: String, dialer: Dialer, topic: &str, records: usize) {
    let topic = TopicName::from(topic);
    let (_eyes, focus) = tokio::sync::watch::channel(Focus::Topic(topic.clone()));
    let mut watching = watch(watching(bootstrap, dialer), focus);
    let all_there = |snapshot: &Arc<Snapshot>| {
        let ranges = snapshot.facts.ranges.get(&topic);
        let ranges = ranges.and_then(|ranges| ranges.value());
        let ends = ranges.into_iter().flat_map(|ranges| ranges.values());
        let total: i64 = ends.filter_map(|range| range.end).sum();
        usize::try_from(total) == Ok(records)
    };
    let counted = watching.snapshots.wait_for(all_there);
    let counted = tokio::time::timeout(PATIENCE, counted).await;
    counted.expect("every record once").unwrap();
}

/// By every way: librdkafka writes through the Dialer, the program's own client reads, and the whole program enters with
/// the file that Java's clients use.
async fn reads_and_writes(node: &Node) {
    for way in WAYS {
        let topic = format!("by-{}", way.name.to_lowercase());
        create(node, &topic).await;
        let security = security(node, way, "wonder");
        let dialer = || Dialer::new(&security, &Route::default(), &[]).unwrap();
        let address = node.address(way.name);
        let options = writer_options(address.clone(), dialer());
        assert_eq!(write(&options, &topic, |n| n < RECORDS).await, RECORDS);
        read(address, dialer(), &topic, RECORDS).await;
        let listed = lookout(
            node,
            &[
                "topics",
                "--json",
                "--properties",
                &node.client_properties(way),
            ],
        );
        assert!(listed.contains(&topic), "{}: {listed}", way.name);
    }
}

/// Runs the program with a home of its own; gives what it said.
fn lookout(node: &Node, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookout"));
    for name in ["CONFIG", "STATE", "DATA"] {
        command.env(format!("LOOKOUT_{name}_DIR"), node.path("home"));
    }
    let done = command.args(args).output().unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    said + &String::from_utf8(done.stderr).unwrap()
}

/// What one who does not get in is told.
fn refusal(node: &Node, name: &str, settings: &[(&str, &str)]) -> String {
    let address = node.address(name);
    let settings: Vec<String> = settings.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let mut args = vec!["connect", "--explain", "-b", &address];
    for setting in &settings {
        args.extend(["-X", setting]);
    }
    let said = lookout(node, &args);
    let lines = || said.lines().map(str::trim);
    let failed = lines().find_map(|line| line.strip_prefix("FAILED"));
    without_port(node, name, failed.unwrap_or(&said).trim())
}

fn without_port(node: &Node, name: &str, text: &str) -> String {
    text.replace(&node.port(name).to_string(), "PORT")
}

/// Each way not to get in has its sentence, the same at both brokers.
fn turned_away(node: &Node) {
    let (authority, stranger) = (node.path("authority.pem"), node.path("stranger.pem"));
    let wrong = node.path("wrong-password");
    std::fs::write(&wrong, "wunder").unwrap();
    std::fs::set_permissions(&wrong, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let password = format!("${{file:{wrong}}}");
    let ssl = ("security.protocol", "SSL");
    let both = ("security.protocol", "SASL_SSL");
    let trust = ("ssl.ca.location", authority.as_str());
    let who = [("sasl.username", "alice"), ("sasl.password", &password)];
    let login = |protocol, mechanism| {
        [&[protocol, trust, ("sasl.mechanism", mechanism)][..], &who].concat()
    };
    let told = |name: &str, door: &str, settings: &[(&str, &str)]| {
        assert_snapshot!(name, refusal(node, door, settings));
    };
    told("wrong_password", "SCRAM512", &login(both, "SCRAM-SHA-512"));
    let plain = ("security.protocol", "SASL_PLAINTEXT");
    told("wrong_plain_password", "PLAIN", &login(plain, "PLAIN"));
    told("wrong_mechanism", "SCRAM512", &login(both, "PLAIN"));
    told("expired_certificate", "EXPIRED", &[ssl, trust]);
    told("wrong_host_name", "ELSEWHERE", &[ssl, trust]);
    let strange = ("ssl.ca.location", stranger.as_str());
    told("unknown_authority", "TLS", &[ssl, strange]);
    told("no_client_certificate", "MTLS", &[ssl, trust]);
}

/// A login that was refused is remembered: whatever is asked meanwhile, nobody knocks again and again.
async fn knocks_once(node: &Node) {
    let way = door("SCRAM512");
    let (port, came) = turnstile(node.port(way.name));
    let security = security(node, way, "wunder");
    let dialer = Dialer::new(&security, &past(node, way.name, port), &[]).unwrap();
    let options = watching(node.address(way.name), dialer);
    let watch = watch(options, tokio::sync::watch::channel(Focus::Cluster).1);
    tokio::time::sleep(REFUSED).await;
    drop(watch);
    let knocks = came.load(Ordering::Relaxed);
    assert!((1..=2).contains(&knocks), "{knocks} logins in {REFUSED:?}");
}

fn past(node: &Node, name: &str, turnstile: u16) -> Route {
    let rule = format!("{} -> 127.0.0.1:{turnstile}", node.address(name));
    Route {
        rules: vec![rule.parse().unwrap()],
        ..Route::default()
    }
}

/// Logins that the broker ends after a while (KIP-368) are renewed: by the program's own client on the connection that it
/// has, by librdkafka through the Dialer on a new one.
async fn outlives_sessions(node: &Node) {
    let way = door("SHORT");
    let topic = "by-short";
    create(node, topic).await;
    let security = security(node, way, "wonder");
    let enter = || -> (Dialer, Arc<AtomicUsize>) {
        let (port, came) = turnstile(node.port(way.name));
        let dialer = Dialer::new(&security, &past(node, way.name, port), &[]);
        (dialer.unwrap(), came)
    };
    let session = Duration::from_millis(SESSION_MS);
    let (dialer, came) = enter();
    let began = Instant::now();
    let options = writer_options(node.address(way.name), dialer);
    let written = write(&options, topic, |n| {
        n < RECORDS || began.elapsed() < session * 3
    })
    .await;
    assert!(came.load(Ordering::Relaxed) > 1, "no session has ended");

    let (dialer, came) = enter();
    let mut watch = watch(
        watching(node.address(way.name), dialer.clone()),
        tokio::sync::watch::channel(Focus::Cluster).1,
    );
    let reached = |snapshot: &Arc<Snapshot>| {
        let mut probes = snapshot.facts.probes.values();
        probes.any(|probe| probe.reachable == Some(true)) && snapshot.facts.groups.value().is_some()
    };
    let contact = watch.snapshots.wait_for(reached);
    let contact = tokio::time::timeout(PATIENCE, contact).await;
    contact.expect("contact").unwrap();
    let (connections, since) = (came.load(Ordering::Relaxed), Instant::now());
    while since.elapsed() < session * u32::try_from(SESSIONS).unwrap() {
        let told = tokio::time::timeout(PATIENCE, watch.snapshots.changed()).await;
        told.expect("a snapshot").unwrap();
    }
    // Without renewal every connection, of which there are several, would be opened anew with every session; a machine
    // that is stopped for a moment may lose one.
    let anew = came.load(Ordering::Relaxed) - connections;
    assert!(anew < SESSIONS, "{anew} connections were opened anew");
    drop(watch);
    read(node.address(way.name), dialer, topic, written).await;
}

/// A permission that is taken away while the program runs: what is known stays, and the failure is said beside it.
async fn loses_a_permission(node: &Node) {
    let way = door("PLAIN");
    let topic = "by-plain";
    let security = security(node, way, "wonder");
    let dialer = || Dialer::new(&security, &Route::default(), &[]).unwrap();
    let mut watch = watch(
        watching(node.address(way.name), dialer()),
        tokio::sync::watch::channel(Focus::Cluster).1,
    );
    let allowed = |snapshot: &Arc<Snapshot>| snapshot.facts.quorum.value().is_some();
    let seen = tokio::time::timeout(PATIENCE, watch.snapshots.wait_for(allowed)).await;
    seen.expect("the quorum").unwrap();
    let open = node.address("OPEN");
    let deny = [
        "--bootstrap-server",
        &open,
        "--add",
        "--deny-principal",
        "User:alice",
    ];
    let describe = ["--operation", "Describe", "--cluster"];
    Node::tool("AclCommand", &[&deny[..], &describe].concat(), "");
    let write = ["--operation", "Write", "--topic", topic];
    Node::tool("AclCommand", &[&deny[..], &write].concat(), "");
    let denied = |snapshot: &Arc<Snapshot>| snapshot.facts.quorum.failure().is_some();
    let told = tokio::time::timeout(PATIENCE, watch.snapshots.wait_for(denied)).await;
    let snapshot = told.expect("a failure").unwrap().clone();
    assert!(allowed(&snapshot), "what was known is gone");
    let failure = snapshot.facts.quorum.failure().unwrap();
    let told = without_port(node, way.name, &failure.text);
    assert_snapshot!("revoked_permission", told);
    let refused = refused(&writer_options(node.address(way.name), dialer()), topic).await;
    assert_snapshot!("revoked_permission_to_write", refused);
}

/// Why a record is not written.
async fn refused(options: &WriterOptions, topic: &str) -> String {
    let (reports, mut reported) = tokio::sync::mpsc::channel(1);
    let report = move |delivery: Delivery| {
        let _told = reports.try_send(delivery);
    };
    let writer = Writer::open(options, Box::new(report)).unwrap();
    let record = Outgoing {
        topic,
        partition: Some(0),
        key: None,
        value: Some(b"no"),
        tag: 0,
    };
    writer.send(&record).unwrap();
    let delivery = tokio::time::timeout(PATIENCE, reported.recv()).await;
    let delivery = delivery.expect("a report").unwrap();
    delivery.result.unwrap_err().to_string()
}

/// Idempotent records through TLS, a login and connections that break at random (`WAYS_RECORDS`, `WAYS_SEED`).
async fn breaks_at_random(node: &Node) {
    let way = door("SCRAM512");
    let proof = Proof {
        bootstrap: node.address(way.name),
        security: security(node, way, "wonder"),
        open: node.address("OPEN"),
        replicas: 1,
        records: number("WAYS_RECORDS", 20_000),
        seed: number("WAYS_SEED", 1),
    };
    proof.give().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_enters_the_bundled_broker_by_every_way() {
    let node = Node::start(Maker::Bundled);
    reads_and_writes(&node).await;
    turned_away(&node);
    knocks_once(&node).await;
    outlives_sessions(&node).await;
    breaks_at_random(&node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_enters_apache_kafka_by_every_way() {
    let node = Node::start(Maker::Apache);
    reads_and_writes(&node).await;
    turned_away(&node);
    knocks_once(&node).await;
    outlives_sessions(&node).await;
    breaks_at_random(&node).await;
    loses_a_permission(&node).await;
}
