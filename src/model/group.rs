//! Consumer groups of all types with their offsets (operations.md §3).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::broker::BrokerId;
use super::facts::Coverage;
use super::observed::Observed;
use super::topic::TopicName;

/// Group types (operations.md §3.6).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupKind {
    Classic,
    /// KIP-848.
    Consumer,
    /// KIP-932.
    Share,
    /// KIP-1071.
    Streams,
    /// The coordinator did not say (ListGroups before v5), or said something we do not know.
    Unknown(Arc<str>),
}

impl GroupKind {
    /// The word of Kafka's own tools.
    pub fn name(&self) -> &str {
        match self {
            Self::Classic => "classic",
            Self::Consumer => "consumer",
            Self::Share => "share",
            Self::Streams => "streams",
            Self::Unknown(name) => name,
        }
    }
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub id: Arc<str>,
    pub client_id: Arc<str>,
    pub host: Arc<str>,
    /// `group.instance.id` of a static member (KIP-345).
    pub instance_id: Option<Arc<str>>,
    /// What it is assigned now; share and streams members may be assigned what others are too.
    pub assigned: Vec<(TopicName, Vec<i32>)>,
}

/// A group's position in one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupOffset {
    pub topic: TopicName,
    pub partition: i32,
    /// Committed offset (for share groups the share-partition start offset); `None` = none committed.
    pub committed: Option<i64>,
    /// The end a reader can reach: high watermark; `None` = the partition has no leader or its leader did not answer.
    pub end: Option<i64>,
    /// Lag as the coordinator reports it (share groups, KIP-1226); otherwise it follows from the two offsets.
    pub reported_lag: Option<i64>,
    /// Index into the group's members of the one this partition is assigned to.
    pub member: Option<usize>,
}

impl GroupOffset {
    /// `max(0, end − committed)`; unknown when either is (operations.md §3.1).
    pub fn lag(&self) -> Option<i64> {
        self.reported_lag
            .or_else(|| Some((self.end?.saturating_sub(self.committed?)).max(0)))
    }
}

/// One group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub id: Arc<str>,
    pub kind: GroupKind,
    /// State in Kafka's words: `Stable`, `Empty`, …
    pub state: Arc<str>,
    /// Classic: `consumer`, `connect`, `sr`, … or empty.
    pub protocol: Arc<str>,
    pub coordinator: BrokerId,
    /// Members; unknown when describing is not offered or not permitted.
    pub members: Observed<Arc<Vec<Member>>>,
    /// By topic, partition: assigned partitions and those with a committed offset.
    pub offsets: Observed<Arc<Vec<GroupOffset>>>,
}

impl Group {
    /// Sum of the known lags, and of how many partitions the lag is unknown. `None` = no partition's lag is known.
    pub fn lag(&self) -> (Option<i64>, usize) {
        let Some(offsets) = self.offsets.value() else {
            return (None, 0);
        };
        let mut known = None;
        let mut unknown = 0;
        for offset in offsets.iter() {
            match offset.lag() {
                Some(lag) => known = Some(known.unwrap_or(0_i64).saturating_add(lag)),
                None => unknown += 1,
            }
        }
        (known, unknown)
    }
}

/// All groups that the answering brokers coordinate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Groups {
    pub by_id: BTreeMap<Arc<str>, Arc<Group>>,
    /// ListGroups names only what the asked broker coordinates: who was asked and who answered.
    pub coverage: Coverage,
}
