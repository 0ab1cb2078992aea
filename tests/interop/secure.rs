//! Every way in: TLS, client certificates, PLAIN, SCRAM and OAUTHBEARER, at Apache Kafka and at the bundled broker. The
//! program's own reading and writing are told in [`own`]; here Kafka's console tools and confluent-kafka enter the
//! bundled broker. `tests/interop/secure` fetches what is needed.

#![cfg(test)]

mod doors;
mod own;
mod rotten;
mod turnstile;

use std::fmt::Write as _;
use std::process::Command;

use doors::{Maker, Node, TOKEN, WAYS, Way, root};

const RECORDS: usize = 100;
const TOPIC: &str = "secure";

#[test]
fn clients_of_other_hands_enter_by_every_way() {
    let node = Node::start(Maker::Bundled);
    let open = node.address("OPEN");
    let create = ["--bootstrap-server", &open, "--create", "--topic", TOPIC];
    Node::tool("TopicCommand", &create, "");
    for (at, way) in WAYS.into_iter().enumerate() {
        let bootstrap = node.address(way.name);
        let properties = node.client_properties(way);
        let lines = (0..RECORDS).fold(String::new(), |mut lines, n| {
            writeln!(lines, "{}-{n}", way.name).unwrap();
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
        Node::tool("ConsoleProducer", &enter, &lines);
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
        let said = Node::tool("consumer.ConsoleConsumer", &read, "");
        assert!(
            said.lines()
                .any(|line| line == format!("{}-{}", way.name, RECORDS - 1)),
            "{said}"
        );
        by_librdkafka(&node, way);
    }
}

/// confluent-kafka writes to a topic of its own and reads it, by this way.
fn by_librdkafka(node: &Node, way: Way) {
    let python = root().join("tests/interop/.cache/venv/bin/python");
    let done = Command::new(python)
        .arg(root().join("tests/interop/secure_clients.py"))
        .arg(node.address(way.name))
        .args([
            way.protocol,
            way.mechanism,
            if way.name == "MTLS" { "alice" } else { "" },
        ])
        .arg(&node.dir)
        .arg(root().join(TOKEN))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.success() && said.contains("ok"),
        "{}: {said}{errors}",
        way.name
    );
}
