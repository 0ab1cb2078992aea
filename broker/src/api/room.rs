//! Memory for answers to Fetch until they are sent, shared by all connections of the node: slow readers get
//! less at a time, and nobody waits for them. No API of its own.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::NodeConfig;
use crate::metrics::Metrics;

/// Bytes of an answer that need no room.
const OWN_BYTES: usize = 64 << 10;

/// Bytes where `queued.max.request.bytes` names no number.
const DEFAULT_BYTES: usize = 256 << 20;

/// The room of a node; a handle, cheap to clone.
#[derive(Debug, Clone)]
pub struct AnswerRoom(Arc<Semaphore>);

/// What one answer holds of it.
pub type Held = OwnedSemaphorePermit;

impl AnswerRoom {
    /// As much room as `queued.max.request.bytes` gives requests.
    pub fn new(config: &NodeConfig, metrics: &Metrics) -> Self {
        let given = usize::try_from(config.number("queued.max.request.bytes"));
        let bytes = given.ok().filter(|bytes| *bytes > 0);
        let bytes = bytes.unwrap_or(DEFAULT_BYTES).min(u32::MAX as usize);
        let room = Arc::new(Semaphore::new(bytes));
        let left = Arc::clone(&room);
        metrics.gauge("kafka_network_unsent_fetch_bytes", &[], move || {
            let unsent = bytes.saturating_sub(left.available_permits());
            u32::try_from(unsent).map_or(f64::MAX, f64::from)
        });
        Self(room)
    }

    /// Room for so many bytes, or for as many of them as there are: then with how many the answer may have.
    pub(super) fn take(&self, bytes: usize) -> (Option<Held>, Option<usize>) {
        let more = bytes.saturating_sub(OWN_BYTES);
        if more == 0 {
            return (None, None);
        }
        if let Some(held) = self.try_take(more) {
            return (Some(held), None);
        }
        let left = self.0.available_permits().min(more);
        match self.try_take(left) {
            Some(held) => (Some(held), Some(OWN_BYTES + left)),
            None => (None, Some(OWN_BYTES)),
        }
    }

    fn try_take(&self, bytes: usize) -> Option<Held> {
        let bytes = u32::try_from(bytes).ok()?;
        Arc::clone(&self.0).try_acquire_many_owned(bytes).ok()
    }
}

/// What the answer that a connection is about to send holds: left here by who made it.
#[derive(Debug, Default)]
pub struct Holding(Mutex<Option<Held>>);

impl Holding {
    /// Leaves it with the connection.
    pub(super) fn put(&self, held: Option<Held>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = held;
    }

    /// Takes it until the answer is sent.
    pub fn take(&self) -> Option<Held> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.take()
    }
}
