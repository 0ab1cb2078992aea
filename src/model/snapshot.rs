//! Facts and what follows from them, frozen for one moment: all that screens and scripts read.
//!
//! Judging is pure: the same facts, previous snapshot and moment give the same snapshot.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::broker::{BrokerId, Endpoint};
use super::evidence::Evidence;
use super::facts::Facts;
use super::health::memory::{FirstSeen, Memory};
use super::health::quorum::{QuorumHealth, judge_quorum};
use super::health::{Finding, Scope, find};
use super::matrix::Matrix;
use super::stakes::Stakes;
use super::topic_view::{TopicViews, view_topics};
use super::units::Moment;
use super::verdict::{Before, Verdict, judge_broker};

/// One known broker with its verdict and its share of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerView {
    pub id: BrokerId,
    pub endpoint: Option<Endpoint>,
    pub rack: Option<Arc<str>>,
    pub verdict: Verdict,
    /// Listed alive by the cluster: the numerator of the header's counter.
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
    /// Of the topics whose config is known; `None` = no topic's is.
    pub under_min_isr: Option<u32>,
    /// Voters caught up, of all voters; `None` = not known, or lost.
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
    pub topics: Arc<TopicViews>,
    pub totals: Totals,
    /// Worst first.
    pub findings: Arc<Vec<Finding>>,
    /// Memory of the judge, not for screens.
    pub first_seen: Arc<FirstSeen>,
}

impl Snapshot {
    /// Judges the facts as of `now`. `previous` gives the memory that "since" needs.
    pub fn judge(facts: Facts, previous: Option<&Self>, now: Moment) -> Self {
        let matrix = Matrix::count(&facts);
        let mut memory = Memory::recall(&facts, previous, now);
        let quorum = judge_quorum(&facts, &mut memory, now);
        let brokers = view_brokers(&facts, &matrix, quorum.lost, previous, now);
        let topics = view_topics(&facts, previous);
        let totals = Totals::count(&facts, &brokers, &topics, &quorum);
        let scope = Scope {
            facts: &facts,
            brokers: &brokers,
            topics: &topics,
            matrix: &matrix,
            quorum: &quorum,
            now,
        };
        let findings = find(&scope, &mut memory);
        Self {
            at: now,
            brokers: Arc::new(brokers),
            topics,
            totals,
            findings: Arc::new(findings),
            first_seen: Arc::new(memory.keep()),
            facts,
        }
    }

    /// A snapshot of which only what the operator says of the cluster is known.
    pub fn named(name: &Arc<str>, stakes: Stakes) -> Self {
        Self {
            facts: Facts {
                name: Arc::clone(name),
                stakes,
                ..Facts::default()
            },
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

/// Every broker that the cluster lists, has registered or refers to, and every one we remember.
fn view_brokers(
    facts: &Facts,
    matrix: &Matrix,
    quorum_lost: bool,
    previous: Option<&Snapshot>,
    now: Moment,
) -> Vec<BrokerView> {
    let mut ids: BTreeSet<BrokerId> = facts.roster.keys().copied().collect();
    ids.extend(matrix.referenced());
    ids.extend(facts.expected.iter());
    if let Some(topology) = facts.topology.value() {
        ids.extend(topology.brokers.keys());
    }
    if let Some(registrations) = facts.registrations.value() {
        ids.extend(registrations.keys());
    }
    let watched = previous.filter(|previous| previous.facts.topology.value().is_some());
    ids.into_iter()
        .map(|id| {
            let evidence = Evidence::gather(id, facts, matrix, quorum_lost, now);
            let before = watched.map(|snapshot| match snapshot.broker(id) {
                Some(view) => Before::Known(&view.verdict),
                None => Before::New,
            });
            BrokerView::new(&evidence, judge_broker(&evidence, before))
        })
        .collect()
}

impl BrokerView {
    fn new(evidence: &Evidence<'_>, verdict: Verdict) -> Self {
        let (endpoint, rack) = evidence.address();
        let alive = evidence.listed == Some(true);
        let quorum = evidence.facts.quorum.value();
        let asked = evidence.listed.is_some();
        let share = asked.then(|| evidence.share.copied().unwrap_or_default());
        Self {
            id: evidence.id,
            endpoint,
            rack,
            counted_alive: alive,
            expected: alive
                || evidence.registration.is_some()
                || evidence.referenced()
                || evidence.wanted(),
            quorum_leader: !evidence.quorum_lost
                && quorum.is_some_and(|quorum| quorum.leader == Some(evidence.id)),
            voter: quorum.map(|quorum| quorum.voters.iter().any(|voter| voter.id == evidence.id)),
            leaders: share.map(|share| share.leaders),
            preferred: share.map(|share| share.preferred),
            preferred_led: share.map(|share| share.preferred_led),
            replicas: share.map(|share| share.replicas),
            out_of_sync: share.map(|share| share.out_of_sync),
            verdict,
        }
    }
}

impl Totals {
    fn count(
        facts: &Facts,
        brokers: &[BrokerView],
        topics: &TopicViews,
        quorum: &QuorumHealth,
    ) -> Self {
        let mut totals = Self {
            quorum: quorum.caught_up,
            quorum_lost: quorum.lost,
            ..Self::default()
        };
        for broker in brokers {
            totals.alive += u32::from(broker.counted_alive);
            totals.expected += u32::from(broker.expected);
            totals.alive_but_bad += u32::from(broker.verdict.kind.alive_but_bad());
        }
        let mut under_min_isr =
            (topics.is_empty() && facts.topology.value().is_some()).then_some(0);
        for view in topics.values() {
            totals.under_replicated += view.under_replicated;
            totals.no_leader += view.no_leader;
            totals.partitions += u32::try_from(view.states.len()).unwrap_or(u32::MAX);
            if let Some(count) = view.under_min_isr {
                under_min_isr = Some(under_min_isr.unwrap_or(0) + count);
            }
        }
        totals.under_min_isr = under_min_isr;
        totals
    }
}
