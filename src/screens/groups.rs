//! Consumer groups of all types with their lag.
//!
//! ```text
//!  6 groups from 4 of 5 brokers
//!    GROUP      TYPE      STATE   MEMBERS        LAG  UNKNOWN  PARTITIONS  COORD
//!    billing    classic   Stable        2  1 204 881        0          12      3
//!    search     classic   Empty         0       ≥120        2           6      1
//! ```

use std::cmp::Ordering;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::action::{Action, Binding};
use crate::model::{Group, Groups, Place, units};
use crate::screens::listing::{self, Listing, Sheet, Wanted};
use crate::screens::{Reply, Room, Scene, cells};
use crate::ui::columns::Column;
use crate::ui::line::Line;
use crate::ui::table::{Direction, Row};
use crate::ui::theme::Role;

/// What a row shows and can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Id,
    Kind,
    State,
    Members,
    Lag,
    Unknown,
    Partitions,
    Coordinator,
}

const SORTS: &[(Field, Direction)] = &[
    (Field::Id, Direction::Ascending),
    (Field::Lag, Direction::Descending),
    (Field::State, Direction::Ascending),
    (Field::Members, Direction::Descending),
];

fn columns() -> Vec<(Field, Column)> {
    vec![
        (Field::Id, Column::name("GROUP", 16, 60)),
        (Field::Kind, Column::new("TYPE", 8).priority(2)),
        (Field::State, Column::new("STATE", 12).up_to(20)),
        (Field::Members, Column::new("MEMBERS", 8).right()),
        (Field::Lag, Column::new("LAG", 9).up_to(15).right()),
        (
            Field::Unknown,
            Column::new("UNKNOWN", 8).right().priority(3),
        ),
        (
            Field::Partitions,
            Column::new("PARTITIONS", 10).right().priority(4),
        ),
        (
            Field::Coordinator,
            Column::new("COORD", 6).right().priority(1),
        ),
    ]
}

/// The screen.
#[derive(Debug)]
pub struct GroupsList {
    list: Listing<Arc<str>, Field>,
}

impl Default for GroupsList {
    fn default() -> Self {
        Self {
            list: Listing::new(SORTS),
        }
    }
}

/// A group with its lag, summed once per data, not per comparison.
struct Ranked<'a> {
    group: &'a Group,
    lag: Option<i64>,
}

impl Room for GroupsList {
    fn keys(&self) -> &'static [&'static [Binding]] {
        &[
            listing::OPEN,
            listing::LEAVE,
            listing::CHOICE,
            listing::MOVES,
        ]
    }

    fn place(&self) -> Place {
        Place::Groups
    }

    fn filter(&self) -> Option<&str> {
        Some(&self.list.filter)
    }

    fn set_filter(&mut self, filter: &str) {
        filter.clone_into(&mut self.list.filter);
    }

    fn settle(&mut self, scene: &Scene) {
        let Some(groups) = scene.snapshot.facts.groups.value() else {
            return;
        };
        let passes = self.list.passes();
        let mut rows: Vec<Ranked> = groups
            .by_id
            .values()
            .filter(|group| passes(&group.id))
            .map(|group| Ranked {
                group,
                lag: group.lag().0,
            })
            .filter(|row| self.list.wanted == Wanted::All || attention(row.group, row.lag))
            .collect();
        self.list.order(&mut rows, compare);
        let rows = rows.into_iter().map(|row| row.group.id.clone()).collect();
        self.list.settle(rows, listing::height(scene.body));
    }

    fn update(&mut self, action: Action, scene: &Scene) -> Reply {
        if action == Action::Open {
            let selected = self.list.selected().cloned();
            return selected.map_or(Reply::Stay, |id| Reply::Go(Place::Group(id)));
        }
        if self.list.act(action, listing::height(scene.body)) {
            self.settle(scene);
        }
        Reply::Stay
    }

    fn view(&self, scene: &Scene, area: Rect, buffer: &mut Buffer) {
        let fact = &scene.snapshot.facts.groups;
        let columns = columns();
        let empty = self.list.empty(
            fact,
            "no group matches (esc clears the filter, f lists all)",
            "no group yet, or none that you may see",
        );
        let summary = cells::with_gap(
            summary(fact.value()),
            fact,
            ("groups", cells::overdue_after(scene)),
            scene,
        );
        let sheet = Sheet {
            list: &self.list,
            columns: &columns,
            summary,
            empty: &empty,
        };
        sheet.draw(scene, area, buffer, |id| row(scene, id, &columns));
    }
}

