//! The figures of the program: how soon, how much, how often. It only measures what an operator would meet, from
//! outside, in a terminal; it judges nothing but the budgets, and no test depends on it.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "a measurement that fails says so and ends; its output is a table"
)]

mod compare;
mod connections;
mod encrypted;
mod keys;
mod load;
mod metadata;
mod moves;
mod nemesis;
mod nodes;
mod outages;
mod paper;
mod process;
mod real;
mod reassign;
mod rest;
mod seat;
mod sequence;
mod serve;
mod start;
mod starts;
mod table;
mod topics;

#[path = "../../it/support"]
mod support {
    #[expect(
        dead_code,
        clippy::unwrap_used,
        reason = "written for tests, which use more of it and may do more"
    )]
    #[cfg_attr(
        not(test),
        expect(
            clippy::wildcard_imports,
            reason = "written for tests, which may do more"
        )
    )]
    pub mod canned;
    #[expect(
        dead_code,
        reason = "written for tests, which use more of it and may do more"
    )]
    pub mod pty;
}

use std::path::Path;
use std::process::ExitCode;

use sequence::Promise;

const USAGE: &str = "usage: lookout-bench real PROGRAM DIR SECTION... | paper PROGRAM | serve | compare PROGRAM DIR | nemesis PROGRAM DIR ROUNDS SEED all|leader | connections PROGRAM DIR COUNT | tls PROGRAM DIR | reassign PROGRAM DIR
  real    figures on the Kafka cluster that tests/interop/kafka runs in DIR; sections: start rest keys outages
  paper   figures on a cluster of 10 000 topics that a process of its own makes up
  serve   that process
  compare writes to and reads from three nodes of the bundled broker and three of Apache Kafka, in turn
  nemesis writes numbered records to five nodes of the bundled broker while they are broken; `leader` writes with
          acks=1 and unclean elections, where loss must be found
  connections opens so many connections to one node of the bundled broker, at rest and with half a frame each
  tls     reads from one node of the bundled broker through the terminal's own way in, plain and encrypted in turn
  reassign moves 200 partitions between five nodes of the bundled broker under load and a throttle, cancels, and
          kills nodes meanwhile";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["real", program, directory, sections @ ..] => real::measure(program, directory, sections),
        ["paper", program] => paper::measure(program),
        ["serve"] => serve::run(),
        ["compare", program, dir] => compare::measure(program, Path::new(dir)),
        ["connections", program, dir, count] => {
            let count = count.parse().expect("a number of connections");
            connections::measure(program, Path::new(dir), count);
        }
        ["tls", program, dir] => encrypted::measure(program, Path::new(dir)),
        ["reassign", program, dir] => {
            let broken = reassign::play(program, Path::new(dir));
            println!("rounds that broke a promise: {broken}");
            if broken > 0 {
                return ExitCode::FAILURE;
            }
        }
        ["nemesis", program, dir, rounds, seed, promise] => {
            let run = nemesis::Run {
                program,
                dir: Path::new(dir),
                rounds: rounds.parse().expect("a number of rounds"),
                seed: seed.parse().expect("a seed"),
                promise: match *promise {
                    "all" => Promise::Everything,
                    "leader" => Promise::LeaderOnly,
                    other => panic!("`all` or `leader`, not {other:?}"),
                },
            };
            let broken = nemesis::play(&run);
            println!("rounds that broke a promise: {broken}");
            let expected = run.promise == Promise::LeaderOnly;
            return if (broken > 0) == expected {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            };
        }
        _ => println!("{USAGE}"),
    }
    ExitCode::SUCCESS
}
