//! Owns the facts of one cluster: takes what pollers learned, publishes snapshots. Asks nobody anything.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::log_dirs::Disks;
use crate::clock::now;
use crate::model::facts::LogRange;
use crate::model::{
    BrokerId, Facts, Failure, Group, Groups, Identity, Moment, Move, Observed, Probe, Quorum,
    Registration, RosterEntry, Snapshot, Source, TopicConfig, TopicName, TopicPartition, Topology,
};

/// How long a change waits for others that belong to it.
const SETTLE: Duration = Duration::from_millis(40);
/// How long news that change nothing but an age or a round trip may wait.
const LINGER: Duration = Duration::from_secs(1);

/// A value just learned, or why it was not.
pub type Outcome<T> = Result<Learned<T>, Failure>;

/// A value with its time and source.
#[derive(Debug, Clone)]
pub struct Learned<T> {
    pub value: T,
    pub at: Moment,
    pub from: Source,
    /// What of it could not be learned, if only a part was.
    pub flaw: Option<Failure>,
}

impl<T> Learned<T> {
    /// A whole value, learned now.
    pub fn now(value: T, from: Source) -> Self {
        Self {
            value,
            at: now(),
            from,
            flaw: None,
        }
    }
}

/// Offsets of one topic's partitions.
pub type Ranges = BTreeMap<i32, LogRange>;

/// What one round of one poller learned.
#[derive(Debug)]
pub enum Update {
    Topology(Learned<(Arc<Topology>, Arc<Identity>)>),
    /// No broker gave metadata; one sentence per address tried.
    NoTopology(Failure, Vec<Arc<str>>),
    Registrations(Outcome<BTreeMap<BrokerId, Registration>>),
    Quorum(Outcome<Quorum>),
    Moves(Outcome<BTreeMap<TopicPartition, Move>>),
    Configs(Outcome<BTreeMap<TopicName, TopicConfig>>),
    Probe(BrokerId, Arc<Probe>),
    /// Nobody speaks of this broker any more.
    Unprobed(BrokerId),
    LogDirs(BrokerId, Outcome<Disks>),
    Groups(Outcome<Groups>),
    /// The group in focus, between rounds.
    Group(Arc<Group>),
    Ranges(TopicName, Outcome<Ranges>),
    /// No topic is in focus any more.
    Unfocused,
    Roster(Arc<BTreeMap<BrokerId, RosterEntry>>, Option<Arc<str>>),
}

/// How soon a snapshot must tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// At once: the screen is empty without it.
    Now,
    Soon,
    Later,
}

impl Urgency {
    fn patience(self) -> Duration {
        match self {
            Self::Now => Duration::ZERO,
            Self::Soon => SETTLE,
            Self::Later => LINGER,
        }
    }
}

/// The facts and the place they are published.
pub struct Assembler {
    facts: Facts,
    disks: BTreeMap<BrokerId, Disks>,
    snapshots: watch::Sender<Arc<Snapshot>>,
}

impl Assembler {
    /// Starts from what is known before the first answer.
    pub fn new(facts: Facts, snapshots: watch::Sender<Arc<Snapshot>>) -> Self {
        Self {
            facts,
            disks: BTreeMap::new(),
            snapshots,
        }
    }

    /// Runs until all pollers are gone.
    pub async fn run(mut self, mut updates: mpsc::Receiver<Update>) {
        let mut due: Option<Instant> = None;
        loop {
            tokio::select! {
                update = updates.recv() => {
                    let Some(update) = update else { return };
                    let wanted = Instant::now() + self.apply(update).patience();
                    due = Some(due.map_or(wanted, |due| due.min(wanted)));
                }
                () = until(due) => {
                    due = None;
                    self.publish();
                }
            }
        }
    }

    /// Judges outside of the channel's lock: those who look at the last snapshot must not wait for the next.
    fn publish(&mut self) {
        let last = self.snapshots.borrow().clone();
        let next = Snapshot::judge(self.facts.clone(), Some(&last), now());
        self.snapshots.send_replace(Arc::new(next));
    }

