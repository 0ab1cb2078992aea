//! C-01 and the broker verdicts as findings: one line per cause, however many brokers share it (operations.md §1.5 end).
//! Their steadiness is that of the probes and of the cluster's own timeouts, so no second sample is awaited.

use std::collections::BTreeSet;

use super::{Finding, Place, Rule, Scope, Severity, words};
use crate::model::broker::{BrokerId, Probe, Rung};
use crate::model::snapshot::{BrokerView, PartitionState};
use crate::model::units::Span;
use crate::model::verdict::{Since, VerdictKind};

/// So many brokers are described one by one; with more the line would only be cut.
const DESCRIBED: usize = 4;

/// After this long a restart is no longer what one waits for (operations.md §1.6).
const PATIENCE: Span = Span::from_secs(15 * 60);

/// Free space below which a filling volume is urgent, in percent (operations.md §1.5 row 15).
const DISK_URGENT_PERCENT: u64 = 5;

/// §1.5 row 1.
pub fn no_contact(scope: &Scope<'_>) -> Option<Finding> {
    let since = scope.facts.no_contact_since?;
    let shown = match scope.facts.topology.value() {
        Some(_) => "; what is shown is the last known state",
        None => "",
    };
    let reasons: Vec<&str> = scope
        .facts
        .contact_failures
        .iter()
        .map(|text| &**text)
        .collect();
    Some(Finding {
        rule: Rule::NoContact,
        subject: String::new(),
        severity: Severity::Crit,
        text: format!("no broker answers ({}){shown}", since.age(scope.now)),
        note: reasons.join("; "),
        next: "Mend what is said above, or check network and addresses.",
        since: Some(Since::Known(since)),
        place: Place::Brokers,
    })
}

/// C-01, then the verdicts that do not lower the count.
pub fn find(scope: &Scope<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = missing(scope).into_iter().collect();
    for kind in [
        VerdictKind::WrongTarget,
        VerdictKind::GoingDown,
        VerdictKind::PeersCannotReach,
        VerdictKind::DegradedDisk,
        VerdictKind::DiskFilling,
        VerdictKind::UnreachableHere,
    ] {
        let brokers: Vec<&BrokerView> = scope
            .brokers
            .iter()
            .filter(|broker| broker.counted_alive && broker.verdict.kind == kind)
            .collect();
        if !brokers.is_empty() {
            findings.push(present(scope, kind, &brokers));
        }
    }
    findings
}

/// C-01: brokers that are expected and not alive.
fn missing(scope: &Scope<'_>) -> Option<Finding> {
    let expected = scope.brokers.iter().filter(|broker| broker.expected);
    let missing: Vec<&BrokerView> = expected
        .clone()
        .filter(|broker| !broker.counted_alive)
        .collect();
    let first = missing.first()?;
    let one_kind = first.verdict.kind.away()
        && missing
            .iter()
            .all(|broker| broker.verdict.kind == first.verdict.kind);
    let (scope_words, total) = match common_rack(scope, &missing) {
        Some((rack, of_rack)) => (format!("rack {rack}: "), of_rack),
        None => (String::new(), expected.count()),
    };
    let state = if one_kind {
        first.verdict.kind.words()
    } else {
        "not alive"
    };
    let text = format!(
        "{scope_words}{} {state}: {}",
        words::of_brokers(missing.len(), total),
        describe(&missing, |broker| {
            let reason = reason(scope, broker);
            let word = (!one_kind).then(|| broker.verdict.kind.words());
            bracket(scope, broker, word, reason)
        })
    );
    let costs = costs(scope, &missing);
    let longest = longest(&missing);
    Some(Finding {
        rule: Rule::C01,
        subject: String::new(),
        severity: if costs {
            Severity::Crit
        } else {
            Severity::Major
        },
        text,
        note: affected(&missing),
        next: next_for_missing(scope, &missing),
        since: longest,
        place: place(&missing),
    })
}

/// The rack that all of them, two or more, stand in, and how many brokers it has; only where there are other racks.
fn common_rack<'a>(scope: &Scope<'a>, missing: &[&'a BrokerView]) -> Option<(&'a str, usize)> {
    let racks: BTreeSet<Option<&str>> = missing
        .iter()
        .map(|broker| broker.rack.as_deref())
        .collect();
    let rack = (*racks.first()?)?;
    let expected = || scope.brokers.iter().filter(|broker| broker.expected);
    let of_rack = expected()
        .filter(|broker| broker.rack.as_deref() == Some(rack))
        .count();
    (racks.len() == 1 && missing.len() > 1 && of_rack < expected().count())
        .then_some((rack, of_rack))
}

