//! How far one follower is, as its fetches tell (rule 24). Pure.

/// Before any time.
pub(super) const NEVER: i64 = i64::MIN;

/// Which brokers may be in an ISR.
pub trait Eligible {
    /// The broker's epoch if it is registered, unfenced and not about to stop (KIP-841).
    fn epoch_if_eligible(&self, broker: i32) -> Option<i64>;
}

/// What a follower's fetch says of the follower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetched {
    /// Who fetched.
    pub replica: i32,
    /// Its broker epoch, −1 where it does not say (KIP-903).
    pub broker_epoch: i64,
    /// The offset it asked for: its log's end.
    pub offset: i64,
    /// Its log's start, −1 where it does not say.
    pub log_start: i64,
    /// The leader's log end before the data was read (rule 24).
    pub leader_end: i64,
}

/// How far one follower is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Its log's end; −1 before its first fetch.
    pub log_end: i64,
    /// Its log's start; −1 before its first fetch.
    pub log_start: i64,
    /// When it last had everything, in milliseconds since 1970; `i64::MIN` for never.
    pub last_caught_up_ms: i64,
    last_fetch_ms: i64,
    leader_end_at_last_fetch: i64,
    pub(super) broker_epoch: i64,
}

impl Progress {
    pub(super) fn new(last_caught_up_ms: i64) -> Self {
        Self {
            log_end: -1,
            log_start: -1,
            last_caught_up_ms,
            last_fetch_ms: NEVER,
            leader_end_at_last_fetch: -1,
            broker_epoch: -1,
        }
    }

    /// Rule 24: caught up now, or at the previous fetch if this one reaches what the leader had then.
    pub(super) fn note(&mut self, fetched: &Fetched, now_ms: i64) {
        if fetched.offset >= fetched.leader_end {
            self.last_caught_up_ms = self.last_caught_up_ms.max(now_ms);
        } else if self.leader_end_at_last_fetch >= 0
            && fetched.offset >= self.leader_end_at_last_fetch
        {
            self.last_caught_up_ms = self.last_caught_up_ms.max(self.last_fetch_ms);
        }
        self.log_end = fetched.offset;
        self.log_start = self.log_start.max(fetched.log_start);
        self.leader_end_at_last_fetch = self.leader_end_at_last_fetch.max(fetched.leader_end);
        self.last_fetch_ms = now_ms;
        self.broker_epoch = fetched.broker_epoch;
    }

    pub(super) fn is_caught_up(&self, leader_end: i64, now_ms: i64, max_lag_ms: i64) -> bool {
        self.log_end == leader_end || now_ms.saturating_sub(self.last_caught_up_ms) <= max_lag_ms
    }

    /// Whether the broker that fetched is the one that is registered now (KIP-903).
    pub(super) fn is_current(&self, broker: i32, eligible: &dyn Eligible) -> bool {
        eligible
            .epoch_if_eligible(broker)
            .is_some_and(|epoch| self.broker_epoch < 0 || epoch == self.broker_epoch)
    }
}