    /// Takes one update in.
    pub fn apply(&mut self, update: Update) -> Urgency {
        let facts = &mut self.facts;
        match update {
            Update::Topology(learned) => self.sighted(learned),
            Update::NoTopology(failure, reasons) => self.unsighted(failure, reasons),
            Update::Registrations(outcome) => note(&mut facts.registrations, outcome),
            Update::Quorum(outcome) => note(&mut facts.quorum, outcome),
            Update::Moves(outcome) => note(&mut facts.moves, outcome),
            Update::Configs(outcome) => note(&mut facts.configs, outcome),
            Update::Groups(outcome) => note(&mut facts.groups, outcome),
            Update::Probe(id, probe) => self.probed(id, probe),
            Update::Unprobed(id) => self.forgotten(id),
            Update::LogDirs(id, outcome) => self.weighed(id, outcome),
            Update::Group(group) => refreshed(&mut facts.groups, group),
            Update::Ranges(topic, outcome) => {
                let mut ranges = Observed::default();
                if let Some(old) = facts.ranges.get(&topic) {
                    ranges = old.clone();
                }
                let urgency = note(&mut ranges, outcome);
                // One topic is in focus: the ranges of another one are of no use.
                facts.ranges = Arc::new(BTreeMap::from([(topic, ranges)]));
                urgency
            }
            Update::Unfocused => {
                facts.ranges = Arc::default();
                Urgency::Later
            }
            Update::Roster(roster, failure) => {
                let urgency = urgency(facts.roster == roster && facts.roster_failure == failure);
                if let Some(text) = &failure
                    && facts.roster_failure != failure
                {
                    log::warn!("{text}");
                }
                facts.roster = roster;
                facts.roster_failure = failure;
                urgency
            }
        }
    }

    fn sighted(&mut self, learned: Learned<(Arc<Topology>, Arc<Identity>)>) -> Urgency {
        let Learned {
            value: (topology, identity),
            at,
            from,
            ..
        } = learned;
        let facts = &mut self.facts;
        let first = facts.topology.value().is_none();
        let same = facts.topology.failure().is_none()
            && facts
                .topology
                .value()
                .is_some_and(|old| Arc::ptr_eq(old, &topology));
        let identity = match facts.identity.value() {
            Some(old) if **old == *identity => old.clone(),
            _ => identity,
        };
        facts.identity = Observed::learned(identity, at, from);
        facts.topology = Observed::learned(topology, at, from);
        if !facts.contact_failures.is_empty() {
            facts.contact_failures = Arc::from([]);
        }
        let back = facts.no_contact_since.take().is_some();
        match (first, same && !back) {
            (true, _) => Urgency::Now,
            (false, same) => urgency(same),
        }
    }

    fn unsighted(&mut self, failure: Failure, reasons: Vec<Arc<str>>) -> Urgency {
        let at = failure.at;
        self.facts.topology.fail(failure);
        self.facts.contact_failures = reasons.into();
        // Before the first answer there are no probes to judge by.
        if self.facts.topology.value().is_none() {
            self.facts.no_contact_since.get_or_insert(at);
        }
        self.contact();
        Urgency::Soon
    }

    fn probed(&mut self, id: BrokerId, probe: Arc<Probe>) -> Urgency {
        let old = self.facts.probes.get(&id);
        let same =
            old.is_some_and(|old| old.reachable == probe.reachable && old.failure == probe.failure);
        Arc::make_mut(&mut self.facts.probes).insert(id, probe);
        self.contact().min(urgency(same))
    }

