//! What the operator chose: default < file < environment < flags, for each setting by itself. The environment and the
//! flags come in as values; only `load` reads a file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use super::clusters::Clusters;
use super::document::{DocumentError, Entry, Source};
use super::origin::Origin;
use super::paths::Paths;
use super::theme::{self, ThemeError};
use crate::ui::depth::{ColorDepth, ColorHints};
use crate::ui::glyph::GlyphSet;
use crate::ui::line::Skin;

/// The theme of whoever chose none and whose terminal does not say that its background is light.
const DARK: &str = "dark";
const LIGHT: &str = "light";

/// A setting that cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SettingsError {
    #[error(transparent)]
    File(#[from] DocumentError),
    #[error(transparent)]
    Theme(#[from] ThemeError),
    #[error("{origin} is \"{value}\"; expected {expected}")]
    Value {
        origin: &'static str,
        value: String,
        expected: String,
    },
}

/// What one source says; `None` leaves it to the source below.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choices {
    pub theme: Option<String>,
    pub glyphs: Option<GlyphSet>,
    pub color: Option<ColorDepth>,
}

/// What the settings file says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct File {
    choices: Choices,
    /// Where each choice stands.
    lines: BTreeMap<String, Origin>,
    pub clusters: Clusters,
}

/// What holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub theme: String,
    pub glyphs: GlyphSet,
    pub color: ColorDepth,
    /// Who chose theme, glyphs and colour.
    origins: [Origin; 3],
    pub clusters: Clusters,
}

/// The variables that matter, as they are set; empty ones count as not set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    choices: Choices,
    default_theme: &'static str,
    default_glyphs: GlyphSet,
    default_color: Option<ColorDepth>,
}

impl Environment {
    /// Reads `LOOKOUT_THEME`, `LOOKOUT_ASCII`, `NO_COLOR`, and what tells of the terminal:
    /// `COLORTERM`, `TERM`, `COLORFGBG`, `LC_ALL`, `LC_CTYPE`, `LANG`.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let (colorterm, term) = (set("COLORTERM"), set("TERM"));
        let hints = ColorHints {
            no_color: None,
            colorterm: colorterm.as_deref(),
            term: term.as_deref(),
        };
        Ok(Self {
            choices: Choices {
                theme: set("LOOKOUT_THEME"),
                glyphs: set("LOOKOUT_ASCII")
                    .map(|value| ascii_variable(&value))
                    .transpose()?,
                color: set("NO_COLOR").map(|_| ColorDepth::Mono),
            },
            default_theme: set("COLORFGBG").map_or(DARK, |value| theme_for_background(&value)),
            default_glyphs: glyphs_of_locale(
                set("LC_ALL").or(set("LC_CTYPE")).or(set("LANG")).as_deref(),
            ),
            default_color: Some(ColorDepth::detect(hints)),
        })
    }
}

fn ascii_variable(value: &str) -> Result<GlyphSet, SettingsError> {
    match value {
        "1" | "true" | "yes" => Ok(GlyphSet::Ascii),
        "0" | "false" | "no" => Ok(GlyphSet::Unicode),
        _ => Err(SettingsError::Value {
            origin: "LOOKOUT_ASCII",
            value: value.to_owned(),
            expected: "1 or 0".to_owned(),
        }),
    }
}

/// Some terminals tell their colours as `foreground;background`, each one of 16: 7 and those from 9 are light.
fn theme_for_background(value: &str) -> &'static str {
    match value
        .rsplit(';')
        .next()
        .and_then(|background| background.parse::<u8>().ok())
    {
        Some(7 | 9..=15) => LIGHT,
        _ => DARK,
    }
}

/// A locale that does not say UTF-8, or none at all, promises ASCII only.
fn glyphs_of_locale(locale: Option<&str>) -> GlyphSet {
    let name = locale.unwrap_or_default().to_ascii_lowercase();
    if name.contains("utf-8") || name.contains("utf8") {
        GlyphSet::Unicode
    } else {
        GlyphSet::Ascii
    }
}

