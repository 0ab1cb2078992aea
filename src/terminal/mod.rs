//! The terminal itself: taking it over, giving it back whatever happens, and what comes in from it. Knows nothing of
//! what is shown. It must never leave a terminal in raw mode behind.

mod ask;
pub mod input;
pub mod wire;

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::panic;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ThreadId};

use crossterm::cursor::Show;
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::style::{Attribute, SetAttribute};
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::Frame;
use thiserror::Error;

pub use ask::ask;
pub use input::{Inputs, Signal, Signals};
use wire::Wire;

/// Why the screen cannot be opened.
#[derive(Debug, Error)]
pub enum TerminalError {
    #[error(
        "standard output is not a terminal; use `lookout brokers`, `lookout topics` or `lookout groups`, which write \
         text (or JSON with --json)"
    )]
    NotATerminal,
    #[error("the terminal cannot be taken over: {0}")]
    Enter(#[source] io::Error),
}

/// Fails where standard output is no terminal, before anything is begun that would need ending.
pub fn require() -> Result<(), TerminalError> {
    if io::stdout().is_terminal() {
        Ok(())
    } else {
        Err(TerminalError::NotATerminal)
    }
}

/// The thread that draws while the terminal is taken over. Global, because the terminal is.
static OWNER: Mutex<Option<ThreadId>> = Mutex::new(None);

fn owner() -> Option<ThreadId> {
    *OWNER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The screen, taken over until this is dropped.
pub struct Terminal {
    screen: ratatui::Terminal<Wire<File>>,
}

impl Terminal {
    /// Takes the terminal over. The thread that calls this is the one whose panic gives it back.
    pub fn enter() -> Result<Self, TerminalError> {
        require()?;
        let stdout = io::stdout();
        // Straight to the descriptor: the standard stream would cut a frame at its own buffer's end.
        let descriptor = stdout
            .as_fd()
            .try_clone_to_owned()
            .map_err(TerminalError::Enter)?;
        take_over().map_err(TerminalError::Enter)?;
        match ratatui::Terminal::new(Wire::new(File::from(descriptor))) {
            Ok(screen) => Ok(Self { screen }),
            Err(error) => {
                restore();
                Err(TerminalError::Enter(error))
            }
        }
    }

    /// Draws one frame and sends what changed in one write; nothing at all when nothing did.
    pub fn draw(&mut self, view: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.screen.draw(view).map(|_| ())
    }

    /// Gives the terminal back and stops this process until it is continued (ctrl-z), then takes it over again. The
    /// next frame is drawn in full.
    pub fn suspend(&mut self) -> io::Result<()> {
        restore();
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP)?;
        self.resume()
    }

    /// Takes the terminal over again after somebody else had it (SIGCONT). The next frame is drawn in full.
    pub fn resume(&mut self) -> io::Result<()> {
        restore(); // also where nobody did: the shell has set its own modes since
        take_over()?;
        self.screen.backend_mut().forget();
        self.screen.clear()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

/// The cursor is hidden by the first frame.
fn take_over() -> io::Result<()> {
    enable_raw_mode()?;
    *OWNER.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current().id());
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste).inspect_err(|_| restore())
}

/// Gives the terminal back as it was found. Does nothing when it is not taken over, so it may be called from anywhere
/// and any number of times.
pub fn restore() {
    let taken = OWNER.lock().unwrap_or_else(PoisonError::into_inner).take();
    if taken.is_some() {
        // Nothing can be done about a terminal that is gone.
        let _ = execute!(
            io::stdout(),
            SetAttribute(Attribute::Reset),
            DisableBracketedPaste,
            LeaveAlternateScreen,
            Show
        );
        let _ = disable_raw_mode();
    }
}

/// From now on a panic of the drawing thread gives the terminal back before it is printed; a panic of any other thread
/// goes to the log while the screen is up, and never over it.
pub fn install_panic_hook() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| match owner() {
        Some(drawing) if drawing != thread::current().id() => log::error!("{info}"),
        Some(_) | None => {
            restore();
            print(info);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn giving_back_what_was_never_taken_does_nothing() {
        restore();
        restore();
        assert_eq!(owner(), None);
    }

    #[test]
    fn without_a_terminal_the_way_out_is_named() {
        let message = TerminalError::NotATerminal.to_string();
        assert!(
            message.starts_with("standard output is not a terminal; use `lookout brokers`"),
            "{message}"
        );
    }
}
