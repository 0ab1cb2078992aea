//! Rounds of writing while nodes are killed, stopped, paused and cut off, chosen by a seed. Ends at the first
//! round that breaks a promise, leaving the nodes' directories to look at.

use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::nodes::Nodes;
use crate::sequence::{self, Findings, Promise, Writers};
use crate::topics;

const NODES: u32 = 5;
const PARTITIONS: u32 = 4;
const WRITERS: u32 = 8;
/// Faults of one round.
const FAULTS: u32 = 3;

/// Kafka's clocks, shortened.
const SETTINGS: [&str; 6] = [
    "broker.session.timeout.ms=2000",
    "broker.heartbeat.interval.ms=300",
    "replica.lag.time.max.ms=2000",
    "replica.fetch.wait.max.ms=200",
    "min.insync.replicas=2",
    "replica.socket.timeout.ms=3000",
];

/// A small generator: the same seed gives the same faults (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    fn node(&mut self) -> u32 {
        u32::try_from(self.below(u64::from(NODES))).expect("a small number") + 1
    }

    fn other(&mut self, than: u32) -> u32 {
        loop {
            let node = self.node();
            if node != than {
                return node;
            }
        }
    }

    fn pause(&mut self, from_ms: u64, to_ms: u64) -> Duration {
        Duration::from_millis(from_ms + self.below(to_ms - from_ms))
    }
}

/// What a run is asked for.
pub struct Run<'a> {
    pub program: &'a str,
    pub dir: &'a Path,
    pub rounds: u32,
    pub seed: u64,
    pub promise: Promise,
}

/// Plays the rounds; gives how many broke a promise.
pub fn play(run: &Run<'_>) -> u32 {
    let settings: Vec<String> = SETTINGS.iter().map(|&line| line.to_owned()).collect();
    let mut nodes = Nodes::new(run.program, run.dir, NODES, &settings);
    nodes.start(&nodes.ids());
    let mut broken = 0;
    for round in 0..run.rounds {
        let seed = run.seed.wrapping_add(u64::from(round));
        let topic = format!("sequence-{seed}");
        let settings: &[(&str, &str)] = match run.promise {
            Promise::Everything => &[],
            Promise::LeaderOnly => &[
                ("min.insync.replicas", "1"),
                ("unclean.leader.election.enable", "true"),
            ],
        };
        topics::create(nodes.bootstrap(), &topic, PARTITIONS, 3, settings);
        let (findings, faults) = self::round(&mut nodes, &topic, run.promise, seed);
        println!(
            "round {round} seed {seed}: {} acknowledged, {} unknown, {} read; lost {}, doubled {}, reordered {}; {}",
            findings.acknowledged,
            findings.unknown,
            findings.read,
            findings.lost.len(),
            findings.doubled.len(),
            findings.reordered.len(),
            faults.join(", ")
        );
        if !findings.is_clean() {
            broken += 1;
            if run.promise == Promise::Everything {
                println!("first: {:?}", first(&findings));
                break;
            }
        }
    }
    broken
}

fn first(findings: &Findings) -> [Option<&sequence::Name>; 3] {
    [
        findings.lost.first(),
        findings.doubled.first(),
        findings.reordered.first(),
    ]
}

fn round(nodes: &mut Nodes, topic: &str, promise: Promise, seed: u64) -> (Findings, Vec<String>) {
    let mut dice = Dice(seed);
    let writers = Writers::start(nodes.bootstrap(), topic, 0..WRITERS, PARTITIONS, promise);
    thread::sleep(dice.pause(500, 1500));
    let mut faults = Vec::new();
    for _ in 0..FAULTS {
        faults.push(strike(nodes, &mut dice));
        thread::sleep(dice.pause(500, 3500));
        if dice.below(2) == 0 {
            heal(nodes);
        }
        thread::sleep(dice.pause(200, 1500));
    }
    heal(nodes);
    let promised = writers.finish();
    let findings = sequence::check(nodes.bootstrap(), topic, PARTITIONS, &promised);
    faults.extend(
        promised
            .errors
            .iter()
            .map(|error| format!("error: {error}")),
    );
    (findings, faults)
}

/// One or two of five, or all at once.
fn strike(nodes: &mut Nodes, dice: &mut Dice) -> String {
    let one = dice.node();
    let two = dice.other(one);
    match dice.below(8) {
        0 => told("kill", &[one], |id| nodes.kill(id)),
        1 => told("kill", &[one, two], |id| nodes.kill(id)),
        2 => told("stop", &[one], |id| nodes.stop(id)),
        3 => told("pause", &[one], |id| nodes.pause(id)),
        4 => told("pause", &[one, two], |id| nodes.pause(id)),
        5 => {
            // Nobody opens connections to it; it opens its own.
            for id in nodes.ids() {
                if id != one {
                    nodes.faults(id, &format!("cut {one}\n"));
                }
            }
            format!("cut to {one}")
        }
        6 => {
            let others: Vec<String> = nodes
                .ids()
                .into_iter()
                .filter(|id| *id != one)
                .map(|id| format!("cut {id}\n"))
                .collect();
            for id in nodes.ids() {
                if id != one {
                    nodes.faults(id, &format!("cut {one}\n"));
                }
            }
            nodes.faults(one, &others.concat());
            format!("cut off {one}")
        }
        _ => told("kill", &nodes.ids(), |id| nodes.kill(id)),
    }
}

fn told(verb: &str, ids: &[u32], mut act: impl FnMut(u32)) -> String {
    for id in ids {
        act(*id);
    }
    format!("{verb} {ids:?}")
}

fn heal(nodes: &mut Nodes) {
    for id in nodes.ids() {
        nodes.faults(id, "");
        nodes.resume(id);
    }
    nodes.start(&nodes.ids());
}
