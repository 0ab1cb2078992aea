//! What clients used of late, each held to the quota that is the closest to it. Holds no more than the
//! clients of the last minute or so.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::limits::{Entity, Held, Limit};
use super::rate::{Rate, Windows, float};

/// Clients that are kept without looking for some that are gone.
const FEW: usize = 1024;

#[derive(Debug)]
struct Metered {
    rate: Rate,
    last_ms: i64,
}

#[derive(Debug)]
struct Meters {
    by: HashMap<(Limit, Entity), Metered>,
    /// At so many those that are gone are looked for.
    crowd: usize,
}

/// The meters of all clients.
#[derive(Debug)]
pub struct Clients {
    windows: Windows,
    meters: Mutex<Meters>,
}

impl Clients {
    /// Nobody used anything yet.
    pub fn new(windows: Windows) -> Self {
        Self {
            windows,
            meters: Mutex::new(Meters {
                by: HashMap::new(),
                crowd: FEW,
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Meters> {
        self.meters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what a client used, or takes it back; gives the milliseconds for which it must be quiet, zero
    /// where it is within its quota.
    pub fn charge(&self, limit: Limit, held: &Held, amount: f64, now_ms: i64) -> i64 {
        let mut meters = self.lock();
        meters.make_room(self.windows, now_ms);
        let key = (limit, held.together.clone());
        let metered = meters.by.entry(key).or_insert_with(|| Metered {
            rate: Rate::new(self.windows),
            last_ms: now_ms,
        });
        metered.last_ms = now_ms;
        metered.rate.record(amount, now_ms);
        metered.rate.throttle_ms(held.amount, now_ms)
    }

    /// The most that a quota ever lets through at once.
    pub fn most_at_once(&self, held: &Held) -> f64 {
        let windows = (self.windows.count - 1).max(1);
        held.amount * float(windows.saturating_mul(self.windows.length_ms)) / 1_000.0
    }

    /// The length of one window.
    pub fn window_ms(&self) -> i64 {
        self.windows.length_ms
    }

    /// Clients that are measured.
    pub fn count(&self) -> usize {
        self.lock().by.len()
    }
}

impl Meters {
    /// Forgets who used nothing for as long as anything counts, once there are many.
    fn make_room(&mut self, windows: Windows, now_ms: i64) {
        if self.by.len() < self.crowd {
            return;
        }
        let span = windows.span_ms();
        self.by.retain(|_, metered| now_ms - metered.last_ms < span);
        self.crowd = (2 * self.by.len()).max(FEW);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::Name;

    fn held(name: &str) -> Held {
        Held {
            amount: 100.0,
            together: Entity {
                client_id: Some(Name::Of(name.to_owned())),
                ..Entity::default()
            },
        }
    }

    #[test]
    fn a_client_is_quiet_for_as_long_as_brings_it_back_to_its_quota() {
        let clients = Clients::new(Windows::new(11, 1));
        let (limit, one) = (Limit::ProducerByteRate, held("one"));
        assert_eq!(
            clients.charge(limit, &one, 1_000.0, 0),
            0,
            "ten seconds' worth"
        );
        assert_eq!(clients.charge(limit, &one, 500.0, 0), 5_000);
        assert_eq!(
            clients.charge(limit, &one, -500.0, 0),
            0,
            "it is taken back"
        );
        assert_eq!(clients.charge(limit, &held("two"), 1_000.0, 0), 0);
        assert_eq!(clients.charge(Limit::ConsumerByteRate, &one, 1_000.0, 0), 0);
    }

    #[test]
    fn a_crowd_of_clients_that_came_and_went_is_forgotten() {
        let clients = Clients::new(Windows::new(11, 1));
        for number in 0..10_000 {
            let one = held(&number.to_string());
            clients.charge(Limit::ProducerByteRate, &one, 1.0, 20 * number);
        }
        assert!(clients.count() <= 2 * FEW, "{}", clients.count());
    }
}
