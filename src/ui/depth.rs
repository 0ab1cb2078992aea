//! How many colours the terminal has: chosen from what the environment says, and colours brought down to it.
//! Pure: the environment comes in as values, no palette is asked of the terminal.

use ratatui::style::Color;

/// Colours a terminal can show, fewest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ColorDepth {
    Mono,
    Ansi16,
    Ansi256,
    TrueColor,
}

/// What the environment says about colour; `None` where a variable is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ColorHints<'a> {
    /// `NO_COLOR`: set and not empty means no colour.
    pub no_color: Option<&'a str>,
    /// `COLORTERM`: `truecolor` or `24bit`.
    pub colorterm: Option<&'a str>,
    /// `TERM`.
    pub term: Option<&'a str>,
}

impl ColorDepth {
    /// The names that settings and flags use.
    pub const NAMES: [&'static str; 4] = ["mono", "16", "256", "truecolor"];

    /// The depth of that name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "mono" => Some(Self::Mono),
            "16" => Some(Self::Ansi16),
            "256" => Some(Self::Ansi256),
            "truecolor" => Some(Self::TrueColor),
            _ => None,
        }
    }

    /// Its name in settings and flags.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mono => "mono",
            Self::Ansi16 => "16",
            Self::Ansi256 => "256",
            Self::TrueColor => "truecolor",
        }
    }

    /// The depth the environment suggests. Unknown terminals get 16 colours, which all but the oldest show.
    pub fn detect(hints: ColorHints<'_>) -> Self {
        let term = hints.term.unwrap_or_default();
        if hints.no_color.is_some_and(|value| !value.is_empty()) || is_colourless(term) {
            return Self::Mono;
        }
        let colorterm = hints.colorterm.unwrap_or_default();
        if matches!(colorterm, "truecolor" | "24bit") || term.ends_with("-direct") {
            return Self::TrueColor;
        }
        if [
            "xterm-kitty",
            "xterm-ghostty",
            "alacritty",
            "foot",
            "wezterm",
        ]
        .contains(&term)
        {
            return Self::TrueColor;
        }
        if term.contains("256color") {
            Self::Ansi256
        } else {
            Self::Ansi16
        }
    }
}

fn is_colourless(term: &str) -> bool {
    term == "dumb" || term.starts_with("vt") || term.ends_with("-mono") || term.ends_with("-m")
}

/// The colour nearest to this one that the depth has. `Reset` stays: it is the terminal's own.
pub fn convert(color: Color, depth: ColorDepth) -> Color {
    match (color, depth) {
        (_, ColorDepth::Mono) => Color::Reset,
        (Color::Rgb(r, g, b), ColorDepth::Ansi256) => Color::Indexed(nearest_256([r, g, b])),
        (Color::Rgb(r, g, b), ColorDepth::Ansi16) => nearest_16([r, g, b]),
        (Color::Indexed(index), ColorDepth::Ansi16) => nearest_16(indexed_rgb(index)),
        (kept, _) => kept,
    }
}

/// The 16 named colours with the shades most terminals give them (xterm's own).
const NAMED: [(Color, [u8; 3]); 16] = [
    (Color::Black, [0, 0, 0]),
    (Color::Red, [205, 0, 0]),
    (Color::Green, [0, 205, 0]),
    (Color::Yellow, [205, 205, 0]),
    (Color::Blue, [0, 0, 238]),
    (Color::Magenta, [205, 0, 205]),
    (Color::Cyan, [0, 205, 205]),
    (Color::Gray, [229, 229, 229]),
    (Color::DarkGray, [127, 127, 127]),
    (Color::LightRed, [255, 0, 0]),
    (Color::LightGreen, [0, 255, 0]),
    (Color::LightYellow, [255, 255, 0]),
    (Color::LightBlue, [92, 92, 255]),
    (Color::LightMagenta, [255, 0, 255]),
    (Color::LightCyan, [0, 255, 255]),
    (Color::White, [255, 255, 255]),
];

