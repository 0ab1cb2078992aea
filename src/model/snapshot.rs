//! Facts and what follows from them, frozen for one moment: all that screens and scripts read.
//!
//! Judging is pure: the same facts, previous snapshot and moment give the same snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::broker::{BrokerId, Endpoint};
use super::facts::Facts;
use super::health::{Finding, FirstSeen};
use super::topic::TopicName;
use super::units::Moment;
use super::verdict::Verdict;

/// One known broker with its verdict and its share of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerView {
    pub id: BrokerId,
    pub endpoint: Option<Endpoint>,
    pub rack: Option<Arc<str>>,
    pub verdict: Verdict,
    /// Listed alive by the cluster and not isolated: the numerator of the header's counter.
    pub counted_alive: bool,
    /// Whether it belongs to the denominator (screens.md §2).
    pub expected: bool,
    pub quorum_leader: bool,
    /// Voter of the metadata quorum; `None` = quorum unknown.
    pub voter: Option<bool>,
    /// Partitions it leads; `None` = topology unknown.
    pub leaders: Option<u32>,
    /// Partitions whose preferred leader it is.
    pub preferred: Option<u32>,
    /// … and of those, how many it leads.
    pub preferred_led: Option<u32>,
    pub replicas: Option<u32>,
    /// Replicas of it that are not in sync.
    pub out_of_sync: Option<u32>,
}

/// A partition's state by the H- rules, worst first match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartitionState {
    Healthy,
    /// H-03.
    UnderReplicated,
    /// H-05.
    AtMinIsr,
    /// H-10.
    OneCopyLeft,
    /// H-04.
    UnderMinIsr,
    /// H-02.
    LeaderDead,
    /// H-01.
    NoLeader,
}

/// What follows for one topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TopicView {
    /// `RF` of its partitions: smallest and largest, adding replicas not counted.
    pub replication_factor: (u16, u16),
    /// Effective `min.insync.replicas` = min(m, RF) (H-04); `None` = config unknown.
    pub min_isr: Option<u16>,
    pub under_replicated: u32,
    pub no_leader: u32,
    /// `None` = config unknown.
    pub under_min_isr: Option<u32>,
    pub at_min_isr: Option<u32>,
    pub moving: u32,
    /// State per partition, in the order of `Topic::partitions`.
    pub states: Vec<PartitionState>,
    /// Bytes of one copy: sum over partitions of the largest reported replica.
    pub size_bytes: Option<u64>,
}

impl TopicView {
    /// Whether the faults-only filter keeps it.
    pub fn faulty(&self) -> bool {
        self.states
            .iter()
            .any(|state| *state != PartitionState::Healthy)
    }
}

/// Counts for the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    pub alive: u32,
    pub expected: u32,
    /// Alive, but with a bad verdict: the `!1` of the header.
    pub alive_but_bad: u32,
    pub under_replicated: u32,
    pub no_leader: u32,
    pub under_min_isr: Option<u32>,
    /// Voters caught up, of all voters; `None` = no quorum known.
    pub quorum: Option<(u32, u32)>,
    pub quorum_lost: bool,
    pub partitions: u32,
}

/// A frozen cluster.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Snapshot {
    pub at: Moment,
    pub facts: Facts,
    /// Every known broker, by id.
    pub brokers: Arc<Vec<BrokerView>>,
    pub topics: Arc<BTreeMap<TopicName, Arc<TopicView>>>,
    pub totals: Totals,
    /// Worst first.
    pub findings: Arc<Vec<Finding>>,
    /// Memory of the judge, not for screens.
    pub first_seen: Arc<FirstSeen>,
}

impl Snapshot {
    /// Judges the facts as of `now`. `previous` gives the memory that "since" needs.
    pub fn judge(facts: Facts, previous: Option<&Self>, now: Moment) -> Self {
        let _ = previous;
        Self {
            at: now,
            facts,
            ..Self::default()
        }
    }

    /// A broker by id.
    pub fn broker(&self, id: BrokerId) -> Option<&BrokerView> {
        self.brokers.iter().find(|broker| broker.id == id)
    }

    /// Whether no broker answers and everything shown is the last known state.
    pub fn no_contact(&self) -> bool {
        self.facts.no_contact_since.is_some()
    }
}
