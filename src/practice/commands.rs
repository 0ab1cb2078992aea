//! `lookout practice …`: each call does one thing, waits until it is done, and returns what to print.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;
use tokio::time::timeout;

use super::cluster::{Cluster, Data, Wanted};
use super::error::PracticeError;
use super::node::Lifeline;
use super::ports::Entry;
use super::workload;
use crate::cluster::{self, Watch};
use crate::model::practice::Owner;
use crate::model::{Focus, Order, Practice, Snapshot};

/// Layout of the JSON; raised when a field changes its meaning or goes.
const JSON_VERSION: u32 = 1;
/// How long the nodes may take from listening to a healthy cluster.
const HEALTHY_WITHIN: Duration = Duration::from_mins(1);
/// How long `status` waits for the cluster's own view of itself.
const TOLD_WITHIN: Duration = Duration::from_secs(2);
/// What brokers see of these calls.
const CLIENT_ID: &str = "lookout-practice";

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Start the cluster in the background; `fresh` without the data of earlier runs.
    Up {
        fresh: bool,
        nodes: Option<usize>,
        /// None: as the cluster is that is there.
        entry: Option<Entry>,
    },
    Down,
    Status {
        json: bool,
    },
    Order(Order),
    /// Be the demo clients.
    Workload {
        lifeline: bool,
    },
}

/// Does it; returns what to print.
pub async fn run(dir: &Path, call: Call) -> Result<String, PracticeError> {
    match call {
        Call::Up {
            fresh,
            nodes,
            entry,
        } => up(dir, fresh, Wanted { nodes, entry }).await,
        Call::Down => down(dir),
        Call::Status { json } => status(dir, json).await,
        Call::Order(order) => Cluster::open(dir, Lifeline::None)?
            .obey(order)
            .map(|done| format!("{done}\n")),
        Call::Workload { lifeline } => {
            workload::run(dir, lifeline).await?;
            Ok(String::new())
        }
    }
}

async fn up(dir: &Path, fresh: bool, wanted: Wanted) -> Result<String, PracticeError> {
    let data = if fresh { Data::Fresh } else { Data::Kept };
    let (mut cluster, lock) = Cluster::prepare(dir, wanted, data, Lifeline::None)?;
    let was_down = cluster.alive() == 0;
    if let Err(error) = cluster.begin() {
        if was_down {
            cluster.end(); // half a cluster is nothing to leave behind
        }
        return Err(error);
    }
    drop(lock);
    let all = cluster.view(Owner::Nobody).nodes.len();
    let watch = watching(&cluster)?;
    let healthy = timeout(HEALTHY_WITHIN, healthy(watch, all)).await;
    healthy.map_err(|_late| {
        PracticeError::Late(format!(
            "a healthy cluster of {all} nodes; `lookout practice status` says how they stand. That"
        ))
    })?;
    let mut text = match cluster.secured() {
        None => format!("{}\n", cluster.bootstrap().join(",")),
        Some((bootstrap, properties)) => {
            let file = properties.display();
            format!("{}\n{file}\n", bootstrap.join(","))
        }
    };
    text.push_str(&registry_line(&cluster));
    Ok(text)
}

/// The registry's addresses as a line of text; nothing where there is none.
fn registry_line(cluster: &Cluster) -> String {
    match cluster.registries().join(",") {
        none if none.is_empty() => none,
        all => format!("schema registry {all}\n"),
    }
}

/// Returns once all nodes are counted in and the quorum has caught up.
async fn healthy(mut watch: Watch, nodes: usize) {
    let is_healthy = |snapshot: &Arc<Snapshot>| {
        let alive = usize::try_from(snapshot.totals.alive).unwrap_or(0);
        let quorum = snapshot.totals.quorum;
        let caught_up = quorum.is_some_and(|(caught_up, voters)| caught_up == voters);
        alive >= nodes && caught_up
    };
    loop {
        let changed = watch.snapshots.wait_for(is_healthy);
        let late = timeout(Duration::from_secs(1), changed).await.is_err();
        if !late {
            return;
        }
        watch.refresh();
    }
}

fn watching(cluster: &Cluster) -> Result<Watch, PracticeError> {
    let options = cluster.entrance()?.watch_options("practice", CLIENT_ID);
    Ok(cluster::watch(options, watch::channel(Focus::Cluster).1))
}

