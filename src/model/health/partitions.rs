//! H-01 to H-10 over all partitions, folded to one line per rule. What a missing broker explains is not told twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::memory::Memory;
use super::{Finding, Place, Rule, Scope, Severity, words};
use crate::model::broker::BrokerId;
use crate::model::evidence::unavailable;
use crate::model::facts::Kind;
use crate::model::matrix::Moves;
use crate::model::snapshot::{PartitionState, TopicView};
use crate::model::topic::{Move, Partition, Topic, TopicName};
use crate::model::topic_view::{in_sync, replication_factor};
use crate::model::units::Span;
use crate::model::verdict::VerdictKind;

/// A dead leader is replaced within this time; later something keeps the cluster from it.
const FAILOVER: Span = Span::from_secs(20);

/// Under-replication for longer will not heal by itself.
const HEALING: Span = Span::from_secs(600);

/// The error of a partition that has a leader, but none with a listener like the one we ask over.
const LISTENER_NOT_FOUND: i16 = 72;

/// So many brokers are named after the worst one.
const OTHER_HOLDERS: usize = 4;

/// Whose topics a line is about: internal ones weigh one severity more (operations.md §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    Users,
    Internal,
}

/// The partitions that one rule names.
#[derive(Default)]
struct Hits<'a> {
    topics: Vec<(&'a TopicName, u32)>,
    brokers: BTreeMap<BrokerId, u32>,
    count: u32,
    /// H-01: no replica is alive. H-04: no leader either.
    special: u32,
    /// H-01: a replica is alive, none of those is in sync.
    unsynced: u32,
    /// H-01: there is a leader, of which we are not told.
    unheard: u32,
}

impl<'a> Hits<'a> {
    /// Counts a partition; those of one topic come one after the other.
    fn add(&mut self, topic: &'a TopicName) {
        self.count += 1;
        match self.topics.last_mut() {
            Some((last, count)) if Arc::ptr_eq(last, topic) => *count += 1,
            _ => self.topics.push((topic, 1)),
        }
    }

    fn blame(&mut self, id: BrokerId) {
        *self.brokers.entry(id).or_default() += 1;
    }

    fn blamed(&self) -> String {
        let mut brokers: Vec<(BrokerId, u32)> =
            self.brokers.iter().map(|(id, n)| (*id, *n)).collect();
        words::counted_brokers(&mut brokers)
    }

    fn named(&mut self) -> String {
        words::topics(&mut self.topics)
    }

    fn place(&self) -> Place {
        match self.topics.as_slice() {
            [(only, _)] => Place::Topic((*only).clone()),
            _ => Place::Topics { faults_only: true },
        }
    }
}

/// Findings about partitions.
pub fn find(scope: &Scope<'_>, memory: &mut Memory<'_>) -> Vec<Finding> {
    let mut census = Census::new(scope);
    census.take();
    let mut findings = Vec::new();
    for ((rule, owner), hits) in census.hits {
        findings.extend(tell(scope, memory, rule, owner, hits));
    }
    findings.extend(unknown_min_isr(scope, memory));
    findings.extend(blind(scope, memory));
    findings
}

/// One pass over the topics that have something to tell.
struct Census<'a> {
    scope: Scope<'a>,
    listed: BTreeSet<BrokerId>,
    /// Brokers with a finding of their own, and why.
    troubled: BTreeMap<BrokerId, VerdictKind>,
    hits: BTreeMap<(Rule, Owner), Hits<'a>>,
}

impl<'a> Census<'a> {
    fn new(scope: &Scope<'a>) -> Self {
        let topology = scope.facts.topology.value();
        Self {
            scope: *scope,
            listed: topology
                .map(|topology| topology.brokers.keys().copied().collect())
                .unwrap_or_default(),
            troubled: scope
                .brokers
                .iter()
                .map(|broker| (broker.id, broker.verdict.kind))
                .filter(|(_, kind)| *kind != VerdictKind::Up)
                .collect(),
            hits: BTreeMap::new(),
        }
    }

