//! The metadata quorum: openraft behind this one door (KIP-500, KIP-595).
//!
//! * Only the leader runs a controller. It answers commands with records, and answers only once a
//!   majority has the records on disk. A [`types::Proposal`] names the image it was computed on and
//!   is void against any other, so a controller that was replaced does no harm.
//! * Metadata offsets count records: the image's offset is that of the last record applied. Raft's
//!   log has other numbers: one index per proposal, plus one per election and change of observers.
//!   [`QuorumStatus`] speaks of raft indexes only.
//! * Requests of the quorum from X to Y travel over the stream that Y opened to X. A node that
//!   nobody can reach still follows, as with Kafka, where followers fetch.
//! * Commands are carried out at most once, see [`forward`].
//!
//! | file | holds |
//! |---|---|
//! | `types` | entries, verdicts, and openraft's types by short names |
//! | `disk`, `log_file`, `snapshot` | files: vote, log, snapshots |
//! | `options`, `opening`, `storage`, `state` | what is checked at start; openraft's view of the files |
//! | `changes` | news of images |
//! | `stream`, `host`, `guest`, `network` | streams: messages, the asking end, the answering end, openraft's requests |
//! | `progress`, `election`, `joining`, `members` | who is how far, who may lead, who may vote, who reads along |
//! | `roster`, `voters` | who votes and where; votes given and taken away |
//! | `active`, `forward` | the controller's loop, and commands on their way to it |
//! | `status` | what DescribeQuorum says |

pub mod active;
pub mod changes;
mod disk;
mod election;
pub mod forward;
mod guest;
mod host;
mod joining;
mod log_file;
mod members;
mod network;
mod opening;
mod options;
mod progress;
mod roster;
mod snapshot;
mod state;
pub mod status;
mod storage;
mod stream;
pub mod types;
mod voters;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::command::{Asker, Command, Reply};
use super::image::Image;
use crate::clock::Clock;
use crate::tls::Stream;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::quorum_stream::Voter;
use crate::wire::messages::{
    ControllerCommandRequest, ControllerCommandResponse, QuorumStreamRequest, QuorumStreamResponse,
};

use active::Active;
use changes::{Changes, Feed};
use election::{Contact, Elector};
use forward::Forwarder;
use guest::{Answering, Guest};
use host::Streams;
use joining::Joining;
use members::Members;
use network::Network;
use opening::{Opened, begin};
pub use options::QuorumOptions;
use progress::Progress;
use roster::Roster;
pub use status::{QuorumReplica, QuorumStatus};
use storage::LogStore;
use types::{Member, Raft};

/// Why the quorum cannot be opened.
#[derive(Debug, Error)]
pub enum QuorumError {
    /// A file cannot be used.
    #[error(transparent)]
    Disk(#[from] disk::DiskError),
    /// The directory cannot be made.
    #[error("{path}: {source}")]
    Directory {
        /// Which directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The settings contradict each other.
    #[error("{0}")]
    Settings(String),
    /// The directory belongs to a quorum of other voters.
    #[error(
        "{path} was made for the voters {recorded:?}, controller.quorum.voters names {given:?}: restore the setting, or start with an empty directory"
    )]
    Voters {
        /// Which directory.
        path: PathBuf,
        /// Voters as recorded.
        recorded: Vec<i32>,
        /// Voters as given.
        given: Vec<i32>,
    },
    /// The consensus did not start.
    #[error("the metadata quorum did not start: {0}")]
    Start(String),
}

/// Why a command has no answer.
#[derive(Debug, Clone, Error)]
pub enum SubmitError {
    /// No active controller is known or reachable: nothing happened, ask again later.
    #[error("no active controller is reachable: {0}")]
    NoController(String),
    /// The controller did not answer in time; the command may still have happened.
    #[error("the active controller did not answer in time")]
    TimedOut,
    /// The answer was lost; the command may have happened.
    #[error("the active controller's answer was lost, the command may have happened: {0}")]
    Unconfirmed(String),
    /// The command cannot be sent, or the controller cannot read it.
    #[error("the command cannot be sent: {0}")]
    Unsendable(String),
}

/// This node's part in the quorum; a handle, cheap to clone. Its work ends with
/// [`Quorum::shut_down`] or with the last handle.
#[derive(Clone)]
pub struct Quorum {
    inner: Arc<Inner>,
}

