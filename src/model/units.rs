//! Time and amounts, and how people read them. Pure: the clock is read elsewhere.

use std::fmt;

/// A point in time, in milliseconds since the Unix epoch, by this host's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment {
    pub unix_ms: i64,
}

/// A length of time in milliseconds, never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    pub ms: u64,
}

impl Moment {
    /// The moment so many milliseconds after the epoch.
    pub const fn from_unix_ms(unix_ms: i64) -> Self {
        Self { unix_ms }
    }

    /// How long before `now` this was; nothing if it lies in the future.
    pub fn age(self, now: Self) -> Span {
        Span {
            ms: u64::try_from(now.unix_ms.saturating_sub(self.unix_ms)).unwrap_or(0),
        }
    }

    /// This moment moved back by `span`.
    #[must_use]
    pub fn minus(self, span: Span) -> Self {
        Self {
            unix_ms: self.unix_ms.saturating_sub_unsigned(span.ms),
        }
    }

    /// This moment moved forward by `span`.
    #[must_use]
    pub fn plus(self, span: Span) -> Self {
        Self {
            unix_ms: self.unix_ms.saturating_add_unsigned(span.ms),
        }
    }

    /// Time of day in UTC, `14:06`.
    pub fn clock_utc(self) -> String {
        let minutes = self.unix_ms.div_euclid(60_000).rem_euclid(1440);
        format!("{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

impl Span {
    /// So many milliseconds.
    pub const fn from_ms(ms: u64) -> Self {
        Self { ms }
    }

    /// So many seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self { ms: secs * 1000 }
    }
}

/// Whole seconds below a minute, then minutes, then hours and minutes, then days: `12s`, `4m`, `3h05m`, `2d`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.ms / 1000;
        match secs {
            0..60 => write!(f, "{secs}s"),
            60..3600 => write!(f, "{}m", secs / 60),
            3600..86_400 => write!(f, "{}h{:02}m", secs / 3600, secs % 3600 / 60),
            _ => write!(f, "{}d", secs / 86_400),
        }
    }
}

/// Bytes as people read them, in powers of 1024 with one decimal below ten: `1.8 GB`, `512 MB`, `12 B`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut tenths = u128::from(count) * 10 / 1024;
    let mut units = UNITS.iter();
    let mut unit = units.next().copied().unwrap_or("kB");
    while tenths >= 10_240 {
        let Some(next) = units.next() else { break };
        tenths /= 1024;
        unit = next;
    }
    if tenths < 100 {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    } else {
        format!("{} {unit}", tenths / 10)
    }
}

/// A count in groups of three digits: `1 204 881`.
pub fn grouped(count: i64) -> String {
    let digits = count.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if count < 0 {
        out.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// A length in groups of three digits.
pub fn grouped_usize(count: usize) -> String {
    grouped(i64::try_from(count).unwrap_or(i64::MAX))
}

/// A count shortened to three digits: `940`, `40k`, `1.2M`.
pub fn short(count: i64) -> String {
    const UNITS: [&str; 6] = ["k", "M", "G", "T", "P", "E"];
    let sign = if count < 0 { "-" } else { "" };
    let mut tenths = u128::from(count.unsigned_abs()) * 10;
    let mut unit = "";
    for next in UNITS {
        if tenths < 10_000 {
            break;
        }
        tenths /= 1000;
        unit = next;
    }
    if unit.is_empty() || tenths >= 100 {
        format!("{sign}{}{unit}", tenths / 10)
    } else {
        format!("{sign}{}.{}{unit}", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_in_the_largest_fitting_unit() {
        let shown: Vec<String> = [0, 59_999, 60_000, 3_599_999, 11_100_000, 200_000_000]
            .map(Span::from_ms)
            .map(|s| s.to_string())
            .into();
        assert_eq!(shown, ["0s", "59s", "1m", "59m", "3h05m", "2d"]);
    }

    #[test]
    fn amounts_are_rounded_to_what_the_eye_reads() {
        assert_eq!(
            [0, 1023, 1024, 1_932_735_283, 12_884_901_888, u64::MAX].map(bytes),
            ["0 B", "1023 B", "1.0 kB", "1.7 GB", "12 GB", "15 EB"]
        );
        assert_eq!(
            [0, -1234, 1_204_881, i64::MIN].map(grouped),
            ["0", "-1 234", "1 204 881", "-9 223 372 036 854 775 808"]
        );
        assert_eq!(
            [999, 1200, 40_100, 1_250_000, -5000].map(short),
            ["999", "1.2k", "40k", "1.2M", "-5.0k"]
        );
    }

    #[test]
    fn the_clock_is_utc_and_holds_before_the_epoch() {
        assert_eq!(Moment::from_unix_ms(1_700_000_000_000).clock_utc(), "22:13");
        assert_eq!(Moment::from_unix_ms(-1).clock_utc(), "23:59");
        assert_eq!(
            Moment::from_unix_ms(5).age(Moment::from_unix_ms(1)),
            Span::from_ms(0)
        );
    }
}