    /// Brings coverage and contact in line with the probes.
    fn contact(&mut self) -> Urgency {
        let facts = &mut self.facts;
        let answered = |probe: &Probe| probe.failures == 0 && probe.successes > 0;
        facts.coverage.asked = facts.probes.keys().copied().collect();
        facts.coverage.answered = facts
            .probes
            .iter()
            .filter(|(_, probe)| answered(probe))
            .map(|(id, _)| *id)
            .collect();
        let before = facts.no_contact_since;
        // A bastion may reach a bootstrap address and none of the advertised ones: that is contact.
        let lost = !facts.probes.is_empty()
            && facts.topology.failure().is_some()
            && facts
                .probes
                .values()
                .all(|probe| probe.reachable == Some(false));
        if lost {
            let since = facts.probes.values().filter_map(|probe| probe.since).max();
            facts.no_contact_since = before.or(since);
        } else if !facts.coverage.answered.is_empty() {
            facts.no_contact_since = None;
        }
        urgency(before == facts.no_contact_since)
    }

    /// Drops what only the broker itself could tell.
    fn forgotten(&mut self, id: BrokerId) -> Urgency {
        Arc::make_mut(&mut self.facts.probes).remove(&id);
        let contact = self.contact();
        if self.facts.log_dirs.contains_key(&id) {
            Arc::make_mut(&mut self.facts.log_dirs).remove(&id);
        }
        if self.disks.remove(&id).is_none() {
            return contact;
        }
        contact.min(self.measured())
    }

    /// Brings the sizes in line with the disks.
    fn measured(&mut self) -> Urgency {
        let sizes = Disks::sizes(self.disks.values());
        let same = *self.facts.sizes == sizes;
        if !same {
            self.facts.sizes = Arc::new(sizes);
        }
        urgency(same)
    }