    fn take(&mut self) {
        let Some(topology) = self.scope.facts.topology.value() else {
            return;
        };
        let moves = Moves::of(self.scope.facts);
        // The views were made from these topics, one each.
        for (topic, view) in topology.topics.values().zip(self.scope.topics.values()) {
            if view.replication_factor.0 > 1 && !view.faulty() {
                continue;
            }
            for (partition, state) in topic.partitions.iter().zip(&view.states) {
                let moving = moves.of_partition(topic, partition);
                self.add(topic, view, partition, *state, moving);
            }
        }
    }

    fn add(
        &mut self,
        topic: &'a Topic,
        view: &TopicView,
        partition: &Partition,
        state: PartitionState,
        moving: Option<&Move>,
    ) {
        let factor = replication_factor(partition, moving);
        let owner = if topic.internal {
            Owner::Internal
        } else {
            Owner::Users
        };
        let leader = match (state, partition.leader) {
            (PartitionState::NoLeader, _) | (_, None) => {
                self.add_leaderless(topic, view, partition);
                return;
            }
            (_, Some(leader)) => leader,
        };
        match state {
            PartitionState::LeaderDead => self.hit(Rule::H02, Owner::Users, topic).blame(leader),
            PartitionState::UnderMinIsr => {
                self.hit(Rule::H04, Owner::Users, topic);
            }
            PartitionState::AtMinIsr => {
                self.hit(Rule::H05, owner, topic);
            }
            PartitionState::NoLeader
            | PartitionState::OneCopyLeft
            | PartitionState::UnderReplicated
            | PartitionState::Healthy => {}
        }
        match partition.isr.as_ref() {
            [only] if factor >= 2 => self.hit(Rule::H10, owner, topic).blame(*only),
            _ if factor == 1 => self.hit(Rule::H09, owner, topic).blame(leader),
            _ => {}
        }
        if in_sync(partition) < factor {
            self.add_under_replicated(topic, owner, partition, moving);
        }
    }

    fn add_leaderless(&mut self, topic: &'a Topic, view: &TopicView, partition: &Partition) {
        let alive = partition.replicas.iter().any(|id| self.listed.contains(id));
        let synced = partition.isr.iter().any(|id| self.listed.contains(id));
        let hits = self.hit(Rule::H01, Owner::Users, topic);
        if partition.error == LISTENER_NOT_FOUND {
            hits.unheard += 1;
        } else if alive {
            hits.unsynced += u32::from(!synced);
        } else {
            hits.special += 1;
            for id in &partition.replicas {
                hits.blame(*id);
            }
        }
        if view.under_min_isr.is_some() {
            let hits = self.hits.entry((Rule::H04, Owner::Users)).or_default();
            hits.count += 1;
            hits.special += 1;
        }
    }

    /// H-03, unless brokers that have a finding of their own are all there is to it.
    fn add_under_replicated(
        &mut self,
        topic: &'a Topic,
        owner: Owner,
        partition: &Partition,
        moving: Option<&Move>,
    ) {
        let missing = |id: &BrokerId| {
            let adding = moving.is_some_and(|m| m.adding.contains(id));
            !adding && !partition.isr.contains(id) && !self.explains(*id, partition)
        };
        let Some(first) = partition.replicas.iter().position(missing) else {
            return;
        };
        let blamed: Vec<BrokerId> = partition
            .replicas
            .iter()
            .skip(first)
            .copied()
            .filter(|id| missing(id))
            .collect();
        let hits = self.hit(Rule::H03, owner, topic);
        for id in blamed {
            hits.blame(id);
        }
    }

    /// Whether the trouble of the replica's broker, or of the leader, is why it is out of sync.
    fn explains(&self, id: BrokerId, partition: &Partition) -> bool {
        let of_leader = partition
            .leader
            .and_then(|leader| self.troubled.get(&leader));
        !self.listed.contains(&id)
            || of_leader == Some(&VerdictKind::PeersCannotReach)
            || match self.troubled.get(&id) {
                Some(VerdictKind::GoingDown) => true,
                Some(VerdictKind::DegradedDisk) => partition.offline.contains(&id),
                _ => false,
            }
    }

