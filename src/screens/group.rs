//! One group: its position in every partition, and who reads it.
//!
//! ```text
//!  billing   classic · Stable · 2 members · coordinator 3   lag 1 204 881 (2 partitions unknown)
//!    TOPIC    P   COMMITTED         END        LAG  CLIENT      HOST
//!    orders   0   1 204 881   1 304 881    100 000  billing-1   /10.0.0.7
//!    orders   1           –   1 304 881          –  –           –
//! ```

use std::cmp::Ordering;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::action::{Action, Binding};
use crate::model::{Focus, Group, GroupOffset, Place, TopicName};
use crate::screens::groups::state;
use crate::screens::listing::{self, Listing, Sheet, Wanted};
use crate::screens::{Reply, Room, Scene, cells};
use crate::ui::columns::Column;
use crate::ui::line::{self, Line};
use crate::ui::table::{Direction, Row};
use crate::ui::text::Align;
use crate::ui::theme::Role;

/// What a row shows and can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Topic,
    Partition,
    Committed,
    End,
    Lag,
    Client,
    Host,
}

const SORTS: &[(Field, Direction)] = &[
    (Field::Topic, Direction::Ascending),
    (Field::Lag, Direction::Descending),
];

fn columns() -> Vec<(Field, Column)> {
    vec![
        (Field::Topic, Column::name("TOPIC", 12, 60)),
        (Field::Partition, Column::new("P", 5).right()),
        (
            Field::Committed,
            Column::new("COMMITTED", 11).up_to(15).right(),
        ),
        (
            Field::End,
            Column::new("END", 11).up_to(15).right().priority(2),
        ),
        (Field::Lag, Column::new("LAG", 9).up_to(15).right()),
        (
            Field::Client,
            Column::new("CLIENT", 12).up_to(40).priority(1),
        ),
        (Field::Host, Column::new("HOST", 12).up_to(30).priority(3)),
    ]
}

/// The screen.
#[derive(Debug)]
pub struct GroupPage {
    id: Arc<str>,
    list: Listing<(TopicName, i32), Field>,
}

impl GroupPage {
    /// The page of this group.
    pub fn of(id: Arc<str>) -> Self {
        Self {
            id,
            list: Listing::new(SORTS),
        }
    }

    fn group<'a>(&self, scene: &Scene<'a>) -> Option<&'a Group> {
        scene
            .snapshot
            .facts
            .groups
            .value()?
            .by_id
            .get(&self.id)
            .map(Arc::as_ref)
    }
}

impl Room for GroupPage {
    fn keys(&self) -> &'static [&'static [Binding]] {
        &[listing::CHOICE, listing::LEAVE, listing::MOVES]
    }

    fn place(&self) -> Place {
        Place::Group(self.id.clone())
    }

    fn focus(&self) -> Focus {
        Focus::Group(self.id.clone())
    }

    fn filter(&self) -> Option<&str> {
        Some(&self.list.filter)
    }

    fn set_filter(&mut self, filter: &str) {
        filter.clone_into(&mut self.list.filter);
    }

    fn settle(&mut self, scene: &Scene) {
        let Some(offsets) = self.group(scene).and_then(|group| group.offsets.value()) else {
            return;
        };
        let passes = self.list.passes();
        let mut rows: Vec<&GroupOffset> = offsets
            .iter()
            .filter(|offset| passes(&offset.topic))
            .filter(|offset| self.list.wanted == Wanted::All || offset.lag() != Some(0))
            .collect();
        self.list
            .order(&mut rows, |field, a, b| compare(field, a, b));
        let rows = rows
            .into_iter()
            .map(|offset| (offset.topic.clone(), offset.partition))
            .collect();
        self.list.settle(rows, listing::height(scene.body));
    }

    fn update(&mut self, action: Action, scene: &Scene) -> Reply {
        if self.list.act(action, listing::height(scene.body)) {
            self.settle(scene);
        }
        Reply::Stay
    }

    fn view(&self, scene: &Scene, area: Rect, buffer: &mut Buffer) {
        let Some(group) = self.group(scene) else {
            let words = cells::absent(
                &scene.snapshot.facts.groups,
                &format!(
                    "no group {} here: it ended, or its coordinator did not answer",
                    self.id
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
        let columns = columns();
        let empty = self.list.empty(
            &group.offsets,
            "no partition matches (esc clears the filter, f lists all)",
            "it has committed nothing",
        );
        let summary = cells::with_gap(
            summary(group),
            &group.offsets,
            ("offsets", cells::overdue_after(scene)),
            scene,
        );
        let sheet = Sheet {
            list: &self.list,
            columns: &columns,
            summary,
            empty: &empty,
        };
        sheet.draw(scene, area, buffer, |key| row(scene, group, key, &columns));
    }
}

fn summary(group: &Group) -> Line<'static> {
    let mut line = Line::of(format!(" {} ", group.id), Role::Title);
    line.push(format!("  {} · ", group.kind.name()), Role::Text);
    line.spans.extend(state(group).spans);
    match group.members.value() {
        Some(members) => line.push(format!(" · {} members", members.len()), Role::Text),
        None => line.push(" · members –", Role::Dim),
    }
    line.push(format!(" · coordinator {}", group.coordinator), Role::Text);
    let (lag, unknown) = group.lag();
    line.push("   lag ", Role::Title);
    line.spans
        .extend(cells::lag((lag, unknown), Role::Title).spans);
    if unknown > 0 {
        line.push(format!(" ({unknown} partitions unknown)"), Role::Warn);
    }
    line
}

fn compare(field: Field, a: &GroupOffset, b: &GroupOffset) -> Ordering {
    match field {
        Field::Lag => a.lag().cmp(&b.lag()),
        Field::Topic
        | Field::Partition
        | Field::Committed
        | Field::End
        | Field::Client
        | Field::Host => (&a.topic, a.partition).cmp(&(&b.topic, b.partition)),
    }
}

fn row(
    scene: &Scene,
    group: &Group,
    (topic, partition): &(TopicName, i32),
    columns: &[(Field, Column)],
) -> Row<'static> {
    let offsets = group
        .offsets
        .value()
        .map(|offsets| offsets.as_slice())
        .unwrap_or_default();
    let found = offsets
        .binary_search_by(|offset| (&offset.topic, offset.partition).cmp(&(topic, *partition)));
    let Some(offset) = found.ok().and_then(|index| offsets.get(index)) else {
        return Row::default();
    };
    let row = Row::new(
        columns
            .iter()
            .map(|(field, _)| cell(group, offset, *field))
            .collect(),
    );
    let old = group
        .offsets
        .overdue(scene.now, cells::overdue_after(scene))
        .is_some();
    if old { row.stale() } else { row }
}

fn cell(group: &Group, offset: &GroupOffset, field: Field) -> Line<'static> {
    let members = group.members.value();
    let member = offset
        .member
        .and_then(|index| members.and_then(|members| members.get(index)));
    match field {
        Field::Topic => Line::of(offset.topic.to_string(), Role::Text),
        Field::Partition => Line::of(offset.partition.to_string(), Role::Text),
        Field::Committed => cells::number(offset.committed, Role::Text),
        Field::End => cells::number(offset.end, Role::Text),
        Field::Lag => cells::number(offset.lag(), Role::Title),
        Field::Client => match member {
            Some(member) => Line::of(member.client_id.to_string(), Role::Text),
            None => cells::unknown(),
        },
        Field::Host => match member {
            Some(member) => Line::of(member.host.to_string(), Role::Dim),
            None => cells::unknown(),
        },
    }
}
