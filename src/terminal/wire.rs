//! Cells to bytes, as few as possible: the line to a bastion is slow and shared. Colours, attributes and the cursor's
//! place are remembered from frame to frame, so only their changes are sent; a frame leaves in one write, and one that
//! changed nothing is not sent at all. No byte that a terminal obeys leaves here except our own.

use std::io::{self, Write};

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};

use unicode_width::UnicodeWidthStr;

/// A frame larger than this may be drawn half-way by a terminal; it is told to wait for the end.
const WHOLE_FRAME_BYTES: usize = 1_024;
/// Synchronized update: begin and end.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// What the terminal draws text with at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

/// Whether the cursor is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CursorSight {
    Hidden,
    Shown,
    Unknown,
}

/// Where the terminal's cursor is, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Unknown,
    Known(Position),
    /// In this row; the column only if the terminal agrees on the width of what was printed.
    Row(Position),
}

/// The backend ratatui draws through.
#[derive(Debug)]
pub struct Wire<W> {
    out: W,
    pending: Vec<u8>,
    pen: Option<Pen>,
    place: Place,
    cursor: CursorSight,
    sent_bytes: u64,
}

impl<W: Write> Wire<W> {
    pub fn new(out: W) -> Self {
        Self {
            out,
            pending: Vec::new(),
            pen: None,
            place: Place::Unknown,
            cursor: CursorSight::Unknown,
            sent_bytes: 0,
        }
    }

    /// Forgets all it knows of the terminal: somebody else has written to it.
    pub fn forget(&mut self) {
        self.pen = None;
        self.place = Place::Unknown;
        self.cursor = CursorSight::Unknown;
    }

    /// Bytes written so far.
    pub fn sent_bytes(&self) -> u64 {
        self.sent_bytes
    }

    fn go_to(&mut self, to: Position) {
        let Position { x, y } = to;
        match self.place {
            Place::Known(at) | Place::Row(at) if at == to => {}
            Place::Known(at) if at.y == y && at.x + 1 == x => self.put(format_args!("\x1b[C")),
            Place::Known(at) if at.y == y && at.x < x => {
                self.put(format_args!("\x1b[{}C", x - at.x));
            }
            Place::Known(at) | Place::Row(at) if at.y + 1 == y && x == 0 => {
                self.put(format_args!("\r\n"));
            }
            _ if x == 0 => self.put(format_args!("\x1b[{}H", u32::from(y) + 1)),
            _ => self.put(format_args!(
                "\x1b[{};{}H",
                u32::from(y) + 1,
                u32::from(x) + 1
            )),
        }
        if !matches!(self.place, Place::Row(at) if at == to) {
            self.place = Place::Known(to);
        }
    }

    fn take_pen(&mut self, next: Pen) {
        if self.pen == Some(next) {
            return;
        }
        let now = self.pen.filter(|now| next.modifier.contains(now.modifier));
        if next == Pen::default() {
            self.put(format_args!("\x1b[m"));
        } else {
            let before = now.unwrap_or_default();
            self.put(format_args!("\x1b["));
            let start = self.pending.len();
            if now.is_none() {
                self.put(format_args!("0"));
            }
            let added = next.modifier.difference(before.modifier);
            for (_, code) in ATTRIBUTES
                .iter()
                .filter(|(modifier, _)| added.contains(*modifier))
            {
                self.parameter(start, format_args!("{code}"));
            }
            if next.fg != before.fg {
                self.color(start, next.fg, 0);
            }
            if next.bg != before.bg {
                self.color(start, next.bg, 10);
            }
            self.put(format_args!("m"));
        }
        self.pen = Some(next);
    }

