//! One row per known broker: alive, dead or only remembered.
//!
//! ```text
//!  5 brokers · 3 alive
//!    ID  HOST          RACK  STATE               LEADERS  PREF%  REPLICAS  UNDER  DISK        RTT
//!  ●  2  kafka-2:9092  a     up · quorum leader      198    69%       598      0  44% 1.1 TB  <1ms
//!  ✗  3  kafka-3:9092  b     DOWN 4m                   0     0%       412    412     –        –
//! ```

use std::cmp::Ordering;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::action::{Action, Binding};
use crate::model::{BrokerId, BrokerView, Place, VerdictKind, units};
use crate::screens::glyphs;
use crate::screens::listing::{self, Listing, Sheet, Wanted};
use crate::screens::{Reply, Room, Scene, cells};
use crate::ui::columns::Column;
use crate::ui::line::Line;
use crate::ui::table::{Direction, Row};
use crate::ui::theme::Role;

/// What a row shows and can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Glyph,
    Id,
    Host,
    Rack,
    State,
    Leaders,
    Preferred,
    Replicas,
    Under,
    Disk,
    RoundTrip,
}

/// The ways rows can be sorted.
pub const SORTS: &[(Field, Direction)] = &[
    (Field::Id, Direction::Ascending),
    (Field::State, Direction::Descending),
    (Field::Leaders, Direction::Descending),
    (Field::Replicas, Direction::Descending),
    (Field::Under, Direction::Descending),
];

/// The columns of a broker table, on this screen and on the overview.
pub fn columns() -> Vec<(Field, Column)> {
    vec![
        (Field::Glyph, Column::new("", 1)),
        (Field::Id, Column::new("ID", 4).right()),
        (Field::Host, Column::name("HOST", 12, 60)),
        (Field::Rack, Column::new("RACK", 4).up_to(8).priority(4)),
        (Field::State, Column::new("STATE", 13).up_to(32)),
        (Field::Leaders, Column::new("LEADERS", 7).right()),
        (
            Field::Preferred,
            Column::new("PREF%", 5).right().priority(5),
        ),
        (
            Field::Replicas,
            Column::new("REPLICAS", 8).right().priority(2),
        ),
        (Field::Under, Column::new("UNDER", 5).right()),
        (Field::Disk, Column::new("DISK", 11).right().priority(3)),
        (Field::RoundTrip, Column::new("RTT", 5).right().priority(6)),
    ]
}

/// The screen.
#[derive(Debug)]
pub struct Brokers {
    list: Listing<BrokerId, Field>,
}

impl Default for Brokers {
    fn default() -> Self {
        Self {
            list: Listing::new(SORTS),
        }
    }
}

impl Room for Brokers {
    fn keys(&self) -> &'static [&'static [Binding]] {
        &[
            listing::OPEN,
            listing::LEAVE,
            listing::CHOICE,
            listing::MOVES,
        ]
    }

    fn place(&self) -> Place {
        Place::Brokers
    }

    fn filter(&self) -> Option<&str> {
        Some(&self.list.filter)
    }

    fn set_filter(&mut self, filter: &str) {
        filter.clone_into(&mut self.list.filter);
    }

    fn settle(&mut self, scene: &Scene) {
        let rows = rows(scene, &self.list);
        self.list.settle(rows, listing::height(scene.body));
    }

    fn update(&mut self, action: Action, scene: &Scene) -> Reply {
        if action == Action::Open {
            return self
                .list
                .selected()
                .map_or(Reply::Stay, |id| Reply::Go(Place::Broker(*id)));
        }
        if self.list.act(action, listing::height(scene.body)) {
            self.settle(scene);
        }
        Reply::Stay
    }

    fn view(&self, scene: &Scene, area: Rect, buffer: &mut Buffer) {
        let totals = &scene.snapshot.totals;
        let known = scene.snapshot.brokers.len();
        let alive = if scene.snapshot.no_contact() {
            cells::UNKNOWN.to_owned()
        } else {
            totals.alive.to_string()
        };
        let mut summary = Line::of(format!(" {known} brokers known · {alive} alive"), Role::Dim);
        if let Some(failure) = &scene.snapshot.facts.roster_failure {
            summary.push(format!("   not remembered: {failure}"), Role::Warn);
        }
        let empty = self.list.empty(
            &scene.snapshot.facts.topology,
            "no broker matches",
            "no broker",
        );
        let columns = columns();
        let sheet = Sheet {
            list: &self.list,
            columns: &columns,
            summary,
            empty: &empty,
        };
        sheet.draw(scene, area, buffer, |id| row(scene, *id, &columns));
    }
}

/// The brokers that a list wants, in its order.
pub fn rows(scene: &Scene, list: &Listing<BrokerId, Field>) -> Vec<BrokerId> {
    let passes = list.passes();
    let mut brokers: Vec<&BrokerView> = scene
        .snapshot
        .brokers
        .iter()
        .filter(|broker| list.wanted == Wanted::All || faulty(broker))
        .filter(|broker| passes(&searched(broker)))
        .collect();
    list.order(&mut brokers, |field, a, b| compare(field, a, b));
    brokers.iter().map(|broker| broker.id).collect()
}

