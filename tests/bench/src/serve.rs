//! The paper cluster as a process of its own, so that its work is not the program's. Says its addresses, then
//! answers each line of its input with its counts of requests: `API count API count …`.

use std::io::{self, BufRead as _};

use broker::wire::messages::APIS;

use crate::support::canned::{Canned, World};

pub const TOPICS: usize = 10_000;
pub const PARTITIONS: usize = 6;
pub const GROUPS: usize = 1_000;
/// Partitions that each group reads.
pub const READS: usize = 100;
pub const BROKERS: i32 = 5;

pub fn run() {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let world = World::empty(BROKERS)
        .topics(TOPICS, PARTITIONS)
        .groups(GROUPS, READS);
    let canned = runtime.block_on(Canned::start(world));
    println!("{}", canned.bootstrap().join(","));
    // The end of the input is the end of whoever asked.
    for _ in io::stdin().lock().lines() {
        let counts = APIS.iter().map(|api| (api.key, canned.count(api.key)));
        let told = counts.filter(|(_, count)| *count > 0);
        let words: Vec<String> = told.map(|(key, count)| format!("{key} {count}")).collect();
        println!("{}", words.join(" "));
    }
}
