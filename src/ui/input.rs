//! One line of text that the operator types: filter, go-to, names to confirm. Pure: it is told what was meant, not
//! which key was pressed, and never holds a control character.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::line::{self, Line, Skin};
use super::text::{self, Align};
use super::theme::Role;

/// Characters kept; more is no search and no name. A paste beyond it is cut.
const MAX_CHARS: usize = 1_000;

/// The text and the place in it where typing goes on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Input {
    text: String,
    /// In bytes, always between two characters.
    at: usize,
}

/// One edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    Insert(char),
    /// Line breaks and tabs become blanks, other control characters are left out.
    Paste(String),
    /// The character before the cursor.
    DeleteBefore,
    /// The character under the cursor.
    DeleteAfter,
    /// Everything before the cursor (ctrl-u).
    DeleteToStart,
    /// The word before the cursor (ctrl-w).
    DeleteWord,
    Left,
    Right,
    Home,
    End,
}

impl Input {
    /// An input that starts with this text, the cursor at its end.
    pub fn new(text: &str) -> Self {
        let mut input = Self::default();
        input.insert(text);
        input
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Does one edit; what cannot be done changes nothing.
    pub fn edit(&mut self, edit: &Edit) {
        match edit {
            Edit::Insert(c) => self.insert(c.encode_utf8(&mut [0; 4])),
            Edit::Paste(text) => self.insert(text),
            Edit::DeleteBefore => self.delete(self.before(), self.at),
            Edit::DeleteAfter => self.delete(self.at, self.after()),
            Edit::DeleteToStart => self.delete(0, self.at),
            Edit::DeleteWord => self.delete(self.word_start(), self.at),
            Edit::Left => self.at = self.before(),
            Edit::Right => self.at = self.after(),
            Edit::Home => self.at = 0,
            Edit::End => self.at = self.text.len(),
        }
    }

    fn insert(&mut self, text: &str) {
        let mut room = MAX_CHARS.saturating_sub(self.text.chars().count());
        for c in text.chars() {
            let c = if matches!(c, '\n' | '\r' | '\t') {
                ' '
            } else {
                c
            };
            if c.is_control() || room == 0 {
                continue;
            }
            self.text.insert(self.at, c);
            self.at += c.len_utf8();
            room -= 1;
        }
    }

    fn delete(&mut self, from: usize, to: usize) {
        self.text.drain(from..to);
        self.at = from;
    }

    fn left(&self) -> &str {
        self.text.get(..self.at).unwrap_or_default()
    }

    fn right(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn before(&self) -> usize {
        self.left()
            .char_indices()
            .next_back()
            .map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        self.at + self.right().chars().next().map_or(0, char::len_utf8)
    }

    fn word_start(&self) -> usize {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let trimmed = self.left().trim_end_matches(|c| !is_word(c));
        trimmed.trim_end_matches(is_word).len()
    }

    /// Draws the text after a prompt and returns where the terminal's cursor belongs. A text longer than its room
    /// shows the part around the cursor.
    pub fn draw(&self, prompt: &Line<'_>, area: Rect, buf: &mut Buffer, skin: &Skin) -> Position {
        let taken = line::draw(prompt, Align::Left, area, buf, skin);
        let room = Rect {
            x: area.x + taken,
            width: area.width.saturating_sub(taken),
            ..area
        };
        let left = text::visible(self.left(), skin.glyphs);
        let cells = usize::from(room.width).saturating_sub(1); // one for the cursor
        let excess = text::width(&left).saturating_sub(cells);
        let shown = after_cells(&left, excess);
        let used = u16::try_from(text::width(shown)).unwrap_or(room.width);
        let (rest, _) = text::beginning(self.right(), usize::from(room.width.saturating_sub(used)));
        let line = Line::of(shown, Role::Text).with(rest, Role::Text);
        line::draw(&line, Align::Left, room, buf, skin);
        Position {
            x: (room.x + used).min(area.right().saturating_sub(1)),
            y: area.y,
        }
    }
}

/// The text without its beginning of at least `cells` cells.
fn after_cells(text: &str, cells: usize) -> &str {
    let (cut, taken) = text::beginning(text, cells);
    let wide = usize::from(taken < cells); // a wide character across the edge goes too
    let rest = text.get(cut.len()..).unwrap_or_default();
    rest.get(rest.chars().take(wide).map(char::len_utf8).sum()..)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn edited(text: &str, edits: &[Edit]) -> String {
        let mut input = Input::new(text);
        for edit in edits {
            input.edit(edit);
        }
        let (left, right) = (input.left().to_owned(), input.right());
        format!("{left}|{right}")
    }

    #[test]
    fn typing_goes_on_where_the_cursor_is() {
        assert_eq!(
            edited("ordrs", &[Edit::Left, Edit::Left, Edit::Insert('e')]),
            "orde|rs"
        );
        assert_eq!(edited("größe", &[Edit::Left, Edit::DeleteBefore]), "grö|e");
        assert_eq!(
            edited("ab", &[Edit::Home, Edit::DeleteAfter, Edit::Left]),
            "|b"
        );
        assert_eq!(edited("ab", &[Edit::Right, Edit::DeleteAfter]), "ab|");
    }

    #[test]
    fn ctrl_u_and_ctrl_w_delete_backwards() {
        assert_eq!(
            edited("orders-eu v1", &[Edit::Left, Edit::DeleteToStart]),
            "|1"
        );
        assert_eq!(edited("orders-eu v1 ", &[Edit::DeleteWord]), "orders-eu |");
        assert_eq!(edited("orders-eu", &[Edit::DeleteWord]), "orders-|");
        assert_eq!(edited("", &[Edit::DeleteWord]), "|");
    }

    #[test]
    fn a_paste_brings_no_line_breaks_and_no_control_characters() {
        assert_eq!(
            edited("", &[Edit::Paste("a\nb\x1b[31m".to_owned())]),
            "a b[31m|"
        );
        assert_eq!(Input::new(&"x".repeat(5_000)).text().len(), MAX_CHARS);
    }

    #[test]
    fn the_cursor_stays_in_view_of_a_long_text() {
        let area = Rect::new(0, 0, 10, 1);
        let mut buf = Buffer::empty(area);
        let at = Input::new("abcdefghijklmnop").draw(&"/".into(), area, &mut buf, &Skin::default());
        let shown: String = buf
            .content()
            .iter()
            .map(ratatui::buffer::Cell::symbol)
            .collect();
        assert_eq!((shown.as_str(), at.x), ("/ijklmnop ", 9));
    }

    fn any_edit() -> impl Strategy<Value = Edit> {
        prop_oneof![
            any::<char>().prop_map(Edit::Insert),
            any::<String>().prop_map(Edit::Paste),
            prop::sample::select(vec![
                Edit::DeleteBefore,
                Edit::DeleteAfter,
                Edit::DeleteToStart,
                Edit::DeleteWord,
                Edit::Left,
                Edit::Right,
                Edit::Home,
                Edit::End,
            ]),
        ]
    }

    proptest! {
        #[test]
        fn no_edit_breaks_the_text(edits in prop::collection::vec(any_edit(), 0..40), width in 0u16..20) {
            let mut input = Input::default();
            let area = Rect::new(0, 0, width, 1);
            for edit in &edits {
                input.edit(edit);
                prop_assert!(input.text.is_char_boundary(input.at));
                prop_assert!(!input.text.chars().any(char::is_control));
                let at = input.draw(&"/".into(), area, &mut Buffer::empty(area), &Skin::default());
                prop_assert!(at.x < width.max(1));
            }
        }
    }
}
