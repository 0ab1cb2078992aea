//! What a node's part in the quorum is made of: its place, its clocks, its voters. Data, and what openraft is
//! told of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use openraft::{Config, SnapshotPolicy};

use super::QuorumError;
use super::types::Member;
use crate::clock::Clock;
use crate::meta::controller::ControllerSettings;
use crate::peer::{Address, Dialer};
use crate::wire::uuid::Uuid;

/// What a node's part in the quorum is made of.
#[derive(Clone)]
pub struct QuorumOptions {
    /// This node's id.
    pub node_id: i32,
    /// All voters with their controller listeners, where the settings name them; this node has a vote if it
    /// is among them.
    pub voters: Vec<Address>,
    /// Where controllers listen that know the voters, where the settings do not name them (KIP-853).
    pub bootstrap: Vec<Address>,
    /// The voters that a new cluster of such settings begins with, with the directories of their metadata.
    pub beginners: Vec<(Address, Uuid)>,
    /// The directory of this node's metadata.
    pub directory: Uuid,
    /// Where this node serves controllers, if it does.
    pub listener: Option<(String, u16)>,
    /// The name of the controllers' listeners.
    pub listener_name: String,
    /// Where log, vote and snapshots are kept; made if it is missing.
    pub dir: PathBuf,
    /// The cluster's id; streams of other clusters are refused.
    pub cluster_id: String,
    /// How connections to other nodes are opened.
    pub dialer: Dialer,
    /// What time it is.
    pub clock: Clock,
    /// What the controller goes by whenever this node is the active one.
    pub controller: ControllerSettings,
    /// `controller.quorum.election.timeout.ms`: silence of the leader before an election, at least;
    /// at most twice that.
    pub election_timeout: Duration,
    /// How often a leader shows that it is there.
    pub heartbeat: Duration,
    /// `controller.quorum.fetch.timeout.ms`: a leader that hears no majority for so long decides
    /// nothing more, and a follower that hears no leader for so long knows none.
    pub fetch_timeout: Duration,
    /// How often the controller looks at what time alone demands.
    pub tick: Duration,
    /// How long a command may take.
    pub submit_timeout: Duration,
    /// Entries of the log between two snapshots.
    pub snapshot_every: u64,
    /// How long a node without a vote may be away before it is no observer any more.
    pub observer_timeout: Duration,
}

impl QuorumOptions {
    /// The defaults for everything that is not a node's own.
    pub fn new(node_id: i32, dir: PathBuf, dialer: Dialer, controller: ControllerSettings) -> Self {
        Self {
            node_id,
            dir,
            dialer,
            controller,
            voters: Vec::new(),
            bootstrap: Vec::new(),
            beginners: Vec::new(),
            directory: Uuid::ZERO,
            listener: None,
            listener_name: String::new(),
            cluster_id: String::new(),
            clock: Clock::System,
            election_timeout: Duration::from_secs(1),
            heartbeat: Duration::from_millis(200),
            fetch_timeout: Duration::from_secs(2),
            tick: Duration::from_millis(250),
            submit_timeout: Duration::from_secs(5),
            snapshot_every: 5000,
            observer_timeout: Duration::from_mins(5),
        }
    }

    /// The voters that a new cluster begins with.
    pub(super) fn beginners(&self) -> BTreeMap<i32, Member> {
        let fixed = self
            .voters
            .iter()
            .map(|voter| (voter.node, Member::default()));
        let told = self.beginners.iter().map(|(address, directory)| {
            let member = Member {
                directory: *directory,
                host: address.host.clone(),
                port: address.port,
            };
            (address.node, member)
        });
        fixed.chain(told).collect()
    }

    /// openraft's own election timer is off ([`election`]); its timeouts only say for how long a
    /// node that heard a leader votes for nobody else.
    pub(super) fn raft_config(&self) -> Result<Arc<Config>, QuorumError> {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let lease = millis(self.election_timeout);
        let config = Config {
            cluster_name: self.cluster_id.clone(),
            election_timeout_min: lease.saturating_sub(1),
            election_timeout_max: lease,
            heartbeat_interval: millis(self.heartbeat),
            enable_elect: false,
            snapshot_policy: SnapshotPolicy::LogsSinceLast(self.snapshot_every),
            max_in_snapshot_log_to_keep: self.snapshot_every / 5,
            ..Config::default()
        };
        config.validate().map(Arc::new).map_err(|error| {
            let message = format!("controller.quorum.election.timeout.ms: {error}");
            QuorumError::Settings(message)
        })
    }
}