/// Whether a partition is offline or refuses writes that has a replica on one of them.
fn costs(scope: &Scope<'_>, missing: &[&BrokerView]) -> bool {
    let missing: BTreeSet<BrokerId> = missing.iter().map(|broker| broker.id).collect();
    scope.faulty_partitions().any(|(partition, state)| {
        state >= PartitionState::UnderMinIsr
            && partition.replicas.iter().any(|id| missing.contains(id))
    })
}

/// `412 + 398 replicas affected`.
fn affected(missing: &[&BrokerView]) -> String {
    let counts: Vec<u32> = missing
        .iter()
        .map(|broker| broker.replicas.unwrap_or(0))
        .filter(|count| *count > 0)
        .collect();
    let total: u32 = counts.iter().sum();
    let sum: Vec<String> = counts.iter().map(ToString::to_string).collect();
    match total {
        0 => "no replicas on it".to_owned(),
        1 => "1 replica affected".to_owned(),
        _ if counts.len() <= DESCRIBED => format!("{} replicas affected", sum.join(" + ")),
        _ => format!("{total} replicas affected"),
    }
}

fn next_for_missing(scope: &Scope<'_>, missing: &[&BrokerView]) -> &'static str {
    if missing
        .iter()
        .all(|broker| broker.verdict.kind == VerdictKind::Fenced)
    {
        return "Watch the log recovery; do not restart again meanwhile.";
    }
    let long = longest(missing).is_some_and(|since| since.moment().age(scope.now) > PATIENCE);
    if long {
        "Start what is missing, or move its replicas to other brokers."
    } else {
        "Start what is missing, or wait for its restart."
    }
}

/// A verdict on brokers that the cluster lists.
fn present(scope: &Scope<'_>, kind: VerdictKind, brokers: &[&BrokerView]) -> Finding {
    let what = match kind {
        VerdictKind::WrongTarget => "at an address where another cluster or broker answers",
        VerdictKind::GoingDown => "going down or cut off",
        VerdictKind::PeersCannotReach => "alive but not reached by peers",
        VerdictKind::DegradedDisk => "on a degraded disk",
        VerdictKind::DiskFilling => "running out of disk",
        _ => "unreachable from this host only",
    };
    let total = scope
        .brokers
        .iter()
        .filter(|broker| broker.expected)
        .count();
    let text = format!(
        "{} {what}: {}",
        words::of_brokers(brokers.len(), total),
        describe(brokers, |broker| {
            let detail = detail(scope, kind, broker);
            bracket(scope, broker, None, detail)
        })
    );
    let (severity, note) = weigh(scope, kind, brokers);
    Finding {
        rule: Rule::Broker(kind),
        subject: String::new(),
        severity,
        text,
        note,
        next: next_for_present(kind),
        since: longest(brokers),
        place: place(brokers),
    }
}

fn next_for_present(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::WrongTarget => {
            "Check advertised.listeners, dial.map and what stands before the broker."
        }
        VerdictKind::GoingDown => "Wait for the cluster's own verdict, or look at the host.",
        VerdictKind::PeersCannotReach => {
            "Check the network from its peers to it; do not stop it: it holds the only in-sync copy."
        }
        VerdictKind::DegradedDisk => "Replace the disk, or move the replicas.",
        VerdictKind::DiskFilling => "Shorten retention, add space or move replicas.",
        _ => "Check firewall, DNS, advertised.listeners and TLS names on the way from this host.",
    }
}

