//! Where a value comes from, and what is in force when several places give one. Pure: what is set
//! comes in as plain values; nothing here knows the metadata.

use super::keys::{self, Key};
use super::topic::{self, Synonym, Values};

/// Where a value comes from, numbered as in DescribeConfigs (rule 73), strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The topic's own value.
    Topic = 1,
    /// A dynamic value of this broker.
    Broker = 2,
    /// A dynamic value of all brokers.
    Cluster = 3,
    /// The node's file.
    File = 4,
    /// Kafka's default.
    Default = 5,
    /// The group's own value.
    Group = 8,
}

impl Source {
    /// Its number on the wire.
    pub fn number(self) -> i8 {
        self as i8
    }
}

/// What is set for one broker.
#[derive(Debug, Clone, Copy)]
pub struct Layers<'a> {
    /// Dynamic values of this broker.
    pub broker: Option<&'a Values>,
    /// Dynamic values of all brokers.
    pub cluster: Option<&'a Values>,
    /// The node's file.
    pub file: &'a Values,
}

impl<'a> Layers<'a> {
    /// The layers, strongest first, with where they are.
    pub fn strongest_first(&self) -> impl Iterator<Item = (Source, &'a Values)> {
        [
            self.broker.map(|values| (Source::Broker, values)),
            self.cluster.map(|values| (Source::Cluster, values)),
            Some((Source::File, self.file)),
        ]
        .into_iter()
        .flatten()
    }

    /// The value of a broker's key that is in force now: dynamic over static over default; `None`
    /// if there is none. A value that is no longer valid is skipped.
    pub fn text(&self, key: &str) -> Option<&'a str> {
        let known = keys::find(key)?;
        self.strongest_first()
            .filter(|(source, _)| *source == Source::File || known.is_dynamic())
            .filter_map(|(_, values)| values.get(key))
            .map(|value| value.trim())
            .find(|value| keys::check(known, value).is_ok())
            .or_else(|| known.default())
    }

    /// The number in force now; `None` if there is none.
    pub fn number(&self, key: &str) -> Option<i64> {
        self.text(key)?.parse().ok()
    }

    /// The switch in force now; off if the key is no switch.
    pub fn flag(&self, key: &str) -> bool {
        self.text(key).and_then(keys::boolean).unwrap_or(false)
    }
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced {
    /// The key that it is set under.
    pub name: &'static str,
    /// The value; `None` if it must not be shown.
    pub value: Option<String>,
    /// Where it is set.
    pub source: Source,
}

/// What is in force for one key, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: &'static Key,
    /// The value in force; `None` if there is none or it must not be shown.
    pub value: Option<String>,
    /// Where that comes from.
    pub source: Source,
    /// Every value there is, strongest first: the first one is in force.
    pub synonyms: Vec<Sourced>,
}

impl Entry {
    /// What is in force for a key of a topic or group, which falls back to keys of the broker.
    pub(super) fn falling_back(
        key: &'static Key,
        own: Option<(Source, &String)>,
        brokers: &[Synonym],
        layers: &Layers<'_>,
    ) -> Self {
        let mut found = Vec::new();
        if let Some((source, value)) = own {
            found.push((key.name, value.clone(), source, 1));
        }
        for (source, values) in layers.strongest_first() {
            found.extend(brokers.iter().filter_map(|synonym| {
                let value = values.get(synonym.key)?.clone();
                Some((synonym.key, value, source, synonym.times))
            }));
        }
        found.extend(brokers.iter().filter_map(|synonym| {
            let value = keys::find(synonym.key)?.default()?.to_owned();
            Some((synonym.key, value, Source::Default, synonym.times))
        }));
        let first = found.first();
        let value = first
            .and_then(|(_, value, _, times)| Synonym::translate(value, *times))
            .or_else(|| key.default().map(str::to_owned));
        Self::new(
            key,
            value,
            first.map_or(Source::Default, |(_, _, source, _)| *source),
            found
                .into_iter()
                .map(|(name, value, source, _)| (name, value, source)),
        )
    }

    /// What is in force for a broker's key. Keys of the same meaning follow where it is set, or has
    /// a default: what holds once it is unset.
    pub fn of_broker(key: &'static Key, layers: &Layers<'_>) -> Self {
        let names = topic::same_meaning(key.name);
        let mut found = Vec::new();
        for (source, values) in layers.strongest_first() {
            let set = |name: &&'static str| Some((*name, values.get(*name)?.clone(), source));
            found.extend(names.iter().filter_map(set));
        }
        found.extend(names.iter().filter_map(|name| {
            let default = keys::find(name)?.default()?;
            Some((*name, default.to_owned(), Source::Default))
        }));
        let mut found = found
            .into_iter()
            .skip_while(|(name, _, _)| *name != key.name)
            .peekable();
        let (value, source) = match found.peek() {
            Some((_, value, source)) => (Some(value.clone()), *source),
            None => (None, Source::Default),
        };
        Self::new(key, value, source, found)
    }

    fn new(
        key: &'static Key,
        value: Option<String>,
        source: Source,
        synonyms: impl Iterator<Item = (&'static str, String, Source)>,
    ) -> Self {
        let shown = |value: String| Some(value).filter(|_| !key.is_sensitive());
        Self {
            key,
            value: value.and_then(shown),
            source,
            synonyms: synonyms
                .map(|(name, value, source)| Sourced {
                    name,
                    value: shown(value),
                    source,
                })
                .collect(),
        }
    }
}
