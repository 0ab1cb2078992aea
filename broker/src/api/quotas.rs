//! Quotas of clients at work (KIP-13, KIP-124, KIP-219): what a request used is counted, and who used too
//! much is told for how long its connection is muted. No API of its own; waits for nothing.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Ctx;
use crate::clock::Clock;
use crate::config::NodeConfig;
use crate::meta::command::Asker;
use crate::metrics::{Counter, Metrics};
use crate::quota::rate::float;
use crate::quota::{Clients, Held, Limit, Windows};

/// Until when nothing more is taken from a connection.
#[derive(Debug, Default)]
pub struct Mute(Mutex<Option<Instant>>);

impl Mute {
    /// Mutes for so long from now on, or as long as before if that is longer.
    pub fn mute(&self, pause: Duration) {
        let until = Instant::now().checked_add(pause);
        let mut muted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *muted = until.max(*muted);
    }

    /// When it ends, if it has not.
    pub fn until(&self) -> Option<Instant> {
        let mut muted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *muted = muted.filter(|until| *until > Instant::now());
        *muted
    }
}

/// Requests that were throttled, and for how long.
#[derive(Debug)]
struct Throttled {
    requests: Counter,
    time_ms: Counter,
}

/// The quotas of a node's clients.
#[derive(Debug)]
pub struct Quotas {
    clients: Clients,
    clock: Clock,
    throttled: BTreeMap<Limit, Throttled>,
}

impl Quotas {
    /// Nobody used anything yet.
    pub fn new(config: &NodeConfig, clock: Clock, metrics: &Metrics) -> Self {
        let count = |limit: Limit| {
            let labels: &[(&str, &str)] = &[("quota", limit.name())];
            let throttled = Throttled {
                requests: metrics
                    .counter("kafka_server_clientquota_throttled_requests_total", labels),
                time_ms: metrics.counter("kafka_server_clientquota_throttle_time_ms_total", labels),
            };
            (limit, throttled)
        };
        let windows = Windows::new(
            config.number("quota.window.num"),
            config.number("quota.window.size.seconds"),
        );
        Self {
            clients: Clients::new(windows),
            clock,
            throttled: Limit::ALL.into_iter().map(count).collect(),
        }
    }

    fn count(&self, limit: Limit, ms: i64) {
        if let Some(throttled) = self.throttled.get(&limit).filter(|_| ms > 0) {
            throttled.requests.add(1);
            throttled.time_ms.add(u64::try_from(ms).unwrap_or(0));
        }
    }
}

/// A user without what Kafka writes before it.
fn user(principal: &str) -> &str {
    principal.strip_prefix("User:").unwrap_or(principal)
}

/// What a time is of one thread, in percent and seconds.
fn percent(spent: Duration) -> f64 {
    spent.as_secs_f64() * 100.0
}

impl Ctx {
    /// The quota that the client is held to.
    fn held(&self, limit: Limit) -> Option<Held> {
        let limits = &self.broker.image().client_quotas;
        let principal = self.caller.principal();
        let client_id = self.caller.client_id.as_deref().unwrap_or_default();
        limits.of_client(limit, user(&principal), client_id)
    }

    /// The client, as the controller knows it.
    pub(super) fn asker(&self, is_strict: bool) -> Asker {
        Asker {
            user: user(&self.caller.principal()).to_owned(),
            client_id: self.caller.client_id.clone().unwrap_or_default(),
            is_strict,
        }
    }

    /// The controller wants the client to be quiet for so many milliseconds.
    pub(super) fn mutated(&self, ms: i32) {
        self.throttle(&[(Limit::ControllerMutationRate, i64::from(ms))]);
    }

    /// Counts, and gives the milliseconds for which the client must be quiet.
    fn charge(&self, limit: Limit, amount: f64) -> i64 {
        let Some(held) = self.held(limit) else {
            return 0;
        };
        let quotas = &self.broker.quotas;
        let now_ms = quotas.clock.steady_ms();
        let ms = quotas.clients.charge(limit, &held, amount, now_ms);
        match limit {
            // Longer would not help: most of the time of threads is used by others.
            Limit::RequestPercentage => ms.min(quotas.clients.window_ms()),
            _ => ms,
        }
    }

    /// Mutes the connection for the longer of these times; gives it as answers tell it.
    fn throttle(&self, times: &[(Limit, i64)]) -> i32 {
        let longest = times.iter().max_by_key(|(_, ms)| *ms);
        let Some((limit, ms)) = longest.filter(|(_, ms)| *ms > 0) else {
            return 0;
        };
        self.broker.quotas.count(*limit, *ms);
        let told = i32::try_from(*ms).unwrap_or(i32::MAX);
        self.mute(told);
        told
    }

    /// Takes nothing more from the connection for so many milliseconds.
    pub(super) fn mute(&self, ms: i32) {
        let pause = Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        self.caller.mute.mute(pause);
    }

    /// A request took so much time of threads; gives the milliseconds of its throttle.
    pub(super) fn spent(&self, time: Duration) -> i32 {
        let limit = Limit::RequestPercentage;
        self.throttle(&[(limit, self.charge(limit, percent(time)))])
    }

    /// The same, found out too late to be told.
    pub(super) fn spent_later(&self, time: Duration) {
        self.charge(Limit::RequestPercentage, percent(time));
    }

    /// A Produce request of so many bytes took so much time; gives the milliseconds of its throttle.
    pub(super) fn produced(&self, bytes: usize, time: Duration) -> i32 {
        let times = [
            (Limit::ProducerByteRate, number(bytes)),
            (Limit::RequestPercentage, percent(time)),
        ];
        self.throttle(&times.map(|(limit, amount)| (limit, self.charge(limit, amount))))
    }

    /// The most bytes that the client's quota ever gives in one answer.
    pub(super) fn most_to_fetch(&self) -> Option<f64> {
        let held = self.held(Limit::ConsumerByteRate)?;
        Some(self.broker.quotas.clients.most_at_once(&held))
    }

    /// An answer to Fetch holds so many bytes and took so much time; gives the milliseconds of its throttle.
    /// One that is throttled is sent empty, and its bytes do not count.
    pub(super) fn fetched(&self, bytes: usize, time: Duration) -> i32 {
        let times = [
            (Limit::ConsumerByteRate, number(bytes)),
            (Limit::RequestPercentage, percent(time)),
        ];
        let times = times.map(|(limit, amount)| (limit, self.charge(limit, amount)));
        let told = self.throttle(&times);
        if told > 0 {
            self.charge(Limit::ConsumerByteRate, -number(bytes));
        }
        told
    }
}

fn number(bytes: usize) -> f64 {
    float(i64::try_from(bytes).unwrap_or(i64::MAX))
}

/// What comes of work, and the time that threads spent on it; waiting is not counted.
pub(super) async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let mut work = pin!(work);
    let mut spent = Duration::ZERO;
    let done = poll_fn(|context| {
        let began = Instant::now();
        let polled = work.as_mut().poll(context);
        spent += began.elapsed();
        polled
    })
    .await;
    (done, spent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_mute_lasts_as_long_as_the_longest_and_ends() {
        let mute = Mute::default();
        assert_eq!(mute.until(), None);
        let now = Instant::now();
        mute.mute(Duration::from_secs(3));
        mute.mute(Duration::from_secs(1));
        assert_eq!(mute.until(), Some(now + Duration::from_secs(3)));
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(mute.until(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_takes_no_time_of_threads() {
        let ((), spent) = timed(tokio::time::sleep(Duration::from_secs(5))).await;
        assert_eq!(spent, Duration::ZERO);
    }
}
