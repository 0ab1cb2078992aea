//! Bricks every screen is built from: text, lines, tables, panels, themes. They know no word of what is shown; they do
//! no I/O, read no clock and keep no state of their own.
//!
//! Reading order: `glyph` and `text` (what may reach a terminal), `theme` and `line` (how it is coloured and put into
//! cells), then the bricks made of them.

pub mod columns;
pub mod cursor;
pub mod depth;
pub mod glyph;
pub mod line;
pub mod table;
pub mod text;
pub mod theme;