/// `6 groups`, and from how many brokers where one that could know did not answer.
fn summary(groups: Option<&Arc<Groups>>) -> Line<'static> {
    let Some(groups) = groups else {
        return Line::of(" groups", Role::Dim);
    };
    let line = Line::of(
        format!(" {} groups", units::grouped_usize(groups.by_id.len())),
        Role::Dim,
    );
    if !groups.coverage.partial() {
        return line;
    }
    let (answered, asked) = (groups.coverage.answered.len(), groups.coverage.asked.len());
    line.with(format!(" from {answered} of {asked} brokers"), Role::Warn)
}

/// Whether the faults-only filter keeps it: it lags, its lag is not fully known, or it is not at rest.
fn attention(group: &Group, lag: Option<i64>) -> bool {
    let (_, unknown) = group.lag();
    lag.is_none_or(|lag| lag > 0) || unknown > 0 || !matches!(&*group.state, "Stable" | "Empty")
}

fn compare(field: Field, a: &Ranked, b: &Ranked) -> Ordering {
    let members = |row: &Ranked| row.group.members.value().map(|members| members.len());
    match field {
        Field::Lag => a.lag.cmp(&b.lag),
        Field::State => a.group.state.cmp(&b.group.state),
        Field::Members => members(a).cmp(&members(b)),
        Field::Id | Field::Kind | Field::Unknown | Field::Partitions | Field::Coordinator => {
            a.group.id.cmp(&b.group.id)
        }
    }
}

fn row(scene: &Scene, id: &Arc<str>, columns: &[(Field, Column)]) -> Row<'static> {
    let groups = scene.snapshot.facts.groups.value();
    let Some(group) = groups.and_then(|groups| groups.by_id.get(id)) else {
        return Row::default();
    };
    let row = Row::new(
        columns
            .iter()
            .map(|(field, _)| cell(group, *field))
            .collect(),
    );
    let old = group
        .offsets
        .overdue(scene.now, cells::overdue_after(scene))
        .is_some();
    if old { row.stale() } else { row }
}

fn cell(group: &Group, field: Field) -> Line<'static> {
    let (lag, unknown) = group.lag();
    let count = |value: Option<usize>| value.map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    match field {
        Field::Id => Line::of(group.id.to_string(), Role::Text),
        Field::Kind => Line::of(group.kind.name().to_owned(), Role::Text),
        Field::State => state(group),
        Field::Members => cells::number(
            count(group.members.value().map(|members| members.len())),
            Role::Text,
        ),
        Field::Lag => cells::lag((lag, unknown), Role::Text),
        Field::Unknown => {
            let told = group.offsets.value().map(|_| unknown);
            cells::faults(count(told), Role::Warn)
        }
        Field::Partitions => cells::number(
            count(group.offsets.value().map(|offsets| offsets.len())),
            Role::Text,
        ),
        Field::Coordinator => Line::of(group.coordinator.to_string(), Role::Dim),
    }
}

/// The state in Kafka's word; those that should pass quickly stand out.
pub fn state(group: &Group) -> Line<'static> {
    let role = match &*group.state {
        "Stable" => Role::Ok,
        "Empty" => Role::Dim,
        "Dead" | "NotReady" => Role::Crit,
        _ => Role::Warn,
    };
    Line::of(group.state.to_string(), role)
}