fn down(dir: &Path) -> Result<String, PracticeError> {
    let mut cluster = match Cluster::open(dir, Lifeline::None) {
        // There is nothing to end.
        Err(PracticeError::NoCluster(_)) => return Ok("no practice cluster runs\n".to_owned()),
        opened => opened?,
    };
    let _lock = cluster.layout().lock()?;
    cluster.end();
    Ok("the practice cluster is down; its data are kept\n".to_owned())
}

async fn status(dir: &Path, json: bool) -> Result<String, PracticeError> {
    let mut cluster = Cluster::open(dir, Lifeline::None)?;
    let owner = if cluster.layout().screen_holds() {
        Owner::AnotherScreen
    } else {
        Owner::Nobody
    };
    let view = cluster.view(owner);
    let snapshot = match view.alive() {
        0 => None,
        _ => told(watching(&cluster)?).await,
    };
    Ok(if json {
        as_json(&view, snapshot.as_deref(), &cluster)
    } else {
        as_text(&view, snapshot.as_deref(), &cluster)
    })
}

/// What the cluster says of itself, if it says it soon.
async fn told(mut watch: Watch) -> Option<Arc<Snapshot>> {
    let knows = |snapshot: &Arc<Snapshot>| {
        snapshot.facts.topology.value().is_some() && snapshot.facts.quorum.value().is_some()
    };
    let told = timeout(TOLD_WITHIN, watch.snapshots.wait_for(knows)).await;
    Some(told.ok()?.ok()?.clone())
}

/// What the cluster says of one node: whether it leads the quorum, and how many partitions.
fn shares(
    snapshot: Option<&Snapshot>,
    node: &crate::model::PracticeNode,
) -> (Option<bool>, Option<u32>) {
    let broker = snapshot.and_then(|snapshot| snapshot.broker(node.id));
    (
        broker.map(|broker| broker.quorum_leader),
        broker.and_then(|broker| broker.leaders),
    )
}

fn as_text(view: &Practice, snapshot: Option<&Snapshot>, cluster: &Cluster) -> String {
    let mut text = String::from("ID  RACK  STATE    PID      ADDRESS          LEADERS  FAULTS\n");
    for node in &view.nodes {
        let (leads, leaders) = shares(snapshot, node);
        let pid = node
            .pid
            .map_or_else(|| "-".to_owned(), |pid| pid.to_string());
        let mut leaders = leaders.map_or_else(|| "-".to_owned(), |count| count.to_string());
        if leads == Some(true) {
            leaders.push('*');
        }
        let cuts = node.cut_from.iter().map(|id| format!("cut {id}"));
        let faults: Vec<String> = cuts
            .chain(node.faults.iter().map(ToString::to_string))
            .collect();
        let _ = writeln!(
            text,
            "{:<3} {:<5} {:<8} {pid:<8} {:<16} {leaders:<8} {}",
            node.id.0,
            node.rack,
            node.state.word(),
            node.endpoint.to_string(),
            faults.join(", "),
        ); // a String takes any write
    }
    let clients = if view.workload { "run" } else { "do not run" };
    let _ = writeln!(text, "* leads the quorum; the demo clients {clients}");
    if let Some((_, file)) = cluster.secured() {
        let file = file.display();
        let _ = writeln!(text, "it asks who enters: `lookout --properties {file}`");
    }
    text + &registry_line(cluster)
}

fn as_json(view: &Practice, snapshot: Option<&Snapshot>, cluster: &Cluster) -> String {
    let nodes = view.nodes.iter().map(|node| {
        let (leads, leaders) = shares(snapshot, node);
        json!({
            "id": node.id.0,
            "rack": &*node.rack,
            "state": node.state.word(),
            "pid": node.pid,
            "address": node.endpoint.to_string(),
            "cut_from": node.cut_from.iter().map(|id| id.0).collect::<Vec<_>>(),
            "faults": node.faults.iter().map(|fault| &**fault).collect::<Vec<_>>(),
            "quorum_leader": leads,
            "leaders": leaders,
        })
    });
    let addresses = view.nodes.iter().map(|node| node.endpoint.to_string());
    let bootstrap: Vec<String> = addresses.collect();
    let secured = cluster.secured();
    let all = json!({
        "version": JSON_VERSION,
        "bootstrap": bootstrap.join(","),
        "schema_registry": Some(cluster.registries().join(",")).filter(|all| !all.is_empty()),
        "client_properties": secured.map(|(_, file)| file.display().to_string()),
        "workload": view.workload,
        "nodes": nodes.collect::<Vec<_>>(),
    });
    format!("{all:#}\n")
}
