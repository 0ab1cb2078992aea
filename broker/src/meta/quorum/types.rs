//! The words that openraft and this module share: what an entry is, what applying one says.
//! No behaviour.

use openraft::EmptyNode;
use serde::{Deserialize, Serialize};

use crate::meta::record::Record;

/// What the active controller wants agreed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Offset of the last record of the image that these were computed on. Against any other image
    /// the proposal is void, which makes a controller that fell behind harmless.
    pub base: i64,
    /// At least one record; the first has the offset `base + 1`.
    pub records: Vec<Record>,
}

/// What applying an entry said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Its records are part of the image.
    Taken,
    /// It was computed on another image: nothing happened.
    Void,
    /// It held no records (a new leader's first entry, a change of membership).
    Nothing,
}

/// A whole image, as a node that was away gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Offset of the last record it includes.
    pub offset: i64,
    /// Records that make an equal image.
    pub records: Vec<Record>,
}

openraft::declare_raft_types!(
    /// What openraft is told of this quorum.
    pub Types:
        D = Proposal,
        R = Verdict,
        NodeId = i32,
        Node = EmptyNode,
        SnapshotData = Picture,
);

/// An entry of the quorum's log.
pub type Entry = openraft::Entry<Types>;
/// An entry's term, leader and index.
pub type LogId = openraft::LogId<i32>;
/// A node's vote.
pub type Vote = openraft::Vote<i32>;
/// The name and place of a snapshot.
pub type SnapshotMeta = openraft::SnapshotMeta<i32, EmptyNode>;
/// Voters and learners.
pub type StoredMembership = openraft::StoredMembership<i32, EmptyNode>;
/// What openraft hears of a disk that fails.
pub type StorageError = openraft::StorageError<i32>;
/// The running consensus.
pub type Raft = openraft::Raft<Types>;
/// What it says of itself.
pub type Metrics = openraft::RaftMetrics<i32, EmptyNode>;

/// The first index after `last`.
pub fn next_index(last: Option<LogId>) -> u64 {
    last.map_or(0, |id| id.index + 1)
}
