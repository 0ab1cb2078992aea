//! All nodes of one practice cluster: starting and ending them together, and the orders that break and mend one.
//! Every function here waits for what it does; none needs a runtime.

mod orders;

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::entrance::Entrance;
use super::error::{PracticeError, file};
use super::faults::Faults;
use super::layout::{Layout, Lock, Plan, write_secret, write_whole};
use super::node::{Lifeline, Node};
use super::ports::Entry;
use super::{ports, room, secure, settings};
use crate::model::practice::Owner;
use crate::model::{BrokerId, Endpoint, NodeState, Practice, PracticeNode};

/// Nodes of a new cluster.
pub(super) const NODES: usize = 5;
/// How long a node may take until it serves.
const STARTS_WITHIN: Duration = Duration::from_secs(30);
/// How long all of them together may take at the end of the cluster.
const ENDS_WITHIN: Duration = Duration::from_secs(3);
/// After SIGKILL only the system has to let go of it.
const DIES_WITHIN: Duration = Duration::from_secs(10);

/// Whether the data of earlier runs are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Data {
    Kept,
    Fresh,
}

/// What a new cluster should be like; what is not said is as it is, or as usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Wanted {
    pub(super) nodes: Option<usize>,
    pub(super) entry: Option<Entry>,
}

/// A practice cluster in its directory.
#[derive(Debug)]
pub(super) struct Cluster {
    layout: Layout,
    plan: Plan,
    /// This very file: the nodes are this program again.
    program: PathBuf,
    line: Lifeline,
    /// Processes that this one started, by node; they hold the lifelines.
    children: BTreeMap<BrokerId, Child>,
}

impl Cluster {
    /// The cluster that is kept in this directory.
    pub(super) fn open(dir: &Path, line: Lifeline) -> Result<Self, PracticeError> {
        let layout = Layout::at(dir).map_err(file(dir))?;
        let plan = layout.plan()?;
        let plan = plan.ok_or_else(|| PracticeError::NoCluster(dir.to_owned()))?;
        Self::of(layout, plan, line)
    }

    /// The cluster that is kept in this directory, or a new one, with room and ports for it. Nothing is started.
    pub(super) fn prepare(
        dir: &Path,
        wanted: Wanted,
        data: Data,
        line: Lifeline,
    ) -> Result<(Self, Lock), PracticeError> {
        let layout = Layout::at(dir).map_err(file(dir))?;
        layout.prepare()?;
        let lock = layout.lock()?;
        let kept = match data {
            Data::Kept => layout.plan()?,
            Data::Fresh => {
                if let Ok(Some(old)) = layout.plan() {
                    Self::of(layout.clone(), old.clone(), line)?.end();
                    layout.clear(Some(&old))?;
                } else {
                    layout.clear(None)?;
                }
                None
            }
        };
        let plan = match (kept, wanted.nodes) {
            (Some(plan), _)
                if wanted.entry == Some(Entry::Secured) && plan.entry() == Entry::Open =>
            {
                return Err(PracticeError::NotSecured(layout.dir().to_owned()));
            }
            (Some(plan), Some(wanted)) if plan.nodes.len() != wanted => {
                return Err(PracticeError::OtherSize {
                    dir: layout.dir().to_owned(),
                    has: plan.nodes.len(),
                    wanted,
                });
            }
            (Some(plan), _) => plan,
            (None, nodes) => {
                let entry = wanted.entry.unwrap_or(Entry::Open);
                let ports = choose_ports(&layout, (nodes.unwrap_or(NODES), entry))?;
                Plan::new(random_id(), ports)
            }
        };
        let mut cluster = Self::of(layout, plan, line)?;
        if cluster.alive() == 0 {
            room::check(cluster.layout.dir(), cluster.plan.nodes.len())?;
            cluster.move_if_taken()?;
        }
        cluster.layout.keep(&cluster.plan)?;
        secure::furnish(&cluster.layout, &cluster.plan)?;
        Ok((cluster, lock))
    }

    fn of(layout: Layout, plan: Plan, line: Lifeline) -> Result<Self, PracticeError> {
        let program = std::env::current_exe().map_err(|reason| PracticeError::Spawn {
            id: BrokerId(0),
            reason,
        })?;
        Ok(Self {
            layout,
            plan,
            program,
            line,
            children: BTreeMap::new(),
        })
    }

    /// Where the cluster lies.
    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Addresses for clients that know neither TLS nor logins.
    pub(super) fn bootstrap(&self) -> Vec<String> {
        self.plan.bootstrap()
    }

