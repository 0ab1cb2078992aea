//! The directory of a practice cluster: what lies where, and the plan of the cluster that is kept in it from run to
//! run. Never starts or signals anything.
//!
//! ```text
//! practice/  plan          cluster id, and per node its rack and ports
//!            lock          held while somebody changes the cluster
//!            screen        held by the screen that ends the cluster
//!            owner         whether a screen started the nodes
//!            node-1/       node.properties  data/  faults  state  pid  lookout.log  out
//!            clients/      pid  lookout.log  out
//!            secure/       of a cluster that asks who enters: keys, certificates, password, client.properties
//! ```

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::error::{PracticeError, file};
use super::ports::{Entry, Ports, Secured};
use super::secure::Vault;

/// First line of a plan: whose file this is, and its layout.
const HEAD: &str = "# practice cluster of lookout, layout 1";
/// How long somebody else's change is waited for.
const WAITS: Duration = Duration::from_secs(5);
/// Racks, given round and round.
const RACKS: [&str; 3] = ["a", "b", "c"];

/// Where everything of one practice cluster lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    dir: PathBuf,
}

/// One node of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlannedNode {
    pub(super) id: i32,
    pub(super) rack: String,
    pub(super) ports: Ports,
}

/// What stays the same from run to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) cluster_id: String,
    /// By id, from 1.
    pub(super) nodes: Vec<PlannedNode>,
}

impl Plan {
    /// A cluster of its own identity on these ports.
    pub(super) fn new(cluster_id: String, ports: Vec<Ports>) -> Self {
        let racks = RACKS.iter().cycle();
        let nodes = (1..).zip(ports).zip(racks);
        let nodes = nodes.map(|((id, ports), rack)| PlannedNode {
            id,
            rack: (*rack).to_owned(),
            ports,
        });
        Self {
            cluster_id,
            nodes: nodes.collect(),
        }
    }

    /// Addresses for clients.
    pub(super) fn bootstrap(&self) -> Vec<String> {
        let nodes = self.nodes.iter();
        nodes
            .map(|node| format!("127.0.0.1:{}", node.ports.clients))
            .collect()
    }

    /// Addresses for everybody who can log in, where the cluster asks for that.
    pub(super) fn secured_bootstrap(&self) -> Option<Vec<String>> {
        let nodes = self.nodes.iter();
        nodes
            .map(|node| Some(format!("127.0.0.1:{}", node.ports.secured?.clients)))
            .collect()
    }

    /// Addresses of the schema registry; none in a plan of earlier times.
    pub(super) fn registries(&self) -> Vec<String> {
        let ports = self.nodes.iter().filter_map(|node| node.ports.registry);
        ports
            .map(|port| format!("http://127.0.0.1:{port}"))
            .collect()
    }

    /// Whether it asks who enters.
    pub(super) fn entry(&self) -> Entry {
        match self.secured_bootstrap() {
            Some(_) => Entry::Secured,
            None => Entry::Open,
        }
    }

    fn write(&self) -> String {
        let mut text = format!("{HEAD}\ncluster.id={}\n", self.cluster_id);
        for PlannedNode { id, rack, ports } in &self.nodes {
            let Ports {
                clients,
                controller,
                metrics,
                registry,
                secured,
            } = ports;
            let more = secured.map_or_else(String::new, |more| {
                format!(",{},{}", more.clients, more.between)
            });
            let last = registry.map_or_else(String::new, |port| format!(",{port}"));
            let _ = writeln!(
                text,
                "node.{id}={rack},{clients},{controller},{metrics}{more}{last}"
            ); // a String takes any write
        }
        text
    }

    fn read(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        if lines.next() != Some(HEAD) {
            return Err(format!("its first line is not \"{HEAD}\""));
        }
        let mut plan = Self {
            cluster_id: String::new(),
            nodes: Vec::new(),
        };
        for line in lines {
            let wrong = || format!("\"{line}\" says nothing");
            match line.split_once('=').ok_or_else(wrong)? {
                ("cluster.id", id) => id.clone_into(&mut plan.cluster_id),
                (key, value) => plan.nodes.push(planned_node(key, value).ok_or_else(wrong)?),
            }
        }
        let ids = plan.nodes.iter().map(|node| node.id);
        if plan.cluster_id.is_empty() || plan.nodes.is_empty() || !ids.eq(1..=count(&plan.nodes)) {
            return Err("it names no cluster id, or not the nodes 1, 2, …".to_owned());
        }
        Ok(plan)
    }
}

fn count(nodes: &[PlannedNode]) -> i32 {
    i32::try_from(nodes.len()).unwrap_or(i32::MAX)
}

