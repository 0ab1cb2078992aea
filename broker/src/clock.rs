//! Time as a parameter: the only place of the broker that asks the system what time it is.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// When the process first asked for steady time, by the machine's clock and by one that never jumps.
static START: OnceLock<(i64, Instant)> = OnceLock::new();

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

    /// Milliseconds that go on evenly, whatever becomes of the machine's clock: for sessions and pauses
    /// in this process. They begin with the time of day at which the process first asked, and stand
    /// still while the machine sleeps.
    pub fn steady_ms(&self) -> i64 {
        match self {
            Self::System => {
                let (at_ms, since) = START.get_or_init(|| (self.now_ms(), Instant::now()));
                let passed = i64::try_from(since.elapsed().as_millis());
                at_ms.saturating_add(passed.unwrap_or(i64::MAX))
            }
            Self::Manual(_) => self.now_ms(),
        }
    }

    /// Moves a manual clock on; the system's clock moves by itself.
    pub fn advance(&self, by_ms: i64) {
        if let Self::Manual(at) = self {
            at.fetch_add(by_ms, Ordering::AcqRel);
        }
    }
}
