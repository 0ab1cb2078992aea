//! Figures on five nodes of Apache Kafka with 1 000 topics of 6 partitions and 200 groups.

use std::path::Path;
use std::process::Command;

use crate::outages::{self, Nodes};
use crate::seat::Seat;
use crate::table::Budget;
use crate::{keys, rest, start};

/// What `tests/bench/run` hands over beside the arguments: the cluster's script, and what fills it.
fn given(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: use tests/bench/run"))
}

pub fn measure(program: &str, directory: &str, sections: &[&str]) {
    let directory = Path::new(directory)
        .canonicalize()
        .expect("the cluster's directory");
    let directory = directory.to_str().expect("a plain path");
    let (script, python, fill) = (
        given("BENCH_KAFKA"),
        given("BENCH_PYTHON"),
        given("BENCH_FILL"),
    );
    let out = Command::new(&script)
        .arg("bootstrap")
        .env("LOOKOUT_KAFKA_DIR", directory)
        .output()
        .expect("the cluster's addresses");
    let bootstrap = String::from_utf8(out.stdout).expect("text");
    let bootstrap = bootstrap.trim();
    let nodes = Nodes {
        script: &script,
        directory,
    };
    for section in sections {
        match *section {
            "start" => start::measure(program, bootstrap, "", Budget::Median(100.0)),
            "rest" => rest::measure(program, bootstrap, &[&python, &fill]),
            "keys" => {
                let mut seat = Seat::settled(program, bootstrap);
                keys::bytes_of_overview(&mut seat);
                seat.goes_to("topics");
                keys::bytes_of_list(&mut seat, "topics");
                keys::latencies(&mut seat, "1 000 topics", Budget::Both(2.0, 8.0));
                keys::bursts(&mut seat, "1 000 topics");
            }
            "outages" => outages::measure(program, bootstrap, &nodes),
            other => panic!("there is no section {other:?}: start rest keys outages"),
        }
    }
}
