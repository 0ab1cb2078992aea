//! The table: columns that give way when the screen is narrow, and only the rows in view. Widths come from the columns
//! and the area alone, never from the rows, so that scrolling moves nothing sideways and ten thousand rows cost as much
//! as twenty. It keeps no state; the cursor is the caller's.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::columns::{self, Column, ColumnKind, Place};
use super::cursor::Cursor;
use super::glyph;
use super::line::{self, Line, Skin, Span};
use super::text::Align;
use super::theme::Role;

/// The gutter at the left: the cursor's sign and nothing else.
const GUTTER: u16 = 1;

/// What one cell shows.
pub type Cell<'a> = Line<'a>;

/// How far a row's facts can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Freshness {
    #[default]
    Current,
    /// Drawn in the role `Stale` throughout, whatever its cells say.
    Stale,
}

/// One row: a cell per column, missing ones are unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row<'a> {
    pub cells: Vec<Cell<'a>>,
    pub freshness: Freshness,
}

impl<'a> Row<'a> {
    pub fn new(cells: Vec<Cell<'a>>) -> Self {
        Self {
            cells,
            freshness: Freshness::Current,
        }
    }

    /// The same row, as it was when last confirmed.
    #[must_use]
    pub fn stale(self) -> Self {
        Self {
            freshness: Freshness::Stale,
            ..self
        }
    }
}

/// A cell of a fact that nobody has told.
pub fn unknown<'a>() -> Cell<'a> {
    Line::of(glyph::UNKNOWN.unicode.to_string(), Role::Dim)
}

/// Which way a column is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    Ascending,
    Descending,
}

/// A table to draw: what stays the same from row to row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table<'a> {
    pub columns: &'a [Column],
    /// The column it is sorted by, as an index into `columns`.
    pub sort: Option<(usize, Direction)>,
    /// `None` where the rows cannot be walked.
    pub cursor: Option<Cursor>,
    /// Shown in place of rows when there are none.
    pub empty: Cow<'a, str>,
}

impl Table<'_> {
    /// Rows that fit under the header of an area of this height. Use it to move the cursor.
    pub fn rows_in(height: u16) -> usize {
        usize::from(height.saturating_sub(1))
    }

    /// Draws the header and the rows in view; `row` is called for these alone.
    pub fn draw<'r>(
        &self,
        count: usize,
        mut row: impl FnMut(usize) -> Row<'r>,
        area: Rect,
        buf: &mut Buffer,
        skin: &Skin,
    ) {
        let area = area.intersection(*buf.area());
        if area.is_empty() {
            return;
        }
        let places = columns::places(self.columns, area.x + GUTTER, area.right());
        self.draw_header(&places, area, buf, skin);
        let body = Rect {
            y: area.y + 1,
            height: area.height - 1,
            ..area
        };
        if count == 0 {
            let line = Line::of(&*self.empty, Role::Dim);
            let first = Rect {
                x: area.x + GUTTER,
                width: area.width - GUTTER,
                ..body
            };
            if !body.is_empty() {
                line::draw(&line, Align::Left, first, buf, skin);
            }
            return;
        }
        let cursor = self
            .cursor
            .unwrap_or_default()
            .within(count, usize::from(body.height));
        for (y, index) in (body.top()..body.bottom()).zip(cursor.offset..count) {
            draw_row(&row(index), &places, y, buf, skin);
            if self.cursor.is_some() && index == cursor.selected {
                select(
                    &places,
                    Rect {
                        y,
                        height: 1,
                        ..area
                    },
                    buf,
                    skin,
                );
            }
        }
    }

    fn draw_header(&self, places: &[Place<'_>], area: Rect, buf: &mut Buffer, skin: &Skin) {
        for place in places {
            let mut title = Line::of(&*place.column.title, Role::Title);
            if let Some((_, direction)) = self.sort.filter(|(by, _)| *by == place.index) {
                let sign = match direction {
                    Direction::Ascending => glyph::ASCENDING,
                    Direction::Descending => glyph::DESCENDING,
                };
                title.spans.push(Span::glyph(sign, skin, Role::Title));
            }
            let at = Rect {
                x: place.x,
                y: area.y,
                width: place.width,
                height: 1,
            };
            line::draw(&title, place.column.align, at, buf, skin);
        }
    }
}

fn draw_row(row: &Row<'_>, places: &[Place<'_>], y: u16, buf: &mut Buffer, skin: &Skin) {
    let nothing = unknown();
    for place in places {
        let cell = row.cells.get(place.index).unwrap_or(&nothing);
        let area = Rect {
            x: place.x,
            y,
            width: place.width,
            height: 1,
        };
        line::draw(cell, place.column.align, area, buf, skin);
        if row.freshness == Freshness::Stale {
            buf.set_style(area, skin.style(Role::Stale));
        }
    }
}

