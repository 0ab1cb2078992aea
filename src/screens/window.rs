//! A titled box over the middle of a screen, for what takes the keys meanwhile.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::screens::frame::blank;
use crate::ui::line::{Line, Skin};
use crate::ui::panel;
use crate::ui::theme::Role;

/// Rows (and columns) the border takes.
pub const BORDERS: u16 = 2;

/// Draws an empty box of at most this size in the middle of `body`; returns the room inside.
pub fn draw(
    title: &str,
    body: Rect,
    (width, height): (u16, u16),
    buffer: &mut Buffer,
    skin: &Skin,
) -> Rect {
    let (width, height) = (width.min(body.width), height.min(body.height));
    let x = body.x + (body.width - width) / 2;
    let y = body.y + (body.height - height) / 2;
    let area = Rect {
        x,
        y,
        width,
        height,
    };
    blank(area, buffer, skin);
    panel::draw(
        &Line::of(title.to_owned(), Role::Title),
        &Line::new(),
        area,
        buffer,
        skin,
    )
}