struct Inner {
    node: i32,
    cluster_id: String,
    listener_name: String,
    roster: Roster,
    fetch_timeout: Duration,
    clock: Clock,
    raft: Raft,
    log: LogStore,
    feed: Feed,
    streams: Streams,
    progress: Arc<Progress>,
    contact: Arc<Contact>,
    joining: Arc<Joining>,
    forwarder: Forwarder,
    tasks: Mutex<JoinSet<()>>,
    is_closed: watch::Sender<bool>,
}

impl fmt::Debug for Quorum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quorum")
            .field("node", &self.inner.node)
            .field("voters", &self.inner.roster.voters())
            .finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.feed.close();
    }
}

impl Quorum {
    /// Opens this node's part: reads what is on disk, connects to the other voters, and takes part
    /// in elections if it has a vote. Returns before there is a leader.
    pub async fn open(options: QuorumOptions) -> Result<Self, QuorumError> {
        let config = options.raft_config()?;
        let feed = Feed::default();
        let Opened {
            log,
            machine,
            joining,
        } = opening::open(&options, &feed)?;
        let streams = Streams::default();
        let progress = Arc::new(Progress::default());
        let network = Network {
            streams: streams.clone(),
            progress: Arc::clone(&progress),
            log: log.clone(),
            clock: options.clock.clone(),
        };
        let raft = Raft::new(options.node_id, config, network, log.clone(), machine)
            .await
            .map_err(|error| QuorumError::Start(error.to_string()))?;
        begin(&raft, &options).await?;
        let contact = Arc::new(Contact::new(log.clone(), options.election_timeout));
        let (local, commands) = mpsc::channel(active::QUEUE);
        let roster = Roster::new(&options, &raft);
        let inner = Inner {
            node: options.node_id,
            cluster_id: options.cluster_id.clone(),
            listener_name: options.listener_name.clone(),
            roster: roster.clone(),
            fetch_timeout: options.fetch_timeout,
            clock: options.clock.clone(),
            forwarder: Forwarder {
                node: options.node_id,
                roster,
                dialer: options.dialer.clone(),
                raft: raft.clone(),
                local,
                within: options.submit_timeout,
                idle: Mutex::new(BTreeMap::new()),
            },
            raft,
            log,
            feed,
            streams,
            progress,
            contact,
            joining: Arc::new(joining),
            tasks: Mutex::default(),
            is_closed: watch::Sender::new(false),
        };
        inner.start(options, commands);
        let inner = Arc::new(inner);
        Ok(Self { inner })
    }

    /// The newest image this node has applied, and news of every later one.
    pub fn images(&self) -> watch::Receiver<Arc<Image>> {
        self.inner.feed.images()
    }

    /// Every change of the metadata on this node, in order and without loss; the first news is the
    /// whole image. A reader that is slow gets changes merged.
    pub fn changes(&self) -> Changes {
        self.inner.feed.subscribe()
    }

    /// Asks the active controller, wherever it is, and waits until its answer is agreed on. By then
    /// a command that this very node answered is in its own image.
    pub async fn submit(&self, command: Command) -> Result<Reply, SubmitError> {
        self.inner.forwarder.submit(command, None).await
    }

    /// The same for a client, as far as its quota on changes of topics allows.
    pub async fn submit_for(&self, asker: Asker, command: Command) -> Result<Reply, SubmitError> {
        self.inner.forwarder.submit(command, Some(asker)).await
    }

    /// The answer to a node that wants to open a stream; without an error, hand the connection to
    /// [`Quorum::serve_stream`] once the answer is written.
    pub fn welcome(&self, hello: &QuorumStreamRequest) -> QuorumStreamResponse {
        let inner = &self.inner;
        let (error_code, error_message) = match inner.refusal(hello) {
            Some((code, why)) => (code, Some(why)),
            None => (ErrorCode::NONE, None),
        };
        let voters = inner.roster.addresses().into_iter();
        let told = voters.filter(|_| !inner.roster.is_static());
        QuorumStreamResponse {
            error_code,
            error_message,
            voters: told
                .map(|voter| Voter {
                    node_id: voter.node,
                    host: voter.host,
                    port: voter.port,
                    ..Voter::default()
                })
                .collect(),
            ..QuorumStreamResponse::default()
        }
    }

    /// Serves a stream that another node opened, until it ends; `read` is what was read of the
    /// connection beyond the hello.
    pub async fn serve_stream(&self, hello: &QuorumStreamRequest, stream: Stream, read: BytesMut) {
        let node = hello.node_id;
        let member = if self.inner.roster.is_static() {
            Member::default()
        } else {
            Member {
                directory: hello.directory_id,
                host: hello.host.clone(),
                port: hello.port,
            }
        };
        if let Err(error) = stream.set_nodelay() {
            log::debug!("the quorum's stream of node {node} may be slow: {error}");
        }
        let streams = self.inner.streams.clone();
        let mut is_closed = self.inner.is_closed.subscribe();
        tokio::select! {
            ended = streams.serve((node, member), stream, read) => {
                log::info!("the quorum's stream of node {node} ended: {ended}");
            }
            _ = is_closed.wait_for(|closed| *closed) => {}
        }
    }

