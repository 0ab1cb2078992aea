//! How soon a key is answered, and with how many bytes.

use std::time::{Duration, Instant};

use crate::seat::{Seat, TERMINAL, count, ms};
use crate::support::pty::{ESC, TAB};
use crate::table::{Budget, row};

const PAGE_DOWN: &str = "\x1b[6~";
const PAGE_UP: &str = "\x1b[5~";
/// Typed into a filter and taken away again.
const WORD: &str = "topic-0012";
const BACKSPACE: &str = "\x7f";
/// A burst of a held key.
const BURST_KEYS: usize = 200;
const BURST_PAUSE: Duration = Duration::from_millis(10);

/// Latencies on the screen that is open.
pub fn latencies(seat: &mut Seat, label: &str, budget: Budget) {
    let rows: Vec<&str> = [["j"; 20], ["k"; 20]].concat();
    let pages = [PAGE_DOWN, PAGE_DOWN, PAGE_DOWN, PAGE_UP, PAGE_UP, PAGE_UP];
    row(
        &format!("key → output: row up and down, {label}"),
        &timed(seat, &rows, 5),
        "ms",
        budget,
    );
    row(
        &format!("key → output: page, {label}"),
        &timed(seat, &pages, 17),
        "ms",
        budget,
    );
    seat.pty.send("/");
    seat.is_quiet();
    let typed: Vec<String> = WORD.chars().map(String::from).collect();
    let mut letters: Vec<&str> = typed.iter().map(String::as_str).collect();
    letters.extend([BACKSPACE; WORD.len()]);
    row(
        &format!("key → output: filter, {label}"),
        &timed(seat, &letters, 5),
        "ms",
        budget,
    );
    seat.pty.send(ESC);
    seat.is_quiet();
}

fn timed(seat: &mut Seat, keys: &[&str], rounds: usize) -> Vec<f64> {
    let mut times = Vec::new();
    for (index, key) in std::iter::repeat_n(keys, rounds).flatten().enumerate() {
        times.extend(seat.answers(key));
        // An uneven hand, so that keys do not fall in step with anything of the program's.
        let pause = 25 + u64::try_from(index * 7 % 31).unwrap_or(0);
        seat.pty.listen_for(Duration::from_millis(pause));
    }
    times
}

/// From the last key of a burst until the last byte that it brings.
pub fn bursts(seat: &mut Seat, label: &str) {
    let mut tails = Vec::new();
    for key in ["j", "k"].repeat(5) {
        let mut last = Instant::now();
        for _ in 0..BURST_KEYS {
            last = Instant::now();
            seat.pty.send(key);
            seat.pty.listen_for(BURST_PAUSE);
        }
        while seat.pty.next_output(Duration::from_millis(80)).is_some() {}
        tails.push(ms(seat.pty.heard_at().saturating_duration_since(last)));
    }
    row(
        &format!("tail after {BURST_KEYS} keys at 100 Hz, {label}"),
        &tails,
        "ms",
        Budget::P95(50.0),
    );
}

/// Bytes of what keys and a new size change on the overview, with the cursor among the brokers.
pub fn bytes_of_overview(seat: &mut Seat) {
    seat.costs(TAB);
    moves(seat, &["j", "k"], "overview");
    resizes(seat, "overview");
}

/// The same, and of pages, on a screen that is one long list.
pub fn bytes_of_list(seat: &mut Seat, label: &str) {
    moves(seat, &["j"], label);
    let pages: Vec<f64> = (0..20).map(|_| seat.costs(PAGE_DOWN)).collect();
    row(
        &format!("bytes: page down, {label}"),
        &pages,
        "B",
        Budget::P95(2500.0),
    );
    resizes(seat, label);
}

fn moves(seat: &mut Seat, keys: &[&str], label: &str) {
    let costs: Vec<f64> = keys
        .iter()
        .cycle()
        .take(20)
        .map(|key| seat.costs(key))
        .collect();
    row(
        &format!("bytes: cursor move, {label}"),
        &costs,
        "B",
        Budget::P95(350.0),
    );
}

/// A terminal that becomes one column narrower.
fn resizes(seat: &mut Seat, label: &str) {
    let (cols, rows) = TERMINAL;
    let repaint = |_| {
        seat.pty.resize(cols + 1, rows);
        seat.is_quiet();
        let before = seat.pty.byte_count();
        seat.pty.resize(cols, rows);
        seat.is_quiet();
        count(seat.pty.byte_count() - before)
    };
    let repaints: Vec<f64> = (0..10).map(repaint).collect();
    row(
        &format!("bytes: resize, {label}"),
        &repaints,
        "B",
        Budget::P95(5000.0),
    );
}
