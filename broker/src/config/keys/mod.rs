//! Every key this broker knows, as Apache Kafka 4.3 names it: type, default, range, how it may be
//! changed, what it is for. Kafka's internal keys are known too but not shown to clients. A key
//! without effect here is accepted, kept and described, and its documentation says so.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

pub use check::{boolean, check, double, limits_by_address, list};

/// Why a value is refused; always names the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {why}")]
pub struct BadSetting {
    /// Kafka's key name.
    pub key: String,
    /// What is wrong with it, and what would be right.
    pub why: String,
}

/// The type of a value, numbered as in DescribeConfigs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are Kafka's")]
pub enum Kind {
    Boolean = 1,
    String = 2,
    Int = 3,
    Short = 4,
    Long = 5,
    Double = 6,
    List = 7,
    Class = 8,
    Password = 9,
}

/// What holds where nothing is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// This text.
    Text(&'static str),
    /// No value.
    Null,
    /// A node does not start without a value.
    Required,
}

/// What a value may be within its type. Bounds are part of the range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Range {
    /// All of the type.
    Any,
    /// From here on.
    AtLeast(i64),
    /// From, to.
    Between(i64, i64),
    /// From, to.
    Ratio(f64, f64),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// One of these words, in upper or lower case.
    OneOfAnyCase(&'static [&'static str]),
    /// Some of these words, each once.
    ListOf(&'static [&'static str]),
    /// 1 to 9, or -1.
    GzipLevel,
    /// `partition:broker` pairs, or `*`.
    Throttled,
    /// `address:count` pairs.
    LimitsByAddress,
    /// Anything but the empty text.
    NotEmpty,
    /// `latest`, `earliest` or `by_duration:` and an ISO 8601 duration.
    OffsetReset,
}

/// How a broker's key may be changed while it runs (KIP-226).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// Only with a restart.
    ReadOnly,
    /// For one broker.
    PerBroker,
    /// For one broker or for all of them.
    ClusterWide,
}

/// Whether this broker goes by a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It does.
    InForce,
    /// It is accepted and described, and changes nothing.
    NoEffect,
}

/// Whether clients get to see a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// They do.
    Shown,
    /// It is one of Kafka's internal keys: it may be set, but is not described.
    Internal,
}

/// One key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Key {
    /// Kafka's name.
    pub name: &'static str,
    /// Type of its value.
    pub kind: Kind,
    /// Its default.
    pub fallback: Fallback,
    /// What it may be.
    pub range: Range,
    /// How a broker's key may be changed; keys of topics and groups always may.
    pub update: Update,
    /// Whether it does anything here.
    pub effect: Effect,
    /// Whether clients see it.
    pub audience: Audience,
    /// What it is for.
    pub doc: &'static str,
}

impl Key {
    /// The default as text; `None` where there is none.
    pub fn default(&self) -> Option<&'static str> {
        match self.fallback {
            Fallback::Text(text) => Some(text),
            Fallback::Null | Fallback::Required => None,
        }
    }

    /// Whether it may be changed while a broker runs.
    pub fn is_dynamic(&self) -> bool {
        self.update != Update::ReadOnly
    }

    /// Whether its values are never shown.
    pub fn is_sensitive(&self) -> bool {
        self.kind == Kind::Password
    }

    /// What it is for, and whether it does anything here.
    pub fn documentation(&self) -> String {
        match self.effect {
            Effect::InForce => self.doc.to_owned(),
            Effect::NoEffect => format!("{} Accepted here, but without effect.", self.doc),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any value"),
            Self::AtLeast(low) => write!(f, "at least {low}"),
            Self::Between(low, high) => write!(f, "from {low} to {high}"),
            Self::Ratio(low, high) => write!(f, "from {low} to {high}"),
            Self::OneOf(words) | Self::OneOfAnyCase(words) => {
                write!(f, "one of {}", words.join(", "))
            }
            Self::ListOf(words) => write!(f, "some of {}, each once", words.join(", ")),
            Self::GzipLevel => f.write_str("from 1 to 9, or -1"),
            Self::Throttled => f.write_str("partition:broker pairs separated by commas, or *"),
            Self::LimitsByAddress => f.write_str(
                "address:count pairs separated by commas, each address once and as digits (host names are not looked up)",
            ),
            Self::NotEmpty => f.write_str("not empty"),
            Self::OffsetReset => f.write_str("latest, earliest, or by_duration:PnDTnHnMn.nS"),
        }
    }
}

/// Defines a table of keys: type, name, default, range, update, effect, audience, documentation.
macro_rules! keys {
    ($table:ident:
        $($kind:ident $name:literal = $fallback:expr, $range:expr,
            $update:ident, $effect:ident, $audience:ident, $doc:literal;)*
    ) => {
        /// The keys of this file, by name.
        pub(super) static $table: &[Key] = {
            use super::{Audience::*, Effect::*, Fallback::*, Kind, Range::*, Update::*};
            &[$(Key {
                name: $name,
                kind: Kind::$kind,
                fallback: $fallback,
                range: $range,
                update: $update,
                effect: $effect,
                audience: $audience,
                doc: $doc,
            }),*]
        };
    };
}

