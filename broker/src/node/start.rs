//! Builds the parts of a node in order. What fails leaves nothing running.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};

use super::dirs::{self, Dirs};
use super::membership::{Identity, Membership, Standing, Want};
use super::{
    NodeHandle, StartError, descriptors, endpoints, faults, follow, limits, numbers, security,
};
use crate::api::init_producer_id::ProducerIds;
use crate::api::{AnswerRoom, Broker, Quotas, SERVED};
use crate::auth::Gate;
use crate::clock::Clock;
use crate::config::NodeConfig;
use crate::fault::Faults;
use crate::group::{GroupSettings, Groups};
use crate::meta::controller::ControllerSettings;
use crate::meta::quorum::{Quorum, QuorumOptions};
use crate::metrics::Metrics;
use crate::net::{Admission, Bound, Door, Meter, Patience, Room, Serving};
use crate::peer::Dialer;
use crate::registry::{self, Registry};
use crate::replica::{Ground, Replicas};
use crate::sasl::scram::Credentials;
use crate::wire::messages::broker_registration::RegisteredListener;

/// Where the cluster's metadata lies in its directory, as in Kafka.
const METADATA_DIR: &str = "__cluster_metadata-0";

pub(super) async fn start(mut config: NodeConfig) -> Result<NodeHandle, StartError> {
    let files = descriptors::raise();
    let faults = Faults::default();
    let dirs = open_dirs(&config, &faults).await?;
    let bound = bind_all(&mut config).await?;
    let metrics = Metrics::default();
    let endpoint = endpoints::metrics(&config, &metrics).await?;
    let registry = endpoints::bind_registry(&config).await?;
    let first = Arc::new(security::first_users(&config).await?);
    let dialer = dialer(&config, &faults).await?;
    let broker = build(config, &dirs, (metrics, dialer), &first).await?;
    numbers::watch_process(&broker.metrics);
    numbers::watch_cluster(&broker);
    let addresses = bound.iter().map(named).collect();
    let registry = endpoints::serve_registry(&broker, registry)?;
    let (want, wanted) = watch::channel(Want::Serve);
    let (standing, stood) = watch::channel(Standing::Unknown);
    let (trouble, troubled) = watch::channel(None);
    let (registered, epoch) = watch::channel(-1);
    let (followed, offset) = watch::channel(-1);
    let bound = security::gates(&broker, first, bound).await?;
    let mut tasks = JoinSet::new();
    security::keep(&bound, &mut tasks);
    let (controllers, clients) = open_doors(&broker, bound, &offset, (files, &mut tasks));
    follow_faults(&broker, &mut tasks);
    if broker.config.is_broker {
        let membership = Membership {
            identity: identity(&broker.config, &dirs),
            broker: Arc::clone(&broker),
            want: wanted,
            followed: offset,
            registered,
            standing,
            trouble: trouble.clone(),
        };
        broker.replicas.start(Arc::new(broker.quorum.clone()));
        tasks.spawn(follow::follow(
            Arc::clone(&broker),
            epoch,
            followed,
            trouble,
        ));
        tasks.spawn(Arc::clone(&broker.groups).keep_time());
        tasks.spawn(membership.keep());
    }
    told(&broker);
    Ok(NodeHandle {
        addresses,
        broker,
        clients,
        controllers,
        metrics: endpoint,
        registry,
        tasks,
        want,
        standing: stood,
        trouble: troubled,
        dirs,
    })
}

fn told(broker: &Broker) {
    let (id, cluster) = (broker.config.node_id, &broker.cluster_id);
    log::info!("node {id} of cluster {cluster} listens");
}

fn named(bound: &Bound) -> (String, SocketAddr) {
    (bound.name.to_string(), bound.address)
}

/// Opens the directories; faults on purpose hold from the first access on.
async fn open_dirs(config: &NodeConfig, faults: &Faults) -> Result<Dirs, StartError> {
    let (given, broken) = (config.clone(), faults.clone());
    let dirs = spawn_blocking(move || {
        if let Some(file) = &given.fault_file {
            faults::read(file, &given.log_dirs, &broken);
        }
        dirs::open(&given)
    })
    .await
    .map_err(|error| StartError::Failed(error.to_string()))??;
    for (path, dir) in config.log_dirs.iter().zip(&dirs.data) {
        if let Err(error) = dir {
            log::error!("log directory {} is offline: {error}", path.display());
        }
    }
    Ok(dirs)
}

