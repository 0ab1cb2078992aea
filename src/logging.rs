//! The tool's own log: a file in the state directory and the last lines in memory for the screen; of a node in the
//! foreground, standard error. Never writes to standard output, never stops the program, and never holds a secret.
//!
//! The `log` facade is enough: libraries speak it already, and spans of a tracing system would cost more than all that
//! is logged here.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use log::{LevelFilter, Metadata, Record};
use thiserror::Error;

/// Lines kept for the screen.
const RECENT_LINES: usize = 1_000;
/// A log file that has grown to this becomes `lookout.log.1`, so both together stay under twice of it.
const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// A line longer than this is cut: a broker's answer may be any size.
const MAX_LINE_CHARS: usize = 2_000;

/// Why nothing is written to a file; the lines in memory are kept all the same.
#[derive(Debug, Error)]
#[error("the log {} cannot be written: {reason}", path.display())]
pub struct LogError {
    path: PathBuf,
    reason: io::Error,
}

/// Where lines go.
#[derive(Default)]
struct Log {
    recent: VecDeque<Arc<str>>,
    file: Option<LogFile>,
    stderr: bool,
}

struct LogFile {
    path: PathBuf,
    file: File,
    size_bytes: u64,
}

static LOG: Mutex<Log> = Mutex::new(Log {
    recent: VecDeque::new(),
    file: None,
    stderr: false,
});

struct Logger;

/// Starts logging at this level: to memory, and to `lookout.log` in the state directory where there is one.
pub fn start(state_dir: Option<&Path>, level: LevelFilter) -> Result<(), LogError> {
    if log::set_logger(&Logger).is_ok() {
        log::set_max_level(level);
    }
    let Some(dir) = state_dir else { return Ok(()) };
    let path = dir.join("lookout.log");
    match fs::create_dir_all(dir).and_then(|()| LogFile::open(path.clone())) {
        Ok(file) => {
            with_log(|log| log.file = Some(file));
            Ok(())
        }
        Err(reason) => Err(LogError { path, reason }),
    }
}

/// Starts logging at this level to memory and to standard error: for a program without a screen.
pub fn start_on_stderr(level: LevelFilter) {
    if log::set_logger(&Logger).is_ok() {
        log::set_max_level(level);
    }
    with_log(|log| log.stderr = true);
}

/// The last lines, oldest first.
pub fn recent() -> Vec<Arc<str>> {
    with_log(|log| log.recent.iter().cloned().collect())
}

fn with_log<T>(act: impl FnOnce(&mut Log) -> T) -> T {
    act(&mut LOG.lock().unwrap_or_else(PoisonError::into_inner))
}

impl log::Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            let line = line(now.as_secs(), record);
            with_log(|log| log.append(&line));
        }
    }

    fn flush(&self) {}
}

impl Log {
    fn append(&mut self, line: &str) {
        if self.recent.len() >= RECENT_LINES {
            self.recent.pop_front();
        }
        self.recent.push_back(Arc::from(line));
        if self.stderr {
            // Nobody may be there to read; the lines in memory go on.
            let _nobody = writeln!(io::stderr().lock(), "{line}");
        }
        // A full disk must not stop the tool: the lines in memory go on.
        if self
            .file
            .as_mut()
            .is_some_and(|file| file.append(line).is_err())
        {
            self.file = None;
        }
    }
}

impl LogFile {
    fn open(path: PathBuf) -> io::Result<Self> {
        // Readable by its owner alone: host names are nobody else's business.
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)?;
        let size_bytes = file.metadata()?.len();
        Ok(Self {
            path,
            file,
            size_bytes,
        })
    }

    fn append(&mut self, line: &str) -> io::Result<()> {
        if self.size_bytes >= MAX_FILE_BYTES {
            fs::rename(&self.path, self.path.with_extension("log.1"))?;
            *self = Self::open(self.path.clone())?;
        }
        self.size_bytes += line.len() as u64 + 1;
        self.file.write_all(format!("{line}\n").as_bytes())
    }
}

/// One line: time (UTC), level, who, what. Control characters are spelled out and secrets masked.
fn line(unix_s: u64, record: &Record<'_>) -> String {
    let said = record.args().to_string();
    let mut line = format!("{} {:<5} {} ", utc(unix_s), record.level(), record.target());
    for c in mask(&said).chars().take(MAX_LINE_CHARS) {
        if c.is_control() {
            let _ = write!(line, "{}", c.escape_default()); // a String takes any write
        } else {
            line.push(c);
        }
    }
    line
}

