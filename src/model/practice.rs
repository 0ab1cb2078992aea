//! The practice cluster as its screen shows it, and what may be asked of it. Plain data: who starts and breaks nodes
//! is told these orders and answers with this picture.

use std::fmt;
use std::sync::Arc;

use super::broker::{BrokerId, Endpoint};

/// How a node's process stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeState {
    /// Its process runs.
    Running,
    /// Frozen by SIGSTOP: it accepts connections and answers nothing.
    Paused,
    /// Ended by a controlled shutdown.
    Stopped,
    /// Ended by SIGKILL on purpose.
    Killed,
    /// Ended by itself: its log says why.
    Ended,
    /// Never started.
    New,
}

impl NodeState {
    /// The word for it, in text and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::Killed => "killed",
            Self::Ended => "ended",
            Self::New => "new",
        }
    }

    /// Whether there is a process, frozen or not.
    pub fn is_alive(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PracticeNode {
    pub id: BrokerId,
    pub rack: Arc<str>,
    /// Where it serves clients.
    pub endpoint: Endpoint,
    pub state: NodeState,
    /// Of its process, while there is one.
    pub pid: Option<u32>,
    /// Nodes that it cannot open connections to.
    pub cut_from: Vec<BrokerId>,
    /// Other faults on purpose, as its fault file spells them.
    pub faults: Vec<Arc<str>>,
}

/// Who ends the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// It runs until `lookout practice down`.
    Nobody,
    /// This program started it and ends it.
    Us,
    /// Another screen started it and ends it.
    AnotherScreen,
}

/// The practice cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Practice {
    /// By id.
    pub nodes: Vec<PracticeNode>,
    pub owner: Owner,
    /// Whether its nodes are being started right now.
    pub starting: bool,
    /// Whether the demo clients run.
    pub workload: bool,
    /// What the last order came to, or what goes on now.
    pub notice: Option<Notice>,
}

/// A sentence about the last order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub text: Arc<str>,
    pub is_failure: bool,
}

impl Practice {
    /// The node of this id.
    pub fn node(&self, id: BrokerId) -> Option<&PracticeNode> {
        self.nodes.iter().find(|node| node.id == id)
    }

    /// How many nodes run, frozen ones included.
    pub fn alive(&self) -> usize {
        self.nodes.iter().filter(|n| n.state.is_alive()).count()
    }
}

/// Which connections a cut ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ways {
    /// Those that either opens to the other.
    Both,
    /// Those that the first opens to the second.
    One,
}

/// What may be asked of the practice cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// SIGKILL.
    Kill(BrokerId),
    /// Controlled shutdown.
    Stop(BrokerId),
    Start(BrokerId),
    Restart(BrokerId),
    /// SIGSTOP.
    Pause(BrokerId),
    /// SIGCONT.
    Resume(BrokerId),
    Cut {
        from: BrokerId,
        to: BrokerId,
        ways: Ways,
    },
    /// End all cuts and other faults.
    Heal,
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill(id) => write!(f, "kill {id}"),
            Self::Stop(id) => write!(f, "stop {id}"),
            Self::Start(id) => write!(f, "start {id}"),
            Self::Restart(id) => write!(f, "restart {id}"),
            Self::Pause(id) => write!(f, "pause {id}"),
            Self::Resume(id) => write!(f, "resume {id}"),
            Self::Cut { from, to, ways } => match ways {
                Ways::Both => write!(f, "cut {from} {to}"),
                Ways::One => write!(f, "cut {from} {to} --one-way"),
            },
            Self::Heal => f.write_str("heal"),
        }
    }
}
