//! Who acknowledged how much of the log, and when: what DescribeQuorum tells (KIP-595, KIP-836),
//! and whether a leader still hears a majority. Kept by the leader's own requests; knows no network.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What one node acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledged {
    /// The index after the last entry that it has.
    pub end: u64,
    /// When its last acknowledgement came, in milliseconds since 1970.
    pub at_ms: i64,
    /// When a request that it acknowledged in full held all that the leader had; −1 never.
    pub caught_up_ms: i64,
    /// `at_ms` on a clock that never jumps.
    heard: Instant,
}

/// An acknowledgement, as it comes in.
#[derive(Debug, Clone, Copy)]
pub struct Acknowledgement {
    /// The leader's term.
    pub term: u64,
    /// Who acknowledges.
    pub node: i32,
    /// The index after the last entry acknowledged.
    pub end: u64,
    /// The leader's own end when it asked.
    pub leader_end: u64,
    /// When it asked, in milliseconds since 1970.
    pub asked_ms: i64,
    /// Now, in milliseconds since 1970.
    pub now_ms: i64,
}

/// Acknowledgements of one term.
#[derive(Debug, Default)]
pub struct Progress {
    term: Mutex<Term>,
}

#[derive(Debug, Default)]
struct Term {
    number: u64,
    nodes: BTreeMap<i32, Acknowledged>,
}

impl Progress {
    /// Takes in an acknowledgement; those of earlier terms mean nothing any more.
    pub fn take(&self, news: Acknowledgement) {
        let mut term = self.term.lock().unwrap_or_else(PoisonError::into_inner);
        if news.term < term.number {
            return;
        }
        if news.term > term.number {
            term.number = news.term;
            term.nodes.clear();
        }
        let before = term
            .nodes
            .get(&news.node)
            .map_or(-1, |known| known.caught_up_ms);
        let is_caught_up = news.end >= news.leader_end;
        let caught_up_ms = if is_caught_up { news.asked_ms } else { before };
        let known = Acknowledged {
            end: news.end,
            at_ms: news.now_ms,
            caught_up_ms,
            heard: Instant::now(),
        };
        term.nodes.insert(news.node, known);
    }

    /// What a node acknowledged in this term.
    pub fn of(&self, term: u64, node: i32) -> Option<Acknowledged> {
        let known = self.term.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .nodes
            .get(&node)
            .copied()
            .filter(|_| known.number == term)
    }

    /// How many of these nodes acknowledged something in this term within `window`.
    pub fn heard(&self, term: u64, nodes: &[i32], window: Duration) -> usize {
        let is_recent = |node: &&i32| {
            self.of(term, **node)
                .is_some_and(|known| known.heard.elapsed() < window)
        };
        nodes.iter().filter(is_recent).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(term: u64, node: i32, end: u64, now_ms: i64) -> Acknowledgement {
        let (leader_end, asked_ms) = (10, now_ms - 5);
        Acknowledgement {
            term,
            node,
            end,
            leader_end,
            asked_ms,
            now_ms,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_is_caught_up_as_of_the_question_that_held_everything() {
        let progress = Progress::default();
        progress.take(news(3, 1, 9, 100));
        assert_eq!(progress.of(3, 1).unwrap().caught_up_ms, -1);
        progress.take(news(3, 1, 10, 200));
        progress.take(news(3, 1, 9, 300));
        let known = progress.of(3, 1).unwrap();
        assert_eq!((known.end, known.at_ms, known.caught_up_ms), (9, 300, 195));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_said_in_another_term_counts_for_nothing() {
        let progress = Progress::default();
        progress.take(news(3, 1, 10, 100));
        progress.take(news(4, 2, 10, 200));
        progress.take(news(3, 1, 10, 300));
        assert_eq!((progress.of(4, 1), progress.of(3, 1)), (None, None));
        let window = Duration::from_secs(1);
        assert_eq!(progress.heard(4, &[1, 2], window), 1);
        tokio::time::advance(window).await;
        assert_eq!(progress.heard(4, &[1, 2], window), 0);
    }
}
