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
use crate::starts;
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
/// A session of a broker that was stopped is over: until then Kafka lets no new process of it in.
const FORGETS: Duration = Duration::from_secs(10);
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
    /// Who took the processors while writing.
    writing: Taken,
    /// Who took them while reading.
    reading: Taken,
}

/// Shares of all processors, 1 = all of them.
#[derive(Clone, Copy)]
struct Taken {
    brokers: f64,
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
    starts(&mut nodes, &theirs);
    let ours = Side {
        pids: nodes.ids().iter().filter_map(|id| nodes.pid(*id)).collect(),
        ..ours
    };
    let theirs = Side {
        pids: kafka().pids,
        ..theirs
    };
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
    let rows = [
        (
            "write",
            (|run| run.write_per_s) as fn(&Run) -> f64,
            (|run| run.writing) as fn(&Run) -> Taken,
        ),
        ("read", |run| run.read_per_s, |run| run.reading),
    ];
    for (verb, rate, taken) in rows {
        let (x, y) = (median(a.iter().map(rate)), median(b.iter().map(rate)));
        let late = |runs| match verb {
            "write" => waits(runs),
            _ => String::new(),
        };
        println!(
            "| {verb} {} B, RF {replicas}, acks {} | {} | {} | {:.2} | {} | {} | {} | {} |",
            load.size,
            load.acks,
            rates(x, load.size),
            rates(y, load.size),
            x / y,
            late(&a),
            late(&b),
            shares(a.iter().map(taken)),
            shares(b.iter().map(taken)),
        );
    }
}

/// Median and 99th percentile over the records of all runs.
fn waits(runs: &[Run]) -> String {
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
}

fn shares(taken: impl Iterator<Item = Taken> + Clone) -> String {
    format!(
        "{:.0}+{:.0} %",
        100.0 * median(taken.clone().map(|taken| taken.brokers)),
        100.0 * median(taken.map(|taken| taken.client))
    )
}

fn run(side: &Side, replicas: u32, load: Load, n: usize) -> Run {
    let topic = format!("load-{replicas}-{}-{}-{n}", load.acks, load.size);
    topics::create(&side.bootstrap, &topic, PARTITIONS, replicas, &[]);
    let (written, writing) = taken(side, || {
        let written = load::write(&side.bootstrap, &topic, load);
        (written.seconds, written)
    });
    let partitions = i32::try_from(PARTITIONS).expect("a small number");
    let (read, reading) = taken(side, || {
        let seconds = load::read(&side.bootstrap, &topic, partitions, load.count);
        (seconds, seconds)
    });
    topics::delete(&side.bootstrap, &topic);
    Run {
        write_per_s: load.count as f64 / written.seconds,
        read_per_s: load.count as f64 / read,
        waits_ms: written.waits_ms,
        writing,
        reading,
    }
}

/// Who took the processors during the seconds of `work`.
fn taken<T>(side: &Side, work: impl FnOnce() -> (f64, T)) -> (T, Taken) {
    let brokers = || {
        side.pids
            .iter()
            .map(|pid| process::cpu_ms(*pid))
            .sum::<f64>()
    };
    let client = || process::cpu_ms(std::process::id());
    let before = (brokers(), client());
    let (seconds, done) = work();
    let all_ms = seconds * 1000.0 * thread::available_parallelism().map_or(1.0, |n| n.get() as f64);
    let taken = Taken {
        brokers: (brokers() - before.0) / all_ms,
        client: (client() - before.1) / all_ms,
    };
    (done, taken)
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

/// Stops one node of each side in order and starts it again, in turn; its data lie on the disk.
fn starts(nodes: &mut Nodes, theirs: &Side) {
    let script = std::env::var("BENCH_KAFKA").expect("BENCH_KAFKA names tests/interop/kafka");
    let script = |command: &str| {
        let mut call = Command::new(&script);
        call.args([command, &NODES.to_string()]);
        call
    };
    let id = i32::try_from(NODES).expect("a small number");
    let last = |bootstrap: &str| bootstrap.rsplit(',').next().unwrap_or(bootstrap).to_owned();
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        nodes.stop(NODES);
        script("stop").status().expect("the script");
        thread::sleep(FORGETS);
        let address = last(nodes.bootstrap());
        a.push(starts::milliseconds(&address, id, || nodes.start(&[NODES])));
        let mut starting = None;
        b.push(starts::milliseconds(&last(&theirs.bootstrap), id, || {
            starting = script("start").spawn().ok();
        }));
        starting.map(|mut script| script.wait());
    }
    let (x, y) = (median(a.into_iter()), median(b.into_iter()));
    println!(
        "start of a node until it serves, data on disk: lookout {x:.0} ms, Apache Kafka {y:.0} ms, ratio {:.0}",
        y / x
    );
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
