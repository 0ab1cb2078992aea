//! The properties of a node of the practice cluster, by Kafka's names. Bounded in size and quick to notice a fault;
//! everything else is Kafka's default. Only text: nothing is written here.

use std::fmt::Write as _;
use std::path::Path;

use super::error::PracticeError;
use super::layout::{Plan, PlannedNode};
use super::ports::Secured;
use super::secure::{self, Vault};

/// What a partition of a topic that says nothing else may keep, and in what portions it goes.
const RETENTION_BYTES: u32 = 8 * 1024 * 1024;
const SEGMENT_BYTES: u32 = 2 * 1024 * 1024;

/// The text of `node.properties`.
pub(super) fn properties(plan: &Plan, node: &PlannedNode, dir: &Path) -> String {
    let copies = plan.nodes.len().min(3);
    let min_isr = if copies == 3 { 2 } else { 1 };
    let voters: Vec<String> = plan
        .nodes
        .iter()
        .map(|node| format!("{}@127.0.0.1:{}", node.id, node.ports.controller))
        .collect();
    let (clients, controller) = (node.ports.clients, node.ports.controller);
    let mut text = String::from("# Written anew at every start.\n");
    let mut set = |key: &str, value: &dyn std::fmt::Display| {
        let _ = writeln!(text, "{key}={value}"); // a String takes any write
    };
    set("node.id", &node.id);
    set("process.roles", &"broker,controller");
    set("controller.quorum.voters", &voters.join(","));
    set("controller.listener.names", &"CONTROLLER");
    let mut told = format!("PLAINTEXT://127.0.0.1:{clients}");
    if let Some(Secured { clients, between }) = node.ports.secured {
        let _ = write!(
            told,
            ",SECURE://127.0.0.1:{clients},INSIDE://127.0.0.1:{between}"
        ); // a String takes any write
    }
    let inside = node.ports.secured.map_or("PLAINTEXT", |_| "INSIDE");
    set("inter.broker.listener.name", &inside);
    set(
        "listeners",
        &format!("{told},CONTROLLER://127.0.0.1:{controller}"),
    );
    set("advertised.listeners", &told);
    set("broker.rack", &node.rack);
    set("log.dirs", &dir.join("data").display());
    set("lookout.cluster.id", &plan.cluster_id);
    set("lookout.fault.file", &dir.join("faults").display());
    let metrics = format!("127.0.0.1:{}", node.ports.metrics);
    set("lookout.metrics.listener", &metrics);
    if let Some(registry) = node.ports.registry {
        set(
            "lookout.registry.listener",
            &format!("127.0.0.1:{registry}"),
        );
    }
    set("auto.create.topics.enable", &false);
    set("default.replication.factor", &copies);
    set("min.insync.replicas", &min_isr);
    set("offsets.topic.num.partitions", &6);
    set("offsets.topic.replication.factor", &copies);
    set("transaction.state.log.num.partitions", &3);
    set("transaction.state.log.replication.factor", &copies);
    set("transaction.state.log.min.isr", &min_isr);
    set("group.initial.rebalance.delay.ms", &0);
    set("log.retention.bytes", &RETENTION_BYTES);
    set("log.segment.bytes", &SEGMENT_BYTES);
    set("log.retention.check.interval.ms", &10_000);
    text
}

/// What a node of a cluster that asks who enters has besides.
pub(super) fn security(vault: &Vault, node: &PlannedNode) -> Result<String, PracticeError> {
    let mut text = String::new();
    let mut set = |key: &str, value: &dyn std::fmt::Display| {
        let _ = writeln!(text, "{key}={value}"); // a String takes any write
    };
    set(
        "listener.security.protocol.map",
        &"PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,INSIDE:SSL,CONTROLLER:SSL",
    );
    set("sasl.enabled.mechanisms", &"SCRAM-SHA-512");
    let (user, password) = (secure::USER, vault.password()?);
    let password = password.reveal();
    let users = format!("SCRAM-SHA-512=[name={user},password={password}]");
    set("lookout.scram.users", &users);
    set("ssl.client.auth", &"required");
    set("ssl.keystore.type", &"PEM");
    set("ssl.keystore.location", &vault.keys(node.id).display());
    set("ssl.truststore.type", &"PEM");
    set("ssl.truststore.location", &vault.authority().display());
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::practice::ports::Ports;

    fn text(nodes: u16) -> String {
        let ports = (1..=nodes).map(|id| Ports {
            clients: 100 + id,
            controller: 200 + id,
            metrics: 300 + id,
            registry: Some(400 + id),
            secured: None,
        });
        let plan = Plan::new("abc".into(), ports.collect());
        properties(&plan, &plan.nodes[0], Path::new("/data/node-1"))
    }

    #[test]
    fn a_node_knows_all_voters_and_its_own_places() {
        let text = text(5);
        let has = |line: &str| text.lines().any(|own| own == line);
        assert!(has("node.id=1"));
        assert!(has("broker.rack=a"));
        assert!(has(
            "controller.quorum.voters=1@127.0.0.1:201,2@127.0.0.1:202,3@127.0.0.1:203,4@127.0.0.1:204,5@127.0.0.1:205"
        ));
        assert!(has(
            "listeners=PLAINTEXT://127.0.0.1:101,CONTROLLER://127.0.0.1:201"
        ));
        assert!(has("lookout.registry.listener=127.0.0.1:401"));
        assert!(has("log.dirs=/data/node-1/data"));
        assert!(has("lookout.fault.file=/data/node-1/faults"));
        assert!(has("offsets.topic.replication.factor=3"));
    }

    #[test]
    fn the_node_takes_every_setting() {
        for nodes in [1, 2, 5, 9] {
            let lines = text(nodes);
            let lines = lines.lines().filter(|line| !line.starts_with('#'));
            let given = lines.map(|line| line.split_once('=').unwrap());
            let given = given.map(|(key, value)| (key.to_owned(), value.to_owned()));
            let config = broker::NodeConfig::from_values(&given.collect()).unwrap();
            assert_eq!(config.node_id, 1);
            assert_eq!(config.quorum.voters.len(), usize::from(nodes));
        }
    }

    #[test]
    fn a_single_node_keeps_one_copy() {
        let text = text(1);
        assert!(text.contains("offsets.topic.replication.factor=1\n"));
        assert!(text.contains("min.insync.replicas=1\n"));
    }
}
