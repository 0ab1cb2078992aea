//! A box with a title at the left of its upper edge and a note at the right.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::glyph::{Glyph, stand_in};
use super::line::{self, Line, Skin, Span};
use super::text::Align;
use super::theme::Role;

/// Draws the box and returns the room inside. An area that has no inside is left alone.
pub fn draw(title: &Line<'_>, note: &Line<'_>, area: Rect, buf: &mut Buffer, skin: &Skin) -> Rect {
    let area = area.intersection(*buf.area());
    if area.width < 3 || area.height < 3 {
        return Rect {
            width: 0,
            height: 0,
            ..area
        };
    }
    let (bottom, right) = (area.bottom() - 1, area.right() - 1);
    edge(['┌', '─', '┐'], Rect { height: 1, ..area }, buf, skin);
    edge(
        ['└', '─', '┘'],
        Rect {
            y: bottom,
            height: 1,
            ..area
        },
        buf,
        skin,
    );
    for y in area.y + 1..bottom {
        for x in [area.x, right] {
            edge(
                ['│', '│', '│'],
                Rect {
                    x,
                    y,
                    width: 1,
                    height: 1,
                },
                buf,
                skin,
            );
        }
    }
    let noted = on_edge(note, Align::Right, area, buf, skin);
    on_edge(
        title,
        Align::Left,
        Rect {
            width: area.width.saturating_sub(noted),
            ..area
        },
        buf,
        skin,
    );
    Rect {
        x: area.x + 1,
        y: area.y + 1,
        width: area.width - 2,
        height: area.height - 2,
    }
}

fn edge([first, middle, last]: [char; 3], area: Rect, buf: &mut Buffer, skin: &Skin) {
    for x in area.left()..area.right() {
        let sign = match x {
            _ if x == area.x => first,
            _ if x + 1 == area.right() => last,
            _ => middle,
        };
        let glyph = Glyph::new(sign, stand_in(sign).unwrap_or('+'));
        let at = Rect {
            x,
            width: 1,
            ..area
        };
        let line = Line {
            spans: vec![Span::glyph(glyph, skin, Role::Border)],
        };
        line::draw(&line, Align::Left, at, buf, skin);
    }
}

/// Writes on the upper edge with a blank at each side; returns the cells it took.
fn on_edge(text: &Line<'_>, align: Align, area: Rect, buf: &mut Buffer, skin: &Skin) -> u16 {
    if text.spans.is_empty() || area.width < 6 {
        return 0;
    }
    let mut padded = Line::of(" ", Role::Text);
    padded.spans.extend(text.spans.iter().cloned());
    padded.push(" ", Role::Text);
    let room = Rect {
        x: area.x + 1,
        width: area.width - 2,
        height: 1,
        ..area
    };
    let needed = padded.width(skin.glyphs);
    let taken = room.width.min(u16::try_from(needed).unwrap_or(u16::MAX));
    let x = match align {
        Align::Left => room.x,
        Align::Right => room.right() - taken,
    };
    let under = Rect {
        x,
        width: taken,
        ..room
    };
    buf.set_style(under, Style::reset()); // nothing of the border shows through
    line::draw(&padded, align, room, buf, skin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::glyph::GlyphSet;

    fn drawn(title: &str, note: &str, glyphs: GlyphSet) -> (Vec<String>, Rect) {
        let area = Rect::new(0, 0, 24, 3);
        let mut buf = Buffer::empty(area);
        let skin = Skin {
            glyphs,
            ..Skin::default()
        };
        let inner = draw(&title.into(), &note.into(), area, &mut buf, &skin);
        let symbols = |cells: &[ratatui::buffer::Cell]| {
            cells.iter().map(ratatui::buffer::Cell::symbol).collect()
        };
        (buf.content().chunks(24).map(symbols).collect(), inner)
    }

    #[test]
    fn a_box_carries_its_title_and_note() {
        let (lines, inner) = drawn("Findings", "3/120", GlyphSet::Unicode);
        assert_eq!(lines[0], "┌ Findings ───── 3/120 ┐");
        assert_eq!(lines[1], "│                      │");
        assert_eq!(lines[2], "└──────────────────────┘");
        assert_eq!(inner, Rect::new(1, 1, 22, 1));
    }

    #[test]
    fn in_ascii_it_is_drawn_with_plain_signs() {
        let (lines, _) = drawn("Findings", "3/120", GlyphSet::Ascii);
        assert_eq!(lines[0], "+ Findings ----- 3/120 +");
        assert_eq!(lines[1], "|                      |");
    }

    #[test]
    fn a_long_title_gives_way_to_the_note() {
        let (lines, _) = drawn("a title that is far too long", "3/120", GlyphSet::Unicode);
        assert_eq!(lines[0], "┌ a title that … 3/120 ┐");
    }

    #[test]
    fn an_area_with_no_inside_is_left_alone() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 2, 2));
        let inner = draw(
            &"x".into(),
            &Line::new(),
            Rect::new(0, 0, 2, 2),
            &mut buf,
            &Skin::default(),
        );
        assert!(inner.is_empty());
        assert_eq!(buf, Buffer::empty(Rect::new(0, 0, 2, 2)));
    }
}
