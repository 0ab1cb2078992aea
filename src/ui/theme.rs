//! What roles look like. A theme names roles (`crit`, `stale`, `key`), never bricks or screens, so a new screen needs
//! no new colour. Reading theme files is the configuration's business; this file only holds and converts them.

use ratatui::style::{Color, Style};

use super::depth::{self, ColorDepth};

/// What a piece of text is, and so how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Role {
    /// Ordinary text.
    #[default]
    Text,
    /// Labels and hints beside the text that matters.
    Dim,
    /// Headings of panels and columns.
    Title,
    /// A key the operator can press.
    Key,
    /// Healthy.
    Ok,
    /// Severity WARN.
    Warn,
    /// Severity MAJOR.
    Major,
    /// Severity CRIT.
    Crit,
    /// Known once, not confirmed since.
    Stale,
    /// Laid over the row under the cursor.
    Selection,
    /// Lines around panels.
    Border,
    /// The first line of the screen.
    Header,
    /// Cells of the first line that tell of damage.
    HeaderBad,
    /// What was asked for: matches of a search, the chosen item.
    Accent,
}

impl Role {
    /// All roles in the order of their declaration.
    pub const ALL: [Self; 14] = [
        Self::Text,
        Self::Dim,
        Self::Title,
        Self::Key,
        Self::Ok,
        Self::Warn,
        Self::Major,
        Self::Crit,
        Self::Stale,
        Self::Selection,
        Self::Border,
        Self::Header,
        Self::HeaderBad,
        Self::Accent,
    ];

    /// The name in a theme file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Dim => "dim",
            Self::Title => "title",
            Self::Key => "key",
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Major => "major",
            Self::Crit => "crit",
            Self::Stale => "stale",
            Self::Selection => "selection",
            Self::Border => "border",
            Self::Header => "header",
            Self::HeaderBad => "header_bad",
            Self::Accent => "accent",
        }
    }
}

/// A colour with what stands for it where the terminal has only the 16 named ones, whose shades the operator chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Paint {
    pub color: Color,
    /// `None`: the nearest of the 16 by distance.
    pub ansi: Option<Color>,
}

impl Paint {
    fn at(self, depth: ColorDepth) -> Color {
        match (depth, self.ansi) {
            (ColorDepth::Ansi16, Some(named)) => named,
            _ => depth::convert(self.color, depth),
        }
    }
}

/// How one role looks on a terminal of any depth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Look {
    pub fg: Option<Paint>,
    pub bg: Option<Paint>,
    /// Carries the modifiers only.
    pub modifiers: ratatui::style::Modifier,
}

impl Look {
    fn at(self, depth: ColorDepth) -> Style {
        let mut style = Style::new().add_modifier(self.modifiers);
        if depth != ColorDepth::Mono {
            style.fg = self.fg.map(|paint| paint.at(depth));
            style.bg = self.bg.map(|paint| paint.at(depth));
        }
        style
    }
}

/// A theme made ready for one colour depth.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Theme {
    styles: [Style; Role::ALL.len()],
}

impl Theme {
    /// Takes each role's look and converts it to the depth of the terminal.
    pub fn new(depth: ColorDepth, look: impl Fn(Role) -> Look) -> Self {
        Self {
            styles: Role::ALL.map(|role| look(role).at(depth)),
        }
    }

    /// The theme with another colour of what is accented, where the terminal has colours.
    #[must_use]
    pub fn accented(mut self, paint: Paint, depth: ColorDepth) -> Self {
        if depth != ColorDepth::Mono
            && let Some(style) = self.styles.get_mut(Role::Accent as usize)
        {
            style.fg = Some(paint.at(depth));
        }
        self
    }

    /// The style of a role: a patch over the terminal's own colours.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Modifier;

    use super::*;

    fn red(role: Role) -> Look {
        let paint = Paint {
            color: Color::Rgb(255, 107, 107),
            ansi: Some(Color::LightRed),
        };
        match role {
            Role::Crit => Look {
                fg: Some(paint),
                bg: None,
                modifiers: Modifier::BOLD,
            },
            _ => Look::default(),
        }
    }

    #[test]
    fn a_role_is_converted_to_the_depth_of_the_terminal() {
        let fg = |depth| Theme::new(depth, red).style(Role::Crit).fg;
        assert_eq!(fg(ColorDepth::TrueColor), Some(Color::Rgb(255, 107, 107)));
        assert_eq!(fg(ColorDepth::Ansi256), Some(Color::Indexed(203)));
        assert_eq!(fg(ColorDepth::Ansi16), Some(Color::LightRed));
        assert_eq!(fg(ColorDepth::Mono), None);
    }

    #[test]
    fn without_colour_the_modifiers_stay() {
        let theme = Theme::new(ColorDepth::Mono, red);
        assert!(
            theme
                .style(Role::Crit)
                .add_modifier
                .contains(Modifier::BOLD)
        );
        assert_eq!(theme.style(Role::Text), Style::new());
    }

    #[test]
    fn every_role_stands_at_its_own_place() {
        for (at, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!(role as usize, at);
        }
    }
}
