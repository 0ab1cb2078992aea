//! Logins by tickets of MIT's KDC at Apache Kafka: the program reads, librdkafka's producer writes through the Dialer,
//! sessions are renewed, and every way not to get in has its sentence. `tests/interop/kerberos` makes the realm.

#![cfg(test)]

mod turnstile;

use std::env;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::{Duration, Instant};

use lookout::cluster::{
    Delivery, Dialer, Outgoing, Paces, WatchOptions, Writer, WriterOptions, watch,
};
use lookout::config::route::Route;
use lookout::config::security::{Sasl, Security};
use lookout::model::{Focus, Snapshot};
use tokio::sync::mpsc;
use turnstile::turnstile;

/// How long a node may take until it serves, and a condition until it holds.
const PATIENCE: Duration = Duration::from_mins(2);
/// A login at the broker ends after this, so that a story lasts longer than one.
const SESSION_MS: u64 = 1500;
/// Records that are written at least.
const FEWEST: usize = 100;
const TOPIC: &str = "tickets";
const OWN_SERVICE: &str = "sasl.kerberos.service.name=kafka";

/// Apache Kafka behind the realm, once for all stories.
static NODE: LazyLock<Node> = LazyLock::new(Node::start);

fn realm(name: &str) -> PathBuf {
    let dir = env::var_os("LOOKOUT_REALM_DIR").expect("run tests/interop/kerberos");
    PathBuf::from(dir).join(name)
}

fn shown(name: &str) -> String {
    realm(name).display().to_string()
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what} did not come");
        thread::sleep(Duration::from_millis(20));
    }
}

struct Node {
    tickets: u16,
    open: u16,
}

impl Node {
    fn start() -> Self {
        let held = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [tickets, open, controller] =
            [0, 1, 2].map(|at: usize| held[at].local_addr().unwrap().port());
        let settings = realm("server.properties");
        fs::write(&settings, properties(tickets, open, controller)).unwrap();
        drop(held);
        let file = settings.display().to_string();
        let format = ["format", "-t", "LLLLLLLLQLLgLLLLLLLLLL", "-c", &file];
        let done = kafka("kafka.tools.StorageTool", &format).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        let log = fs::File::create(realm("kafka.log")).unwrap();
        let mut process = kafka("kafka.Kafka", &[&file])
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(0)
            .spawn()
            .unwrap();
        // A process that the stories share has no owner whose end could end it: the script does.
        fs::write(realm("kafka.pgid"), process.id().to_string()).unwrap();
        until("the node", || {
            assert_eq!(process.try_wait().unwrap(), None, "the node ended");
            let serves = |port| TcpStream::connect(("127.0.0.1", port)).is_ok();
            serves(open) && serves(tickets)
        });
        Self { tickets, open }
    }

    fn bootstrap(&self) -> String {
        format!("localhost:{}", self.tickets)
    }
}

/// One broker: `TICKETS` asks for Kerberos, `OPEN` for nothing.
fn properties(tickets: u16, open: u16, controller: u16) -> String {
    let (data, keytab) = (shown("data"), shown("kafka.keytab"));
    let module =
        "com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true";
    format!(
        "node.id=1\nprocess.roles=broker,controller\ncontroller.listener.names=CONTROLLER\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners=TICKETS://localhost:{tickets},OPEN://127.0.0.1:{open},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=TICKETS://localhost:{tickets},OPEN://127.0.0.1:{open}\n\
         listener.security.protocol.map=TICKETS:SASL_PLAINTEXT,OPEN:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
         inter.broker.listener.name=OPEN\nlog.dirs={data}\nauto.create.topics.enable=false\n\
         offsets.topic.replication.factor=1\nlog.cleaner.dedupe.buffer.size=4194304\n\
         listener.name.tickets.sasl.enabled.mechanisms=GSSAPI\n{OWN_SERVICE}\n\
         listener.name.tickets.connections.max.reauth.ms={SESSION_MS}\n\
         listener.name.tickets.gssapi.sasl.jaas.config={module} keyTab=\"{keytab}\" \
         principal=\"kafka/localhost@LOOKOUT.TEST\";\n"
    )
}

/// A class of Kafka's, with the realm as the Java machine's own.
fn kafka(class: &str, args: &[&str]) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/kafka");
    let mut command = Command::new(script);
    let conf = format!("-Djava.security.krb5.conf={}", shown("krb5.conf"));
    command.args(["tool", class]).args(args);
    command.env("JAVA_TOOL_OPTIONS", conf).stdin(Stdio::null());
    command
}

/// The program, with a home of its own, at the broker that asks for tickets.
fn lookout(settings: &[&str], env: &[(&str, &str)]) -> Output {
    let bootstrap = NODE.bootstrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookout"));
    for name in ["CONFIG", "STATE", "DATA"] {
        command.env(format!("LOOKOUT_{name}_DIR"), realm("home"));
    }
    command.args(["connect", "--explain", "-b", &bootstrap]);
    for set in ["security.protocol=SASL_PLAINTEXT", "sasl.mechanism=GSSAPI"] {
        command.args(["-X", set]);
    }
    for set in settings {
        command.args(["-X", set]);
    }
    command.envs(env.iter().copied()).output().unwrap()
}

