//! The committed offsets of one group, and which of them are being written. What is on its way is
//! never shown: it could still be lost. Pure.

use std::collections::BTreeMap;

use super::schema::OffsetValue;

/// An offset that changes: a new value, or `None` to remove it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetChange {
    /// The topic's name.
    pub topic: String,
    /// The partition's index.
    pub partition: i32,
    /// What it becomes.
    pub value: Option<OffsetValue>,
}

impl OffsetChange {
    /// Whether its metadata is short enough to be kept (`offset.metadata.max.bytes`).
    pub fn fits(&self, limit: usize) -> bool {
        let value = self.value.as_ref();
        value.is_none_or(|value| value.metadata.len() <= limit)
    }
}

#[derive(Debug, Default)]
struct Slot {
    committed: Option<OffsetValue>,
    /// Writes that are appended and not settled.
    in_flight: u32,
}

/// All offsets of a group.
#[derive(Debug, Default)]
pub struct Offsets {
    topics: BTreeMap<String, BTreeMap<i32, Slot>>,
}

impl Offsets {
    /// A change is on its way into the log.
    pub fn begin(&mut self, change: &OffsetChange) {
        let topic = self.topics.entry(change.topic.clone()).or_default();
        topic.entry(change.partition).or_default().in_flight += 1;
    }

    /// A change that was on its way is committed.
    pub fn commit(&mut self, change: &OffsetChange) {
        self.end(change, |slot| slot.committed.clone_from(&change.value));
    }

    /// A change that was on its way could not be written.
    pub fn abandon(&mut self, change: &OffsetChange) {
        self.end(change, |_| ());
    }

    fn end(&mut self, change: &OffsetChange, act: impl FnOnce(&mut Slot)) {
        let Some(topic) = self.topics.get_mut(&change.topic) else {
            return;
        };
        let Some(slot) = topic.get_mut(&change.partition) else {
            return;
        };
        slot.in_flight = slot.in_flight.saturating_sub(1);
        act(slot);
        if slot.committed.is_none() && slot.in_flight == 0 {
            topic.remove(&change.partition);
        }
        if topic.is_empty() {
            self.topics.remove(&change.topic);
        }
    }

    /// Takes an offset in as it was read from the log.
    pub fn restore(&mut self, topic: String, partition: i32, value: OffsetValue) {
        let topic = self.topics.entry(topic).or_default();
        topic.entry(partition).or_default().committed = Some(value);
    }

    /// A committed offset.
    pub fn get(&self, topic: &str, partition: i32) -> Option<&OffsetValue> {
        self.topics.get(topic)?.get(&partition)?.committed.as_ref()
    }

    /// All committed offsets, in order.
    pub fn committed(&self) -> impl Iterator<Item = (&str, i32, &OffsetValue)> {
        self.topics.iter().flat_map(|(topic, partitions)| {
            partitions.iter().filter_map(|(partition, slot)| {
                let value = slot.committed.as_ref()?;
                Some((topic.as_str(), *partition, value))
            })
        })
    }

    /// Names of the topics it has offsets of.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        self.topics.keys().map(String::as_str)
    }

    /// Whether nothing is committed and nothing on its way.
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// Removals of everything there is or may yet be.
    pub fn clear_all(&self) -> Vec<OffsetChange> {
        let topics = self.topics.keys();
        topics.flat_map(|topic| self.clear_topic(topic)).collect()
    }

    /// Removals of everything of one topic.
    pub fn clear_topic(&self, topic: &str) -> Vec<OffsetChange> {
        let partitions = self.topics.get(topic).into_iter().flatten();
        partitions
            .map(|(partition, _)| removal(topic, *partition))
            .collect()
    }

    /// Removals of the committed offsets that `expired` names and that nobody is writing.
    pub fn clear_where(&self, expired: impl Fn(&str, &OffsetValue) -> bool) -> Vec<OffsetChange> {
        let slots = self.topics.iter().flat_map(|(topic, partitions)| {
            let settled = partitions.iter().filter(|(_, slot)| slot.in_flight == 0);
            settled.map(move |(partition, slot)| (topic, *partition, slot.committed.as_ref()))
        });
        slots
            .filter(|(topic, _, value)| value.is_some_and(|value| expired(topic, value)))
            .map(|(topic, partition, _)| removal(topic, partition))
            .collect()
    }

    /// How many offsets there are, on their way included.
    pub fn len(&self) -> usize {
        self.topics.values().map(BTreeMap::len).sum()
    }
}

/// The removal of one offset.
pub fn removal(topic: &str, partition: i32) -> OffsetChange {
    OffsetChange {
        topic: topic.to_owned(),
        partition,
        value: None,
    }
}
