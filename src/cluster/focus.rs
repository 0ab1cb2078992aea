//! Details of what the operator looks at, at a quicker pace than the rounds, and of nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

use super::assembler::{Learned, Update};
use super::groups;
use super::offsets::{self, Point, Wanted};
use super::pace::jitter;
use super::poll::Desk;
use crate::clock::now;
use crate::model::facts::LogRange;
use crate::model::{Focus, Source, TopicName, Topology};

/// Follows the operator's eyes until the watch is over.
pub async fn follow(mut desk: Desk, mut focus: watch::Receiver<Focus>) {
    loop {
        let looked_at = focus.borrow_and_update().clone();
        let pause = match &looked_at {
            Focus::Cluster => None,
            Focus::Topic(_) | Focus::Group(_) => Some(jitter(desk.paces.focus)),
        };
        match looked_at {
            Focus::Cluster => desk.tell(Update::Unfocused).await,
            // Looked at before anything is known: the first snapshots bring it.
            _ if desk.shown().facts.topology.value().is_none() => {
                if desk.next().await.is_none() {
                    return;
                }
                continue;
            }
            Focus::Topic(name) => ranges(&desk, name).await,
            Focus::Group(id) => {
                if let Some(group) = groups::single(&desk, &id).await {
                    desk.tell(Update::Group(group)).await;
                }
            }
        }
        let moved = match pause {
            Some(pause) => tokio::time::timeout(pause, focus.changed())
                .await
                .unwrap_or(Ok(())),
            None => focus.changed().await,
        };
        if moved.is_err() {
            // Nobody looks any more; the last focus was the last.
            return;
        }
    }
}

async fn ranges(desk: &Desk, name: TopicName) {
    let topology = desk.topology();
    let wanted = wanted(&topology, &name);
    let (starts, ends) = tokio::join!(
        offsets::read(&desk.client, &topology, &wanted, Point::Start),
        offsets::read(&desk.client, &topology, &wanted, Point::End)
    );
    let range = |index: i32| LogRange {
        start: starts.get(&name, index),
        end: ends.get(&name, index),
    };
    let indexes = wanted.get(&name).into_iter().flatten();
    let ranges: BTreeMap<i32, LogRange> = indexes.map(|index| (*index, range(*index))).collect();
    let flaw = ends.flaw.or(starts.flaw);
    let outcome = match flaw {
        Some(flaw) if ranges.values().all(|range| *range == LogRange::default()) => Err(flaw),
        flaw => Ok(Learned {
            value: ranges,
            at: now(),
            from: Source::default(),
            flaw,
        }),
    };
    desk.tell(Update::Ranges(name, outcome)).await;
}

fn wanted(topology: &Arc<Topology>, name: &TopicName) -> Wanted {
    let topic = topology.topics.get(name);
    let indexes = topic.map(|topic| topic.partitions.iter().map(|p| p.index).collect());
    Wanted::from([(name.clone(), indexes.unwrap_or_default())])
}
