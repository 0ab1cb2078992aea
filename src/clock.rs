//! The wall clock, read here alone: rules and screens take a [`Moment`].

use std::time::{SystemTime, UNIX_EPOCH};

use crate::model::Moment;

/// This host's time; the epoch if its clock is set before it.
pub fn now() -> Moment {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Moment::from_unix_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
