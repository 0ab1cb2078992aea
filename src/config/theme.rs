//! Themes by name: the operator's own `themes/NAME.toml` first, then those compiled in. A theme file that cannot be
//! used is told with its line; nothing is guessed.

use std::path::Path;

use ratatui::style::{Color, Modifier};
use thiserror::Error;

use super::document::{self, DocumentError, Entry, Source};
use crate::ui::depth::ColorDepth;
use crate::ui::theme::{Look, Paint, Role, Theme};

/// Themes compiled in: name and text.
const BUILT_IN: [(&str, &str); 4] = [
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    (
        "high_contrast",
        include_str!("../../themes/high_contrast.toml"),
    ),
    (MONO, include_str!("../../themes/mono.toml")),
];

/// The theme of terminals without colour, whichever was asked for.
const MONO: &str = "mono";

/// Why there is no theme.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ThemeError {
    #[error("no theme is called `{name}`; {hint}")]
    Unknown { name: String, hint: String },
    #[error(transparent)]
    Broken(#[from] DocumentError),
}

/// A theme as written, before it meets a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Design {
    /// The background it is made for; `None` where colours do not depend on it. Never painted: an empty cell costs
    /// nothing on the line, and the terminal's own background stays.
    pub background: Option<Color>,
    looks: [Look; Role::ALL.len()],
}

impl Design {
    /// The look of a role.
    pub fn look(&self, role: Role) -> Look {
        self.looks.get(role as usize).copied().unwrap_or_default()
    }

    /// The design made ready for a terminal.
    pub fn at(&self, depth: ColorDepth) -> Theme {
        Theme::new(depth, |role| self.look(role))
    }
}

/// The theme of that name for a terminal of that depth; `user_dir` holds the operator's own. Without colour it is
/// always `mono`: the weight of letters then says what the hues cannot.
pub fn find(name: &str, depth: ColorDepth, user_dir: Option<&Path>) -> Result<Theme, ThemeError> {
    let asked = design(name, user_dir)?;
    let mono = depth == ColorDepth::Mono;
    let shown = if mono { design(MONO, user_dir)? } else { asked };
    Ok(shown.at(depth))
}

fn design(name: &str, user_dir: Option<&Path>) -> Result<Design, ThemeError> {
    let is_plain = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if let Some(dir) = user_dir.filter(|_| is_plain) {
        let path = dir.join(format!("{name}.toml"));
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let file = path.display().to_string();
                return Ok(read(Source {
                    file: &file,
                    text: &text,
                })?);
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                let reason = error.to_string();
                return Err(DocumentError::Unreadable { path, reason }.into());
            }
        }
    }
    match BUILT_IN.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => Ok(read(Source {
            file: &format!("{name}.toml"),
            text,
        })?),
        None => Err(unknown(name, user_dir)),
    }
}

fn unknown(name: &str, user_dir: Option<&Path>) -> ThemeError {
    let mut known: Vec<String> = BUILT_IN
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    let own = user_dir
        .and_then(|dir| std::fs::read_dir(dir).ok())
        .into_iter()
        .flatten()
        .flatten();
    let mut own: Vec<String> = own
        .filter_map(|entry| {
            entry
                .file_name()
                .to_str()?
                .strip_suffix(".toml")
                .map(str::to_owned)
        })
        .filter(|name| !known.contains(name))
        .collect();
    own.sort_unstable();
    known.append(&mut own);
    ThemeError::Unknown {
        name: name.to_owned(),
        hint: format!("known: {}", known.join(", ")),
    }
}

/// Reads a theme file. Roles it does not name look like ordinary text.
pub fn read(source: Source<'_>) -> Result<Design, DocumentError> {
    let mut design = Design {
        background: None,
        looks: [Look::default(); Role::ALL.len()],
    };
    for entry in source.entries()? {
        match entry.key.as_str() {
            "background" => design.background = Some(hex_color(&entry)?),
            "roles" => {
                for role in entry.table()? {
                    read_role(role, &mut design)?;
                }
            }
            _ => return Err(entry.unknown(["background", "roles"])),
        }
    }
    Ok(design)
}

