//! When this node asks for votes. A node first polls the others (KIP-996) and asks only where a
//! majority hears no leader either: a node that is cut off keeps its term, and disturbs nobody when
//! it comes back. openraft's own election timer is off.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openraft::ServerState;
use openraft::raft::AppendEntriesResponse;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::active::has_majority;
use super::guest::random_u64;
use super::host::Streams;
use super::joining::{self, Joining};
use super::progress::Progress;
use super::roster::Roster;
use super::storage::LogStore;
use super::stream::{Answer, Question};
use super::types::{LogId, Raft};

/// Pauses of a node that has heard no leader since it started: nodes that start together agree in
/// a fraction of a second, and a node that joins learns of its leader from a refused poll.
const FIRST: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(400));

/// When a leader was last heard, and who.
#[derive(Debug)]
pub struct Contact {
    heard: Mutex<Option<(i32, Instant)>>,
    has_resigned: AtomicBool,
    log: LogStore,
    silence: Duration,
}

impl Contact {
    /// Nobody heard yet; a leader counts as gone after `silence`.
    pub fn new(log: LogStore, silence: Duration) -> Self {
        Self {
            heard: Mutex::default(),
            has_resigned: AtomicBool::new(false),
            log,
            silence,
        }
    }

    /// Notes what was answered to a leader's entries.
    pub fn hear(&self, answer: &AppendEntriesResponse<i32>, leader: i32) {
        if !matches!(answer, AppendEntriesResponse::HigherVote(_)) {
            self.hear_leader(leader);
        }
    }

