//! One broker: what each source says of it, how far our own connections get, its disks and its replicas.
//!
//! ```text
//!  ✗ broker 3   kafka-3:9092   rack b   DOWN since 14:02 UTC (4m)  high confidence
//!  evidence     controller: not listed alive
//!               probe: host answers, nothing listens on 9092
//!  probe        DNS 1ms · TCP refused …
//!  log dirs     /var/kafka-0 41% of 1.2 TB, 412 replicas
//!  412 replicas · 0 led · 412 out of sync
//!    TOPIC     P  ROLE  ISR  STATE
//!    orders    1  ✗     2/3  under-replicated
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::action::{Action, Binding};
use crate::model::verdict::{Confidence, Since};
use crate::model::{
    BrokerId, BrokerView, LogDir, Partition, PartitionState, Place, TopicName, VerdictKind, units,
};
use crate::screens::glyphs;
use crate::screens::listing::{self, Listing, Sheet, Wanted};
use crate::screens::{Reply, Room, Scene, cells, partition};
use crate::ui::columns::Column;
use crate::ui::line::{self, Line};
use crate::ui::table::{Direction, Row};
use crate::ui::text::Align;
use crate::ui::theme::Role;

/// Cells of the labels on the left.
const LABEL: usize = 13;
/// The replicas keep at least this many rows, however much there is to say above them.
const TABLE_ROWS_MIN: u16 = 6;

/// What a row shows and can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Topic,
    Partition,
    Part,
    Leader,
    Isr,
    State,
}

const SORTS: &[(Field, Direction)] = &[
    (Field::State, Direction::Descending),
    (Field::Topic, Direction::Ascending),
];

fn columns() -> Vec<(Field, Column)> {
    vec![
        (Field::Topic, Column::name("TOPIC", 12, 60)),
        (Field::Partition, Column::new("P", 5).right()),
        (Field::Part, Column::new("ROLE", 11)),
        (Field::Leader, Column::new("LEADER", 6).right()),
        (Field::Isr, Column::new("ISR", 5)),
        (Field::State, Column::new("STATE", 12).up_to(40)),
    ]
}

/// The screen.
#[derive(Debug)]
pub struct BrokerPage {
    id: BrokerId,
    list: Listing<(TopicName, i32), Field>,
}

/// One replica on this broker.
struct Replica<'a> {
    topic: &'a TopicName,
    partition: &'a Partition,
    state: PartitionState,
}

impl BrokerPage {
    /// The page of this broker.
    pub fn of(id: BrokerId) -> Self {
        Self {
            id,
            list: Listing::new(SORTS),
        }
    }

    fn replicas<'a>(&self, scene: &Scene<'a>) -> Vec<Replica<'a>> {
        let Some(topology) = scene.snapshot.facts.topology.value() else {
            return Vec::new();
        };
        let views = &scene.snapshot.topics;
        let known = topology
            .topics
            .iter()
            .filter_map(|(name, topic)| Some((topic, views.get(name)?)));
        known
            .flat_map(|(topic, view)| {
                let states = topic.partitions.iter().zip(&view.states);
                states.map(|(partition, state)| Replica {
                    topic: &topic.name,
                    partition,
                    state: *state,
                })
            })
            .filter(|replica| replica.partition.replicas.contains(&self.id))
            .collect()
    }

    fn table(&self, scene: &Scene) -> Rect {
        let said = scene
            .snapshot
            .broker(self.id)
            .map_or(0, |broker| said(scene, broker).len());
        let most = scene.body.height.saturating_sub(TABLE_ROWS_MIN);
        listing::below(
            scene.body,
            u16::try_from(said).unwrap_or(u16::MAX).min(most),
        )
    }
}

