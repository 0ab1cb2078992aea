//! One node: builds everything, starts it in order, stops it in order. Decides nothing about the
//! data that it serves.
//!
//! Start: directories, sockets, quorum, replicas, groups; then the broker registers, catches up with
//! the metadata, is unfenced, and accepts clients. Stop: leaderships move away, sockets close, logs
//! close cleanly, the quorum ends.

mod descriptors;
mod dirs;
mod endpoints;
mod faults;
mod follow;
mod limits;
mod membership;
mod numbers;
mod security;
mod start;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::timeout;

use crate::api::Broker;
use crate::auth::GateError;
use crate::config::NodeConfig;
use crate::meta::image::Image;
use crate::meta::quorum::QuorumError;
use crate::net::Serving;
use crate::net::http::Endpoint;

pub use dirs::DirError;
use dirs::Dirs;
use membership::{Standing, Want};

/// How long open connections get for the answers that are under way when the node stops.
const LAST_ANSWERS: Duration = Duration::from_millis(500);

/// How long a controlled shutdown may take before the node stops all the same.
const CONTROLLED: Duration = Duration::from_secs(30);

/// Why a node cannot start, or cannot go on.
#[derive(Debug, Error)]
pub enum StartError {
    /// A data directory, and what is wrong with it.
    #[error(transparent)]
    Directory(#[from] DirError),
    /// A listener cannot be bound.
    #[error("listener {name}, {at}: {source}")]
    Listen {
        /// Its name.
        name: String,
        /// Where it was to listen.
        at: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A listener cannot be what it is meant to be, or those of others cannot be entered.
    #[error("listener {listener}: {why}")]
    Security {
        /// Its name.
        listener: String,
        /// What is wrong.
        why: GateError,
    },
    /// The metadata quorum, and what is wrong with it.
    #[error(transparent)]
    Quorum(#[from] QuorumError),
    /// A part of the node that failed.
    #[error("{0}")]
    Failed(String),
}

/// A running node. Dropping it stops nothing in order; call [`NodeHandle::shut_down`].
#[derive(Debug)]
pub struct NodeHandle {
    addresses: BTreeMap<String, SocketAddr>,
    broker: Arc<Broker>,
    /// Listeners for clients and brokers.
    clients: Vec<Serving>,
    /// The controllers' listener.
    controllers: Vec<Serving>,
    metrics: Option<Endpoint>,
    registry: Option<Endpoint>,
    tasks: JoinSet<()>,
    want: watch::Sender<Want>,
    standing: watch::Receiver<Standing>,
    trouble: watch::Receiver<Option<String>>,
    dirs: Dirs,
}

/// Starts a node inside this process's runtime and returns once it listens. Clients are accepted as
/// soon as the node knows the metadata; [`NodeHandle::serving`] waits until it is a full member.
pub async fn run(config: NodeConfig) -> Result<NodeHandle, StartError> {
    start::start(config).await
}

impl NodeHandle {
    /// Where the listeners are, by name; ports that were given as 0 are the bound ones.
    pub fn addresses(&self) -> &BTreeMap<String, SocketAddr> {
        &self.addresses
    }

    /// Where the metrics are served, if they are.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|endpoint| endpoint.address)
    }

    /// Where the schema registry is served, if it is.
    pub fn registry_address(&self) -> Option<SocketAddr> {
        self.registry.as_ref().map(|endpoint| endpoint.address)
    }

    /// What the node counts, as Prometheus text.
    pub fn metrics_text(&self) -> String {
        self.broker.metrics.text()
    }

    /// The cluster that the node belongs to.
    pub fn cluster_id(&self) -> &str {
        &self.broker.cluster_id
    }

    /// The cluster as this node knows it.
    pub fn image(&self) -> Arc<Image> {
        self.broker.image()
    }

    /// Waits until the broker is a full member: registered and unfenced. At once for a node that is
    /// only a controller.
    pub async fn serving(&self) {
        if self.broker.config.is_broker {
            let mut standing = self.standing.clone();
            let member = standing.wait_for(|now| *now == Standing::Serving);
            let _stopped = member.await.is_err();
        }
    }

    /// Resolves with the reason if the node cannot go on by itself: its consensus has ended, or it was
    /// never registered. [`NodeHandle::shut_down`] closes what is left.
    pub async fn failed(&self) -> String {
        let mut trouble = self.trouble.clone();
        let told = async move {
            let told = trouble.wait_for(Option::is_some).await;
            let told = told.ok().and_then(|told| told.clone());
            match told {
                Some(why) => why,
                // A node without a broker has nobody who could tell.
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            why = self.broker.quorum.failed() => why,
            why = told => why,
        }
    }

    /// Runs until SIGTERM or SIGINT and stops in order; a second signal stops at once. SIGHUP is
    /// ignored: settings are read at start. An error is a node that cannot go on.
    pub async fn until_stopped(self) -> Result<(), StartError> {
        let mut signals = Signals::new()?;
        let failed = tokio::select! {
            name = signals.next() => {
                log::info!("{name}: stopping");
                None
            }
            why = self.failed() => Some(why),
        };
        if let Some(why) = failed {
            self.shut_down(Duration::ZERO).await;
            return Err(StartError::Failed(why));
        }
        let (now, in_order) = watch::channel(CONTROLLED);
        let stop = self.stop(in_order);
        tokio::pin!(stop);
        tokio::select! {
            () = &mut stop => return Ok(()),
            name = signals.next() => log::warn!("{name} again: stopping at once"),
        }
        now.send_replace(Duration::ZERO);
        stop.await;
        Ok(())
    }

    /// Controlled shutdown: leaderships move away first, for at most `within`; then everything is
    /// closed. Nothing of the node is left.
    pub async fn shut_down(self, within: Duration) {
        let (_keep, within) = watch::channel(within);
        self.stop(within).await;
    }

    async fn stop(mut self, within: watch::Receiver<Duration>) {
        self.leave(within).await;
        if let Some(endpoint) = self.registry.take() {
            endpoint.stop().await;
        }
        self.broker.registry.stop();
        stop_all(std::mem::take(&mut self.clients)).await;
        self.tasks.shutdown().await;
        let replicas = Arc::clone(&self.broker.replicas);
        if let Err(error) = spawn_blocking(move || replicas.shut_down()).await {
            log::error!("the logs were not closed: {error}");
        }
        self.broker.quorum.shut_down().await;
        stop_all(std::mem::take(&mut self.controllers)).await;
        if let Some(endpoint) = self.metrics.take() {
            endpoint.stop().await;
        }
        drop(self.dirs);
        log::info!("node {} is stopped", self.broker.config.node_id);
    }

    /// Asks the controller to take over what this broker leads, as long as `within` allows.
    async fn leave(&self, mut within: watch::Receiver<Duration>) {
        let config = &self.broker.config;
        let limit = *within.borrow_and_update();
        let member = *self.standing.borrow() != Standing::Unknown;
        let wanted = config.is_broker && config.flag("controlled.shutdown.enable");
        if limit.is_zero() || !member || !wanted {
            return;
        }
        self.want.send_replace(Want::Leave);
        let mut standing = self.standing.clone();
        let may_stop = standing.wait_for(|now| *now == Standing::MayStop);
        tokio::select! {
            left = timeout(limit, may_stop) => match left {
                Ok(_) => log::info!("leads nothing more"),
                Err(_) => log::warn!("still leads partitions after {limit:?}: stopping all the same"),
            },
            Ok(()) = within.changed() => {}
        }
    }
}

async fn stop_all(doors: Vec<Serving>) {
    let mut stopping = JoinSet::new();
    for door in doors {
        stopping.spawn(door.stop(LAST_ANSWERS));
    }
    while let Some(stopped) = stopping.join_next().await {
        if let Err(error) = stopped {
            log::error!("a listener was not closed: {error}");
        }
    }
}

/// The signals that stop a node, and the one that does nothing.
struct Signals {
    term: Signal,
    int: Signal,
    hup: Signal,
}

impl Signals {
    fn new() -> Result<Self, StartError> {
        let on =
            |kind| signal(kind).map_err(|error| StartError::Failed(format!("no signals: {error}")));
        Ok(Self {
            term: on(SignalKind::terminate())?,
            int: on(SignalKind::interrupt())?,
            hup: on(SignalKind::hangup())?,
        })
    }

    /// The name of the next signal to stop.
    async fn next(&mut self) -> &'static str {
        loop {
            tokio::select! {
                _ = self.term.recv() => return "SIGTERM",
                _ = self.int.recv() => return "SIGINT",
                _ = self.hup.recv() => log::info!("SIGHUP: settings are read at start, nothing is done"),
            }
        }
    }
}
