//! The leadership map of one topic: a row per partition, a column per broker.
//!
//! ```text
//!  orders   12 partitions  RF 3  min in-sync 2   under-rep 4  no leader 1   21.4 GB
//!    P  LEADER   1  2  3  4  5   ISR       START        END     SIZE
//!    0  1        L  F  ✗  ·  ·   2/3           0  1 204 881   1.8 GB
//!    1  4 (3)    ·  F  ✗P L  ·   2/3           …
//!    7  none     ·  ·  ✗P ✗  ✗   1/3           –          –        –   all replicas down; last in sync: 5
//!  L leads · P should lead · F in sync · f behind · ✗ on a down broker · + adding · - removing
//! ```

use std::collections::BTreeSet;

use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::action::{Action, Binding, char, key};
use crate::model::facts::LogRange;
use crate::model::{
    BrokerId, Focus, Move, Partition, PartitionState, Place, Topic, TopicName, TopicPartition,
    TopicView, VerdictKind, units,
};
use crate::screens::glyphs;
use crate::screens::listing::{self, Listing, Sheet, Wanted};
use crate::screens::{Reply, Room, Scene, cells, partition};
use crate::ui::columns::Column;
use crate::ui::line::{self, Line, Skin};
use crate::ui::table::Row;
use crate::ui::text::Align;
use crate::ui::theme::Role;

/// Keys of the screen alone.
pub const KEYS: &[Binding] = &[
    Binding::footer(&[char('f')], Action::FaultsOnly, "faults only"),
    Binding::help(
        &[key(KeyCode::Left), char('h')],
        Action::Left,
        "brokers to the left",
    ),
    Binding::help(
        &[key(KeyCode::Right), char('l')],
        Action::Right,
        "brokers to the right",
    ),
];

/// Cells of a broker's column: a sign and `P` beside it, and the id above.
fn broker_cells(id: BrokerId) -> u16 {
    let digits = id.to_string().len();
    u16::try_from(digits).unwrap_or(u16::MAX).clamp(2, 6)
}

/// Cells that the other columns need at least.
const OTHER_CELLS: u16 = 46;

/// What a row shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Partition,
    Leader,
    Broker(BrokerId),
    Isr,
    Start,
    End,
    Size,
    State,
}

/// The screen.
#[derive(Debug)]
pub struct TopicPage {
    name: TopicName,
    list: Listing<i32, Field>,
    /// First of the scrolled broker columns.
    left: usize,
}

impl TopicPage {
    /// The page of this topic.
    pub fn of(name: TopicName) -> Self {
        Self {
            name,
            list: Listing::new(&[]),
            left: 0,
        }
    }

    fn topic<'a>(&self, scene: &Scene<'a>) -> Option<(&'a Topic, &'a TopicView)> {
        let topology = scene.snapshot.facts.topology.value()?;
        let topic = topology.topics.get(&self.name)?;
        let view = scene.snapshot.topics.get(&self.name)?;
        Some((topic, view))
    }

    /// The brokers to draw a column for: broken ones always, of the others a window that scrolls.
    fn brokers(&self, scene: &Scene, topic: &Topic) -> (Vec<BrokerId>, usize) {
        let holding: BTreeSet<BrokerId> = topic
            .partitions
            .iter()
            .flat_map(|p| p.replicas.iter().copied())
            .collect();
        let widest = holding.iter().map(|id| broker_cells(*id)).max();
        let each = widest.unwrap_or_default() + 2;
        let room = usize::from((scene.body.width.saturating_sub(OTHER_CELLS) / each).max(3));
        if holding.len() <= room {
            return (holding.into_iter().collect(), 0);
        }
        let (broken, sound): (Vec<BrokerId>, Vec<BrokerId>) =
            holding.iter().partition(|id| is_down(scene, **id));
        let window = room.saturating_sub(broken.len()).max(1);
        let left = self.left.min(sound.len().saturating_sub(window));
        let hidden = sound.len().saturating_sub(window);
        let mut shown: Vec<BrokerId> = sound.into_iter().skip(left).take(window).collect();
        shown.extend(broken);
        shown.sort_unstable();
        (shown, hidden)
    }

    fn columns(brokers: &[BrokerId]) -> Vec<(Field, Column)> {
        let mut columns = vec![
            (Field::Partition, Column::new("P", 4).right()),
            (Field::Leader, Column::name("LEADER", 7, 9)),
        ];
        columns.extend(brokers.iter().map(|id| {
            let column = Column::new(id.to_string(), broker_cells(*id));
            (Field::Broker(*id), column)
        }));
        columns.extend([
            (Field::Isr, Column::new("ISR", 4)),
            (
                Field::Start,
                Column::new("START", 11).up_to(15).right().priority(3),
            ),
            (
                Field::End,
                Column::new("END", 11).up_to(15).right().priority(2),
            ),
            (Field::Size, Column::new("SIZE", 7).right().priority(1)),
            (Field::State, Column::new("STATE", 13).up_to(60)),
        ]);
        columns
    }
}