    /// Answers a command that another node sent here. It is never sent on: a node that is not the
    /// active controller says who is.
    pub async fn serve_command(
        &self,
        request: &ControllerCommandRequest,
    ) -> ControllerCommandResponse {
        if let Some(described) = self.serve_describe(request) {
            return described;
        }
        match self.serve_voters(request).await {
            Some(changed) => changed,
            None => self.inner.forwarder.serve(request).await,
        }
    }

    /// Resolves with the reason if the consensus stops by itself (a disk that fails): the node
    /// cannot go on.
    pub async fn failed(&self) -> String {
        let mut metrics = self.inner.raft.metrics();
        let ended = metrics.wait_for(|now| now.running_state.is_err()).await;
        match ended.as_deref().map(|now| &now.running_state) {
            Ok(Err(fatal)) => fatal.to_string(),
            _ => "the metadata quorum ended".to_owned(),
        }
    }

    /// Stops this node's part. What was agreed on is on disk.
    pub async fn shut_down(&self) {
        let inner = &self.inner;
        inner.is_closed.send_replace(true);
        inner
            .tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .abort_all();
        if let Err(error) = inner.raft.shutdown().await {
            log::warn!("the metadata quorum did not stop cleanly: {error}");
        }
        inner.feed.close();
    }
}

impl Inner {
    /// Why a node may not open a stream to this one.
    fn refusal(&self, hello: &QuorumStreamRequest) -> Option<(ErrorCode, String)> {
        if hello.cluster_id != self.cluster_id {
            let why = format!("this node belongs to cluster {}", self.cluster_id);
            return Some((ErrorCode::INCONSISTENT_CLUSTER_ID, why));
        }
        let voters = self.roster.voters();
        let why = if !voters.contains(&self.node) {
            format!("node {} has no vote", self.node)
        } else if hello.node_id == self.node {
            "this is the node itself".to_owned()
        } else if self.roster.is_static() && hello.is_voter != voters.contains(&hello.node_id) {
            format!("the voters are {voters:?} here")
        } else {
            return None;
        };
        Some((ErrorCode::INVALID_REQUEST, why))
    }

    /// Starts everything that runs beside the consensus.
    fn start(&self, options: QuorumOptions, commands: mpsc::Receiver<active::Submitted>) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let is_voter = self.roster.is_voter();
        let (host, port) = options.listener.clone().unwrap_or_default();
        let guest = Guest {
            hello: QuorumStreamRequest {
                cluster_id: options.cluster_id.clone(),
                node_id: self.node,
                is_voter,
                directory_id: options.directory,
                host,
                port,
                ..QuorumStreamRequest::default()
            },
            dialer: options.dialer.clone(),
            answering: Answering {
                raft: self.raft.clone(),
                contact: Arc::clone(&self.contact),
                joining: Arc::clone(&self.joining),
                roster: self.roster.clone(),
            },
            roster: self.roster.clone(),
        };
        tasks.spawn(guest.keep());
        let active = Active {
            raft: self.raft.clone(),
            node: self.node,
            roster: self.roster.clone(),
            clock: options.clock,
            settings: options.controller,
            images: self.feed.images(),
            progress: Arc::clone(&self.progress),
            fetch_timeout: options.fetch_timeout,
            tick_every: options.tick,
        };
        tasks.spawn(active.run(commands));
        // Where the settings do not name the voters, every controller may become one.
        if !is_voter && (self.roster.is_static() || options.listener.is_none()) {
            return;
        }
        let elector = Elector {
            raft: self.raft.clone(),
            node: self.node,
            roster: self.roster.clone(),
            streams: self.streams.clone(),
            contact: Arc::clone(&self.contact),
            log: self.log.clone(),
            joining: Arc::clone(&self.joining),
            progress: Arc::clone(&self.progress),
            fetch_timeout: options.fetch_timeout,
            timeouts: (options.election_timeout, options.election_timeout * 2),
        };
        tasks.spawn(elector.watch());
        let members = Members {
            raft: self.raft.clone(),
            streams: self.streams.clone(),
            gone_after: options.observer_timeout,
        };
        tasks.spawn(members.watch());
    }
}
