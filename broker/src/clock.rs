//! Time as a parameter: the only place of the broker that asks the system what time it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the node's shells get the time that they hand to the pure cores.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that a test sets.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `at_ms` until a test moves it.
    pub fn manual(at_ms: i64) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(at_ms)))
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        match self {
            Self::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| {
                    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
                }),
            Self::Manual(at) => at.load(Ordering::Acquire),
        }
    }

    /// Moves a manual clock on; the system's clock moves by itself.
    pub fn advance(&self, by_ms: i64) {
        if let Self::Manual(at) = self {
            at.fetch_add(by_ms, Ordering::AcqRel);
        }
    }
}
