//! Topics of a scene: assignment, and what the deaths have left of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use lookout::model::facts::LogRange;
use lookout::model::topic::{Move, Partition, Topic, TopicConfig, TopicName, TopicPartition};
use lookout::model::{BrokerId, Facts, Observed, Source, Topology};

use super::{Scene, ScenePartition, SceneTopic, cluster};

pub fn add(scene: &Scene, facts: &mut Facts) {
    let Some(topology) = facts.topology.value() else {
        return;
    };
    let topics: BTreeMap<TopicName, Arc<Topic>> = scene
        .topic
        .iter()
        .map(|topic| (topic.name.as_str().into(), Arc::new(build(scene, topic))))
        .collect();
    facts.ranges = Arc::new(ranges(scene, &topics));
    let topology = Topology {
        topics: Arc::new(topics),
        ..(**topology).clone()
    };
    let from = facts.topology.from();
    facts.topology = Observed::learned(Arc::new(topology), scene.learned(), from);
    if scene.stale.is_some() {
        facts
            .topology
            .fail(cluster::no_answer("Metadata: no answer"));
    }
    facts.configs = cluster::section(scene, "configs", configs(scene));
    facts.moves = cluster::section(scene, "moves", moves(scene));
    facts.sizes = Arc::new(
        scene
            .topic
            .iter()
            .filter(|topic| topic.size > 0)
            .map(|topic| (topic.name.as_str().into(), sizes(topic)))
            .collect(),
    );
}

fn build(scene: &Scene, topic: &SceneTopic) -> Topic {
    Topic {
        name: topic.name.as_str().into(),
        id: Some([7; 16]),
        internal: topic.internal,
        error: 0,
        partitions: (0..topic.partitions)
            .map(|index| partition(scene, topic, index))
            .collect(),
    }
}

fn partition(scene: &Scene, topic: &SceneTopic, index: u32) -> Partition {
    let overrides = topic
        .partition
        .get(&index.to_string())
        .cloned()
        .unwrap_or_default();
    let brokers = scene.brokers();
    let replicas = overrides.replicas.clone().unwrap_or_else(|| {
        (0..topic.rf)
            // Every round over the brokers shifts the followers, as Kafka's own placement does.
            .map(|k| {
                let shift = if k == 0 { 0 } else { index as usize / brokers.len() };
                let followers = brokers.len().max(2) - 1;
                let step = if k == 0 { 0 } else { 1 + (k as usize - 1 + shift) % followers };
                brokers[(topic.first as usize + index as usize + step) % brokers.len()].0
            })
            .collect()
    });
    let isr = overrides
        .isr
        .clone()
        .unwrap_or_else(|| in_sync(scene, &replicas, &overrides));
    let leader = overrides.leader.unwrap_or_else(|| {
        let electable = |id: &&i32| isr.contains(id) && !scene.absent(**id);
        replicas.iter().find(electable).copied().unwrap_or(-1)
    });
    let offline = overrides.offline.unwrap_or_else(|| {
        let absent = |id: &i32| scene.absent(*id);
        replicas.iter().copied().filter(absent).collect()
    });
    let ids = |ids: Vec<i32>| ids.into_iter().map(BrokerId).collect();
    Partition {
        index: i32::try_from(index).unwrap(),
        leader: (leader >= 0).then_some(BrokerId(leader)),
        leader_epoch: Some(3),
        error: if leader < 0 { 5 } else { 0 },
        replicas: ids(replicas),
        isr: ids(isr),
        offline: ids(offline),
    }
}

/// The last to die stays in the in-sync set.
fn in_sync(scene: &Scene, replicas: &[i32], overrides: &ScenePartition) -> Vec<i32> {
    // Nobody could fetch from it, so it has thrown everybody out; then it may have died as well.
    let alone = |id: Option<&i32>| id.copied().filter(|id| scene.abandoned.contains(id));
    if let Some(leader) = alone(replicas.first()) {
        return vec![leader];
    }
    let mut isr: Vec<i32> = replicas
        .iter()
        .copied()
        .filter(|id| !overrides.adding.contains(id))
        .collect();
    for gone in scene.absent_in_order().iter().chain(&scene.behind) {
        if isr.len() > 1 {
            isr.retain(|id| id != gone);
        }
    }
    // The same after it took over from a dead leader.
    alone(isr.first()).map_or(isr, |leader| vec![leader])
}

fn configs(scene: &Scene) -> BTreeMap<TopicName, TopicConfig> {
    scene
        .topic
        .iter()
        .map(|topic| {
            let config = TopicConfig {
                min_insync_replicas: u16::try_from(topic.min_isr).ok(),
                compacted: Some(topic.compacted),
                retention_ms: Some(604_800_000),
            };
            (topic.name.as_str().into(), config)
        })
        .collect()
}

fn moves(scene: &Scene) -> BTreeMap<TopicPartition, Move> {
    let mut moves = BTreeMap::new();
    for topic in &scene.topic {
        for (index, partition) in &topic.partition {
            if partition.adding.is_empty() {
                continue;
            }
            let key = TopicPartition {
                topic: topic.name.as_str().into(),
                partition: index.parse().unwrap(),
            };
            let adding = partition.adding.iter().copied().map(BrokerId).collect();
            moves.insert(
                key,
                Move {
                    adding,
                    removing: Box::default(),
                },
            );
        }
    }
    moves
}

fn sizes(topic: &SceneTopic) -> BTreeMap<i32, u64> {
    let each = topic.size / u64::from(topic.partitions.max(1));
    (0..topic.partitions)
        .map(|index| (i32::try_from(index).unwrap(), each))
        .collect()
}

fn ranges(
    scene: &Scene,
    topics: &BTreeMap<TopicName, Arc<Topic>>,
) -> BTreeMap<TopicName, Observed<Arc<BTreeMap<i32, LogRange>>>> {
    topics
        .iter()
        .map(|(name, topic)| {
            let ranges = topic
                .partitions
                .iter()
                .map(|p| (p.index, range(p)))
                .collect();
            let learned = Observed::learned(Arc::new(ranges), scene.learned(), Source::Bootstrap);
            (name.clone(), learned)
        })
        .collect()
}

/// Log ends that differ from partition to partition; without a leader nobody tells them.
pub fn range(partition: &Partition) -> LogRange {
    match partition.leader {
        Some(_) => LogRange {
            start: Some(0),
            end: Some(1_204_881 + 1013 * i64::from(partition.index)),
        },
        None => LogRange::default(),
    }
}
