//! Access rules of the bundled broker beside those of Apache Kafka: both stand behind the same authorizer, one node
//! each, and are asked the same by the same user, in every API and version, with no rule, with each rule of
//! `api::needs` alone and with all of an API. What they deny must be the same. Then Kafka's own tool makes, lists and
//! removes rules. `tests/interop/acls` fetches what it needs.

#![cfg(test)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

#[path = "../../broker/tests/it/api/versions/changes.rs"]
mod changes;
#[path = "../../broker/tests/it/support/client.rs"]
#[expect(dead_code, reason = "bytes that are no requests are not sent here")]
mod client;
#[path = "../../broker/tests/it/api/versions/data.rs"]
mod data;
#[path = "../../broker/tests/it/api/versions/groups.rs"]
mod groups;
#[path = "../../broker/tests/it/api/versions/logins.rs"]
#[expect(dead_code, reason = "only its users are asked about here")]
mod logins;
#[path = "../../broker/tests/it/api/versions/questions.rs"]
mod questions;
#[path = "../../broker/tests/it/api/versions/rules.rs"]
mod rules;
mod support {
    pub use crate::client;
}

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use broker::NodeConfig;
use broker::api::SERVED;
use broker::api::access::Need;
use broker::api::needs::{FREE, NEEDS};
use broker::config::authorization::STANDARD;
use broker::meta::acl::{CLUSTER, ResourceKind};
use broker::wire::api_key::ApiKey;
use broker::wire::error_code::ErrorCode;
use broker::wire::frame;
use broker::wire::messages::create_acls::AclCreation;
use broker::wire::messages::delete_acls::DeleteAclsFilter;
use broker::wire::messages::{
    CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest, FindCoordinatorRequest,
    MetadataRequest, Request, SaslAuthenticateRequest, SaslHandshakeRequest,
};
use broker::wire::uuid::Uuid;
use regex_lite::Regex;

use client::Client;

/// A topic that is there; partitions 0 and 1 of it.
const TOPIC: &str = "told";
/// Names a topic that is there, and one that is not.
const NAMES: [&str; 2] = [TOPIC, "unknown"];
/// Partitions that are there, and one that is not.
const PARTITIONS: [i32; 3] = [0, 1, 7];
/// How long a node may take until it serves, and a rule until it is known.
const PATIENCE: Duration = Duration::from_mins(2);

/// Answers that differ for a reason, and the reason.
const DIFFERENCES: &[(ApiKey, &str)] = &[];

/// Asks as one user, and notes what is answered.
struct Asker {
    client: Client,
    address: SocketAddr,
    /// The one API that is asked; the others are passed over.
    only: Option<ApiKey>,
    heard: Vec<(ApiKey, i16, String)>,
}

impl Asker {
    async fn ask<R>(&mut self, request: &R, version: i16) -> R::Response
    where
        R: Request + Debug,
        R::Response: Debug + Default,
    {
        if self.only.is_some_and(|only| only != R::KEY) {
            return R::Response::default();
        }
        let _number = self.client.send(request, version).await;
        let Some(content) = self.client.next().await else {
            self.heard.push((R::KEY, version, "closed".to_owned()));
            self.client = enter(self.address, "alice").await;
            return R::Response::default();
        };
        let (_, response) = frame::read_response::<R::Response>(&content, version).unwrap();
        self.heard.push((R::KEY, version, format!("{response:?}")));
        response
    }

    async fn all<R>(&mut self, requests: impl Fn(i16) -> Vec<R>)
    where
        R: Request + Debug,
        R::Response: Debug + Default,
    {
        for version in versions(R::KEY.0) {
            for request in requests(version) {
                self.ask(&request, version).await;
            }
        }
    }
}

fn versions(key: i16) -> std::ops::RangeInclusive<i16> {
    let api = SERVED.iter().find(|api| api.key.0 == key).unwrap();
    *api.advertised.start().max(api.spoken.start())..=*api.advertised.end()
}

fn by_topic<P, T>(partition: impl Fn(i32) -> P, topic: impl Fn(&str, Vec<P>) -> T) -> Vec<T> {
    let of = |name: &&str| topic(name, PARTITIONS.into_iter().map(&partition).collect());
    NAMES.iter().map(of).collect()
}

fn id_of(name: &str, id: Uuid) -> Uuid {
    if name == TOPIC { id } else { Uuid([9; 16]) }
}

/// One broker of either kind.
struct Node {
    dir: PathBuf,
    address: SocketAddr,
    admin: Client,
    topic_id: Uuid,
    process: Option<Child>,
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ended = process.kill();
            let _ended = process.wait();
        }
        let _gone = std::fs::remove_dir_all(&self.dir);
    }
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

