//! The rows of a list screen: which are shown in which order, and which one is selected.
//!
//! The selection follows the row's key, so that it stays on the same broker or topic while data moves
//! under it. Rows are found when data, filter or sort change, never while drawing.

use std::cmp::Ordering;

use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::action::{Action, Binding, char, ctrl, key};
use crate::model::Observed;
use crate::screens::Scene;
use crate::ui::columns::Column;
use crate::ui::cursor::Cursor;
use crate::ui::line::{self, Line};
use crate::ui::table::{Direction, Row, Table};
use crate::ui::text::{self, Align};
use crate::ui::theme::Role;

/// Moving about in any list.
pub const MOVES: &[Binding] = &[
    Binding::help(&[key(KeyCode::Up), char('k')], Action::Up, "row up"),
    Binding::help(&[key(KeyCode::Down), char('j')], Action::Down, "row down"),
    Binding::help(&[ctrl('u')], Action::HalfPageUp, "half a page up"),
    Binding::help(&[ctrl('d')], Action::HalfPageDown, "half a page down"),
    Binding::help(&[key(KeyCode::PageUp)], Action::PageUp, "page up"),
    Binding::help(&[key(KeyCode::PageDown)], Action::PageDown, "page down"),
    Binding::help(&[char('g'), key(KeyCode::Home)], Action::Top, "first row"),
    Binding::help(&[char('G'), key(KeyCode::End)], Action::Bottom, "last row"),
];

/// Into the selected row.
pub const OPEN: &[Binding] = &[Binding::footer(
    &[key(KeyCode::Enter), key(KeyCode::Right), char('l')],
    Action::Open,
    "open",
)];

/// Out of the screen by the arrow that led in; where brokers scroll sideways it scrolls.
pub const LEAVE: &[Binding] = &[Binding::help(
    &[key(KeyCode::Left), char('h')],
    Action::Back,
    "back",
)];

/// Choosing and ordering rows.
pub const CHOICE: &[Binding] = &[
    Binding::footer(&[char('/')], Action::Filter, "filter"),
    Binding::footer(&[char('s')], Action::Sort, "sort"),
    Binding::help(&[char('S')], Action::Reverse, "turn the order round"),
    Binding::footer(&[char('f')], Action::FaultsOnly, "faults only"),
];

/// Which rows are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wanted {
    #[default]
    All,
    Faults,
}

/// Rows above the first row of the table: the summary line and the table's own header.
const ABOVE: u16 = 2;

/// Rows of a list that fills `area` under its summary line.
pub fn height(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(ABOVE))
}

/// The state of one list; `K` identifies a row, `F` is a field that rows show and can be sorted by.
#[derive(Debug, Clone)]
pub struct Listing<K, F: 'static> {
    /// Keys of the rows to show, in order.
    rows: Vec<K>,
    /// Key of the selected row, to find it again.
    anchor: Option<K>,
    pub cursor: Cursor,
    pub filter: String,
    pub wanted: Wanted,
    sorts: &'static [(F, Direction)],
    sort: usize,
    turned: bool,
}

impl<K: Clone + PartialEq, F: Copy + PartialEq> Listing<K, F> {
    /// A list that can be sorted these ways; the first is the way it begins with.
    pub fn new(sorts: &'static [(F, Direction)]) -> Self {
        Self {
            rows: Vec::new(),
            anchor: None,
            cursor: Cursor::default(),
            filter: String::new(),
            wanted: Wanted::All,
            sorts,
            sort: 0,
            turned: false,
        }
    }

    /// The field the rows are sorted by and the direction; nothing for a list with an order of its own.
    pub fn sort(&self) -> Option<(F, Direction)> {
        let (field, natural) = self.sorts.get(self.sort).copied()?;
        let direction = match (natural, self.turned) {
            (Direction::Ascending, false) | (Direction::Descending, true) => Direction::Ascending,
            (Direction::Descending, false) | (Direction::Ascending, true) => Direction::Descending,
        };
        Some((field, direction))
    }

    /// Sorts rows by this comparison of a field, ties in the order they had.
    pub fn order<R>(&self, rows: &mut [R], compare: impl Fn(F, &R, &R) -> Ordering) {
        let Some((field, direction)) = self.sort() else {
            return;
        };
        rows.sort_by(|a, b| match direction {
            Direction::Ascending => compare(field, a, b),
            Direction::Descending => compare(field, b, a),
        });
    }

    /// Keys of the rows to show, in order.
    pub fn rows(&self) -> &[K] {
        &self.rows
    }

    /// Key of the selected row.
    pub fn selected(&self) -> Option<&K> {
        self.rows.get(self.cursor.selected)
    }

    /// Takes the rows found anew and keeps the selection on its row, or near where it was.
    pub fn settle(&mut self, rows: Vec<K>, height: usize) {
        self.rows = rows;
        let kept = self
            .anchor
            .as_ref()
            .and_then(|key| self.rows.iter().position(|row| row == key));
        let index = kept.unwrap_or(self.cursor.selected);
        self.cursor = self.cursor.at(index, self.rows.len(), height);
        self.anchor = self.selected().cloned();
    }

