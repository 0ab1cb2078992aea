//! Who was heard from when, and how far each broker has read the metadata: the soft state of an
//! active controller (rule 41). Knows no clock; time comes in.

use std::collections::BTreeMap;

/// One broker's session.
#[derive(Debug, Clone, Copy)]
struct Session {
    last_contact_ms: i64,
    /// Metadata offset it reported; −1 unknown.
    metadata_offset: i64,
    /// What others must have read before it may stop (rule 44).
    shutdown_offset: Option<i64>,
}

/// The sessions of all brokers that are tracked.
#[derive(Debug)]
pub struct Liveness {
    timeout_ms: i64,
    sessions: BTreeMap<i32, Session>,
}

impl Liveness {
    /// Starts with these brokers heard from at `now_ms`: what an earlier controller heard is unknown,
    /// so each gets a whole session.
    pub fn new(timeout_ms: i64, brokers: impl IntoIterator<Item = i32>, now_ms: i64) -> Self {
        let mut liveness = Self {
            timeout_ms,
            sessions: BTreeMap::new(),
        };
        for broker in brokers {
            liveness.touch(broker, -1, now_ms);
        }
        liveness
    }

    /// A broker was heard from; it has read the metadata up to `metadata_offset`.
    pub fn touch(&mut self, broker: i32, metadata_offset: i64, now_ms: i64) {
        let session = self.sessions.entry(broker).or_insert(Session {
            last_contact_ms: now_ms,
            metadata_offset,
            shutdown_offset: None,
        });
        session.last_contact_ms = now_ms;
        session.metadata_offset = metadata_offset;
    }

    /// A new run of a broker begins: nothing of the old one counts.
    pub fn restart(&mut self, broker: i32, now_ms: i64) {
        self.sessions.remove(&broker);
        self.touch(broker, -1, now_ms);
    }

    /// Whether a broker was heard from within the session timeout.
    pub fn is_alive(&self, broker: i32, now_ms: i64) -> bool {
        self.sessions
            .get(&broker)
            .is_some_and(|session| !self.is_over(*session, now_ms))
    }

    /// A broker enters controlled shutdown, or goes on with it; the first offset stays.
    pub fn begin_shutdown(&mut self, broker: i32, offset: i64) {
        if let Some(session) = self.sessions.get_mut(&broker) {
            session.shutdown_offset.get_or_insert(offset);
        }
    }

    /// A broker left controlled shutdown: it is fenced or starts anew.
    pub fn end_shutdown(&mut self, broker: i32) {
        if let Some(session) = self.sessions.get_mut(&broker) {
            session.shutdown_offset = None;
        }
    }

    /// What others must have read before this broker may stop; `None` before it was said.
    pub fn shutdown_offset(&self, broker: i32) -> Option<i64> {
        self.sessions.get(&broker)?.shutdown_offset
    }

    /// Metadata offset a broker last reported; −1 unknown.
    pub fn metadata_offset(&self, broker: i32) -> i64 {
        self.sessions
            .get(&broker)
            .map_or(-1, |session| session.metadata_offset)
    }

    /// Those of `brokers` whose session is over, longest silent first.
    pub fn expired(&self, brokers: impl IntoIterator<Item = i32>, now_ms: i64) -> Vec<i32> {
        let mut silent: Vec<(i64, i32)> = brokers
            .into_iter()
            .filter_map(|broker| {
                let session = self.sessions.get(&broker)?;
                let over = self.is_over(*session, now_ms);
                over.then_some((session.last_contact_ms, broker))
            })
            .collect();
        silent.sort_unstable();
        silent.into_iter().map(|(_, broker)| broker).collect()
    }

    fn is_over(&self, session: Session, now_ms: i64) -> bool {
        now_ms.saturating_sub(session.last_contact_ms) > self.timeout_ms
    }
}
