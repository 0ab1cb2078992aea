//! Who votes, and where: the list of the settings where the quorum is static, else what the quorum itself has
//! agreed on last (KIP-853). Before that is known there are places to ask, and what others say of the voters.
//! Changes nothing.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::QuorumOptions;
use super::types::{Member, Metrics, Raft};
use crate::peer::Address;
use crate::wire::uuid::Uuid;

/// Who votes, as this node knows; a handle, cheap to clone.
#[derive(Clone)]
pub struct Roster {
    known: Arc<Known>,
}

struct Known {
    node: i32,
    directory: Uuid,
    /// Where this node serves controllers, if it does.
    listener: Option<(String, u16)>,
    fixed: Vec<Address>,
    bootstrap: Vec<Address>,
    /// What other nodes said of the voters last.
    learned: Mutex<Vec<Address>>,
    heard: watch::Sender<u64>,
    raft: Raft,
}

impl Roster {
    /// What a node with these options knows.
    pub fn new(options: &QuorumOptions, raft: &Raft) -> Self {
        let known = Known {
            node: options.node_id,
            directory: options.directory,
            listener: options.listener.clone(),
            fixed: options.voters.clone(),
            bootstrap: options.bootstrap.clone(),
            learned: Mutex::default(),
            heard: watch::Sender::new(0),
            raft: raft.clone(),
        };
        Self {
            known: Arc::new(known),
        }
    }

    /// Whether the settings name the voters, so that they cannot change.
    pub fn is_static(&self) -> bool {
        !self.known.fixed.is_empty()
    }

    /// The voters, by id.
    pub fn voters(&self) -> Vec<i32> {
        let fixed = self.known.fixed.iter().map(|voter| voter.node);
        let ids: BTreeSet<i32> = if self.is_static() {
            fixed.collect()
        } else {
            let metrics = self.known.raft.metrics();
            let metrics = metrics.borrow();
            metrics.membership_config.membership().voter_ids().collect()
        };
        ids.into_iter().collect()
    }

    /// The voters with their addresses, where they are known.
    pub fn addresses(&self) -> Vec<Address> {
        if self.is_static() {
            return self.known.fixed.clone();
        }
        let metrics = self.known.raft.metrics();
        let metrics = metrics.borrow();
        let membership = metrics.membership_config.membership();
        let voters: BTreeSet<i32> = membership.voter_ids().collect();
        let nodes = membership.nodes().filter(|(id, _)| voters.contains(id));
        nodes
            .filter(|(_, member)| !member.host.is_empty())
            .map(|(id, member)| member.address(*id))
            .collect()
    }

    /// Where a voter listens.
    pub fn address(&self, node: i32) -> Option<Address> {
        let learned = self.known.learned.lock();
        let learned = learned.unwrap_or_else(PoisonError::into_inner).clone();
        let mut all = self.addresses().into_iter().chain(learned);
        all.find(|address| address.node == node)
    }

    /// The nodes to open streams to: all voters but this one; also those that others took for voters, and
    /// the places of the settings, for what is known here may be old.
    pub fn hosts(&self) -> Vec<Address> {
        let learned = self.known.learned.lock();
        let learned = learned.unwrap_or_else(PoisonError::into_inner).clone();
        let places = self.known.bootstrap.iter().cloned();
        let mut hosts: Vec<Address> = Vec::new();
        for host in self.addresses().into_iter().chain(learned).chain(places) {
            let is_known = |other: &Address| other.host == host.host && other.port == host.port;
            let own = self.known.listener.as_ref();
            let is_own = own.is_some_and(|(name, port)| *name == host.host && *port == host.port);
            if host.node != self.known.node && !is_own && !hosts.iter().any(is_known) {
                hosts.push(host);
            }
        }
        hosts
    }

    /// Takes in what another node says of the voters.
    pub fn learn(&self, voters: Vec<Address>) {
        if self.is_static() || voters.is_empty() {
            return;
        }
        let mut learned = self
            .known
            .learned
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if *learned != voters {
            *learned = voters;
            self.known.heard.send_modify(|count| *count += 1);
        }
    }

    /// The directory with which a voter was added; zero where it is not known.
    pub fn directory(&self, node: i32) -> Uuid {
        self.member(node)
            .map_or(Uuid::ZERO, |member| member.directory)
    }

    fn member(&self, node: i32) -> Option<Member> {
        let metrics = self.known.raft.metrics();
        let metrics = metrics.borrow();
        let mut nodes = metrics.membership_config.nodes();
        nodes
            .find(|(id, _)| **id == node)
            .map(|(_, member)| member.clone())
    }

    /// Whether this node is a voter.
    pub fn is_voter(&self) -> bool {
        self.voters().contains(&self.known.node) && !self.has_another_directory()
    }

    /// Whether a voter of this id was added with another directory: this one knows nothing of the votes
    /// that were given there, and has none.
    pub fn has_another_directory(&self) -> bool {
        let added = self.directory(self.known.node);
        !self.is_static() && !added.is_zero() && added != self.known.directory
    }

    /// Waits until the hosts may be others.
    pub async fn changed(&self, hosts: &[Address]) {
        let mut heard = self.known.heard.subscribe();
        let mut metrics = self.known.raft.metrics();
        loop {
            heard.borrow_and_update();
            metrics.borrow_and_update();
            if self.hosts() != hosts {
                return;
            }
            let over = tokio::select! {
                changed = heard.changed() => changed.is_err(),
                changed = metrics.changed() => changed.is_err(),
            };
            if over {
                return std::future::pending().await;
            }
        }
    }

    /// Waits until this node has a vote.
    pub async fn until_voter(&self) {
        let mut metrics = self.known.raft.metrics();
        while !self.is_voter() {
            if metrics.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }
}

/// The members of a consensus that votes are counted in.
pub fn voters_of(metrics: &Metrics) -> BTreeSet<i32> {
    metrics.membership_config.membership().voter_ids().collect()
}