    /// Leaves the selection on the first row, whatever row that will be: for lists whose first row is the one that matters.
    pub fn stay_first(&mut self) {
        if self.cursor.selected == 0 {
            self.anchor = None;
        }
    }

    /// A test of texts against the filter; case is ignored.
    pub fn passes(&self) -> impl Fn(&str) -> bool + use<K, F> {
        let wanted = self.filter.to_lowercase();
        move |text| contains(text, &wanted)
    }

    /// Moves the selection or changes what is listed. `true` = the rows must be found anew.
    pub fn act(&mut self, action: Action, height: usize) -> bool {
        match action {
            Action::FaultsOnly => {
                self.wanted = match self.wanted {
                    Wanted::All => Wanted::Faults,
                    Wanted::Faults => Wanted::All,
                };
            }
            Action::Sort if !self.sorts.is_empty() => {
                self.sort = (self.sort + 1) % self.sorts.len();
                self.turned = false;
            }
            Action::Reverse => self.turned = !self.turned,
            _ => {
                if let Some(step) = action.step() {
                    self.cursor = self.cursor.step(step, self.rows.len(), height);
                    self.anchor = self.selected().cloned();
                }
                return false;
            }
        }
        true
    }

    /// What to say where rows would be: that nothing passes what narrows the list, that there is nothing, or why we
    /// do not know.
    pub fn empty<T>(&self, fact: &Observed<T>, none_match: &str, none: &str) -> String {
        let narrow = !self.filter.is_empty() || self.wanted == Wanted::Faults;
        match (fact.value(), fact.failure()) {
            (Some(_), _) if narrow => none_match.to_owned(),
            (Some(_), _) => none.to_owned(),
            (None, Some(failure)) => format!("unknown: {}", failure.text),
            (None, None) => "waiting for the first answer…".to_owned(),
        }
    }

    /// A column, with room for the sign of the sort order where rows can be sorted by it.
    fn column(&self, field: F, column: &Column) -> Column {
        let mut column = column.clone();
        if self.sorts.iter().any(|(by, _)| *by == field) {
            let title = u16::try_from(text::width(&column.title)).unwrap_or(u16::MAX);
            column.min = column.min.max(title.saturating_add(1));
            column.max = column.max.max(column.min);
        }
        column
    }

    /// What narrows the list, for its summary line: `  filter "ord"  faults only`.
    pub fn narrowing(&self) -> Line<'static> {
        let mut line = Line::new();
        if !self.filter.is_empty() {
            line.push(format!("   filter \"{}\"", self.filter), Role::Accent);
        }
        if self.wanted == Wanted::Faults {
            line.push("   faults only", Role::Accent);
        }
        line
    }
}

/// Whether `text` holds `wanted`, which is in lower case. Every key asks ten thousand names, nearly all of them ASCII,
/// where lower case needs no memory.
fn contains(text: &str, wanted: &str) -> bool {
    if !text.is_ascii() || !wanted.is_ascii() {
        return text.to_lowercase().contains(wanted);
    }
    let wanted = wanted.as_bytes();
    wanted.is_empty()
        || text
            .as_bytes()
            .windows(wanted.len())
            .any(|part| part.eq_ignore_ascii_case(wanted))
}

/// A list as it is drawn: summary line, then the table.
pub struct Sheet<'a, K, F: 'static> {
    pub list: &'a Listing<K, F>,
    pub columns: &'a [(F, Column)],
    pub summary: Line<'a>,
    /// Shown in place of rows when there are none.
    pub empty: &'a str,
}

impl<K: Clone + PartialEq, F: Copy + PartialEq> Sheet<'_, K, F> {
    /// Draws the sheet; `row` is asked for the rows in view alone.
    pub fn draw<'r>(
        &self,
        scene: &Scene,
        area: Rect,
        buffer: &mut Buffer,
        mut row: impl FnMut(&K) -> Row<'r>,
    ) {
        let mut summary = self.summary.clone();
        summary.spans.extend(self.list.narrowing().spans);
        line::draw(&summary, Align::Left, area, buffer, scene.skin);
        let columns: Vec<Column> = self
            .columns
            .iter()
            .map(|(field, column)| self.list.column(*field, column))
            .collect();
        let sort = self.list.sort().and_then(|(field, direction)| {
            let index = self.columns.iter().position(|(shown, _)| *shown == field)?;
            Some((index, direction))
        });
        let table = Table {
            columns: &columns,
            sort,
            cursor: Some(self.list.cursor),
            empty: self.empty.into(),
        };
        let below = below(area, 1);
        let nothing = |row: Option<Row<'r>>| row.unwrap_or_default();
        let count = self.list.rows().len();
        table.draw(
            count,
            |index| nothing(self.list.rows().get(index).map(&mut row)),
            below,
            buffer,
            scene.skin,
        );
    }
}

/// `area` without its first `rows` rows.
pub fn below(area: Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    Rect {
        y: area.y + rows,
        height: area.height - rows,
        ..area
    }
}
