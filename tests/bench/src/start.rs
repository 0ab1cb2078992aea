//! How soon there is something to see.

use crate::seat::{Seat, headless, ms};
use crate::table::{Budget, row};

const RUNS: usize = 20;

pub fn measure(program: &str, bootstrap: &str, label: &str) {
    let (mut paint, mut data) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let mut seat = Seat::take(program, bootstrap);
        seat.pty.wait_for("lookout");
        paint.push(ms(seat.pty.heard_at() - seat.began));
        seat.pty.wait_for("brokers 5/5");
        data.push(ms(seat.pty.heard_at() - seat.began));
    }
    row(
        &format!("exec → first paint{label}"),
        &paint,
        "ms",
        Budget::Median(30.0),
    );
    row(
        &format!("exec → `brokers 5/5`{label}"),
        &data,
        "ms",
        Budget::Median(100.0),
    );
    let brokers: Vec<f64> = (0..RUNS)
        .map(|_| headless(program, "brokers", bootstrap))
        .collect();
    row(
        &format!("`lookout brokers`, whole run{label}"),
        &brokers,
        "ms",
        Budget::None,
    );
}
