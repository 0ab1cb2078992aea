//! A rate over the last windows of time, as Kafka measures quotas: bytes or anything else, per second.
//! Knows no clock; times are steady milliseconds and never go back.

use std::collections::VecDeque;

/// How a rate is measured: so many windows of such a length (`quota.window.num` and its like).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// Windows that count, the one that is filled now included.
    pub count: i64,
    /// The length of one.
    pub length_ms: i64,
}

impl Windows {
    /// So many windows of so many seconds; at least one of one.
    pub fn new(count: i64, seconds: i64) -> Self {
        Self {
            count: count.clamp(1, 1_000_000),
            length_ms: seconds.clamp(1, 1_000_000).saturating_mul(1_000),
        }
    }

    /// The time that all of them span.
    pub fn span_ms(self) -> i64 {
        self.count.saturating_mul(self.length_ms)
    }
}

/// What was used in one window.
#[derive(Debug, Clone, Copy)]
struct Sample {
    start_ms: i64,
    total: f64,
}

/// What was used of late. Holds at most as many samples as there are windows.
#[derive(Debug, Clone)]
pub struct Rate {
    windows: Windows,
    samples: VecDeque<Sample>,
}

/// A count as a number with a fraction; what is lost beyond 2^53 no quota can tell.
#[expect(
    clippy::cast_precision_loss,
    reason = "bytes and milliseconds are far below 2^53"
)]
pub fn float(count: i64) -> f64 {
    count as f64
}

/// A number of milliseconds, rounded as Kafka does, never below zero.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a float beyond the range becomes its end"
)]
pub fn whole(number: f64) -> i64 {
    number.max(0.0).round() as i64
}

impl Rate {
    /// Nothing was used yet.
    pub fn new(windows: Windows) -> Self {
        Self {
            windows,
            samples: VecDeque::new(),
        }
    }

    /// Counts what was used; a negative amount takes back what was counted before.
    pub fn record(&mut self, amount: f64, now_ms: i64) {
        self.expire(now_ms);
        match self.samples.back_mut() {
            Some(last) if now_ms - last.start_ms < self.windows.length_ms => last.total += amount,
            _ => self.samples.push_back(Sample {
                start_ms: now_ms,
                total: amount,
            }),
        }
    }

    fn expire(&mut self, now_ms: i64) {
        let span = self.windows.span_ms();
        while let Some(first) = self.samples.front()
            && now_ms - first.start_ms >= span
        {
            self.samples.pop_front();
        }
    }

    fn total(&self) -> f64 {
        self.samples.iter().map(|sample| sample.total).sum()
    }

    /// Milliseconds since the oldest window that counts began.
    fn passed_ms(&self, now_ms: i64) -> i64 {
        let first = self.samples.front();
        first.map_or(0, |first| now_ms - first.start_ms)
    }

    /// Per second since the oldest window began, but over one window at least: what throttles of
    /// replication go by. Quick to rise after a silence.
    pub fn recent(&mut self, now_ms: i64) -> f64 {
        self.expire(now_ms);
        self.total() * 1_000.0 / float(self.recent_ms(now_ms))
    }

    fn recent_ms(&self, now_ms: i64) -> i64 {
        self.passed_ms(now_ms).max(self.windows.length_ms)
    }

    /// How much more may be used now, as [`Rate::recent`] measures, at `bound` per second; below zero
    /// where too much was.
    pub fn room(&mut self, bound: f64, now_ms: i64) -> f64 {
        self.expire(now_ms);
        bound * float(self.recent_ms(now_ms)) / 1_000.0 - self.total()
    }

    /// Milliseconds until there is room for so much at `bound` per second, if nothing more is used: never
    /// more than all windows span.
    pub fn room_in_ms(&mut self, wanted: f64, bound: f64, now_ms: i64) -> i64 {
        let lacking = wanted - self.room(bound, now_ms);
        let span = self.windows.span_ms();
        if lacking < 0.0 {
            return 0;
        }
        whole((lacking * 1_000.0 / bound).ceil()).clamp(1, span)
    }

    /// Per second over all windows but the unfilled part of the last, used or not: what quotas of clients
    /// go by. Slow to rise, so that a burst after a silence is let through.
    pub fn steady(&mut self, now_ms: i64) -> f64 {
        self.expire(now_ms);
        self.total() * 1_000.0 / float(self.steady_ms(now_ms))
    }

    fn steady_ms(&self, now_ms: i64) -> i64 {
        let passed = self.passed_ms(now_ms);
        let missing = (self.windows.count - 1 - passed / self.windows.length_ms).max(0);
        (passed + missing.saturating_mul(self.windows.length_ms)).max(1)
    }

    /// Milliseconds without use that bring [`Rate::steady`] down to `bound`; zero where it is not above.
    pub fn throttle_ms(&mut self, bound: f64, now_ms: i64) -> i64 {
        let rate = self.steady(now_ms);
        if rate <= bound {
            return 0;
        }
        let span = float(self.steady_ms(now_ms));
        whole((rate - bound) / bound * span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOWS: Windows = Windows {
        count: 11,
        length_ms: 1_000,
    };

    fn about(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-6
    }

    #[test]
    fn a_first_burst_counts_over_one_window_for_replication_and_over_ten_for_clients() {
        let mut rate = Rate::new(WINDOWS);
        rate.record(1_000.0, 5_000);
        assert!(about(rate.recent(5_000), 1_000.0));
        assert!(about(rate.steady(5_000), 100.0));
        assert!(about(rate.recent(7_000), 500.0));
        assert!(about(rate.steady(7_000), 100.0));
    }

    #[test]
    fn what_is_older_than_all_windows_is_forgotten() {
        let mut rate = Rate::new(WINDOWS);
        rate.record(1_000.0, 0);
        assert!(about(rate.recent(10_999), 1_000.0 / 10.999));
        assert!(about(rate.recent(11_000), 0.0));
        assert!(rate.samples.is_empty());
    }

    #[test]
    fn who_uses_no_more_than_the_room_stays_at_the_bound() {
        let mut rate = Rate::new(WINDOWS);
        let (mut used, mut now) = (0.0, 0);
        while now < 60_000 {
            let room = rate.room(500.0, now).max(0.0);
            rate.record(room, now);
            used += room;
            now += 37;
        }
        let per_second = used / 60.0;
        assert!((450.0..=550.0).contains(&per_second), "{per_second}");
    }

    #[test]
    fn a_client_that_waits_as_long_as_it_is_told_stays_at_the_bound() {
        let mut rate = Rate::new(WINDOWS);
        let (mut used, mut now) = (0.0, 0);
        while now < 120_000 {
            rate.record(3_000.0, now);
            used += 3_000.0;
            now += 1 + rate.throttle_ms(1_000.0, now);
        }
        let per_second = used / 120.0;
        assert!((900.0..=1_150.0).contains(&per_second), "{per_second}");
    }

    #[test]
    fn what_is_taken_back_was_never_used() {
        let mut rate = Rate::new(WINDOWS);
        rate.record(700.0, 0);
        rate.record(-700.0, 10);
        assert!(about(rate.steady(10), 0.0));
        assert_eq!(rate.throttle_ms(1.0, 10), 0);
    }

    #[test]
    fn without_any_bound_there_is_room_only_after_all_windows() {
        let mut rate = Rate::new(WINDOWS);
        rate.record(1.0, 0);
        assert_eq!(rate.room_in_ms(0.0, 0.0, 0), 11_000);
        assert_eq!(rate.room_in_ms(0.0, f64::MAX, 0), 0);
        assert_eq!(Windows::new(0, -1), Windows::new(1, 1));
    }
}
