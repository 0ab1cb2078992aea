//! A drawing as a picture: the same cells give the same bytes. It never measures a font: each run of text is told how
//! long it is, so that columns stay columns wherever it is looked at.

use std::fmt::Write as _;

use lookout::config::theme::Design;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

/// Pixels of a cell.
const CELL: (usize, usize) = (8, 16);
/// Pixels around the cells.
const MARGIN: usize = 8;
/// From the top of a cell to the line its letters stand on.
const BASELINE: usize = 12;

/// What a run of cells looks like.
#[derive(PartialEq, Clone)]
struct Look {
    fg: String,
    bg: Option<String>,
    modifier: Modifier,
}

/// The picture of a drawing on the theme's own background.
pub fn svg(buffer: &Buffer, design: &Design) -> String {
    let (columns, rows) = (buffer.area.width.into(), buffer.area.height.into());
    let (width, height): (usize, usize) = (columns, rows);
    let (width, height) = (width * CELL.0 + 2 * MARGIN, height * CELL.1 + 2 * MARGIN);
    let ground = Ground::of(design);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"6\" fill=\"{}\"/>\n\
         <g font-family=\"'DejaVu Sans Mono','Menlo','Consolas',monospace\" font-size=\"13.3px\">\n",
        ground.bg
    );
    for (y, row) in super::rows(buffer).enumerate() {
        draw_row(&row, MARGIN + y * CELL.1, &ground, &mut out);
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// The colours of a terminal that shows this theme.
struct Ground {
    fg: String,
    bg: String,
}

impl Ground {
    fn of(design: &Design) -> Self {
        let background = design.background.unwrap_or(Color::Rgb(0x16, 0x18, 0x1d));
        let light = matches!(background, Color::Rgb(r, _, _) if r > 0x80);
        Self {
            fg: if light { "#1f2430" } else { "#d7dae0" }.to_owned(),
            bg: hex(background).unwrap_or_default(),
        }
    }

    fn look(&self, cell: &Cell) -> Look {
        let (fg, bg) = (hex(cell.fg), hex(cell.bg));
        let reversed = cell.modifier.contains(Modifier::REVERSED);
        let (fg, bg) = if reversed {
            (
                bg.unwrap_or_else(|| self.bg.clone()),
                Some(fg.unwrap_or_else(|| self.fg.clone())),
            )
        } else {
            (fg.unwrap_or_else(|| self.fg.clone()), bg)
        };
        Look {
            fg,
            bg,
            modifier: cell.modifier - Modifier::REVERSED,
        }
    }
}

fn hex(color: Color) -> Option<String> {
    match color {
        Color::Rgb(r, g, b) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
        Color::Reset => None,
        other => panic!("pictures are drawn in true colour, not {other}"),
    }
}

fn draw_row(row: &[&Cell], top: usize, ground: &Ground, out: &mut String) {
    let mut x = 0;
    let mut runs: Vec<(usize, String, Look)> = Vec::new();
    for cell in row {
        let look = ground.look(cell);
        match runs.last_mut() {
            Some((_, text, last)) if *last == look => text.push_str(cell.symbol()),
            _ => runs.push((x, cell.symbol().to_owned(), look)),
        }
        x += cell.symbol().width();
    }
    for same in runs.chunk_by(|a, b| a.2.bg == b.2.bg) {
        let Some((x, _, Look { bg: Some(bg), .. })) = same.first() else {
            continue;
        };
        let cells: usize = same.iter().map(|(_, text, _)| text.width()).sum();
        let (left, width) = (MARGIN + x * CELL.0, cells * CELL.0);
        let height = CELL.1;
        writeln!(
            out,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" fill=\"{bg}\"/>"
        )
        .unwrap();
    }
    for (x, text, look) in &runs {
        draw_text(*x, text, look, top, out);
    }
}

fn draw_text(x: usize, text: &str, look: &Look, top: usize, out: &mut String) {
    let ink = text.trim_start_matches(' ');
    let x = x + text.len() - ink.len();
    let ink = ink.trim_end_matches(' ');
    if ink.is_empty() {
        return;
    }
    let mut style = String::new();
    for (modifier, attribute) in [
        (Modifier::BOLD, " font-weight=\"bold\""),
        (Modifier::ITALIC, " font-style=\"italic\""),
        (Modifier::UNDERLINED, " text-decoration=\"underline\""),
        (Modifier::DIM, " opacity=\"0.7\""),
    ] {
        if look.modifier.contains(modifier) {
            style.push_str(attribute);
        }
    }
    // Of blanks in a row viewers keep one, unless they may not break there.
    let escaped = ink
        .replace("  ", "\u{a0}\u{a0}")
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    writeln!(
        out,
        "<text x=\"{}\" y=\"{}\" fill=\"{}\" textLength=\"{}\"{style}>{escaped}</text>",
        MARGIN + x * CELL.0,
        top + BASELINE,
        look.fg,
        ink.width() * CELL.0,
    )
    .unwrap();
}
