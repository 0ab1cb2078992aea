//! News of the metadata for everybody on the node: the newest image for those who only look, and
//! for those who follow every change without loss. A reader that is slow gets changes merged, so
//! that what waits for it is bounded by what exists, not by how often it changed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{Notify, watch};

use crate::meta::image::{Delta, Image};

/// Where images come out; a handle, cheap to clone.
#[derive(Debug, Clone)]
pub struct Feed {
    newest: watch::Sender<Arc<Image>>,
    readers: Arc<Mutex<Vec<Weak<Slot>>>>,
}

/// What waits for one reader.
#[derive(Debug, Default)]
struct Slot {
    news: Mutex<News>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct News {
    waiting: Option<(Arc<Image>, Delta)>,
    is_over: bool,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            newest: watch::Sender::new(Arc::new(Image::empty())),
            readers: Arc::default(),
        }
    }
}

impl Slot {
    /// Takes what waits, and says whether more can come.
    fn look(&self) -> (Option<(Arc<Image>, Delta)>, bool) {
        let mut news = lock(&self.news);
        (news.waiting.take(), news.is_over)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Feed {
    /// The newest image, and news of every later one.
    pub fn images(&self) -> watch::Receiver<Arc<Image>> {
        self.newest.subscribe()
    }

    /// Every change from here on; the first news is the whole image as it is now.
    pub fn subscribe(&self) -> Changes {
        let mut readers = lock(&self.readers);
        let image = self.newest.borrow().clone();
        let delta = between(&Image::empty(), &image);
        let slot = Arc::new(Slot::default());
        lock(&slot.news).waiting = Some((image, delta));
        slot.wake.notify_one();
        readers.retain(|reader| reader.strong_count() > 0);
        readers.push(Arc::downgrade(&slot));
        Changes { slot }
    }

    /// Tells everybody of an image and of what changed since the one before.
    pub fn publish(&self, image: Arc<Image>, delta: &Delta) {
        let readers = lock(&self.readers);
        for slot in readers.iter().filter_map(Weak::upgrade) {
            let mut news = lock(&slot.news);
            let merged = match news.waiting.take() {
                Some((_, mut earlier)) => {
                    earlier.merge(delta.clone());
                    shorten(&mut earlier);
                    earlier
                }
                None => delta.clone(),
            };
            news.waiting = Some((Arc::clone(&image), merged));
            slot.wake.notify_one();
        }
        self.newest.send_replace(image);
    }

    /// Says that no change will follow.
    pub fn close(&self) {
        for slot in lock(&self.readers).iter().filter_map(Weak::upgrade) {
            lock(&slot.news).is_over = true;
            slot.wake.notify_one();
        }
    }
}

/// Changes of the metadata, in order and without loss.
#[derive(Debug)]
pub struct Changes {
    slot: Arc<Slot>,
}

impl Changes {
    /// Waits for the next change: the image and all that changed since the last call. The first
    /// call gives the whole image as changed. `None` once the node's quorum is shut down.
    pub async fn next(&mut self) -> Option<(Arc<Image>, Delta)> {
        loop {
            let (waiting, is_over) = self.slot.look();
            if waiting.is_some() || is_over {
                return waiting;
            }
            self.slot.wake.notified().await;
        }
    }
}

/// Names each thing that changed once.
fn shorten(delta: &mut Delta) {
    delta.brokers.sort_unstable();
    delta.brokers.dedup();
    delta.partitions.sort_unstable();
    delta.partitions.dedup();
    delta.removed_topics.sort_unstable();
    delta.removed_topics.dedup();
    delta.configs.sort_unstable();
    delta.configs.dedup();
}

/// All that differs between two images.
pub fn between(old: &Image, new: &Image) -> Delta {
    let mut delta = Delta {
        brokers: differing(&old.brokers, &new.brokers),
        configs: differing(&old.configs, &new.configs),
        ..Delta::default()
    };
    for (id, name) in &*old.topic_names {
        if !new.topic_names.contains_key(id) {
            delta.removed_topics.push((*id, Arc::clone(name)));
        }
    }
    for topic in new.topics.values() {
        let before = old.topic_by_id(topic.id);
        for (index, state) in (0_i32..).zip(&topic.partitions) {
            let known = before.and_then(|before| old.partition(&before.name, index));
            if known != Some(state) {
                delta.partitions.push((topic.id, index));
            }
        }
    }
    delta
}

/// Keys that are in one map only, or have another value in each.
fn differing<K: Ord + Clone, V: PartialEq>(old: &BTreeMap<K, V>, new: &BTreeMap<K, V>) -> Vec<K> {
    let gone = old.keys().filter(|key| !new.contains_key(key));
    let changed = new
        .iter()
        .filter(|(key, value)| old.get(key) != Some(value));
    gone.chain(changed.map(|(key, _)| key)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::apply::apply;
    use crate::meta::record::{PartitionState, Record, Resource};
    use crate::wire::uuid::Uuid;

    fn state(leader: i32) -> PartitionState {
        PartitionState {
            replicas: vec![1],
            directories: vec![Uuid::ZERO],
            isr: vec![1],
            adding: Vec::new(),
            removing: Vec::new(),
            elr: Vec::new(),
            last_known_elr: Vec::new(),
            leader,
            leader_epoch: 0,
            partition_epoch: 0,
            recovering: false,
        }
    }

    fn topic(number: u8) -> [Record; 2] {
        let id = Uuid([number; 16]);
        let (name, state) = (format!("topic-{number}"), state(1));
        [
            Record::Topic { id, name },
            Record::Partition {
                topic: id,
                index: 0,
                state,
            },
        ]
    }

    fn with(image: &Image, records: &[Record]) -> (Image, Delta) {
        let (mut image, mut delta) = (image.clone(), Delta::default());
        for record in records {
            let offset = image.offset + 1;
            apply(&mut image, offset, record, &mut delta);
        }
        (image, delta)
    }

    #[test]
    fn all_that_differs_between_two_images_is_named_and_nothing_else() {
        let (old, _) = with(&Image::empty(), &[topic(1), topic(2), topic(3)].concat());
        let (id, name) = (Uuid([1; 16]), "topic-1".to_owned());
        let (new, _) = with(
            &old,
            &[
                Record::Partition {
                    topic: Uuid([2; 16]),
                    index: 0,
                    state: state(-1),
                },
                Record::RemoveTopic { id },
                Record::Config {
                    resource: Resource::Broker(None),
                    key: "log.retention.ms".to_owned(),
                    value: Some("1".to_owned()),
                },
            ],
        );
        let delta = between(&old, &new);
        assert_eq!(delta.partitions, [(Uuid([2; 16]), 0)]);
        assert_eq!(delta.removed_topics, [(id, Arc::from(name))]);
        assert_eq!(delta.configs, [Resource::Broker(None)]);
        assert_eq!(between(&new, &new), Delta::default());
    }

    #[tokio::test]
    async fn what_waits_for_a_slow_reader_names_each_thing_once() {
        let feed = Feed::default();
        let mut changes = feed.subscribe();
        let (mut image, mut delta) = with(&Image::empty(), &topic(1));
        for leader in 0..100 {
            feed.publish(Arc::new(image.clone()), &delta);
            let moved = Record::Partition {
                topic: Uuid([1; 16]),
                index: 0,
                state: state(leader),
            };
            (image, delta) = with(&image, &[moved]);
        }
        let (newest, delta) = changes.next().await.unwrap();
        assert_eq!((newest.offset, delta.partitions.len()), (100, 1));
        feed.close();
        assert!(changes.next().await.is_none());
    }
}