/// The depth that `--color` names.
pub fn color_flag(value: &str) -> Result<ColorDepth, SettingsError> {
    let known = ColorDepth::NAMES;
    ColorDepth::named(value).ok_or_else(|| SettingsError::Value {
        origin: "--color",
        value: value.to_owned(),
        expected: format!("one of {}", known.join(", ")),
    })
}

/// What the settings file says.
pub fn read(source: Source<'_>) -> Result<File, DocumentError> {
    let name = Arc::from(source.file);
    let mut file = File {
        clusters: Clusters::of(source.file),
        ..File::default()
    };
    let choices = &mut file.choices;
    for entry in source.entries()? {
        let origin = Origin::line(&name, entry.line());
        file.lines.insert(entry.key.clone(), origin);
        match entry.key.as_str() {
            "theme" => choices.theme = Some(entry.text()?.to_owned()),
            "ascii" => choices.glyphs = Some(glyphs(&entry)?),
            "color" => choices.color = Some(color(&entry)?),
            "bootstrap" => file.clusters.take_bootstrap(&entry)?,
            "profiles" => file.clusters.take(entry)?,
            _ => return Err(entry.unknown(["theme", "ascii", "color", "bootstrap", "profiles"])),
        }
    }
    Ok(file)
}

fn glyphs(entry: &Entry<'_>) -> Result<GlyphSet, DocumentError> {
    Ok(if entry.truth()? {
        GlyphSet::Ascii
    } else {
        GlyphSet::Unicode
    })
}

fn color(entry: &Entry<'_>) -> Result<ColorDepth, DocumentError> {
    let known = ColorDepth::NAMES
        .map(|name| format!("\"{name}\""))
        .join(", ");
    ColorDepth::named(entry.text()?).ok_or_else(|| entry.wrong(format!("one of {known}")))
}

/// The setting of the highest source that has one.
pub fn merge(file: File, environment: Environment, flags: Choices) -> Settings {
    let (env, own) = (environment.choices, file.choices);
    let at = |name: &str| file.lines.get(name).cloned().unwrap_or(Origin::Default);
    let origin = |flag: Option<&'static str>, variable: Option<&str>, name: &str| {
        let flag = flag.map(Origin::Flag);
        let variable = variable.map(|name| Origin::Variable(name.into()));
        flag.or(variable).unwrap_or_else(|| at(name))
    };
    let origins = [
        origin(
            flags.theme.as_ref().map(|_| "--theme"),
            env.theme.as_ref().map(|_| "LOOKOUT_THEME"),
            "theme",
        ),
        origin(
            flags.glyphs.map(|_| "--ascii"),
            env.glyphs.map(|_| "LOOKOUT_ASCII"),
            "ascii",
        ),
        origin(
            flags.color.map(|_| "--color"),
            env.color.map(|_| "NO_COLOR"),
            "color",
        ),
    ];
    let theme = flags.theme.or(env.theme).or(own.theme);
    let color = flags.color.or(env.color).or(own.color);
    Settings {
        theme: theme.unwrap_or_else(|| environment.default_theme.to_owned()),
        glyphs: flags
            .glyphs
            .or(env.glyphs)
            .or(own.glyphs)
            .unwrap_or(environment.default_glyphs),
        color: color
            .or(environment.default_color)
            .unwrap_or(ColorDepth::Ansi16),
        origins,
        clusters: file.clusters,
    }
}

/// The settings of this run. A settings file that is not there says nothing; one that is broken is an error.
pub fn load(
    paths: &Paths,
    environment: Environment,
    flags: Choices,
) -> Result<Settings, SettingsError> {
    let file = match paths.settings_file() {
        Some(path) => read_file(path)?,
        None => File::default(),
    };
    Ok(merge(file, environment, flags))
}

