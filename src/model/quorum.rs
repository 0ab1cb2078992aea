//! The metadata quorum as DescribeQuorum tells it (KIP-595, KIP-836).

use super::broker::BrokerId;
use super::units::{Moment, Span};

/// How far behind the leader a voter may be and still count as caught up: the default of
/// `controller.quorum.fetch.timeout.ms`, after which a voter without news gives the leader up.
pub const CAUGHT_UP_WITHIN: Span = Span::from_secs(2);

/// One voter or observer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuorumReplica {
    pub id: BrokerId,
    /// Log end offset; `None` = the leader does not know it.
    pub log_end_offset: Option<i64>,
    /// By the quorum leader's clock (operations.md §1.7); v1+.
    pub last_fetch: Option<Moment>,
    /// By the quorum leader's clock; v1+.
    pub last_caught_up: Option<Moment>,
}

/// The quorum of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quorum {
    /// `None` = no leader.
    pub leader: Option<BrokerId>,
    pub epoch: i32,
    pub high_watermark: i64,
    pub voters: Vec<QuorumReplica>,
    /// Brokers that follow the metadata log; they vanish five minutes after their last fetch.
    pub observers: Vec<QuorumReplica>,
}

impl Quorum {
    /// The leader's own time, which all ages in this answer are measured against.
    pub fn leader_now(&self) -> Option<Moment> {
        let leader = self.leader?;
        self.voters
            .iter()
            .find(|voter| voter.id == leader)
            .and_then(|voter| voter.last_caught_up)
    }

    /// Voters and observers.
    pub fn replicas(&self) -> impl Iterator<Item = &QuorumReplica> {
        self.voters.iter().chain(&self.observers)
    }
}