impl Room for TopicPage {
    fn keys(&self) -> &'static [&'static [Binding]] {
        &[KEYS, listing::MOVES]
    }

    fn place(&self) -> Place {
        Place::Topic(self.name.clone())
    }

    fn focus(&self) -> Focus {
        Focus::Topic(self.name.clone())
    }

    fn settle(&mut self, scene: &Scene) {
        let Some((topic, view)) = self.topic(scene) else {
            return;
        };
        let rows = topic.partitions.iter().zip(&view.states);
        let wanted = rows
            .filter(|(_, state)| {
                self.list.wanted == Wanted::All || **state != PartitionState::Healthy
            })
            .map(|(partition, _)| partition.index)
            .collect();
        self.list.settle(wanted, height(scene.body));
    }

    fn update(&mut self, action: Action, scene: &Scene) -> Reply {
        match action {
            Action::Left => self.left = self.left.saturating_sub(1),
            Action::Right => {
                let hidden = self
                    .topic(scene)
                    .map_or(0, |(topic, _)| self.brokers(scene, topic).1);
                self.left = (self.left + 1).min(hidden);
            }
            other => {
                if self.list.act(other, height(scene.body)) {
                    self.settle(scene);
                }
            }
        }
        Reply::Stay
    }

    fn view(&self, scene: &Scene, area: Rect, buffer: &mut Buffer) {
        let Some((topic, view)) = self.topic(scene) else {
            let words = cells::absent(
                &scene.snapshot.facts.topology,
                &format!(
                    "no topic {} here: it was deleted, or you may not see it",
                    self.name
                ),
            );
            line::draw(
                &Line::of(words, Role::Warn),
                Align::Left,
                area,
                buffer,
                scene.skin,
            );
            return;
        };
        let (brokers, hidden) = self.brokers(scene, topic);
        let columns = Self::columns(&brokers);
        let mut summary = summary(topic, view);
        if let Some(ranges) = scene.snapshot.facts.ranges.get(&self.name) {
            summary = cells::with_gap(
                summary,
                ranges,
                ("offsets", cells::overdue_after(scene)),
                scene,
            );
        }
        if hidden > 0 {
            summary.push(format!("   {hidden} brokers folded (← →)"), Role::Accent);
        }
        let sheet = Sheet {
            list: &self.list,
            columns: &columns,
            summary,
            empty: if topic.partitions.is_empty() {
                "no partition is told of"
            } else {
                "no partition has a fault"
            },
        };
        let table = Rect {
            height: area.height.saturating_sub(LEGEND_ROWS),
            ..area
        };
        sheet.draw(scene, table, buffer, |index| {
            row(scene, topic, view, *index, &columns)
        });
        let legend = listing::below(area, area.height.saturating_sub(LEGEND_ROWS));
        line::draw(
            &legend_line(scene.skin, view.moving > 0),
            Align::Left,
            legend,
            buffer,
            scene.skin,
        );
    }
}

