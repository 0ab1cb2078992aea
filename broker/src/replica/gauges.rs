//! What the replicas show as metrics, under the names of Kafka's JMX exporter. Reads only.

use std::sync::{Arc, Weak};

use super::house::House;
use super::partition::{Partition, Role, State};
use super::throttle::Throttle;
use crate::log::Log;

const SIZE: &str = "kafka_log_log_size";

/// Registers the gauges of the whole node.
pub(super) fn register(house: &Arc<House>) {
    let count = |name, counts: fn(&State) -> bool| {
        let house = Arc::downgrade(house);
        (name, move || counted(&house, counts))
    };
    for (name, read) in [
        count("kafka_server_replicamanager_partitioncount", |_| true),
        count("kafka_server_replicamanager_leadercount", |state| {
            state.leader().is_ok()
        }),
        count(
            "kafka_server_replicamanager_underreplicatedpartitions",
            |state| {
                state
                    .leader()
                    .is_ok_and(super::leader::Leader::is_under_replicated)
            },
        ),
        count(
            "kafka_server_replicamanager_underminisrpartitioncount",
            |state| {
                state
                    .leader()
                    .is_ok_and(super::leader::Leader::is_under_min_isr)
            },
        ),
        count("kafka_server_replicamanager_offlinereplicacount", |state| {
            state.log.is_none() && matches!(state.role, Role::Idle)
        }),
    ] {
        house.metrics.gauge(name, &[], read);
    }
    for throttle in [&house.giving, &house.taking] {
        let clock = house.clock.clone();
        Throttle::show(throttle, &house.metrics, move || clock.steady_ms());
    }
}

#[expect(clippy::cast_precision_loss, reason = "a metric is a float")]
fn counted(house: &Weak<House>, counts: fn(&State) -> bool) -> f64 {
    let Some(house) = house.upgrade() else {
        return 0.0;
    };
    let all = house.all();
    let matching = all.iter().filter(|partition| counts(&partition.lock()));
    matching.count() as f64
}

/// Registers the size of a partition's log.
#[expect(clippy::cast_precision_loss, reason = "a metric is a float")]
pub(super) fn add(house: &House, partition: &Arc<Partition>) {
    let index = partition.key.1.to_string();
    let labels = [("topic", &*partition.topic), ("partition", index.as_str())];
    let partition = Arc::downgrade(partition);
    house.metrics.gauge(SIZE, &labels, move || {
        let Some(partition) = partition.upgrade() else {
            return 0.0;
        };
        let state = partition.lock();
        state
            .log
            .as_ref()
            .map_or(0.0, |log| Log::size_bytes(log) as f64)
    });
}

/// Forgets what is counted of a topic of which no replica is left here.
pub(super) fn forget_topic(house: &House, topic: &str) {
    house.metrics.forget(&[("topic", topic)]);
}

/// Forgets what a partition showed.
pub(super) fn forget(house: &House, partition: &Partition) {
    let index = partition.key.1.to_string();
    house
        .metrics
        .forget(&[("topic", &*partition.topic), ("partition", &index)]);
}
