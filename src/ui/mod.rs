//! Bricks every screen is built from: text, lines, tables, panels, themes. They know no word of what is shown; they do
//! no I/O, read no clock and keep no state of their own.
//!
//! Reading order: `glyph` and `text` (what may reach a terminal), `depth` and `theme` (how it is coloured), `line` (how
//! it gets into cells), then the bricks made of them.

pub mod glyph;
pub mod text;

pub mod depth;
pub mod theme;

pub mod line;

pub mod columns;
pub mod cursor;
pub mod frame;
pub mod input;
pub mod panel;
pub mod table;