fn read_role(entry: Entry<'_>, design: &mut Design) -> Result<(), DocumentError> {
    let Some(role) = Role::ALL.into_iter().find(|role| role.name() == entry.key) else {
        return Err(entry.unknown(Role::ALL.map(Role::name)));
    };
    let look = read_look(entry.table()?)?;
    if let Some(place) = design.looks.get_mut(role as usize) {
        *place = look;
    }
    Ok(())
}

const MODIFIERS: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
];

fn read_look(entries: Vec<Entry<'_>>) -> Result<Look, DocumentError> {
    let mut look = Look::default();
    let (mut ansi, mut ansi_below) = (None, None);
    let paint = |color| Some(Paint { color, ansi: None });
    for entry in entries {
        match entry.key.as_str() {
            "fg" => look.fg = paint(hex_color(&entry)?),
            "bg" => look.bg = paint(hex_color(&entry)?),
            "ansi" => ansi = Some(named_color(&entry)?),
            "ansi_bg" => ansi_below = Some(named_color(&entry)?),
            name => {
                let Some((_, modifier)) = MODIFIERS.iter().find(|(known, _)| *known == name) else {
                    let colors = ["fg", "bg", "ansi", "ansi_bg"];
                    return Err(entry.unknown(colors.into_iter().chain(MODIFIERS.map(|m| m.0))));
                };
                look.modifiers.set(*modifier, entry.truth()?);
            }
        }
    }
    look.fg = look.fg.map(|paint| Paint { ansi, ..paint });
    look.bg = look.bg.map(|paint| Paint {
        ansi: ansi_below,
        ..paint
    });
    Ok(look)
}

/// `#rrggbb`.
fn hex_color(entry: &Entry<'_>) -> Result<Color, DocumentError> {
    hex(entry.text()?).ok_or_else(|| entry.wrong("a colour like #7bd88f"))
}

fn hex(text: &str) -> Option<Color> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let code = u32::from_str_radix(digits, 16).ok()?;
    Some(Color::from_u32(code))
}

/// A colour that is written as `#rrggbb`, or by the name of one of the 16.
pub fn paint(text: &str) -> Option<Paint> {
    let named = NAMES.iter().find(|(known, _)| *known == text);
    let ansi = named.map(|(_, color)| *color);
    let color = ansi.or_else(|| hex(text))?;
    Some(Paint { color, ansi })
}

const NAMES: [(&str, Color); 17] = [
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("gray", Color::Gray),
    ("dark_gray", Color::DarkGray),
    ("light_red", Color::LightRed),
    ("light_green", Color::LightGreen),
    ("light_yellow", Color::LightYellow),
    ("light_blue", Color::LightBlue),
    ("light_magenta", Color::LightMagenta),
    ("light_cyan", Color::LightCyan),
    ("white", Color::White),
];

