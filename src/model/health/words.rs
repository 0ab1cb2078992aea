//! How lists read in a finding: short, worst first, with what was left out counted.

use crate::model::broker::BrokerId;
use crate::model::topic::TopicName;

/// So many names fit beside the sentence on a narrow screen.
const NAMED: usize = 3;

/// So many ids.
const IDS: usize = 8;

/// `3, 5, 8` and, when there are many, `and 12 more`.
pub fn brokers(ids: &[BrokerId]) -> String {
    let shown: Vec<String> = ids.iter().take(IDS).map(ToString::to_string).collect();
    match ids.len().saturating_sub(IDS) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// `payments 9, audit 2, orders 1` and, when there are many, `…`. Largest first, then by name.
pub fn topics(counts: &mut [(&TopicName, u32)]) -> String {
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let mut parts: Vec<String> = counts
        .iter()
        .take(NAMED)
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    if counts.len() > NAMED {
        parts.push("…".to_owned());
    }
    parts.join(", ")
}

/// `5 (2), 1 (1)`: brokers with counts, largest first.
pub fn counted_brokers(counts: &mut [(BrokerId, u32)]) -> String {
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let mut parts: Vec<String> = counts
        .iter()
        .take(IDS)
        .map(|(id, count)| format!("{id} ({count})"))
        .collect();
    if counts.len() > IDS {
        parts.push("…".to_owned());
    }
    parts.join(", ")
}

/// `1 of 5 brokers is`, `2 of 5 brokers are`.
pub fn of_brokers(count: usize, total: usize) -> String {
    let noun = if total == 1 { "broker" } else { "brokers" };
    let verb = if count == 1 { "is" } else { "are" };
    format!("{count} of {total} {noun} {verb}")
}

/// `1 partition`, `12 partitions`.
pub fn partitions(count: u32) -> String {
    match count {
        1 => "1 partition".to_owned(),
        _ => format!("{count} partitions"),
    }
}

/// `1 internal partition`, `12 internal partitions`: of topics that the cluster itself lives on.
pub fn internal_partitions(count: u32) -> String {
    match count {
        1 => "1 internal partition".to_owned(),
        _ => format!("{count} internal partitions"),
    }
}

/// The verb that fits the count.
pub fn have(count: u32) -> &'static str {
    if count == 1 { "has" } else { "have" }
}

/// The verb that fits the count.
pub fn are(count: u32) -> &'static str {
    if count == 1 { "is" } else { "are" }
}
