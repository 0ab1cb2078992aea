//! How often a poller asks: jitter so that pollers do not march in step, and back-off so that this program is
//! never the load.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Rounds that the latency percentile looks back on.
const WINDOW: usize = 20;
/// A p95 above this means that the cluster has enough to do (operations.md §0).
const SLOW: Duration = Duration::from_secs(1);
/// Good rounds before the pause is halved again.
const CALM: u32 = 3;
/// The pause after the first answer that was missing or not whole, while there has been no whole one yet; doubled
/// each time, up to the poller's own. A cluster that is only just starting is not to look empty for a minute.
const FIRST: Duration = Duration::from_millis(500);
/// The longest pause that backing off leads to.
const LONGEST: Duration = Duration::from_mins(1);

/// The rhythm of one poller.
#[derive(Debug, Clone)]
pub struct Pace {
    base: Duration,
    factor: u32,
    /// Rounds since the last bad one or the last halving.
    calm: u32,
    latencies: VecDeque<Duration>,
    /// Rounds that were not answered as a whole; `None` once one was.
    missed: Option<u32>,
}

impl Pace {
    /// A round every `base`.
    pub fn new(base: Duration) -> Self {
        Self {
            base,
            factor: 1,
            calm: 0,
            latencies: VecDeque::with_capacity(WINDOW),
            missed: Some(0),
        }
    }

    /// Notes a round of which answers are missing: that says nothing about the brokers' load, but before the first whole
    /// answer it is a reason to ask again soon.
    pub fn miss(&mut self) {
        self.missed = self.missed.map(|missed| missed.saturating_add(1));
    }

    /// Notes a round that was answered, and how long its slowest answer took: doubles the pause when the brokers
    /// throttled or are slow by the 95th percentile, halves it again after a few calm rounds.
    pub fn record(&mut self, took: Duration, throttled: bool) {
        self.missed = None;
        if self.latencies.len() == WINDOW {
            self.latencies.pop_front();
        }
        self.latencies.push_back(took);
        let slow = self.latencies.len() == WINDOW && self.p95() > SLOW;
        if throttled || slow {
            self.factor = self.factor.saturating_mul(2).min(64);
            self.calm = 0;
            // The same slow rounds must not count twice.
            self.latencies.clear();
        } else if took <= SLOW {
            self.calm += 1;
        }
        if self.calm >= CALM {
            self.factor = (self.factor / 2).max(1);
            self.calm = 0;
        }
    }

    fn p95(&self) -> Duration {
        let mut sorted: Vec<Duration> = self.latencies.iter().copied().collect();
        sorted.sort_unstable();
        let rank = (sorted.len() * 95).div_ceil(100).saturating_sub(1);
        sorted.get(rank).copied().unwrap_or_default()
    }

    /// The pause before the next round, without jitter.
    pub fn pause(&self) -> Duration {
        if let Some(missed @ 1..) = self.missed {
            let doublings = (missed - 1).min(16);
            return (FIRST * 2_u32.pow(doublings)).min(self.base);
        }
        (self.base * self.factor).min(LONGEST.max(self.base))
    }

    /// The pause before the next round, ±20 %.
    pub fn jittered(&self) -> Duration {
        jitter(self.pause())
    }
}

/// `span` ±20 %, differently each time.
pub fn jitter(span: Duration) -> Duration {
    // Every `RandomState` hashes with keys of its own: random enough to spread polls.
    let percent = RandomState::new().hash_one(0_u8) % 41;
    span * (80 + u32::try_from(percent).unwrap_or(20)) / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Duration = Duration::from_secs(5);

    #[test]
    fn a_throttled_poller_backs_off_to_a_minute_and_recovers() {
        let mut pace = Pace::new(BASE);
        let pauses: Vec<u64> = (0..5)
            .map(|_| {
                pace.record(Duration::from_millis(5), true);
                pace.pause().as_secs()
            })
            .collect();
        assert_eq!(pauses, [10, 20, 40, 60, 60]);
        for _ in 0..6 * CALM {
            pace.record(Duration::from_millis(5), false);
        }
        assert_eq!(pace.pause(), BASE);
    }

    #[test]
    fn one_slow_round_in_twenty_is_no_reason_to_back_off() {
        let mut pace = Pace::new(BASE);
        for _ in 0..20 {
            pace.record(Duration::from_millis(5), false);
        }
        pace.record(Duration::from_secs(2), false);
        assert_eq!(pace.pause(), BASE);
        pace.record(Duration::from_secs(2), false);
        assert_eq!(pace.pause(), BASE * 2);
    }

    #[test]
    fn before_the_first_whole_answer_a_slow_poller_asks_again_soon_and_then_less_and_less() {
        let mut pace = Pace::new(Duration::from_mins(1));
        let pauses: Vec<u128> = (0..9)
            .map(|_| {
                pace.miss();
                pace.pause().as_millis()
            })
            .collect();
        let doubled = [500, 1000, 2000, 4000, 8000, 16_000, 32_000];
        assert_eq!(pauses[..7], doubled);
        assert_eq!(pauses[7..], [60_000; 2]);
        pace.record(Duration::from_millis(5), false);
        pace.miss();
        assert_eq!(
            pace.pause(),
            Duration::from_mins(1),
            "once it is known, it ages"
        );
    }

    #[test]
    fn jitter_stays_within_a_fifth() {
        for _ in 0..100 {
            let pause = jitter(BASE);
            assert!((4000..=6000).contains(&pause.as_millis()), "{pause:?}");
        }
    }
}