/// What one who does not get in is told: behind FAILED, or before anything is dialled.
fn refusal(settings: &[&str], env: &[(&str, &str)]) -> String {
    let done = lookout(settings, env);
    let said = String::from_utf8(done.stdout).unwrap();
    let errors = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(3), "{said}{errors}");
    let lines = || said.lines().map(str::trim);
    let failed = lines().find_map(|line| line.strip_prefix("FAILED"));
    let words = failed.unwrap_or(&errors).trim();
    let dir = realm("").display().to_string();
    words
        .replace(&NODE.bootstrap(), "BROKER")
        .replace(&dir, "REALM/")
}

/// Asserts that somebody got in, and gives what was said.
fn enters(settings: &[&str], env: &[(&str, &str)]) -> String {
    let done = lookout(settings, env);
    let said = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(0), "{said}");
    assert!(
        said.contains("SASL") && said.contains("all 1 brokers are reached"),
        "{said}"
    );
    said
}

/// A credential cache with alice's ticket in it.
fn cache(name: &str, options: &[&str]) -> String {
    let cache = format!("FILE:{}", shown(name));
    let mut kinit = Command::new("kinit");
    kinit.args(options).args(["-c", &cache, "-k", "-t"]);
    let done = kinit
        .arg(realm("alice.keytab"))
        .arg("alice")
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
    cache
}

