//! Consumer groups of a scene.

use std::collections::BTreeMap;
use std::sync::Arc;

use lookout::model::group::{Group, GroupKind, GroupOffset, Groups, Member};
use lookout::model::topic::{Topic, TopicName};
use lookout::model::{BrokerId, Coverage, Facts, Observed, Source};

use super::{Scene, SceneGroup, cluster, topics};

pub fn add(scene: &Scene, facts: &mut Facts) {
    let Some(topology) = facts.topology.value() else {
        return;
    };
    let by_id: BTreeMap<Arc<str>, Arc<Group>> = scene
        .group
        .iter()
        .map(|group| {
            let built = build(scene, group, &topology.topics);
            (group.id.as_str().into(), Arc::new(built))
        })
        .collect();
    let asked: Vec<BrokerId> = topology.brokers.keys().copied().collect();
    let answered = asked
        .iter()
        .copied()
        .filter(|id| !scene.hanging.contains_key(&id.0.to_string()))
        .collect();
    let groups = Groups {
        by_id,
        coverage: Coverage { asked, answered },
    };
    facts.groups = cluster::section(scene, "groups", groups);
}

fn build(scene: &Scene, group: &SceneGroup, topics: &BTreeMap<TopicName, Arc<Topic>>) -> Group {
    let offsets = offsets(group, topics);
    let members = (0..group.members as usize)
        .map(|index| member(group, index, &offsets))
        .collect();
    let alive: Vec<i32> = scene
        .brokers()
        .into_iter()
        .map(|(id, _)| id)
        .filter(|id| !scene.absent(*id))
        .collect();
    let coordinator = BrokerId(
        alive
            .get(group.id.len() % alive.len().max(1))
            .copied()
            .unwrap_or(1),
    );
    let at = scene.learned();
    let from = Source::Broker(coordinator);
    Group {
        id: group.id.as_str().into(),
        kind: kind(&group.kind),
        state: group.state.as_str().into(),
        protocol: if group.kind == "classic" {
            "consumer"
        } else {
            ""
        }
        .into(),
        coordinator,
        members: if group.unknown {
            Observed::failed(cluster::no_answer("the coordinator does not answer"))
        } else {
            Observed::learned(Arc::new(members), at, from)
        },
        offsets: if group.unknown {
            Observed::failed(cluster::no_answer("the coordinator does not answer"))
        } else {
            Observed::learned(Arc::new(offsets), at, from)
        },
    }
}

fn offsets(group: &SceneGroup, topics: &BTreeMap<TopicName, Arc<Topic>>) -> Vec<GroupOffset> {
    group
        .reads
        .iter()
        .flat_map(|(name, lag)| {
            let topic = topics.get(name.as_str());
            let topic = topic.unwrap_or_else(|| panic!("{} reads {name}: no such topic", group.id));
            topic
                .partitions
                .iter()
                .map(move |partition| (topic, partition, *lag))
        })
        .enumerate()
        .map(|(position, (topic, partition, lag))| {
            let end = topics::range(partition).end;
            GroupOffset {
                topic: topic.name.clone(),
                partition: partition.index,
                committed: (lag >= 0).then(|| end.unwrap_or(1_204_881).saturating_sub(lag)),
                end,
                reported_lag: None,
                member: (group.members > 0).then_some(position % group.members.max(1) as usize),
            }
        })
        .collect()
}

fn member(group: &SceneGroup, index: usize, offsets: &[GroupOffset]) -> Member {
    let mut assigned: BTreeMap<TopicName, Vec<i32>> = BTreeMap::new();
    for offset in offsets.iter().filter(|offset| offset.member == Some(index)) {
        assigned
            .entry(offset.topic.clone())
            .or_default()
            .push(offset.partition);
    }
    Member {
        id: format!("{}-{index}-0a1b2c3d", group.id).into(),
        client_id: format!("{}-{index}", group.id).into(),
        host: format!("/10.0.0.{}", 10 + index).into(),
        instance_id: None,
        assigned: assigned.into_iter().collect(),
    }
}

fn kind(name: &str) -> GroupKind {
    match name {
        "classic" => GroupKind::Classic,
        "consumer" => GroupKind::Consumer,
        "share" => GroupKind::Share,
        "streams" => GroupKind::Streams,
        other => GroupKind::Unknown(other.into()),
    }
}
