//! Everything the pollers have learned about one cluster, each section with its own age and shared by `Arc`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::broker::{BrokerId, Endpoint, LogDir, Probe};
use super::group::Groups;
use super::observed::Observed;
use super::quorum::Quorum;
use super::stakes::Stakes;
use super::topic::{Move, TopicConfig, TopicName, TopicPartition, Topics};
use super::units::{Moment, Span};

/// What kind of cluster answers (operations.md §1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    KRaft,
    ZooKeeper,
    Redpanda,
    Unknown,
}

/// Which cluster this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Empty where the brokers asked name none.
    pub cluster_id: Arc<str>,
    pub kind: Kind,
    /// Finalized `metadata.version` level, where the cluster has one.
    pub metadata_version: Option<i16>,
}

impl Identity {
    /// Whether a broker that names this cluster id belongs to another cluster. Old brokers name none, which says
    /// nothing.
    pub fn excludes(&self, theirs: &str) -> bool {
        !self.cluster_id.is_empty() && !theirs.is_empty() && *self.cluster_id != *theirs
    }
}

/// The cluster as one Metadata answer tells it (E1, E3, E4).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Topology {
    /// Listed brokers: alive to the broker that answered.
    pub brokers: BTreeMap<BrokerId, (Endpoint, Option<Arc<str>>)>,
    /// Controller id of the answer; meaningless in KRaft (operations.md §1.7).
    pub controller: Option<BrokerId>,
    pub topics: Arc<Topics>,
}

/// A broker as DescribeCluster lists it (E2, KIP-1073).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    pub endpoint: Endpoint,
    pub rack: Option<Arc<str>>,
    /// `None`: the version asked cannot tell.
    pub fenced: Option<bool>,
}

/// A broker in our own memory (E12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterEntry {
    pub endpoint: Endpoint,
    pub rack: Option<Arc<str>>,
    pub first_seen: Moment,
    pub last_alive: Moment,
}

/// Who of those that could know was asked, and who answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    pub asked: Vec<BrokerId>,
    pub answered: Vec<BrokerId>,
}

impl Coverage {
    /// Whether someone who could know did not answer.
    pub fn partial(&self) -> bool {
        self.answered.len() < self.asked.len()
    }
}

/// Start and end of a partition's log, as its leader tells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogRange {
    /// Log start offset.
    pub start: Option<i64>,
    /// High watermark.
    pub end: Option<i64>,
}

/// Log ranges of one topic's partitions.
pub type Ranges = Arc<BTreeMap<i32, LogRange>>;

/// What the operator looks at: the pollers fetch its details and nobody else's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub enum Focus {
    #[default]
    Cluster,
    /// Start and end offsets of this topic.
    Topic(TopicName),
    /// Offsets of this group at a quicker pace.
    Group(Arc<str>),
}

/// What is not held against the certificates of the brokers, because the operator chose so. Said on every screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// Anybody is believed to be the broker.
    Anybody,
    /// Whoever has a trusted certificate is believed to be any broker.
    AnyName,
    /// The common name counts where a certificate has no subject alternative names.
    CommonName,
}

impl Doubt {
    /// The badge of the header.
    pub fn badge(self) -> &'static str {
        match self {
            Self::Anybody => "TLS UNVERIFIED",
            Self::AnyName => "TLS ANY NAME",
            Self::CommonName => "TLS CN NAME",
        }
    }
}

/// All that is known of one cluster.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// What the operator named: profile or bootstrap addresses.
    pub name: Arc<str>,
    /// What the way in does not check.
    pub doubt: Option<Doubt>,
    pub identity: Observed<Arc<Identity>>,
    pub topology: Observed<Arc<Topology>>,
    pub registrations: Observed<Arc<BTreeMap<BrokerId, Registration>>>,
    pub quorum: Observed<Arc<Quorum>>,
    pub moves: Observed<Arc<BTreeMap<TopicPartition, Move>>>,
    pub configs: Observed<Arc<BTreeMap<TopicName, TopicConfig>>>,
    pub probes: Arc<BTreeMap<BrokerId, Arc<Probe>>>,
    pub log_dirs: Arc<BTreeMap<BrokerId, Observed<Arc<Vec<LogDir>>>>>,
    /// Bytes on disk per topic, per partition: the largest replica that was reported.
    pub sizes: Arc<BTreeMap<TopicName, BTreeMap<i32, u64>>>,
    pub groups: Observed<Arc<Groups>>,
    /// Of the topics in focus only.
    pub ranges: Arc<BTreeMap<TopicName, Observed<Ranges>>>,
    pub roster: Arc<BTreeMap<BrokerId, RosterEntry>>,
    /// Why the roster cannot be kept on disk, if it cannot.
    pub roster_failure: Option<Arc<str>>,
    /// Who answered the last round of probes, of all brokers known.
    pub coverage: Coverage,
    /// Since when no broker has answered; `None` while some broker does.
    pub no_contact_since: Option<Moment>,
    /// Why the bootstrap addresses could not be used, in the operator's order, one sentence each.
    pub contact_failures: Arc<[Arc<str>]>,
    /// What depends on it, by its profile.
    pub stakes: Stakes,
    /// Brokers that belong to it by its profile, whether they are seen or not.
    pub expected: Arc<BTreeSet<BrokerId>>,
    /// The pace of the cheap loop, which ages are held against.
    pub pace: Span,
}
