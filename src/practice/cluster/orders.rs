//! The orders that break and mend one node, or the connections between two. Each waits until it is carried out.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{Cluster, DIES_WITHIN, STARTS_WITHIN};
use crate::model::practice::Ways;
use crate::model::{BrokerId, NodeState, Order};
use crate::practice::error::{PracticeError, file};
use crate::practice::faults::Faults;
use crate::practice::node::Node;

/// How long a controlled shutdown may take before it is ended by force.
const STOPS_WITHIN: Duration = Duration::from_secs(20);

impl Cluster {
    /// Carries an order out. What it says is what happened.
    pub(in crate::practice) fn obey(&mut self, order: Order) -> Result<String, PracticeError> {
        let _lock = self.layout.lock()?;
        self.bury();
        match order {
            Order::Kill(id) => self.kill(id),
            Order::Stop(id) => self.stop(id),
            Order::Start(id) => self.start(id),
            Order::Restart(id) => {
                self.stop(id)?;
                self.start(id)?;
                Ok(format!("node {id} restarted"))
            }
            Order::Pause(id) => self.freeze(id, Signal::STOP, "paused"),
            Order::Resume(id) => self.freeze(id, Signal::CONT, "resumed"),
            Order::Cut { from, to, ways } => self.cut(from, to, ways),
            Order::Heal => self.heal().map(|()| "every cut is healed".to_owned()),
        }
    }

    fn kill(&mut self, id: BrokerId) -> Result<String, PracticeError> {
        let node = self.node(id)?;
        if !node.state().is_alive() {
            return Ok(format!("node {id} does not run"));
        }
        node.note(NodeState::Killed)?;
        node.signal(Signal::KILL)?;
        if !node.await_end(Instant::now() + DIES_WITHIN) {
            return Err(PracticeError::Late(format!("the end of node {id}")));
        }
        Ok(format!("node {id} killed"))
    }

    fn stop(&mut self, id: BrokerId) -> Result<String, PracticeError> {
        let node = self.node(id)?;
        if !node.state().is_alive() {
            return Ok(format!("node {id} does not run"));
        }
        node.note(NodeState::Stopped)?;
        node.signal(Signal::TERM)?;
        node.signal(Signal::CONT)?;
        if node.await_end(Instant::now() + STOPS_WITHIN) {
            return Ok(format!("node {id} stopped"));
        }
        node.signal(Signal::KILL)?;
        node.await_end(Instant::now() + DIES_WITHIN);
        let seconds = STOPS_WITHIN.as_secs();
        Ok(format!(
            "node {id} did not stop within {seconds} s and was killed"
        ))
    }

    fn start(&mut self, id: BrokerId) -> Result<String, PracticeError> {
        let node = self.node(id)?;
        match node.state() {
            NodeState::Running => return Ok(format!("node {id} runs already")),
            NodeState::Paused => {
                return Err(PracticeError::Standing {
                    id,
                    state: NodeState::Paused.word(),
                    hint: "resume it",
                });
            }
            NodeState::Stopped | NodeState::Killed | NodeState::Ended | NodeState::New => {}
        }
        self.launch(&node)?;
        node.await_serving(Instant::now() + STARTS_WITHIN)?;
        Ok(format!("node {id} started"))
    }

    fn freeze(
        &mut self,
        id: BrokerId,
        signal: Signal,
        done: &'static str,
    ) -> Result<String, PracticeError> {
        let node = self.node(id)?;
        let state = node.state();
        if !state.is_alive() {
            return Err(PracticeError::Standing {
                id,
                state: state.word(),
                hint: "start it first",
            });
        }
        node.signal(signal)?;
        Ok(format!("node {id} {done}"))
    }

    fn cut(&mut self, from: BrokerId, to: BrokerId, ways: Ways) -> Result<String, PracticeError> {
        if from == to {
            return Err(PracticeError::CutFromItself(from));
        }
        let both = (self.node(from)?, self.node(to)?);
        sever(&both.0, to)?;
        Ok(match ways {
            Ways::One => format!("node {from} cannot reach node {to}"),
            Ways::Both => {
                sever(&both.1, from)?;
                format!("nodes {from} and {to} cannot reach each other")
            }
        })
    }

    pub(super) fn heal(&self) -> Result<(), PracticeError> {
        for node in self.nodes() {
            if Faults::load(&node.dir)? != Faults::default() {
                Faults::default().store(&node.dir)?;
            }
        }
        Ok(())
    }
}

/// Ends connections that `node` opens to another, from now on.
fn sever(node: &Node, to: BrokerId) -> Result<(), PracticeError> {
    std::fs::create_dir_all(&node.dir).map_err(file(&node.dir))?;
    let mut faults = Faults::load(&node.dir)?;
    faults.cuts.insert(to.0);
    faults.store(&node.dir)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::practice::Owner;
    use crate::practice::cluster::{Data, Wanted};
    use crate::practice::node::Lifeline;

    #[test]
    fn a_cut_is_kept_by_the_node_that_opens_the_connection_and_heal_ends_it() {
        let dir = std::env::temp_dir().join(format!("lookout-cut-{}", std::process::id()));
        let wanted = Wanted {
            nodes: Some(3),
            ..Wanted::default()
        };
        let (mut cluster, lock) =
            Cluster::prepare(&dir, wanted, Data::Kept, Lifeline::None).unwrap();
        drop(lock);
        let cut = |from, to, ways| Order::Cut {
            from: BrokerId(from),
            to: BrokerId(to),
            ways,
        };
        let cuts = |cluster: &mut Cluster| -> Vec<Vec<i32>> {
            let view = cluster.view(Owner::Nobody);
            let nodes = view.nodes.iter();
            nodes
                .map(|n| n.cut_from.iter().map(|id| id.0).collect())
                .collect()
        };
        cluster.obey(cut(1, 2, Ways::One)).unwrap();
        assert_eq!(cuts(&mut cluster), [vec![2], vec![], vec![]]);
        cluster.obey(cut(1, 3, Ways::Both)).unwrap();
        assert_eq!(cuts(&mut cluster), [vec![2, 3], vec![], vec![1]]);
        assert!(cluster.obey(cut(1, 1, Ways::Both)).is_err());
        assert!(cluster.obey(cut(1, 9, Ways::Both)).is_err());
        cluster.obey(Order::Heal).unwrap();
        assert_eq!(cuts(&mut cluster), [vec![], vec![], vec![0; 0]]);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
