//! The settings of one topic, typed: what its logs and its leaders go by.

use std::collections::BTreeMap;

/// What happens to old records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CleanupPolicy {
    /// Segments past retention are deleted.
    pub delete: bool,
    /// Only the last record of each key is kept.
    pub compact: bool,
}

/// Whose timestamp a record carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampKind {
    /// The producer's.
    CreateTime,
    /// The leader's, at append.
    LogAppendTime,
}

/// Effective settings of one topic. Field names are Kafka's keys.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each field is the Kafka key of its name")]
pub struct TopicSettings {
    pub cleanup_policy: CleanupPolicy,
    /// `producer` is `None`.
    pub compression_type: Option<String>,
    pub delete_retention_ms: i64,
    pub file_delete_delay_ms: i64,
    pub flush_messages: i64,
    pub flush_ms: i64,
    pub index_interval_bytes: u32,
    pub max_compaction_lag_ms: i64,
    pub max_message_bytes: u32,
    pub message_timestamp_after_max_ms: i64,
    pub message_timestamp_before_max_ms: i64,
    pub message_timestamp_type: TimestampKind,
    pub min_cleanable_dirty_ratio: f64,
    pub min_compaction_lag_ms: i64,
    pub min_insync_replicas: u32,
    pub preallocate: bool,
    /// −1 is unlimited.
    pub retention_bytes: i64,
    /// −1 is unlimited.
    pub retention_ms: i64,
    pub segment_bytes: u32,
    pub segment_index_bytes: u32,
    pub segment_jitter_ms: i64,
    pub segment_ms: i64,
    pub unclean_leader_election_enable: bool,
}

impl Default for TopicSettings {
    /// Kafka's defaults.
    fn default() -> Self {
        Self {
            cleanup_policy: CleanupPolicy {
                delete: true,
                compact: false,
            },
            compression_type: None,
            delete_retention_ms: 86_400_000,
            file_delete_delay_ms: 60_000,
            flush_messages: i64::MAX,
            flush_ms: i64::MAX,
            index_interval_bytes: 4096,
            max_compaction_lag_ms: i64::MAX,
            max_message_bytes: 1_048_588,
            message_timestamp_after_max_ms: 3_600_000,
            message_timestamp_before_max_ms: i64::MAX,
            message_timestamp_type: TimestampKind::CreateTime,
            min_cleanable_dirty_ratio: 0.5,
            min_compaction_lag_ms: 0,
            min_insync_replicas: 1,
            preallocate: false,
            retention_bytes: -1,
            retention_ms: 604_800_000,
            segment_bytes: 1_073_741_824,
            segment_index_bytes: 10_485_760,
            segment_jitter_ms: 0,
            segment_ms: 604_800_000,
            unclean_leader_election_enable: false,
        }
    }
}

/// The settings in force for a topic: its own values over the broker's dynamic ones, the cluster's
/// dynamic ones, the broker's static ones and Kafka's defaults. Layers come strongest first; values
/// were checked when they were set, one that is bad all the same is skipped.
pub fn effective(
    topic: Option<&BTreeMap<String, String>>,
    broker: &[&BTreeMap<String, String>],
) -> TopicSettings {
    let _ = (topic, broker);
    todo!()
}
