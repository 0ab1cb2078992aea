//! Settings that cannot be: every refusal names its key.

use std::collections::BTreeMap;

use broker::NodeConfig;

fn with(changes: &[(&str, &str)]) -> Result<NodeConfig, String> {
    let start = [
        ("node.id", "1"),
        ("process.roles", "broker,controller"),
        ("controller.listener.names", "CONTROLLER"),
        ("controller.quorum.voters", "1@h:2"),
        ("listeners", "PLAINTEXT://h:1,CONTROLLER://:2"),
    ];
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    for (key, value) in start.iter().chain(changes) {
        values.insert((*key).to_owned(), (*value).to_owned());
    }
    NodeConfig::from_values(&values).map_err(|all| {
        let all: Vec<String> = all.iter().map(ToString::to_string).collect();
        all.join("\n")
    })
}

/// Key, value, and what is told of it.
const REFUSED: &[(&str, &str, &str)] = &[
    ("node.id", "", "whole number"),
    ("node.id", "-1", "at least 0"),
    ("node.id", "one", "whole number"),
    ("broker.id", "2", "is not node.id"),
    ("process.roles", "", "is missing"),
    ("process.roles", "zookeeper", "broker, controller"),
    ("controller.quorum.voters", "", "is missing"),
    ("controller.quorum.voters", "2@h:2", "no voter"),
    ("controller.quorum.voters", "1@h:2,1@i:2", "twice"),
    ("controller.quorum.voters", "1@h", "id@host:port"),
    ("controller.quorum.voters", "1@:2", "id@host:port"),
    ("controller.listener.names", "", "is missing"),
    ("listeners", "PLAINTEXT://h:1", "CONTROLLER"),
    ("listeners", "CONTROLLER://h:1", "clients"),
    (
        "listeners",
        "PLAINTEXT://h:1,CONTROLLER://h:1",
        "share port 1",
    ),
    (
        "listeners",
        "PLAINTEXT://h:1,PLAINTEXT://h:3,CONTROLLER://h:2",
        "two listeners",
    ),
    (
        "listeners",
        "PLAINTEXT://h:99999,CONTROLLER://h:2",
        "NAME://host:port",
    ),
    ("listeners", "h:1", "NAME://host:port"),
    ("advertised.listeners", "OUTSIDE://h:1", "not one of"),
    (
        "advertised.listeners",
        "PLAINTEXT://0.0.0.0:1",
        "no client can reach",
    ),
    ("inter.broker.listener.name", "INSIDE", "not one of"),
    (
        "inter.broker.listener.name",
        "CONTROLLER",
        "controllers' listener",
    ),
    (
        "listener.security.protocol.map",
        "PLAINTEXT:TLS,CONTROLLER:PLAINTEXT",
        "no such protocol TLS",
    ),
    (
        "listener.security.protocol.map",
        "PLAINTEXT:PLAINTEXT",
        "CONTROLLER",
    ),
    (
        "listener.name.PLAINTEXT.ssl.client.auth",
        "required",
        "small letters",
    ),
    (
        "listener.name.plaintext.ssl.client.auth",
        "perhaps",
        "required",
    ),
    ("log.dirs", "/a,/b,/a", "twice"),
    ("lookout.metrics.listener", "nowhere", "address:port"),
    ("lookout.registry.listener", "nowhere", "address:port"),
    (
        "broker.heartbeat.interval.ms",
        "10000",
        "above broker.session.timeout.ms",
    ),
    ("broker.session.timeout.ms", "0", "above zero"),
    (
        "replica.fetch.wait.max.ms",
        "40000",
        "replica.lag.time.max.ms",
    ),
    ("num.partitions", "0", "at least 1"),
    ("num.partitons", "1", "num.partitions"),
];

#[test]
fn what_cannot_be_is_refused_with_the_key_named() {
    for &(key, value, told) in REFUSED {
        let refused = with(&[(key, value)]).expect_err(&format!("{key}={value}"));
        assert!(refused.contains(key), "{key}={value}: {refused}");
        assert!(refused.contains(told), "{key}={value}: {refused}");
    }
}

#[test]
fn all_bad_values_are_told_at_once() {
    let refused = with(&[("num.partitions", "0"), ("num.io.threads", "x")]).unwrap_err();
    assert_eq!(refused.lines().count(), 2, "{refused}");
}

#[test]
fn what_is_not_given_is_kafkas_default() {
    let config = with(&[("log.dir", "/a")]).unwrap();
    assert_eq!(config.number("broker.session.timeout.ms"), 9000);
    assert!(config.flag("auto.create.topics.enable"));
    assert_eq!(config.metadata_log_dir, config.log_dirs[0]);
    assert_eq!(config.inter_broker_listener, "PLAINTEXT");
    assert_eq!(config.listeners[0].advertised, ("h".to_owned(), 1));
}

#[test]
fn a_setting_of_the_command_line_goes_before_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("p");
    let text = "node.id=1\nprocess.roles=broker,\\\n  controller\ncontroller.listener.names=C\n\
                controller.quorum.voters=1@h\\:2\nlisteners=PLAINTEXT://h:1,C://h:2\nnum.partitions=3\n";
    std::fs::write(&file, text).unwrap();
    let config = NodeConfig::load(Some(&file), &["num.partitions=5".to_owned()]).unwrap();
    assert_eq!(config.number("num.partitions"), 5);
    assert!(NodeConfig::load(Some(&file), &["num.partitions".to_owned()]).is_err());
    assert!(NodeConfig::load(Some(&dir.path().join("none")), &[]).is_err());
}
