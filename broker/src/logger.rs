//! What a node says, as lines on standard error: time, level, words. A line that cannot be written is
//! lost; the node goes on.

use std::io::Write as _;
use std::time::SystemTime;

use log::{LevelFilter, Log, Metadata, Record};

/// The library and the program around it, by the names they log under.
const OURS: [&str; 2] = ["broker", "lookout_broker"];

/// Crates whose own news matter less than ours.
const OTHERS: LevelFilter = LevelFilter::Warn;

struct Lines {
    level: LevelFilter,
}

/// Sends everything that is logged to standard error.
pub fn install(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::Info,
        1 => LevelFilter::Debug,
        _ => LevelFilter::Trace,
    };
    if log::set_boxed_logger(Box::new(Lines { level })).is_ok() {
        log::set_max_level(level);
    }
}

impl Log for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let source = metadata.target().split("::").next();
        let ours = source.is_some_and(|name| OURS.contains(&name));
        let level = if ours || self.level > LevelFilter::Debug {
            self.level
        } else {
            OTHERS
        };
        metadata.level() <= level
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let now = SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .map_or(0, |since| since.as_millis());
            let line = format!("{} {:5} {}\n", time(now), record.level(), record.args());
            let _lost = std::io::stderr().lock().write_all(line.as_bytes()).is_err();
        }
    }

    fn flush(&self) {}
}

/// Milliseconds since 1970 as `2026-01-31T12:00:00.000Z`.
fn time(since_1970_ms: u128) -> String {
    let ms = since_1970_ms % 1000;
    let seconds = since_1970_ms / 1000;
    let (day, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(i64::try_from(day).unwrap_or_default());
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// The date of a day since 1970 (Gregorian; eras of 400 years that begin in March).
fn date(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_people_write_them() {
        assert_eq!(time(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(time(951_782_400_123), "2000-02-29T00:00:00.123Z");
        assert_eq!(time(1_767_225_599_999), "2025-12-31T23:59:59.999Z");
    }
}