mod broker;
mod check;
mod coordinators;
mod group;
mod logs;
mod security;
mod topic;

type Table = BTreeMap<&'static str, &'static Key>;

fn table(parts: &[&'static [Key]]) -> Table {
    parts
        .iter()
        .flat_map(|part| part.iter())
        .map(|key| (key.name, key))
        .collect()
}

static BROKERS: LazyLock<Table> = LazyLock::new(|| {
    table(&[
        broker::BROKER,
        coordinators::COORDINATORS,
        logs::LOGS,
        security::SECURITY,
    ])
});
static TOPICS: LazyLock<Table> = LazyLock::new(|| table(&[topic::TOPIC]));
static GROUPS: LazyLock<Table> = LazyLock::new(|| table(&[group::GROUP]));

/// A broker's key (`log.retention.ms`).
pub fn find(name: &str) -> Option<&'static Key> {
    BROKERS.get(name).copied()
}

/// A topic's key (`retention.ms`).
pub fn find_topic(name: &str) -> Option<&'static Key> {
    TOPICS.get(name).copied()
}

/// A group's key (`consumer.session.timeout.ms`).
pub fn find_group(name: &str) -> Option<&'static Key> {
    GROUPS.get(name).copied()
}

/// All keys of brokers, by name.
pub fn brokers() -> impl Iterator<Item = &'static Key> {
    BROKERS.values().copied()
}

/// All keys of topics, by name.
pub fn topics() -> impl Iterator<Item = &'static Key> {
    TOPICS.values().copied()
}

/// All keys of groups, by name.
pub fn groups() -> impl Iterator<Item = &'static Key> {
    GROUPS.values().copied()
}

/// The broker's key most like `name`, for a refusal's "did you mean"; `None` if none comes near.
pub fn nearest(name: &str) -> Option<&'static str> {
    nearest_of(&BROKERS, name)
}

/// The name in a table that fewest changes of letters lead to, at most a third of its letters.
fn nearest_of(table: &Table, name: &str) -> Option<&'static str> {
    let wanted: Vec<char> = name.chars().take(100).collect();
    table
        .keys()
        .map(|known| (distance(&wanted, known), *known))
        .min()
        .filter(|(far, known)| far * 3 <= known.len())
        .map(|(_, known)| known)
}

/// How many letters must be put in, taken out or replaced (Levenshtein).
fn distance(from: &[char], to: &str) -> usize {
    let mut row: Vec<usize> = (0..=from.len()).collect();
    for (line, letter) in to.chars().enumerate() {
        let mut left = line + 1;
        let mut diagonal = line;
        for (cell, above) in row.iter_mut().enumerate() {
            if cell == 0 {
                *above = line + 1;
                continue;
            }
            let replaced = diagonal + usize::from(from.get(cell - 1) != Some(&letter));
            diagonal = *above;
            left = replaced.min(left + 1).min(*above + 1);
            *above = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

fn unknown(table: &Table, what: &str, name: &str) -> BadSetting {
    let hint = match nearest_of(table, name) {
        Some(near) => format!("; did you mean {near}?"),
        None => String::new(),
    };
    BadSetting {
        key: name.to_owned(),
        why: format!("no such {what} setting{hint}"),
    }
}

/// Checks a topic's setting (`retention.ms`) before it is written into the metadata.
pub fn check_topic(key: &str, value: &str) -> Result<(), BadSetting> {
    let known = find_topic(key).ok_or_else(|| unknown(&TOPICS, "topic", key))?;
    check(known, value)
}

/// Checks a group's setting before it is written into the metadata.
pub fn check_group(key: &str, value: &str) -> Result<(), BadSetting> {
    let known = find_group(key).ok_or_else(|| unknown(&GROUPS, "group", key))?;
    check(known, value)
}

/// Checks a dynamic broker setting (`log.retention.ms`) before it is written into the metadata:
/// the key must be one that can change while a broker runs (KIP-226).
pub fn check_broker(key: &str, value: &str) -> Result<(), BadSetting> {
    let known = find(key).ok_or_else(|| unknown(&BROKERS, "broker", key))?;
    if !known.is_dynamic() {
        return Err(BadSetting {
            key: key.to_owned(),
            why: "cannot be changed while a broker runs; set it in the broker's file and restart"
                .to_owned(),
        });
    }
    check(known, value)
}

/// Checks a setting of a node's file, dynamic or not.
pub fn check_static(key: &str, value: &str) -> Result<(), BadSetting> {
    let known = find(key).ok_or_else(|| unknown(&BROKERS, "broker", key))?;
    check(known, value)
}