fn weigh(scope: &Scope<'_>, kind: VerdictKind, brokers: &[&BrokerView]) -> (Severity, String) {
    match kind {
        VerdictKind::PeersCannotReach => {
            let ids: BTreeSet<BrokerId> = brokers.iter().map(|broker| broker.id).collect();
            let refused = scope
                .faulty_partitions()
                .filter(|(partition, state)| {
                    *state == PartitionState::UnderMinIsr
                        && partition.leader.is_some_and(|leader| ids.contains(&leader))
                })
                .count();
            match refused {
                0 => (Severity::Major, String::new()),
                _ => (
                    Severity::Crit,
                    format!("acks=all writes to {refused} partitions are refused"),
                ),
            }
        }
        VerdictKind::DegradedDisk => {
            let offline: u32 = brokers
                .iter()
                .filter_map(|broker| scope.matrix.share(broker.id))
                .map(|share| share.offline)
                .sum();
            (Severity::Major, format!("{offline} replicas offline on it"))
        }
        VerdictKind::DiskFilling => {
            let urgent = brokers
                .iter()
                .filter_map(|broker| fullest(scope, broker.id))
                .any(|(_, free)| free < DISK_URGENT_PERCENT);
            let severity = if urgent {
                Severity::Major
            } else {
                Severity::Warn
            };
            (severity, String::new())
        }
        VerdictKind::UnreachableHere => (
            Severity::Warn,
            "the cluster works with it; groups it coordinates are missing here".to_owned(),
        ),
        VerdictKind::GoingDown => (Severity::Major, affected(brokers)),
        _ => (Severity::Major, String::new()),
    }
}

/// `3 (4m, no answer on TCP) 5 (15m, connection refused)`.
fn describe(brokers: &[&BrokerView], each: impl Fn(&BrokerView) -> String) -> String {
    let mut parts: Vec<String> = brokers
        .iter()
        .take(DESCRIBED)
        .map(|broker| each(broker))
        .collect();
    if brokers.len() > DESCRIBED {
        let rest: Vec<BrokerId> = brokers
            .iter()
            .skip(DESCRIBED)
            .map(|broker| broker.id)
            .collect();
        parts.push(words::brokers(&rest));
    }
    parts.join(" ")
}

fn bracket(
    scope: &Scope<'_>,
    broker: &BrokerView,
    word: Option<&str>,
    reason: Option<String>,
) -> String {
    let age = broker.verdict.since.map(|since| since.length(scope.now));
    let inner: Vec<String> = word
        .map(str::to_owned)
        .into_iter()
        .chain(age)
        .chain(reason)
        .collect();
    if inner.is_empty() {
        broker.id.to_string()
    } else {
        format!("{} ({})", broker.id, inner.join(", "))
    }
}

/// What stands in the brackets beside the age.
fn detail(scope: &Scope<'_>, kind: VerdictKind, broker: &BrokerView) -> Option<String> {
    match kind {
        VerdictKind::PeersCannotReach => {
            let share = scope.matrix.share(broker.id)?;
            Some(format!(
                "nobody follows {} of {} partitions it leads",
                share.abandoned, share.followed
            ))
        }
        VerdictKind::DegradedDisk => {
            let dirs = scope.facts.log_dirs.get(&broker.id)?.value()?;
            let failed = dirs.iter().find(|dir| dir.error.is_some())?;
            Some(format!("{} offline", failed.path))
        }
        VerdictKind::DiskFilling => {
            let (path, free) = fullest(scope, broker.id)?;
            Some(format!("{path} {free} % free"))
        }
        _ => reason(scope, broker),
    }
}

fn fullest<'a>(scope: &Scope<'a>, id: BrokerId) -> Option<(&'a str, u64)> {
    let dirs = scope.facts.log_dirs.get(&id)?.value()?;
    dirs.iter()
        .filter_map(|dir| Some((&*dir.path, dir.free_percent()?)))
        .min_by_key(|(_, free)| *free)
}

/// Why our own connection fails, in a few words.
fn reason(scope: &Scope<'_>, broker: &BrokerView) -> Option<String> {
    let probe: &Probe = scope.facts.probes.get(&broker.id)?;
    let Some(failure) = &probe.failure else {
        return (probe.reachable == Some(true)).then(|| "its process answers".to_owned());
    };
    let words = match failure.rung {
        Rung::Dns => "name does not resolve",
        Rung::Route => "the way to it is shut",
        Rung::Tcp if failure.refused => "connection refused",
        Rung::Tcp => "no answer on TCP",
        Rung::Tls => "port open, TLS fails",
        Rung::Sasl if failure.refused => "authentication refused",
        Rung::Sasl | Rung::ApiVersions => "port open, no answer",
        Rung::Metadata => "answers handshake, not requests",
        Rung::Node => "another broker answers there",
    };
    Some(words.to_owned())
}

fn longest(brokers: &[&BrokerView]) -> Option<Since> {
    brokers
        .iter()
        .filter_map(|broker| broker.verdict.since)
        .min_by_key(|since| since.moment())
}

fn place(brokers: &[&BrokerView]) -> Place {
    match brokers {
        [only] => Place::Broker(only.id),
        _ => Place::Brokers,
    }
}