impl Room for BrokerPage {
    fn keys(&self) -> &'static [&'static [Binding]] {
        &[
            listing::OPEN,
            listing::LEAVE,
            listing::CHOICE,
            listing::MOVES,
        ]
    }

    fn place(&self) -> Place {
        Place::Broker(self.id)
    }

    fn filter(&self) -> Option<&str> {
        Some(&self.list.filter)
    }

    fn set_filter(&mut self, filter: &str) {
        filter.clone_into(&mut self.list.filter);
    }

    fn settle(&mut self, scene: &Scene) {
        let passes = self.list.passes();
        let mut replicas = self.replicas(scene);
        replicas.retain(|replica| {
            let wanted =
                self.list.wanted == Wanted::All || replica.state != PartitionState::Healthy;
            wanted && passes(replica.topic)
        });
        self.list.order(&mut replicas, |field, a, b| match field {
            Field::State => a.state.cmp(&b.state),
            Field::Topic | Field::Partition | Field::Part | Field::Leader | Field::Isr => {
                (a.topic, a.partition.index).cmp(&(b.topic, b.partition.index))
            }
        });
        let rows = replicas
            .into_iter()
            .map(|r| (r.topic.clone(), r.partition.index))
            .collect();
        self.list.settle(rows, listing::height(self.table(scene)));
    }

    fn update(&mut self, action: Action, scene: &Scene) -> Reply {
        if action == Action::Open {
            let selected = self.list.selected().cloned();
            return selected.map_or(Reply::Stay, |(topic, _)| Reply::Go(Place::Topic(topic)));
        }
        if self.list.act(action, listing::height(self.table(scene))) {
            self.settle(scene);
        }
        Reply::Stay
    }

    fn view(&self, scene: &Scene, area: Rect, buffer: &mut Buffer) {
        let Some(broker) = scene.snapshot.broker(self.id) else {
            let words = format!(" no broker {} is known in this cluster", self.id);
            line::draw(
                &Line::of(words, Role::Warn),
                Align::Left,
                area,
                buffer,
                scene.skin,
            );
            return;
        };
        let table = self.table(scene);
        for (row, said) in (area.y..table.y).zip(said(scene, broker)) {
            let place = Rect {
                y: row,
                height: 1,
                ..area
            };
            line::draw(&said, Align::Left, place, buffer, scene.skin);
        }
        let columns = columns();
        let empty = self.list.empty(
            &scene.snapshot.facts.topology,
            "no replica on it matches (esc clears the filter, f lists all)",
            "it holds no replica",
        );
        let sheet = Sheet {
            list: &self.list,
            columns: &columns,
            summary: share(broker),
            empty: &empty,
        };
        sheet.draw(scene, table, buffer, |key| {
            row(scene, self.id, key, &columns)
        });
    }
}

/// Everything above the table, a line each.
fn said(scene: &Scene, broker: &BrokerView) -> Vec<Line<'static>> {
    let mut lines = vec![headline(scene, broker)];
    let evidence = broker.verdict.evidence.iter();
    lines.extend(labelled(
        "evidence",
        evidence.map(|said| Line::of(said.to_string(), Role::Text)),
    ));
    lines.extend(labelled("probe", probe(scene, broker.id).into_iter()));
    lines.extend(labelled("log dirs", log_dirs(scene, broker.id).into_iter()));
    lines
}

fn headline(scene: &Scene, broker: &BrokerView) -> Line<'static> {
    let kind = broker.verdict.kind;
    let role = glyphs::role(kind);
    let mut line = Line::of(
        format!(" {} ", glyphs::glyph(kind).of(scene.skin.glyphs)),
        role,
    );
    line.push(format!("broker {}", broker.id), Role::Title);
    if let Some(endpoint) = &broker.endpoint {
        line.push(format!("  {endpoint}"), Role::Text);
    }
    if let Some(rack) = &broker.rack {
        line.push(format!("  rack {rack}"), Role::Text);
    }
    line.push(format!("  {}", kind.words()), role);
    if let Some(since) = broker.verdict.since.filter(|_| kind != VerdictKind::Up) {
        let clock = since.moment().clock_utc();
        let least = if matches!(since, Since::AtLeast(_)) {
            "at least "
        } else {
            ""
        };
        line.push(
            format!(" since {least}{clock} UTC ({})", since.length(scene.now)),
            role,
        );
    }
    let confidence = match broker.verdict.confidence {
        Confidence::Low => "low",
        Confidence::Medium => "medium",
        Confidence::High => "high",
    };
    line.with(format!("  {confidence} confidence"), Role::Dim)
}

fn labelled(
    label: &str,
    lines: impl Iterator<Item = Line<'static>>,
) -> impl Iterator<Item = Line<'static>> {
    let label = format!(" {label:LABEL$}");
    lines.enumerate().map(move |(index, line)| {
        let head = if index == 0 {
            label.clone()
        } else {
            " ".repeat(LABEL + 1)
        };
        let mut whole = Line::of(head, Role::Dim);
        whole.spans.extend(line.spans);
        whole
    })
}

