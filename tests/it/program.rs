//! The program itself, as an operator starts and ends it: in a terminal, on a paper cluster. Whatever happens, the
//! terminal is as it was found.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use broker::wire::api_key::ApiKey;
use tokio::runtime::{Builder, Runtime};

use crate::support::canned::{Canned, Mood, World};
use crate::support::pty::{CTRL_C, ENTER, Pty};

const LOOKOUT: &str = env!("CARGO_BIN_EXE_lookout");

/// A place of this test's own for settings and state.
fn home() -> String {
    static HOMES: AtomicU32 = AtomicU32::new(0);
    let home = HOMES.fetch_add(1, Ordering::Relaxed);
    format!(
        "{}/home-{}-{home}",
        env!("CARGO_TARGET_TMPDIR"),
        std::process::id()
    )
}

/// The program in a terminal of this size.
fn open(args: &[&str], size: (u16, u16)) -> Pty {
    let home = home();
    let env = [
        ("LOOKOUT_CONFIG_DIR", home.as_str()),
        ("LOOKOUT_STATE_DIR", home.as_str()),
        ("LOOKOUT_DATA_DIR", home.as_str()),
    ];
    Pty::spawn(LOOKOUT, args, size, &env)
}

/// The program without a terminal.
fn run(args: &[&str]) -> Output {
    let home = home();
    Command::new(LOOKOUT)
        .args(args)
        .env_remove("LOOKOUT_BOOTSTRAP")
        .env("LOOKOUT_CONFIG_DIR", &home)
        .env("LOOKOUT_STATE_DIR", &home)
        .env("LOOKOUT_DATA_DIR", &home)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A paper cluster that serves as long as this is held.
struct Paper {
    cluster: Canned,
    runtime: Runtime,
}

impl Paper {
    fn start(world: World) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let cluster = runtime.block_on(Canned::start(world));
        Self { cluster, runtime }
    }

    fn bootstrap(&self) -> String {
        self.cluster.bootstrap().join(",")
    }
}

/// The shell's screen is back, with its cursor, and keys are echoed by lines again.
fn assert_restored(pty: &Pty) {
    assert!(
        !pty.screen().alternate_screen(),
        "the shell's screen is back"
    );
    assert!(!pty.screen().hide_cursor(), "the cursor is back");
    assert!(!pty.screen().bracketed_paste(), "pastes are plain again");
}

#[test]
fn the_screen_opens_on_a_cluster_and_q_leaves_the_terminal_as_it_was() {
    let paper = Paper::start(World::empty(3).topics(2, 3));
    let mut pty = open(&["-b", &paper.bootstrap()], (120, 36));
    pty.wait_for("brokers 3/3");
    pty.send(&format!(":topics{ENTER}"));
    pty.wait_for(&World::topic(1));
    pty.send("q");
    pty.wait_for("Findings");
    pty.send("q");
    assert_eq!(pty.wait_exit().exit_code(), 0);
    assert_restored(&pty);
}

#[test]
fn a_signal_ends_the_screen_in_order() {
    let paper = Paper::start(World::empty(1));
    for (signal, code) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        let mut pty = open(&["-b", &paper.bootstrap()], (80, 24));
        pty.wait_for("brokers 1/1");
        pty.signal(signal);
        assert_eq!(pty.wait_exit().exit_code(), code, "SIG{signal}");
        assert_restored(&pty);
    }
}

#[test]
fn ctrl_c_quits_before_any_broker_has_answered() {
    let paper = Paper::start(World::empty(1));
    paper.cluster.mood(1, Mood::Hang);
    let mut pty = open(&["-b", &paper.bootstrap()], (80, 24));
    pty.wait_for("connecting");
    pty.send(CTRL_C);
    assert_eq!(pty.wait_exit().exit_code(), 0);
    assert_restored(&pty);
}

#[test]
fn a_broker_that_goes_away_is_named_and_comes_back() {
    let mut paper = Paper::start(World::empty(3).topics(3, 3));
    let mut pty = open(&["-b", &paper.bootstrap()], (120, 36));
    pty.wait_for("brokers 3/3");
    paper.cluster.mood(3, Mood::Away);
    // The paper controller lists it for ever: it stays counted, and is marked.
    pty.wait_for("◐3");
    pty.wait_for("brokers 3/3 !1");
    paper.runtime.block_on(paper.cluster.serve(3));
    pty.wait_for("●3");
    pty.wait_gone("!1");
}

#[test]
fn a_tiny_terminal_says_so_and_a_larger_one_shows_the_cluster() {
    let paper = Paper::start(World::empty(1));
    let mut pty = open(&["-b", &paper.bootstrap()], (30, 6));
    pty.wait_for("30x6");
    pty.resize(80, 24);
    pty.wait_for("brokers 1/1");
}

