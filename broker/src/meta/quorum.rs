//! The metadata quorum: openraft behind this one door.

use std::sync::Arc;

use thiserror::Error;
use tokio::sync::watch;

use super::command::{Command, Reply};
use super::image::Image;

/// Why the controller could not be asked.
#[derive(Debug, Clone, Error)]
pub enum SubmitError {
    /// No active controller is known or reachable: ask again later.
    #[error("no active controller is reachable: {0}")]
    NoController(String),
    /// The controller did not answer in time; the command may still have happened.
    #[error("the active controller did not answer in time")]
    TimedOut,
}

/// This node's part in the quorum; a handle, cheap to clone.
#[derive(Debug, Clone)]
pub struct Quorum {}

/// What DescribeQuorum says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuorumStatus {
    /// The leader's id, or −1.
    pub leader: i32,
    /// The leader's epoch (Raft's term).
    pub epoch: i32,
    /// Committed offset.
    pub high_watermark: i64,
    /// Voters; details are known only on the leader.
    pub voters: Vec<QuorumReplica>,
    /// Nodes that read along without a vote.
    pub observers: Vec<QuorumReplica>,
}

/// How far one node has read the metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuorumReplica {
    /// Its id.
    pub id: i32,
    /// Its log end offset; −1 unknown.
    pub log_end_offset: i64,
    /// When it last acknowledged an append, in milliseconds since 1970; −1 unknown.
    pub last_fetch_ms: i64,
    /// When it last had everything; −1 unknown.
    pub last_caught_up_ms: i64,
}

impl Quorum {
    /// The newest image this node has applied, and news of every later one.
    pub fn images(&self) -> watch::Receiver<Arc<Image>> {
        todo!()
    }

    /// Asks the active controller, wherever it is, and waits until its answer is agreed on.
    pub async fn submit(&self, command: Command) -> Result<Reply, SubmitError> {
        let _ = command;
        todo!()
    }

    /// The active controller, as far as this node knows.
    pub fn leader(&self) -> Option<i32> {
        todo!()
    }

    /// Leader, voters, observers; complete only on the leader.
    pub fn status(&self) -> QuorumStatus {
        todo!()
    }
}
