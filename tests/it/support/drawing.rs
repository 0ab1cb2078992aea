//! A scene drawn as a terminal would show it: as text for the eye, as styled text for snapshots, as SVG for
//! pictures.

use std::sync::Arc;

use lookout::event::Event;
use lookout::model::{Place, Snapshot};
use lookout::state::State;
use lookout::ui::glyph::GlyphSet;
use lookout::ui::line::Skin;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::scene::NOW;

/// A screen of a snapshot, drawn.
pub fn draw(snapshot: Snapshot, place: &Place, (columns, rows): (u16, u16), skin: Skin) -> Buffer {
    let area = Rect::new(0, 0, columns, rows);
    let mut state = State::new(skin, area, Arc::default(), NOW);
    state.update(Event::Snapshot(Arc::new(snapshot)), NOW);
    state.go(place);
    let mut buffer = Buffer::empty(area);
    state.frame().draw(area, &mut buffer);
    buffer
}

/// The characters alone, a line per row.
pub fn text(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width);
    let mut out = String::new();
    for row in buffer.content.chunks(width) {
        let line: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