/// Rows under the table that explain its letters.
const LEGEND_ROWS: u16 = 1;

fn height(body: Rect) -> usize {
    listing::height(body).saturating_sub(usize::from(LEGEND_ROWS))
}

fn legend_line(skin: &Skin, moving: bool) -> Line<'static> {
    let down = glyphs::glyph(VerdictKind::Down).of(skin.glyphs);
    let words =
        format!(" L leads · P should lead · F in sync · f out of sync · {down} on a down broker");
    let line = Line::of(words, Role::Dim);
    if moving {
        line.with(" · + adding · - removing", Role::Dim)
    } else {
        line
    }
}

fn summary(topic: &Topic, view: &TopicView) -> Line<'static> {
    let mut line = Line::of(format!(" {} ", topic.name), Role::Title);
    line.push(
        format!(
            "  {} partitions  RF {}",
            topic.partitions.len(),
            view.replication_factor.1
        ),
        Role::Text,
    );
    match view.min_isr {
        Some(min_isr) => line.push(format!("  min in-sync {min_isr}"), Role::Text),
        None => line.push("  min in-sync –", Role::Dim),
    }
    if view.under_replicated > 0 {
        line.push(
            format!("   under-rep {}", view.under_replicated),
            Role::Warn,
        );
    }
    if view.no_leader > 0 {
        line.push(format!("  no leader {}", view.no_leader), Role::Crit);
    }
    if let Some(size) = view.size_bytes {
        line.push(format!("   {}", units::bytes(size)), Role::Text);
    }
    line
}

fn is_down(scene: &Scene, id: BrokerId) -> bool {
    scene.snapshot.broker(id).is_some_and(|broker| {
        matches!(
            broker.verdict.kind,
            VerdictKind::Down | VerdictKind::Fenced | VerdictKind::Gone
        )
    })
}

fn row(
    scene: &Scene,
    topic: &Topic,
    view: &TopicView,
    index: i32,
    columns: &[(Field, Column)],
) -> Row<'static> {
    let found = topic
        .partitions
        .iter()
        .zip(&view.states)
        .find(|(p, _)| p.index == index);
    let Some((partition, state)) = found else {
        return Row::default();
    };
    let facts = &scene.snapshot.facts;
    let key = TopicPartition {
        topic: topic.name.clone(),
        partition: index,
    };
    let moving = facts.moves.value().and_then(|moves| moves.get(&key));
    let ranges = facts.ranges.get(&topic.name);
    let range = ranges
        .and_then(|fact| fact.value()?.get(&index).copied())
        .unwrap_or_default();
    let due = cells::overdue_after(scene);
    let told = ranges.map_or(Role::Text, |fact| cells::freshness(fact, scene.now, due));
    let size = facts
        .sizes
        .get(&topic.name)
        .and_then(|sizes| sizes.get(&index).copied());
    let drawn = Drawn {
        scene,
        partition,
        moving,
        range,
        told,
        size,
        state: *state,
    };
    Row::new(
        columns
            .iter()
            .map(|(field, _)| drawn.cell(*field))
            .collect(),
    )
}

/// All that one row shows.
struct Drawn<'a> {
    scene: &'a Scene<'a>,
    partition: &'a Partition,
    moving: Option<&'a Move>,
    range: LogRange,
    /// Whether the range is as fresh as it should be.
    told: Role,
    size: Option<u64>,
    state: PartitionState,
}

