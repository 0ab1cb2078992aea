//! What a terminal makes of the bytes, and how few they are.

use std::num::NonZero;

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::*;

fn sent(frames: &[&[(u16, u16, &str, Style)]]) -> Vec<String> {
    let mut wire = Wire::new(Vec::new());
    let mut lengths = vec![0];
    for frame in frames {
        let cells: Vec<(u16, u16, Cell)> = frame
            .iter()
            .map(|(x, y, symbol, style)| {
                let mut cell = Cell::default();
                cell.set_symbol(symbol).set_style(*style);
                (*x, *y, cell)
            })
            .collect();
        wire.draw(cells.iter().map(|(x, y, cell)| (*x, *y, cell)))
            .unwrap();
        wire.flush().unwrap();
        lengths.push(wire.out.len());
    }
    let text = String::from_utf8(wire.out).unwrap();
    lengths
        .windows(2)
        .map(|pair| text[pair[0]..pair[1]].to_owned())
        .collect()
}

#[test]
fn only_changes_of_place_and_pen_are_sent() {
    let red = Style::new().fg(Color::Red);
    let plain = Style::new();
    let frames = sent(&[
        &[
            (0, 0, "a", red),
            (1, 0, "b", red),
            (3, 0, "c", red),
            (0, 1, "d", plain),
        ],
        &[],
        &[
            (1, 1, "e", plain),
            (9, 1, "f", plain.add_modifier(Modifier::BOLD)),
            (5, 4, "g", red),
        ],
    ]);
    assert_eq!(frames[0], "\x1b[1H\x1b[0;31mab\x1b[Cc\r\n\x1b[md");
    assert_eq!(frames[1], "");
    assert_eq!(frames[2], "e\x1b[7C\x1b[1mf\x1b[5;6H\x1b[0;31mg");
}

#[test]
fn after_a_sign_whose_width_terminals_dispute_the_place_is_told_in_full() {
    let plain = Style::new();
    let frames = sent(&[&[(0, 0, "●", plain), (5, 0, "x", plain), (8, 0, "y", plain)]]);
    assert_eq!(frames[0], "\x1b[1H\x1b[m●\x1b[1;6Hx\x1b[2Cy");
}

#[test]
fn after_a_clearing_short_gaps_are_filled_unless_the_pen_would_show() {
    let mut wire = Wire::new(Vec::new());
    wire.clear().unwrap();
    let reversed = Style::new().add_modifier(Modifier::REVERSED);
    let mut cells = vec![(0, Style::new()), (3, reversed), (5, Style::new())];
    cells.push((7, Style::new()));
    for (x, style) in cells {
        let mut cell = Cell::default();
        cell.set_symbol("x").set_style(style);
        wire.draw(std::iter::once((x, 0, &cell))).unwrap();
    }
    wire.flush().unwrap();
    assert_eq!(wire.out, b"\x1b[m\x1b[2J\x1b[1Hx  \x1b[7mx\x1b[C\x1b[mx x");
}

#[test]
fn a_wide_character_takes_two_cells() {
    let plain = Style::new();
    let frames = sent(&[
        &[(0, 0, "漢", plain), (2, 0, "x", plain)],
        &[(3, 0, "y", plain)],
    ]);
    assert_eq!(frames, ["\x1b[1H\x1b[m漢x", "y"]);
}

#[test]
fn a_control_character_in_a_cell_is_not_sent() {
    let frames = sent(&[&[(0, 0, "\x1b", Style::new()), (1, 0, "\u{9b}", Style::new())]]);
    assert_eq!(frames[0], "\x1b[1H\x1b[m??");
}

#[test]
fn a_large_frame_is_marked_as_one() {
    let cells: Vec<_> = (0..2_000)
        .map(|at| (at % 100, at / 100, "x", Style::new()))
        .collect();
    let frames = sent(&[&cells]);
    assert!(frames[0].starts_with("\x1b[?2026h") && frames[0].ends_with("\x1b[?2026l"));
}

