//! All topics with what is wrong with them; the leadership of one is a key away.
//!
//! ```text
//!  41 topics · 374 partitions · 2 internal folded (i lists them)   filter "ord"
//!    TOPIC        PARTS  RF  MIN ISR  UNDER  OFFLINE  MOVING     SIZE  CLEANUP  RETENTION
//!  ◆ orders          12   3        2      4        1       0  21.4 GB  delete   7d
//!    payments         6   3        2      0        0       0   1.2 GB  compact  –
//! ```

use std::cmp::Ordering;
use std::sync::Arc;

use broker::wire::error_code::ErrorCode;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::action::{Action, Binding, char};
use crate::model::{PartitionState, Place, Span, Topic, TopicConfig, TopicName, TopicView, units};
use crate::screens::listing::{self, Listing, Sheet, Wanted};
use crate::screens::partition;
use crate::screens::{Reply, Room, Scene, cells};
use crate::ui::columns::Column;
use crate::ui::line::Line;
use crate::ui::table::{Direction, Row};
use crate::ui::theme::Role;

/// Keys of the screen alone.
pub const KEYS: &[Binding] = &[Binding::footer(&[char('i')], Action::Internal, "internal")];

/// What a row shows and can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Glyph,
    Name,
    Partitions,
    Replication,
    MinIsr,
    UnderReplicated,
    NoLeader,
    Moving,
    Size,
    Cleanup,
    Retention,
    State,
}

const SORTS: &[(Field, Direction)] = &[
    (Field::Name, Direction::Ascending),
    (Field::UnderReplicated, Direction::Descending),
    (Field::NoLeader, Direction::Descending),
    (Field::Size, Direction::Descending),
    (Field::Partitions, Direction::Descending),
];

fn columns() -> Vec<(Field, Column)> {
    vec![
        (Field::Glyph, Column::new("", 1)),
        (Field::Name, Column::name("TOPIC", 16, 60)),
        (Field::Partitions, Column::new("PARTS", 6).right()),
        (Field::Replication, Column::new("RF", 3).right()),
        (Field::MinIsr, Column::new("MIN ISR", 7).right().priority(3)),
        (Field::UnderReplicated, Column::new("UNDER", 6).right()),
        (Field::NoLeader, Column::new("OFFLINE", 8).right()),
        (Field::Moving, Column::new("MOVING", 7).right().priority(5)),
        (Field::Size, Column::new("SIZE", 8).right().priority(1)),
        (Field::Cleanup, Column::new("CLEANUP", 8).priority(4)),
        (Field::Retention, Column::new("RETENTION", 9).priority(6)),
        (Field::State, Column::new("WORST PARTITION", 31).priority(7)),
    ]
}

/// Whether the cluster's own topics are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Internal {
    /// Only those with faults.
    Folded,
    Listed,
}

/// The screen.
#[derive(Debug)]
pub struct TopicsList {
    list: Listing<TopicName, Field>,
    internal: Internal,
    folded: usize,
}

impl TopicsList {
    /// The list, of all topics or of those with faults.
    pub fn new(wanted: Wanted) -> Self {
        let mut list = Listing::new(SORTS);
        list.wanted = wanted;
        Self {
            list,
            internal: Internal::Folded,
            folded: 0,
        }
    }

    fn summary(&self, scene: &Scene) -> Line<'static> {
        let facts = &scene.snapshot.facts;
        let Some(topology) = facts.topology.value() else {
            return Line::of(" topics", Role::Dim);
        };
        let known = units::grouped_usize(topology.topics.len());
        let partitions = units::grouped(i64::from(scene.snapshot.totals.partitions));
        let mut words = format!(" {known} topics · {partitions} partitions");
        if self.folded > 0 {
            let folded = format!(" · {} internal folded (i lists them)", self.folded);
            words.push_str(&folded);
        }
        let line = Line::of(words, Role::Dim);
        cells::with_gap(
            line,
            &facts.configs,
            ("configs", cells::SLOW_FACT_DUE),
            scene,
        )
    }
}

type TopicRow<'a> = (&'a Arc<Topic>, &'a Arc<TopicView>);

