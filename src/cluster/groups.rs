//! Groups of all types with their lag: every coordinator for its own groups, then the ends of what they read.
//!
//! Committed positions are read before the ends, so that no lag is negative because of the race. The cost is a few
//! requests per broker, whatever the number of groups and partitions up to the slice sizes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use super::assembler::{Learned, Update};
use super::client::{Client, Lane};
use super::committed::{self, Positions};
use super::coordinator::{self, Described, Listed};
use super::error::CallError;
use super::gather::Asked;
use super::offsets::{self, Point, Points, Wanted};
use super::poll::{Desk, Report};
use crate::clock::now;
use crate::model::{
    BrokerId, Coverage, Failure, Group, GroupOffset, Groups, Member, Moment, Observed, Source,
    TopicName, Topology,
};

/// What a coordinator told of one of its groups.
#[derive(Debug)]
struct Sheet {
    listed: Listed,
    described: Option<Described>,
    positions: Option<Result<Positions, Failure>>,
}

/// What one coordinator told.
#[derive(Debug)]
struct Roll {
    coordinator: BrokerId,
    told: Result<Vec<Sheet>, CallError>,
    throttled: bool,
}

/// One round over all coordinators.
pub async fn round(desk: Desk) -> Report {
    let began = Instant::now();
    let topology = desk.topology();
    let shown = desk.shown();
    let known = shown.facts.groups.value().cloned().unwrap_or_default();
    let rolls = call_rolls(&desk.client, &topology).await;
    let told = rolls.iter().filter_map(|roll| roll.told.as_ref().ok());
    let wanted = wanted(told.flatten());
    let ends = offsets::read(&desk.client, &topology, &wanted, Point::End).await;
    let coverage = Coverage {
        asked: topology.brokers.keys().copied().collect(),
        answered: rolls
            .iter()
            .filter(|roll| roll.told.is_ok())
            .map(|roll| roll.coordinator)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
    };
    let throttled = ends.throttled || rolls.iter().any(|roll| roll.throttled);
    let took = (!coverage.partial()).then(|| began.elapsed());
    // Groups of a coordinator that did not answer stay as they were, and age, as long as anybody knows that broker.
    let silent = |group: &Group| {
        let id = &group.coordinator;
        !coverage.answered.contains(id)
            && (coverage.asked.contains(id) || shown.facts.probes.contains_key(id))
    };
    let kept: BTreeMap<Arc<str>, Arc<Group>> = known
        .by_id
        .iter()
        .filter(|(_, group)| silent(group))
        .map(|(id, group)| (id.clone(), group.clone()))
        .collect();
    let outcome = assemble(rolls, &ends, (&known, kept), coverage);
    Report {
        updates: vec![Update::Groups(outcome)],
        took,
        throttled,
    }
}

async fn call_rolls(client: &Client, topology: &Arc<Topology>) -> Vec<Roll> {
    let mut asked = Asked::none();
    for id in topology
        .brokers
        .keys()
        .copied()
        .filter(|id| !client.is_suspect(*id))
    {
        let (client, topology) = (client.clone(), topology.clone());
        asked.spawn(id, async move {
            let told = coordinated(&client, id, &topology).await;
            let throttled = told.as_ref().is_ok_and(|(_, throttled)| *throttled);
            Roll {
                coordinator: id,
                told: told.map(|(sheets, _)| sheets),
                throttled,
            }
        });
    }
    asked.gather(|id| client.is_suspect(id)).await
}

async fn coordinated(
    client: &Client,
    id: BrokerId,
    topology: &Topology,
) -> Result<(Vec<Sheet>, bool), CallError> {
    let connection = client.connection(id, Lane::Own).await?;
    let (listed, throttled) = coordinator::list(&connection).await?;
    let (mut described, mut positions) = tokio::join!(
        coordinator::describe(&connection, &listed, &topology.topics),
        committed::read(client, id, &listed, &topology.topics)
    );
    let sheets = listed.into_iter().map(|listed| Sheet {
        described: described.remove(&listed.id),
        positions: positions.remove(&listed.id),
        listed,
    });
    Ok((sheets.collect(), throttled))
}

/// One group afresh, by the coordinator that last listed it.
pub async fn single(desk: &Desk, id: &str) -> Option<Arc<Group>> {
    let topology = desk.topology();
    let known = desk.shown().facts.groups.value()?.by_id.get(id)?.clone();
    if desk.client.is_suspect(known.coordinator) {
        return None;
    }
    let listed = [Listed {
        id: known.id.clone(),
        kind: known.kind.clone(),
        state: known.state.clone(),
        protocol: known.protocol.clone(),
    }];
    let connection = desk
        .client
        .connection(known.coordinator, Lane::Own)
        .await
        .ok()?;
    let (mut described, mut positions) = tokio::join!(
        coordinator::describe(&connection, &listed, &topology.topics),
        committed::read(&desk.client, known.coordinator, &listed, &topology.topics)
    );
    let [listed] = listed;
    let sheet = Sheet {
        described: described.remove(id),
        positions: positions.remove(id),
        listed,
    };
    let wanted = wanted([&sheet]);
    let ends = offsets::read(&desk.client, &topology, &wanted, Point::End).await;
    let from = known.coordinator;
    Some(Arc::new(group(sheet, from, &ends, Some(&known), now())))
}

