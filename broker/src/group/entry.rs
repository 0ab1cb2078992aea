//! A group with its offsets, and what follows from both: whether anything of it is left, and which
//! offsets have been kept long enough. Pure.

use super::classic::{CONSUMER_PROTOCOL, Group, State};
use super::offsets::Offsets;
use super::schema::OffsetValue;

/// A group with its offsets.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) group: Group,
    pub(super) offsets: Offsets,
    /// Its writes that are appended and not settled.
    pub(super) in_flight: u32,
    /// The time under which it stands among the timers.
    pub(super) scheduled_ms: i64,
}

impl Entry {
    pub(super) fn new(group: Group) -> Self {
        Self {
            group,
            offsets: Offsets::default(),
            in_flight: 0,
            scheduled_ms: i64::MAX,
        }
    }

    /// Whether nothing of it is in memory or log that could be missed.
    pub(super) fn is_nothing(&self) -> bool {
        self.group.is_idle()
            && self.group.generation() == 0
            && self.offsets.is_empty()
            && self.in_flight == 0
    }

    /// Whether one of its offsets has been kept long enough (rule 67, KIP-211).
    pub(super) fn has_expired(
        &self,
        topic: &str,
        value: &OffsetValue,
        keep_ms: i64,
        now_ms: i64,
    ) -> bool {
        let kept_since_ms = match (self.group.protocol_type(), self.group.state()) {
            (None, _) => value.committed_ms,
            (Some(_), State::Empty) => match self.group.state_since_ms() {
                -1 => value.committed_ms,
                since_ms => since_ms,
            },
            (Some(CONSUMER_PROTOCOL), State::Stable)
                if self.group.knows_topics() && !self.group.reads(topic) =>
            {
                value.committed_ms
            }
            (Some(_), _) => return false,
        };
        match value.expires_ms {
            Some(at_ms) => now_ms >= at_ms,
            None => now_ms.saturating_sub(kept_since_ms) >= keep_ms,
        }
    }
}
