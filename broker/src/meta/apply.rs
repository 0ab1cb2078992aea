//! `apply`: one record into an image. Total and the same on every node: a record that does not fit is
//! reported and changes nothing but the offset; it is never guessed at.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::sasl::scram::{Credential, Hash};
use crate::wire::uuid::Uuid;

use super::image::{Broker, Delta, Image, Topic};
use super::record::{PartitionState, Record, Registration, Resource};

/// Applies one record as the one at `offset` and says in `delta` what changed.
pub fn apply(image: &mut Image, offset: i64, record: &Record, delta: &mut Delta) {
    image.offset = offset;
    let fitted = match record {
        Record::RegisterBroker {
            registration,
            epoch,
        } => {
            register_broker(image, registration, *epoch, delta);
            Some(())
        }
        Record::UnregisterBroker { id } => unregister_broker(image, *id, delta),
        Record::BrokerChange { .. } => change_broker(image, record, delta),
        Record::Topic { id, name } => add_topic(image, *id, name),
        Record::RemoveTopic { id } => remove_topic(image, *id, delta),
        Record::Partition {
            topic,
            index,
            state,
        } => set_partition(image, (*topic, *index), state, delta),
        Record::Config {
            resource,
            key,
            value,
        } => set_config(image, resource, (key, value.as_deref()), delta),
        Record::ProducerIds { next } => set_producer_ids(image, *next),
        Record::Feature { name, level } => set_feature(image, name, *level),
        Record::ScramCredential {
            user,
            hash,
            credential,
        } => set_credential(image, user, (*hash, credential.as_ref())),
        Record::ClientQuota { entity, key, value } => {
            Arc::make_mut(&mut image.client_quotas).set(entity, *key, *value)
        }
        Record::AccessControlEntry { acl } => Arc::make_mut(&mut image.acls).add(acl),
        Record::RemoveAccessControlEntry { acl } => Arc::make_mut(&mut image.acls).remove(acl),
    };
    if fitted.is_none() {
        log::warn!("metadata record at offset {offset} does not fit and is skipped: {record:?}");
    }
}

fn register_broker(image: &mut Image, registration: &Registration, epoch: i64, delta: &mut Delta) {
    let id = registration.id;
    let broker = Broker {
        registration: registration.clone(),
        epoch,
        fenced: true,
        in_controlled_shutdown: false,
    };
    Arc::make_mut(&mut image.brokers).insert(id, Arc::new(broker));
    delta.brokers.push(id);
}

fn unregister_broker(image: &mut Image, id: i32, delta: &mut Delta) -> Option<()> {
    image.brokers.get(&id)?;
    Arc::make_mut(&mut image.brokers).remove(&id);
    delta.brokers.push(id);
    Some(())
}

fn change_broker(image: &mut Image, record: &Record, delta: &mut Delta) -> Option<()> {
    let Record::BrokerChange {
        id,
        fenced,
        in_controlled_shutdown,
        log_dirs,
    } = record
    else {
        return None;
    };
    image.brokers.get(id)?;
    let broker = Arc::make_mut(Arc::make_mut(&mut image.brokers).get_mut(id)?);
    broker.fenced = fenced.unwrap_or(broker.fenced);
    broker.in_controlled_shutdown = in_controlled_shutdown.unwrap_or(broker.in_controlled_shutdown);
    if let Some(dirs) = log_dirs {
        broker.registration.log_dirs.clone_from(dirs);
    }
    delta.brokers.push(*id);
    Some(())
}

fn add_topic(image: &mut Image, id: Uuid, name: &str) -> Option<()> {
    if image.topics.contains_key(name) || image.topic_names.contains_key(&id) {
        return None;
    }
    let name: Arc<str> = name.into();
    let topic = Topic {
        id,
        name: Arc::clone(&name),
        partitions: Vec::new(),
    };
    Arc::make_mut(&mut image.topic_names).insert(id, Arc::clone(&name));
    Arc::make_mut(&mut image.topics).insert(name, Arc::new(topic));
    Some(())
}

fn remove_topic(image: &mut Image, id: Uuid, delta: &mut Delta) -> Option<()> {
    let name = Arc::clone(image.topic_names.get(&id)?);
    Arc::make_mut(&mut image.topic_names).remove(&id);
    Arc::make_mut(&mut image.topics).remove(&name);
    let resource = Resource::Topic(name.to_string());
    if image.configs.contains_key(&resource) {
        Arc::make_mut(&mut image.configs).remove(&resource);
        delta.configs.push(resource);
    }
    delta.removed_topics.push((id, name));
    Some(())
}

fn set_partition(
    image: &mut Image,
    (id, index): (Uuid, i32),
    state: &PartitionState,
    delta: &mut Delta,
) -> Option<()> {
    let at = usize::try_from(index).ok()?;
    let name = image.topic_names.get(&id)?;
    if at > image.topics.get(name)?.partitions.len() {
        return None;
    }
    let topic = Arc::make_mut(Arc::make_mut(&mut image.topics).get_mut(name)?);
    let state = Arc::new(state.clone());
    match topic.partitions.get_mut(at) {
        Some(known) => *known = state,
        None => topic.partitions.push(state),
    }
    delta.partitions.push((id, index));
    Some(())
}

fn set_config(
    image: &mut Image,
    resource: &Resource,
    (key, value): (&str, Option<&str>),
    delta: &mut Delta,
) -> Option<()> {
    if let Resource::Topic(name) = resource {
        image.topics.get(name.as_str())?;
    }
    let configs = Arc::make_mut(&mut image.configs);
    match value {
        Some(value) => {
            let values = configs.entry(resource.clone()).or_default();
            Arc::make_mut(values).insert(key.to_owned(), value.to_owned());
        }
        None => remove_config(configs, resource, key),
    }
    delta.configs.push(resource.clone());
    Some(())
}

fn remove_config(
    configs: &mut BTreeMap<Resource, Arc<BTreeMap<String, String>>>,
    resource: &Resource,
    key: &str,
) {
    let Some(values) = configs.get_mut(resource) else {
        return;
    };
    Arc::make_mut(values).remove(key);
    if values.is_empty() {
        configs.remove(resource);
    }
}

fn set_producer_ids(image: &mut Image, next: i64) -> Option<()> {
    // Ids that were given away never come back.
    let grows = next >= image.next_producer_id;
    grows.then(|| image.next_producer_id = next)
}

fn set_credential(
    image: &mut Image,
    user: &str,
    (hash, credential): (Hash, Option<&Credential>),
) -> Option<()> {
    let users = Arc::make_mut(&mut image.scram_users);
    if let Some(credential) = credential {
        let known = users.entry(user.to_owned()).or_default();
        known.insert(hash, credential.clone());
        return Some(());
    }
    let known = users.get_mut(user)?;
    known.remove(&hash)?;
    if known.is_empty() {
        users.remove(user);
    }
    Some(())
}

fn set_feature(image: &mut Image, name: &str, level: i16) -> Option<()> {
    let features = Arc::make_mut(&mut image.features);
    match level {
        ..0 => return None,
        0 => features.remove(name),
        1.. => features.insert(name.to_owned(), level),
    };
    Some(())
}
