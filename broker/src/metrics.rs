//! Counters and gauges under the names that Kafka's operators know, as Prometheus text. Knows no
//! socket: `net` serves what [`Metrics::text`] writes.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// A number that only grows.
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    /// Adds to it.
    pub fn add(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    /// What it stands at.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

type Read = Arc<dyn Fn() -> f64 + Send + Sync>;

enum Metric {
    Counter(Counter),
    Gauge(Read),
}

/// `(name, rendered labels)`; sorted, so that the text is stable.
type Key = (&'static str, String);

/// All numbers of one node; a handle, cheap to clone.
#[derive(Clone, Default)]
pub struct Metrics(Arc<RwLock<BTreeMap<Key, Metric>>>);

impl Metrics {
    /// The counter of this name and these labels, made at first use.
    pub fn counter(&self, name: &'static str, labels: &[(&str, &str)]) -> Counter {
        let key = (name, rendered(labels));
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match all
            .entry(key)
            .or_insert_with(|| Metric::Counter(Counter::default()))
        {
            Metric::Counter(counter) => counter.clone(),
            Metric::Gauge(_) => Counter::default(),
        }
    }

    /// Registers a gauge that is read when somebody asks; replaces an earlier one of that name.
    pub fn gauge(
        &self,
        name: &'static str,
        labels: &[(&str, &str)],
        read: impl Fn() -> f64 + Send + Sync + 'static,
    ) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.insert((name, rendered(labels)), Metric::Gauge(Arc::new(read)));
    }

    /// Forgets every metric that carries exactly these labels (a partition that left this node).
    pub fn forget(&self, labels: &[(&str, &str)]) {
        let gone = rendered(labels);
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(_, labels), _| *labels != gone);
    }

    /// Everything in Prometheus' text format.
    pub fn text(&self) -> String {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut out = String::new();
        let mut last = "";
        for ((name, labels), metric) in all.iter() {
            let (kind, value) = match metric {
                Metric::Counter(counter) => ("counter", counter.get().to_string()),
                Metric::Gauge(read) => ("gauge", read().to_string()),
            };
            if last != *name {
                let _written = writeln!(out, "# TYPE {name} {kind}");
                last = name;
            }
            let _written = writeln!(out, "{name}{labels} {value}");
        }
        out
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

fn rendered(labels: &[(&str, &str)]) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let pairs: Vec<String> = labels
        .iter()
        .map(|(name, value)| {
            let value = value
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\n', "\\n");
            format!("{name}=\"{value}\"")
        })
        .collect();
    format!("{{{}}}", pairs.join(","))
}
