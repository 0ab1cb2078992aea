//! A question to the operator before the screen opens, whose answer is not shown while it is typed.

use std::io::{self, Write as _};

use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers, read};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

/// Longest answer.
const LONGEST: usize = 4096;

/// Raw mode until this is dropped.
struct Raw;

impl Raw {
    fn enter() -> io::Result<Self> {
        enable_raw_mode()?;
        Ok(Self)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if let Err(error) = disable_raw_mode() {
            log::warn!("the terminal cannot be given back: {error}");
        }
    }
}

/// Asks on standard error, so that what a command prints stays clean, and reads a line without echo. `None` where the
/// operator gives up.
pub fn ask(question: &str) -> io::Result<Option<String>> {
    // Before the question is seen: whoever answers at once would have the answer echoed.
    let raw = Raw::enter()?;
    let mut errors = io::stderr().lock();
    write!(errors, "{question}")?;
    errors.flush()?;
    let typed = read_line();
    drop(raw);
    writeln!(errors)?;
    typed
}

fn read_line() -> io::Result<Option<String>> {
    let mut line = String::new();
    loop {
        let Event::Key(key) = read()? else { continue };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter => return Ok(Some(line)),
            KeyCode::Char('c' | 'd') if ctrl => return Ok(None),
            KeyCode::Char('j' | 'm') if ctrl => return Ok(Some(line)),
            KeyCode::Esc => return Ok(None),
            KeyCode::Char('u') if ctrl => line.clear(),
            KeyCode::Backspace => {
                line.pop();
            }
            KeyCode::Char(c) if !ctrl && line.len() < LONGEST => line.push(c),
            _ => {}
        }
    }
}
