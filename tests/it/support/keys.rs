//! Keys as a terminal sends them, written as an operator would say them.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// `:ord<enter>` → the keys. Names in angle brackets: enter, esc, tab, up, down, left, right, pgup, pgdn, backspace,
/// `ctrl-x`.
pub fn typed(script: &str) -> Vec<KeyEvent> {
    let mut keys = Vec::new();
    let mut rest = script;
    while let Some(first) = rest.chars().next() {
        let named = rest
            .strip_prefix('<')
            .and_then(|after| after.split_once('>'));
        if let Some((name, after)) = named {
            keys.push(named_key(name));
            rest = after;
        } else {
            keys.push(KeyEvent::new(KeyCode::Char(first), KeyModifiers::NONE));
            rest = &rest[first.len_utf8()..];
        }
    }
    keys
}

fn named_key(name: &str) -> KeyEvent {
    if let Some(character) = name.strip_prefix("ctrl-") {
        let code = KeyCode::Char(character.chars().next().unwrap());
        return KeyEvent::new(code, KeyModifiers::CONTROL);
    }
    let code = match name {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "pgup" => KeyCode::PageUp,
        "pgdn" => KeyCode::PageDown,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "backspace" => KeyCode::Backspace,
        "delete" => KeyCode::Delete,
        "f1" => KeyCode::F(1),
        _ => panic!("no key is called {name}"),
    };
    KeyEvent::new(code, KeyModifiers::NONE)
}