impl Drawn<'_> {
    fn cell(&self, field: Field) -> Line<'static> {
        match field {
            Field::Partition => Line::of(self.partition.index.to_string(), Role::Text),
            Field::Leader => self.leader(),
            Field::Broker(id) => self.broker(id),
            Field::Isr => self.isr(),
            Field::Start if self.told == Role::Text => cells::number(self.range.start, Role::Dim),
            Field::Start => cells::number(self.range.start, self.told),
            Field::End => cells::number(self.range.end, self.told),
            Field::Size => cells::bytes(self.size),
            Field::State => self.state_words(),
        }
    }

    /// `1`, `4 (3)` when 3 should lead, `none`.
    fn leader(&self) -> Line<'static> {
        let preferred = self.partition.preferred();
        match self.partition.leader {
            None => Line::of("none", Role::Crit),
            Some(leader) if self.state == PartitionState::LeaderDead => {
                Line::of(leader.to_string(), Role::Crit)
            }
            Some(leader) if preferred == Some(leader) || preferred.is_none() => {
                Line::of(leader.to_string(), Role::Text)
            }
            Some(leader) => {
                let preferred = preferred.map(|id| id.to_string()).unwrap_or_default();
                Line::of(leader.to_string(), Role::Text).with(format!(" ({preferred})"), Role::Dim)
            }
        }
    }

    fn broker(&self, id: BrokerId) -> Line<'static> {
        let partition = self.partition;
        if !partition.replicas.contains(&id) {
            return Line::of("·", Role::Dim);
        }
        let adding = self.moving.is_some_and(|m| m.adding.contains(&id));
        let removing = self.moving.is_some_and(|m| m.removing.contains(&id));
        let preferred = partition.preferred() == Some(id) && partition.leader != Some(id);
        let down = is_down(self.scene, id) || partition.offline.contains(&id);
        let (sign, role) = if partition.leader == Some(id) {
            ("L", if down { Role::Crit } else { Role::Ok })
        } else if down {
            ("✗", Role::Crit)
        } else if adding {
            ("+", Role::Accent)
        } else if removing {
            ("-", Role::Accent)
        } else if partition.isr.contains(&id) {
            ("F", Role::Text)
        } else {
            ("f", Role::Warn)
        };
        let sign = if sign == "✗" {
            glyphs::glyph(VerdictKind::Down)
                .of(self.scene.skin.glyphs)
                .to_string()
        } else {
            sign.to_owned()
        };
        let line = Line::of(sign, role);
        if down && partition.leader == Some(id) {
            let mark = glyphs::glyph(VerdictKind::Down).of(self.scene.skin.glyphs);
            line.with(mark.to_string(), Role::Crit)
        } else if preferred {
            line.with("P", Role::Warn)
        } else {
            line
        }
    }

    fn isr(&self) -> Line<'static> {
        let adding = |id: &&BrokerId| self.moving.is_some_and(|m| m.adding.contains(id));
        let wanted = self
            .partition
            .replicas
            .iter()
            .filter(|id| !adding(id))
            .count();
        let in_sync = self.partition.isr.iter().filter(|id| !adding(id)).count();
        let role = if in_sync < wanted {
            Role::Warn
        } else {
            Role::Text
        };
        Line::of(format!("{}/{wanted}", self.partition.isr.len()), role)
    }

    fn state_words(&self) -> Line<'static> {
        let (_, role) = partition::sign(self.state);
        match self.state {
            PartitionState::Healthy if self.moving.is_some() => Line::of("moving", Role::Accent),
            PartitionState::Healthy => Line::of("ok", Role::Dim),
            PartitionState::NoLeader => Line::of(self.why_no_leader(), role),
            state => Line::of(partition::words(state), role),
        }
    }

    /// H-01: all replicas down, or only out-of-sync copies are up.
    fn why_no_leader(&self) -> String {
        let partition = self.partition;
        let up = |id: &BrokerId| !is_down(self.scene, *id) && !partition.offline.contains(id);
        let last: Vec<String> = partition.isr.iter().map(ToString::to_string).collect();
        let why = if partition.replicas.iter().any(up) {
            "only out-of-sync copies are up"
        } else {
            "all replicas down"
        };
        format!("{why}; last in sync: {}", last.join(", "))
    }
}
