//! A program in a pseudo-terminal, read back through a terminal emulator, as an operator would see it.
//! It never sleeps: every wait blocks on the program's output until what it waits for is there, or the deadline,
//! which is generous and only ever met by a fault, has passed. Failures print the screen.

use std::{
    fmt::Write as _,
    io::{ErrorKind, Read, Write},
    num::NonZeroU16,
    process::Command,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{
    Child, ChildKiller, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system,
};
use vt100::{Cell, Parser, Screen};

/// How long a wait may take before it is a fault, on a slow and busy machine.
pub const DEADLINE: Duration = Duration::from_mins(1);

/// How many pieces of output may wait to be looked at. A test that looks elsewhere for minutes must not stop the program.
const UNREAD: usize = 64 * 1024;

/// Keys as a terminal sends them.
pub const ENTER: &str = "\r";
pub const ESC: &str = "\x1b";
pub const TAB: &str = "\t";
pub const UP: &str = "\x1b[A";
pub const DOWN: &str = "\x1b[B";
pub const CTRL_C: &str = "\x03";

/// A program, its terminal and what it has drawn so far.
pub struct Pty {
    master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    killer: Box<dyn ChildKiller + Send + Sync>,
    pid: u32,
    heard: Receiver<Heard>,
    parser: Parser<Questions>,
    raw: Vec<u8>,
    heard_at: Instant,
    output_ended: bool,
    exit: Option<ExitStatus>,
}

enum Heard {
    /// Bytes, and when they were read from the terminal.
    Output(Vec<u8>, Instant),
    OutputEnded,
    Exited(ExitStatus),
}

/// Questions a program asks its terminal, with the answers of a plain one, so that no program waits for them.
#[derive(Default)]
struct Questions {
    answers: Vec<u8>,
}

impl vt100::Callbacks for Questions {
    fn unhandled_csi(
        &mut self,
        screen: &mut Screen,
        first: Option<u8>,
        _: Option<u8>,
        params: &[&[u16]],
        last: char,
    ) {
        match (first, params, last) {
            (None, _, 'c') => self.answers.extend_from_slice(b"\x1b[?62;22c"),
            (None, [[6]], 'n') => {
                let (row, col) = screen.cursor_position();
                let answer = format!("\x1b[{};{}R", row + 1, col + 1);
                self.answers.extend_from_slice(answer.as_bytes());
            }
            _ => {}
        }
    }
}

impl Pty {
    /// Starts `program` in a terminal of `cols` × `rows`. It gets PATH, TERM, LANG and `env`, nothing else: name HOME
    /// and the XDG directories there when the program keeps state.
    pub fn spawn(
        program: &str,
        args: &[&str],
        (cols, rows): (u16, u16),
        env: &[(&str, &str)],
    ) -> Self {
        let pair = native_pty_system()
            .openpty(size(cols, rows))
            .expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.cwd(std::env::temp_dir());
        for (name, value) in env {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command);
        let child = child.unwrap_or_else(|error| panic!("{program} did not start: {error}"));
        // The last writer but the child's own: without it the output ends when the program does.
        drop(pair.slave);

        let (sender, heard) = sync_channel(UNREAD);
        let keyboard = pair.master.take_writer().expect("the terminal's input");
        let output = pair
            .master
            .try_clone_reader()
            .expect("the terminal's output");
        let (killer, pid) = (child.clone_killer(), child.process_id().expect("a pid"));
        listen(output, sender.clone());
        await_exit(child, sender);
        Self {
            master: pair.master,
            keyboard,
            killer,
            pid,
            heard,
            parser: Parser::new_with_callbacks(cells(rows), cells(cols), 0, Questions::default()),
            raw: Vec::new(),
            heard_at: Instant::now(),
            output_ended: false,
            exit: None,
        }
    }

    /// Waits until `text` stands anywhere on the screen, within one row.
    pub fn wait_for(&mut self, text: &str) {
        self.wait_until(&format!("the text {text:?}"), |screen| {
            find(screen, text).is_some()
        });
    }

    /// Waits until `text` is nowhere on the screen.
    pub fn wait_gone(&mut self, text: &str) {
        self.wait_until(&format!("no text {text:?}"), |screen| {
            find(screen, text).is_none()
        });
    }

    /// Waits until the screen is as `seen` says; `what` names it in the failure.
    pub fn wait_until(&mut self, what: &str, seen: impl Fn(&Screen) -> bool) {
        self.wait_within(DEADLINE, what, seen);
    }

    /// As `wait_until`, where an outside thing needs longer than the program itself may.
    pub fn wait_within(&mut self, limit: Duration, what: &str, seen: impl Fn(&Screen) -> bool) {
        let deadline = Instant::now() + limit;
        while !seen(self.parser.screen()) {
            assert!(
                self.hear(deadline),
                "waited {limit:?} in vain for {what}{}\n{}",
                self.end_in_words(),
                self.framed()
            );
        }
    }

    /// Waits for the next output, and returns when its first byte came; none within `limit`.
    pub fn next_output(&mut self, limit: Duration) -> Option<Instant> {
        let (before, deadline) = (self.raw.len(), Instant::now() + limit);
        while self.raw.len() == before {
            if !self.hear(deadline) {
                return None;
            }
        }
        Some(self.heard_at)
    }

    /// Takes in all that comes within `span`.
    pub fn listen_for(&mut self, span: Duration) {
        let deadline = Instant::now() + span;
        while self.hear(deadline) {}
    }

    /// When the output that was last taken in came.
    pub fn heard_at(&self) -> Instant {
        self.heard_at
    }

    /// The program's process.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits until the program has ended, and returns its exit status.
    pub fn wait_exit(&mut self) -> ExitStatus {
        let deadline = Instant::now() + DEADLINE;
        while !(self.output_ended && self.exit.is_some()) {
            assert!(
                self.hear(deadline),
                "the program did not end\n{}",
                self.framed()
            );
        }
        self.exit.clone().expect("just seen")
    }

    /// Types `keys`, exactly these bytes.
    pub fn send(&mut self, keys: &str) {
        self.keyboard
            .write_all(keys.as_bytes())
            .and_then(|()| self.keyboard.flush())
            .unwrap_or_else(|error| {
                panic!(
                    "no key reaches the program: {error}{}\n{}",
                    self.end_in_words(),
                    self.framed()
                )
            });
    }

    /// Gives the terminal another size; the program learns it by signal.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.parser.set_size(cells(rows), cells(cols));
        self.master.resize(size(cols, rows)).expect("a new size");
    }

    /// Sends the program a signal by name, such as `TERM` or `HUP`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.pid.to_string())
            .status();
        assert!(
            sent.is_ok_and(|status| status.success()),
            "SIG{name} was not delivered"
        );
    }

    /// The emulator's screen as of the last wait: cells with text, colours and attributes, modes, cursor.
    pub fn screen(&self) -> &Screen {
        self.parser.screen()
    }

    /// The text of every row.
    pub fn rows(&self) -> Vec<String> {
        rows(self.screen())
    }

    /// The first row that holds `text`.
    pub fn row_with(&self, text: &str) -> String {
        let row = self.rows().into_iter().find(|row| row.contains(text));
        row.unwrap_or_else(|| panic!("no row with {text:?}\n{}", self.framed()))
    }

    /// The first cell of the first place where `text` stands: its colours and attributes.
    pub fn cell_of(&self, text: &str) -> &Cell {
        let place = find(self.screen(), text).and_then(|(row, col)| self.screen().cell(row, col));
        place.unwrap_or_else(|| panic!("no text {text:?}\n{}", self.framed()))
    }

    /// How many bytes the program has written to the terminal, as of the last wait.
    pub fn byte_count(&self) -> usize {
        self.raw.len()
    }

    /// Every byte the program has written to the terminal, as of the last wait.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Takes in what comes next; false when the deadline passed or nothing can come any more.
    fn hear(&mut self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        match self.heard.recv_timeout(left) {
            Ok(Heard::Output(bytes, at)) => {
                self.heard_at = at;
                self.draw(&bytes);
            }
            Ok(Heard::OutputEnded) => self.output_ended = true,
            Ok(Heard::Exited(status)) => self.exit = Some(status),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return false,
        }
        true
    }

    fn draw(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
        self.parser.process(bytes);
        let answers = std::mem::take(&mut self.parser.callbacks_mut().answers);
        if !answers.is_empty() {
            // A program that has ended meanwhile needs no answer.
            self.keyboard
                .write_all(&answers)
                .and_then(|()| self.keyboard.flush())
                .ok();
        }
    }

    fn end_in_words(&self) -> String {
        let ended = |status: &ExitStatus| format!("; the program has ended: {status}");
        self.exit.as_ref().map(ended).unwrap_or_default()
    }

    fn framed(&self) -> String {
        let (_, cols) = self.screen().size();
        let edge = "─".repeat(usize::from(cols.get()));
        let mut frame = format!("┌{edge}┐\n");
        let rows = self.rows();
        let drawn = rows
            .iter()
            .rposition(|row| !row.is_empty())
            .map_or(0, |last| last + 1);
        for row in rows.iter().take(drawn) {
            writeln!(frame, "│{row}").expect("a string takes all");
        }
        frame + "└" + &edge + "┘"
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        if self.exit.is_none() {
            self.killer.kill().ok();
        }
    }
}

