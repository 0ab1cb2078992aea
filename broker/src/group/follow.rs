//! What the metadata means for groups: partitions of `__consumer_offsets` come and go by
//! leadership, offsets go with their topics.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use crate::meta::image::{Delta, Image, Topic};

use super::offsets_log::OFFSETS_TOPIC;
use super::shell::{Groups, Led};

impl Groups {
    /// Gains and loses partitions of `__consumer_offsets` by leadership, and forgets the offsets of
    /// deleted topics. Returns at once: what is gained loads in tasks of its own. Call it inside the
    /// runtime, for every change of the metadata in order.
    pub fn follow_metadata(self: &Arc<Self>, image: &Arc<Image>, delta: &Delta, node_id: i32) {
        *self.image.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(image);
        if let Some(topic) = image.topics.get(OFFSETS_TOPIC) {
            self.follow_topic(topic, delta, node_id);
        } else {
            self.set_partition_count(0);
            self.lose_all();
        }
        let gone: BTreeSet<&str> = delta
            .removed_topics
            .iter()
            .map(|(_, name)| &**name)
            .collect();
        if !gone.is_empty() {
            self.on_each(
                |_| true,
                |partition| partition.remove_topics(|topic| gone.contains(topic)),
            );
        }
    }

    fn lose_all(&self) {
        for led in self.all_led() {
            self.lose(led.index);
        }
    }

    fn follow_topic(self: &Arc<Self>, topic: &Topic, delta: &Delta, node_id: i32) {
        let count = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
        let before = self.set_partition_count(count);
        let replaced = delta
            .removed_topics
            .iter()
            .any(|(id, name)| &**name == OFFSETS_TOPIC && *id != topic.id);
        if replaced {
            self.lose_all();
        }
        if before != count || replaced {
            // Groups move between partitions when their number changes: all are looked at.
            (0..count).for_each(|index| self.follow_partition(topic, index, node_id));
            return;
        }
        for (id, index) in &delta.partitions {
            if *id == topic.id {
                self.follow_partition(topic, *index, node_id);
            }
        }
    }

    fn follow_partition(self: &Arc<Self>, topic: &Topic, index: i32, node_id: i32) {
        let state = usize::try_from(index).ok();
        let Some(state) = state.and_then(|at| topic.partitions.get(at)) else {
            return;
        };
        if state.leader != node_id {
            self.lose(index);
        } else if self.led_epoch(index) != Some(state.leader_epoch) {
            self.lead(index, state.leader_epoch);
        }
    }

    /// Topics may have been deleted while nobody led the partition.
    pub(super) fn forget_missing_topics(&self, led: &Led) {
        let image = self.image.read().unwrap_or_else(PoisonError::into_inner);
        let image = Arc::clone(&image);
        self.on_one(led, &|_| true, &|partition| {
            partition.remove_topics(|topic| !image.topics.contains_key(topic))
        });
    }
}