/// Every partition that some group reads or has read. Positions come in runs of one topic.
fn wanted<'a>(sheets: impl IntoIterator<Item = &'a Sheet>) -> Wanted {
    let mut wanted = Wanted::new();
    for sheet in sheets {
        let rows = sheet
            .positions
            .iter()
            .flatten()
            .map(|positions| positions.rows.as_slice());
        for run in rows.flat_map(|rows| rows.chunk_by(|one, other| one.topic == other.topic)) {
            if let Some(first) = run.first() {
                add(
                    &mut wanted,
                    &first.topic,
                    run.iter().map(|row| row.partition),
                );
            }
        }
        let members = sheet
            .described
            .iter()
            .flat_map(|described| described.members.iter().flatten());
        for (topic, partitions) in members.flat_map(|member| &member.assigned) {
            add(&mut wanted, topic, partitions.iter().copied());
        }
    }
    wanted
}

fn add(wanted: &mut Wanted, topic: &TopicName, partitions: impl Iterator<Item = i32>) {
    match wanted.get_mut(topic) {
        Some(known) => known.extend(partitions),
        None => drop(wanted.insert(topic.clone(), partitions.collect())),
    }
}

/// Puts the round together: `kept` groups and those just told, which share what did not change with the `known`.
fn assemble(
    rolls: Vec<Roll>,
    ends: &Points,
    (known, kept): (&Groups, BTreeMap<Arc<str>, Arc<Group>>),
    coverage: Coverage,
) -> Result<Learned<Groups>, Failure> {
    let at = now();
    let mut by_id = kept;
    let mut flaw = None;
    let mut from = Source::default();
    for Roll {
        coordinator, told, ..
    } in rolls
    {
        match told {
            Err(error) => flaw = Some(error.failure(at)),
            Ok(sheets) => {
                from = Source::Broker(coordinator);
                for sheet in sheets {
                    let old = known.by_id.get(&sheet.listed.id);
                    let fresh = group(sheet, coordinator, ends, old, at);
                    by_id.insert(fresh.id.clone(), Arc::new(fresh));
                }
            }
        }
    }
    if coverage.answered.is_empty() {
        return Err(flaw.unwrap_or_else(|| CallError::Nobody.failure(at)));
    }
    Ok(Learned {
        value: Groups { by_id, coverage },
        at,
        from,
        flaw,
    })
}

fn group(
    sheet: Sheet,
    coordinator: BrokerId,
    ends: &Points,
    old: Option<&Arc<Group>>,
    at: Moment,
) -> Group {
    let Sheet {
        listed,
        described,
        positions,
    } = sheet;
    let from = Source::Broker(coordinator);
    let missing = || CallError::Nobody.failure(at);
    let (state, members) = match described {
        Some(Described { state, members }) => (state, members),
        None => (None, Err(missing())),
    };
    let members = observe(
        members.map(|members| (members, None)),
        old.map(|old| &old.members),
        at,
        from,
    );
    let rows = positions
        .unwrap_or_else(|| Err(missing()))
        .map(|positions| {
            let assigned = members
                .value()
                .map_or(&[][..], |members| members.as_slice());
            (
                rows(&positions, assigned, ends),
                positions.flaw.or_else(|| ends.flaw.clone()),
            )
        });
    Group {
        id: old.map_or(listed.id, |old| old.id.clone()),
        kind: listed.kind,
        state: state.unwrap_or(listed.state),
        protocol: listed.protocol,
        coordinator,
        offsets: observe(rows, old.map(|old| &old.offsets), at, from),
        members,
    }
}

/// A fact from its outcome and its past: what did not change keeps its memory, what failed keeps its value.
fn observe<T: PartialEq>(
    outcome: Result<(T, Option<Failure>), Failure>,
    old: Option<&Observed<Arc<T>>>,
    at: Moment,
    from: Source,
) -> Observed<Arc<T>> {
    let known = old.and_then(Observed::value);
    match outcome {
        Err(failure) => {
            let mut fact = old.cloned().unwrap_or_default();
            fact.fail(failure);
            fact
        }
        Ok((value, flaw)) => {
            let shared = known.filter(|known| ***known == value).cloned();
            let mut fact = Observed::learned(shared.unwrap_or_else(|| Arc::new(value)), at, from);
            if let Some(flaw) = flaw {
                fact.fail(flaw);
            }
            fact
        }
    }
}

/// Partitions with a position, and those assigned without one; by topic, then partition.
fn rows(positions: &Positions, members: &[Member], ends: &Points) -> Vec<GroupOffset> {
    let mut rows: Vec<GroupOffset> = positions
        .rows
        .iter()
        .map(|position| GroupOffset {
            topic: position.topic.clone(),
            partition: position.partition,
            committed: position.offset,
            end: ends.get(&position.topic, position.partition),
            reported_lag: position.lag,
            member: None,
        })
        .collect();
    rows.sort_by(|one, other| place(one).cmp(&place(other)));
    let mut unread = Vec::new();
    for (index, member) in members.iter().enumerate() {
        let assigned = member.assigned.iter();
        for (topic, partition) in assigned.flat_map(|(t, ps)| ps.iter().map(move |p| (t, *p))) {
            let sought = (topic.as_ref(), partition);
            match rows.binary_search_by(|row| place(row).cmp(&sought)) {
                // Members of a share group share partitions: the first one stands for them.
                Ok(found) => rows
                    .iter_mut()
                    .skip(found)
                    .take(1)
                    .for_each(|row| row.member = row.member.or(Some(index))),
                Err(_) => unread.push(GroupOffset {
                    topic: topic.clone(),
                    partition,
                    committed: None,
                    end: ends.get(topic, partition),
                    reported_lag: None,
                    member: Some(index),
                }),
            }
        }
    }
    rows.append(&mut unread);
    rows.sort_by(|one, other| place(one).cmp(&place(other)));
    rows.dedup_by(|one, other| place(one) == place(other));
    rows
}

fn place(row: &GroupOffset) -> (&str, i32) {
    (&row.topic, row.partition)
}