/// The text of every row of a screen, for predicates.
pub fn rows(screen: &Screen) -> Vec<String> {
    let (_, cols) = screen.size();
    screen.rows(0, cols.get()).collect()
}

/// Where `text` first stands, as (row, column).
pub fn find(screen: &Screen, text: &str) -> Option<(u16, u16)> {
    rows(screen).iter().zip(0_u16..).find_map(|(line, row)| {
        let before = line.split_once(text)?.0;
        // Every glyph of the screens is one cell wide, so characters count columns.
        Some((row, u16::try_from(before.chars().count()).ok()?))
    })
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols,
        pixel_width: 0,
        pixel_height: 0,
    }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a terminal has at least one cell")
}

fn listen(mut output: Box<dyn Read + Send>, heard: SyncSender<Heard>) {
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let said = match output.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => Heard::Output(buffer[..count].to_vec(), Instant::now()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                // Linux ends a terminal whose last program has gone with an error.
                Err(_) => break,
            };
            if heard.send(said).is_err() {
                return;
            }
        }
        heard.send(Heard::OutputEnded).ok();
    });
}

fn await_exit(mut child: Box<dyn Child + Send + Sync>, heard: SyncSender<Heard>) {
    thread::spawn(move || {
        if let Ok(status) = child.wait() {
            heard.send(Heard::Exited(status)).ok();
        }
    });
}