#[test]
fn without_a_terminal_the_other_ways_are_named() {
    let output = run(&["-b", "127.0.0.1:9"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        said(&output).contains("not a terminal"),
        "{}",
        said(&output)
    );
    assert!(
        said(&output).contains("lookout brokers"),
        "{}",
        said(&output)
    );
}

#[test]
fn what_is_wrong_on_the_command_line_is_named() {
    for (args, wanted) in [
        (&["--theme", "drak", "-b", "x:1"][..], "`drak`"),
        (&["--colour", "16"][..], "--color"),
        (&["brokers", "-b", "kafka:port"][..], "kafka:port"),
        (&["brokers"][..], "no cluster is named"),
        (&["topcis"][..], "topics"),
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(3), "{args:?}");
        assert!(
            said(&output).contains(wanted),
            "{args:?}: {}",
            said(&output)
        );
        assert_eq!(output.stdout, b"", "{args:?}");
    }
}

#[test]
fn no_contact_ends_with_3_and_the_reason() {
    let output = run(&["brokers", "-b", "127.0.0.1:9", "--timeout", "20"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        said(&output).contains("127.0.0.1:9: host answers"),
        "{}",
        said(&output)
    );
}

#[test]
fn brokers_topics_and_groups_are_printed_as_json() {
    let paper = Paper::start(World::empty(3).topics(2, 3).groups(4, 2));
    for (subject, count) in [("brokers", 3), ("topics", 2), ("groups", 4)] {
        let output = run(&[
            subject,
            "--json",
            "-b",
            &paper.bootstrap(),
            "--timeout",
            "60",
        ]);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{subject}: {}",
            said(&output)
        );
        let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(printed["version"], 1);
        assert_eq!(
            printed[subject].as_array().map(Vec::len),
            Some(count),
            "{subject}"
        );
    }
}

#[test]
fn completions_and_the_manual_page_name_the_program() {
    for args in [&["completions", "bash"][..], &["man"][..]] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(0));
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("lookout"),
            "{args:?}"
        );
    }
}

#[test]
fn groups_that_nobody_may_list_are_unknown_and_not_none() {
    let paper = Paper::start(World::empty(3).topics(1, 1).groups(2, 1));
    paper.cluster.deny(ApiKey::LIST_GROUPS);
    let output = run(&[
        "groups",
        "--json",
        "-b",
        &paper.bootstrap(),
        "--timeout",
        "60",
    ]);
    assert_eq!(output.status.code(), Some(3));
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(printed["groups"].is_null(), "{printed}");
    assert!(said(&output).contains("no permission"), "{}", said(&output));
}

#[test]
fn a_reader_that_has_read_enough_is_no_fault() {
    let paper = Paper::start(World::empty(1).topics(3000, 1));
    let line = format!(
        "{LOOKOUT} topics -b {} | head -n 1; exit ${{PIPESTATUS[0]}}",
        paper.bootstrap()
    );
    let output = Command::new("bash").args(["-c", &line]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[test]
fn connect_says_by_its_code_whether_all_some_or_none_are_reached() {
    let paper = Paper::start(World::empty(2));
    let first = paper.cluster.address(1);
    let all = run(&["connect", "--explain", "-b", &first]);
    assert_eq!(all.status.code(), Some(0), "{}", said(&all));
    let printed = String::from_utf8(all.stdout).unwrap();
    for words in [
        &format!("bootstrap  {first}"),
        "  rungs       DNS ",
        " · Metadata ",
        "  answers     broker 2 · ",
        "all 2 brokers are reached",
    ] {
        assert!(printed.contains(words), "{words}: {printed}");
    }

    paper.cluster.mood(2, Mood::Away);
    let some = run(&["connect", "-b", &first, "--json"]);
    assert_eq!(some.status.code(), Some(1), "{}", said(&some));
    let printed: serde_json::Value = serde_json::from_slice(&some.stdout).unwrap();
    assert_eq!(printed["reach"], "some");
    assert_eq!(printed["brokers"][0]["reached"], true);
    assert_eq!(printed["brokers"][1]["failure"]["rung"], "TCP");
    assert_eq!(
        printed["brokers"][1]["advertised"],
        paper.cluster.address(2)
    );

    paper.cluster.mood(1, Mood::Away);
    let none = run(&["connect", "-b", &first]);
    assert_eq!(none.status.code(), Some(3));
    let printed = String::from_utf8(none.stdout).unwrap();
    assert!(
        printed.contains("no bootstrap address answers"),
        "{printed}"
    );
}

#[test]
fn connect_prints_rules_ready_to_paste_where_advertised_names_lead_nowhere() {
    let paper = Paper::start(World::empty(2).advertising("broker-{id}.paper.invalid"));
    let out = run(&["connect", "-b", &paper.cluster.address(1)]);
    assert_eq!(out.status.code(), Some(1));
    let printed = String::from_utf8(out.stdout).unwrap();
    let port = |id: i32| {
        paper
            .cluster
            .address(id)
            .rsplit(':')
            .next()
            .unwrap()
            .to_owned()
    };
    for id in [1, 2] {
        let rule = format!(
            "    \"broker-{id}.paper.invalid:{0} -> 127.0.0.1:{0}\",  # tried: broker {id} answers",
            port(id)
        );
        assert!(printed.contains(&rule), "{printed}");
    }
    assert!(printed.contains("  dial.map = [\n"), "{printed}");
    assert!(!printed.contains("dial.via"), "{printed}");
}
