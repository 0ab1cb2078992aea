//! Roles without a screen: the same snapshot as text or JSON. Never draws, never changes a cluster.

pub mod connect;

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::cluster::{self, WatchOptions};
use crate::model::verdict::Since;
use crate::model::{BrokerView, Focus, Group, Observed, Snapshot, Topic, TopicView, units};
use crate::ui::glyph::GlyphSet;
use crate::ui::text;

/// Layout of the JSON; raised when a field changes its meaning or goes.
const JSON_VERSION: u32 = 1;

/// What to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Brokers,
    Topics,
    Groups,
}

/// How to print it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
}

/// How it went; the exit code of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// 0: printed.
    Done,
    /// 3: no broker answered; the reasons are on standard error.
    NoContact,
}

/// Waits until what is asked for is known, at most `timeout`, and prints it.
pub async fn print(
    subject: Subject,
    format: Format,
    options: WatchOptions,
    timeout: Duration,
) -> Result<Outcome> {
    let snapshot = gather(subject, options, timeout).await;
    if snapshot.facts.topology.value().is_none() {
        let mut errors = io::stderr().lock();
        for reason in snapshot.facts.contact_failures.iter() {
            writeln!(errors, "lookout: {reason}")?;
        }
        writeln!(errors, "lookout: no contact: no broker answered")?;
        return Ok(Outcome::NoContact);
    }
    let printed = match format {
        Format::Json => harmless(&serde_json::to_string_pretty(&as_json(subject, &snapshot))?),
        Format::Text => as_text(subject, &snapshot),
    };
    write_out(printed.as_bytes())?;
    if let Some(gap) = missing(subject, &snapshot) {
        writeln!(io::stderr().lock(), "lookout: {gap}")?;
    }
    let known = unknown(subject, &snapshot).is_none();
    Ok(if snapshot.no_contact() || !known {
        Outcome::NoContact
    } else {
        Outcome::Done
    })
}

/// Writes to standard output. A reader that has read enough (`| head`) is no fault.
pub fn write_out(bytes: &[u8]) -> io::Result<()> {
    match io::stdout().lock().write_all(bytes) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// JSON whose strings cannot steer a terminal either: what JSON itself lets through is escaped, which means the same.
fn harmless(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + 1);
    for character in json.chars() {
        if character == '\n' || text::is_plain(character) {
            out.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a string cannot fail.
            let _written = write!(out, "\\u{unit:04x}");
        }
    }
    out.push('\n');
    out
}

/// Why the rows asked for are not known at all, where they are not.
fn unknown(subject: Subject, snapshot: &Snapshot) -> Option<String> {
    let facts = &snapshot.facts;
    let failure = match subject {
        Subject::Brokers | Subject::Topics if facts.topology.value().is_none() => {
            facts.topology.failure()
        }
        Subject::Groups if facts.groups.value().is_none() => facts.groups.failure(),
        Subject::Brokers | Subject::Topics | Subject::Groups => None,
    };
    failure.map(|failure| failure.text.to_string())
}

async fn gather(subject: Subject, options: WatchOptions, timeout: Duration) -> Arc<Snapshot> {
    let (_focus, focused) = watch::channel(Focus::Cluster);
    let watch = cluster::watch(options, focused);
    let mut snapshots = watch.snapshots.clone();
    let complete = snapshots
        .wait_for(|snapshot| snapshot.no_contact() || awaited(subject, snapshot).is_none());
    // In time or not: what is known is shown, and `missing` says what is not.
    let _in_time = tokio::time::timeout(timeout, complete).await.is_ok();
    Arc::clone(&watch.snapshots.borrow())
}

/// What is not known of the subject, in words.
fn missing(subject: Subject, snapshot: &Snapshot) -> Option<String> {
    awaited(subject, snapshot)
        .or_else(|| unknown(subject, snapshot))
        .or_else(|| {
            let groups = snapshot.facts.groups.value();
            let coverage = groups
                .filter(|_| subject == Subject::Groups)
                .map(|known| &known.coverage)?;
            let (answered, asked) = (coverage.answered.len(), coverage.asked.len());
            coverage.partial().then(|| {
                format!("groups from {answered} of {asked} brokers: the others did not answer")
            })
        })
}