/// `2026-03-01T14:06:09Z`.
fn utc(unix_s: u64) -> String {
    let (days, second) = (unix_s / 86_400, unix_s % 86_400);
    // Years are counted from 1 March, so that the leap day is the last of its year; an era is 400 such years.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 {
        (year, month + 3)
    } else {
        (year + 1, month - 9)
    };
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!(
        "{:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z",
        year + 400 * era
    )
}

/// Names after which a value is nobody's to read.
const SECRETS: [&str; 5] = ["password", "passwd", "secret", "token", "jaas.config"];

/// The text with the value after each secret name replaced: up to its closing quote, or the next blank, comma or
/// semicolon where it has none; a JAAS line to its end.
fn mask(text: &str) -> String {
    let lower = text.to_ascii_lowercase(); // the same bytes, so places agree
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some((start, name)) = next_secret(&lower, at) {
        let after_name = start + name.len();
        let rest = text.get(after_name..).unwrap_or_default();
        let value = rest.trim_start_matches(['"', '\'', ' ']);
        let Some(value) = value.strip_prefix(['=', ':']) else {
            out.push_str(text.get(at..after_name).unwrap_or_default());
            at = after_name;
            continue;
        };
        let value = value.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let value = value.trim_start_matches(['"', '\'']);
        let value_start = text.len() - value.len();
        let is_end = |c: char| match quote {
            Some(quote) => c == quote,
            None => c.is_whitespace() || matches!(c, ',' | ';' | '}' | '&'),
        };
        let end = value.find(is_end).filter(|_| name != "jaas.config");
        let length = end.unwrap_or(value.len());
        out.push_str(text.get(at..value_start).unwrap_or_default());
        out.push_str("***");
        at = value_start + length;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

fn next_secret(lower: &str, from: usize) -> Option<(usize, &'static str)> {
    let rest = lower.get(from..)?;
    SECRETS
        .iter()
        .filter_map(|name| rest.find(name).map(|at| (from + at, *name)))
        .min()
}

#[cfg(test)]
mod tests {
    use log::Level;

    use super::*;

    fn logged(said: &str) -> String {
        line(
            0,
            &Record::builder()
                .level(Level::Warn)
                .target("cluster")
                .args(format_args!("{said}"))
                .build(),
        )
    }

    #[test]
    fn a_line_tells_when_how_bad_who_and_what() {
        assert_eq!(
            logged("broker 3 hung up"),
            "1970-01-01T00:00:00Z WARN  cluster broker 3 hung up"
        );
    }

    #[test]
    fn a_hostile_text_stays_one_line_without_control_characters() {
        let line = logged("x\n2026 forged\x1b[2J");
        assert!(line.ends_with("x\\n2026 forged\\u{1b}[2J"), "{line}");
        assert!(logged(&"x".repeat(10_000)).len() < 2_100);
    }

    #[test]
    fn secrets_are_masked() {
        assert_eq!(mask("user=a password=hunter2, b"), "user=a password=***, b");
        assert_eq!(
            mask("{\"ssl.key.Password\": \"x y\"}"),
            "{\"ssl.key.Password\": \"***\"}"
        );
        assert_eq!(
            mask("sasl.jaas.config=Plain required password=\"p\";"),
            "sasl.jaas.config=***"
        );
        assert_eq!(
            mask("token expired; secret:s1 token=t"),
            "token expired; secret:*** token=***"
        );
        assert_eq!(mask("nothing here"), "nothing here");
    }

    #[test]
    fn dates_hold_over_leap_days_and_centuries() {
        assert_eq!(utc(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(utc(1_772_373_969), "2026-03-01T14:06:09Z");
        assert_eq!(utc(4_107_542_399), "2100-02-28T23:59:59Z");
        assert_eq!(utc(4_107_542_400), "2100-03-01T00:00:00Z");
    }

    #[test]
    fn the_last_lines_are_kept_and_the_file_is_turned_over() {
        let dir = std::env::temp_dir().join(format!("lookout-log-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let path = dir.join("lookout.log");
        let mut log = Log {
            stderr: false,
            file: Some(LogFile::open(path.clone()).unwrap()),
            ..Log::default()
        };
        let wide = "y".repeat(2_000);
        for _ in 0..RECENT_LINES {
            log.append(&wide);
        }
        log.append("last");
        assert_eq!(
            (log.recent.len(), log.recent.back().map(|line| &**line)),
            (RECENT_LINES, Some("last"))
        );
        let size = |path: &Path| fs::metadata(path).unwrap().len();
        assert!(size(&path) < MAX_FILE_BYTES);
        assert!(size(&path.with_extension("log.1")) >= MAX_FILE_BYTES);
        fs::remove_dir_all(&dir).unwrap();
    }
}