/// How soon a broker must be seen where not all have a row: 0 = first.
pub fn urgency(scene: &Scene, id: BrokerId) -> u8 {
    let kind = scene.snapshot.broker(id).map(|broker| broker.verdict.kind);
    match kind.map(|kind| (kind, glyphs::role(kind))) {
        None | Some((VerdictKind::Up, _)) => 4,
        Some((_, Role::Crit)) => 0,
        Some((_, Role::Major)) => 1,
        Some((_, Role::Warn)) => 2,
        Some(_) => 3,
    }
}

fn faulty(broker: &BrokerView) -> bool {
    broker.verdict.kind != VerdictKind::Up || broker.out_of_sync.is_some_and(|count| count > 0)
}

fn searched(broker: &BrokerView) -> String {
    let endpoint = broker
        .endpoint
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let rack = broker.rack.as_deref().unwrap_or_default();
    format!(
        "{} {endpoint} {rack} {}",
        broker.id,
        broker.verdict.kind.words()
    )
}

fn compare(field: Field, a: &BrokerView, b: &BrokerView) -> Ordering {
    match field {
        Field::State => a.verdict.kind.cmp(&b.verdict.kind),
        Field::Leaders => a.leaders.cmp(&b.leaders),
        Field::Replicas => a.replicas.cmp(&b.replicas),
        Field::Under => a.out_of_sync.cmp(&b.out_of_sync),
        Field::Glyph
        | Field::Id
        | Field::Host
        | Field::Rack
        | Field::Preferred
        | Field::Disk
        | Field::RoundTrip => a.id.cmp(&b.id),
    }
}

/// The row of one broker.
pub fn row(scene: &Scene, id: BrokerId, columns: &[(Field, Column)]) -> Row<'static> {
    let Some(broker) = scene.snapshot.broker(id) else {
        return Row::default();
    };
    Row::new(
        columns
            .iter()
            .map(|(field, _)| cell(scene, broker, *field))
            .collect(),
    )
}

fn cell(scene: &Scene, broker: &BrokerView, field: Field) -> Line<'static> {
    let kind = broker.verdict.kind;
    match field {
        Field::Glyph => Line::of(
            glyphs::glyph(kind).of(scene.skin.glyphs).to_string(),
            glyphs::role(kind),
        ),
        Field::Id => Line::of(broker.id.to_string(), Role::Text),
        Field::Host => match &broker.endpoint {
            Some(endpoint) => Line::of(endpoint.to_string(), Role::Text),
            None => cells::unknown(),
        },
        Field::Rack => match &broker.rack {
            Some(rack) => Line::of(rack.to_string(), Role::Text),
            None => cells::unknown(),
        },
        Field::State => state(scene, broker),
        Field::Leaders => cells::number(broker.leaders, Role::Text),
        Field::Preferred => cells::percent(
            broker.preferred_led.map(u64::from),
            broker.preferred.map(u64::from),
        ),
        Field::Replicas => cells::number(broker.replicas, Role::Text),
        Field::Under => cells::faults(broker.out_of_sync, Role::Warn),
        Field::Disk => disk(scene, broker.id),
        Field::RoundTrip => round_trip(scene, broker.id),
    }
}

/// `DOWN 4m`, `up · quorum leader`.
fn state(scene: &Scene, broker: &BrokerView) -> Line<'static> {
    let kind = broker.verdict.kind;
    let mut words = kind.words().to_owned();
    if kind != VerdictKind::Up
        && let Some(since) = broker.verdict.since
    {
        words.push(' ');
        words.push_str(&since.length(scene.now));
    }
    let role = if kind == VerdictKind::Up {
        Role::Text
    } else {
        glyphs::role(kind)
    };
    let line = Line::of(words, role);
    if broker.quorum_leader && kind != VerdictKind::NoContact {
        line.with(" · quorum leader", Role::Dim)
    } else {
        line
    }
}

/// Used share and size of its volumes: `41% 1.2 TB`; several dirs on one volume count that volume once each, as
/// the broker reports them.
fn disk(scene: &Scene, id: BrokerId) -> Line<'static> {
    let Some(fact) = scene.snapshot.facts.log_dirs.get(&id) else {
        return cells::unknown();
    };
    let Some(dirs) = fact.value() else {
        return cells::unknown();
    };
    let totals = dirs
        .iter()
        .filter_map(|dir| dir.total_bytes.zip(dir.usable_bytes));
    let (total, usable) = totals.fold((0_u64, 0_u64), |sum, (total, usable)| {
        (sum.0.saturating_add(total), sum.1.saturating_add(usable))
    });
    if total == 0 {
        return cells::unknown();
    }
    let used = total.saturating_sub(usable);
    let percent = u128::from(used) * 100 / u128::from(total);
    match (
        cells::freshness(fact, scene.now, cells::SLOW_FACT_DUE),
        fact.at(),
    ) {
        (Role::Stale, Some(at)) => {
            Line::of(format!("{percent}% ({})", at.age(scene.now)), Role::Stale)
        }
        (role, _) => Line::of(format!("{percent}% {}", units::bytes(total)), role),
    }
}

fn round_trip(scene: &Scene, id: BrokerId) -> Line<'static> {
    let probe = scene.snapshot.facts.probes.get(&id);
    let Some((us, at)) = probe.and_then(|probe| probe.rtt_us) else {
        return cells::unknown();
    };
    let age = at.age(scene.now);
    if age > cells::overdue_after(scene) {
        return Line::of(format!("({age})"), Role::Stale);
    }
    Line::of(cells::round_trip(us), Role::Text)
}