fn planned_node(key: &str, value: &str) -> Option<PlannedNode> {
    let id = key.strip_prefix("node.")?.parse().ok()?;
    let mut words = value.split(',');
    let rack = words.next()?.to_owned();
    let numbers: Option<Vec<u16>> = words.map(|word| word.parse().ok()).collect();
    let numbers = numbers?;
    let (first, more) = numbers.split_first_chunk::<3>()?;
    let [clients, controller, metrics] = *first;
    let secured = |clients: u16, between: u16| Some(Secured { clients, between });
    let (secured, registry) = match *more {
        [] => (None, None),
        [registry] => (None, Some(registry)),
        [clients, between] => (secured(clients, between), None),
        [clients, between, registry] => (secured(clients, between), Some(registry)),
        _ => return None,
    };
    let ports = Ports {
        clients,
        controller,
        metrics,
        registry,
        secured,
    };
    Some(PlannedNode { id, rack, ports })
}

/// The right to change a cluster, until this is dropped or the process ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Layout {
    /// The layout of this directory, which need not exist yet.
    pub(super) fn at(dir: &Path) -> io::Result<Self> {
        let dir = std::path::absolute(dir)?;
        Ok(Self { dir })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    fn plan_file(&self) -> PathBuf {
        self.dir.join("plan")
    }

    /// The directory of a node.
    pub(super) fn node_dir(&self, id: i32) -> PathBuf {
        self.dir.join(format!("node-{id}"))
    }

    /// The directory of the demo clients.
    pub(super) fn clients_dir(&self) -> PathBuf {
        self.dir.join("clients")
    }

    /// What a cluster that asks who enters keeps to itself.
    pub(super) fn vault(&self) -> Vault {
        Vault::at(self.dir.join("secure"))
    }

    /// The plan that is kept here; `None` where there is no cluster.
    pub(super) fn plan(&self) -> Result<Option<Plan>, PracticeError> {
        let path = self.plan_file();
        match fs::read_to_string(&path) {
            Ok(text) => match Plan::read(&text) {
                Ok(plan) => Ok(Some(plan)),
                Err(wrong) => Err(PracticeError::Plan { path, wrong }),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(reason) => Err(PracticeError::File { path, reason }),
        }
    }

    /// Keeps the plan.
    pub(super) fn keep(&self, plan: &Plan) -> Result<(), PracticeError> {
        write_whole(&self.plan_file(), &plan.write())
    }

    /// Makes the directory, which must be new, empty, or one of ours.
    pub(super) fn prepare(&self) -> Result<(), PracticeError> {
        fs::create_dir_all(&self.dir).map_err(file(&self.dir))?;
        let ours = self.plan_file().exists();
        let mut entries = fs::read_dir(&self.dir).map_err(file(&self.dir))?;
        let foreign = entries.any(|entry| {
            let name = entry.map(|entry| entry.file_name());
            // What an `up` leaves that was ended before it had a plan.
            !name.is_ok_and(|name| name == "lock" || name == "screen" || name == "plan.new")
        });
        if foreign && !ours {
            return Err(PracticeError::NotOurs(self.dir.clone()));
        }
        Ok(())
    }

    /// Removes the data of all nodes and the plan.
    pub(super) fn clear(&self, plan: Option<&Plan>) -> Result<(), PracticeError> {
        let nodes = plan.map(|plan| plan.nodes.as_slice()).unwrap_or_default();
        let dirs = nodes.iter().map(|node| self.node_dir(node.id));
        for dir in dirs.chain([self.clients_dir(), self.dir.join("secure")]) {
            match fs::remove_dir_all(&dir) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(file(&dir)(error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        match fs::remove_file(self.plan_file()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(file(&self.plan_file())(error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// The right to change this cluster; waits a little for whoever has it.
    pub(super) fn lock(&self) -> Result<Lock, PracticeError> {
        let deadline = Instant::now() + WAITS;
        loop {
            if let Some(held) = self.try_hold("lock")? {
                return Ok(held);
            }
            if Instant::now() > deadline {
                return Err(PracticeError::Busy(self.dir.clone()));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The mark of the screen that ends this cluster; `None` while another screen holds it.
    pub(super) fn take_screen(&self) -> Result<Option<Lock>, PracticeError> {
        self.try_hold("screen")
    }

    /// Whether a screen holds the cluster.
    pub(super) fn screen_holds(&self) -> bool {
        self.dir.join("screen").exists() && matches!(self.try_hold("screen"), Ok(None))
    }

    /// Notes who started the nodes: a screen, with whose end they end, or `up`.
    pub(super) fn mark_owner(&self, screen: bool) -> Result<(), PracticeError> {
        let who = if screen { "screen\n" } else { "nobody\n" };
        write_whole(&self.dir.join("owner"), who)
    }

    /// Whether a screen started the nodes.
    pub(super) fn is_of_screen(&self) -> bool {
        fs::read_to_string(self.dir.join("owner")).is_ok_and(|who| who.trim() == "screen")
    }

    fn try_hold(&self, name: &str) -> Result<Option<Lock>, PracticeError> {
        let path = self.dir.join(name);
        let opened = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let held = opened.map_err(file(&path))?;
        match held.try_lock() {
            Ok(()) => Ok(Some(Lock { _file: held })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(reason)) => Err(PracticeError::File { path, reason }),
        }
    }
}

/// Replaces a file in one step: whoever reads it sees the old text or the new one.
pub(super) fn write_whole(path: &Path, text: &str) -> Result<(), PracticeError> {
    let mut options = File::options();
    replace(path, text, options.write(true).create(true).truncate(true))
}

/// The same for a file that nobody but its owner may read.
pub(super) fn write_secret(path: &Path, text: &str) -> Result<(), PracticeError> {
    // Of an earlier attempt, with whatever rights.
    let _gone = fs::remove_file(path.with_extension("new"));
    let mut options = File::options();
    replace(path, text, options.write(true).create_new(true).mode(0o600))
}

fn replace(path: &Path, text: &str, options: &OpenOptions) -> Result<(), PracticeError> {
    let new = path.with_extension("new");
    let written = options.open(&new).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)
    });
    written.map_err(file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        let ports = |first: u16| Ports {
            clients: first,
            controller: first + 1,
            metrics: first + 2,
            registry: Some(first + 5),
            secured: None,
        };
        Plan::new("abc".into(), vec![ports(10_001), ports(10_011)])
    }

    #[test]
    fn a_plan_is_read_as_it_was_written() {
        let plan = plan();
        assert_eq!(Plan::read(&plan.write()), Ok(plan.clone()));
        assert_eq!(plan.bootstrap(), ["127.0.0.1:10001", "127.0.0.1:10011"]);
        assert_eq!(plan.entry(), Entry::Open);
        let mut secured = plan;
        for (number, node) in (1..).zip(&mut secured.nodes) {
            let (clients, between) = (20_000 + number, 20_100 + number);
            node.ports.secured = Some(Secured { clients, between });
        }
        assert_eq!(Plan::read(&secured.write()), Ok(secured.clone()));
        assert_eq!(secured.entry(), Entry::Secured);
        assert_eq!(
            secured.registries(),
            ["http://127.0.0.1:10006", "http://127.0.0.1:10016"]
        );
        // Of earlier times, without a registry.
        for node in &mut secured.nodes {
            node.ports.registry = None;
        }
        assert_eq!(Plan::read(&secured.write()), Ok(secured.clone()));
    }

    #[test]
    fn a_plan_of_somebody_else_or_with_a_hole_is_refused() {
        for wrong in [
            "",
            "cluster.id=x",
            &format!("{HEAD}\ncluster.id=x\n"),
            &format!("{HEAD}\ncluster.id=x\nnode.2=a,1,2,3\n"),
            &format!("{HEAD}\ncluster.id=x\nnode.1=a,1,2\n"),
        ] {
            assert!(Plan::read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn racks_go_round() {
        let ports = Ports {
            clients: 1,
            controller: 2,
            metrics: 3,
            registry: None,
            secured: None,
        };
        let plan = Plan::new("abc".into(), vec![ports; 5]);
        let racks: Vec<&str> = plan.nodes.iter().map(|node| &*node.rack).collect();
        assert_eq!(racks, ["a", "b", "c", "a", "b"]);
    }

    #[test]
    fn a_directory_with_other_things_in_it_is_not_taken() {
        let dir = std::env::temp_dir().join(format!("lookout-layout-{}", std::process::id()));
        let layout = Layout::at(&dir).unwrap();
        layout.prepare().unwrap();
        fs::write(dir.join("letter"), "dear").unwrap();
        assert!(matches!(layout.prepare(), Err(PracticeError::NotOurs(_))));
        layout.keep(&plan()).unwrap();
        layout.prepare().unwrap();
        assert_eq!(layout.plan().unwrap(), Some(plan()));
        let held = layout.lock().unwrap();
        assert!(matches!(layout.lock(), Err(PracticeError::Busy(_))));
        drop(held);
        layout.lock().unwrap();
        fs::remove_dir_all(&dir).unwrap();
    }
}