impl Room for TopicsList {
    fn keys(&self) -> &'static [&'static [Binding]] {
        &[
            listing::OPEN,
            listing::LEAVE,
            listing::CHOICE,
            KEYS,
            listing::MOVES,
        ]
    }

    fn place(&self) -> Place {
        Place::Topics {
            faults_only: self.list.wanted == Wanted::Faults,
        }
    }

    fn filter(&self) -> Option<&str> {
        Some(&self.list.filter)
    }

    fn set_filter(&mut self, filter: &str) {
        filter.clone_into(&mut self.list.filter);
    }

    fn settle(&mut self, scene: &Scene) {
        let passes = self.list.passes();
        let Some(topology) = scene.snapshot.facts.topology.value() else {
            return;
        };
        let views = &scene.snapshot.topics;
        let mut folded = 0;
        let mut rows: Vec<TopicRow> = topology
            .topics
            .iter()
            .filter(|(name, _)| passes(name))
            .filter_map(|(name, topic)| views.get(name).map(|view| (topic, view)))
            .filter(|(_, view)| self.list.wanted == Wanted::All || view.faulty())
            .filter(|(topic, view)| {
                let fold = topic.internal && self.internal == Internal::Folded && !view.faulty();
                folded += usize::from(fold);
                !fold
            })
            .collect();
        self.list.order(&mut rows, compare);
        let rows = rows
            .into_iter()
            .map(|(topic, _)| topic.name.clone())
            .collect();
        self.folded = folded;
        self.list.settle(rows, listing::height(scene.body));
    }

    fn update(&mut self, action: Action, scene: &Scene) -> Reply {
        match action {
            Action::Open => {
                let selected = self.list.selected().cloned();
                return selected.map_or(Reply::Stay, |name| Reply::Go(Place::Topic(name)));
            }
            Action::Internal => {
                self.internal = match self.internal {
                    Internal::Folded => Internal::Listed,
                    Internal::Listed => Internal::Folded,
                };
                self.settle(scene);
            }
            other => {
                if self.list.act(other, listing::height(scene.body)) {
                    self.settle(scene);
                }
            }
        }
        Reply::Stay
    }

    fn view(&self, scene: &Scene, area: Rect, buffer: &mut Buffer) {
        let columns = columns();
        let empty = self.list.empty(
            &scene.snapshot.facts.topology,
            "no topic matches (esc clears the filter, f lists all)",
            "no topic yet, or none that you may see",
        );
        let sheet = Sheet {
            list: &self.list,
            columns: &columns,
            summary: self.summary(scene),
            empty: &empty,
        };
        sheet.draw(scene, area, buffer, |name| row(scene, name, &columns));
    }
}

fn compare(field: Field, (a, a_view): &TopicRow, (b, b_view): &TopicRow) -> Ordering {
    match field {
        Field::Partitions => a.partitions.len().cmp(&b.partitions.len()),
        Field::UnderReplicated => a_view.under_replicated.cmp(&b_view.under_replicated),
        Field::NoLeader => a_view.no_leader.cmp(&b_view.no_leader),
        Field::Size => a_view.size_bytes.cmp(&b_view.size_bytes),
        Field::Glyph
        | Field::Name
        | Field::Replication
        | Field::MinIsr
        | Field::Moving
        | Field::Cleanup
        | Field::Retention
        | Field::State => a.name.cmp(&b.name),
    }
}

fn row(scene: &Scene, name: &TopicName, columns: &[(Field, Column)]) -> Row<'static> {
    let topics = scene
        .snapshot
        .facts
        .topology
        .value()
        .map(|topology| &topology.topics);
    let topic = topics.and_then(|topics| topics.get(name));
    let (Some(topic), Some(view)) = (topic, scene.snapshot.topics.get(name)) else {
        return Row::default();
    };
    let config = scene
        .snapshot
        .facts
        .configs
        .value()
        .and_then(|configs| configs.get(name));
    let cells = columns
        .iter()
        .map(|(field, _)| cell(scene, topic, view, config, *field));
    Row::new(cells.collect())
}

fn cell(
    scene: &Scene,
    topic: &Topic,
    view: &TopicView,
    config: Option<&TopicConfig>,
    field: Field,
) -> Line<'static> {
    match field {
        Field::Glyph => {
            let (glyph, role) = partition::sign(worst(view));
            Line::of(glyph.of(scene.skin.glyphs).to_string(), role)
        }
        Field::State => {
            if topic.error != 0 {
                return Line::of(format!("error {}", ErrorCode(topic.error)), Role::Crit);
            }
            let (_, role) = partition::sign(worst(view));
            Line::of(partition::words(worst(view)), role)
        }
        Field::Name => {
            let role = if topic.internal {
                Role::Dim
            } else {
                Role::Text
            };
            Line::of(topic.name.to_string(), role)
        }
        Field::Partitions => Line::of(units::grouped_usize(topic.partitions.len()), Role::Text),
        Field::Replication => replication(view),
        Field::MinIsr => cells::number(view.min_isr, Role::Text),
        Field::UnderReplicated => cells::faults(Some(view.under_replicated), Role::Warn),
        Field::NoLeader => cells::faults(Some(view.no_leader), Role::Crit),
        Field::Moving => {
            let told = scene.snapshot.facts.moves.value().map(|_| view.moving);
            cells::faults(told, Role::Accent)
        }
        Field::Size => cells::bytes(view.size_bytes),
        Field::Cleanup => cleanup(config),
        Field::Retention => retention(config),
    }
}

fn worst(view: &TopicView) -> PartitionState {
    let worst = view.states.iter().max().copied();
    worst.unwrap_or(PartitionState::Healthy)
}

fn replication(view: &TopicView) -> Line<'static> {
    let (least, most) = view.replication_factor;
    if least == most {
        Line::of(most.to_string(), Role::Text)
    } else {
        Line::of(format!("{least}-{most}"), Role::Warn)
    }
}

fn cleanup(config: Option<&TopicConfig>) -> Line<'static> {
    match config.and_then(|config| config.compacted) {
        None => cells::unknown(),
        Some(true) => Line::of("compact", Role::Text),
        Some(false) => Line::of("delete", Role::Text),
    }
}

fn retention(config: Option<&TopicConfig>) -> Line<'static> {
    match config.and_then(|config| config.retention_ms) {
        None => cells::unknown(),
        Some(ms) => match u64::try_from(ms) {
            Ok(ms) => Line::of(Span::from_ms(ms).to_string(), Role::Text),
            Err(_) => Line::of("for ever", Role::Text),
        },
    }
}
