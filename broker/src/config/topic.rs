//! The settings of one topic, typed: what its logs and its leaders go by.

use std::collections::BTreeMap;

use super::keys::{self, Key};
use super::layers::{Entry, Layers, Source};

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

/// Values by key, as one place gives them.
pub type Values = BTreeMap<String, String>;

/// A broker's key that a topic's key falls back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Synonym {
    /// The broker's key.
    pub key: &'static str,
    /// What its number is multiplied with to be the topic's.
    pub times: i64,
}

impl Synonym {
    /// A broker's value in the topic's unit; `None` if it is no number where it must be one. A
    /// negative number of hours or minutes means no limit, as one of milliseconds does.
    pub(super) fn translate(value: &str, times: i64) -> Option<String> {
        if times == 1 {
            return Some(value.to_owned());
        }
        let number: i64 = value.trim().parse().ok()?;
        let scaled = match number {
            negative if negative < 0 => -1,
            positive => positive.saturating_mul(times),
        };
        Some(scaled.to_string())
    }
}

/// The broker's keys that a topic's key falls back to, strongest first; empty where a topic stands
/// alone.
pub fn synonyms(key: &str) -> &'static [Synonym] {
    SYNONYMS
        .iter()
        .find(|(topic, _)| *topic == key)
        .map_or(&[], |(_, brokers)| brokers)
}

/// The broker's keys that mean the same as one of them, itself included, strongest first.
pub(super) fn same_meaning(key: &'static str) -> Vec<&'static str> {
    SYNONYMS
        .iter()
        .map(|(_, brokers)| brokers.iter().map(|synonym| synonym.key))
        .find(|names| names.clone().any(|name| name == key))
        .map_or_else(|| vec![key], Iterator::collect)
}

const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;

const fn same(key: &'static str) -> Synonym {
    Synonym { key, times: 1 }
}

const fn scaled(key: &'static str, times: i64) -> Synonym {
    Synonym { key, times }
}

#[rustfmt::skip]
static SYNONYMS: &[(&str, &[Synonym])] = &[
    ("cleanup.policy", &[same("log.cleanup.policy")]),
    ("compression.gzip.level", &[same("compression.gzip.level")]),
    ("compression.lz4.level", &[same("compression.lz4.level")]),
    ("compression.type", &[same("compression.type")]),
    ("compression.zstd.level", &[same("compression.zstd.level")]),
    ("delete.retention.ms", &[same("log.cleaner.delete.retention.ms")]),
    ("file.delete.delay.ms", &[same("log.segment.delete.delay.ms")]),
    ("flush.messages", &[same("log.flush.interval.messages")]),
    ("flush.ms", &[same("log.flush.interval.ms"), same("log.flush.scheduler.interval.ms")]),
    ("index.interval.bytes", &[same("log.index.interval.bytes")]),
    ("local.retention.bytes", &[same("log.local.retention.bytes")]),
    ("local.retention.ms", &[same("log.local.retention.ms")]),
    ("max.compaction.lag.ms", &[same("log.cleaner.max.compaction.lag.ms")]),
    ("max.message.bytes", &[same("message.max.bytes")]),
    ("message.timestamp.after.max.ms", &[same("log.message.timestamp.after.max.ms")]),
    ("message.timestamp.before.max.ms", &[same("log.message.timestamp.before.max.ms")]),
    ("message.timestamp.type", &[same("log.message.timestamp.type")]),
    ("min.cleanable.dirty.ratio", &[same("log.cleaner.min.cleanable.ratio")]),
    ("min.compaction.lag.ms", &[same("log.cleaner.min.compaction.lag.ms")]),
    ("min.insync.replicas", &[same("min.insync.replicas")]),
    ("preallocate", &[same("log.preallocate")]),
    ("retention.bytes", &[same("log.retention.bytes")]),
    ("retention.ms", &[
        same("log.retention.ms"),
        scaled("log.retention.minutes", MINUTE_MS),
        scaled("log.retention.hours", HOUR_MS),
    ]),
    ("segment.bytes", &[same("log.segment.bytes")]),
    ("segment.index.bytes", &[same("log.index.size.max.bytes")]),
    ("segment.jitter.ms", &[
        same("log.roll.jitter.ms"),
        scaled("log.roll.jitter.hours", HOUR_MS),
    ]),
    ("segment.ms", &[same("log.roll.ms"), scaled("log.roll.hours", HOUR_MS)]),
    ("unclean.leader.election.enable", &[same("unclean.leader.election.enable")]),
];

/// The settings in force for a topic: its own values over the broker's dynamic ones, the cluster's
/// dynamic ones, the broker's static ones and Kafka's defaults. Layers come strongest first; values
/// were checked when they were set, one that is bad all the same is skipped.
pub fn effective(topic: Option<&Values>, broker: &[&Values]) -> TopicSettings {
    let given = Given { topic, broker };
    let mut settings = TopicSettings::default();
    if let Some(policy) = given.first("cleanup.policy") {
        settings.cleanup_policy = CleanupPolicy {
            delete: keys::list(&policy).any(|word| word == "delete"),
            compact: keys::list(&policy).any(|word| word == "compact"),
        };
    }
    if let Some(codec) = given.first("compression.type") {
        settings.compression_type = Some(codec).filter(|codec| codec != "producer");
    }
    if let Some(whose) = given.first("message.timestamp.type") {
        settings.message_timestamp_type = match whose.as_str() {
            "LogAppendTime" => TimestampKind::LogAppendTime,
            _ => TimestampKind::CreateTime,
        };
    }
    if let Some(ratio) = given
        .first("min.cleanable.dirty.ratio")
        .and_then(|text| keys::double(&text))
    {
        settings.min_cleanable_dirty_ratio = ratio;
    }
    given.numbers(&mut settings);
    given.flag("preallocate", &mut settings.preallocate);
    given.flag(
        "unclean.leader.election.enable",
        &mut settings.unclean_leader_election_enable,
    );
    settings
}

/// What is set, strongest first.
struct Given<'a> {
    topic: Option<&'a Values>,
    broker: &'a [&'a Values],
}

