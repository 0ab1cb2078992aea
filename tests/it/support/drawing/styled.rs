//! A drawing as text that a reviewer can read: each row, below it a letter per cell that is not plain text, and what
//! the letters look like at the end. A letter stands for a look, not for what a screen meant by it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lookout::ui::line::Skin;
use lookout::ui::theme::Role;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier, Style};

/// A letter for each role's look on the terminal's own background, in capitals under the selection; on the header's
/// background a figure.
const LETTERS: [(Role, char, char); 14] = [
    (Role::Text, '.', '0'),
    (Role::Dim, 'd', '1'),
    (Role::Title, 't', '2'),
    (Role::Key, 'k', '3'),
    (Role::Ok, 'o', '4'),
    (Role::Warn, 'w', '5'),
    (Role::Major, 'm', '6'),
    (Role::Crit, 'c', '7'),
    (Role::Stale, 's', '8'),
    (Role::Border, 'b', '9'),
    (Role::Accent, 'a', '+'),
    (Role::Header, 'h', 'h'),
    (Role::HeaderBad, 'x', 'x'),
    (Role::Selection, '#', '#'),
];

/// Rows as `|text`, their looks as `:letters`, the legend last.
pub fn styled(buffer: &Buffer, skin: &Skin) -> String {
    let letters = letters(skin);
    let mut used = BTreeMap::new();
    let mut out = String::new();
    for row in super::rows(buffer) {
        let text: String = row.iter().map(|cell| cell.symbol()).collect();
        out.push_str(format!("|{text}").trim_end());
        out.push('\n');
        let looks: String = row
            .iter()
            .map(|cell| {
                let look = look(cell);
                let letter = letters.get(&look).copied().unwrap_or('?');
                // Blanks without a background look alike, whatever their colour.
                let blank = cell.symbol() == " " && cell.bg == Color::Reset;
                let letter = if blank && look.2 & UNSEEN_ON_BLANKS == look.2 {
                    '.'
                } else {
                    letter
                };
                if letter != '.' {
                    used.entry(letter).or_insert(look);
                }
                letter
            })
            .collect();
        let looks = looks.trim_end_matches('.');
        if !looks.is_empty() {
            writeln!(out, ":{looks}").unwrap();
        }
    }
    for (letter, look) in used {
        writeln!(out, "{letter} = {}", words(&look)).unwrap();
    }
    out
}

/// Foreground, background, modifier bits.
type Look = (String, String, u16);

/// Modifiers that a blank does not show.
const UNSEEN_ON_BLANKS: u16 =
    Modifier::BOLD.bits() | Modifier::DIM.bits() | Modifier::ITALIC.bits();

fn look(cell: &Cell) -> Look {
    (name(cell.fg), name(cell.bg), cell.modifier.bits())
}

fn name(color: Color) -> String {
    match color {
        Color::Reset => String::new(),
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        other => other.to_string(),
    }
}

fn letters(skin: &Skin) -> BTreeMap<Look, char> {
    let text = skin.style(Role::Text);
    let bases = [
        (Style::new(), 0),
        (skin.style(Role::Header), 1),
        (skin.style(Role::Selection), 2),
    ];
    let mut letters = BTreeMap::new();
    for (base, kind) in bases {
        for (role, plain, figure) in LETTERS {
            let own = text.patch(skin.style(role));
            let style = match kind {
                2 if role == Role::Stale => base.patch(own).remove_modifier(Modifier::BOLD),
                2 => own.patch(base),
                _ => text.patch(base).patch(skin.style(role)),
            };
            let letter = match (kind, role) {
                (0, _) => plain,
                (1, _) => figure,
                (_, Role::Text) => '#',
                _ => plain.to_ascii_uppercase(),
            };
            let mut cell = Cell::EMPTY;
            cell.set_style(style);
            letters.entry(look(&cell)).or_insert(letter);
        }
    }
    letters
}

fn words((fg, bg, modifiers): &Look) -> String {
    let mut words = Vec::new();
    if !fg.is_empty() {
        words.push(fg.clone());
    }
    if !bg.is_empty() {
        words.push(format!("on {bg}"));
    }
    let modifiers = Modifier::from_bits_truncate(*modifiers);
    words.extend(modifiers.iter_names().map(|(name, _)| name.to_lowercase()));
    words.join(" ")
}