/// What of the subject nobody has answered yet, in words. Who was asked and stayed silent is not waited for again.
fn awaited(subject: Subject, snapshot: &Snapshot) -> Option<String> {
    let facts = &snapshot.facts;
    let settled =
        |known: bool, what: &str| (!known).then(|| format!("no answer in time for {what}"));
    let topology = settled(answered(&facts.topology), "the topics and brokers");
    if topology.is_some() {
        return topology;
    }
    match subject {
        Subject::Brokers => {
            let undecided: Vec<String> = snapshot
                .brokers
                .iter()
                .filter(|broker| {
                    facts
                        .probes
                        .get(&broker.id)
                        .is_none_or(|p| p.reachable.is_none())
                })
                .map(|broker| broker.id.to_string())
                .collect();
            let probed = undecided.is_empty() && !snapshot.brokers.is_empty();
            settled(
                probed,
                &format!("the probes of brokers {}", undecided.join(", ")),
            )
            .or_else(|| settled(answered(&facts.registrations), "fenced brokers"))
            .or_else(|| settled(answered(&facts.quorum), "the metadata quorum"))
        }
        Subject::Topics => {
            settled(answered(&facts.configs), "topic configurations").or_else(|| {
                let dirs = snapshot.facts.topology.value().is_some_and(|t| {
                    t.brokers
                        .keys()
                        .all(|id| facts.log_dirs.get(id).is_some_and(answered))
                });
                settled(dirs, "log dirs of every broker: sizes may be incomplete")
            })
        }
        Subject::Groups => settled(answered(&facts.groups), "consumer groups"),
    }
}

fn answered<T>(fact: &Observed<T>) -> bool {
    fact.value().is_some() || fact.failure().is_some()
}

fn as_json(subject: Subject, snapshot: &Snapshot) -> Value {
    let facts = &snapshot.facts;
    let identity = facts.identity.value();
    let rows: Vec<Value> = match subject {
        Subject::Brokers => snapshot
            .brokers
            .iter()
            .map(|b| broker_json(snapshot, b))
            .collect(),
        Subject::Topics => topics(snapshot)
            .map(|(topic, view)| topic_json(topic, view))
            .collect(),
        Subject::Groups => groups(snapshot).map(group_json).collect(),
    };
    let name = match subject {
        Subject::Brokers => "brokers",
        Subject::Topics => "topics",
        Subject::Groups => "groups",
    };
    json!({
        "version": JSON_VERSION,
        "cluster": {
            "name": &*facts.name,
            "id": identity.map(|identity| &*identity.cluster_id),
            "alive": snapshot.totals.alive,
            "expected": snapshot.totals.expected,
            "contact": !snapshot.no_contact(),
        },
        "at_unix_ms": snapshot.at.unix_ms,
        "missing": missing(subject, snapshot),
        name: unknown(subject, snapshot).is_none().then_some(rows),
    })
}

fn broker_json(snapshot: &Snapshot, broker: &BrokerView) -> Value {
    let probe = snapshot.facts.probes.get(&broker.id);
    json!({
        "id": broker.id.0,
        "host": broker.endpoint.as_ref().map(|endpoint| &*endpoint.host),
        "port": broker.endpoint.as_ref().map(|endpoint| endpoint.port),
        "rack": broker.rack.as_deref(),
        "verdict": broker.verdict.kind.token(),
        "since_unix_ms": broker.verdict.since.map(|since| since.moment().unix_ms),
        "since_at_least": broker.verdict.since.map(|since| matches!(since, Since::AtLeast(_))),
        "evidence": broker.verdict.evidence.iter().map(|line| &**line).collect::<Vec<_>>(),
        "quorum_leader": broker.quorum_leader,
        "voter": broker.voter,
        "leaders": broker.leaders,
        "preferred": broker.preferred,
        "preferred_led": broker.preferred_led,
        "replicas": broker.replicas,
        "out_of_sync": broker.out_of_sync,
        "reachable": probe.and_then(|probe| probe.reachable),
        "rtt_us": probe.and_then(|probe| probe.rtt_us).map(|(us, _)| us),
    })
}

fn topic_json(topic: &Topic, view: &TopicView) -> Value {
    json!({
        "name": &*topic.name,
        "internal": topic.internal,
        "partitions": topic.partitions.len(),
        "replication_factor": view.replication_factor.1,
        "min_insync_replicas": view.min_isr,
        "under_replicated": view.under_replicated,
        "under_min_isr": view.under_min_isr,
        "no_leader": view.no_leader,
        "moving": view.moving,
        "size_bytes": view.size_bytes,
    })
}