    fn hit(&mut self, rule: Rule, owner: Owner, topic: &'a Topic) -> &mut Hits<'a> {
        let hits = self.hits.entry((rule, owner)).or_default();
        hits.add(&topic.name);
        hits
    }
}

fn tell<'a>(
    scope: &Scope<'a>,
    memory: &mut Memory<'_>,
    rule: Rule,
    owner: Owner,
    mut hits: Hits<'a>,
) -> Option<Finding> {
    // All of them are leaderless, and H-01 says so.
    if rule == Rule::H04 && hits.special == hits.count {
        return None;
    }
    let subject = match owner {
        Owner::Users => "",
        Owner::Internal => "internal",
    };
    let seen = memory.see(rule, subject);
    let severity = severity(rule, owner, seen.since.moment().age(scope.now))?;
    if !memory.confirmed(severity, seen) {
        return None;
    }
    let (text, note) = sentence(rule, owner, &mut hits)?;
    Some(Finding {
        rule,
        subject: subject.to_owned(),
        severity,
        text,
        note,
        next: next(rule, &hits),
        since: Some(seen.since),
        place: hits.place(),
    })
}

fn severity(rule: Rule, owner: Owner, age: Span) -> Option<Severity> {
    let base = match rule {
        Rule::H01 | Rule::H04 => Severity::Crit,
        Rule::H02 if age >= FAILOVER => Severity::Crit,
        Rule::H03 if age >= HEALING => Severity::Major,
        Rule::H05 | Rule::H10 => Severity::Major,
        Rule::H02 | Rule::H03 | Rule::H09 => Severity::Warn,
        Rule::NoContact | Rule::C01 | Rule::C02 | Rule::Broker(_) => return None,
    };
    Some(match owner {
        Owner::Users => base,
        Owner::Internal => base.worse(),
    })
}

fn sentence(rule: Rule, owner: Owner, hits: &mut Hits<'_>) -> Option<(String, String)> {
    let count = hits.count;
    let (have, are) = (words::have(count), words::are(count));
    let partitions = match owner {
        Owner::Users => words::partitions(count),
        Owner::Internal => words::internal_partitions(count),
    };
    let named = hits.named();
    Some(match rule {
        Rule::H01 => (
            format!("{partitions} {have} no leader: {named}"),
            leaderless_note(hits),
        ),
        Rule::H02 => (
            format!("{partitions} {are} led by a dead broker: {named}"),
            format!("leaders: {}", hits.blamed()),
        ),
        Rule::H03 => (
            format!("{partitions} {are} under-replicated: {named}"),
            format!("out of sync on alive brokers: {}", hits.blamed()),
        ),
        Rule::H04 => {
            let refuse = if count == 1 { "refuses" } else { "refuse" };
            let leaderless = match hits.special {
                0 => String::new(),
                some => format!("; {some} of them leaderless"),
            };
            (
                format!("{partitions} {refuse} acks=all writes (in-sync < min.insync.replicas)"),
                format!("{named}{leaderless}"),
            )
        }
        Rule::H05 => (
            format!("{partitions} {are} at min.insync.replicas: one more loss refuses writes"),
            named,
        ),
        Rule::H09 => (
            format!("{partitions} {have} a single copy: {named}"),
            format!("lost with their broker: {}", hits.blamed()),
        ),
        Rule::H10 => (one_copy_left(owner, hits)?, named),
        Rule::NoContact | Rule::C01 | Rule::C02 | Rule::Broker(_) => return None,
    })
}

/// `losing broker 1 as well takes 51 partitions offline (2: 47, 4: 12)`.
fn one_copy_left(owner: Owner, hits: &Hits<'_>) -> Option<String> {
    let mut holders: Vec<(BrokerId, u32)> = hits.brokers.iter().map(|(id, n)| (*id, *n)).collect();
    holders.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let ((worst, count), rest) = holders.split_first()?;
    let partitions = match owner {
        Owner::Users => words::partitions(*count),
        Owner::Internal => words::internal_partitions(*count),
    };
    let text = format!("losing broker {worst} as well takes {partitions} offline");
    if rest.is_empty() {
        return Some(text);
    }
    let others: Vec<String> = rest
        .iter()
        .take(OTHER_HOLDERS)
        .map(|(id, count)| format!("{id}: {count}"))
        .collect();
    Some(format!("{text} ({})", others.join(", ")))
}