    /// Addresses of the schema registry.
    pub(super) fn registries(&self) -> Vec<String> {
        self.plan.registries()
    }

    /// How clients of our own enter.
    pub(super) fn entrance(&self) -> Result<Entrance, PracticeError> {
        Entrance::of(&self.layout, &self.plan)
    }

    /// Addresses for everybody who can log in, and the file to do it with; `None` where nobody has to.
    pub(super) fn secured(&self) -> Option<(Vec<String>, PathBuf)> {
        let bootstrap = self.plan.secured_bootstrap()?;
        Some((bootstrap, self.layout.vault().client_properties()))
    }

    /// Nobody runs: ports that somebody else has taken meanwhile are given up.
    fn move_if_taken(&mut self) -> Result<(), PracticeError> {
        if ports::are_free(&self.plan) {
            return Ok(());
        }
        let ports = choose_ports(&self.layout, (self.plan.nodes.len(), self.plan.entry()))?;
        for (node, ports) in self.plan.nodes.iter_mut().zip(ports) {
            node.ports = ports;
        }
        Ok(())
    }

    fn nodes(&self) -> impl Iterator<Item = Node> + use<'_> {
        self.plan.nodes.iter().map(|planned| {
            let dir = self.layout.node_dir(planned.id);
            let config = dir.join("node.properties");
            Node {
                id: BrokerId(planned.id),
                port: Some(planned.ports.clients),
                arguments: vec![
                    "node".into(),
                    "--config".into(),
                    config.into(),
                    "--log-dir".into(),
                    dir.clone().into(),
                ],
                dir,
            }
        })
    }

    /// The demo clients.
    fn clients(&self) -> Node {
        let dir = self.layout.clients_dir();
        let cluster = self.layout.dir().into();
        let arguments = vec![
            "practice".into(),
            "workload".into(),
            "--dir".into(),
            cluster,
        ];
        Node {
            id: BrokerId(0),
            dir,
            port: None,
            arguments,
        }
    }

    fn node(&self, id: BrokerId) -> Result<Node, PracticeError> {
        let found = self.nodes().find(|node| node.id == id);
        found.ok_or_else(|| {
            let ids: Vec<String> = self.nodes().map(|node| node.id.to_string()).collect();
            PracticeError::NoNode {
                id,
                known: ids.join(", "),
            }
        })
    }

    /// How many nodes have a process.
    pub(super) fn alive(&self) -> usize {
        self.nodes().filter(|n| n.state().is_alive()).count()
    }

    /// Starts every node that does not run, waits until they serve, and starts the demo clients.
    pub(super) fn begin(&mut self) -> Result<(), PracticeError> {
        self.begin_telling(&mut |_| {})
    }

    /// The same; `tell` is called whenever a node has come so far.
    pub(super) fn begin_telling(
        &mut self,
        tell: &mut dyn FnMut(&mut Self),
    ) -> Result<(), PracticeError> {
        self.layout.mark_owner(self.line == Lifeline::Starter)?;
        let asleep: Vec<Node> = self.nodes().filter(|n| !n.state().is_alive()).collect();
        for node in &asleep {
            self.launch(node)?;
        }
        let deadline = Instant::now() + STARTS_WITHIN;
        for node in &asleep {
            node.await_serving(deadline)?;
            tell(self);
        }
        let clients = self.clients();
        if clients.state().is_alive() {
            return Ok(());
        }
        self.launch(&clients)
    }

    fn launch(&mut self, node: &Node) -> Result<(), PracticeError> {
        std::fs::create_dir_all(&node.dir).map_err(file(&node.dir))?;
        if let Some(planned) = self.plan.nodes.iter().find(|n| n.id == node.id.0) {
            let path = node.dir.join("node.properties");
            let text = settings::properties(&self.plan, planned, &node.dir);
            match self.plan.entry() {
                Entry::Open => write_whole(&path, &text)?,
                Entry::Secured => {
                    let more = settings::security(&self.layout.vault(), planned)?;
                    write_secret(&path, &format!("{text}{more}"))?;
                }
            }
        }
        let child = node.spawn(&self.program, self.line)?;
        self.children.insert(node.id, child);
        Ok(())
    }

    /// Ends every process of this cluster: in order where that is quick, else by force. Faults are mended.
    pub(super) fn end(&mut self) {
        let all: Vec<Node> = [self.clients()].into_iter().chain(self.nodes()).collect();
        let alive: Vec<&Node> = all.iter().filter(|n| n.state().is_alive()).collect();
        for node in &alive {
            // A frozen process ends when it is thawed.
            for signal in [Signal::TERM, Signal::CONT] {
                tell(node.signal(signal));
            }
            tell(node.note(NodeState::Stopped));
        }
        let deadline = Instant::now() + ENDS_WITHIN;
        for node in &alive {
            if !node.await_end(deadline) {
                tell(node.signal(Signal::KILL));
                node.await_end(Instant::now() + DIES_WITHIN);
            }
        }
        tell(self.heal());
        self.bury();
    }

    /// Asks how processes ended that this one started, so that the system can forget them.
    fn bury(&mut self) {
        self.children
            .retain(|_, child| !matches!(child.try_wait(), Ok(Some(_))));
    }

    /// How everything stands.
    pub(super) fn view(&mut self, owner: Owner) -> Practice {
        self.bury();
        let nodes = self.nodes().zip(&self.plan.nodes);
        let nodes = nodes.map(|(node, planned)| {
            let faults = Faults::load(&node.dir).unwrap_or_default();
            let state = node.state();
            PracticeNode {
                id: node.id,
                rack: planned.rack.as_str().into(),
                endpoint: Endpoint {
                    host: "127.0.0.1".into(),
                    port: planned.ports.front(),
                },
                state,
                pid: node.process().map(|process| process.pid),
                cut_from: faults.cuts.into_iter().map(BrokerId).collect(),
                faults: faults.others.into_iter().map(Arc::from).collect(),
            }
        });
        Practice {
            nodes: nodes.collect(),
            owner,
            starting: false,
            workload: self.clients().state().is_alive(),
            notice: None,
        }
    }
}

