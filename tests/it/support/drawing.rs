//! A scene drawn as a terminal would show it: as text for the eye, as styled text for snapshots, as SVG for
//! pictures. It never opens a terminal.

use std::sync::Arc;

use lookout::config::document::Source;
use lookout::config::theme::{self, Design};
use lookout::event::Event;
use lookout::model::{Place, Snapshot};
use lookout::state::State;
use lookout::ui::depth::ColorDepth;
use lookout::ui::glyph::GlyphSet;
use lookout::ui::line::Skin;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::scene::NOW;

/// A theme as its file says it.
pub fn design(name: &str) -> Design {
    let file = format!("{}/themes/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{file}: {e}"));
    let source = Source {
        file: &file,
        text: &text,
    };
    theme::read(source).unwrap_or_else(|e| panic!("{e}"))
}

/// How a terminal with all colours shows this theme.
pub fn skin(theme: &str) -> Skin {
    Skin {
        theme: design(theme).at(ColorDepth::TrueColor),
        glyphs: GlyphSet::Unicode,
    }
}

/// How a terminal with neither colours nor UTF-8 shows everything.
pub fn plainest() -> Skin {
    Skin {
        theme: design("mono").at(ColorDepth::Mono),
        glyphs: GlyphSet::Ascii,
    }
}

/// The program at a place, after its first look at this cluster.
pub fn open(snapshot: Snapshot, place: &Place, (columns, rows): (u16, u16), skin: Skin) -> State {
    let area = Rect::new(0, 0, columns, rows);
    let mut state = State::new(skin, area, Arc::default(), NOW);
    state.update(Event::Snapshot(Arc::new(snapshot)), NOW);
    state.go(place);
    state
}

/// What the terminal shows.
pub fn drawn(state: &State, (columns, rows): (u16, u16)) -> Buffer {
    let area = Rect::new(0, 0, columns, rows);
    let mut buffer = Buffer::empty(area);
    state.frame().draw(area, &mut buffer);
    buffer
}

/// A screen of a snapshot, drawn.
pub fn draw(snapshot: Snapshot, place: &Place, size: (u16, u16), skin: Skin) -> Buffer {
    drawn(&open(snapshot, place, size, skin), size)
}

/// The cells of each row that show something of their own: not the second half of a wide character.
pub fn rows(buffer: &Buffer) -> impl Iterator<Item = Vec<&Cell>> {
    let width = usize::from(buffer.area.width.max(1));
    buffer.content.chunks(width).map(|row| {
        let mut hidden = 0;
        let shows = |cell: &&Cell| {
            let shown = hidden == 0;
            hidden = if shown {
                cell.symbol().width().saturating_sub(1)
            } else {
                hidden - 1
            };
            shown
        };
        row.iter().filter(shows).collect()
    })
}

/// The characters of each row, without the blanks at its end.
pub fn lines(buffer: &Buffer) -> Vec<String> {
    let line = |row: Vec<&Cell>| row.into_iter().map(Cell::symbol).collect::<String>();
    rows(buffer)
        .map(|row| line(row).trim_end().to_owned())
        .collect()
}

/// The characters alone, a line per row.
pub fn text(buffer: &Buffer) -> String {
    lines(buffer).join("\n")
}

pub mod styled;
pub mod svg;
