//! What a change of the metadata means for the replicas of this node. Work grows with the change.

use std::collections::BTreeSet;
use std::sync::{Arc, MutexGuard, PoisonError};

use super::partition::{Key, Partition};
use super::store::{self, Assigned, Opened, Origin, Shelf};
use super::{Replicas, gauges};
use crate::config::TopicSettings;
use crate::meta::image::{Delta, Image, Topic};
use crate::meta::record::{PartitionState, Resource};
use crate::meta::settings;
use crate::wire::uuid::Uuid;

impl Replicas {
    pub(super) fn follow(&self, image: &Arc<Image>, delta: &Delta) {
        let mut waiting = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_some() && !image.brokers.contains_key(&self.house.me) {
            return;
        }
        *self
            .house
            .image
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::clone(image);
        let house = &self.house;
        let change = Some(delta).filter(|_| waiting.is_none());
        for throttle in [&house.giving, &house.taking] {
            throttle.follow(image, &house.config, change);
        }
        match waiting.take() {
            Some(found) => self.begin(image, found),
            None => self.go_on(image, delta),
        }
    }

    /// The first metadata: everything assigned here is taken up, the rest of the shelf is deleted.
    fn begin(&self, image: &Image, mut found: Shelf) {
        let strays: Vec<Key> = found
            .keys()
            .filter(|(id, index)| !is_assigned(image, *id, *index, self.house.me))
            .copied()
            .collect();
        // Topics are deleted while a node is down; all of them at once more likely are forgotten.
        let is_known = |(id, _): &Key| image.topic_by_id(*id).is_some();
        let knows_any = found.keys().any(is_known);
        for key in strays {
            let logs = found.remove(&key).unwrap_or_default().into_iter();
            if knows_any {
                let why = "is no longer assigned to this broker";
                logs.for_each(|opened| self.drop_stray(key, opened, why));
            } else {
                logs.for_each(|opened| store::set_aside(&self.house, opened));
            }
        }
        for topic in image.topics.values() {
            let here = (0..).zip(&topic.partitions);
            for (index, state) in here.filter(|(_, state)| self.is_mine(state)) {
                let known = found.remove(&(topic.id, index)).unwrap_or_default();
                self.take_up(image, topic, (index, state), Origin::Known(known));
            }
        }
    }

    fn drop_stray(&self, key: Key, opened: Opened, why: &str) {
        let name = store::describe(&opened.topic, key);
        log::info!("{}: {name} {why}", opened.log.dir().display());
        let path = store::delete(&self.house, Some(opened.dir), opened.log);
        self.leave(path, 0);
    }

    /// Later metadata: what the delta names.
    fn go_on(&self, image: &Image, delta: &Delta) {
        for (id, _) in &delta.removed_topics {
            for partition in self.house.of_topic(*id) {
                self.drop_replica(&partition);
            }
        }
        let changed: BTreeSet<Key> = delta.partitions.iter().copied().collect();
        for (id, index) in changed {
            let topic = image.topic_by_id(id);
            let state = topic.and_then(|topic| at(topic, index));
            match (topic, state, self.house.get((id, index))) {
                (Some(topic), Some(state), _) if self.is_mine(state) => {
                    self.take_up(image, topic, (index, state), Origin::New);
                }
                (_, _, Some(partition)) => self.drop_replica(&partition),
                _ => {}
            }
        }
        self.reconfigure(image, &delta.configs);
    }

    fn is_mine(&self, state: &PartitionState) -> bool {
        state.replicas.contains(&self.house.me)
    }