/// Whether the KDC still takes the ticket of a cache.
fn is_good(cache: &str) -> bool {
    let ask = ["--no-store", "-q", "-c", cache, "kafka/localhost"];
    let mut kvno = Command::new("kvno");
    kvno.args(ask)
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

fn keytab(of: &str) -> String {
    format!("sasl.kerberos.keytab={}", shown(&format!("{of}.keytab")))
}

#[test]
fn a_keytab_or_a_ticket_in_the_cache_lets_the_program_in() {
    enters(&[OWN_SERVICE, &keytab("alice")], &[]);
    enters(
        &[
            OWN_SERVICE,
            &keytab("alice"),
            "sasl.kerberos.principal=alice@LOOKOUT.TEST",
        ],
        &[],
    );
    let cache = cache("alice.cache", &[]);
    enters(&[OWN_SERVICE], &[("KRB5CCNAME", &cache)]);
    enters(
        &[OWN_SERVICE, "sasl.kerberos.principal=alice"],
        &[("KRB5CCNAME", &cache)],
    );
    // The keytab's ticket was in a cache of the program's own.
    assert!(!realm("no-cache").exists());
}

#[test]
fn whoever_has_no_good_ticket_is_told_what_is_wrong_and_what_to_do() {
    insta::assert_snapshot!("no_ticket", refusal(&[OWN_SERVICE], &[]));
    let missing = "sasl.kerberos.keytab=/nowhere/a.keytab";
    insta::assert_snapshot!("no_keytab", refusal(&[OWN_SERVICE, missing], &[]));
    let stale = refusal(&[OWN_SERVICE, &keytab("mallory")], &[]);
    insta::assert_snapshot!("stale_keytab", stale);
    let other = [OWN_SERVICE, &keytab("alice"), "sasl.kerberos.principal=bob"];
    insta::assert_snapshot!("another_principal", refusal(&other, &[]));
    let elsewhere = ["sasl.kerberos.service.name=kafkas", &keytab("alice")];
    insta::assert_snapshot!("wrong_service", refusal(&elsewhere, &[]));

    let short = cache("short.cache", &["-l", "1s"]);
    until("the ticket's end", || !is_good(&short));
    let expired = refusal(&[OWN_SERVICE], &[("KRB5CCNAME", &short)]);
    insta::assert_snapshot!("expired_ticket", expired);

    // A realm whose KDC is gone: its port is one that nobody listens on.
    let conf = fs::read_to_string(realm("krb5.conf")).unwrap();
    let kdc = conf
        .lines()
        .find_map(|line| line.trim().strip_prefix("kdc = "));
    let gone = conf.replace(kdc.unwrap(), "127.0.0.1:1");
    fs::write(realm("gone.conf"), gone).unwrap();
    let gone = [("KRB5_CONFIG", &*shown("gone.conf"))];
    let silent = refusal(&[OWN_SERVICE, &keytab("alice")], &gone);
    insta::assert_snapshot!("no_kdc", silent);
    let lost = conf.replace(&format!("kdc = {}", kdc.unwrap()), "");
    fs::write(realm("lost.conf"), lost).unwrap();
    let lost = [("KRB5_CONFIG", &*shown("lost.conf"))];
    let unknown = refusal(&[OWN_SERVICE, &keytab("alice")], &lost);
    insta::assert_snapshot!("unknown_realm", unknown);
}

#[test]
fn a_library_that_cannot_be_loaded_is_named() {
    fs::create_dir_all(realm("library")).unwrap();
    fs::write(realm("library/libgssapi_krb5.so.2"), "no library").unwrap();
    let path = [("LD_LIBRARY_PATH", &*shown("library"))];
    let broken = refusal(&[OWN_SERVICE, &keytab("alice")], &path);
    insta::assert_snapshot!("broken_library", broken);
}

/// Somebody's way in with a keytab, past a turnstile.
fn dialer(who: &str, turnstile: u16) -> Dialer {
    let security = Security {
        tls: None,
        sasl: Some(Sasl::Gssapi {
            service: "kafka".to_owned(),
            principal: None,
            keytab: Some(realm(&format!("{who}.keytab"))),
        }),
    };
    let rule = format!("{} -> 127.0.0.1:{turnstile}", NODE.bootstrap());
    let route = Route {
        rules: vec![rule.parse().unwrap()],
        ..Route::default()
    };
    Dialer::new(&security, &route, &[]).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_outlive_many_sessions_and_tickets() {
    let (port, came) = turnstile(NODE.tickets);
    let every = Duration::from_millis(100);
    let options = WatchOptions {
        dialer: dialer("brief", port),
        paces: Paces {
            cheap: every,
            probes: every,
            groups: every,
            focus: every,
            slow: every,
        },
        ..WatchOptions::plain("realm", vec![NODE.bootstrap()], "lookout")
    };
    let mut watch = watch(options, tokio::sync::watch::channel(Focus::Cluster).1);
    let all_there = |snapshot: &Arc<Snapshot>| {
        let mut probes = snapshot.facts.probes.values();
        probes.any(|probe| probe.reachable == Some(true)) && snapshot.facts.groups.value().is_some()
    };
    let contact = watch.snapshots.wait_for(all_there);
    let contact = tokio::time::timeout(PATIENCE, contact).await;
    contact.expect("contact").unwrap();
    let (connections, since) = (came.load(Ordering::Relaxed), Instant::now());
    // The sessions end by the broker's clock, the tickets by the KDC's, which bears with them for five seconds more; what
    // is asked meanwhile keeps the connections in use.
    while since.elapsed() < Duration::from_millis(SESSION_MS * 6) {
        let told = tokio::time::timeout(PATIENCE, watch.snapshots.changed()).await;
        told.expect("a snapshot").unwrap();
        let snapshot = watch.snapshots.borrow_and_update().clone();
        let probes = snapshot.facts.probes.values();
        let failed: Vec<_> = probes.filter_map(|probe| probe.failure.as_ref()).collect();
        assert!(failed.is_empty(), "{failed:?}");
    }
    let now = came.load(Ordering::Relaxed);
    assert_eq!(connections, now, "no connection was opened anew");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn librdkafka_writes_through_sessions_that_end() {
    let open = format!("127.0.0.1:{}", NODE.open);
    let create = ["--bootstrap-server", &open, "--create", "--topic", TOPIC];
    let made = kafka("TopicCommand", &create).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let (port, came) = turnstile(NODE.tickets);
    let options = WriterOptions {
        bootstrap: vec![NODE.bootstrap()],
        client_id: "lookout".into(),
        dialer: dialer("alice", port),
        settings: [("enable.idempotence".to_owned(), "true".to_owned())].into(),
    };
    // One record is under way at a time, and so is its report.
    let (reports, mut reported) = mpsc::channel(1);
    let report = move |delivery: Delivery| {
        // Nobody listens any more once the story has failed.
        let _told = reports.try_send(delivery);
    };
    let writer = Writer::open(&options, Box::new(report)).unwrap();
    let began = Instant::now();
    let sessions = Duration::from_millis(SESSION_MS * 3);
    let mut written: usize = 0;
    // One after the other, until several logins have ended.
    while began.elapsed() < sessions || written < FEWEST {
        let record = Outgoing {
            topic: TOPIC,
            partition: Some(0),
            key: None,
            value: Some(b"by ticket"),
            tag: written,
        };
        writer.send(&record).unwrap();
        let delivery = tokio::time::timeout(PATIENCE, reported.recv()).await;
        let delivery = delivery.expect("a report").unwrap();
        assert!(
            delivery.tag == written && delivery.result.is_ok(),
            "{delivery:?}"
        );
        written += 1;
    }
    assert!(
        came.load(Ordering::Relaxed) > 1,
        "the broker ended no session"
    );
    let read = [
        "--bootstrap-server",
        &open,
        "--topic-partitions",
        "tickets:0",
    ];
    let ends = kafka("GetOffsetShell", &read).output().unwrap();
    let said = String::from_utf8(ends.stdout).unwrap();
    assert!(
        said.lines()
            .any(|line| line == format!("{TOPIC}:0:{written}")),
        "{said}"
    );
}