    fn weighed(&mut self, id: BrokerId, outcome: Outcome<Disks>) -> Urgency {
        let mut moved = false;
        let dirs = outcome.map(|learned| {
            let Learned {
                value: disks,
                at,
                from,
                flaw,
            } = learned;
            let dirs = disks.dirs.clone();
            let replicas = self.disks.get(&id).map(|old| &old.replicas);
            moved = replicas != Some(&disks.replicas);
            self.disks.insert(id, disks);
            Learned {
                value: dirs,
                at,
                from,
                flaw,
            }
        });
        let all = Arc::make_mut(&mut self.facts.log_dirs);
        let urgency = note(all.entry(id).or_default(), dirs);
        if moved {
            return urgency.min(self.measured());
        }
        urgency
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

fn urgency(same: bool) -> Urgency {
    if same { Urgency::Later } else { Urgency::Soon }
}

/// Takes an outcome into a fact. A value that says what is known already keeps its memory.
fn note<T: PartialEq>(fact: &mut Observed<Arc<T>>, outcome: Outcome<T>) -> Urgency {
    match outcome {
        Err(failure) => {
            let same = fact.failure().is_some_and(|old| old.text == failure.text);
            if !same {
                log::warn!("{}", failure.text);
            }
            fact.fail(failure);
            urgency(same)
        }
        Ok(Learned {
            value,
            at,
            from,
            flaw,
        }) => {
            let old = fact.value().filter(|old| ***old == value).cloned();
            let same = old.is_some() && fact.failure().is_none();
            *fact = Observed::learned(old.unwrap_or_else(|| Arc::new(value)), at, from);
            if let Some(flaw) = flaw {
                fact.fail(flaw);
            }
            urgency(same)
        }
    }
}

/// Replaces one group between rounds, if the last round knew it.
fn refreshed(groups: &mut Observed<Arc<Groups>>, group: Arc<Group>) -> Urgency {
    let (Some(old), Some(at)) = (groups.value(), groups.at()) else {
        return Urgency::Later;
    };
    if !old.by_id.contains_key(&group.id) {
        return Urgency::Later;
    }
    let mut fresh = old.as_ref().clone();
    fresh.by_id.insert(group.id.clone(), group);
    let failure = groups.failure().cloned();
    *groups = Observed::learned(Arc::new(fresh), at, groups.from());
    if let Some(failure) = failure {
        groups.fail(failure);
    }
    Urgency::Soon
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Endpoint, Kind, ProbeFailure, Rung};

    fn assembler() -> Assembler {
        let (shown, _) = watch::channel(Arc::new(Snapshot::default()));
        Assembler::new(Facts::default(), shown)
    }

    fn sighting() -> Update {
        let endpoint = Endpoint {
            host: "a".into(),
            port: 1,
        };
        let topology = Topology {
            brokers: BTreeMap::from([(BrokerId(1), (endpoint, None))]),
            ..Topology::default()
        };
        let identity = Identity {
            cluster_id: "c".into(),
            kind: Kind::KRaft,
            metadata_version: None,
        };
        let seen = (Arc::new(topology), Arc::new(identity));
        Update::Topology(Learned::now(seen, Source::Bootstrap))
    }

    fn silence() -> Update {
        let probe = Probe {
            reachable: Some(false),
            since: Some(Moment::from_unix_ms(7)),
            failures: 2,
            failure: Some(ProbeFailure {
                rung: Rung::Tcp,
                text: "no answer".into(),
                refused: false,
            }),
            ..Probe::default()
        };
        Update::Probe(BrokerId(1), Arc::new(probe))
    }

    fn no_metadata() -> Update {
        let failure = super::super::error::CallError::Nobody.failure(Moment::from_unix_ms(9));
        Update::NoTopology(failure, vec!["a:1: no answer".into()])
    }

    #[test]
    fn contact_is_lost_when_neither_probes_nor_metadata_are_answered() {
        let mut assembler = assembler();
        assert_eq!(assembler.apply(sighting()), Urgency::Now);
        assembler.apply(silence());
        // The advertised address does not answer from here, but somebody gives metadata.
        assert_eq!(assembler.facts.no_contact_since, None);
        assembler.apply(no_metadata());
        assert_eq!(
            assembler.facts.no_contact_since,
            Some(Moment::from_unix_ms(7))
        );
        assembler.apply(sighting());
        assert_eq!(assembler.facts.no_contact_since, None);
        assert!(assembler.facts.contact_failures.is_empty());
    }

    #[test]
    fn an_answer_that_repeats_itself_keeps_its_memory_and_is_not_urgent() {
        let mut assembler = assembler();
        let quorum = || Update::Quorum(Ok(Learned::now(quorum(3), Source::Bootstrap)));
        assert_eq!(assembler.apply(quorum()), Urgency::Soon);
        let first = assembler.facts.quorum.value().cloned().expect("learned");
        assert_eq!(assembler.apply(quorum()), Urgency::Later);
        let second = assembler.facts.quorum.value().cloned().expect("learned");
        assert!(Arc::ptr_eq(&first, &second));
    }

    #[test]
    fn a_failed_question_keeps_the_last_answer() {
        let mut assembler = assembler();
        assembler.apply(Update::Quorum(Ok(Learned::now(
            quorum(3),
            Source::Bootstrap,
        ))));
        let failure = super::super::error::CallError::Nobody.failure(Moment::from_unix_ms(9));
        assert_eq!(assembler.apply(Update::Quorum(Err(failure))), Urgency::Soon);
        assert!(assembler.facts.quorum.value().is_some());
        assert!(assembler.facts.quorum.failure().is_some());
    }

    #[test]
    fn the_disks_of_a_broker_that_is_gone_go_with_it() {
        let mut assembler = assembler();
        let disks = Disks {
            replicas: vec![("t".into(), vec![(0, 7)])],
            ..Disks::default()
        };
        let told = Ok(Learned::now(disks, Source::Broker(BrokerId(1))));
        assembler.apply(Update::LogDirs(BrokerId(1), told));
        assert_eq!(assembler.facts.sizes.len(), 1);
        assembler.apply(Update::Unprobed(BrokerId(1)));
        assert!(assembler.facts.sizes.is_empty());
        assert!(assembler.facts.log_dirs.is_empty());
    }

    fn quorum(epoch: i32) -> Quorum {
        Quorum {
            leader: None,
            epoch,
            high_watermark: 0,
            voters: Vec::new(),
            observers: Vec::new(),
        }
    }
}
