//! An operator at the screen: opens the program on the cluster, types, and sees. Never looks inside it.

use std::{
    path::PathBuf,
    process::{Command, Output},
    sync::atomic::{AtomicU32, Ordering},
};

use serde_json::Value;
use vt100::Screen;

use crate::{
    cluster::Cluster,
    pty::{ENTER, Pty, rows},
};

/// The sketches' size: every column has room.
const TERMINAL: (u16, u16) = (160, 48);

/// Marks the selected row of a table, at its left edge.
const SELECTED: char = '▌';

/// Whether the strip draws a broker as one that answers; its disk may be filling.
pub fn is_up(screen: &Screen, id: u32) -> bool {
    let strip = strip(screen);
    ["●", "▤"]
        .iter()
        .any(|mark| strip.contains(&format!("{mark}{id}")))
}

/// Someone in front of `lookout -b CLUSTER`.
pub struct Operator {
    pub pty: Pty,
    bootstrap: String,
    home: PathBuf,
}

impl Operator {
    /// Opens the program on the cluster, with a home directory of its own.
    pub fn sits_down(cluster: &Cluster) -> Self {
        static SEATS: AtomicU32 = AtomicU32::new(0);
        let seat = SEATS.fetch_add(1, Ordering::Relaxed);
        let home = cluster.scratch(&format!("home-{}-{seat}", std::process::id()));
        let bootstrap = cluster.bootstrap.clone();
        let env = [
            ("HOME", home.to_str().expect("a plain path")),
            ("COLORTERM", "truecolor"),
        ];
        let pty = Pty::spawn(&program(), &["-b", &bootstrap], TERMINAL, &env);
        Self {
            pty,
            bootstrap,
            home,
        }
    }

    pub fn presses(&mut self, keys: &str) {
        self.pty.send(keys);
    }

    /// Opens the palette, names the place, and waits until the header says that this is it.
    pub fn goes_to(&mut self, place: &str) {
        self.pty.send(&format!(":{place}{ENTER}"));
        self.is_at(place);
    }

    /// Waits until the last step of the header's trail is this place.
    pub fn is_at(&mut self, place: &str) {
        let name = place.split(' ').next_back().expect("a word");
        self.pty
            .wait_until(&format!("the header of {place}"), |screen| {
                let header = rows(screen).first().cloned().unwrap_or_default();
                let here = header
                    .rsplit_once('▸')
                    .map_or("overview", |(_, here)| here.trim_start());
                here.to_lowercase().starts_with(name)
            });
    }

    pub fn sees(&mut self, text: &str) {
        self.pty.wait_for(text);
    }

    pub fn sees_gone(&mut self, text: &str) {
        self.pty.wait_gone(text);
    }

    /// Waits for a row in which these words stand side by side.
    pub fn sees_words<W: AsRef<str>>(&mut self, words: &[W]) {
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        self.pty
            .wait_until(&format!("a row with {words:?}"), |screen| {
                rows(screen).iter().any(|row| has_words(row, &words))
            });
    }

    /// The program without a screen, on the same cluster, from the same home.
    pub fn headless(&self, subject: &str) -> Output {
        headless(&self.bootstrap, subject, Some(&self.home))
    }

    /// Quits, and finds the terminal as it was.
    pub fn leaves(mut self) {
        self.presses("\x03");
        let status = self.pty.wait_exit();
        assert!(status.success(), "{status}");
        let screen = self.pty.screen();
        assert!(!screen.alternate_screen(), "the shell's screen is back");
        assert!(!screen.hide_cursor(), "the cursor is visible");
        assert!(!screen.bracketed_paste(), "pasting is plain again");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    }
}

/// Line 2: every known broker.
pub fn strip(screen: &Screen) -> String {
    rows(screen).get(1).cloned().unwrap_or_default()
}

/// Whether the words stand in the row, in order and side by side; the mark of the selected row is no word.
pub fn has_words(row: &str, words: &[&str]) -> bool {
    let row = row.replace(SELECTED, " ");
    row.split_whitespace()
        .collect::<Vec<_>>()
        .windows(words.len())
        .any(|part| part == words)
}

/// What `lookout SUBJECT --json` says of the cluster.
pub fn told(cluster: &Cluster, subject: &str) -> Value {
    let Output {
        status,
        stdout,
        stderr,
    } = headless(&cluster.bootstrap, subject, None);
    assert!(
        status.success(),
        "{status}: {}",
        String::from_utf8_lossy(&stderr)
    );
    serde_json::from_slice(&stdout).expect("JSON")
}

fn headless(bootstrap: &str, subject: &str, home: Option<&PathBuf>) -> Output {
    let mut command = Command::new(program());
    command.args([subject, "--json", "-b", bootstrap]);
    if let Some(home) = home {
        command.env("HOME", home);
    }
    command.output().expect("the program runs")
}

fn program() -> String {
    std::env::var("LOOKOUT_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_lookout").to_owned())
}