async fn enter(address: SocketAddr, user: &str) -> Client {
    let mut client = Client::connect(address).await;
    let mechanism = "PLAIN".to_owned();
    let choice = SaslHandshakeRequest {
        mechanism,
        ..SaslHandshakeRequest::default()
    };
    client.ask(&choice, 1).await;
    let login = SaslAuthenticateRequest {
        auth_bytes: format!("\0{user}\0{user}").into_bytes().into(),
        ..SaslAuthenticateRequest::default()
    };
    let entered = client.ask(&login, 2).await;
    assert_eq!(entered.error_code, ErrorCode::NONE, "{user}");
    client
}

fn settings(dir: &Path, (clients, controller): (u16, u16)) -> BTreeMap<String, String> {
    let login = "org.apache.kafka.common.security.plain.PlainLoginModule required \
                 username=\"admin\" password=\"admin\" user_admin=\"admin\" user_alice=\"alice\";";
    let data = dir.join("data").display().to_string();
    [
        ("node.id", "1".to_owned()),
        ("process.roles", "broker,controller".to_owned()),
        ("controller.listener.names", "CONTROLLER".to_owned()),
        (
            "controller.quorum.voters",
            format!("1@127.0.0.1:{controller}"),
        ),
        (
            "listeners",
            format!("CLIENTS://127.0.0.1:{clients},CONTROLLER://127.0.0.1:{controller}"),
        ),
        (
            "listener.security.protocol.map",
            "CLIENTS:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT".to_owned(),
        ),
        ("inter.broker.listener.name", "CLIENTS".to_owned()),
        ("sasl.enabled.mechanisms", "PLAIN".to_owned()),
        ("sasl.mechanism.inter.broker.protocol", "PLAIN".to_owned()),
        (
            "listener.name.clients.plain.sasl.jaas.config",
            login.to_owned(),
        ),
        ("authorizer.class.name", STANDARD.to_owned()),
        ("super.users", "User:admin;User:ANONYMOUS".to_owned()),
        ("log.dirs", data),
        ("offsets.topic.replication.factor", "1".to_owned()),
        ("offsets.topic.num.partitions", "1".to_owned()),
        ("group.initial.rebalance.delay.ms", "0".to_owned()),
        ("log.cleaner.dedupe.buffer.size", "4194304".to_owned()),
        ("log.index.size.max.bytes", "1048576".to_owned()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}

fn kafka() -> Command {
    let cache = root().join("tests/interop/.cache");
    let version = std::fs::read_to_string(cache.join("version")).unwrap();
    let home = cache.join(format!("kafka-{}", version.trim()));
    let log4j = root().join("tests/interop/log4j2.xml");
    let mut command = Command::new("java");
    command
        .args([
            "-Xmx256m",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
        ])
        .arg(home.join("lib/*"))
        .arg(format!("-Dlog4j2.configurationFile={}", log4j.display()))
        .stdin(Stdio::null());
    command
}

impl Node {
    async fn start(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("lookout-acls-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let held = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [clients, controller] = held.each_ref().map(|one| one.local_addr().unwrap().port());
        drop(held);
        let settings = settings(&dir, (clients, controller));
        let process = if name == "kafka" {
            Some(Self::launch_kafka(&dir, &settings))
        } else {
            let config = NodeConfig::from_values(&settings).unwrap();
            // Runs until the test's process ends.
            std::mem::forget(broker::run(config).await.unwrap());
            None
        };
        let address = SocketAddr::from(([127, 0, 0, 1], clients));
        let deadline = Instant::now() + PATIENCE;
        while std::net::TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "{name} does not serve");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let mut node = Self {
            admin: enter(address, "admin").await,
            dir,
            address,
            topic_id: Uuid::ZERO,
            process,
        };
        node.prepare().await;
        node
    }

    fn launch_kafka(dir: &Path, settings: &BTreeMap<String, String>) -> Child {
        let file = dir.join("server.properties");
        let lines = settings
            .iter()
            .map(|(key, value)| format!("{key}={value}\n"));
        std::fs::write(&file, lines.collect::<String>()).unwrap();
        let said = kafka()
            .args([
                "kafka.tools.StorageTool",
                "format",
                "-t",
                "L234567Q23g2345678910A",
                "-c",
            ])
            .arg(&file)
            .output()
            .unwrap();
        assert!(
            said.status.success(),
            "{}",
            String::from_utf8_lossy(&said.stderr)
        );
        let log = std::fs::File::create(dir.join("log")).unwrap();
        let errors = log.try_clone().unwrap();
        let mut kafka = kafka();
        kafka
            .arg("kafka.Kafka")
            .arg(&file)
            .stdout(log)
            .stderr(errors);
        kafka.spawn().unwrap()
    }

    /// Makes the topic and that of the offsets, and waits until both are led.
    async fn prepare(&mut self) {
        changes::a_topic(&mut self.admin, &[1, 1]).await;
        let find = FindCoordinatorRequest {
            coordinator_keys: vec!["a".to_owned()],
            ..FindCoordinatorRequest::default()
        };
        let deadline = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < deadline, "no coordinator");
            let found = self.admin.ask(&find, 4).await.coordinators.remove(0);
            let known = self.admin.ask(&MetadataRequest::default(), 12).await;
            let told = known
                .topics
                .iter()
                .find(|one| one.name.as_deref() == Some(TOPIC));
            if let Some(told) = told.filter(|_| found.error_code.is_ok()) {
                self.topic_id = told.topic_id;
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Replaces all rules by what alice needs.
    async fn grant(&mut self, needs: &[&Need]) {
        let all = DeleteAclsFilter {
            resource_type_filter: 1,
            pattern_type_filter: 1,
            operation: 1,
            permission_type: 1,
            ..DeleteAclsFilter::default()
        };
        let removal = DeleteAclsRequest {
            filters: vec![all],
            ..DeleteAclsRequest::default()
        };
        self.admin.ask(&removal, 3).await;
        let creation = CreateAclsRequest {
            creations: needs.iter().map(|need| allow(need)).collect(),
            ..CreateAclsRequest::default()
        };
        let made = self.admin.ask(&creation, 3).await;
        assert!(
            made.results.iter().all(|one| one.error_code.is_ok()),
            "{made:?}"
        );
        let mut wanted: Vec<_> = needs
            .iter()
            .map(|need| (need.kind, need.operation))
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        let deadline = Instant::now() + PATIENCE;
        while self.rules().await != wanted.len() {
            assert!(Instant::now() < deadline, "the rules are not known");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn rules(&mut self) -> usize {
        let all = DescribeAclsRequest {
            resource_type_filter: 1,
            pattern_type_filter: 1,
            operation: 1,
            permission_type: 1,
            ..DescribeAclsRequest::default()
        };
        let told = self.admin.ask(&all, 3).await;
        told.resources.iter().map(|one| one.acls.len()).sum()
    }

    /// Everything that alice hears, about one API or about all.
    async fn hear(&self, only: Option<ApiKey>) -> Vec<(ApiKey, i16, String)> {
        let mut asker = Asker {
            client: enter(self.address, "alice").await,
            address: self.address,
            only,
            heard: Vec::new(),
        };
        changes::creations(&mut asker).await;
        data::data(&mut asker, self.topic_id).await;
        groups::groups(&mut asker).await;
        logins::users(&mut asker).await;
        rules::rules(&mut asker).await;
        questions::questions(&mut asker, self.topic_id).await;
        changes::changes(&mut asker).await;
        asker.heard
    }
}

/// A rule for just what is needed: for the topic that is there, any group, any transactional id.
fn allow(need: &Need) -> AclCreation {
    let name = match need.kind {
        ResourceKind::Topic => TOPIC,
        ResourceKind::Cluster => CLUSTER,
        _ => "*",
    };
    AclCreation {
        resource_type: need.kind.number(),
        resource_name: name.to_owned(),
        principal: "User:alice".to_owned(),
        host: "*".to_owned(),
        operation: need.operation.number(),
        permission_type: 3,
        ..AclCreation::default()
    }
}

/// An answer's fields in an order of their own, without what is no matter of permission: words, ports, times.
fn fields(answer: &str) -> Vec<String> {
    let message =
        Regex::new(r#"(_message): (None|Some\("(?:[^"\\]|\\.)*"\)|"(?:[^"\\]|\\.)*")"#).unwrap();
    let plain = message.replace_all(answer, "$1: _");
    let field = Regex::new(r"(\w+): ([^,{}\[\]]+)").unwrap();
    let passing = [
        "port",
        "cluster_id",
        "throttle_time_ms",
        "_message",
        "api_keys",
    ];
    let mut fields: Vec<String> = field
        .captures_iter(&plain)
        .filter(|found| !passing.iter().any(|one| found[1].ends_with(one)))
        .map(|found| found[0].to_owned())
        .collect();
    fields.sort_unstable();
    fields
}

/// What an answer denies, and what it says may be done.
fn denials(answer: &str) -> Vec<String> {
    let mut said = fields(answer);
    said.retain(|field| field.contains("AUTHORIZATION_FAILED") || field.contains("operations"));
    said
}

type Heard = Vec<(ApiKey, i16, String)>;

/// Tells where two series of answers differ.
fn compare(
    what: &str,
    (ours, theirs): (&Heard, &Heard),
    seen: fn(&str) -> Vec<String>,
    differences: &mut Vec<String>,
) {
    let calls = |heard: &Heard| {
        heard
            .iter()
            .map(|(key, version, _)| (*key, *version))
            .collect()
    };
    let (asked, same): (Vec<_>, Vec<_>) = (calls(ours), calls(theirs));
    assert_eq!(asked, same, "{what}: not asked the same");
    let excused = |key: &ApiKey| DIFFERENCES.iter().any(|(known, _)| known == key);
    for ((key, version, our), (_, _, their)) in ours.iter().zip(theirs) {
        let (our_fields, their_fields) = (seen(our), seen(their));
        if our_fields != their_fields && !excused(key) {
            differences.push(format!(
                "{key} {version}, {what}:\n  ours   {our_fields:?}\n  Kafka  {their_fields:?}"
            ));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_apache_kafka_denies_is_denied_and_nothing_else() {
    let (mut ours, mut theirs) = (Node::start("bundled").await, Node::start("kafka").await);
    let mut differences = Vec::new();
    ours.grant(&[]).await;
    theirs.grant(&[]).await;
    let heard = (ours.hear(None).await, theirs.hear(None).await);
    assert!(heard.0.len() > 300, "{}", heard.0.len());
    compare(
        "without a rule",
        (&heard.0, &heard.1),
        fields,
        &mut differences,
    );
    // What takes the topic away comes last.
    let (last, first): (Vec<_>, Vec<_>) = NEEDS
        .iter()
        .partition(|(key, _)| *key == ApiKey::DELETE_TOPICS);
    for (key, needs) in first.into_iter().chain(last) {
        let alone = needs.iter().map(|need| vec![need]);
        let together = (needs.len() > 1).then(|| needs.iter().collect());
        for granted in alone.chain(together) {
            ours.grant(&granted).await;
            theirs.grant(&granted).await;
            let (one, other) = (ours.hear(Some(*key)).await, theirs.hear(Some(*key)).await);
            let rules: Vec<_> = granted
                .iter()
                .map(|need| format!("{} on {}", need.operation, need.kind))
                .collect();
            compare(&rules.join(", "), (&one, &other), denials, &mut differences);
        }
    }
    assert!(NEEDS.len() + FREE.len() == SERVED.len());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Runs Kafka's tool for rules; gives what it printed.
fn acl_command(node: &Node, args: &[&str]) -> String {
    let file = node.dir.join("admin.properties");
    let login = "org.apache.kafka.common.security.plain.PlainLoginModule required \
                 username=\"admin\" password=\"admin\";";
    let text = format!(
        "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config={login}\n"
    );
    std::fs::write(&file, text).unwrap();
    let done = kafka()
        .args(["-Dinterop.log=err", "org.apache.kafka.tools.AclCommand"])
        .arg("--bootstrap-server")
        .arg(node.address.to_string())
        .arg("--command-config")
        .arg(&file)
        .args(args)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{args:?}: {said}{errors}");
    said
}

/// The rules that the tool lists, each as resource and entry.
fn listed(said: &str) -> Vec<String> {
    let mut resource = "";
    let mut rules = Vec::new();
    for line in said.lines().map(str::trim) {
        if let Some(told) = line.strip_prefix("Current ACLs for resource `") {
            resource = told;
        } else if line.starts_with('(') {
            rules.push(format!("{resource} {line}"));
        }
    }
    rules.sort_unstable();
    rules
}

#[tokio::test(flavor = "multi_thread")]
async fn kafkas_tool_makes_lists_and_removes_the_same_rules_on_both() {
    let nodes = [Node::start("bundled").await, Node::start("kafka").await];
    let alice = ["--allow-principal", "User:alice"];
    let told = nodes.each_ref().map(|node| {
        let run = |args: &[&[&str]]| acl_command(node, &args.concat());
        let producer = [
            "--add",
            "--producer",
            "--topic",
            "orders",
            "--transactional-id",
            "pay",
        ];
        run(&[&producer, &alice]);
        let consumer = [
            "--add",
            "--consumer",
            "--topic",
            "orders",
            "--group",
            "billing",
        ];
        run(&[&consumer, &["--resource-pattern-type", "prefixed"], &alice]);
        let denied = [
            "--add",
            "--deny-principal",
            "User:*",
            "--deny-host",
            "10.0.0.1",
        ];
        run(&[&denied, &["--operation", "All", "--topic", "*"]]);
        let all = listed(&run(&[&["--list"]]));
        let matching = [
            "--list",
            "--topic",
            "orders-2026",
            "--resource-pattern-type",
            "match",
        ];
        let matching = listed(&run(&[&matching]));
        let removal = ["--remove", "--force", "--topic", "orders", "--producer"];
        run(&[&removal, &alice]);
        run(&[&["--remove", "--force", "--topic", "*"]]);
        let left = listed(&run(&[&["--list"]]));
        (all, matching, left)
    });
    let [(all, matching, left), theirs] = &told;
    assert_eq!((all, matching, left), (&theirs.0, &theirs.1, &theirs.2));
    assert!(
        all.len() > matching.len() && all.len() > left.len() && !left.is_empty(),
        "{all:?}"
    );
}