/// At the end the next process is more important than the error of this one.
fn tell(done: Result<(), PracticeError>) {
    if let Err(error) = done {
        log::warn!("{error}");
    }
}

/// Ports for a new cluster, sought from a place that its directory gives.
fn choose_ports(
    layout: &Layout,
    wanted: (usize, Entry),
) -> Result<Vec<ports::Ports>, PracticeError> {
    let mut seed: u64 = 0xcbf2_9ce4_8422_2325; // FNV-1a: the same place for the same directory in every run
    for byte in layout.dir().as_os_str().as_encoded_bytes() {
        seed = (seed ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    ports::choose(wanted, seed, ports::is_free)
}

/// A cluster id as Kafka writes them: 16 random bytes in base64 for URLs. The first letter keeps a dash away from there.
fn random_id() -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const LAST: &[u8; 4] = b"AQgw"; // the last of 22 letters has two bits only
    let (mut random, mut left) = (0, 0);
    let mut next = || {
        if left < 6 {
            // Keys of a hash map come from the system's random source.
            (random, left) = (RandomState::new().build_hasher().finish(), 64);
        }
        let six = random & 63;
        (random, left) = (random >> 6, left - 6);
        usize::try_from(six).unwrap_or(0)
    };
    let letter = |of: &[u8], at: usize| of.get(at % of.len()).map_or('A', |b| char::from(*b));
    let mut id = String::from("L");
    id.extend((0..20).map(|_| letter(LETTERS, next())));
    id.push(letter(LAST, next()));
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cluster_ids_are_sixteen_bytes_and_differ() {
        let (one, two) = (random_id(), random_id());
        assert_ne!(one, two);
        assert_eq!(one.len(), 22);
        assert!(one.starts_with('L'));
        assert!(one.ends_with(['A', 'Q', 'g', 'w']));
    }

    #[test]
    fn a_plan_is_kept_and_another_size_needs_a_fresh_start() {
        let dir = std::env::temp_dir().join(format!("lookout-size-{}", std::process::id()));
        let prepare = |nodes, data| {
            let wanted = Wanted { nodes, entry: None };
            Cluster::prepare(&dir, wanted, data, Lifeline::None)
        };
        let first = prepare(Some(3), Data::Kept).unwrap().0.plan;
        assert_eq!(prepare(None, Data::Kept).unwrap().0.plan, first);
        assert!(matches!(
            prepare(Some(4), Data::Kept),
            Err(PracticeError::OtherSize {
                has: 3,
                wanted: 4,
                ..
            })
        ));
        let fresh = prepare(Some(4), Data::Fresh).unwrap().0.plan;
        assert_eq!(fresh.nodes.len(), 4);
        assert_ne!(fresh.cluster_id, first.cluster_id);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
