//! Gauges of the whole node: its process, and the cluster as it knows it. They are read when somebody
//! asks, so that nobody asking costs nothing.

use std::fs;
use std::sync::{Arc, Weak};
use std::time::Instant;

use crate::api::Broker;
use crate::meta::image::Image;
use crate::metrics::Metrics;

/// A number as a gauge shows it; beyond 2^53 it is rounded.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn gauge(count: usize) -> f64 {
    count as f64
}

/// Registers what the system knows of this process; where the system tells nothing (it has no
/// `/proc`), there is no such gauge.
pub fn watch_process(metrics: &Metrics) {
    let begun = Instant::now();
    metrics.gauge("process_uptime_seconds", &[], move || {
        begun.elapsed().as_secs_f64()
    });
    if resident_bytes().is_some() {
        metrics.gauge("process_resident_memory_bytes", &[], || {
            gauge(resident_bytes().unwrap_or_default())
        });
    }
    if open_files().is_some() {
        metrics.gauge("process_open_fds", &[], || {
            gauge(open_files().unwrap_or_default())
        });
    }
}

fn resident_bytes() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

fn open_files() -> Option<usize> {
    Some(fs::read_dir("/proc/self/fd").ok()?.count())
}

/// A number of the cluster, read off its image.
type Count = fn(&Image) -> usize;

/// Registers what the node knows of the cluster. As in Kafka, the controller's numbers are zero
/// wherever the controller is not active.
pub fn watch_cluster(broker: &Arc<Broker>) {
    let rows: [(&'static str, Count); 5] = [
        (
            "kafka_controller_kafkacontroller_activebrokercount",
            |image| image.brokers.values().filter(|known| !known.fenced).count(),
        ),
        (
            "kafka_controller_kafkacontroller_fencedbrokercount",
            |image| image.brokers.values().filter(|known| known.fenced).count(),
        ),
        (
            "kafka_controller_kafkacontroller_globaltopiccount",
            |image| image.topics.len(),
        ),
        (
            "kafka_controller_kafkacontroller_globalpartitioncount",
            |image| {
                image
                    .topics
                    .values()
                    .map(|topic| topic.partitions.len())
                    .sum()
            },
        ),
        (
            "kafka_controller_kafkacontroller_offlinepartitionscount",
            |image| {
                let partitions = image.topics.values().flat_map(|topic| &topic.partitions);
                partitions.filter(|partition| partition.leader < 0).count()
            },
        ),
    ];
    for (name, count) in rows {
        when_active(broker, name, count);
    }
    when_active(
        broker,
        "kafka_controller_kafkacontroller_activecontrollercount",
        |_| 1,
    );
    let node = Arc::downgrade(broker);
    let offset = move || {
        let image = node.upgrade().map(|broker| broker.image());
        image.and_then(|image| usize::try_from(image.offset).ok())
    };
    broker.metrics.gauge(
        "kafka_server_broker_metadata_metrics_last_applied_record_offset",
        &[],
        move || offset().map_or(-1.0, gauge),
    );
}

fn when_active(
    broker: &Arc<Broker>,
    name: &'static str,
    count: impl Fn(&Image) -> usize + Send + Sync + 'static,
) {
    let node: Weak<Broker> = Arc::downgrade(broker);
    broker.metrics.gauge(name, &[], move || {
        let Some(broker) = node.upgrade() else {
            return 0.0;
        };
        if broker.quorum.leader() != Some(broker.config.node_id) {
            return 0.0;
        }
        gauge(count(&broker.image()))
    });
}
