//! How many connections there may be: in all, and from one address. Counts; closes nothing itself.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::seldom::Seldom;

/// The limits of one node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// `max.connections`, or fewer where the system has fewer file descriptors for them: beyond it
    /// nothing is accepted until a connection ends.
    pub connections: usize,
    /// `max.connections.per.ip`: beyond it a connection is closed at once.
    pub per_ip: usize,
    /// `max.connections.per.ip.overrides`, by address.
    pub overrides: HashMap<IpAddr, usize>,
}

impl Limits {
    fn of(&self, from: IpAddr) -> usize {
        self.overrides.get(&from).copied().unwrap_or(self.per_ip)
    }
}

/// The node's open connections against its limits; a handle, cheap to clone.
#[derive(Debug, Clone)]
pub struct Admission {
    limits: Arc<Limits>,
    room: Arc<Semaphore>,
    from: Arc<Mutex<HashMap<IpAddr, usize>>>,
    full: Arc<Seldom>,
}

/// The right to one connection, given back when dropped.
#[derive(Debug)]
pub struct Admitted {
    _room: Option<OwnedSemaphorePermit>,
    from: IpAddr,
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Admission {
    /// Nothing is open yet.
    pub fn new(limits: Limits) -> Self {
        let room = limits.connections.min(Semaphore::MAX_PERMITS);
        Self {
            limits: Arc::new(limits),
            room: Arc::new(Semaphore::new(room)),
            from: Arc::default(),
            full: Arc::default(),
        }
    }

    /// Waits until there is room for one more connection. The listeners between nodes do not ask:
    /// a crowd of clients never keeps the cluster apart.
    pub async fn room(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(room) = Arc::clone(&self.room).try_acquire_owned() {
            return Some(room);
        }
        if self.full.is_due() {
            log::warn!(
                "{} connections are open, as many as max.connections and half of the file descriptors allow: clients wait",
                self.limits.connections
            );
        }
        Arc::clone(&self.room).acquire_owned().await.ok()
    }

    /// Counts a connection from an address, unless that has too many already.
    pub fn admit(&self, from: IpAddr, room: Option<OwnedSemaphorePermit>) -> Option<Admitted> {
        let from = from.to_canonical();
        let mut counts = self.from.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&from).copied().unwrap_or(0);
        if count >= self.limits.of(from) {
            return None;
        }
        counts.insert(from, count + 1);
        Some(Admitted {
            _room: room,
            from,
            counts: Arc::clone(&self.from),
        })
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.from) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.from);
            }
        }
    }
}
