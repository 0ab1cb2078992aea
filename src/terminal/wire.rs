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

/// What stands in the cells that a frame skips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Canvas {
    /// What earlier frames have drawn.
    Drawn,
    /// Nothing: the frame has begun by clearing all.
    Blank,
}

/// The backend ratatui draws through.
#[derive(Debug)]
pub struct Wire<W> {
    out: W,
    pending: Vec<u8>,
    pen: Option<Pen>,
    place: Place,
    cursor: CursorSight,
    canvas: Canvas,
}

impl<W: Write> Wire<W> {
    pub fn new(out: W) -> Self {
        Self {
            out,
            pending: Vec::new(),
            pen: None,
            place: Place::Unknown,
            cursor: CursorSight::Unknown,
            canvas: Canvas::Drawn,
        }
    }

    /// Forgets all it knows of the terminal: somebody else has written to it.
    pub fn forget(&mut self) {
        self.pen = None;
        self.place = Place::Unknown;
        self.cursor = CursorSight::Unknown;
    }

    fn go_to(&mut self, to: Position) {
        let Position { x, y } = to;
        match self.place {
            Place::Known(at) | Place::Row(at) if at == to => {}
            Place::Known(at) if at.y == y && at.x < x && self.may_fill(x - at.x) => {
                self.pending.extend((at.x..x).map(|_| b' '));
            }
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

    /// Whether so many skipped cells are cheaper filled with the blanks they hold than jumped over.
    fn may_fill(&self, cells: u16) -> bool {
        let shows_on_blanks = Modifier::UNDERLINED | Modifier::REVERSED | Modifier::CROSSED_OUT;
        let leaves_no_mark =
            |pen: Pen| pen.bg == Color::Reset && !pen.modifier.intersects(shows_on_blanks);
        self.canvas == Canvas::Blank && cells <= 3 && self.pen.is_some_and(leaves_no_mark)
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
        if region == ClearType::All {
            self.canvas = Canvas::Blank;
        }
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
        self.canvas = Canvas::Drawn;
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
        self.pending.clear();
        sent
    }
}

#[cfg(test)]
mod tests;
