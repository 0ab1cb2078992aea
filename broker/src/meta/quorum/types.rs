//! The words that openraft and this module share: what an entry is, what applying one says.
//! No behaviour.

use serde::{Deserialize, Serialize};

use crate::meta::record::Record;
use crate::peer::Address;
use crate::wire::uuid::Uuid;

/// What the active controller wants agreed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Offset of the last record of the image that these were computed on. Against any other image
    /// the proposal is void, which makes a controller that fell behind harmless.
    pub base: i64,
    /// At least one record; the first has the offset `base + 1`.
    pub records: Vec<Record>,
}

/// What is agreed on of a node. All of it is empty where the settings name the voters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Member {
    /// The directory of its metadata.
    pub directory: Uuid,
    /// Where it serves controllers: host …
    pub host: String,
    /// … and port.
    pub port: u16,
}

impl Member {
    /// Where it serves controllers.
    pub fn address(&self, node: i32) -> Address {
        Address {
            node,
            host: self.host.clone(),
            port: self.port,
        }
    }
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
        Node = Member,
        SnapshotData = Picture,
);

/// An entry of the quorum's log.
pub type Entry = openraft::Entry<Types>;
/// An entry's term, leader and index.
pub type LogId = openraft::LogId<i32>;
/// A node's vote.
pub type Vote = openraft::Vote<i32>;
/// The name and place of a snapshot.
pub type SnapshotMeta = openraft::SnapshotMeta<i32, Member>;
/// Voters and learners.
pub type StoredMembership = openraft::StoredMembership<i32, Member>;
/// What openraft hears of a disk that fails.
pub type StorageError = openraft::StorageError<i32>;
/// The running consensus.
pub type Raft = openraft::Raft<Types>;
/// What it says of itself.
pub type Metrics = openraft::RaftMetrics<i32, Member>;

/// The first index after `last`.
pub fn next_index(last: Option<LogId>) -> u64 {
    last.map_or(0, |id| id.index + 1)
}
