//! What the cluster is, as of one record. Plain data that everybody on the node reads; only `apply`
//! makes a new one. Parts are shared, so that a change copies what changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::quota::Limits;
use crate::sasl::scram::{Credential, Hash};
use crate::wire::uuid::Uuid;

use super::acl::Acls;
use super::apply::apply;
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
    /// What is kept of users' passwords, by user.
    pub scram_users: Arc<BTreeMap<String, BTreeMap<Hash, Credential>>>,
    /// Quotas of clients and addresses.
    pub client_quotas: Arc<Limits>,
    /// Access rules.
    pub acls: Arc<Acls>,
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

    /// Whether a broker may be in sync and lead: registered, unfenced and not in controlled shutdown
    /// (rules 42, 44).
    pub fn can_lead(&self, broker: i32) -> bool {
        self.brokers
            .get(&broker)
            .is_some_and(|known| !known.fenced && !known.in_controlled_shutdown)
    }

    /// Whether a broker's log directory is online. Zero is an unassigned directory: the broker has
    /// yet to choose one, so nothing speaks against it (KIP-858).
    pub fn has_online_dir(&self, broker: i32, directory: Uuid) -> bool {
        directory.is_zero()
            || self
                .brokers
                .get(&broker)
                .is_some_and(|known| known.registration.log_dirs.contains(&directory))
    }

    /// Level of a finalised feature; 0 where it is not finalised.
    pub fn feature(&self, name: &str) -> i16 {
        self.features.get(name).copied().unwrap_or_default()
    }

    /// Overridden values of a resource.
    pub fn config(&self, resource: &Resource) -> Option<&Arc<BTreeMap<String, String>>> {
        self.configs.get(resource)
    }

    /// What is kept of a user's password.
    pub fn scram_credential(&self, user: &str, hash: Hash) -> Option<&Credential> {
        self.scram_users.get(user)?.get(&hash)
    }

    /// The records of a snapshot: [`Image::from_records`] makes an equal image of them.
    pub fn records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        for (name, level) in &*self.features {
            let (name, level) = (name.clone(), *level);
            records.push(Record::Feature { name, level });
        }
        for (id, broker) in &*self.brokers {
            records.push(Record::RegisterBroker {
                registration: broker.registration.clone(),
                epoch: broker.epoch,
            });
            records.push(Record::BrokerChange {
                id: *id,
                fenced: Some(broker.fenced),
                in_controlled_shutdown: Some(broker.in_controlled_shutdown),
                log_dirs: None,
            });
        }
        for topic in self.topics.values() {
            topic.push_records(&mut records);
        }
        for (resource, values) in &*self.configs {
            records.extend(values.iter().map(|(key, value)| Record::Config {
                resource: resource.clone(),
                key: key.clone(),
                value: Some(value.clone()),
            }));
        }
        let next = self.next_producer_id;
        records.push(Record::ProducerIds { next });
        for (user, credentials) in &*self.scram_users {
            let credentials = credentials.iter();
            records.extend(
                credentials.map(|(hash, credential)| Record::ScramCredential {
                    user: user.clone(),
                    hash: *hash,
                    credential: Some(credential.clone()),
                }),
            );
        }
        for (entity, limits) in self.client_quotas.iter() {
            records.extend(limits.iter().map(|(key, amount)| Record::ClientQuota {
                entity: entity.clone(),
                key: *key,
                value: Some(*amount),
            }));
        }
        let acls = self.acls.iter();
        records.extend(acls.map(|acl| Record::AccessControlEntry { acl }));
        records
    }

    /// The image that a snapshot's records describe, as of the offset the snapshot was taken at.
    pub fn from_records<'a>(offset: i64, records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut image = Self::empty();
        let mut delta = Delta::default();
        for record in records {
            apply(&mut image, offset, record, &mut delta);
        }
        image.offset = offset;
        image
    }
}

impl Topic {
    fn push_records(&self, records: &mut Vec<Record>) {
        records.push(Record::Topic {
            id: self.id,
            name: self.name.to_string(),
        });
        for (index, state) in (0_i32..).zip(&self.partitions) {
            records.push(Record::Partition {
                topic: self.id,
                index,
                state: PartitionState::clone(state),
            });
        }
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
