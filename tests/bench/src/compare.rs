//! The bundled broker beside Apache Kafka on the same machine: the same client, the same load, runs in turn.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};

use crate::load::{self, Load};
use crate::nodes::Nodes;
use crate::process;
use crate::topics;

const NODES: u32 = 3;
const PARTITIONS: u32 = 6;
/// Runs of each cell and broker, in turn.
const RUNS: usize = 5;
/// Bytes of values that one run writes.
const BYTES: usize = 192 * 1024 * 1024;
/// No run writes more records than this: the client is what takes long then.
const RECORDS: usize = 1_000_000;
const STARTS: Duration = Duration::from_mins(1);
/// What a broker holds once nobody asks anything any more.
const IDLES: Duration = Duration::from_secs(20);

/// One of the two that are compared.
struct Side {
    name: &'static str,
    bootstrap: String,
    pids: Vec<u32>,
}

/// What one run of one side was.
struct Run {
    write_per_s: f64,
    read_per_s: f64,
    waits_ms: Vec<f64>,
    /// Share of all processors that the brokers took while writing, 1 = all.
    brokers: f64,
    /// The same of the client.
    client: f64,
}

/// Prints one row per cell: both sides' medians and their ratio.
pub fn measure(program: &str, dir: &Path) {
    let mut nodes = Nodes::new(program, dir, NODES, &[]);
    nodes.start(&nodes.ids());
    let ours = Side {
        name: "lookout",
        bootstrap: nodes.bootstrap().to_owned(),
        pids: nodes.ids().iter().filter_map(|id| nodes.pid(*id)).collect(),
    };
    let theirs = kafka();
    for side in [&ours, &theirs] {
        await_nodes(&side.bootstrap);
    }
    thread::sleep(IDLES);
    for side in [&ours, &theirs] {
        let each: Vec<String> = side
            .pids
            .iter()
            .map(|pid| format!("{:.0}", process::rss_mib(*pid)))
            .collect();
        println!(
            "idle memory of a node, {}: {} MiB",
            side.name,
            each.join(" ")
        );
    }
    println!(
        "| load | lookout | Apache Kafka | ratio | p50/p99 ms, lookout | Kafka | processors: brokers+client, lookout | Kafka |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for replicas in [1, 3] {
        for acks in ["1", "all"] {
            for size in [100, 1024] {
                let load = Load {
                    size,
                    count: (BYTES / size).min(RECORDS),
                    acks,
                };
                cell(&ours, &theirs, replicas, load);
            }
        }
    }
}

fn cell(ours: &Side, theirs: &Side, replicas: u32, load: Load) {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for n in 0..RUNS {
        a.push(run(ours, replicas, load, n));
        b.push(run(theirs, replicas, load, n));
    }
    for (verb, rate) in [
        ("write", (|run: &Run| run.write_per_s) as fn(&Run) -> f64),
        ("read", |run| run.read_per_s),
    ] {
        let (x, y) = (median(a.iter().map(rate)), median(b.iter().map(rate)));
        let waits = |runs: &[Run]| {
            let mut all: Vec<f64> = runs
                .iter()
                .flat_map(|run| run.waits_ms.iter().copied())
                .collect();
            all.sort_by(f64::total_cmp);
            let at = |percent: usize| {
                all.get(all.len() * percent / 100)
                    .copied()
                    .unwrap_or(f64::NAN)
            };
            format!("{:.1}/{:.1}", at(50), at(99))
        };
        let taken = |runs: &[Run]| {
            format!(
                "{:.0}+{:.0} %",
                100.0 * median(runs.iter().map(|run| run.brokers)),
                100.0 * median(runs.iter().map(|run| run.client))
            )
        };
        let (late, busy) = if verb == "write" {
            ([waits(&a), waits(&b)], [taken(&a), taken(&b)])
        } else {
            Default::default()
        };
        println!(
            "| {verb} {} B, RF {replicas}, acks {} | {} | {} | {:.2} | {} | {} | {} | {} |",
            load.size,
            load.acks,
            rates(x, load.size),
            rates(y, load.size),
            x / y,
            late[0],
            late[1],
            busy[0],
            busy[1]
        );
    }
}

fn run(side: &Side, replicas: u32, load: Load, n: usize) -> Run {
    let topic = format!("load-{replicas}-{}-{}-{n}", load.acks, load.size);
    topics::create(&side.bootstrap, &topic, PARTITIONS, replicas, &[]);
    let cpu = |pids: &[u32]| pids.iter().map(|pid| process::cpu_ms(*pid)).sum::<f64>();
    let me = std::process::id();
    let before = (cpu(&side.pids), process::cpu_ms(me));
    let written = load::write(&side.bootstrap, &topic, load);
    let all_ms =
        written.seconds * 1000.0 * thread::available_parallelism().map_or(1.0, |n| n.get() as f64);
    let brokers = (cpu(&side.pids) - before.0) / all_ms;
    let client = (process::cpu_ms(me) - before.1) / all_ms;
    let partitions = i32::try_from(PARTITIONS).expect("a small number");
    let read = load::read(&side.bootstrap, &topic, partitions, load.count);
    topics::delete(&side.bootstrap, &topic);
    Run {
        write_per_s: load.count as f64 / written.seconds,
        read_per_s: load.count as f64 / read,
        waits_ms: written.waits_ms,
        brokers,
        client,
    }
}

fn rates(per_s: f64, size: usize) -> String {
    format!(
        "{:.0} k/s, {:.0} MB/s",
        per_s / 1000.0,
        per_s * size as f64 / 1e6
    )
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = values.collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The cluster of `tests/interop/kafka`, which the script beside this has started.
fn kafka() -> Side {
    let script = std::env::var("BENCH_KAFKA").expect("BENCH_KAFKA names tests/interop/kafka");
    let said = |command: &str| {
        let out = Command::new(&script)
            .arg(command)
            .output()
            .expect("the script");
        String::from_utf8(out.stdout).expect("text")
    };
    let pids = said("status")
        .lines()
        .filter_map(|row| row.split('\t').nth(2)?.parse().ok())
        .collect();
    Side {
        name: "Apache Kafka",
        bootstrap: said("bootstrap").trim().to_owned(),
        pids,
    }
}

fn await_nodes(bootstrap: &str) {
    let began = Instant::now();
    let client: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .create()
        .expect("settings of a client");
    while client
        .fetch_metadata(None, Duration::from_secs(2))
        .map_or(0, |metadata| metadata.brokers().len())
        < NODES as usize
    {
        assert!(began.elapsed() < STARTS, "{bootstrap} does not serve");
        thread::sleep(Duration::from_millis(100));
    }
}