impl Given<'_> {
    /// The strongest value of a topic's key that is valid.
    fn first(&self, key: &str) -> Option<String> {
        let own = self.topic.and_then(|values| values.get(key).cloned());
        let valid = |value: &String| keys::check_topic(key, value).is_ok();
        own.filter(valid).or_else(|| {
            self.broker
                .iter()
                .flat_map(|layer| synonyms(key).iter().map(move |synonym| (layer, synonym)))
                .filter_map(|(layer, synonym)| {
                    Synonym::translate(layer.get(synonym.key)?, synonym.times)
                })
                .find(valid)
        })
    }

    fn numbers(&self, settings: &mut TopicSettings) {
        self.number("delete.retention.ms", &mut settings.delete_retention_ms);
        self.number("file.delete.delay.ms", &mut settings.file_delete_delay_ms);
        self.number("flush.messages", &mut settings.flush_messages);
        self.number("flush.ms", &mut settings.flush_ms);
        self.number("index.interval.bytes", &mut settings.index_interval_bytes);
        self.number("max.compaction.lag.ms", &mut settings.max_compaction_lag_ms);
        self.number("max.message.bytes", &mut settings.max_message_bytes);
        self.number(
            "message.timestamp.after.max.ms",
            &mut settings.message_timestamp_after_max_ms,
        );
        self.number(
            "message.timestamp.before.max.ms",
            &mut settings.message_timestamp_before_max_ms,
        );
        self.number("min.compaction.lag.ms", &mut settings.min_compaction_lag_ms);
        self.number("min.insync.replicas", &mut settings.min_insync_replicas);
        self.number("retention.bytes", &mut settings.retention_bytes);
        self.number("retention.ms", &mut settings.retention_ms);
        self.number("segment.bytes", &mut settings.segment_bytes);
        self.number("segment.index.bytes", &mut settings.segment_index_bytes);
        self.number("segment.jitter.ms", &mut settings.segment_jitter_ms);
        self.number("segment.ms", &mut settings.segment_ms);
        if let Some(bytes) = self.topic.and_then(|own| own.get("internal.segment.bytes")) {
            set(bytes, &mut settings.segment_bytes);
        }
    }

    fn number<N: TryFrom<i64>>(&self, key: &str, into: &mut N) {
        if let Some(text) = self.first(key) {
            set(&text, into);
        }
    }

    fn flag(&self, key: &str, into: &mut bool) {
        if let Some(flag) = self.first(key).and_then(|text| keys::boolean(&text)) {
            *into = flag;
        }
    }
}

fn set<N: TryFrom<i64>>(text: &str, into: &mut N) {
    let number = text.trim().parse::<i64>().ok();
    if let Some(number) = number.and_then(|number| N::try_from(number).ok()) {
        *into = number;
    }
}

/// What is in force for a topic's key, and why (rule 73).
pub fn explain(key: &'static Key, own: Option<&Values>, layers: &Layers<'_>) -> Entry {
    let own = own.and_then(|values| values.get(key.name));
    Entry::falling_back(
        key,
        own.map(|value| (Source::Topic, value)),
        synonyms(key.name),
        layers,
    )
}
