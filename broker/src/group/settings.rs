//! What groups go by, under Kafka's keys. Knows where the numbers come from and nothing else.

use crate::config::NodeConfig;

use super::classic::Limits;

/// Limits and times of all groups of a node. Times in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupSettings {
    /// `group.min.session.timeout.ms`.
    pub min_session_timeout_ms: i32,
    /// `group.max.session.timeout.ms`.
    pub max_session_timeout_ms: i32,
    /// `group.initial.rebalance.delay.ms`: how long the first member of a group waits for others.
    pub initial_rebalance_delay_ms: i32,
    /// `group.max.size`.
    pub max_size: usize,
    /// `offsets.retention.minutes`, in milliseconds.
    pub offsets_retention_ms: i64,
    /// `offsets.retention.check.interval.ms`.
    pub retention_check_interval_ms: i64,
    /// `offset.metadata.max.bytes`.
    pub metadata_max_bytes: usize,
    /// `offsets.commit.timeout.ms`: how long a client waits for its write to be replicated.
    pub commit_timeout_ms: i64,
    /// `offsets.topic.num.partitions`, for a topic that does not exist yet.
    pub topic_partitions: i32,
    /// `offsets.topic.replication.factor`.
    pub topic_replication_factor: i16,
    /// `offsets.topic.segment.bytes`.
    pub topic_segment_bytes: i32,
}

impl Default for GroupSettings {
    /// Kafka's defaults.
    fn default() -> Self {
        Self {
            min_session_timeout_ms: 6_000,
            max_session_timeout_ms: 1_800_000,
            initial_rebalance_delay_ms: 3_000,
            max_size: usize::MAX,
            offsets_retention_ms: 10_080 * 60_000,
            retention_check_interval_ms: 600_000,
            metadata_max_bytes: 4096,
            commit_timeout_ms: 5_000,
            topic_partitions: 50,
            topic_replication_factor: 3,
            topic_segment_bytes: 104_857_600,
        }
    }
}

impl GroupSettings {
    /// What a node's configuration says.
    pub fn of(config: &NodeConfig) -> Self {
        let number = |key| config.number(key);
        Self {
            min_session_timeout_ms: clamped(number("group.min.session.timeout.ms")),
            max_session_timeout_ms: clamped(number("group.max.session.timeout.ms")),
            initial_rebalance_delay_ms: clamped(number("group.initial.rebalance.delay.ms")),
            max_size: usize::try_from(number("group.max.size")).unwrap_or(usize::MAX),
            offsets_retention_ms: number("offsets.retention.minutes").saturating_mul(60_000),
            retention_check_interval_ms: number("offsets.retention.check.interval.ms"),
            metadata_max_bytes: usize::try_from(number("offset.metadata.max.bytes")).unwrap_or(0),
            commit_timeout_ms: number("offsets.commit.timeout.ms"),
            topic_partitions: clamped(number("offsets.topic.num.partitions")),
            topic_replication_factor: i16::try_from(number("offsets.topic.replication.factor"))
                .unwrap_or(i16::MAX),
            topic_segment_bytes: clamped(number("offsets.topic.segment.bytes")),
        }
    }
}

impl GroupSettings {
    /// What joining goes by.
    pub fn limits(&self) -> Limits {
        Limits {
            min_session_timeout_ms: self.min_session_timeout_ms,
            max_session_timeout_ms: self.max_session_timeout_ms,
            initial_rebalance_delay_ms: self.initial_rebalance_delay_ms,
            max_size: self.max_size,
        }
    }
}

fn clamped(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
