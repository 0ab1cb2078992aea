//! Columns of a table and the room each gets: a pure function of the columns and the width, never of the rows.

use std::borrow::Cow;

use super::text::Align;

/// Cells between two columns.
const GAP: u16 = 2;
/// Most names are no longer; the room beyond goes to the other columns first.
const NAME_COMFORT: u16 = 24;

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub title: Cow<'static, str>,
    pub align: Align,
    pub min: u16,
    pub max: u16,
    /// 0 always stays; of the others the largest vanishes first when there is no room.
    pub priority: u8,
    pub kind: ColumnKind,
}

/// What a column is to the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ColumnKind {
    #[default]
    Plain,
    /// Names the row: gets room first, up to what most names need, and what is left in the end. The selection is
    /// painted from the left edge up to its end.
    Name,
}

impl Column {
    /// A column of fixed width for words, always shown.
    pub fn new(title: impl Into<Cow<'static, str>>, width: u16) -> Self {
        let (min, max) = (width, width);
        Self {
            title: title.into(),
            align: Align::Left,
            min,
            max,
            priority: 0,
            kind: ColumnKind::Plain,
        }
    }

    /// The column that names the row.
    pub fn name(title: impl Into<Cow<'static, str>>, min: u16, max: u16) -> Self {
        Self {
            max,
            kind: ColumnKind::Name,
            ..Self::new(title, min)
        }
    }

    /// The same column for figures: aligned to the right.
    #[must_use]
    pub fn right(self) -> Self {
        Self {
            align: Align::Right,
            ..self
        }
    }

    /// The same column, wider where there is room.
    #[must_use]
    pub fn up_to(self, max: u16) -> Self {
        Self { max, ..self }
    }

    /// The same column, given up when there is no room: the largest number first.
    #[must_use]
    pub fn priority(self, priority: u8) -> Self {
        Self { priority, ..self }
    }
}

/// A column that has a place on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// Index among the table's columns, and so of the row's cell.
    pub index: usize,
    pub column: &'a Column,
    pub x: u16,
    pub width: u16,
}

/// Chooses the columns that fit between `left` and `right` and gives each its place.
pub(super) fn places(columns: &[Column], left: u16, right: u16) -> Vec<Place<'_>> {
    let room = right.saturating_sub(left);
    let mut kept: Vec<(usize, &Column)> = columns.iter().enumerate().collect();
    while needed(&kept) > room {
        let droppable = kept.iter().filter(|(_, column)| column.priority > 0);
        let Some(dropped) = droppable.max_by_key(|(at, column)| (column.priority, *at)) else {
            break;
        };
        let dropped = dropped.0;
        kept.retain(|(at, _)| *at != dropped);
    }
    let mut x = left;
    let mut places = Vec::with_capacity(kept.len());
    for ((index, column), width) in kept.iter().zip(widths(&kept, room)) {
        let width = width.min(right.saturating_sub(x));
        places.push(Place {
            index: *index,
            column,
            x,
            width,
        });
        x = x.saturating_add(width).saturating_add(GAP);
    }
    places
}

/// Cells the columns take at least.
fn needed(kept: &[(usize, &Column)]) -> u16 {
    let gaps = u16::try_from(kept.len().saturating_sub(1))
        .unwrap_or(u16::MAX)
        .saturating_mul(GAP);
    kept.iter()
        .fold(gaps, |sum, (_, column)| sum.saturating_add(column.min))
}

/// The width of each column: its least, then what is left goes to the name as far as most names need it, then evenly
/// to the others, then to the name again.
fn widths(kept: &[(usize, &Column)], room: u16) -> Vec<u16> {
    let mut spare = room.saturating_sub(needed(kept));
    let mut widths: Vec<u16> = kept.iter().map(|(_, column)| column.min).collect();
    let turns = [
        (ColumnKind::Name, NAME_COMFORT),
        (ColumnKind::Plain, u16::MAX),
        (ColumnKind::Name, u16::MAX),
    ];
    for (wanted, most) in turns {
        while widen(kept, wanted, most, &mut widths, &mut spare) {}
    }
    widths
}

/// Gives a cell to each column of this kind that has use for it; `false` when none has, or no cell is left.
fn widen(
    kept: &[(usize, &Column)],
    wanted: ColumnKind,
    most: u16,
    widths: &mut [u16],
    spare: &mut u16,
) -> bool {
    let before = *spare;
    for (width, (_, column)) in widths.iter_mut().zip(kept) {
        let has_use = column.kind == wanted && *width < column.max.min(most);
        if has_use && *spare > 0 {
            *width += 1;
            *spare -= 1;
        }
    }
    *spare < before
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<Column> {
        vec![
            Column::name("NAME", 8, 20),
            Column::new("A", 8).priority(1).up_to(10),
            Column::new("B", 6).priority(3),
            Column::new("C", 6).priority(2),
        ]
    }

    fn titles(room: u16) -> Vec<(String, u16)> {
        let columns = columns();
        let places = places(&columns, 0, room);
        places
            .iter()
            .map(|place| (place.column.title.to_string(), place.width))
            .collect()
    }

    fn named(expected: &[(&str, u16)]) -> Vec<(String, u16)> {
        expected
            .iter()
            .map(|(title, width)| ((*title).to_owned(), *width))
            .collect()
    }

    #[test]
    fn room_goes_to_the_name_first() {
        assert_eq!(
            titles(34),
            named(&[("NAME", 8), ("A", 8), ("B", 6), ("C", 6)])
        );
        assert_eq!(
            titles(40),
            named(&[("NAME", 14), ("A", 8), ("B", 6), ("C", 6)])
        );
        assert_eq!(
            titles(90),
            named(&[("NAME", 20), ("A", 10), ("B", 6), ("C", 6)])
        );
    }

    #[test]
    fn a_long_name_waits_until_the_others_have_room() {
        let columns = [
            Column::name("NAME", 8, 60),
            Column::new("STATE", 8).up_to(20),
        ];
        let given =
            |room| -> Vec<u16> { places(&columns, 0, room).iter().map(|p| p.width).collect() };
        assert_eq!(given(34), [24, 8]);
        assert_eq!(given(46), [24, 20]);
        assert_eq!(given(70), [48, 20]);
    }

    #[test]
    fn columns_vanish_by_priority_and_the_name_stays() {
        assert_eq!(titles(33), named(&[("NAME", 15), ("A", 8), ("C", 6)]));
        assert_eq!(titles(25), named(&[("NAME", 15), ("A", 8)]));
        assert_eq!(titles(12), named(&[("NAME", 12)]));
        assert_eq!(titles(3), named(&[("NAME", 3)]));
    }
}
