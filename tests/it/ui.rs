//! What the bricks cost on the line: bytes that reach a terminal of 120x36.

use std::cell::Cell;
use std::error::Error;
use std::io;
use std::rc::Rc;

use lookout::config::theme;
use lookout::terminal::wire::Wire;
use lookout::ui::columns::Column;
use lookout::ui::cursor::Cursor;
use lookout::ui::depth::ColorDepth;
use lookout::ui::glyph::GlyphSet;
use lookout::ui::line::{Line, Skin};
use lookout::ui::table::{Row, Table};
use lookout::ui::theme::Role;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

/// A terminal that only counts.
struct Counter(Rc<Cell<usize>>);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.set(self.0.get() + bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn columns() -> Vec<Column> {
    vec![
        Column::new("", 1),
        Column::name("TOPIC", 12, 40),
        Column::new("PARTITIONS", 10).right(),
        Column::new("RF", 2).right(),
        Column::new("STATE", 20).up_to(30),
        Column::new("SIZE", 9).right(),
    ]
}

fn row<'a>(index: usize) -> Row<'a> {
    Row::new(vec![
        Line::of("●", Role::Ok),
        format!("topic-number-{index}").into(),
        "6".into(),
        "3".into(),
        "all in sync".into(),
        format!("{}.{} GB", index % 90, index % 10).into(),
    ])
}

/// Bytes each frame costs after the one before.
fn bytes_per_frame(cursors: &[Cursor]) -> Result<Vec<usize>, Box<dyn Error>> {
    let theme = theme::find("dark", ColorDepth::TrueColor, None)?;
    let skin = Skin {
        theme,
        glyphs: GlyphSet::Unicode,
    };
    let columns = columns();
    let sent = Rc::new(Cell::new(0));
    let options = TerminalOptions {
        viewport: Viewport::Fixed(Rect::new(0, 0, 120, 36)),
    };
    let wire = Wire::new(Counter(Rc::clone(&sent)));
    let mut terminal = Terminal::with_options(wire, options)?;
    let mut sizes = Vec::new();
    for cursor in cursors {
        let before = sent.get();
        let table = Table {
            columns: &columns,
            sort: None,
            cursor: Some(*cursor),
            empty: "".into(),
        };
        terminal.draw(|frame| table.draw(1_000, row, frame.area(), frame.buffer_mut(), &skin))?;
        sizes.push(sent.get() - before);
    }
    Ok(sizes)
}

#[test]
fn a_cursor_move_a_scroll_and_a_still_screen_keep_their_budgets() {
    let at = |selected, offset| Cursor { selected, offset };
    let sizes = bytes_per_frame(&[
        at(3, 0),
        at(4, 0),
        at(34, 0),
        at(35, 1),
        at(70, 36),
        at(70, 36),
    ])
    .unwrap();
    println!("first, move, jump, scroll, page, still: {sizes:?}");
    let &[first, step, jump, scroll, page, still] = sizes.as_slice() else {
        panic!("{sizes:?}")
    };
    assert!(first <= 5_000 && page <= 5_000, "{sizes:?}");
    assert!(step <= 350 && jump <= 350, "{sizes:?}");
    assert!(scroll <= 2_500, "{sizes:?}");
    assert_eq!(still, 0);
}
