//! Something borrowed that ends some time, a token or a credential: kept while it is good, renewed before it ends, and
//! fetched by one at a time. Knows no source.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Semaphore;

use super::Fault;
use crate::clock;
use crate::model::{Moment, Span};

/// What was fetched.
pub struct Fresh<T> {
    pub value: T,
    /// `None`: not known, or never; it is not kept then.
    pub expires: Option<Moment>,
}

/// The one that is held, and who may fetch the next.
pub struct Lease<T> {
    held: Mutex<Option<Held<T>>>,
    fetching: Semaphore,
}

struct Held<T> {
    value: T,
    /// From now on the next one is wanted.
    renew: Moment,
    expires: Moment,
}

impl<T> fmt::Debug for Lease<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lease")
    }
}

impl<T> Default for Lease<T> {
    fn default() -> Self {
        Self {
            held: Mutex::new(None),
            fetching: Semaphore::new(1),
        }
    }
}

impl<T: Clone> Lease<T> {
    /// The one that is held, or a fetched one. When none can be fetched and the held one is still good, that one.
    pub async fn take(
        &self,
        fetch: impl Future<Output = Result<Fresh<T>, Fault>>,
    ) -> Result<T, Fault> {
        if let Some(value) = self.good(clock::now()) {
            return Ok(value);
        }
        let turn = self.fetching.acquire().await;
        // Whoever had the turn before may have fetched it.
        if let Some(value) = self.good(clock::now()) {
            return Ok(value);
        }
        let fetched = fetch.await;
        drop(turn);
        let now = clock::now();
        match fetched {
            Ok(fresh) if fresh.expires.is_some_and(|end| end <= now) => {
                Err(Fault::new(ended(fresh.expires, now)))
            }
            Ok(fresh) => {
                self.keep(&fresh, now);
                Ok(fresh.value)
            }
            Err(fault) => match self.still(now) {
                Some(value) => {
                    log::warn!("using the credentials at hand until they end: {fault}");
                    Ok(value)
                }
                None => Err(fault),
            },
        }
    }

    fn good(&self, now: Moment) -> Option<T> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let held = held.as_ref().filter(|held| now < held.renew)?;
        Some(held.value.clone())
    }

    fn still(&self, now: Moment) -> Option<T> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let held = held.as_ref().filter(|held| now < held.expires)?;
        Some(held.value.clone())
    }

    fn keep(&self, fresh: &Fresh<T>, now: Moment) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        *held = fresh.expires.map(|expires| Held {
            value: fresh.value.clone(),
            renew: renewal(now, expires),
            expires,
        });
    }
}

/// When the next one is wanted: at four fifths of the time, as Kafka's own clients do.
fn renewal(got: Moment, expires: Moment) -> Moment {
    let life = got.age(expires);
    got.plus(Span::from_ms(life.ms / 5 * 4))
}

fn ended(expires: Option<Moment>, now: Moment) -> String {
    let end = expires.unwrap_or(now);
    let (day, time) = (end.date_utc(), end.clock_utc());
    format!("the token expired on {day} at {time} UTC; a new one is needed")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn fetched(lease: &Lease<u32>, value: u32, lives: Option<i64>) -> Result<u32, String> {
        let now = clock::now();
        let expires = lives.map(|ms| Moment::from_unix_ms(now.unix_ms + ms));
        let fetch = async move { Ok(Fresh { value, expires }) };
        lease.take(fetch).await.map_err(|fault| fault.0)
    }

    #[tokio::test]
    async fn what_lives_long_is_fetched_once_and_what_has_no_end_each_time() {
        let lease = Lease::default();
        assert_eq!(fetched(&lease, 1, None).await, Ok(1));
        assert_eq!(fetched(&lease, 2, Some(3_600_000)).await, Ok(2));
        assert_eq!(fetched(&lease, 3, Some(3_600_000)).await, Ok(2));
    }

    #[tokio::test]
    async fn what_has_ended_is_refused_with_its_end() {
        let lease = Lease::default();
        let fetch = async {
            Ok(Fresh {
                value: 1,
                expires: Some(Moment::from_unix_ms(1_773_497_160_000)),
            })
        };
        let fault = lease.take(fetch).await.expect_err("ended");
        assert_eq!(
            fault.0,
            "the token expired on 2026-03-14 at 14:06 UTC; a new one is needed"
        );
    }

    #[test]
    fn the_next_one_is_wanted_at_four_fifths() {
        let at = Moment::from_unix_ms;
        assert_eq!(renewal(at(1000), at(2000)), at(1800));
        assert_eq!(renewal(at(2000), at(1000)), at(2000));
    }
}
