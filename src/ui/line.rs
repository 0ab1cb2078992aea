//! A line of styled text and the one way it gets into the cells of the screen. Everything drawn through here is made
//! safe first (`text::visible`), so a hostile name can do no harm whichever brick shows it.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::glyph::{self, Glyph, GlyphSet};
use super::text::{self, Align};
use super::theme::{Role, Theme};

/// How to draw on this terminal: every brick takes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Skin {
    pub theme: Theme,
    pub glyphs: GlyphSet,
}

impl Skin {
    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }
}

/// Text of one role. The text may hold anything; it is made safe when drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Span<'a> {
    pub text: Cow<'a, str>,
    pub role: Role,
}

impl<'a> Span<'a> {
    pub fn new(text: impl Into<Cow<'a, str>>, role: Role) -> Self {
        Self {
            text: text.into(),
            role,
        }
    }

    /// A sign in the terminal's repertoire.
    pub fn glyph(glyph: Glyph, skin: &Skin, role: Role) -> Self {
        Self::new(glyph.of(skin.glyphs).to_string(), role)
    }
}

impl<'a> From<&'a str> for Span<'a> {
    fn from(text: &'a str) -> Self {
        Self::new(text, Role::Text)
    }
}

impl From<String> for Span<'_> {
    fn from(text: String) -> Self {
        Self::new(text, Role::Text)
    }
}

/// Spans side by side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line<'a> {
    pub spans: Vec<Span<'a>>,
}

impl<'a> Line<'a> {
    pub fn new() -> Self {
        Self::default()
    }

    /// A line of one span.
    pub fn of(text: impl Into<Cow<'a, str>>, role: Role) -> Self {
        Self {
            spans: vec![Span::new(text, role)],
        }
    }

    /// The same line with one more span at its end.
    #[must_use]
    pub fn with(mut self, text: impl Into<Cow<'a, str>>, role: Role) -> Self {
        self.push(text, role);
        self
    }

    pub fn push(&mut self, text: impl Into<Cow<'a, str>>, role: Role) {
        self.spans.push(Span::new(text, role));
    }

    /// Cells it takes on this terminal.
    pub fn width(&self, glyphs: GlyphSet) -> usize {
        self.spans
            .iter()
            .map(|span| text::width(&text::visible(&span.text, glyphs)))
            .sum()
    }
}

impl<'a, S: Into<Span<'a>>> From<S> for Line<'a> {
    fn from(span: S) -> Self {
        Self {
            spans: vec![span.into()],
        }
    }
}

impl<'a> FromIterator<Span<'a>> for Line<'a> {
    fn from_iter<I: IntoIterator<Item = Span<'a>>>(spans: I) -> Self {
        Self {
            spans: spans.into_iter().collect(),
        }
    }
}

/// Draws the line into the first row of the area: cut with `…` when it is too long. Returns the cells used.
pub fn draw(line: &Line<'_>, align: Align, area: Rect, buf: &mut Buffer, skin: &Skin) -> u16 {
    let area = area.intersection(*buf.area());
    if area.is_empty() {
        return 0;
    }
    let room = usize::from(area.width);
    let needed = line.width(skin.glyphs);
    let cut = needed > room;
    let room_for_text = if cut { room - 1 } else { room };
    let start = match align {
        Align::Right if !cut => area
            .right()
            .saturating_sub(u16::try_from(needed).unwrap_or(area.width)),
        Align::Left | Align::Right => area.x,
    };
    let end = start
        .saturating_add(u16::try_from(room_for_text).unwrap_or(u16::MAX))
        .min(area.right());
    let mut x = start;
    let mut last = Style::new();
    for span in &line.spans {
        let shown = text::visible(&span.text, skin.glyphs);
        let left = usize::from(end.saturating_sub(x));
        let (kept, _) = text::beginning(&shown, left);
        let style = skin.style(span.role);
        let all_kept = kept.len() == shown.len();
        (x, _) = buf.set_stringn(x, area.y, kept, left, style);
        last = style;
        if !all_kept {
            break;
        }
    }
    if cut && x < area.right() {
        let sign = glyph::MORE.of(skin.glyphs);
        (x, _) = buf.set_stringn(x, area.y, sign.encode_utf8(&mut [0; 4]), 1, last);
    }
    x.saturating_sub(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(line: &Line<'_>, align: Align, width: u16) -> String {
        let area = Rect::new(0, 0, width, 1);
        let mut buf = Buffer::empty(area);
        draw(line, align, area, &mut buf, &Skin::default());
        buf.content()
            .iter()
            .map(ratatui::buffer::Cell::symbol)
            .collect()
    }

    #[test]
    fn spans_stand_side_by_side_and_numbers_to_the_right() {
        let line = Line::of("12 ", Role::Text).with("offline", Role::Crit);
        assert_eq!(drawn(&line, Align::Left, 12), "12 offline  ");
        assert_eq!(drawn(&line, Align::Right, 12), "  12 offline");
    }

    #[test]
    fn a_line_that_is_too_long_ends_in_a_sign() {
        let line = Line::of("12 ", Role::Text).with("offline", Role::Crit);
        assert_eq!(drawn(&line, Align::Left, 6), "12 of…");
        assert_eq!(drawn(&line, Align::Right, 6), "12 of…");
        assert_eq!(drawn(&line, Align::Left, 3), "12…");
        assert_eq!(drawn(&line, Align::Left, 1), "…");
        assert_eq!(drawn(&line, Align::Left, 0), "");
    }

    #[test]
    fn a_wide_character_at_the_edge_leaves_room_for_the_sign() {
        let line = Line::of("a漢字", Role::Text);
        assert_eq!(drawn(&line, Align::Left, 3), "a… ");
    }

    #[test]
    fn a_hostile_name_is_drawn_spelled_out() {
        let line = Line::of("x\x1b[2Jy", Role::Text);
        assert_eq!(drawn(&line, Align::Left, 10), "x␛[2Jy    ");
    }

    #[test]
    fn an_area_outside_of_the_screen_draws_nothing() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 5, 1));
        let outside = Rect::new(10, 3, 5, 1);
        assert_eq!(
            draw(
                &Line::of("x", Role::Text),
                Align::Left,
                outside,
                &mut buf,
                &Skin::default()
            ),
            0
        );
    }
}
