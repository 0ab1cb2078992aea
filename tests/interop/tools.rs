//! Kafka's own tools and other people's clients against the cluster, whoever plays its nodes: what one of them
//! writes another must read, and every answer must be one they accept.

use std::path::PathBuf;

use crate::cluster::Cluster;

const RECORDS: usize = 500;

#[test]
fn clients_of_other_hands_write_read_and_administer() {
    let cluster = Cluster::healed();
    let said = cluster.other_clients();
    for client in ["confluent-kafka", "kafka-python", "kcat"] {
        assert!(said.contains(&format!("{client}: ok")), "{said}");
    }
}

#[test]
fn confluents_serializers_use_the_registry_of_the_nodes() {
    let cluster = Cluster::healed();
    if !cluster.is_bundled() {
        return;
    }
    let said = cluster.schemas();
    for part in ["avro", "json", "protobuf", "registry"] {
        assert!(said.contains(&format!("{part}: ok")), "{said}");
    }
}

#[test]
fn topics_are_made_grown_described_and_deleted() {
    let cluster = Cluster::healed();
    let topics = |args: &[&str]| cluster.tool("TopicCommand", args);
    topics(&[
        "--create",
        "--topic",
        "tools-grow",
        "--partitions",
        "3",
        "--replication-factor",
        "3",
    ]);
    topics(&["--alter", "--topic", "tools-grow", "--partitions", "5"]);
    let partitions = cluster.topic("tools-grow");
    assert_eq!(partitions.len(), 5);
    for partition in &partitions {
        assert_eq!(partition.replicas.len(), 3, "{partition:?}");
        assert_eq!(
            partition.leader,
            partition.replicas.first().copied(),
            "{partition:?}"
        );
        let mut racks: Vec<u32> = partition.replicas.iter().map(|id| (id - 1) % 3).collect();
        racks.sort_unstable();
        assert_eq!(racks, [0, 1, 2], "one replica in each rack: {partition:?}");
    }
    topics(&["--delete", "--topic", "tools-grow"]);
    assert!(!topics(&["--list"]).lines().any(|name| name == "tools-grow"));
}

#[test]
fn what_a_console_producer_writes_a_console_consumer_reads() {
    let cluster = Cluster::healed();
    cluster.make_topic("tools-console", &[]);
    let lines: Vec<String> = (0..RECORDS).map(|n| format!("key-{n}:value-{n}")).collect();
    let produce = [
        "--topic",
        "tools-console",
        "--reader-property",
        "parse.key=true",
        "--reader-property",
        "key.separator=:",
        "--compression-codec",
        "zstd",
    ];
    cluster.tool_with("ConsoleProducer", &produce, &(lines.join("\n") + "\n"));
    let consume = [
        "--topic",
        "tools-console",
        "--from-beginning",
        "--max-messages",
        &RECORDS.to_string(),
        "--timeout-ms",
        "30000",
        "--formatter-property",
        "print.key=true",
        "--formatter-property",
        "key.separator=:",
    ];
    let mut read: Vec<String> = cluster
        .tool("consumer.ConsoleConsumer", &consume)
        .lines()
        .map(str::to_owned)
        .collect();
    read.sort();
    let mut written = lines;
    written.sort();
    assert_eq!(read, written);

    let ends = cluster.tool("GetOffsetShell", &["--topic", "tools-console"]);
    let total: usize = ends
        .lines()
        .filter_map(|row| row.rsplit(':').next()?.parse::<usize>().ok())
        .sum();
    assert_eq!(total, RECORDS, "{ends}");
}

#[test]
fn verifiable_clients_agree_and_the_group_is_described_and_deleted() {
    let cluster = Cluster::healed();
    cluster.make_topic("tools-verified", &[]);
    let count = RECORDS.to_string();
    let sent = cluster.tool(
        "VerifiableProducer",
        &[
            "--topic",
            "tools-verified",
            "--max-messages",
            &count,
            "--acks",
            "-1",
        ],
    );
    assert!(sent.contains(&format!("\"acked\":{count}")), "{sent}");
    let read = cluster.tool(
        "VerifiableConsumer",
        &[
            "--topic",
            "tools-verified",
            "--group-id",
            "tools-checkers",
            "--max-messages",
            &count,
            "--reset-policy",
            "earliest",
        ],
    );
    assert!(
        read.contains("partitions_assigned") && read.contains("offsets_committed"),
        "{read}"
    );

    let groups = |args: &[&str]| cluster.tool("consumer.group.ConsumerGroupCommand", args);
    let described = groups(&["--describe", "--group", "tools-checkers", "--offsets"]);
    let lags: Vec<&str> = described
        .lines()
        .filter(|row| row.starts_with("tools-checkers"))
        .filter_map(|row| row.split_whitespace().nth(5))
        .collect();
    assert!(
        !lags.is_empty() && lags.iter().all(|lag| *lag == "0"),
        "{described}"
    );
    let state = groups(&["--describe", "--group", "tools-checkers", "--state"]);
    assert!(state.contains("Empty"), "{state}");
    groups(&[
        "--delete-offsets",
        "--group",
        "tools-checkers",
        "--topic",
        "tools-verified",
    ]);
    groups(&["--delete", "--group", "tools-checkers"]);
    assert!(!groups(&["--list"]).contains("tools-checkers"));
}

