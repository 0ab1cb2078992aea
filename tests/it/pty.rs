//! The pseudo-terminal of the tests, tried with programs every system has.

use crate::support::pty::{ENTER, Pty, find};
use vt100::Color;

fn sh(script: &str) -> Pty {
    Pty::spawn("sh", &["-c", script], (40, 6), &[("GREETING", "hello")])
}

#[test]
fn what_is_typed_is_seen_and_the_exit_status_comes_back() {
    let mut pty = sh("read line; echo \"got:$line $GREETING\"; exit 3");
    pty.send(&format!("lag{ENTER}"));
    pty.wait_for("got:lag hello");
    assert_eq!(pty.wait_exit().exit_code(), 3);
    assert_eq!(pty.row_with("got:"), "got:lag hello");
    assert!(pty.byte_count() >= "got:lag hello".len());
}

#[test]
fn a_cell_keeps_its_colour_and_place() {
    let mut pty = sh(r"printf '\033[2J\033[2;5H\033[1;31mdown\033[0m up'");
    pty.wait_for("down up");
    assert_eq!(find(pty.screen(), "down"), Some((1, 4)));
    assert_eq!(pty.cell_of("down").fgcolor(), Color::Idx(1));
    assert!(pty.cell_of("down").bold());
    assert_eq!(pty.cell_of("up").fgcolor(), Color::Default);
}

#[test]
fn a_new_size_reaches_the_program() {
    let mut pty = sh("trap 'stty size' WINCH; echo ready; while :; do read line; done");
    pty.wait_for("ready");
    pty.resize(100, 30);
    pty.wait_for("30 100");
}

#[test]
fn a_signal_reaches_the_program() {
    let mut pty = sh("trap 'echo bye; exit 7' TERM; echo ready; while :; do read line; done");
    pty.wait_for("ready");
    pty.signal("TERM");
    pty.wait_for("bye");
    assert_eq!(pty.wait_exit().exit_code(), 7);
}

#[test]
fn a_program_that_asks_for_the_cursor_is_answered() {
    let mut pty = sh(
        r"stty -echo -icanon; printf '\033[3;7H\033[6n'; dd bs=1 count=6 2>/dev/null | tr '\033' E",
    );
    pty.wait_for("E[3;7R");
}

#[test]
#[should_panic(expected = "last words")]
fn a_wait_in_vain_fails_at_once_when_the_program_has_ended_and_prints_the_screen() {
    sh("echo last words").wait_for("never said");
}
