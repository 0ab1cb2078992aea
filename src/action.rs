//! All the operator can mean, and the keys that say it.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::ui::cursor::Step;
use crate::ui::input::Edit;

/// What the operator means, whatever key said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    Up,
    Down,
    HalfPageUp,
    HalfPageDown,
    PageUp,
    PageDown,
    Top,
    Bottom,
    /// Into the selected row.
    Open,
    /// Clear the filter, or out of this screen.
    Back,
    /// Out of this screen, and out of the program from the first.
    Leave,
    /// To the next part of the screen.
    NextPane,
    /// Start typing a filter.
    Filter,
    /// Only rows with faults, or all.
    FaultsOnly,
    /// List the cluster's own topics too, or fold them.
    Internal,
    /// Scroll sideways.
    Left,
    Right,
    /// Sort by the next column.
    Sort,
    /// Turn the sort order round.
    Reverse,
    /// Open the go-to palette.
    GoTo,
    /// Show all keys.
    Help,
    /// End a node of the practice cluster at once.
    Kill,
    /// Shut it down in order.
    Stop,
    /// Freeze it, or thaw it.
    Pause,
    /// Start it, or start it again.
    Start,
    /// Cut it off from another.
    Cut,
    /// One way only, or both.
    Ways,
    /// End all cuts.
    Heal,
    /// Poll everything now.
    Refresh,
    /// Draw every cell again.
    Redraw,
    /// Hand the terminal back to the shell.
    Suspend,
    Quit,
}

impl Action {
    /// The movement in a list that it means, if it means one.
    pub fn step(self) -> Option<Step> {
        match self {
            Self::Up => Some(Step::Up),
            Self::Down => Some(Step::Down),
            Self::HalfPageUp => Some(Step::HalfPageUp),
            Self::HalfPageDown => Some(Step::HalfPageDown),
            Self::PageUp => Some(Step::PageUp),
            Self::PageDown => Some(Step::PageDown),
            Self::Top => Some(Step::Home),
            Self::Bottom => Some(Step::End),
            _ => None,
        }
    }
}

/// A key with its modifier, as help spells it: `j`, `ctrl-d`, `enter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    pub code: KeyCode,
    pub ctrl: bool,
}

/// A plain key.
pub const fn key(code: KeyCode) -> Chord {
    Chord { code, ctrl: false }
}

/// A character key; capitals are characters of their own.
pub const fn char(character: char) -> Chord {
    Chord {
        code: KeyCode::Char(character),
        ctrl: false,
    }
}

/// A character with ctrl.
pub const fn ctrl(character: char) -> Chord {
    Chord {
        code: KeyCode::Char(character),
        ctrl: true,
    }
}

impl Chord {
    /// Whether this event is this chord. Shift is part of the character itself.
    pub fn matches(self, event: KeyEvent) -> bool {
        event.code == self.code && event.modifiers.contains(KeyModifiers::CONTROL) == self.ctrl
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("ctrl-")?;
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("space"),
            KeyCode::Char(character) => write!(f, "{character}"),
            KeyCode::PageUp => f.write_str("pgup"),
            KeyCode::PageDown => f.write_str("pgdn"),
            other => write!(f, "{}", other.to_string().to_lowercase()),
        }
    }
}

/// Whether a binding earns its place in the footer, or only in the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// In the footer even where the keys that act everywhere have to make room for it.
    Always,
    Footer,
    Help,
}

/// One row of a screen's KEYS: footer, help and dispatch all read it.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// All chords that say it; the first is the one shown.
    pub chords: &'static [Chord],
    pub action: Action,
    /// What it does here, in a word or two.
    pub label: &'static str,
    pub shown: Shown,
}

impl Binding {
    /// A binding that the footer shows.
    pub const fn footer(chords: &'static [Chord], action: Action, label: &'static str) -> Self {
        Self {
            chords,
            action,
            label,
            shown: Shown::Footer,
        }
    }

    /// A binding that the footer shows before those that act everywhere.
    pub const fn always(chords: &'static [Chord], action: Action, label: &'static str) -> Self {
        Self {
            chords,
            action,
            label,
            shown: Shown::Always,
        }
    }

    /// A binding that only the help shows.
    pub const fn help(chords: &'static [Chord], action: Action, label: &'static str) -> Self {
        Self {
            chords,
            action,
            label,
            shown: Shown::Help,
        }
    }
}

/// What a key means while text is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputKey {
    /// Esc: drop the text.
    Cancel,
    /// Enter: keep it.
    Accept,
    /// Ctrl-C.
    Quit,
    /// Arrows and pages move the selection meanwhile.
    Move(Action),
    Edit(Edit),
    /// The key means nothing here.
    Nothing,
}

/// Reads a key as one typed into a line.
pub fn in_input(event: KeyEvent) -> InputKey {
    if event.modifiers.contains(KeyModifiers::CONTROL) && event.code == KeyCode::Char('c') {
        return InputKey::Quit;
    }
    match event.code {
        KeyCode::Esc => InputKey::Cancel,
        KeyCode::Enter => InputKey::Accept,
        KeyCode::Up => InputKey::Move(Action::Up),
        KeyCode::Down => InputKey::Move(Action::Down),
        KeyCode::PageUp => InputKey::Move(Action::PageUp),
        KeyCode::PageDown => InputKey::Move(Action::PageDown),
        _ => edit(event).map_or(InputKey::Nothing, InputKey::Edit),
    }
}

fn edit(event: KeyEvent) -> Option<Edit> {
    let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
    Some(match event.code {
        KeyCode::Char('u') if ctrl => Edit::DeleteToStart,
        KeyCode::Char('w') if ctrl => Edit::DeleteWord,
        KeyCode::Char('a') if ctrl => Edit::Home,
        KeyCode::Char('e') if ctrl => Edit::End,
        KeyCode::Char(character) if !ctrl => Edit::Insert(character),
        KeyCode::Backspace => Edit::DeleteBefore,
        KeyCode::Delete => Edit::DeleteAfter,
        KeyCode::Left => Edit::Left,
        KeyCode::Right => Edit::Right,
        KeyCode::Home => Edit::Home,
        KeyCode::End => Edit::End,
        _ => return None,
    })
}
