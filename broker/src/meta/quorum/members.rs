//! Who reads along: the leader takes in a node without a vote when its stream is there, and lets it
//! go when the stream has been gone for long. Never touches the voters.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use openraft::{ChangeMembers, ServerState};
use tokio::time::{Instant, sleep, timeout};

use super::host::Streams;
use super::roster::voters_of;
use super::types::{Member, Metrics, Raft};

/// How often nodes that are gone are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How long a change of the list may take.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(5);

/// The pause after a change that failed.
const RETRY: Duration = Duration::from_millis(200);

/// Keeps the list of those who read along.
pub struct Members {
    /// The consensus.
    pub raft: Raft,
    /// Streams that others opened.
    pub streams: Streams,
    /// How long a node may be gone before it is let go.
    pub gone_after: Duration,
}

/// One change of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    Add(i32, Member),
    /// An observer has another directory or another address now.
    Know(i32, Member),
    Remove(i32),
}

impl Members {
    /// Adds and removes observers while this node leads, for ever.
    pub async fn watch(self) {
        let mut streams = self.streams.changes();
        let mut metrics = self.raft.metrics();
        let mut gone = BTreeMap::new();
        loop {
            streams.borrow_and_update();
            let leads = metrics.borrow_and_update().state == ServerState::Leader;
            if !leads {
                gone.clear();
            }
            while let Some(change) = self.due(&mut gone) {
                self.make(change).await;
            }
            let has_gone = !gone.is_empty();
            let became = metrics.wait_for(|now| (now.state == ServerState::Leader) != leads);
            tokio::select! {
                changed = streams.changed() => if changed.is_err() { return },
                became = became => if became.is_err() { return },
                () = sleep(LOOK_EVERY), if has_gone => {}
            }
        }
    }

    /// The next change that is due; notes since when nodes are gone.
    fn due(&self, gone: &mut BTreeMap<i32, Instant>) -> Option<Change> {
        let metrics = self.raft.metrics().borrow().clone();
        if metrics.state != ServerState::Leader {
            return None;
        }
        let there = self.streams.members();
        let members: BTreeMap<i32, &Member> = members(&metrics).collect();
        let voters = voters_of(&metrics);
        for (node, member) in &there {
            match members.get(node) {
                None => return Some(Change::Add(*node, member.clone())),
                Some(known) if *known != member && !voters.contains(node) => {
                    return Some(Change::Know(*node, member.clone()));
                }
                Some(_) => {}
            }
        }
        let now = Instant::now();
        let missing = learners(&metrics).filter(|node| !there.contains_key(node));
        let since: BTreeMap<i32, Instant> = missing
            .map(|node| (node, gone.get(&node).copied().unwrap_or(now)))
            .collect();
        *gone = since;
        gone.iter()
            .find(|(_, since)| since.elapsed() >= self.gone_after)
            .map(|(node, _)| Change::Remove(*node))
    }

    async fn make(&self, change: Change) {
        let made = match &change {
            Change::Add(node, member) => {
                let added = self.raft.add_learner(*node, member.clone(), false);
                timeout(CHANGE_TIMEOUT, added).await
            }
            Change::Know(node, member) => {
                let change = ChangeMembers::SetNodes(BTreeMap::from([(*node, member.clone())]));
                timeout(CHANGE_TIMEOUT, self.raft.change_membership(change, true)).await
            }
            Change::Remove(node) => {
                let change = ChangeMembers::RemoveNodes(BTreeSet::from([*node]));
                timeout(CHANGE_TIMEOUT, self.raft.change_membership(change, true)).await
            }
        };
        match made {
            Ok(Ok(_)) => log::info!("the metadata quorum's observers changed: {change:?}"),
            Ok(Err(error)) => {
                log::debug!("{change:?} of the quorum's observers failed: {error}");
                sleep(RETRY).await;
            }
            Err(_) => log::debug!("{change:?} of the quorum's observers found no majority"),
        }
    }
}

fn members(metrics: &Metrics) -> impl Iterator<Item = (i32, &Member)> {
    let nodes = metrics.membership_config.nodes();
    nodes.map(|(node, member)| (*node, member))
}

/// Nodes that read along without a vote.
pub fn learners(metrics: &Metrics) -> impl Iterator<Item = i32> {
    metrics.membership_config.membership().learner_ids()
}
