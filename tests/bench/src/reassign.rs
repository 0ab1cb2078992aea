//! Reassignments of many partitions under load and a throttle: how well the rate is kept, what a cancelled one
//! leaves behind, and whether nodes that are killed meanwhile cost a record.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

use crate::moves::Moves;
use crate::nodes::Nodes;
use crate::sequence::{self, Promise, Promised, Writers};
use crate::topics;

const NODES: u32 = 5;
const PARTITIONS: u32 = 200;
const TOPIC: &str = "moved";
/// Records of each partition before anything moves, and bytes of one.
const RECORDS: u32 = 512;
const RECORD_BYTES: usize = 1024;
/// Numbers of those who wrote them begin here.
const FILLERS: u32 = 1000;
/// Those who write to another topic meanwhile, and to the one that moves.
const WRITERS: u32 = 8;
const INSIDE: u32 = 2;
/// Bytes a second that each node may give and take: while the rate is measured, and otherwise.
const RATES: (u32, u32) = (1_000_000, 4_000_000);
/// A reassignment that takes longer has not ended.
const ENDS: Duration = Duration::from_mins(3);
/// How long a killed node is away.
const AWAY: Duration = Duration::from_secs(6);
/// As long as a rate is measured over, and a little more.
const REST: Duration = Duration::from_secs(12);
const LOOK: Duration = Duration::from_millis(250);

const SETTINGS: [&str; 5] = [
    "broker.session.timeout.ms=2000",
    "broker.heartbeat.interval.ms=300",
    "replica.lag.time.max.ms=5000",
    "replica.fetch.wait.max.ms=200",
    "min.insync.replicas=2",
];

/// What strikes while partitions move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strike {
    Nothing,
    Cancel,
    Destination,
    Source,
    Controller,
}

/// Plays every round; gives how many broke a promise.
pub fn play(program: &str, dir: &Path) -> u32 {
    let settings: Vec<String> = SETTINGS.iter().map(|&line| line.to_owned()).collect();
    let mut nodes = Nodes::new(program, dir, NODES, &settings);
    nodes.start(&nodes.ids());
    topics::create(nodes.bootstrap(), TOPIC, PARTITIONS, 3, &[]);
    let filled = fill(nodes.bootstrap());
    println!(
        "{PARTITIONS} partitions, {} MB a replica, {NODES} nodes",
        filled.len() * RECORD_BYTES / 1_000_000
    );
    let mut promised = Promised {
        acknowledged: filled,
        ..Promised::default()
    };
    let mut broken = 0;
    for strike in [
        Strike::Nothing,
        Strike::Cancel,
        Strike::Destination,
        Strike::Source,
        Strike::Controller,
    ] {
        let kept = round(&mut nodes, strike, &mut promised);
        broken += u32::from(!kept);
    }
    let findings = sequence::check(nodes.bootstrap(), TOPIC, PARTITIONS, &promised);
    println!(
        "{} records acknowledged, {} unknown, {} read; lost {}, doubled {}, reordered {}",
        findings.acknowledged,
        findings.unknown,
        findings.read,
        findings.lost.len(),
        findings.doubled.len(),
        findings.reordered.len()
    );
    broken + u32::from(!findings.is_clean())
}

/// Writes what is to be moved; gives the names of the records.
fn fill(bootstrap: &str) -> Vec<sequence::Name> {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("linger.ms", "20")
        .set("batch.size", "65536")
        .create()
        .expect("settings of a producer");
    let padding = "0".repeat(RECORD_BYTES);
    let mut names = Vec::new();
    for number in 0..RECORDS {
        for partition in 0..PARTITIONS {
            let name = (FILLERS + partition, 0, number);
            let mut text = format!("{} {} {} {padding}", name.0, name.1, name.2);
            text.truncate(RECORD_BYTES);
            let record = || {
                BaseRecord::<str, str>::to(TOPIC)
                    .partition(i32::try_from(partition).expect("a small number"))
                    .payload(&text)
            };
            while producer.send(record()).is_err() {
                producer.poll(Duration::from_millis(10));
            }
            names.push(name);
        }
        producer.poll(Duration::ZERO);
    }
    producer.flush(ENDS).expect("everything is acknowledged");
    names
}

/// Where every partition is to be: its last replica goes to the node that gets the fewest so far.
fn targets(now: &BTreeMap<i32, Vec<i32>>) -> BTreeMap<i32, Vec<i32>> {
    let mut given: BTreeMap<i32, u32> = (1..=NODES)
        .filter_map(|id| Some((i32::try_from(id).ok()?, 0)))
        .collect();
    let mut targets = BTreeMap::new();
    for (partition, replicas) in now {
        let free = given
            .iter_mut()
            .filter(|(node, _)| !replicas.contains(node));
        let mut wanted = replicas.clone();
        if let Some((node, count)) = free.min_by_key(|(_, count)| **count) {
            *count += 1;
            wanted.pop();
            wanted.push(*node);
        }
        targets.insert(*partition, wanted);
    }
    targets
}