/// Why nobody leads.
fn leaderless_note(hits: &Hits<'_>) -> String {
    let ids: Vec<BrokerId> = hits.brokers.keys().copied().collect();
    let dead = match ids.as_slice() {
        [] => String::new(),
        [only] => format!("only copies were on {only}"),
        [first, second] => format!("only copies were on {first} and {second}"),
        _ => "all replicas are down".to_owned(),
    };
    let synced = hits.count - hits.special - hits.unsynced - hits.unheard;
    let mut parts = vec![dead];
    parts.extend(
        [
            (hits.unsynced, "only out-of-sync copies are up"),
            (synced, "an in-sync copy is up"),
            (
                hits.unheard,
                "the leader has no listener of the kind this connection uses (seen only from here)",
            ),
        ]
        .into_iter()
        .filter(|(some, _)| *some > 0)
        .map(|(some, words)| {
            if some == hits.count {
                words.to_owned()
            } else {
                format!("of {some} {words}")
            }
        }),
    );
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}

fn next(rule: Rule, hits: &Hits<'_>) -> &'static str {
    match rule {
        Rule::H01 if hits.unheard == hits.count => {
            "Check advertised.listeners of all brokers for this listener."
        }
        Rule::H01 if hits.special + hits.unsynced + hits.unheard < hits.count => {
            "Look at the quorum: a replica that may lead is alive and was not elected."
        }
        Rule::H01 => {
            "Bring back a broker that held an in-sync copy; an unclean election loses data."
        }
        Rule::H02 => "Wait for the controller to elect; then look at the quorum.",
        Rule::H03 => "Look at the brokers that fall behind: disk, network, load.",
        Rule::H04 => "Bring the missing replicas back; consumers still work.",
        Rule::H05 | Rule::H10 => "Take no further broker down until the replicas are back.",
        Rule::H09 => "Raise the replication factor, or accept the loss.",
        Rule::NoContact | Rule::C01 | Rule::C02 | Rule::Broker(_) => "",
    }
}

/// Where the setting is unknown H-04 and H-05 cannot speak; the operator must know that they are silent.
fn unknown_min_isr(scope: &Scope<'_>, memory: &mut Memory<'_>) -> Option<Finding> {
    let unknown = scope
        .topics
        .values()
        .filter(|view| view.min_isr.is_none() && !view.states.is_empty())
        .count();
    if unknown == 0 {
        return None;
    }
    let subject = "unknown";
    let seen = memory.see(Rule::H04, subject);
    let configs = &scope.facts.configs;
    let pending = configs.value().is_none() && configs.failure().is_none();
    let reason = match configs.failure() {
        None if configs.value().is_some() => "not told",
        _ => unavailable(configs),
    };
    // The first answers about settings come a moment after the first topics.
    if pending && !memory.repeated(seen) {
        return None;
    }
    let noun = if unknown == 1 { "topic" } else { "topics" };
    memory.confirmed(Severity::Info, seen).then(|| Finding {
        rule: Rule::H04,
        subject: subject.to_owned(),
        severity: Severity::Info,
        text: format!("min.insync.replicas of {unknown} {noun} is unknown: {reason}"),
        note: "refused writes are not seen there".to_owned(),
        next: "Allow DESCRIBE_CONFIGS on the topics.",
        since: None,
        place: Place::Topics { faults_only: false },
    })
}

/// A cluster that always reports every replica in sync.
fn blind(scope: &Scope<'_>, memory: &mut Memory<'_>) -> Option<Finding> {
    let identity = scope.facts.identity.value()?;
    if identity.kind != Kind::Redpanda || scope.topics.is_empty() {
        return None;
    }
    let subject = "blind";
    memory.see(Rule::H03, subject);
    Some(Finding {
        rule: Rule::H03,
        subject: subject.to_owned(),
        severity: Severity::Info,
        text: "under-replication is not visible through the Kafka protocol of this cluster"
            .to_owned(),
        note: String::new(),
        next: "Ask the cluster's own admin API.",
        since: None,
        place: Place::Topics { faults_only: false },
    })
}
