//! The four parts every screen has: header, strip, body, footer; and what is shown where there is no room for them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::line::{self, Line, Skin};
use super::text::{self, Align};
use super::theme::Role;

/// Below this no table keeps its name column and one figure beside it.
pub const MIN_WIDTH: u16 = 40;
/// Header, strip, footer, a table's header and a handful of rows.
pub const MIN_HEIGHT: u16 = 10;

/// Where each part goes. Header, strip and footer are one line each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    pub header: Rect,
    pub strip: Rect,
    pub body: Rect,
    pub footer: Rect,
}

/// The parts of the screen; `None` when it is too small to tell anything (draw `too_small` then).
pub fn split(area: Rect) -> Option<Areas> {
    if area.width < MIN_WIDTH || area.height < MIN_HEIGHT {
        return None;
    }
    let line = |y| Rect {
        y,
        height: 1,
        ..area
    };
    Some(Areas {
        header: line(area.y),
        strip: line(area.y + 1),
        body: Rect {
            y: area.y + 2,
            height: area.height - 3,
            ..area
        },
        footer: line(area.bottom() - 1),
    })
}

/// Says that the terminal is too small, and what to do.
pub fn draw_too_small(area: Rect, buf: &mut Buffer, skin: &Skin) {
    let sentence = format!(
        "This terminal has {}x{} cells and {MIN_WIDTH}x{MIN_HEIGHT} are needed: enlarge the window or choose a smaller \
         font.",
        area.width, area.height
    );
    let lines = text::wrap(&sentence, usize::from(area.width));
    for (y, words) in (area.top()..area.bottom()).zip(lines) {
        line::draw(
            &Line::of(words, Role::Text),
            Align::Left,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_cover_the_screen_without_overlap() {
        let areas = split(Rect::new(0, 0, 80, 24)).unwrap();
        let parts = [areas.header, areas.strip, areas.body, areas.footer];
        assert_eq!(
            parts.map(|part| (part.y, part.height)),
            [(0, 1), (1, 1), (2, 21), (23, 1)]
        );
        assert!(parts.iter().all(|part| part.width == 80));
    }

    #[test]
    fn a_screen_too_small_says_so() {
        assert_eq!(split(Rect::new(0, 0, 39, 24)), None);
        assert_eq!(split(Rect::new(0, 0, 80, 9)), None);
        assert!(split(Rect::new(0, 0, MIN_WIDTH, MIN_HEIGHT)).is_some());
        let area = Rect::new(0, 0, 30, 8);
        let mut buf = Buffer::empty(area);
        draw_too_small(area, &mut buf, &Skin::default());
        let shown: String = buf
            .content()
            .iter()
            .map(ratatui::buffer::Cell::symbol)
            .collect();
        assert!(shown.starts_with("This terminal has 30x8 cells"), "{shown}");
        assert!(shown.contains("40x10"), "{shown}");
    }
}
