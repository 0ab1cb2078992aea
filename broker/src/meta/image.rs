//! What the cluster is, as of one record. Plain data that everybody on the node reads; only `apply`
//! makes a new one. Parts are shared, so that a change copies what changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::wire::uuid::Uuid;

use super::record::{PartitionState, Record, Registration, Resource};

/// The cluster as of `offset`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Image {
    /// Offset of the last record applied; −1 before any.
    pub offset: i64,
    /// Registered brokers, fenced ones too.
    pub brokers: Arc<BTreeMap<i32, Arc<Broker>>>,
    /// Topics by name.
    pub topics: Arc<BTreeMap<Arc<str>, Arc<Topic>>>,
    /// Names of topics by id.
    pub topic_names: Arc<BTreeMap<Uuid, Arc<str>>>,
    /// Overridden configuration.
    pub configs: Arc<BTreeMap<Resource, Arc<BTreeMap<String, String>>>>,
    /// Finalised features.
    pub features: Arc<BTreeMap<String, i16>>,
    /// The next free producer id.
    pub next_producer_id: i64,
}

/// A registered broker.
#[derive(Debug, Clone, PartialEq)]
pub struct Broker {
    /// What it said of itself.
    pub registration: Registration,
    /// Offset of its registration record; marks this registration.
    pub epoch: i64,
    /// Fenced brokers lead nothing and are in no ISR.
    pub fenced: bool,
    /// Whether it is moving its leaderships away in order to stop.
    pub in_controlled_shutdown: bool,
}

/// A topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Topic {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: Arc<str>,
    /// Its partitions by index, without gaps.
    pub partitions: Vec<Arc<PartitionState>>,
}

impl Image {
    /// The image of an empty cluster, before any record.
    pub fn empty() -> Self {
        Self {
            offset: -1,
            ..Self::default()
        }
    }

    /// A topic by its id.
    pub fn topic_by_id(&self, id: Uuid) -> Option<&Arc<Topic>> {
        self.topics.get(self.topic_names.get(&id)?)
    }

    /// One partition's state.
    pub fn partition(&self, topic: &str, index: i32) -> Option<&Arc<PartitionState>> {
        let topic = self.topics.get(topic)?;
        topic.partitions.get(usize::try_from(index).ok()?)
    }

    /// Whether a broker is registered and unfenced.
    pub fn is_active(&self, broker: i32) -> bool {
        self.brokers.get(&broker).is_some_and(|known| !known.fenced)
    }

    /// Overridden values of a resource.
    pub fn config(&self, resource: &Resource) -> Option<&Arc<BTreeMap<String, String>>> {
        self.configs.get(resource)
    }

    /// The records of a snapshot: [`Image::from_records`] makes an equal image of them.
    pub fn records(&self) -> Vec<Record> {
        todo!()
    }

    /// The image that a snapshot's records describe, as of the offset the snapshot was taken at.
    pub fn from_records<'a>(offset: i64, records: impl IntoIterator<Item = &'a Record>) -> Self {
        let _ = (offset, records);
        todo!()
    }
}

/// What changed between two images, so that followers of the metadata do work in proportion to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delta {
    /// Brokers that came, went or changed.
    pub brokers: Vec<i32>,
    /// Partitions that came or changed: topic id and index.
    pub partitions: Vec<(Uuid, i32)>,
    /// Topics that are gone: id and name.
    pub removed_topics: Vec<(Uuid, Arc<str>)>,
    /// Resources whose configuration changed.
    pub configs: Vec<Resource>,
}

impl Delta {
    /// Takes in what a later delta says.
    pub fn merge(&mut self, later: Self) {
        self.brokers.extend(later.brokers);
        self.partitions.extend(later.partitions);
        self.removed_topics.extend(later.removed_topics);
        self.configs.extend(later.configs);
    }
}
