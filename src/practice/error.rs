//! What can go wrong with a practice cluster, each with what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::model::BrokerId;

/// Why an order was not carried out.
#[derive(Debug, Error)]
pub enum PracticeError {
    /// A file or directory.
    #[error("{}: {reason}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// The directory holds something else.
    #[error(
        "{} is not empty and holds no practice cluster: name an empty or a new directory with --dir",
        .0.display()
    )]
    NotOurs(PathBuf),
    /// The plan that is kept in the directory cannot be read.
    #[error("{}: {wrong}; `lookout practice up --fresh` starts anew", path.display())]
    Plan {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        wrong: String,
    },
    /// There is no cluster in the directory.
    #[error("no practice cluster in {}: start one with `lookout practice up`", .0.display())]
    NoCluster(PathBuf),
    /// Somebody else changes this cluster right now.
    #[error("another lookout is changing the practice cluster in {}: try again when it is done", .0.display())]
    Busy(PathBuf),
    /// No such node.
    #[error("there is no node {id}: the nodes are {known}")]
    NoNode {
        /// The one that was named.
        id: BrokerId,
        /// Those there are.
        known: String,
    },
    /// The order makes no sense for the node as it stands.
    #[error("node {id} is {state}: {hint}")]
    Standing {
        /// The node.
        id: BrokerId,
        /// Its state's word.
        state: &'static str,
        /// What can be done.
        hint: &'static str,
    },
    /// The cluster that is there has another size.
    #[error("the practice cluster in {} has {has} nodes: `lookout practice up --fresh --nodes {wanted}` starts anew without its data", dir.display())]
    OtherSize {
        /// Where.
        dir: PathBuf,
        /// Its size.
        has: usize,
        /// The size that was named.
        wanted: usize,
    },
    /// The cluster that is there asks nobody who enters.
    #[error("the practice cluster in {} lets everybody in: `lookout practice up --fresh --secure` starts anew without its data", .0.display())]
    NotSecured(PathBuf),
    /// A node cannot be cut from itself.
    #[error("node {0} cannot be cut from itself: name two nodes")]
    CutFromItself(BrokerId),
    /// Not enough room on the disk.
    #[error(
        "a practice cluster needs {needs_mib} MB free in {}, there are {free_mib} MB: make room, or choose another \
         place with --dir",
        path.display()
    )]
    Disk {
        /// Where.
        path: PathBuf,
        /// What it takes.
        needs_mib: u64,
        /// What there is.
        free_mib: u64,
    },
    /// Not enough memory.
    #[error(
        "a practice cluster needs {needs_mib} MB of free memory, there are {free_mib} MB: end something, or start fewer nodes with --nodes"
    )]
    Memory {
        /// What it takes.
        needs_mib: u64,
        /// What there is.
        free_mib: u64,
    },
    /// No ports.
    #[error("no {0} free ports in a row on 127.0.0.1 between 10000 and 30000")]
    Ports(usize),
    /// This program cannot be started again.
    #[error("node {id} cannot be started: {reason}")]
    Spawn {
        /// Which node; 0 for the demo clients.
        id: BrokerId,
        /// What the system says.
        reason: io::Error,
    },
    /// A node ended at once.
    #[error("node {id} ended by itself; the end of its log {}:\n{tail}", log.display())]
    Ended {
        /// Which node.
        id: BrokerId,
        /// Its log.
        log: PathBuf,
        /// The last lines.
        tail: String,
    },
    /// A signal could not be sent.
    #[error("node {id} could not be signalled: {reason}")]
    Signal {
        /// Which node.
        id: BrokerId,
        /// What the system says.
        reason: io::Error,
    },
    /// It took too long.
    #[error("{0} took too long")]
    Late(String),
    /// Where data go is not known.
    #[error("there is no home directory to keep a practice cluster in: name a place with --dir")]
    NoHome,
}

/// Names the file in an error of the system.
pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> PracticeError + use<> {
    let path = path.to_owned();
    move |reason| PracticeError::File { path, reason }
}