/// The ladder of the last rounds: each rung's time, or where it broke.
fn probe(scene: &Scene, id: BrokerId) -> Vec<Line<'static>> {
    let Some(probe) = scene.snapshot.facts.probes.get(&id) else {
        return vec![Line::of("not probed yet", Role::Dim)];
    };
    let colon = if probe.rungs.is_empty() { "" } else { ": " };
    let dialled = probe.dialled.as_deref();
    let dialled = dialled.map(|address| format!("dialled {address}{colon}"));
    let mut line = Line::of(dialled.unwrap_or_default(), Role::Dim);
    let rungs: Vec<String> = probe
        .rungs
        .iter()
        .map(|(rung, span)| format!("{} {}", rung.name(), cells::round_trip(span.ms * 1000)))
        .collect();
    line.push(rungs.join(" · "), Role::Text);
    if probe.rungs.is_empty() && probe.failure.is_none() {
        line.push("no round ended yet", Role::Dim);
    }
    let mut lines = vec![line];
    if let Some(rule) = &probe.rule {
        lines.push(Line::of(format!("by the rule {rule}"), Role::Dim));
    }
    if let Some(failure) = &probe.failure {
        let rounds = probe.failures;
        let words = format!(
            "{} failed ({rounds} in a row): {}",
            failure.rung.name(),
            failure.text
        );
        lines.push(Line::of(words, Role::Crit));
    } else if let Some((failure, at)) = &probe.last_failure {
        let words = format!(
            "last failure {} UTC, {}: {}",
            at.clock_utc(),
            failure.rung.name(),
            failure.text
        );
        lines.push(Line::of(words, Role::Dim));
    }
    if let Some(age) = probe.last_round.map(|at| at.age(scene.now))
        && age > cells::overdue_after(scene)
    {
        lines.push(Line::of(format!("last round ended {age} ago"), Role::Stale));
    }
    lines
}

fn log_dirs(scene: &Scene, id: BrokerId) -> Vec<Line<'static>> {
    let Some(fact) = scene.snapshot.facts.log_dirs.get(&id) else {
        return Vec::new();
    };
    let role = cells::freshness(fact, scene.now, cells::SLOW_FACT_DUE);
    let dirs = fact.value().map(|dirs| dirs.as_slice()).unwrap_or_default();
    let mut lines: Vec<Line<'static>> = dirs.iter().map(|dir| log_dir(dir, role)).collect();
    if let Some(failure) = fact.failure() {
        lines.push(Line::of(failure.text.to_string(), Role::Warn));
    }
    lines
}

fn log_dir(dir: &LogDir, role: Role) -> Line<'static> {
    let line = Line::of(dir.path.to_string(), role);
    if let Some(error) = &dir.error {
        return line.with(format!("  OFFLINE: {error}"), Role::Crit);
    }
    let held = format!(
        "  {} replicas, {}",
        dir.replicas,
        units::bytes(dir.replica_bytes)
    );
    let line = line.with(held, role);
    let Some((total, usable)) = dir.total_bytes.zip(dir.usable_bytes) else {
        return line;
    };
    line.with(
        format!("  {} free of {}", units::bytes(usable), units::bytes(total)),
        role,
    )
}

fn share(broker: &BrokerView) -> Line<'static> {
    let mut line = Line::of(" ", Role::Text);
    for (count, what) in [(broker.replicas, "replicas"), (broker.leaders, "led")] {
        let shown = count.map_or_else(|| cells::UNKNOWN.to_owned(), |n| units::grouped(n.into()));
        line.push(format!("{shown} {what} · "), Role::Dim);
    }
    match broker.out_of_sync {
        None => line.with("– out of sync", Role::Dim),
        Some(0) => line.with("all in sync", Role::Dim),
        Some(count) => line.with(format!("{count} out of sync"), Role::Warn),
    }
}

fn row(
    scene: &Scene,
    id: BrokerId,
    (topic, index): &(TopicName, i32),
    columns: &[(Field, Column)],
) -> Row<'static> {
    let topics = scene
        .snapshot
        .facts
        .topology
        .value()
        .map(|topology| &topology.topics);
    let found = topics
        .and_then(|topics| topics.get(topic))
        .zip(scene.snapshot.topics.get(topic));
    let Some((found, view)) = found else {
        return Row::default();
    };
    let mut states = found.partitions.iter().zip(&view.states);
    let Some((partition, state)) = states.find(|(p, _)| p.index == *index) else {
        return Row::default();
    };
    let cells = columns
        .iter()
        .map(|(field, _)| cell(topic, partition, *state, id, *field));
    Row::new(cells.collect())
}

fn cell(
    topic: &TopicName,
    partition: &Partition,
    state: PartitionState,
    id: BrokerId,
    field: Field,
) -> Line<'static> {
    match field {
        Field::Topic => Line::of(topic.to_string(), Role::Text),
        Field::Partition => Line::of(partition.index.to_string(), Role::Text),
        Field::Part if partition.leader == Some(id) => Line::of("leader", Role::Ok),
        Field::Part if partition.isr.contains(&id) => Line::of("in sync", Role::Text),
        Field::Part if partition.offline.contains(&id) => Line::of("down", Role::Crit),
        Field::Part => Line::of("out of sync", Role::Warn),
        Field::Leader => match partition.leader {
            Some(leader) => Line::of(leader.to_string(), Role::Text),
            None => Line::of("none", Role::Crit),
        },
        Field::Isr => Line::of(
            format!("{}/{}", partition.isr.len(), partition.replicas.len()),
            Role::Text,
        ),
        Field::State => {
            let (_, role) = partition::sign(state);
            Line::of(partition::words(state), role)
        }
    }
}
