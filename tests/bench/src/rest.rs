//! What the program costs while nobody types: memory, processor, bytes to the terminal.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::process;
use crate::seat::{Seat, count};
use crate::table::{Budget, row};

/// The first rounds of every poller are over by then.
const SETTLES: Duration = Duration::from_secs(30);
const MINUTE: Duration = Duration::from_mins(1);
/// Terminals side by side: each costs next to nothing.
const SEATS: usize = 3;

/// A minute of several terminals at once.
struct Minute {
    bytes: Vec<f64>,
    cpu: Vec<f64>,
    wakeups: Vec<f64>,
}

pub fn measure(program: &str, bootstrap: &str, fill: &[&str]) {
    let mut seats: Vec<Seat> = (0..SEATS)
        .map(|_| Seat::settled(program, bootstrap))
        .collect();
    pass(&mut seats, SETTLES);
    let memory = seats
        .iter()
        .map(|seat| process::rss_mib(seat.pty.pid()))
        .collect::<Vec<_>>();
    row(
        "RSS after 30 s, overview, 1 000 topics",
        &memory,
        "MiB",
        Budget::P95(30.0),
    );
    let still = minute(&mut seats);
    row(
        "bytes: still minute, overview",
        &still.bytes,
        "B",
        Budget::P95(200.0),
    );
    row("processor, still minute", &still.cpu, "%", Budget::P95(0.5));
    row("wakeups, still minute", &still.wakeups, "/s", Budget::None);
    let mut traffic = traffic(fill, bootstrap);
    pass(&mut seats, Duration::from_secs(10));
    let live = minute(&mut seats);
    traffic
        .kill()
        .and_then(|()| traffic.wait())
        .expect("the end of the traffic");
    row(
        "bytes: minute with lag that grows, overview",
        &live.bytes,
        "B",
        Budget::P95(8000.0),
    );
    row(
        "processor, minute with lag that grows",
        &live.cpu,
        "%",
        Budget::P95(0.5),
    );
    for seat in &mut seats {
        seat.goes_to("topics");
        for _ in 0..40 {
            seat.pty.send("\x1b[6~");
            seat.pty.next_output(Duration::from_millis(300));
        }
    }
    let memory = seats
        .iter()
        .map(|seat| process::rss_mib(seat.pty.pid()))
        .collect::<Vec<_>>();
    row(
        "RSS after paging through 1 000 topics",
        &memory,
        "MiB",
        Budget::P95(30.0),
    );
}

fn minute(seats: &mut [Seat]) -> Minute {
    let at = |seat: &Seat| {
        let pid = seat.pty.pid();
        [
            count(seat.pty.byte_count()),
            process::cpu_ms(pid),
            process::wakeups(pid),
        ]
    };
    let before: Vec<_> = seats.iter().map(at).collect();
    pass(seats, MINUTE);
    let spent = |field: usize, scale: f64| {
        let pairs = seats.iter().zip(&before);
        pairs
            .map(|(seat, before)| (at(seat)[field] - before[field]) * scale)
            .collect()
    };
    let seconds = MINUTE.as_secs_f64();
    Minute {
        bytes: spent(0, 1.0),
        cpu: spent(1, 0.1 / seconds),
        wakeups: spent(2, 1.0 / seconds),
    }
}

/// Lets time pass for all of them. Terminals hold more than any of them says in a minute.
fn pass(seats: &mut [Seat], span: Duration) {
    let Some((first, others)) = seats.split_first_mut() else {
        return;
    };
    first.pty.listen_for(span);
    for seat in others {
        seat.pty.listen_for(Duration::from_millis(20));
    }
}

/// Records that flow until the process is ended.
fn traffic(fill: &[&str], bootstrap: &str) -> Child {
    let (python, script) = (fill[0], fill[1]);
    Command::new(python)
        .args([script, bootstrap, "traffic"])
        .stdout(Stdio::null())
        .spawn()
        .expect("the producer")
}
