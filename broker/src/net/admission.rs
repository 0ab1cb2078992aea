//! How many connections a node takes, in all and from one address, and how fast. Decides by counting;
//! touches no socket. The limits may change while connections are open: none of them is closed for it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::seldom::Seldom;
use crate::quota::{Rate, Windows};

/// Addresses whose rates are kept without looking for some that are gone.
const FEW: usize = 1024;

/// The limits of a node, by Kafka's key names.
#[derive(Debug, Clone)]
pub struct Limits {
    /// `max.connections`, or less where the system has fewer file descriptors for them: beyond it
    /// nothing is accepted until a connection ends.
    pub connections: usize,
    /// `max.connections.per.ip`: beyond it a connection is closed at once.
    pub per_ip: usize,
    /// `max.connections.per.ip.overrides`, by address.
    pub overrides: HashMap<IpAddr, usize>,
    /// `max.connection.creation.rate`: above it connections are accepted later. Those between nodes are
    /// not counted.
    pub rate: f64,
    /// Quotas of addresses, `connection_creation_rate`: above it a connection is not served.
    pub addresses: Arc<crate::quota::Limits>,
    /// How rates are measured: `quota.window.num`, `quota.window.size.seconds`.
    pub windows: Windows,
}

impl Default for Limits {
    /// None.
    fn default() -> Self {
        Self {
            connections: usize::MAX,
            per_ip: usize::MAX,
            overrides: HashMap::new(),
            rate: f64::MAX,
            addresses: Arc::default(),
            windows: Windows::new(11, 1),
        }
    }
}

impl Limits {
    fn of(&self, from: IpAddr) -> usize {
        self.overrides.get(&from).copied().unwrap_or(self.per_ip)
    }
}

/// What is done about a new connection.
#[derive(Debug)]
pub enum Entry {
    /// It is served; nothing else is accepted for so long.
    Served(Admitted, Option<Duration>),
    /// It is closed after a while, without being served: its address connects too often.
    Late(Admitted, Duration),
    /// It is closed at once: its address has too many.
    Closed,
}

/// What is counted.
#[derive(Debug)]
struct Counts {
    limits: Arc<Limits>,
    /// Connections that count against `max.connections`.
    open: usize,
    from: HashMap<IpAddr, usize>,
    rate: Rate,
    rates: HashMap<IpAddr, Rate>,
    crowd: usize,
}

#[derive(Debug)]
struct Shared {
    counts: Mutex<Counts>,
    freed: Notify,
    full: Seldom,
    began: Instant,
}

/// The node's open connections against its limits; a handle, cheap to clone.
#[derive(Debug, Clone)]
pub struct Admission(Arc<Shared>);

/// The place of one connection in `max.connections`, given back when dropped.
#[derive(Debug)]
pub struct Place(Arc<Shared>);

/// The right to one connection, given back when dropped.
#[derive(Debug)]
pub struct Admitted {
    _place: Option<Place>,
    from: IpAddr,
    shared: Arc<Shared>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

impl Admission {
    /// Nothing is open yet.
    pub fn new(limits: Limits) -> Self {
        let rate = Rate::new(limits.windows);
        Self(Arc::new(Shared {
            counts: Mutex::new(Counts {
                limits: Arc::new(limits),
                open: 0,
                from: HashMap::new(),
                rate,
                rates: HashMap::new(),
                crowd: FEW,
            }),
            freed: Notify::new(),
            full: Seldom::default(),
            began: Instant::now(),
        }))
    }

    /// Goes by other limits from now on.
    pub fn set(&self, limits: Limits) {
        self.0.lock().limits = Arc::new(limits);
        self.0.freed.notify_waiters();
    }

    /// Waits until there is room for one more connection. The listeners between nodes do not ask:
    /// a crowd of clients never keeps the cluster apart.
    pub async fn room(&self) -> Place {
        loop {
            let freed = self.0.freed.notified();
            tokio::pin!(freed);
            // Whoever leaves from here on is heard.
            freed.as_mut().enable();
            let most = match self.try_place() {
                Ok(place) => return place,
                Err(most) => most,
            };
            if self.0.full.is_due() {
                log::warn!(
                    "{most} connections are open, as many as max.connections and the file descriptors allow: clients wait"
                );
            }
            freed.await;
        }
    }

    /// A place for one more, or how many there may be.
    fn try_place(&self) -> Result<Place, usize> {
        let mut counts = self.0.lock();
        if counts.open >= counts.limits.connections {
            return Err(counts.limits.connections);
        }
        counts.open += 1;
        Ok(Place(Arc::clone(&self.0)))
    }

    /// Counts a connection from an address; those between nodes have no place, and count against no rate of
    /// the node.
    pub fn admit(&self, from: IpAddr, place: Option<Place>) -> Entry {
        let from = from.to_canonical();
        let now_ms = self.0.now_ms();
        let is_counted = place.is_some();
        let mut counts = self.0.lock();
        let count = counts.from.get(&from).copied().unwrap_or(0);
        if count >= counts.limits.of(from) {
            // The place takes the lock when it is given back.
            drop(counts);
            return Entry::Closed;
        }
        counts.from.insert(from, count + 1);
        let admitted = Admitted {
            _place: place,
            from,
            shared: Arc::clone(&self.0),
        };
        if let Some(pause) = counts.late(from, now_ms) {
            return Entry::Late(admitted, pause);
        }
        let pause = is_counted.then(|| counts.pause(now_ms)).flatten();
        Entry::Served(admitted, pause)
    }
}

/// At most a window, as in Kafka.
fn bounded(ms: i64, windows: Windows) -> Option<Duration> {
    let ms = u64::try_from(ms.min(windows.length_ms)).ok()?;
    (ms > 0).then(|| Duration::from_millis(ms))
}

impl Counts {
    /// Counts a connection against the node's rate; gives how long no other one is to be accepted.
    fn pause(&mut self, now_ms: i64) -> Option<Duration> {
        let bound = self.limits.rate;
        self.rate.record(1.0, now_ms);
        let ms = self.rate.throttle_ms(bound, now_ms);
        bounded(ms, self.limits.windows)
    }

    /// Counts a connection against the rate of its address; above it, gives how long it is kept open in
    /// vain: whoever tries again at once gains nothing.
    fn late(&mut self, from: IpAddr, now_ms: i64) -> Option<Duration> {
        let limits = Arc::clone(&self.limits);
        let bound = limits.addresses.of_address(&from.to_string())?;
        self.forget_some(now_ms);
        let rate = self.rates.entry(from);
        let rate = rate.or_insert_with(|| Rate::new(limits.windows));
        rate.record(1.0, now_ms);
        let ms = rate.throttle_ms(bound, now_ms);
        if ms > 0 {
            rate.record(-1.0, now_ms);
        }
        bounded(ms, limits.windows)
    }

    /// Forgets addresses that have not come for as long as anything counts, once there are many.
    fn forget_some(&mut self, now_ms: i64) {
        if self.rates.len() >= self.crowd {
            self.rates.retain(|_, rate| rate.steady(now_ms) > 0.0);
            self.crowd = (2 * self.rates.len()).max(FEW);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.0.lock();
        counts.open = counts.open.saturating_sub(1);
        drop(counts);
        self.0.freed.notify_waiters();
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut counts = self.shared.lock();
        if let Some(count) = counts.from.get_mut(&self.from) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.from.remove(&self.from);
            }
        }
    }
}