/// One reassignment of all partitions under load; gives whether it ended as it should.
fn round(nodes: &mut Nodes, strike: Strike, promised: &mut Promised) -> bool {
    let moves = Moves::new(nodes.bootstrap(), TOPIC);
    let before = moves.replicas();
    let wanted = targets(&before);
    let rate = match strike {
        Strike::Nothing => RATES.0,
        _ => RATES.1,
    };
    // What the round before used is forgotten by then, and gives no room for a burst.
    thread::sleep(REST);
    let name = format!("load-{strike:?}").to_lowercase();
    topics::create(nodes.bootstrap(), &name, WRITERS, 3, &[]);
    let promise = Promise::Everything;
    let load = Writers::start(nodes.bootstrap(), &name, 0..WRITERS, WRITERS, promise);
    let first = strike as u32 * INSIDE;
    let inside = first..first + INSIDE;
    let inside = Writers::start(nodes.bootstrap(), TOPIC, inside, PARTITIONS, promise);
    moves.throttle(Some((rate, &before, &wanted)));
    let began = Instant::now();
    moves.ask(
        &wanted
            .iter()
            .map(|(at, to)| (*at, Some(to.clone())))
            .collect(),
    );
    let told = match strike {
        Strike::Nothing => measured(&moves, &before, rate),
        Strike::Cancel => cancelled(&moves),
        Strike::Destination => killed(nodes, 3, "destination and source"),
        Strike::Source => killed(nodes, leader_of_most(&moves), "leader of most"),
        Strike::Controller => killed(nodes, moves.controller(), "controller"),
    };
    let left = ended(&moves);
    let seconds = began.elapsed().as_secs_f64();
    moves.throttle(None);
    let after = moves.replicas();
    let off = after.iter().filter(|(partition, replicas)| {
        let is_there = wanted.get(partition) == Some(replicas);
        let is_back = strike == Strike::Cancel && before.get(partition) == Some(replicas);
        !is_there && !is_back
    });
    let (off, back) = (
        off.count(),
        after
            .iter()
            .filter(|(at, replicas)| before.get(at) == Some(replicas))
            .count(),
    );
    let findings = sequence::check(nodes.bootstrap(), &name, WRITERS, &load.finish());
    let inside = inside.finish();
    promised.acknowledged.extend(inside.acknowledged);
    promised.unknown += inside.unknown;
    let lost = findings.lost.len();
    println!(
        "{strike:?}: {told}; {seconds:.1} s at {rate} B/s, {left} still move, {back} as before, {off} elsewhere; load: {} acknowledged, lost {lost}",
        findings.acknowledged
    );
    left == 0 && off == 0 && findings.is_clean()
}

/// Waits until nothing moves any more; gives how many partitions still do.
fn ended(moves: &Moves) -> usize {
    let began = Instant::now();
    loop {
        let left = moves.under_way().len();
        if left == 0 || began.elapsed() > ENDS {
            return left;
        }
        thread::sleep(LOOK);
    }
}

/// Bytes a second that new replicas got, while much of it was still to come.
fn measured(moves: &Moves, before: &BTreeMap<i32, Vec<i32>>, rate: u32) -> String {
    let is_new = |node: i32, partition: i32| {
        let had = before.get(&partition);
        had.is_some_and(|replicas| !replicas.contains(&node))
    };
    // The burst of the first second is over by then.
    thread::sleep(Duration::from_secs(3));
    let first = moves.sizes(&is_new);
    let began = Instant::now();
    thread::sleep(Duration::from_secs(10));
    let second = moves.sizes(&is_new);
    let seconds = began.elapsed().as_secs_f64();
    let rates: Vec<f64> = second
        .iter()
        .map(|(node, bytes)| {
            let start = first.get(node).copied().unwrap_or(0);
            (bytes - start) as f64 / seconds
        })
        .collect();
    let of = |number: f64| number / f64::from(rate) * 100.0;
    let least = rates.iter().copied().fold(f64::INFINITY, f64::min);
    let most = rates.iter().copied().fold(0.0, f64::max);
    let all: f64 = rates.iter().sum::<f64>() / rates.len().max(1) as f64;
    format!(
        "each of {} nodes took {:.0} % of its rate over {seconds:.0} s ({:.0} to {:.0})",
        rates.len(),
        of(all),
        of(least),
        of(most)
    )
}

/// Takes back what has not ended once half of it has.
fn cancelled(moves: &Moves) -> String {
    let half = usize::try_from(PARTITIONS / 2).expect("a small number");
    let began = Instant::now();
    while moves.under_way().len() > half {
        assert!(began.elapsed() < ENDS, "not half of it ends");
        thread::sleep(LOOK);
    }
    let left = moves.under_way().into_iter();
    let taken_back = moves.ask(&left.map(|partition| (partition, None)).collect());
    format!("{taken_back} of {PARTITIONS} cancelled")
}

fn leader_of_most(moves: &Moves) -> u32 {
    let mut counts: BTreeMap<i32, u32> = BTreeMap::new();
    for leader in moves.leaders() {
        *counts.entry(leader).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.and_then(|(leader, _)| u32::try_from(leader).ok())
        .unwrap_or(1)
}

/// `kill -9` in the middle of it, and the node comes back.
fn killed(nodes: &mut Nodes, id: u32, what: &str) -> String {
    thread::sleep(Duration::from_secs(2));
    nodes.kill(id);
    let left = Moves::new(nodes.bootstrap(), TOPIC).under_way().len();
    thread::sleep(AWAY);
    nodes.start(&[id]);
    format!("node {id} ({what}) killed with {left} moves under way, back after {AWAY:?}")
}
