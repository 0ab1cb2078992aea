//! The metadata quorum: who votes, who follows, how far behind.
//!
//! ```text
//!  leader 2 · epoch 7 · high watermark 41 208 · 3 of 3 voters caught up
//!    ID  ROLE      LOG END     LAG  LAST FETCH  CAUGHT UP
//!  ●  1  voter      41 208       0         <1s        <1s
//!  ●  2  leader     41 208       0           –          –
//!  ✗  3  voter      40 100   1 108          4m         4m
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::action::{Action, Binding};
use crate::model::quorum::CAUGHT_UP_WITHIN;
use crate::model::{BrokerId, Moment, Place, Quorum, QuorumReplica, units};
use crate::screens::glyphs;
use crate::screens::listing::{self, Listing, Sheet};
use crate::screens::{Reply, Room, Scene, cells};
use crate::ui::columns::Column;
use crate::ui::line::Line;
use crate::ui::table::Row;
use crate::ui::theme::Role;

/// What a row shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Glyph,
    Id,
    Role,
    LogEnd,
    Lag,
    LastFetch,
    CaughtUp,
}

fn columns() -> Vec<(Field, Column)> {
    vec![
        (Field::Glyph, Column::new("", 1)),
        (Field::Id, Column::name("ID", 4, 8)),
        (Field::Role, Column::new("ROLE", 9)),
        (Field::LogEnd, Column::new("LOG END", 11).up_to(15).right()),
        (Field::Lag, Column::new("LAG", 9).up_to(12).right()),
        (Field::LastFetch, Column::new("LAST FETCH", 10).right()),
        (Field::CaughtUp, Column::new("CAUGHT UP", 10).right()),
    ]
}

/// The screen.
#[derive(Debug)]
pub struct QuorumPage {
    list: Listing<BrokerId, Field>,
}

impl Default for QuorumPage {
    fn default() -> Self {
        Self {
            list: Listing::new(&[]),
        }
    }
}

impl Room for QuorumPage {
    fn keys(&self) -> &'static [&'static [Binding]] {
        &[listing::OPEN, listing::LEAVE, listing::MOVES]
    }

    fn place(&self) -> Place {
        Place::Quorum
    }

    fn settle(&mut self, scene: &Scene) {
        let Some(quorum) = scene.snapshot.facts.quorum.value() else {
            return;
        };
        let rows = quorum.replicas().map(|replica| replica.id).collect();
        self.list.settle(rows, listing::height(scene.body));
    }

    fn update(&mut self, action: Action, scene: &Scene) -> Reply {
        match self.list.selected() {
            Some(id) if action == Action::Open && scene.snapshot.broker(*id).is_some() => {
                return Reply::Go(Place::Broker(*id));
            }
            _ => {
                self.list.act(action, listing::height(scene.body));
            }
        }
        Reply::Stay
    }

    fn view(&self, scene: &Scene, area: Rect, buffer: &mut Buffer) {
        let fact = &scene.snapshot.facts.quorum;
        let columns = columns();
        let empty = self.list.empty(fact, "no replica", "no quorum");
        let line = fact
            .value()
            .map_or_else(|| Line::of(" quorum", Role::Dim), |q| summary(scene, q));
        let summary = cells::with_gap(line, fact, ("quorum", cells::overdue_after(scene)), scene);
        let sheet = Sheet {
            list: &self.list,
            columns: &columns,
            summary,
            empty: &empty,
        };
        sheet.draw(scene, area, buffer, |id| row(scene, *id, &columns));
    }
}

fn summary(scene: &Scene, quorum: &Quorum) -> Line<'static> {
    let mut line = match quorum.leader {
        Some(leader) if scene.snapshot.totals.quorum_lost => {
            Line::of(format!(" no leader; the last was {leader}"), Role::Crit)
        }
        Some(leader) => Line::of(format!(" leader {leader}"), Role::Text),
        None => Line::of(" no leader", Role::Crit),
    };
    line.push(format!(" · epoch {} · ", quorum.epoch), Role::Text);
    line.push(
        format!("high watermark {}", units::grouped(quorum.high_watermark)),
        Role::Text,
    );
    if let Some((caught_up, voters)) = scene.snapshot.totals.quorum {
        let role = if caught_up < voters {
            Role::Major
        } else {
            Role::Ok
        };
        line.push(format!(" · {caught_up} of {voters} voters caught up"), role);
    }
    line
}

fn row(scene: &Scene, id: BrokerId, columns: &[(Field, Column)]) -> Row<'static> {
    let fact = &scene.snapshot.facts.quorum;
    let Some(quorum) = fact.value() else {
        return Row::default();
    };
    let Some(replica) = quorum.replicas().find(|replica| replica.id == id) else {
        return Row::default();
    };
    let row = Row::new(
        columns
            .iter()
            .map(|(field, _)| cell(scene, quorum, replica, *field))
            .collect(),
    );
    match cells::freshness(fact, scene.now, cells::overdue_after(scene)) {
        Role::Stale => row.stale(),
        _ => row,
    }
}

fn cell(scene: &Scene, quorum: &Quorum, replica: &QuorumReplica, field: Field) -> Line<'static> {
    let leads = quorum.leader == Some(replica.id);
    let kind = scene
        .snapshot
        .broker(replica.id)
        .map(|broker| broker.verdict.kind);
    match field {
        Field::Glyph => kind.map_or_else(cells::unknown, |kind| {
            Line::of(
                glyphs::glyph(kind).of(scene.skin.glyphs).to_string(),
                glyphs::role(kind),
            )
        }),
        Field::Id => Line::of(replica.id.to_string(), Role::Text),
        Field::Role if leads => Line::of("leader", Role::Accent),
        Field::Role if quorum.voters.iter().any(|voter| voter.id == replica.id) => {
            Line::of("voter", Role::Text)
        }
        Field::Role => Line::of("observer", Role::Dim),
        Field::LogEnd => cells::number(replica.log_end_offset, Role::Text),
        Field::Lag => lag(quorum, replica),
        Field::LastFetch | Field::CaughtUp if leads => cells::unknown(),
        Field::LastFetch => age(quorum, replica.last_fetch),
        Field::CaughtUp => age(quorum, replica.last_caught_up),
    }
}

/// Records behind the leader's log end.
fn lag(quorum: &Quorum, replica: &QuorumReplica) -> Line<'static> {
    let leader = quorum
        .voters
        .iter()
        .find(|voter| quorum.leader == Some(voter.id));
    let end = leader.and_then(|leader| leader.log_end_offset);
    let lag = end
        .zip(replica.log_end_offset)
        .map(|(end, own)| end.saturating_sub(own).max(0));
    cells::number(lag, Role::Text)
}

/// Age by the leader's own clock (operations.md §1.7); jitter below the fetch timeout draws nothing.
fn age(quorum: &Quorum, at: Option<Moment>) -> Line<'static> {
    let Some((at, now)) = at.zip(quorum.leader_now()) else {
        return cells::unknown();
    };
    let age = at.age(now);
    if age <= CAUGHT_UP_WITHIN {
        return Line::of("<2s", Role::Dim);
    }
    Line::of(age.to_string(), Role::Warn)
}
