//! What an operator should know, worst first: the H- and C- rules of operations.md §2 as pure functions.

mod brokers;
pub mod memory;
mod partitions;
pub mod quorum;
mod words;

use std::cmp::Reverse;
use std::sync::Arc;

use self::memory::Memory;
use self::quorum::QuorumHealth;
use super::broker::BrokerId;
use super::facts::Facts;
use super::matrix::Matrix;
use super::snapshot::{BrokerView, PartitionState};
use super::topic::{Partition, TopicName};
use super::topic_view::TopicViews;
use super::units::Moment;
use super::verdict::{Since, VerdictKind};

/// Severities (operations.md §0), worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Info,
    Warn,
    Major,
    Crit,
}

impl Severity {
    /// The word at the head of a finding.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Major => "MAJOR",
            Self::Crit => "CRIT",
        }
    }

    /// One step worse.
    fn worse(self) -> Self {
        match self {
            Self::Info => Self::Warn,
            Self::Warn => Self::Major,
            Self::Major | Self::Crit => Self::Crit,
        }
    }
}

/// Rule ids of operations.md §2 (and of §1.5 for whole-cluster verdicts).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// §1.5 row 1: no broker answers.
    NoContact,
    /// C-01 broker count.
    C01,
    /// C-02 quorum thin or lost (§1.5 row 3 when it has no leader).
    C02,
    /// H-01 no leader.
    H01,
    /// H-02 leader dead.
    H02,
    /// H-03 under-replicated.
    H03,
    /// H-04 under min ISR.
    H04,
    /// H-05 at min ISR.
    H05,
    /// H-09 single copy.
    H09,
    /// H-10 one in-sync copy left.
    H10,
    /// A verdict on brokers that the cluster still counts as alive (§1.5, the row of the verdict).
    Broker(VerdictKind),
}

impl Rule {
    /// The id as operations.md spells it.
    pub fn id(self) -> &'static str {
        match self {
            Self::NoContact => "B-01",
            Self::C01 => "C-01",
            Self::C02 => "C-02",
            Self::H01 => "H-01",
            Self::H02 => "H-02",
            Self::H03 => "H-03",
            Self::H04 => "H-04",
            Self::H05 => "H-05",
            Self::H09 => "H-09",
            Self::H10 => "H-10",
            Self::Broker(kind) => row(kind),
        }
    }
}

/// The row of operations.md §1.5 as an id.
fn row(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::NoContact => "B-01",
        VerdictKind::WrongTarget => "B-02",
        VerdictKind::Isolated => "B-04",
        VerdictKind::Fenced => "B-05",
        VerdictKind::Down => "B-07",
        VerdictKind::UnreachableHere => "B-08",
        VerdictKind::GoingDown => "B-09",
        VerdictKind::PeersCannotReach => "B-10",
        VerdictKind::CannotFollow => "B-11",
        VerdictKind::CatchingUp => "B-12",
        VerdictKind::ViewsDisagree => "B-13",
        VerdictKind::DegradedDisk => "B-14",
        VerdictKind::DiskFilling => "B-15",
        VerdictKind::Maintenance => "B-16",
        VerdictKind::Slow => "B-17",
        VerdictKind::Gone => "B-18",
        VerdictKind::Up => "B-19",
    }
}

/// Where `enter` on a finding leads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    Overview,
    Brokers,
    Broker(BrokerId),
    /// The topics screen; `true` = faults only.
    Topics {
        faults_only: bool,
    },
    Topic(TopicName),
    Groups,
    Group(Arc<str>),
    Quorum,
    /// The nodes of the practice cluster, to break and to mend.
    Practice,
}

/// One thing to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub rule: Rule,
    /// What tells it from other findings of the same rule, by the name under which the judge remembers it; empty
    /// where the rule has but one.
    pub subject: String,
    pub severity: Severity,
    /// What is wrong, with names and numbers: "2 of 5 brokers are DOWN: 3 (4m, …) 5 (15m, …)". May contain names
    /// from the network; drawn through the sanitiser.
    pub text: String,
    /// What it costs or how it came: "412 + 398 replicas affected". May be empty.
    pub note: String,
    /// What to do next, one sentence.
    pub next: &'static str,
    pub since: Option<Since>,
    pub place: Place,
}

/// What the rules look at.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    pub facts: &'a Facts,
    pub brokers: &'a [BrokerView],
    pub topics: &'a TopicViews,
    pub matrix: &'a Matrix,
    pub quorum: &'a QuorumHealth,
    pub now: Moment,
}

impl<'a> Scope<'a> {
    /// Partitions that are not healthy, with their state.
    fn faulty_partitions(&self) -> impl Iterator<Item = (&'a Partition, PartitionState)> {
        let topics = self.topics;
        self.facts
            .topology
            .value()
            .into_iter()
            // The views were made from these topics, one each.
            .flat_map(move |topology| topology.topics.values().zip(topics.values()))
            .filter(|(_, view)| view.faulty())
            .flat_map(|(topic, view)| topic.partitions.iter().zip(view.states.iter().copied()))
            .filter(|(_, state)| *state != PartitionState::Healthy)
    }
}

/// All findings, worst first.
pub fn find(scope: &Scope<'_>, memory: &mut Memory<'_>) -> Vec<Finding> {
    if let Some(finding) = brokers::no_contact(scope) {
        memory.hold();
        return vec![finding];
    }
    let mut findings = brokers::find(scope);
    findings.extend(quorum::find(scope, memory));
    findings.extend(partitions::find(scope, memory));
    findings.sort_by_key(|finding| Reverse(finding.severity));
    findings
}