/// One of the 16 colours every terminal names, or `default`.
fn named_color(entry: &Entry<'_>) -> Result<Color, DocumentError> {
    let name = entry.text()?;
    match NAMES.iter().find(|(known, _)| *known == name) {
        Some((_, color)) => Ok(*color),
        None => Err(entry.wrong(format!(
            "one of the 16 colours; {}",
            document::hint(name, NAMES.map(|known| known.0))
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::depth;

    /// Roles that carry words; a border is only a line.
    fn words() -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(|role| *role != Role::Border)
    }

    fn luminance(color: Color) -> Option<f64> {
        let linear = |side: u8| {
            let side = f64::from(side) / 255.0;
            if side <= 0.040_45 {
                side / 12.92
            } else {
                ((side + 0.055) / 1.055).powf(2.4)
            }
        };
        depth::rgb(color)
            .map(|[r, g, b]| 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b))
    }

    /// 1 (the same) to 21 (black on white); `None` where one is the terminal's own colour.
    fn contrast(a: Color, b: Color) -> Option<f64> {
        let (a, b) = (luminance(a)?, luminance(b)?);
        Some((a.max(b) + 0.05) / (a.min(b) + 0.05))
    }

    fn assert_contrast(name: &str, at: ColorDepth, least: f64) {
        let design = design(name, None).unwrap();
        let theme = design.at(at);
        let selection = theme.style(Role::Selection).bg;
        for role in words() {
            let style = theme.style(role);
            let own = style
                .bg
                .or(design.background.map(|color| depth::convert(color, at)));
            let has_hues = style.bg.is_none() && at > ColorDepth::Ansi16;
            let under_cursor = selection.filter(|_| has_hues);
            for bg in [own, under_cursor].into_iter().flatten() {
                let ratio = style
                    .fg
                    .and_then(|fg| contrast(fg, bg))
                    .unwrap_or(f64::INFINITY);
                assert!(
                    ratio >= least,
                    "{name} {at:?} {role:?}: {ratio:.2} on {bg:?}"
                );
            }
        }
    }

    #[test]
    fn text_roles_stand_out_from_their_background() {
        for (name, _) in BUILT_IN {
            assert_contrast(name, ColorDepth::TrueColor, 4.5);
            assert_contrast(name, ColorDepth::Ansi256, 4.5);
            // The shades of the 16 are the operator's; with xterm's own they stay readable.
            assert_contrast(name, ColorDepth::Ansi16, 3.0);
        }
    }

    #[test]
    fn every_theme_names_every_role() {
        for (name, text) in BUILT_IN {
            for role in Role::ALL {
                assert!(
                    text.contains(&format!("\n{:<10} = ", role.name())),
                    "{name} {role:?}"
                );
            }
        }
    }

    fn assert_told_apart(name: &str, depth: ColorDepth) {
        let theme = find(name, depth, None).unwrap();
        for (a, b) in [
            (Role::Ok, Role::Crit),
            (Role::Ok, Role::Warn),
            (Role::Warn, Role::Crit),
            (Role::Text, Role::Stale),
            (Role::Text, Role::Selection),
            (Role::Header, Role::HeaderBad),
        ] {
            assert_ne!(
                theme.style(a),
                theme.style(b),
                "{name} {depth:?} {a:?} {b:?}"
            );
        }
    }

    #[test]
    fn every_theme_tells_damage_from_health_at_every_depth() {
        for depth in ColorDepth::NAMES.map(|name| ColorDepth::named(name).unwrap()) {
            for (name, _) in BUILT_IN {
                assert_told_apart(name, depth);
            }
        }
    }

    #[test]
    fn an_unknown_theme_is_answered_with_the_known_ones() {
        let error = find("solarised", ColorDepth::TrueColor, None)
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "no theme is called `solarised`; known: dark, light, high_contrast, mono"
        );
        assert!(find("../dark", ColorDepth::TrueColor, Some(Path::new("/"))).is_err());
    }

    #[test]
    fn a_mistake_in_a_theme_names_its_line() {
        let read = |text| {
            read(Source {
                file: "t.toml",
                text,
            })
            .unwrap_err()
            .to_string()
        };
        assert_eq!(
            read("[roles]\ncritt = {}"),
            "t.toml:2: unknown key `roles.critt`; did you mean `crit`?"
        );
        assert_eq!(
            read("[roles]\ncrit = { gf = \"#ffffff\" }"),
            "t.toml:2: unknown key `roles.crit.gf`; known: fg, bg, ansi, ansi_bg, bold, dim, italic, underlined, reversed"
        );
        assert_eq!(
            read("[roles]\ncrit = { fg = \"red\" }"),
            "t.toml:2: `roles.crit.fg` is \"red\"; expected a colour like #7bd88f"
        );
        assert_eq!(
            read("\n[roles]\ncrit = { fg = \"#ff0000\", ansi = \"lightred\" }"),
            "t.toml:3: `roles.crit.ansi` is \"lightred\"; expected one of the 16 colours; did you mean `light_red`?"
        );
    }

    #[test]
    fn without_colour_every_theme_is_mono() {
        let mono = find(MONO, ColorDepth::Mono, None).unwrap();
        assert_eq!(find("dark", ColorDepth::Mono, None).unwrap(), mono);
        assert!(find("nonesuch", ColorDepth::Mono, None).is_err());
    }
}