fn follow_faults(broker: &Broker, tasks: &mut JoinSet<()>) {
    if let Some(file) = broker.config.fault_file.clone() {
        let dirs = broker.config.log_dirs.clone();
        tasks.spawn(faults::follow(file, dirs, broker.faults.clone()));
    }
}

/// Binds every listener, and notes in the settings what clients are told where that is not given.
async fn bind_all(config: &mut NodeConfig) -> Result<Vec<Bound>, StartError> {
    let mut all = Vec::new();
    for listener in &mut config.listeners {
        let bound = Bound::bind(&listener.name, &listener.host, listener.port)
            .await
            .map_err(|source| StartError::Listen {
                name: listener.name.clone(),
                at: format!("{}:{}", listener.host, listener.port),
                source,
            })?;
        let (host, port) = &mut listener.advertised;
        if host.is_empty() {
            *host = machine_name();
        }
        if *port == 0 {
            *port = bound.address.port();
        }
        all.push(bound);
    }
    Ok(all)
}

/// What this machine calls itself.
fn machine_name() -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy().into_owned();
    if name.is_empty() {
        "localhost".to_owned()
    } else {
        name
    }
}

/// How this node opens connections to others.
async fn dialer(config: &NodeConfig, faults: &Faults) -> Result<Dialer, StartError> {
    let ways = Arc::new(security::ways(config).await?);
    Ok(Dialer {
        faults: faults.clone(),
        client_id: format!("node-{}", config.node_id),
        connect_timeout: config
            .millis("socket.connection.setup.timeout.ms")
            .unwrap_or(Duration::from_secs(10)),
        ways,
    })
}

/// The quorum, the replicas and the groups.
async fn build(
    config: NodeConfig,
    dirs: &Dirs,
    (metrics, dialer): (Metrics, Dialer),
    first: &Arc<Credentials>,
) -> Result<Arc<Broker>, StartError> {
    let config = Arc::new(config);
    let clock = Clock::System;
    let faults = dialer.faults.clone();
    let mut options = quorum_options(&config, dirs, dialer.clone());
    options.controller.first_users = Arc::clone(first);
    let quorum = Quorum::open(options).await?;
    let ground = Ground {
        config: Arc::clone(&config),
        dirs: config
            .log_dirs
            .iter()
            .zip(&dirs.data)
            .map(|(path, dir)| (path.clone(), dir.as_ref().ok().map(|dir| dir.id)))
            .collect(),
        clock: clock.clone(),
        metrics: metrics.clone(),
        faults: faults.clone(),
        dialer,
    };
    let replicas = spawn_blocking(move || Replicas::open(ground))
        .await
        .map_err(|error| StartError::Failed(error.to_string()))?;
    let log = Arc::clone(&replicas);
    let settings = GroupSettings::of(&config);
    let groups = Groups::new(settings, log, clock.clone(), &metrics);
    let quotas = Quotas::new(&config, clock.clone(), &metrics);
    let answers = AnswerRoom::new(&config, &metrics);
    let registry = Registry::new(registry::Ground {
        config: Arc::clone(&config),
        cluster_id: dirs.cluster_id.clone(),
        quorum: quorum.clone(),
        replicas: Arc::clone(&replicas),
        clock: clock.clone(),
    });
    Ok(Arc::new(Broker {
        config,
        cluster_id: dirs.cluster_id.clone(),
        quorum,
        replicas,
        groups,
        registry,
        producer_ids: ProducerIds::default(),
        clock,
        quotas,
        answers,
        metrics,
        faults,
    }))
}

