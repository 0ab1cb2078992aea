//! Buckets of tokens (KIP-599): what is saved up while little is done may be used at once; who has overdrawn
//! waits until it is made up for.

use std::collections::HashMap;

use super::limits::{Entity, Held};
use super::rate::{Windows, float, whole};

/// Buckets that are kept without looking for some that are full again.
const FEW: usize = 1024;

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled_ms: i64,
    /// The most that it ever holds, by its quota.
    most: f64,
}

/// The buckets of all who are limited. Each holds as much as its quota gives in all windows.
#[derive(Debug)]
pub struct Buckets {
    windows: Windows,
    by: HashMap<Entity, Bucket>,
    crowd: usize,
}

impl Buckets {
    /// All full.
    pub fn new(windows: Windows) -> Self {
        Self {
            windows,
            by: HashMap::new(),
            crowd: FEW,
        }
    }

    /// What somebody has now; below zero where it is overdrawn.
    pub fn tokens(&mut self, held: &Held, now_ms: i64) -> f64 {
        let span = float(self.windows.span_ms());
        let most = held.amount * span / 1_000.0;
        if self.by.len() >= self.crowd {
            // Who has rested for all windows has a full bucket, as somebody new has.
            let rested = |bucket: &Bucket| {
                let passed = float(now_ms - bucket.filled_ms);
                bucket.tokens + bucket.most * passed / span >= bucket.most
            };
            self.by.retain(|_, bucket| !rested(bucket));
            self.crowd = (2 * self.by.len()).max(FEW);
        }
        let bucket = self.by.entry(held.together.clone()).or_insert(Bucket {
            tokens: most,
            filled_ms: now_ms,
            most,
        });
        let passed = float((now_ms - bucket.filled_ms).max(0)) / 1_000.0;
        bucket.tokens = (bucket.tokens + held.amount * passed).min(most);
        bucket.filled_ms = now_ms;
        bucket.most = most;
        bucket.tokens
    }

    /// Uses some of it.
    pub fn take(&mut self, held: &Held, tokens: f64) {
        if let Some(bucket) = self.by.get_mut(&held.together) {
            bucket.tokens -= tokens;
        }
    }
}

/// Milliseconds until so many tokens that are overdrawn are made up for.
pub fn overdrawn_ms(tokens: f64, amount: f64) -> i64 {
    whole(-tokens * 1_000.0 / amount)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::Name;

    fn held(name: &str) -> Held {
        Held {
            amount: 2.0,
            together: Entity {
                user: Some(Name::Of(name.to_owned())),
                ..Entity::default()
            },
        }
    }

    fn are(tokens: f64, expected: f64) -> bool {
        (tokens - expected).abs() < 1e-9
    }

    #[test]
    fn a_bucket_is_full_at_first_is_overdrawn_once_and_fills_with_time() {
        let mut buckets = Buckets::new(Windows::new(11, 1));
        let one = held("one");
        assert!(are(buckets.tokens(&one, 0), 22.0));
        buckets.take(&one, 30.0);
        assert!(are(buckets.tokens(&one, 0), -8.0));
        assert_eq!(overdrawn_ms(-8.0, 2.0), 4_000);
        assert!(are(buckets.tokens(&one, 4_000), 0.0));
        assert!(are(buckets.tokens(&one, 60_000), 22.0), "no more than that");
        assert!(are(buckets.tokens(&held("two"), 0), 22.0));
    }

    #[test]
    fn buckets_that_are_full_again_are_forgotten_and_others_are_not() {
        let mut buckets = Buckets::new(Windows::new(11, 1));
        let debtor = held("debtor");
        buckets.tokens(&debtor, 0);
        buckets.take(&debtor, 1e9);
        for number in 0..10_000 {
            let one = held(&number.to_string());
            buckets.tokens(&one, 20 * number);
            buckets.take(&one, 1.0);
        }
        assert!(buckets.by.len() <= 2 * FEW, "{}", buckets.by.len());
        assert!(buckets.tokens(&debtor, 200_000) < 0.0);
    }
}
