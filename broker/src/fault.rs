//! Faults on purpose, off unless asked for: what this node's own connections and disks refuse. A
//! cut is kept by the node that *opens* the connection: "cut A B one way" tells A not to reach B.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;

/// What is broken right now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Nodes that this node cannot open data connections to.
    pub cut_brokers: BTreeSet<i32>,
    /// Nodes that this node cannot open connections of the metadata quorum to (commands, streams).
    pub cut_controllers: BTreeSet<i32>,
    /// Every request to another node waits this long first.
    pub delay: Duration,
    /// Log directories (by position in `log.dirs`) that refuse every write as full.
    pub full_dirs: BTreeSet<usize>,
    /// Log directories that fail every access.
    pub failed_dirs: BTreeSet<usize>,
}

/// The kind of connection a node opens to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Link {
    /// Fetching data.
    Broker,
    /// Commands to the controller and the streams of the quorum.
    Controller,
}

/// The node's faults; a handle, cheap to clone.
#[derive(Debug, Clone)]
pub struct Faults {
    plan: Arc<RwLock<Arc<Plan>>>,
    changed: watch::Sender<u64>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            plan: Arc::default(),
            changed: watch::Sender::new(0),
        }
    }
}

impl Faults {
    /// What is broken right now.
    pub fn plan(&self) -> Arc<Plan> {
        self.plan
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Breaks and mends: open connections over a link that is now cut must end.
    pub fn set(&self, plan: Plan) {
        *self.plan.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(plan);
        self.changed.send_modify(|count| *count += 1);
    }

    /// Whether this node may open or keep a connection to `node`.
    pub fn allows(&self, link: Link, node: i32) -> bool {
        let plan = self.plan();
        match link {
            Link::Broker => !plan.cut_brokers.contains(&node),
            Link::Controller => !plan.cut_controllers.contains(&node),
        }
    }

    /// Resolves as soon as the link to `node` is cut.
    pub async fn cut(&self, link: Link, node: i32) {
        let mut changed = self.changed.subscribe();
        while self.allows(link, node) {
            if changed.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
