//! Keys → meaning. Screens add their own rows to what holds everywhere.

use crossterm::event::{KeyCode, KeyEvent};

use crate::action::{Action, Binding, char, ctrl, key};

/// The keys that mean the same on every screen.
pub const EVERYWHERE: &[Binding] = &[
    Binding::footer(&[char(':')], Action::GoTo, "go to"),
    Binding::footer(&[char('?'), key(KeyCode::F(1))], Action::Help, "all keys"),
    Binding::help(
        &[key(KeyCode::Esc), key(KeyCode::Backspace)],
        Action::Back,
        "back; clears a filter first",
    ),
    Binding::help(&[char('r')], Action::Refresh, "ask the cluster again now"),
    Binding::help(&[ctrl('l')], Action::Redraw, "draw the screen again"),
    Binding::help(
        &[ctrl('z')],
        Action::Suspend,
        "back to the shell, `fg` returns",
    ),
    Binding::help(
        &[char('q')],
        Action::Leave,
        "back; quits from the first screen",
    ),
    Binding::help(&[ctrl('c')], Action::Quit, "quit"),
];

/// What a key means on a screen with these rows; the screen's own come first.
pub fn meaning(screen: &[&[Binding]], event: KeyEvent) -> Option<Action> {
    screen
        .iter()
        .copied()
        .flatten()
        .chain(EVERYWHERE)
        .find(|binding| binding.chords.iter().any(|chord| chord.matches(event)))
        .map(|binding| binding.action)
}
