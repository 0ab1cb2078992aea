//! Figures on a paper cluster of 10 000 topics × 6 partitions and 1 000 groups × 100 partitions: what a refresh costs
//! the program and the brokers, and whether keys notice.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::seat::{Seat, count, headless, ms};
use crate::table::{Budget, row};
use crate::{keys, process, start};

const REFRESHES: usize = 10;
/// A refresh is over when neither requests nor work came for this long.
const OVER: Duration = Duration::from_millis(700);
/// How often the two processes are looked at.
const LOOK: Duration = Duration::from_millis(10);
/// Asked again and again for other reasons than a refresh: they do not keep it going.
const CONSTANT: [&str; 5] = [
    "ApiVersions",
    "Metadata",
    "DescribeCluster",
    "DescribeQuorum",
    "ListPartitionReassignments",
];

type Counts = BTreeMap<String, usize>;

/// The other process.
struct Paper {
    child: Child,
    ask: ChildStdin,
    told: BufReader<ChildStdout>,
    bootstrap: String,
}

impl Paper {
    fn start() -> Self {
        let this = std::env::current_exe().expect("this program's file");
        let mut command = Command::new(this);
        command
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("the paper cluster");
        let ask = child.stdin.take().expect("its input");
        let told = BufReader::new(child.stdout.take().expect("its output"));
        let mut paper = Self {
            child,
            ask,
            told,
            bootstrap: String::new(),
        };
        paper.bootstrap = paper.line();
        paper
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.told
            .read_line(&mut line)
            .expect("a line of the paper cluster");
        line.trim().to_owned()
    }

    fn counts(&mut self) -> Counts {
        self.ask
            .write_all(b"\n")
            .expect("a paper cluster that runs");
        let line = self.line();
        let words: Vec<&str> = line.split(' ').collect();
        let pairs = words.chunks_exact(2);
        pairs
            .map(|pair| (pair[0].to_owned(), pair[1].parse().unwrap_or(0)))
            .collect()
    }
}

impl Drop for Paper {
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).ok();
    }
}

/// What one refresh took.
struct Refresh {
    wall_ms: f64,
    cpu_ms: f64,
    requests: Counts,
}

pub fn measure(program: &str) {
    let mut paper = Paper::start();
    let bootstrap = paper.bootstrap.clone();
    // The first answer to each question is made, every later one only copied.
    let mut seat = Seat::settled(program, &bootstrap);
    seat.pty.listen_for(Duration::from_secs(20));
    start::measure(program, &bootstrap, ", 10 000 topics");
    let groups: Vec<f64> = (0..10)
        .map(|_| headless(program, "groups", &bootstrap))
        .collect();
    row(
        "`lookout groups`, whole run, 1 000 groups × 100",
        &groups,
        "ms",
        Budget::None,
    );
    refreshes(&mut paper, &mut seat);
    let memory = process::rss_mib(seat.pty.pid());
    row(
        "RSS after the refreshes",
        &[memory],
        "MiB",
        Budget::P95(200.0),
    );
    rounds(&mut paper, &mut seat);
    for place in ["topics", "groups"] {
        seat.goes_to(place);
        keys::latencies(
            &mut seat,
            &format!("{place} of the large cluster"),
            Budget::P95(16.0),
        );
    }
    keys::bursts(&mut seat, "groups of the large cluster");
    let memory = process::rss_mib(seat.pty.pid());
    row("RSS at the end", &[memory], "MiB", Budget::P95(200.0));
}

fn refreshes(paper: &mut Paper, seat: &mut Seat) {
    let mut all = Vec::new();
    for _ in 0..REFRESHES {
        watch(paper, seat, None);
        all.push(watch(paper, seat, Some("r")));
    }
    let walls: Vec<f64> = all.iter().map(|refresh| refresh.wall_ms).collect();
    let cpus: Vec<f64> = all.iter().map(|refresh| refresh.cpu_ms).collect();
    let requests: Vec<f64> = all
        .iter()
        .map(|refresh| count(refresh.requests.values().sum()))
        .collect();
    row(
        "full refresh, 10 000 topics, 1 000 groups × 100: wall",
        &walls,
        "ms",
        Budget::None,
    );
    row(
        "full refresh: the program's processor time",
        &cpus,
        "ms",
        Budget::P95(2000.0),
    );
    row(
        "full refresh: requests of all kinds",
        &requests,
        "",
        Budget::None,
    );
    for api in all
        .iter()
        .flat_map(|refresh| refresh.requests.keys())
        .collect::<std::collections::BTreeSet<_>>()
    {
        let one: Vec<f64> = all
            .iter()
            .map(|refresh| count(refresh.requests.get(api).copied().unwrap_or(0)))
            .collect();
        row(&format!("full refresh: {api}"), &one, "", Budget::None);
    }
}

/// The rounds of groups that the program makes by itself.
fn rounds(paper: &mut Paper, seat: &mut Seat) {
    let mut walls = Vec::new();
    let mut cpus = Vec::new();
    while walls.len() < REFRESHES {
        watch(paper, seat, None);
        let before = paper.counts();
        while paper.counts().get("ListGroups") == before.get("ListGroups") {
            seat.pty.listen_for(Duration::from_millis(1));
        }
        let round = watch(paper, seat, None);
        walls.push(round.wall_ms);
        cpus.push(round.cpu_ms);
    }
    row(
        "round of 1 000 groups × 100: wall",
        &walls,
        "ms",
        Budget::Median(150.0),
    );
    row(
        "round of 1 000 groups × 100: the program's processor time",
        &cpus,
        "ms",
        Budget::None,
    );
}

/// Presses a key, if one is given, and looks on until all is quiet.
fn watch(paper: &mut Paper, seat: &mut Seat, key: Option<&str>) -> Refresh {
    let pid = seat.pty.pid();
    let (before, cpu_before) = (paper.counts(), process::cpu_ms(pid));
    let began = Instant::now();
    if let Some(key) = key {
        seat.pty.send(key);
    }
    let (mut busy, mut seen, mut cpu) = (began, asked(&before), cpu_before);
    let mut at_last = (before.clone(), cpu_before);
    while busy.elapsed() < OVER {
        seat.pty.listen_for(LOOK);
        let (counts, cpu_now) = (paper.counts(), process::cpu_ms(pid));
        // One tick may be a probe's.
        if asked(&counts) != seen || cpu_now - cpu > 10.0 {
            busy = Instant::now();
            (seen, cpu) = (asked(&counts), cpu_now);
            at_last = (counts, cpu_now);
        }
    }
    let (counts, cpu) = at_last;
    let new = |(api, count): (&String, &usize)| {
        (api.clone(), count - before.get(api).copied().unwrap_or(0))
    };
    Refresh {
        wall_ms: ms(busy - began),
        cpu_ms: cpu - cpu_before,
        requests: counts
            .iter()
            .map(new)
            .filter(|(_, count)| *count > 0)
            .collect(),
    }
}

/// Requests that belong to a round.
fn asked(counts: &Counts) -> usize {
    let rounds = counts
        .iter()
        .filter(|(api, _)| !CONSTANT.contains(&api.as_str()));
    rounds.map(|(_, count)| count).sum()
}
