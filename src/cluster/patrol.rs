//! One prober per known broker, started when a broker becomes known and ended when nobody speaks of it any more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::task::{AbortHandle, JoinSet};

use super::assembler::Update;
use super::dialer::Target;
use super::pace::jitter;
use super::poll::Desk;
use super::probe::{CONFIRM, Held, Round, Trips, record, round, unknown_address};
use crate::clock::now;
use crate::model::{BrokerId, Facts, Probe};

/// Keeps a prober for every known broker.
pub async fn probe_all(mut desk: Desk) {
    let mut probers = JoinSet::new();
    let mut running: BTreeMap<BrokerId, AbortHandle> = BTreeMap::new();
    let mut last = desk.shown().facts.clone();
    while let Some(snapshot) = desk.next().await {
        let facts = &snapshot.facts;
        if !running.is_empty() && same_sources(&last, facts) {
            continue;
        }
        last = facts.clone();
        let known = known(facts);
        learn(&desk, facts, &known);
        for id in &known {
            running
                .entry(*id)
                .or_insert_with(|| probers.spawn(probe(desk.clone(), *id)));
        }
        let gone: Vec<BrokerId> = running
            .keys()
            .filter(|id| !known.contains(id))
            .copied()
            .collect();
        for id in gone {
            if let Some(prober) = running.remove(&id) {
                prober.abort();
            }
            // Its address is not asked for anything as long as nobody probes it.
            desk.client.suspect(id, true);
            desk.tell(Update::Unprobed(id)).await;
        }
    }
}

/// Whether the facts that name brokers are the very same.
fn same_sources(old: &Facts, new: &Facts) -> bool {
    let same_topology = match (old.topology.value(), new.topology.value()) {
        (Some(old), Some(new)) => Arc::ptr_eq(old, new),
        (None, None) => true,
        _ => false,
    };
    let same_registrations = match (old.registrations.value(), new.registrations.value()) {
        (Some(old), Some(new)) => Arc::ptr_eq(old, new),
        (None, None) => true,
        _ => false,
    };
    same_topology && same_registrations && Arc::ptr_eq(&old.roster, &new.roster)
}

/// Brokers that somebody speaks of: listed, registered, or in a replica list. One that only our own memory knows
/// is gone, and has no address worth dialling.
fn known(facts: &Facts) -> BTreeSet<BrokerId> {
    let mut known = BTreeSet::new();
    if let Some(topology) = facts.topology.value() {
        known.extend(topology.brokers.keys());
        let topics = topology.topics.values();
        let partitions = topics.flat_map(|topic| &topic.partitions);
        for id in partitions.flat_map(|partition| &partition.replicas) {
            // Nearly every id is known already, and looking is cheaper than inserting.
            if !known.contains(id) {
                known.insert(*id);
            }
        }
    }
    if let Some(registrations) = facts.registrations.value() {
        known.extend(registrations.keys());
    }
    known
}

/// Addresses of known brokers that are not listed: as registered, else as remembered.
fn learn(desk: &Desk, facts: &Facts, known: &BTreeSet<BrokerId>) {
    let listed = facts.topology.value().map(|topology| &topology.brokers);
    let unlisted = |id: &BrokerId| listed.is_none_or(|listed| !listed.contains_key(id));
    let registered = facts.registrations.value();
    let unregistered =
        |id: &BrokerId| registered.is_none_or(|registered| !registered.contains_key(id));
    let remembered = facts
        .roster
        .iter()
        .map(|(id, entry)| (*id, &entry.endpoint));
    desk.client
        .learn(remembered.filter(|(id, _)| known.contains(id) && unlisted(id) && unregistered(id)));
    let registered = registered.into_iter().flat_map(|map| map.iter());
    let registered = registered.map(|(id, registration)| (*id, &registration.endpoint));
    desk.client.learn(registered.filter(|(id, _)| unlisted(id)));
}

/// Probes one broker for ever.
async fn probe(mut desk: Desk, id: BrokerId) {
    let (mut probe, mut trips) = (Probe::default(), Trips::default());
    let mut held: Option<Held> = None;
    loop {
        let target = desk.client.target(id);
        let target = target.as_ref();
        let surprised = once(&desk, id, target, &mut probe, &mut trips, &mut held).await;
        if surprised {
            tokio::time::sleep(CONFIRM).await;
            // Over a fresh connection: the old one may be what is broken.
            held = None;
            let target = desk.client.target(id);
            once(
                &desk,
                id,
                target.as_ref(),
                &mut probe,
                &mut trips,
                &mut held,
            )
            .await;
        }
        if !rest(&mut desk, id, target, held.as_ref()).await {
            return;
        }
    }
}

/// One round, told and taken into the verdict. Returns whether it was a surprise.
async fn once(
    desk: &Desk,
    id: BrokerId,
    target: Option<&Target>,
    probe: &mut Probe,
    trips: &mut Trips,
    held: &mut Option<Held>,
) -> bool {
    let rounds: Vec<Round> = match target {
        Some(target) => round(&desk.client, target, held).await,
        None => vec![Err(unknown_address(id))],
    };
    let before = probe.reachable;
    let mut surprised = false;
    for round in rounds {
        surprised = record(probe, trips, round, now());
    }
    if let Some(target) = target {
        let (dialled, rule) = desk.client.dialer().way().outlook(target);
        probe.rule = rule;
        if probe.failures > 0 {
            probe.dialled = dialled;
        }
    }
    let elsewhere = probe.cluster_id.as_ref().is_some_and(|theirs| {
        let shown = desk.shown();
        let ours = shown.facts.identity.value();
        ours.is_some_and(|ours| ours.excludes(theirs))
    });
    desk.client.suspect(id, probe.failures > 0 || elsewhere);
    desk.tell(Update::Probe(id, Arc::new(probe.clone()))).await;
    if before.is_some() && before != probe.reachable {
        desk.stir();
    }
    surprised
}

/// Waits for the next round: until the pause is over, the connection ends or the address changes. `false` when the
/// watch is over.
async fn rest(desk: &mut Desk, id: BrokerId, target: Option<&Target>, held: Option<&Held>) -> bool {
    let pause = tokio::time::sleep(jitter(desk.paces.probes));
    tokio::pin!(pause);
    loop {
        tokio::select! {
            () = &mut pause => return true,
            () = ended(held) => return true,
            news = desk.next() => {
                if news.is_none() {
                    return false;
                }
                if desk.client.target(id).as_ref() != target {
                    return true;
                }
            }
        }
    }
}

async fn ended(held: Option<&Held>) {
    match held {
        Some(held) => held.closed().await,
        None => std::future::pending().await,
    }
}
