//! Quotas set and described with Kafka's own tool, and clients of other hands that are held to them. A client
//! without quota would be many times faster on any machine; how much faster is not asked.

use crate::cluster::Cluster;

/// Bytes a second, far below what any machine does.
const RATE: f64 = 400_000.0;
const RECORDS: u32 = 8_000;
const RECORD_BYTES: u32 = 1_000;

/// What is let through at once: ten of the eleven windows of a second.
const BURST_S: f64 = 10.0;

fn configs(cluster: &Cluster, args: &[&str]) -> String {
    cluster.tool("ConfigCommand", args)
}

/// Whose quota, by words of the command line; which; and how the tool names them.
const CASES: [(&str, &str, &str); 6] = [
    ("users=ann", "producer_byte_rate=1024", "'ann'"),
    ("users", "consumer_byte_rate=2048", "default"),
    ("users=ann clients=app", "request_percentage=12.5", "'app'"),
    ("clients=app", "controller_mutation_rate=2.5", "'app'"),
    ("clients", "producer_byte_rate=1.0E9", "default"),
    ("ips=127.0.0.9", "connection_creation_rate=50", "127.0.0.9"),
];

/// `users=ann clients` as arguments.
fn entity(words: &str) -> Vec<&str> {
    let mut args = Vec::new();
    for word in words.split(' ') {
        let (kind, name) = word.split_once('=').unwrap_or((word, ""));
        args.extend(["--entity-type", kind]);
        match name {
            "" => args.push("--entity-default"),
            name => args.extend(["--entity-name", name]),
        }
    }
    args
}

#[test]
fn quotas_are_set_described_and_removed() {
    let cluster = Cluster::healed();
    let change = |words: &str, more: &[&str]| configs(&cluster, &[&entity(words), more].concat());
    for (words, quota, name) in CASES {
        let (key, value) = quota.split_once('=').expect("a key and a value");
        let added = change(words, &["--alter", "--add-config", quota]);
        assert!(added.contains("Completed updating"), "{added}");
        let told = change(words, &["--describe"]);
        let row = told.lines().find(|row| row.contains(key));
        let row = row.unwrap_or_else(|| panic!("no {key}: {told}"));
        assert!(row.contains(name), "{row}");
        let shown = row.split(&format!("{key}=")).nth(1).expect("a value");
        let shown = shown.split([',', ' ']).next().expect("a value");
        let number: f64 = value.parse().expect("a number");
        assert_eq!(shown.parse(), Ok(number), "{row}");
        change(words, &["--alter", "--delete-config", key]);
        let gone = change(words, &["--describe"]);
        assert!(!gone.contains(key), "{gone}");
    }
    let wrong = ["--alter", "--add-config", "producer_byte_rate=1"];
    let wrong = [&entity("ips=127.0.0.9"), &wrong[..]].concat();
    let refused = cluster.tool_refuses("ConfigCommand", &wrong);
    assert!(!refused.is_empty());
}

/// Sets quotas of a client id, or removes them.
fn hold(cluster: &Cluster, quotas: Option<&str>) {
    let client = [
        "--entity-type",
        "clients",
        "--entity-name",
        "held",
        "--alter",
    ];
    let change = match quotas {
        Some(quotas) => ["--add-config", quotas],
        None => ["--delete-config", "producer_byte_rate,consumer_byte_rate"],
    };
    configs(cluster, &[&client[..], &change].concat());
}

fn writes(cluster: &Cluster, client_id: &str) -> (f64, f64) {
    let records = RECORDS.to_string();
    let (size, id) = (RECORD_BYTES.to_string(), format!("client.id={client_id}"));
    let said = cluster.tool(
        "ProducerPerformance",
        &[
            "--topic",
            "quotas-held",
            "--num-records",
            &records,
            "--record-size",
            &size,
            "--throughput",
            "-1",
            "--producer-props",
            &id,
            "acks=all",
            "--print-metrics",
        ],
    );
    // 8000 records sent, 660.2 records/sec (0.63 MB/sec), …
    let mut rates = said.lines().filter(|row| row.contains("records sent"));
    let last = rates.next_back().unwrap_or_else(|| panic!("{said}"));
    let rate = last
        .split(" records/sec")
        .next()
        .and_then(|row| row.rsplit(' ').next());
    let rate: f64 = rate.expect("a rate").parse().expect("a rate");
    let throttle = said
        .lines()
        .find(|row| row.contains("produce-throttle-time-max:"))
        .and_then(|row| row.rsplit(": ").next());
    let throttle = throttle.unwrap_or_else(|| panic!("no throttle time: {said}"));
    let seconds = f64::from(RECORDS) / rate;
    (seconds, throttle.trim().parse().expect("milliseconds"))
}

#[test]
fn producers_and_consumers_are_held_to_their_rates_and_say_so() {
    let cluster = Cluster::healed();
    // One partition: the quota is each broker's own.
    let one = ["--partitions", "1", "--replication-factor", "3"];
    cluster.tool(
        "TopicCommand",
        &[&["--create", "--topic", "quotas-held"][..], &one].concat(),
    );
    let bytes = f64::from(RECORDS * RECORD_BYTES);
    let least = bytes / RATE - BURST_S;
    let (_, free) = writes(&cluster, "free");
    assert!(free < 1.0, "throttled for {free} ms without a quota");
    hold(
        &cluster,
        Some(&format!(
            "producer_byte_rate={RATE},consumer_byte_rate={RATE}"
        )),
    );
    let (seconds, throttled) = writes(&cluster, "held");
    assert!(seconds > least, "{bytes} bytes in {seconds} s");
    assert!(throttled > 0.0, "the producer was not told");
    let (seconds, told) = cluster.reads_throttled("quotas-held", "held", 2 * RECORDS);
    assert!(seconds > 2.0 * bytes / RATE - BURST_S, "{seconds} s");
    assert!(told > 0, "the consumer was not told");
    hold(&cluster, None);
    let (_, told) = cluster.reads_throttled("quotas-held", "held", 2 * RECORDS);
    assert_eq!(told, 0);
}
