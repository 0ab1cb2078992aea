//! What a controller goes by: the settings of its node, read once.

use std::collections::BTreeMap;

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
    /// `leader.imbalance.check.interval.seconds`, in milliseconds; also how often unclean elections are
    /// tried for partitions without a leader.
    pub leader_imbalance_check_interval_ms: i64,
    /// `leader.imbalance.per.broker.percentage`.
    pub leader_imbalance_percent: usize,
    /// Ids in one block that a broker gets (KIP-730).
    pub producer_id_block: i32,
    /// The node's static settings, weaker than all dynamic ones.
    pub broker_defaults: BTreeMap<String, String>,
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
            leader_imbalance_percent: 10,
            producer_id_block: 1_000,
            broker_defaults: BTreeMap::new(),
        }
    }
}