/// Paints the selection over a drawn row. It ends with the name: every cell painted is a cell to send when the cursor
/// moves, over a line that may be slow.
fn select(places: &[Place<'_>], row: Rect, buf: &mut Buffer, skin: &Skin) {
    let name = places
        .iter()
        .find(|place| place.column.kind == ColumnKind::Name);
    let end = name.map_or(row.right(), |place| place.x + place.width);
    let painted = Rect {
        width: end.saturating_sub(row.x).min(row.width),
        ..row
    };
    buf.set_style(painted, skin.style(Role::Selection));
    let sign = glyph::MARKER.of(skin.glyphs);
    buf.set_string(row.x, row.y, sign.encode_utf8(&mut [0; 4]), Style::new());
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Modifier};

    use super::*;
    use crate::ui::depth::ColorDepth;
    use crate::ui::glyph::GlyphSet;
    use crate::ui::theme::{Look, Paint, Theme};

    fn columns() -> Vec<Column> {
        vec![
            Column::new("", 1),
            Column::name("NAME", 8, 40),
            Column::new("STATE", 8).priority(1),
            Column::new("SIZE", 6).right().priority(3),
            Column::new("LAG", 6).right().priority(2),
        ]
    }

    fn row<'a>(index: usize) -> Row<'a> {
        Row::new(vec![
            Line::of("●", Role::Ok),
            format!("row-{index}").into(),
            "up".into(),
            (index * 10).to_string().into(),
        ])
    }

    fn table(columns: &[Column], cursor: Cursor) -> Table<'_> {
        Table {
            columns,
            sort: Some((1, Direction::Descending)),
            cursor: Some(cursor),
            empty: "no rows".into(),
        }
    }

    fn drawn(table: &Table<'_>, count: usize, width: u16, height: u16) -> Vec<String> {
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        table.draw(count, row, area, &mut buf, &Skin::default());
        buf.content()
            .chunks(usize::from(width))
            .map(|cells| cells.iter().map(ratatui::buffer::Cell::symbol).collect())
            .collect()
    }

    #[test]
    fn a_table_shows_header_sort_sign_cursor_and_unknown_cells() {
        let columns = columns();
        let lines = drawn(
            &table(
                &columns,
                Cursor {
                    selected: 1,
                    offset: 0,
                },
            ),
            2,
            60,
            4,
        );
        assert_eq!(
            lines[0].trim_end(),
            "    NAME▼                           STATE       SIZE     LAG"
        );
        assert_eq!(
            lines[1].trim_end(),
            " ●  row-0                           up             0       –"
        );
        assert_eq!(
            lines[2].trim_end(),
            "▌●  row-1                           up            10       –"
        );
        assert_eq!(lines[3].trim_end(), "");
    }

    #[test]
    fn a_narrow_table_gives_up_its_least_important_columns() {
        let columns = columns();
        let table = table(&columns, Cursor::default());
        assert_eq!(
            drawn(&table, 1, 30, 1)[0].trim_end(),
            "    NAME▼     STATE        LAG"
        );
        assert_eq!(drawn(&table, 1, 22, 1)[0].trim_end(), "    NAME▼     STATE");
        assert_eq!(drawn(&table, 1, 12, 1)[0].trim_end(), "    NAME▼");
        assert_eq!(drawn(&table, 1, 3, 1)[0].trim_end(), "");
    }

    #[test]
    fn an_empty_table_says_so() {
        let columns = columns();
        assert_eq!(
            drawn(&table(&columns, Cursor::default()), 0, 20, 2)[1].trim_end(),
            " no rows"
        );
    }

    #[test]
    fn only_the_rows_in_view_are_built() {
        let columns = columns();
        let table = table(
            &columns,
            Cursor {
                selected: 9_999,
                offset: 0,
            },
        );
        let area = Rect::new(0, 0, 60, 21);
        let mut built = Vec::new();
        let draw_one = |index| {
            built.push(index);
            row(index)
        };
        table.draw(
            10_000,
            draw_one,
            area,
            &mut Buffer::empty(area),
            &Skin::default(),
        );
        assert_eq!(built, (9_980..10_000).collect::<Vec<_>>());
    }

    #[test]
    fn a_cursor_beyond_rows_that_vanished_still_shows_rows() {
        let columns = columns();
        let lines = drawn(
            &table(
                &columns,
                Cursor {
                    selected: 500,
                    offset: 480,
                },
            ),
            2,
            60,
            4,
        );
        assert!(lines[2].starts_with("▌●  row-1"), "{lines:?}");
    }

    fn coloured() -> Skin {
        let paint = |r, g, b| {
            Some(Paint {
                color: Color::Rgb(r, g, b),
                ansi: None,
            })
        };
        let look = |role| match role {
            Role::Selection => Look {
                fg: None,
                bg: paint(40, 60, 90),
                modifiers: Modifier::BOLD,
            },
            Role::Ok => Look {
                fg: paint(120, 200, 120),
                ..Look::default()
            },
            Role::Dim | Role::Stale => Look {
                fg: paint(150, 150, 150),
                ..Look::default()
            },
            _ => Look::default(),
        };
        Skin {
            theme: Theme::new(ColorDepth::TrueColor, look),
            glyphs: GlyphSet::Unicode,
        }
    }

    #[test]
    fn a_stale_row_is_stale_in_every_cell() {
        let columns = columns();
        let area = Rect::new(0, 0, 60, 2);
        let mut buf = Buffer::empty(area);
        let table = Table {
            cursor: None,
            ..table(&columns, Cursor::default())
        };
        let skin = coloured();
        table.draw(1, |index| row(index).stale(), area, &mut buf, &skin);
        let stale = skin.style(Role::Stale).fg.unwrap();
        let inked = |at: u16| buf[(at, 1)].symbol() != " ";
        assert!(
            (0..60)
                .filter(|&at| inked(at))
                .all(|at| buf[(at, 1)].fg == stale)
        );
    }
}
