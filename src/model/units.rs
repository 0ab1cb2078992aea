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

    /// The day in UTC, `2026-03-14`.
    pub fn date_utc(self) -> String {
        let (year, month, day) = self.civil();
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// Day and time in UTC without separators, as signatures carry it: `20260314T140600Z`.
    pub fn compact_utc(self) -> String {
        let (year, month, day) = self.civil();
        let seconds = self.unix_ms.div_euclid(1000).rem_euclid(86_400);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
    }

    /// Reads `2026-03-14T14:06:00Z`, with or without a fraction of seconds; nothing else.
    pub fn parse_utc(text: &str) -> Option<Self> {
        let (day, time) = text.strip_suffix('Z')?.split_once('T')?;
        let number = |text: &str| text.parse::<u32>().ok().map(i64::from);
        let mut day = day.split('-').map(number);
        let (year, month, day) = (day.next()??, day.next()??, day.next()??);
        let mut time = time.split('.').next()?.split(':').map(number);
        let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
        if year > 9999
            || [month, day, hour, minute, second]
                .iter()
                .any(|part| *part > 99)
        {
            return None;
        }
        // A year that begins in March, as in `civil`.
        let (year, shifted) = if month > 2 {
            (year, month - 3)
        } else {
            (year - 1, month + 9)
        };
        let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        let days = 365 * year + leaps + (153 * shifted + 2) / 5 + day - 1 - 719_468;
        let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
        Some(Self::from_unix_ms(seconds * 1000))
    }

    /// Year, month and day of the Gregorian calendar.
    fn civil(self) -> (i64, i64, i64) {
        // Years begin in March here, so that the leap day is the last of its year; an era has 400 years.
        let days = self.unix_ms.div_euclid(86_400_000) + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let leaps = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
        let year_of_era = (day_of_era - leaps) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 {
            shifted + 3
        } else {
            shifted - 9
        };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        (year, month, day)
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
    fn a_moment_has_its_day() {
        let day = |secs: i64| Moment::from_unix_ms(secs * 1000).date_utc();
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(day(-1), "1969-12-31");
        assert_eq!(day(951_782_400), "2000-02-29");
        assert_eq!(day(1_709_251_199), "2024-02-29");
        assert_eq!(day(1_709_251_200), "2024-03-01");
        assert_eq!(day(4_102_444_800), "2100-01-01");
        let moment = Moment::from_unix_ms(1_440_938_160_000);
        assert_eq!(moment.compact_utc(), "20150830T123600Z");
        assert_eq!(Moment::parse_utc("2015-08-30T12:36:00Z"), Some(moment));
        assert_eq!(Moment::parse_utc("2015-08-30T12:36:00.000Z"), Some(moment));
        for secs in [0, 951_782_400, 1_709_251_199, 1_709_251_200, 4_102_444_800] {
            let moment = Moment::from_unix_ms(secs * 1000);
            let text = format!(
                "{}T{}:{:02}Z",
                moment.date_utc(),
                moment.clock_utc(),
                secs % 60
            );
            assert_eq!(Moment::parse_utc(&text), Some(moment), "{text}");
        }
        assert_eq!(Moment::parse_utc("yesterday"), None);
        assert_eq!(Moment::parse_utc("4000000000-01-01T00:00:00Z"), None);
    }

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
