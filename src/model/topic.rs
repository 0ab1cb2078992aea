//! Topics and partitions as Metadata tells them, and what moves and configs add.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::broker::BrokerId;

/// A topic's name, as the cluster spells it. Made safe for the screen where it is drawn.
pub type TopicName = Arc<str>;

/// One partition of one topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    pub topic: TopicName,
    pub partition: i32,
}

/// A partition (operations.md §0).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Partition {
    pub index: i32,
    /// `L(p)`; `None` = no leader.
    pub leader: Option<BrokerId>,
    /// `e(p)`; `None` below Metadata v7.
    pub leader_epoch: Option<i32>,
    /// `R(p)` in assignment order: the first is the preferred leader.
    pub replicas: Box<[BrokerId]>,
    /// `ISR(p)`.
    pub isr: Box<[BrokerId]>,
    /// `OFF(p)`; empty below Metadata v5.
    pub offline: Box<[BrokerId]>,
    /// The partition's error code in the answer, 0 = none.
    pub error: i16,
}

impl Partition {
    /// The replica that should lead.
    pub fn preferred(&self) -> Option<BrokerId> {
        self.replicas.first().copied()
    }
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    pub name: TopicName,
    /// Metadata v10+.
    pub id: Option<[u8; 16]>,
    pub internal: bool,
    /// The topic's error code in the answer, 0 = none.
    pub error: i16,
    /// By partition index.
    pub partitions: Vec<Partition>,
}

/// All topics, by name. A topic that did not change is the same `Arc` as in the poll before.
pub type Topics = BTreeMap<TopicName, Arc<Topic>>;

/// A running reassignment of one partition (KIP-455).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    pub adding: Box<[BrokerId]>,
    pub removing: Box<[BrokerId]>,
}

/// The topic settings that rules and columns need.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TopicConfig {
    /// `min.insync.replicas`.
    pub min_insync_replicas: Option<u16>,
    /// `cleanup.policy` contains `compact`.
    pub compacted: Option<bool>,
    /// `retention.ms`; −1 = for ever.
    pub retention_ms: Option<i64>,
}
