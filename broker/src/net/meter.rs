//! What the network counts: requests and their time by API, open connections by listener. Names are
//! those of Kafka's own numbers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::metrics::{Counter, Metrics};
use crate::wire::api_key::ApiKey;

/// The counters of one node; a handle, cheap to clone.
#[derive(Debug, Clone)]
pub struct Meter {
    apis: Arc<BTreeMap<ApiKey, Tally>>,
    metrics: Metrics,
    /// Bytes of request frames.
    pub bytes_in: Counter,
    /// Bytes of response frames.
    pub bytes_out: Counter,
    /// Connections closed because of what they sent.
    pub refused: Counter,
}

#[derive(Debug)]
struct Tally {
    requests: Counter,
    micros: Counter,
}

impl Meter {
    /// Counters for these APIs.
    pub fn new(metrics: &Metrics, apis: impl IntoIterator<Item = ApiKey>) -> Self {
        let tally = |key: ApiKey| {
            let name = key.to_string();
            let labels: &[(&str, &str)] = &[("request", &name)];
            let micros = Counter::default();
            let read = micros.clone();
            metrics.gauge(
                "kafka_network_requestmetrics_totaltimems_sum",
                labels,
                move || Duration::from_micros(read.get()).as_secs_f64() * 1e3,
            );
            let requests = metrics.counter("kafka_network_requestmetrics_requests_total", labels);
            (key, Tally { requests, micros })
        };
        Self {
            apis: Arc::new(apis.into_iter().map(tally).collect()),
            metrics: metrics.clone(),
            bytes_in: metrics.counter("kafka_network_request_bytes_total", &[]),
            bytes_out: metrics.counter("kafka_network_response_bytes_total", &[]),
            refused: metrics.counter("kafka_network_refused_connections_total", &[]),
        }
    }

    /// Counts a request that is answered.
    pub fn answered(&self, key: ApiKey, took: Duration) {
        if let Some(tally) = self.apis.get(&key) {
            tally.requests.add(1);
            tally
                .micros
                .add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        }
    }

    /// The gauge of a listener's open connections.
    pub fn connections(&self, listener: &str) -> Arc<AtomicU64> {
        let open = Arc::new(AtomicU64::new(0));
        let read = Arc::clone(&open);
        self.metrics.gauge(
            "kafka_server_socket_server_metrics_connection_count",
            &[("listener", listener)],
            move || {
                let count = read.load(Ordering::Relaxed);
                u32::try_from(count).map_or(f64::MAX, f64::from)
            },
        );
        open
    }
}
