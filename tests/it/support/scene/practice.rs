//! The same cluster as a practice cluster: dead brokers were killed, hanging ones are frozen.

use lookout::model::practice::{Notice, Owner};
use lookout::model::{BrokerId, Endpoint, NodeState, Practice, PracticeNode};

use super::Scene;

impl Scene {
    /// Its processes.
    pub fn practice(&self) -> Practice {
        let mut nodes: Vec<PracticeNode> = self
            .brokers()
            .into_iter()
            .map(|(id, rack)| self.node(id, rack))
            .collect();
        nodes.sort_by_key(|node| node.id);
        let text = "node 3 killed".into();
        Practice {
            workload: !nodes.is_empty(),
            starting: nodes.is_empty(),
            nodes,
            owner: Owner::Us,
            notice: (!self.down.is_empty()).then_some(Notice {
                text,
                is_failure: false,
            }),
        }
    }

    fn node(&self, id: i32, rack: &str) -> PracticeNode {
        let state = if self.down.contains_key(&id.to_string()) {
            NodeState::Killed
        } else if self.hanging.contains_key(&id.to_string()) {
            NodeState::Paused
        } else {
            NodeState::Running
        };
        let cut = self.cut.get(&id.to_string()).cloned().unwrap_or_default();
        PracticeNode {
            id: BrokerId(id),
            rack: rack.into(),
            endpoint: Endpoint {
                host: "127.0.0.1".into(),
                port: 10_100 + u16::try_from(id).unwrap(),
            },
            state,
            pid: state
                .is_alive()
                .then_some(40_210 + u32::try_from(id).unwrap()),
            cut_from: cut.into_iter().map(BrokerId).collect(),
            faults: Vec::new(),
        }
    }
}