    /// Notes that a leader is there.
    pub fn hear_leader(&self, leader: i32) {
        let now = (leader, Instant::now());
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    fn last_heard(&self) -> Option<(i32, Instant)> {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The leader that was heard within `window`.
    pub fn leader(&self, window: Duration) -> Option<i32> {
        let (leader, at) = self.last_heard()?;
        (at.elapsed() < window).then_some(leader)
    }

    /// This node's last entry.
    pub fn last_entry(&self) -> Option<LogId> {
        self.log.last()
    }

    /// Whether this node has never been part of anything.
    pub fn is_new(&self, raft: &Raft) -> bool {
        joining::is_new(self.log.last(), raft.metrics().borrow().vote)
    }

    /// Whether this node would vote for one whose last entry is `last`.
    pub fn grants(&self, raft: &Raft, last: Option<LogId>) -> bool {
        let leads = raft.metrics().borrow().state == ServerState::Leader;
        let is_bound = leads && !self.has_resigned.load(Ordering::Acquire);
        !is_bound && self.leader(self.silence).is_none() && last >= self.log.last()
    }
}

/// What it takes to become leader.
pub struct Elector {
    /// The consensus.
    pub raft: Raft,
    /// This node.
    pub node: i32,
    /// Who votes.
    pub roster: Roster,
    /// Streams to the others.
    pub streams: Streams,
    /// When a leader was heard.
    pub contact: Arc<Contact>,
    /// The log, for its last entry.
    pub log: LogStore,
    /// Whether this node may vote yet.
    pub joining: Arc<Joining>,
    /// Who acknowledged what, while this node leads.
    pub progress: Arc<Progress>,
    /// How long a leader may hear no majority.
    pub fetch_timeout: Duration,
    /// Silence after which an election may start: at least, and less than.
    pub timeouts: (Duration, Duration),
}

impl Elector {
    /// Starts elections when they are due, for ever.
    pub async fn watch(self) {
        let mut since = Instant::now();
        loop {
            if self.is_leading() {
                self.lead().await;
                since = Instant::now();
            }
            self.roster.until_voter().await;
            self.await_silence(since).await;
            since = Instant::now();
            if self.is_leading() || !self.roster.is_voter() || !self.poll().await {
                continue;
            }
            if let Err(error) = self.raft.trigger().elect().await {
                log::error!("the metadata quorum is stopped: {error}");
                return;
            }
        }
    }

    fn is_leading(&self) -> bool {
        self.raft.metrics().borrow().state == ServerState::Leader
    }

    /// Waits while this node leads. A leader that hears no majority falls silent now and then, so
    /// that those who still hear it may elect one that a majority hears.
    async fn lead(&self) {
        let mut alone = 0;
        while self.is_leading() {
            let mut metrics = self.raft.metrics();
            let leads_no_more = metrics.wait_for(|now| now.state != ServerState::Leader);
            let ended = timeout(self.timeouts.0, leads_no_more).await;
            if ended.is_ok_and(|ended| ended.is_err()) {
                // The consensus is gone; the next look at it ends this task.
                break;
            }
            alone = if self.has_majority() { 0 } else { alone + 1 };
            self.resign(is_silent(alone));
        }
        self.resign(false);
    }

    fn has_majority(&self) -> bool {
        let term = self.raft.metrics().borrow().current_term;
        has_majority(
            &self.progress,
            term,
            self.node,
            &self.roster.voters(),
            self.fetch_timeout,
        )
    }

    fn resign(&self, is_silent: bool) {
        let before = self.contact.has_resigned.swap(is_silent, Ordering::AcqRel);
        if before != is_silent {
            self.raft.runtime_config().heartbeat(!is_silent);
        }
    }

    /// Waits until no leader was heard for as long as this node's turn takes.
    async fn await_silence(&self, since: Instant) {
        let pause = self.pause();
        loop {
            let heard = self
                .contact
                .last_heard()
                .map_or(since, |(_, at)| at.max(since));
            if heard.elapsed() >= pause {
                return;
            }
            sleep_until(heard + pause).await;
        }
    }

    /// The silence to wait for: a single voter waits for nobody.
    fn pause(&self) -> Duration {
        if self.roster.voters().len() == 1 {
            return Duration::from_millis(10);
        }
        let (least, most) = match self.contact.last_heard() {
            None => FIRST,
            Some(_) => self.timeouts,
        };
        let spread = u64::try_from(most.saturating_sub(least).as_millis()).unwrap_or(u64::MAX);
        least + Duration::from_millis(random_u64() % spread.max(1))
    }

    /// Whether a majority, this node included, would vote for it.
    async fn poll(&self) -> bool {
        let last = self.log.last();
        let is_new = self.contact.is_new(&self.raft);
        let new = is_new.then_some(self.node);
        let question = Arc::new(Question::Poll { last, new });
        let mut polls = JoinSet::new();
        let voters = self.roster.voters();
        for node in voters.iter().copied().filter(|node| *node != self.node) {
            let (streams, question) = (self.streams.clone(), Arc::clone(&question));
            let within = self.timeouts.0 / 4;
            polls.spawn(async move { (node, timeout(within, streams.ask(node, question)).await) });
        }
        let needed = voters.len() / 2;
        let mut granted = 0;
        while granted < needed {
            let Some(polled) = polls.join_next().await else {
                return false;
            };
            if let Ok((node, Ok(Some(Answer::Poll { is_granted, is_new })))) = polled {
                granted += usize::from(is_granted);
                self.joining.hear_new(is_new.then_some(node));
            }
        }
        !self.joining.is_joining()
    }
}

/// Whether a leader that found itself without a majority so many times in a row, once per election
/// timeout, is silent: mostly, but not for ever, for the majority may come back and need it.
fn is_silent(alone: u32) -> bool {
    alone % 8 >= 2
}

#[cfg(test)]
mod tests {
    use super::is_silent;

    #[test]
    fn a_lonely_leader_is_silent_for_longer_than_any_election_waits_and_then_heard_again() {
        let told: Vec<bool> = (0..16).map(is_silent).collect();
        assert_eq!(told[..2], [false; 2]);
        assert_eq!(told[2..8], [true; 6]);
        assert_eq!(told[8..10], [false; 2]);
    }
}
