//! From the start of a node's process until it serves: it answers Metadata, and lists itself.

use std::thread;
use std::time::{Duration, Instant};

use crate::metadata;

/// A start that takes longer has failed.
const STARTS: Duration = Duration::from_mins(1);
/// Between two attempts: what the figure may be too long by.
const PAUSE: Duration = Duration::from_millis(1);

/// Starts a node by `start` and waits for it; gives the milliseconds.
pub fn milliseconds(address: &str, id: i32, start: impl FnOnce()) -> f64 {
    let began = Instant::now();
    start();
    while !lists_itself(address, id) {
        assert!(began.elapsed() < STARTS, "node {id} does not serve");
        thread::sleep(PAUSE);
    }
    began.elapsed().as_secs_f64() * 1000.0
}

fn lists_itself(address: &str, id: i32) -> bool {
    let said = metadata::ask(address, false);
    said.is_some_and(|said| said.brokers.iter().any(|broker| broker.node_id == id))
}
