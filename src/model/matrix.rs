//! Each broker's share of the partitions, and who follows whom (operations.md §1.4). One pass over the partitions.
//!
//! Never decides a verdict: it counts.

use std::collections::{BTreeMap, BTreeSet};

use super::broker::BrokerId;
use super::facts::Facts;
use super::topic::{Move, Partition, Topic};

/// A pattern is only read from so many partitions: fewer are chance.
const MIN_PARTITIONS: u32 = 3;

/// What the partitions say about one broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// Partitions it leads.
    pub leaders: u32,
    /// Partitions whose preferred leader it is.
    pub preferred: u32,
    /// … and of those, how many it leads.
    pub preferred_led: u32,
    /// Replicas on it, adding ones included.
    pub replicas: u32,
    /// Replicas of it that should be in sync and are not.
    pub out_of_sync: u32,
    /// Replicas of it that the cluster calls offline.
    pub offline: u32,
    /// Partitions it leads that a broker should follow which keeps up with others.
    pub followed: u32,
    /// … and of those, how many nobody follows.
    pub abandoned: u32,
    /// Its replicas of partitions that another broker leads.
    pub following: u32,
    /// … and of those, how many are out of sync.
    pub lost: u32,
}

impl Share {
    /// Row full, `a(X) ≥ 0.9`: nobody follows it.
    pub fn nobody_follows(&self) -> bool {
        self.followed >= MIN_PARTITIONS && mostly(self.abandoned, self.followed)
    }

    /// Column full, `b(X) ≥ 0.9`: it follows nobody.
    pub fn follows_nobody(&self) -> bool {
        self.following >= MIN_PARTITIONS && mostly(self.lost, self.following)
    }
}

/// Nine of ten.
fn mostly(part: u32, whole: u32) -> bool {
    whole > 0 && u64::from(part) * 10 >= u64::from(whole) * 9
}

/// The shares of all brokers that partitions or the broker list name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matrix {
    /// Sorted, so that a lookup is a search in a short list.
    ids: Vec<BrokerId>,
    shares: Vec<Share>,
}

impl Matrix {
    /// Counts the partitions of the facts.
    pub fn count(facts: &Facts) -> Self {
        let Some(topology) = facts.topology.value() else {
            return Self::default();
        };
        let mut ids: BTreeSet<BrokerId> = topology.brokers.keys().copied().collect();
        let mut last: &[BrokerId] = &[];
        for partition in topology.topics.values().flat_map(|topic| &topic.partitions) {
            if *partition.replicas != *last {
                ids.extend(partition.replicas.iter().copied());
                last = &partition.replicas;
            }
            ids.extend(partition.leader);
        }
        let ids: Vec<BrokerId> = ids.into_iter().collect();
        let mut matrix = Self {
            shares: vec![Share::default(); ids.len()],
            ids,
        };
        let moves = Moves::of(facts);
        for topic in topology.topics.values() {
            for partition in &topic.partitions {
                matrix.add(partition, moves.of_partition(topic, partition));
            }
        }
        if matrix.shares.iter().any(|share| share.out_of_sync > 0) {
            matrix.count_followers(facts, &moves);
        }
        matrix
    }

    /// The share of one broker; `None` = named nowhere.
    pub fn share(&self, id: BrokerId) -> Option<&Share> {
        self.shares.get(self.ids.binary_search(&id).ok()?)
    }

    /// Brokers that hold at least one replica.
    pub fn referenced(&self) -> impl Iterator<Item = BrokerId> {
        self.ids
            .iter()
            .zip(&self.shares)
            .filter(|(_, share)| share.replicas > 0)
            .map(|(id, _)| *id)
    }

    fn share_mut(&mut self, id: BrokerId) -> Option<&mut Share> {
        self.shares.get_mut(self.ids.binary_search(&id).ok()?)
    }

    fn add(&mut self, partition: &Partition, moving: Option<&Move>) {
        if let Some(leader) = partition.leader
            && let Some(share) = self.share_mut(leader)
        {
            share.leaders += 1;
        }
        for (position, id) in partition.replicas.iter().enumerate() {
            let adding = moving.is_some_and(|m| m.adding.contains(id));
            let missing = !adding && !partition.isr.contains(id);
            let offline = !partition.offline.is_empty() && partition.offline.contains(id);
            let follows = !adding && partition.leader.is_some_and(|leader| leader != *id);
            let Some(share) = self.share_mut(*id) else {
                continue;
            };
            share.replicas += 1;
            share.out_of_sync += u32::from(missing);
            share.offline += u32::from(offline);
            share.preferred += u32::from(position == 0);
            share.preferred_led += u32::from(position == 0 && partition.leader == Some(*id));
            share.following += u32::from(follows);
            share.lost += u32::from(follows && missing);
        }
    }

    /// Fills the rows. A follower speaks against a leader only if it keeps up with somebody else: one that follows nobody
    /// (dead, or just restarted) would make every leader look abandoned.
    fn count_followers(&mut self, facts: &Facts, moves: &Moves<'_>) {
        let Some(topology) = facts.topology.value() else {
            return;
        };
        let witness: Vec<bool> = self
            .shares
            .iter()
            .map(|share| !mostly(share.lost, share.following))
            .collect();
        for topic in topology.topics.values() {
            for partition in topic.partitions.iter().filter(|p| p.replicas.len() > 1) {
                let moving = moves.of_partition(topic, partition);
                self.add_row(partition, moving, &witness);
            }
        }
    }

    fn add_row(&mut self, partition: &Partition, moving: Option<&Move>, witness: &[bool]) {
        let Some(leader) = partition.leader else {
            return;
        };
        let mut followers = partition
            .replicas
            .iter()
            .filter(|id| **id != leader)
            .filter(|id| !moving.is_some_and(|m| m.adding.contains(id)))
            .filter(|id| {
                let position = self.ids.binary_search(id).ok();
                position
                    .and_then(|at| witness.get(at))
                    .is_some_and(|counts| *counts)
            })
            .peekable();
        if followers.peek().is_none() {
            return;
        }
        let abandoned = !followers.any(|id| partition.isr.contains(id));
        if let Some(share) = self.share_mut(leader) {
            share.followed += 1;
            share.abandoned += u32::from(abandoned);
        }
    }
}

/// Running moves, looked up without building a key per partition.
pub struct Moves<'a> {
    by_topic: BTreeMap<&'a str, Vec<(i32, &'a Move)>>,
}

impl<'a> Moves<'a> {
    /// Groups the moves by topic; they are few.
    pub fn of(facts: &'a Facts) -> Self {
        let mut by_topic: BTreeMap<&str, Vec<(i32, &Move)>> = BTreeMap::new();
        for (partition, moving) in facts
            .moves
            .value()
            .into_iter()
            .flat_map(|moves| moves.iter())
        {
            by_topic
                .entry(&partition.topic)
                .or_default()
                .push((partition.partition, moving));
        }
        Self { by_topic }
    }

    /// The moves of one topic.
    pub fn of_topic(&self, topic: &Topic) -> &[(i32, &'a Move)] {
        if self.by_topic.is_empty() {
            return &[];
        }
        self.by_topic
            .get(&*topic.name)
            .map_or(&[], |moves| moves.as_slice())
    }

    /// The move of one partition.
    pub fn of_partition(&self, topic: &Topic, partition: &Partition) -> Option<&'a Move> {
        self.of_topic(topic)
            .iter()
            .find(|(index, _)| *index == partition.index)
            .map(|(_, moving)| *moving)
    }
}
