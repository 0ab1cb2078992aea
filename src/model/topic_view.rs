//! The state of every partition of a topic by the H- rules (operations.md §2.1). Pure; one topic at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::broker::BrokerId;
use super::facts::Facts;
use super::matrix::Moves;
use super::snapshot::{PartitionState, Snapshot, TopicView};
use super::topic::{Move, Partition, Topic, TopicConfig, TopicName, Topics};

/// `RF(p)`: replicas without the ones being added.
pub fn replication_factor(partition: &Partition, moving: Option<&Move>) -> u16 {
    let adding = moving.map_or(0, |m| m.adding.len());
    let count = partition.replicas.len().saturating_sub(adding);
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// Size of `ISR(p)`.
pub fn in_sync(partition: &Partition) -> u16 {
    u16::try_from(partition.isr.len()).unwrap_or(u16::MAX)
}

/// One view per topic.
pub type TopicViews = BTreeMap<TopicName, Arc<TopicView>>;

/// The views of all topics. A topic whose inputs are those of the previous snapshot keeps its view, and if all are, the
/// whole map is the same.
pub fn view_topics(facts: &Facts, previous: Option<&Snapshot>) -> Arc<TopicViews> {
    let Some(topology) = facts.topology.value() else {
        return Arc::default();
    };
    let reuse = previous.and_then(|previous| Reuse::of(previous, facts));
    if let Some(all) = reuse.as_ref().and_then(|reuse| reuse.all(facts)) {
        return all;
    }
    let alive: BTreeSet<BrokerId> = topology.brokers.keys().copied().collect();
    let moves = Moves::of(facts);
    let views = topology.topics.iter().map(|(name, topic)| {
        let kept = reuse
            .as_ref()
            .and_then(|reuse| reuse.view(name, topic, facts));
        let view = kept.unwrap_or_else(|| Arc::new(view_topic(topic, facts, &moves, &alive)));
        (name.clone(), view)
    });
    Arc::new(views.collect())
}

/// What may be taken over from the previous snapshot: only if the brokers and the moves are the same.
struct Reuse<'a> {
    previous: &'a Snapshot,
    topics: &'a Arc<Topics>,
}

impl<'a> Reuse<'a> {
    fn of(previous: &'a Snapshot, facts: &Facts) -> Option<Self> {
        let old = previous.facts.topology.value()?;
        let new = facts.topology.value()?;
        let same = old.brokers.keys().eq(new.brokers.keys())
            && previous.facts.moves.value() == facts.moves.value();
        same.then_some(Self {
            previous,
            topics: &old.topics,
        })
    }

    /// All views, if nothing at all has changed.
    fn all(&self, facts: &Facts) -> Option<Arc<TopicViews>> {
        let before = &self.previous.facts;
        let same = facts
            .topology
            .value()
            .is_some_and(|topology| Arc::ptr_eq(self.topics, &topology.topics))
            && same_arc(before.configs.value(), facts.configs.value())
            && Arc::ptr_eq(&before.sizes, &facts.sizes);
        same.then(|| Arc::clone(&self.previous.topics))
    }

    fn view(&self, name: &TopicName, topic: &Arc<Topic>, facts: &Facts) -> Option<Arc<TopicView>> {
        let old = self.topics.get(name)?;
        let before = &self.previous.facts;
        let same = Arc::ptr_eq(old, topic)
            && (same_arc(before.configs.value(), facts.configs.value())
                || config(before, name) == config(facts, name))
            && (Arc::ptr_eq(&before.sizes, &facts.sizes)
                || before.sizes.get(name) == facts.sizes.get(name));
        same.then(|| self.previous.topics.get(name).cloned())?
    }
}

fn same_arc<T>(old: Option<&Arc<T>>, new: Option<&Arc<T>>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => Arc::ptr_eq(old, new),
        (None, None) => true,
        _ => false,
    }
}

fn config<'a>(facts: &'a Facts, name: &TopicName) -> Option<&'a TopicConfig> {
    facts.configs.value()?.get(name)
}

fn view_topic(
    topic: &Topic,
    facts: &Facts,
    moves: &Moves<'_>,
    alive: &BTreeSet<BrokerId>,
) -> TopicView {
    let required = config(facts, &topic.name).and_then(|config| config.min_insync_replicas);
    let mut view = TopicView {
        under_min_isr: required.map(|_| 0),
        at_min_isr: required.map(|_| 0),
        states: Vec::with_capacity(topic.partitions.len()),
        size_bytes: facts.sizes.get(&topic.name).map(|sizes| {
            sizes
                .values()
                .fold(0_u64, |sum, size| sum.saturating_add(*size))
        }),
        ..TopicView::default()
    };
    let mut factors: Option<(u16, u16)> = None;
    for partition in &topic.partitions {
        let moving = moves.of_partition(topic, partition);
        let factor = replication_factor(partition, moving);
        let (low, high) = factors.unwrap_or((factor, factor));
        factors = Some((low.min(factor), high.max(factor)));
        view.moving += u32::from(moving.is_some());
        let leader_alive = partition
            .leader
            .is_none_or(|leader| alive.contains(&leader));
        view.add(partition, factor, required, leader_alive);
    }
    view.replication_factor = factors.unwrap_or_default();
    view.min_isr = required.map(|required| required.min(view.replication_factor.0));
    view
}

impl TopicView {
    /// Counts one partition. A topic error leaves no partitions, so nothing is claimed about it.
    fn add(
        &mut self,
        partition: &Partition,
        factor: u16,
        required: Option<u16>,
        leader_alive: bool,
    ) {
        let in_sync = in_sync(partition);
        let leaderless = partition.leader.is_none();
        let under = required.is_some_and(|required| in_sync < required.min(factor));
        let at = required.is_some_and(|required| {
            !leaderless && in_sync == required.min(factor) && in_sync < factor
        });
        self.under_replicated += u32::from(in_sync < factor);
        self.no_leader += u32::from(leaderless);
        if let Some(count) = &mut self.under_min_isr {
            *count += u32::from(under || leaderless);
        }
        if let Some(count) = &mut self.at_min_isr {
            *count += u32::from(at);
        }
        self.states.push(if leaderless {
            PartitionState::NoLeader
        } else if !leader_alive {
            PartitionState::LeaderDead
        } else if under {
            PartitionState::UnderMinIsr
        } else if in_sync == 1 && factor >= 2 {
            PartitionState::OneCopyLeft
        } else if at {
            PartitionState::AtMinIsr
        } else if in_sync < factor {
            PartitionState::UnderReplicated
        } else {
            PartitionState::Healthy
        });
    }
}