fn group_json(group: &Group) -> Value {
    let (lag, unknown) = group.lag();
    json!({
        "id": &*group.id,
        "type": group.kind.name(),
        "state": &*group.state,
        "protocol": &*group.protocol,
        "coordinator": group.coordinator.0,
        "members": group.members.value().map(|members| members.len()),
        "lag": lag,
        "partitions_with_unknown_lag": unknown,
        "offsets": group.offsets.value().map(|offsets| offsets.iter().map(|offset| json!({
            "topic": &*offset.topic,
            "partition": offset.partition,
            "committed": offset.committed,
            "end": offset.end,
            "lag": offset.lag(),
        })).collect::<Vec<_>>()),
    })
}

fn topics(snapshot: &Snapshot) -> impl Iterator<Item = (&Topic, &TopicView)> {
    let known = snapshot
        .facts
        .topology
        .value()
        .map(|topology| &topology.topics);
    known
        .into_iter()
        .flat_map(|topics| topics.iter())
        .filter_map(|(name, topic)| {
            snapshot
                .topics
                .get(name)
                .map(|view| (topic.as_ref(), view.as_ref()))
        })
}

fn groups(snapshot: &Snapshot) -> impl Iterator<Item = &Group> {
    let known = snapshot.facts.groups.value();
    known
        .into_iter()
        .flat_map(|groups| groups.by_id.values())
        .map(Arc::as_ref)
}

fn as_text(subject: Subject, snapshot: &Snapshot) -> String {
    match subject {
        Subject::Brokers => columns(
            &[
                "ID", "HOST", "RACK", "STATE", "SINCE", "LEADERS", "REPLICAS", "UNDER",
            ],
            snapshot
                .brokers
                .iter()
                .map(|broker| broker_row(snapshot, broker)),
        ),
        Subject::Topics => columns(
            &[
                "TOPIC",
                "PARTITIONS",
                "RF",
                "UNDER-REP",
                "NO LEADER",
                "SIZE",
            ],
            topics(snapshot).map(topic_row),
        ),
        Subject::Groups => columns(
            &["GROUP", "TYPE", "STATE", "MEMBERS", "LAG", "UNKNOWN"],
            groups(snapshot).map(group_row),
        ),
    }
}

fn broker_row(snapshot: &Snapshot, broker: &BrokerView) -> Vec<String> {
    let since = broker.verdict.since.map(|since| match since {
        Since::Known(moment) => moment.age(snapshot.at).to_string(),
        Since::AtLeast(moment) => format!(">={}", moment.age(snapshot.at)),
    });
    vec![
        broker.id.to_string(),
        or_dash(broker.endpoint.as_ref()),
        or_dash(broker.rack.as_ref()),
        broker.verdict.kind.token().to_owned(),
        or_dash(since),
        or_dash(broker.leaders),
        or_dash(broker.replicas),
        or_dash(broker.out_of_sync),
    ]
}

fn topic_row((topic, view): (&Topic, &TopicView)) -> Vec<String> {
    vec![
        topic.name.to_string(),
        topic.partitions.len().to_string(),
        view.replication_factor.1.to_string(),
        view.under_replicated.to_string(),
        view.no_leader.to_string(),
        or_dash(view.size_bytes.map(units::bytes)),
    ]
}

fn group_row(group: &Group) -> Vec<String> {
    let (lag, unknown) = group.lag();
    vec![
        group.id.to_string(),
        group.kind.name().to_owned(),
        group.state.to_string(),
        or_dash(group.members.value().map(|members| members.len())),
        or_dash(lag),
        unknown.to_string(),
    ]
}

fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// Left-aligned columns, two blanks apart; names from the network are made safe for a terminal.
fn columns(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table: Vec<Vec<String>> = vec![header.iter().map(|&name| name.to_owned()).collect()];
    table.extend(rows.map(|row| {
        row.iter()
            .map(|cell| text::visible(cell, GlyphSet::Unicode).into_owned())
            .collect()
    }));
    let widths: Vec<usize> = (0..header.len())
        .map(|column| {
            table
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| text::width(cell))
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut out = String::new();
    for row in table {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width.saturating_sub(text::width(cell)) + 2));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