#[test]
fn settings_are_described_and_altered() {
    let cluster = Cluster::healed();
    cluster.make_topic("tools-settings", &[]);
    let configs = |args: &[&str]| cluster.tool("ConfigCommand", args);
    let topic = ["--entity-type", "topics", "--entity-name", "tools-settings"];
    configs(
        &[
            &topic[..],
            &[
                "--alter",
                "--add-config",
                "retention.ms=3600000,cleanup.policy=[compact,delete]",
            ],
        ]
        .concat(),
    );
    let told = configs(&[&topic[..], &["--describe"]].concat());
    assert!(
        told.contains("retention.ms=3600000") && told.contains("cleanup.policy=compact,delete"),
        "{told}"
    );
    configs(&[&topic[..], &["--alter", "--delete-config", "retention.ms"]].concat());
    let all = configs(&[&topic[..], &["--describe", "--all"]].concat());
    assert!(all.contains("retention.ms=604800000"), "{all}");
    assert!(all.contains("min.insync.replicas=1"), "{all}");
    let broker = configs(&[
        "--entity-type",
        "brokers",
        "--entity-name",
        "1",
        "--describe",
        "--all",
    ]);
    assert!(
        broker.contains("log.dirs=") && broker.contains("node.id=1"),
        "{broker}"
    );
    let refused = cluster.tool_refuses(
        "ConfigCommand",
        &[
            &topic[..],
            &["--alter", "--add-config", "retention.ms=soon"],
        ]
        .concat(),
    );
    assert!(refused.contains("retention.ms"), "{refused}");
}

#[test]
fn the_quorum_the_versions_and_the_log_directories_are_described() {
    let cluster = Cluster::healed();
    let status = cluster.tool("MetadataQuorumCommand", &["describe", "--status"]);
    assert!(
        status.contains("LeaderId:") && status.contains("CurrentVoters:"),
        "{status}"
    );
    let replication = cluster.tool("MetadataQuorumCommand", &["describe", "--replication"]);
    assert_eq!(
        replication
            .lines()
            .filter(|row| row.contains("\tLeader"))
            .count(),
        1,
        "{replication}"
    );
    let versions = cluster.tool("BrokerApiVersionsCommand", &[]);
    assert_eq!(versions.matches("Fetch(1):").count(), 5, "{versions}");
    let dirs = cluster.tool("LogDirsCommand", &["--describe", "--topic-list", "orders"]);
    assert!(
        dirs.contains("\"partition\":\"orders-0\"") && dirs.contains("\"error\":null"),
        "{dirs}"
    );
    let id = cluster.tool_after("ClusterTool", "cluster-id");
    assert!(id.contains("Cluster ID:"), "{id}");
}

#[test]
fn records_are_deleted_up_to_an_offset() {
    let cluster = Cluster::healed();
    // One partition, so that all records are in it.
    let create = [
        "--create",
        "--topic",
        "tools-trim",
        "--replica-assignment",
        "3:4:5",
    ];
    cluster.tool("TopicCommand", &create);
    cluster.tool(
        "VerifiableProducer",
        &[
            "--topic",
            "tools-trim",
            "--max-messages",
            "300",
            "--acks",
            "-1",
        ],
    );
    let file = cluster.scratch("trim").join("offsets.json");
    let text = r#"{"partitions":[{"topic":"tools-trim","partition":0,"offset":40}],"version":1}"#;
    std::fs::write(&file, text).expect("a file of ours");
    let said = cluster.tool(
        "DeleteRecordsCommand",
        &["--offset-json-file", file.to_str().expect("a path")],
    );
    assert!(said.contains("low_watermark: 40"), "{said}");
    let starts = cluster.tool("GetOffsetShell", &["--topic", "tools-trim", "--time", "-2"]);
    assert!(
        starts.lines().any(|row| row == "tools-trim:0:40"),
        "{starts}"
    );
}

#[test]
fn kafkas_own_reader_of_files_finds_nothing_wrong() {
    let cluster = Cluster::healed();
    cluster.make_topic(
        "tools-files",
        &[
            "--config",
            "segment.bytes=1048576",
            "--config",
            "index.interval.bytes=512",
        ],
    );
    let load = [
        "--topic",
        "tools-files",
        "--num-records",
        "9000",
        "--record-size",
        "1000",
        "--throughput",
        "-1",
    ];
    cluster.tool("ProducerPerformance", &load);
    let mut logs: Vec<PathBuf> = cluster.files("tools-files-0", "log");
    logs.extend(cluster.files("tools-files-0", "index"));
    logs.extend(cluster.files("tools-files-0", "timeindex"));
    assert!(logs.len() > 6, "several segments: {logs:?}");
    let said = cluster.dump(&["--deep-iteration"], &logs);
    assert!(
        said.contains("lastOffset: ") || said.contains("offset: "),
        "{said}"
    );
    for wrong in [
        "Mismatches",
        "corrupt",
        "isvalid: false",
        "Found timestamp mismatch",
        "out of order",
        "Exception",
    ] {
        assert!(!said.contains(wrong), "{wrong}: {said}");
    }
    let offsets: Vec<PathBuf> = (0..6)
        .flat_map(|n| cluster.files(&format!("__consumer_offsets-{n}"), "log"))
        .collect();
    let said = cluster.dump(&["--offsets-decoder"], &offsets);
    assert!(
        said.contains("billing") && !said.contains("Exception"),
        "{said}"
    );
}