fn quorum_options(config: &NodeConfig, dirs: &Dirs, dialer: Dialer) -> QuorumOptions {
    let cluster_id = dirs.cluster_id.as_str();
    let controller = ControllerSettings::from_file(cluster_id.to_owned(), config.given.clone());
    let dir = config.metadata_log_dir.join(METADATA_DIR);
    let start = QuorumOptions::new(config.node_id, dir, dialer, controller);
    let of = |key: &str, or: Duration| config.millis(key).filter(|at| !at.is_zero()).unwrap_or(or);
    let election = of(
        "controller.quorum.election.timeout.ms",
        start.election_timeout,
    );
    let mut listeners = config.listeners.iter();
    let controllers = listeners.find(|one| one.name == config.controller_listener);
    QuorumOptions {
        voters: config.quorum.voters.clone(),
        bootstrap: config.quorum.bootstrap.clone(),
        beginners: config.quorum.beginners.clone(),
        directory: dirs.metadata_id,
        listener: controllers.map(|listener| listener.advertised.clone()),
        listener_name: config.controller_listener.clone(),
        cluster_id: cluster_id.to_owned(),
        election_timeout: election,
        heartbeat: start.heartbeat.min(election / 5),
        fetch_timeout: of("controller.quorum.fetch.timeout.ms", start.fetch_timeout),
        ..start
    }
}

/// Controllers are served at once; clients once the node follows the metadata and is unfenced: a
/// cluster that starts as a whole must not tell them that it has no brokers.
fn open_doors(
    broker: &Arc<Broker>,
    bound: Vec<(Bound, Arc<Gate>)>,
    followed: &watch::Receiver<i64>,
    (files, tasks): (usize, &mut JoinSet<()>),
) -> (Vec<Serving>, Vec<Serving>) {
    let config = &broker.config;
    let admission = Admission::new(limits::limits(&broker.image(), config, files));
    tasks.spawn(limits::follow(Arc::clone(broker), admission.clone(), files));
    let meter = Meter::new(&broker.metrics, SERVED.iter().map(|api| api.key));
    let max_frame_bytes = usize::try_from(config.number("socket.request.max.bytes"));
    let patience = Patience {
        max_frame_bytes: max_frame_bytes.unwrap_or(usize::MAX),
        max_idle: config
            .millis("connections.max.idle.ms")
            .unwrap_or(Duration::from_mins(10)),
    };
    let queued = usize::try_from(config.number("queued.max.request.bytes")).ok();
    let room = Room::new(queued.filter(|bytes| *bytes > 0), patience.max_frame_bytes);
    let (mut controllers, mut clients) = (Vec::new(), Vec::new());
    for (bound, gate) in bound {
        let between = [&config.controller_listener, &config.inter_broker_listener];
        // A listener that clients use too counts.
        let alone = config.listeners.len() > 2 || *bound.name == *config.controller_listener;
        let door = Door {
            service: Arc::new(Arc::clone(broker)),
            gate,
            patience,
            room: room.clone(),
            admission: admission.clone(),
            counted: !(alone && between.iter().any(|name| **name == *bound.name)),
            meter: meter.clone(),
        };
        if *bound.name == *config.controller_listener {
            controllers.push(Serving::start(bound, door, std::future::ready(())));
        } else {
            let mut followed = followed.clone();
            let (mut images, me) = (broker.quorum.images(), config.node_id);
            let ready = async move {
                let _stopped = followed.wait_for(|offset| *offset >= 0).await.is_err();
                let _stopped = images.wait_for(|image| image.is_active(me)).await.is_err();
            };
            clients.push(Serving::start(bound, door, ready));
        }
    }
    (controllers, clients)
}

fn identity(config: &NodeConfig, dirs: &Dirs) -> Identity {
    let told = |listener: &crate::config::node::Listener| RegisteredListener {
        name: listener.name.clone(),
        host: listener.advertised.0.clone(),
        port: listener.advertised.1,
        security_protocol: listener.security.protocol.number(),
        ..RegisteredListener::default()
    };
    Identity {
        incarnation: dirs::fresh_id(),
        listeners: config
            .listeners
            .iter()
            .filter(|listener| listener.name != config.controller_listener)
            .map(told)
            .collect(),
        log_dirs: dirs.data.iter().flatten().map(|dir| dir.id).collect(),
    }
}