    /// Makes the replica if it is new, and gives it its role.
    fn take_up(
        &self,
        image: &Image,
        topic: &Topic,
        (index, state): (i32, &PartitionState),
        origin: Origin,
    ) {
        let house = &self.house;
        let known = house.get((topic.id, index));
        // One that has no directory was assigned before: what it had may lie on a disk that is away.
        let origin = match known {
            Some(_) => Origin::Known(Vec::new()),
            None => origin,
        };
        let partition = known
            .filter(|known| known.dir().is_some())
            .unwrap_or_else(|| {
                let settings = Arc::new(settings::of_topic(image, &house.config, &topic.name));
                let replica = Assigned {
                    topic: &topic.name,
                    key: (topic.id, index),
                    state,
                };
                let (made, others) = store::make(house, &replica, origin, &settings);
                for other in others {
                    self.drop_stray(replica.key, other, "lies in another directory too");
                }
                let made = Arc::new(made);
                gauges::add(house, &made);
                house
                    .partitions
                    .write()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(Arc::clone(&made));
                if made.future().is_some() {
                    house.moves.begin(made.key);
                }
                made
            });
        let rules = house.rules(&Self::settings_of(&partition));
        let now_ms = house.clock.now_ms();
        match partition.follow_metadata(state, rules, image, now_ms) {
            Ok(moved) if moved.proposal => house.propose(&partition),
            Ok(_) => {}
            Err(failure) => {
                let refusal = house.told(failure);
                log::error!("{}-{index}: {:?}", topic.name, refusal.message);
                self.unsettled().insert(partition.key);
            }
        }
        house.place(&partition, state);
        if partition.dir().is_none() {
            self.unsettled().insert(partition.key);
        }
        self.fetchers.assign(house, &partition, partition.source());
    }

    fn unsettled(&self) -> MutexGuard<'_, BTreeSet<Key>> {
        self.unsettled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes what the disk had no room for when the metadata asked for it: replicas, and their roles.
    pub(super) fn settle(&self) {
        let _one_image_at_a_time = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        let image = self.house.image();
        for (id, index) in std::mem::take(&mut *self.unsettled()) {
            let topic = image.topic_by_id(id);
            let state = topic.and_then(|topic| at(topic, index));
            if let (Some(topic), Some(state)) = (topic, state)
                && self.is_mine(state)
            {
                self.take_up(&image, topic, (index, state), Origin::New);
            }
        }
    }

    fn settings_of(partition: &Partition) -> Arc<TopicSettings> {
        Arc::clone(partition.lock().settings())
    }

    /// Stops and deletes a replica that is no longer this broker's.
    fn drop_replica(&self, partition: &Arc<Partition>) {
        self.fetchers.assign(&self.house, partition, None);
        self.house
            .partitions
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(partition.key);
        self.house.forget_place(partition.key);
        gauges::forget(&self.house, partition);
        if self.house.of_topic(partition.key.0).is_empty() {
            gauges::forget_topic(&self.house, &partition.topic);
        }
        self.cancel_move(partition);
        let delay_ms = Self::settings_of(partition).file_delete_delay_ms;
        if let Some(log) = partition.release() {
            let path = store::delete(&self.house, partition.dir(), log);
            self.leave(path, delay_ms);
        }
    }

    /// Has a directory removed after a while.
    pub(super) fn leave(&self, path: Option<std::path::PathBuf>, delay_ms: i64) {
        if let Some(path) = path {
            let due_ms = self.house.clock.now_ms().saturating_add(delay_ms);
            self.leftovers.add(due_ms, path);
        }
    }

    fn reconfigure(&self, image: &Image, changed: &[Resource]) {
        let me = Some(self.house.me);
        let all = changed
            .iter()
            .any(|resource| matches!(resource, Resource::Broker(id) if id.is_none() || *id == me));
        let topics: Vec<&Topic> = if all {
            image.topics.values().map(Arc::as_ref).collect()
        } else {
            let named = changed.iter().filter_map(|resource| match resource {
                Resource::Topic(name) => image.topics.get(name.as_str()),
                _ => None,
            });
            named.map(Arc::as_ref).collect()
        };
        for topic in topics {
            let settings = Arc::new(settings::of_topic(image, &self.house.config, &topic.name));
            for partition in self.house.of_topic(topic.id) {
                partition.reconfigure(&settings, self.house.rules(&settings));
            }
        }
    }
}

fn at(topic: &Topic, index: i32) -> Option<&PartitionState> {
    let index = usize::try_from(index).ok()?;
    topic.partitions.get(index).map(Arc::as_ref)
}

fn is_assigned(image: &Image, id: Uuid, index: i32, broker: i32) -> bool {
    let state = image.topic_by_id(id).and_then(|topic| at(topic, index));
    state.is_some_and(|state| state.replicas.contains(&broker))
}
