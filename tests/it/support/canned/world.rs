//! The description a paper cluster answers from: counted out, so that any size is one line in a test.

use std::collections::BTreeMap;
use std::ops::Range;

use broker::wire::api_key::ApiKey;

/// End offset of every partition.
pub const END: i64 = 500;
/// Committed offset of every group in every partition it reads.
pub const COMMITTED: i64 = 300;

/// Brokers `1..=brokers`, topics `topic-00000…` of equal size, groups `group-00000…` that read neighbouring
/// partitions.
#[derive(Debug, Clone)]
pub struct World {
    pub brokers: i32,
    pub topics: usize,
    /// Partitions per topic.
    pub partitions: usize,
    pub replication: i32,
    pub groups: usize,
    /// Partitions that each group reads.
    pub reads: usize,
    /// Version ranges that differ from the codec's; `None` = not offered.
    pub versions: BTreeMap<ApiKey, Option<(i16, i16)>>,
    pub cluster_id: &'static str,
    /// What brokers advertise as their host; `{id}` stands for the id.
    pub host: &'static str,
}

impl World {
    /// A cluster without topics and groups.
    pub fn empty(brokers: i32) -> Self {
        Self {
            brokers,
            topics: 0,
            partitions: 0,
            replication: 3.min(brokers),
            groups: 0,
            reads: 0,
            versions: BTreeMap::new(),
            cluster_id: "paper-cluster-00000001",
            host: "127.0.0.1",
        }
    }

    /// With so many topics of so many partitions.
    #[must_use]
    pub fn topics(self, topics: usize, partitions: usize) -> Self {
        Self {
            topics,
            partitions,
            ..self
        }
    }

    /// With so many groups that read so many partitions each.
    #[must_use]
    pub fn groups(self, groups: usize, reads: usize) -> Self {
        Self {
            groups,
            reads,
            ..self
        }
    }

    /// With brokers that advertise these names.
    #[must_use]
    pub fn advertising(self, host: &'static str) -> Self {
        Self { host, ..self }
    }

    /// The host that a broker advertises.
    pub fn host(&self, id: i32) -> String {
        self.host.replace("{id}", &id.to_string())
    }

    /// With an API offered in these versions only, or not at all.
    #[must_use]
    pub fn offering(mut self, key: ApiKey, versions: Option<(i16, i16)>) -> Self {
        self.versions.insert(key, versions);
        self
    }

    /// A topic's name.
    pub fn topic(index: usize) -> String {
        format!("topic-{index:05}")
    }

    /// A group's name.
    pub fn group(index: usize) -> String {
        format!("group-{index:05}")
    }

    /// The replicas of a partition, leader first.
    pub fn replicas(&self, topic: usize, partition: usize) -> Vec<i32> {
        let first = i32::try_from((topic + partition) % 1_000_000).unwrap_or(0);
        (0..self.replication)
            .map(|step| (first + step) % self.brokers + 1)
            .collect()
    }

    /// The groups that a broker coordinates.
    pub fn coordinated(&self, node: i32) -> impl Iterator<Item = usize> {
        let (brokers, node) = (self.brokers, node - 1);
        (0..self.groups).filter(move |group| i32::try_from(*group).unwrap_or(0) % brokers == node)
    }

    /// The partitions that a group reads, as ranges by topic.
    pub fn reading(&self, group: usize) -> BTreeMap<usize, Vec<Range<usize>>> {
        let all = self.topics * self.partitions;
        let mut reading: BTreeMap<usize, Vec<Range<usize>>> = BTreeMap::new();
        if all == 0 {
            return reading;
        }
        for place in group * self.reads..(group + 1) * self.reads {
            let (topic, partition) = (place % all / self.partitions, place % self.partitions);
            reading
                .entry(topic)
                .or_default()
                .push(partition..partition + 1);
        }
        reading
    }
}