fn read_file(path: PathBuf) -> Result<File, DocumentError> {
    match std::fs::read_to_string(&path) {
        Ok(text) => read(Source {
            file: &path.display().to_string(),
            text: &text,
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(File::default()),
        Err(error) => Err(DocumentError::Unreadable {
            path,
            reason: error.to_string(),
        }),
    }
}

impl Settings {
    /// Name, value and origin of each setting of the screen's looks.
    pub fn looks(&self) -> [(&'static str, String, &Origin); 3] {
        let ascii = self.glyphs == GlyphSet::Ascii;
        let [theme, glyphs, color] = &self.origins;
        [
            ("theme", self.theme.clone(), theme),
            ("ascii", ascii.to_string(), glyphs),
            ("color", self.color.name().to_owned(), color),
        ]
    }

    /// The theme and the signs to draw with.
    pub fn skin(&self, paths: &Paths) -> Result<Skin, ThemeError> {
        let theme = theme::find(&self.theme, self.color, paths.themes_dir().as_deref())?;
        Ok(Skin {
            theme,
            glyphs: self.glyphs,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        Environment::read(|name| find(name).map(|(_, value)| (*value).to_owned())).unwrap()
    }

    fn file(text: &str) -> File {
        read(Source {
            file: "config.toml",
            text,
        })
        .unwrap()
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let all = file("theme = \"a\"\ncolor = \"16\"\nascii = true\n");
        let env = environment(&[
            ("LOOKOUT_THEME", "b"),
            ("NO_COLOR", "1"),
            ("LOOKOUT_ASCII", "0"),
        ]);
        let flags = Choices {
            theme: Some("c".to_owned()),
            ..Choices::default()
        };
        let settings = merge(all.clone(), env.clone(), flags);
        assert_eq!(settings.theme, "c");
        assert_eq!(settings.color, ColorDepth::Mono);
        assert_eq!(settings.glyphs, GlyphSet::Unicode);
        assert_eq!(
            settings.looks().map(|(_, _, origin)| origin.to_string()),
            ["--theme", "LOOKOUT_ASCII", "NO_COLOR"]
        );
        let flags = Choices {
            color: Some(ColorDepth::TrueColor),
            ..Choices::default()
        };
        let settings = merge(all, env, flags);
        assert_eq!(
            (settings.theme.as_str(), settings.color),
            ("b", ColorDepth::TrueColor)
        );
    }

    #[test]
    fn without_a_choice_the_terminal_and_the_locale_decide() {
        let at = |variables: &[(&str, &str)]| {
            merge(File::default(), environment(variables), Choices::default())
        };
        let plain = at(&[]);
        assert_eq!(
            (plain.theme.as_str(), plain.glyphs, plain.color),
            (DARK, GlyphSet::Ascii, ColorDepth::Ansi16)
        );
        let rich = at(&[
            ("LANG", "en_US.UTF-8"),
            ("COLORTERM", "truecolor"),
            ("COLORFGBG", "0;15"),
        ]);
        assert_eq!(
            (rich.theme.as_str(), rich.glyphs, rich.color),
            (LIGHT, GlyphSet::Unicode, ColorDepth::TrueColor)
        );
        let posix = at(&[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")]);
        assert_eq!(posix.glyphs, GlyphSet::Ascii);
        assert_eq!(
            at(&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8")]).glyphs,
            GlyphSet::Unicode
        );
    }

    #[test]
    fn a_mistake_in_the_settings_names_its_place() {
        let error = |text| {
            read(Source {
                file: "config.toml",
                text,
            })
            .unwrap_err()
            .to_string()
        };
        assert_eq!(
            error("\nthem = \"x\""),
            "config.toml:2: unknown key `them`; did you mean `theme`?"
        );
        assert_eq!(
            error("color = \"many\""),
            "config.toml:1: `color` is \"many\"; expected one of \"mono\", \"16\", \"256\", \"truecolor\""
        );
        assert_eq!(
            color_flag("true-color").unwrap_err().to_string(),
            "--color is \"true-color\"; expected one of mono, 16, 256, truecolor"
        );
        let ascii = Environment::read(|name| (name == "LOOKOUT_ASCII").then(|| "maybe".to_owned()));
        assert_eq!(
            ascii.unwrap_err().to_string(),
            "LOOKOUT_ASCII is \"maybe\"; expected 1 or 0"
        );
    }

    #[test]
    fn a_settings_file_that_is_not_there_says_nothing() {
        let paths = Paths::choose(Some("/nonexistent/lookout".into()), None, None);
        let settings = load(&paths, environment(&[]), Choices::default()).unwrap();
        assert_eq!(settings.clusters.names().count(), 0);
        assert!(settings.skin(&paths).is_ok());
    }
}