    /// One colour as SGR parameters; `shift` is 10 for backgrounds.
    fn color(&mut self, start: usize, color: Color, shift: u8) {
        let base = match color {
            Color::Reset => 39,
            Color::Black => 30,
            Color::Red => 31,
            Color::Green => 32,
            Color::Yellow => 33,
            Color::Blue => 34,
            Color::Magenta => 35,
            Color::Cyan => 36,
            Color::Gray => 37,
            Color::DarkGray => 90,
            Color::LightRed => 91,
            Color::LightGreen => 92,
            Color::LightYellow => 93,
            Color::LightBlue => 94,
            Color::LightMagenta => 95,
            Color::LightCyan => 96,
            Color::White => 97,
            Color::Indexed(index) => {
                return self.parameter(start, format_args!("{};5;{index}", 38 + shift));
            }
            Color::Rgb(r, g, b) => {
                return self.parameter(start, format_args!("{};2;{r};{g};{b}", 38 + shift));
            }
        };
        self.parameter(start, format_args!("{}", base + shift));
    }

    fn parameter(&mut self, start: usize, parameter: std::fmt::Arguments<'_>) {
        let separator = if self.pending.len() > start { ";" } else { "" };
        self.put(format_args!("{separator}{parameter}"));
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        let _ = self.pending.write_fmt(text); // a Vec takes any write
    }

    fn print(&mut self, at: Position, symbol: &str) {
        let is_safe = !symbol.chars().any(char::is_control);
        let shown = if is_safe { symbol } else { "?" };
        self.pending.extend_from_slice(shown.as_bytes());
        let cells = u16::try_from(shown.width()).unwrap_or(1);
        let after = Position {
            x: at.x.saturating_add(cells),
            y: at.y,
        };
        let is_sure = shown.is_ascii() && !matches!(self.place, Place::Row(_));
        self.place = if is_sure {
            Place::Known(after)
        } else {
            Place::Row(after)
        };
    }
}

const ATTRIBUTES: [(Modifier, u8); 7] = [
    (Modifier::BOLD, 1),
    (Modifier::DIM, 2),
    (Modifier::ITALIC, 3),
    (Modifier::UNDERLINED, 4),
    (Modifier::REVERSED, 7),
    (Modifier::HIDDEN, 8),
    (Modifier::CROSSED_OUT, 9),
];

impl<W: Write> Backend for Wire<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        for (x, y, cell) in content {
            let at = Position { x, y };
            self.go_to(at);
            self.take_pen(Pen {
                fg: cell.fg,
                bg: cell.bg,
                modifier: cell.modifier,
            });
            self.print(at, cell.symbol());
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.cursor != CursorSight::Hidden {
            self.put(format_args!("\x1b[?25l"));
            self.cursor = CursorSight::Hidden;
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.cursor != CursorSight::Shown {
            self.put(format_args!("\x1b[?25h"));
            self.cursor = CursorSight::Shown;
        }
        Ok(())
    }

    /// Where it was left; the terminal itself is not asked, its answer would come in between the keys.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(match self.place {
            Place::Known(at) | Place::Row(at) => at,
            Place::Unknown => Position::ORIGIN,
        })
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.go_to(position.into());
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.take_pen(Pen::default()); // the terminal fills with the background of its pen
        self.put(match region {
            ClearType::All => format_args!("\x1b[2J"),
            ClearType::AfterCursor => format_args!("\x1b[J"),
            ClearType::BeforeCursor => format_args!("\x1b[1J"),
            ClearType::CurrentLine => format_args!("\x1b[2K"),
            ClearType::UntilNewLine => format_args!("\x1b[K"),
        });
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        crossterm::terminal::size().map(|(width, height)| Size { width, height })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize {
            columns_rows: self.size()?,
            pixels: Size::default(),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        if self.pending.len() > WHOLE_FRAME_BYTES {
            self.pending.splice(..0, BEGIN.iter().copied());
            self.pending.extend_from_slice(END);
        }
        let sent = self
            .out
            .write_all(&self.pending)
            .and_then(|()| self.out.flush());
        self.sent_bytes += self.pending.len() as u64;
        self.pending.clear();
        sent
    }
}

#[cfg(test)]
mod tests {
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
}
