//! One node: builds everything, starts it in order, stops it in order.

use thiserror::Error;

use crate::config::NodeConfig;

/// Why a node cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A file or directory, and what is wrong with it.
    #[error("{0}")]
    Directory(String),
    /// A listener, and what is wrong with it.
    #[error("{0}")]
    Listen(String),
    /// The metadata quorum, and what is wrong with it.
    #[error("{0}")]
    Quorum(String),
}

/// A running node. Dropping it stops nothing; call [`NodeHandle::shut_down`].
#[derive(Debug)]
pub struct NodeHandle {}

/// Starts a node inside this process's runtime and returns once it listens.
pub async fn run(config: NodeConfig) -> Result<NodeHandle, StartError> {
    let _ = config;
    todo!()
}

impl NodeHandle {
    /// Controlled shutdown: leaderships move away first; at most `within`.
    pub async fn shut_down(self, within: std::time::Duration) {
        let _ = within;
        todo!()
    }
}
