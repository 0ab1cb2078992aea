//! The program in a terminal of 120x36, with a home of its own, and what can be timed there.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::support::pty::{ENTER, Pty, rows};

/// The size the budgets speak of.
pub const TERMINAL: (u16, u16) = (120, 36);
/// A frame is over when nothing came for this long; the program draws data no more often than every 33 ms.
const QUIET: Duration = Duration::from_millis(120);
/// A key that changes nothing is not answered; one that does is answered long before.
const UNANSWERED: Duration = Duration::from_secs(2);

/// Somebody who uses the program.
pub struct Seat {
    pub pty: Pty,
    /// Just before the process was made.
    pub began: Instant,
    home: PathBuf,
}

impl Seat {
    /// Starts the program on a cluster, as for the first time.
    pub fn take(program: &str, bootstrap: &str) -> Self {
        let home = fresh_home();
        let env = [
            ("HOME", home.to_str().expect("a plain path")),
            ("COLORTERM", "truecolor"),
        ];
        let began = Instant::now();
        let pty = Pty::spawn(program, &["-b", bootstrap], TERMINAL, &env);
        Self { pty, began, home }
    }

    /// Starts the program, and waits until it counts every broker.
    pub fn settled(program: &str, bootstrap: &str) -> Self {
        let mut seat = Self::take(program, bootstrap);
        seat.pty.wait_for("brokers 5/5");
        seat
    }

    /// Opens a screen by its name.
    pub fn goes_to(&mut self, place: &str) {
        let crumb = format!("▸ {place}");
        self.pty.send(&format!(":{place}{ENTER}"));
        self.pty.wait_until(&crumb, |screen| {
            rows(screen)
                .first()
                .is_some_and(|header| header.to_lowercase().contains(&crumb))
        });
        self.is_quiet();
    }

    /// Milliseconds from writing these keys to the terminal until the first byte of what they change.
    pub fn answers(&mut self, keys: &str) -> Option<f64> {
        let typed = Instant::now();
        self.pty.send(keys);
        let seen = self.pty.next_output(UNANSWERED)?;
        Some(ms(seen - typed))
    }

    /// Bytes that these keys bring to the terminal.
    pub fn costs(&mut self, keys: &str) -> f64 {
        let before = self.pty.byte_count();
        self.pty.send(keys);
        self.is_quiet();
        count(self.pty.byte_count() - before)
    }

    /// Waits until no frame is under way.
    pub fn is_quiet(&mut self) {
        self.pty.next_output(UNANSWERED);
        while self.pty.next_output(QUIET).is_some() {}
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.pty.signal("TERM");
        self.pty.wait_exit();
        fs::remove_dir_all(&self.home).ok();
    }
}

/// A home directory nobody has used.
pub fn fresh_home() -> PathBuf {
    static HOMES: AtomicU32 = AtomicU32::new(0);
    let number = HOMES.fetch_add(1, Ordering::Relaxed);
    let name = format!("lookout-bench-{}-{number}", std::process::id());
    let home = std::env::temp_dir().join(name);
    fs::create_dir_all(&home).expect("a directory for what the program keeps");
    home
}

/// The program without a screen.
pub fn headless(program: &str, subject: &str, bootstrap: &str) -> f64 {
    let home = fresh_home();
    let began = Instant::now();
    let mut child: Child = Command::new(program)
        .args([subject, "-b", bootstrap])
        .env("HOME", &home)
        .stdout(Stdio::null())
        .spawn()
        .expect("the program");
    let status = child.wait().expect("its end");
    let took = ms(began.elapsed());
    assert!(status.success(), "lookout {subject}: {status}");
    fs::remove_dir_all(home).ok();
    took
}

pub fn ms(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of bytes and requests are small"
)]
pub fn count(count: usize) -> f64 {
    count as f64
}
