//! What a controller goes by: the settings of its node, read once.

use std::sync::Arc;

use crate::config::layers::Layers;
use crate::config::topic::Values;
use crate::quota::Windows;
use crate::sasl::scram::Credentials;

/// Settings of a controller. Defaults are Kafka's (broker-semantics §3.20).
#[derive(Debug, Clone, PartialEq)]
pub struct ControllerSettings {
    /// The cluster's id; brokers of another are turned away.
    pub cluster_id: String,
    /// `broker.session.timeout.ms`: how long a broker may be silent before it is fenced.
    pub session_timeout_ms: i64,
    /// `default.replication.factor`.
    pub default_replication_factor: i16,
    /// `num.partitions`.
    pub num_partitions: i32,
    /// `min.insync.replicas` where neither topic nor cluster say otherwise.
    pub min_insync_replicas: usize,
    /// `unclean.leader.election.enable` where neither topic nor cluster say otherwise.
    pub unclean_leader_election_enable: bool,
    /// `delete.topic.enable`.
    pub delete_topic_enable: bool,
    /// `auto.leader.rebalance.enable`.
    pub auto_leader_rebalance_enable: bool,
    /// `leader.imbalance.check.interval.seconds`, in milliseconds.
    pub leader_imbalance_check_interval_ms: i64,
    /// `unclean.leader.election.interval.ms`: how often partitions without a leader are looked at, in
    /// case their topics have come to allow unclean elections.
    pub unclean_election_interval_ms: i64,
    /// `leader.imbalance.per.broker.percentage`.
    pub leader_imbalance_percent: usize,
    /// Ids in one block that a broker gets (KIP-730).
    pub producer_id_block: i32,
    /// How quotas on changes of topics are measured.
    pub quota_windows: Windows,
    /// The node's static settings, weaker than all dynamic ones.
    pub broker_defaults: Values,
    /// `lookout.scram.users`, which a new cluster begins with.
    pub first_users: Arc<Credentials>,
}

impl Default for ControllerSettings {
    fn default() -> Self {
        Self {
            cluster_id: String::new(),
            session_timeout_ms: 9_000,
            default_replication_factor: 1,
            num_partitions: 1,
            min_insync_replicas: 1,
            unclean_leader_election_enable: false,
            delete_topic_enable: true,
            auto_leader_rebalance_enable: true,
            leader_imbalance_check_interval_ms: 300_000,
            unclean_election_interval_ms: 300_000,
            leader_imbalance_percent: 10,
            producer_id_block: 1_000,
            quota_windows: Windows::new(11, 1),
            broker_defaults: Values::new(),
            first_users: Arc::default(),
        }
    }
}

impl ControllerSettings {
    /// What a node's file says, and Kafka's defaults where it says nothing.
    pub fn from_file(cluster_id: String, file: Values) -> Self {
        let layers = Layers {
            broker: None,
            cluster: None,
            file: &file,
        };
        let start = Self::default();
        Self {
            cluster_id,
            session_timeout_ms: of(
                &layers,
                "broker.session.timeout.ms",
                start.session_timeout_ms,
            ),
            default_replication_factor: of(
                &layers,
                "default.replication.factor",
                start.default_replication_factor,
            ),
            num_partitions: of(&layers, "num.partitions", start.num_partitions),
            min_insync_replicas: of(&layers, "min.insync.replicas", start.min_insync_replicas),
            unclean_leader_election_enable: layers.flag("unclean.leader.election.enable"),
            delete_topic_enable: layers.flag("delete.topic.enable"),
            auto_leader_rebalance_enable: layers.flag("auto.leader.rebalance.enable"),
            leader_imbalance_check_interval_ms: of(
                &layers,
                "leader.imbalance.check.interval.seconds",
                start.leader_imbalance_check_interval_ms / 1_000,
            )
            .saturating_mul(1_000),
            unclean_election_interval_ms: of(
                &layers,
                "unclean.leader.election.interval.ms",
                start.unclean_election_interval_ms,
            ),
            leader_imbalance_percent: of(
                &layers,
                "leader.imbalance.per.broker.percentage",
                start.leader_imbalance_percent,
            ),
            producer_id_block: start.producer_id_block,
            quota_windows: Windows::new(
                of(&layers, "controller.quota.window.num", 11),
                of(&layers, "controller.quota.window.size.seconds", 1),
            ),
            broker_defaults: file,
            first_users: start.first_users,
        }
    }
}

/// A number that the file gives, else what it is without.
fn of<T: TryFrom<i64>>(layers: &Layers<'_>, key: &str, without: T) -> T {
    let given = layers
        .number(key)
        .and_then(|number| T::try_from(number).ok());
    given.unwrap_or(without)
}
