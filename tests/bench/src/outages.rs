//! How soon a broker that dies, hangs or returns is seen.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, thread};

use vt100::Screen;

use crate::keys;
use crate::metadata;
use crate::seat::Seat;
use crate::support::pty::rows;
use crate::table::{Budget, row};

/// Each of these is killed, and frozen, once; none of them votes.
const VICTIMS: [u32; 4] = [4, 5, 4, 5];
/// A restarted broker reads thousands of logs, on a busy machine.
const RETURNS: Duration = Duration::from_mins(5);

/// The nodes of `tests/interop/kafka`.
pub struct Nodes<'a> {
    pub script: &'a str,
    pub directory: &'a str,
}

impl Nodes<'_> {
    /// Signals a node itself; the moment is the one at which the kernel has it.
    fn signal(&self, name: &str, id: u32) -> Instant {
        let file = Path::new(self.directory).join(id.to_string()).join("pid");
        let pid = fs::read_to_string(file).expect("the node's process id");
        let ours = fs::read_to_string(format!("/proc/{}/cmdline", pid.trim()));
        assert!(
            ours.is_ok_and(|line| line.contains(self.directory)),
            "node {id} does not run"
        );
        let sent = Command::new("kill").args([name, pid.trim()]).status();
        assert!(
            sent.is_ok_and(|status| status.success()),
            "no signal to node {id}"
        );
        Instant::now()
    }

    /// Starts nodes again; returns when they serve.
    fn start(&self, ids: &[u32]) {
        let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
        let started = Command::new(self.script)
            .arg("start")
            .args(ids)
            .env("LOOKOUT_KAFKA_DIR", self.directory)
            .status();
        assert!(
            started.is_ok_and(|status| status.success()),
            "nodes did not start"
        );
    }
}

pub fn measure(program: &str, bootstrap: &str, nodes: &Nodes) {
    let mut seat = Seat::settled(program, bootstrap);
    kill(&mut seat, bootstrap, nodes);
    freeze(&mut seat, nodes);
    let all = [1, 2, 3, 4, 5];
    seat.goes_to("topics");
    for id in all {
        nodes.signal("-KILL", id);
    }
    seat.pty.wait_for("no contact");
    let label = "1 000 topics, all brokers down";
    keys::latencies(&mut seat, label, Budget::Both(2.0, 8.0));
    drop(seat);
    nodes.start(&all);
}

fn kill(seat: &mut Seat, bootstrap: &str, nodes: &Nodes) {
    let (mut dead, mut led, mut back, mut synced) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for id in VICTIMS {
        whole(seat);
        let struck = nodes.signal("-KILL", id);
        thread::scope(|scope| {
            let number = i32::try_from(id).expect("a small number");
            let led_again = scope.spawn(move || metadata::led_without(bootstrap, number));
            dead.push(noticed(seat, struck, id));
            let led_again = led_again.join().expect("new leaders");
            led.push((led_again - struck).as_secs_f64());
        });
        let began = Instant::now();
        back.push(returned(seat, nodes, id));
        synced.push((metadata::in_sync(bootstrap) - began).as_secs_f64());
    }
    told("kill -9 of a broker", &dead, Budget::P95(2.0));
    let label = "kill -9 of a broker → every partition has another leader";
    row(label, &led, "s", Budget::None);
    row("start → every replica in sync", &synced, "s", Budget::None);
    let label = "it serves again → `5/5` (0: before it said so)";
    row(label, &back, "s", Budget::P95(5.0));
}

fn freeze(seat: &mut Seat, nodes: &Nodes) {
    let (mut frozen, mut thawed) = (Vec::new(), Vec::new());
    for id in VICTIMS {
        whole(seat);
        frozen.push(noticed(seat, nodes.signal("-STOP", id), id));
        let woken = nodes.signal("-CONT", id);
        let returned = |screen: &Screen| is_up(screen, id) && is_whole(screen);
        seat.pty.wait_within(RETURNS, "5/5", returned);
        thawed.push((seat.pty.heard_at() - woken).as_secs_f64());
    }
    told("SIGSTOP of a broker", &frozen, Budget::P95(8.0));
    row("SIGCONT → `5/5`", &thawed, "s", Budget::P95(5.0));
}

/// Two rows: the strip's mark, which has a budget, and the header's count, which is the cluster's.
fn told(what: &str, runs: &[[f64; 2]], budget: Budget) {
    let moment = |index: usize| runs.iter().map(|run| run[index]).collect::<Vec<f64>>();
    row(
        &format!("{what} → marked in the strip"),
        &moment(0),
        "s",
        budget,
    );
    row(
        &format!("{what} → header counts `4/5`"),
        &moment(1),
        "s",
        Budget::None,
    );
}

/// Waits until nothing of the last outage is left.
fn whole(seat: &mut Seat) {
    seat.pty.wait_within(RETURNS, "a whole cluster", |screen| {
        is_whole(screen) && !rows(screen)[0].contains("under-rep")
    });
}

fn is_whole(screen: &Screen) -> bool {
    rows(screen)[0].contains("brokers 5/5")
}

/// Whether the strip draws the broker as up.
fn is_up(screen: &Screen, id: u32) -> bool {
    rows(screen)[1].contains(&format!("●{id}"))
}

/// Seconds until the strip marks the broker, and until the header counts it out.
fn noticed(seat: &mut Seat, struck: Instant, id: u32) -> [f64; 2] {
    seat.pty.wait_until("a mark", |screen| !is_up(screen, id));
    let marked = seat.pty.heard_at();
    seat.pty
        .wait_until("a count", |screen| rows(screen)[0].contains("brokers 4/5"));
    [marked, seat.pty.heard_at()].map(|seen| (seen - struck).as_secs_f64())
}

fn returned(seat: &mut Seat, nodes: &Nodes, id: u32) -> f64 {
    thread::scope(|scope| {
        let serving = scope.spawn(|| {
            nodes.start(&[id]);
            Instant::now()
        });
        seat.pty.wait_within(RETURNS, "5/5", |screen| {
            is_up(screen, id) && is_whole(screen)
        });
        let serves = serving.join().expect("the start of a node");
        seat.pty
            .heard_at()
            .saturating_duration_since(serves)
            .as_secs_f64()
    })
}