const AREA: Rect = Rect {
    x: 0,
    y: 0,
    width: 20,
    height: 5,
};

fn any_color() -> impl Strategy<Value = Color> {
    prop_oneof![
        Just(Color::Reset),
        Just(Color::Red),
        Just(Color::LightCyan),
        any::<u8>().prop_map(Color::Indexed),
        any::<[u8; 3]>().prop_map(|[r, g, b]| Color::Rgb(r, g, b)),
    ]
}

fn any_style() -> impl Strategy<Value = Style> {
    let modifiers = prop::sample::select(vec![
        Modifier::empty(),
        Modifier::BOLD,
        Modifier::ITALIC.union(Modifier::UNDERLINED),
        Modifier::REVERSED,
    ]);
    (any_color(), any_color(), modifiers)
        .prop_map(|(fg, bg, modifier)| Style::new().fg(fg).bg(bg).add_modifier(modifier))
}

/// Characters of one cell only: what is left of a wide one that was half overwritten is each terminal's own affair.
fn any_frame() -> impl Strategy<Value = Buffer> {
    let words = prop::sample::select(vec!["a", "up", "●", "longer text", " ", "é"]);
    let write = (0..AREA.width, 0..AREA.height, words, any_style());
    prop::collection::vec(write, 0..12).prop_map(|writes| {
        let mut buffer = Buffer::empty(AREA);
        for (x, y, text, style) in writes {
            buffer.set_stringn(x, y, text, usize::from(AREA.width - x), style);
        }
        buffer
    })
}

/// What a terminal shows, in ratatui's words.
fn shown(screen: &vt100::Screen, at: Position) -> (String, Color, Color, Modifier) {
    let cell = screen.cell(at.y, at.x).unwrap();
    let color = |color| match color {
        vt100::Color::Default => Color::Reset,
        vt100::Color::Idx(1) => Color::Red,
        vt100::Color::Idx(14) => Color::LightCyan,
        vt100::Color::Idx(index) => Color::Indexed(index),
        vt100::Color::Rgb(r, g, b) => Color::Rgb(r, g, b),
    };
    let mut modifier = Modifier::empty();
    modifier.set(Modifier::BOLD, cell.bold());
    modifier.set(Modifier::ITALIC, cell.italic());
    modifier.set(Modifier::UNDERLINED, cell.underline());
    modifier.set(Modifier::REVERSED, cell.inverse());
    let text = if cell.has_contents() {
        cell.contents().to_owned()
    } else {
        " ".to_owned()
    };
    (text, color(cell.fgcolor()), color(cell.bgcolor()), modifier)
}

fn named(color: Color) -> Color {
    match color {
        Color::Indexed(1) => Color::Red,
        Color::Indexed(14) => Color::LightCyan,
        other => other,
    }
}

proptest! {
    #[test]
    fn a_terminal_shows_what_was_drawn(frames in prop::collection::vec(any_frame(), 1..6)) {
        let rows = NonZero::new(AREA.height).unwrap();
        let columns = NonZero::new(AREA.width).unwrap();
        let mut terminal = vt100::Parser::new(rows, columns, 0);
        let mut wire = Wire::new(Vec::new());
        let mut before = Buffer::empty(AREA);
        for frame in frames {
            wire.draw(before.diff(&frame).into_iter()).unwrap();
            wire.flush().unwrap();
            terminal.process(&std::mem::take(&mut wire.out));
            for (x, y) in (0..AREA.height).flat_map(|y| (0..AREA.width).map(move |x| (x, y))) {
                let cell = &frame[(x, y)];
                let wanted = (cell.symbol().to_owned(), named(cell.fg), named(cell.bg), cell.modifier);
                prop_assert_eq!(shown(terminal.screen(), Position { x, y }), wanted, "at {},{}", x, y);
            }
            before = frame;
        }
    }
}