/// Steps of one side of the 6×6×6 cube that indexes 16–231 name.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The shade of a colour, as far as it is fixed; `None` for the terminal's own.
pub fn rgb(color: Color) -> Option<[u8; 3]> {
    match color {
        Color::Rgb(r, g, b) => Some([r, g, b]),
        Color::Indexed(index) => Some(indexed_rgb(index)),
        named => NAMED
            .iter()
            .find(|(name, _)| *name == named)
            .map(|(_, shade)| *shade),
    }
}

fn indexed_rgb(index: u8) -> [u8; 3] {
    let side = |step: u8| CUBE.get(usize::from(step % 6)).copied().unwrap_or_default();
    match index {
        0..=15 => NAMED
            .get(usize::from(index))
            .map_or([0; 3], |(_, shade)| *shade),
        16..=231 => {
            let cell = index - 16;
            [side(cell / 36), side(cell / 6), side(cell)]
        }
        232..=255 => [8 + 10 * (index - 232); 3],
    }
}

fn nearest_256(wanted: [u8; 3]) -> u8 {
    (16..=255)
        .min_by_key(|&index| distance(wanted, indexed_rgb(index)))
        .unwrap_or(15)
}

fn nearest_16(wanted: [u8; 3]) -> Color {
    NAMED
        .iter()
        .min_by_key(|(_, shade)| distance(wanted, *shade))
        .map_or(Color::Reset, |(name, _)| *name)
}

/// Squared distance, weighted roughly as the eye weighs the three.
fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    let [r, g, bl] = [0, 1, 2].map(|i: usize| {
        let side = |shade: [u8; 3]| shade.get(i).copied().unwrap_or_default();
        u32::from(side(a).abs_diff(side(b))).pow(2)
    });
    2 * r + 4 * g + 3 * bl
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(no_color: Option<&str>, colorterm: Option<&str>, term: Option<&str>) -> ColorDepth {
        ColorDepth::detect(ColorHints {
            no_color,
            colorterm,
            term,
        })
    }

    #[test]
    fn the_environment_chooses_the_depth() {
        assert_eq!(
            detect(None, Some("truecolor"), Some("xterm-256color")),
            ColorDepth::TrueColor
        );
        assert_eq!(
            detect(None, None, Some("xterm-256color")),
            ColorDepth::Ansi256
        );
        assert_eq!(detect(None, None, Some("xterm")), ColorDepth::Ansi16);
        assert_eq!(detect(None, None, Some("linux")), ColorDepth::Ansi16);
        assert_eq!(detect(None, None, Some("dumb")), ColorDepth::Mono);
        assert_eq!(detect(None, None, None), ColorDepth::Ansi16);
    }

    #[test]
    fn no_color_wins_unless_it_is_empty() {
        assert_eq!(detect(Some("1"), Some("truecolor"), None), ColorDepth::Mono);
        assert_eq!(detect(Some(""), Some("24bit"), None), ColorDepth::TrueColor);
    }

    #[test]
    fn colours_come_down_to_their_nearest() {
        assert_eq!(
            convert(Color::Rgb(255, 0, 0), ColorDepth::Ansi256),
            Color::Indexed(196)
        );
        assert_eq!(
            convert(Color::Rgb(250, 10, 10), ColorDepth::Ansi16),
            Color::LightRed
        );
        assert_eq!(
            convert(Color::Indexed(196), ColorDepth::Ansi16),
            Color::LightRed
        );
        assert_eq!(
            convert(Color::Rgb(1, 2, 3), ColorDepth::TrueColor),
            Color::Rgb(1, 2, 3)
        );
        assert_eq!(convert(Color::Reset, ColorDepth::Ansi16), Color::Reset);
    }

    #[test]
    fn every_depth_has_a_name() {
        for name in ColorDepth::NAMES {
            assert!(ColorDepth::named(name).is_some(), "{name}");
        }
        assert_eq!(ColorDepth::named("rainbow"), None);
    }
}
