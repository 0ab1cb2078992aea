//! TOML with the place of every key, so that a typing mistake is answered with its line and the name that was meant.
//! Knows no setting by name.

use std::path::PathBuf;

use thiserror::Error;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// What is wrong with a configuration file. Every variant names the file, and the line where there is one.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum DocumentError {
    #[error("{file}:{line}: not valid TOML: {reason}")]
    Syntax {
        file: String,
        line: usize,
        reason: String,
    },
    #[error("{file}:{line}: unknown key `{key}`; {hint}")]
    UnknownKey {
        file: String,
        line: usize,
        key: String,
        hint: String,
    },
    #[error("{file}:{line}: `{key}` is {found}; expected {expected}")]
    WrongValue {
        file: String,
        line: usize,
        key: String,
        found: String,
        expected: String,
    },
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: String },
}

/// A file's text and the name it is called by in messages.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    pub file: &'a str,
    pub text: &'a str,
}

/// One `key = value` of a table.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    source: Source<'a>,
    /// Names of the tables around it and its own, joined by dots.
    path: String,
    pub key: String,
    line: usize,
    value: DeValue<'a>,
}

impl<'a> Source<'a> {
    /// The entries of the top level, in the order of their names.
    pub fn entries(self) -> Result<Vec<Entry<'a>>, DocumentError> {
        match DeTable::parse(self.text) {
            Ok(table) => Ok(self.list("", table.into_inner())),
            Err(error) => Err(DocumentError::Syntax {
                file: self.file.to_owned(),
                line: self.line(error.span().map_or(0, |span| span.start)),
                reason: error.message().to_owned(),
            }),
        }
    }

    fn list(self, around: &str, table: DeTable<'a>) -> Vec<Entry<'a>> {
        let entry = |(key, value): (Spanned<DeString<'a>>, Spanned<DeValue<'a>>)| {
            let line = self.line(key.span().start);
            let key = key.into_inner().into_owned();
            let path = if around.is_empty() {
                key.clone()
            } else {
                format!("{around}.{key}")
            };
            Entry {
                source: self,
                path,
                key,
                line,
                value: value.into_inner(),
            }
        };
        table.into_iter().map(entry).collect()
    }

    fn line(self, at: usize) -> usize {
        1 + self
            .text
            .get(..at)
            .unwrap_or_default()
            .matches('\n')
            .count()
    }
}

impl<'a> Entry<'a> {
    /// The entries of a table.
    pub fn table(self) -> Result<Vec<Entry<'a>>, DocumentError> {
        match self.value {
            DeValue::Table(table) => Ok(self.source.list(&self.path, table)),
            _ => Err(self.wrong("a table")),
        }
    }

    pub fn text(&self) -> Result<&str, DocumentError> {
        self.value
            .as_str()
            .ok_or_else(|| self.wrong("a text in quotes"))
    }

    pub fn truth(&self) -> Result<bool, DocumentError> {
        self.value
            .as_bool()
            .ok_or_else(|| self.wrong("true or false"))
    }

    /// The error for a value that will not do.
    pub fn wrong(&self, expected: impl Into<String>) -> DocumentError {
        let found = match &self.value {
            DeValue::String(text) => format!("\"{text}\""),
            DeValue::Boolean(truth) => truth.to_string(),
            DeValue::Integer(number) => number.to_string(),
            other => format!("of type {}", other.type_str()),
        };
        DocumentError::WrongValue {
            file: self.source.file.to_owned(),
            line: self.line,
            key: self.path.clone(),
            found,
            expected: expected.into(),
        }
    }

    /// The error for a key that nobody knows.
    pub fn unknown<'n>(&self, known: impl IntoIterator<Item = &'n str>) -> DocumentError {
        DocumentError::UnknownKey {
            file: self.source.file.to_owned(),
            line: self.line,
            key: self.path.clone(),
            hint: hint(&self.key, known),
        }
    }
}

/// `did you mean `x`?`, or the list of what is known.
pub fn hint<'n>(wanted: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(wanted, &known) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("known: {}", known.join(", ")),
    }
}

/// The known name with the fewest edits, if those are few for a word of this length.
fn nearest<'n>(wanted: &str, known: &[&'n str]) -> Option<&'n str> {
    let limit = (wanted.chars().count() / 3).max(1);
    known
        .iter()
        .map(|name| (edits(wanted, name), *name))
        .filter(|(edits, _)| *edits <= limit)
        .min()
        .map(|(_, name)| name)
}

/// Characters to insert, delete or replace to turn one word into the other, letters' case aside.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.to_lowercase().chars().enumerate() {
        let mut next = vec![i + 1];
        for (&b, pair) in to.iter().zip(row.windows(2)) {
            let &[diagonal, above] = pair else { continue };
            let left = next.last().copied().unwrap_or_default();
            next.push(
                (diagonal + usize::from(a != b))
                    .min(above + 1)
                    .min(left + 1),
            );
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source<'_> {
        Source {
            file: "x.toml",
            text,
        }
    }

    #[test]
    fn a_broken_file_names_its_line() {
        let error = source("a = 1\nb = \n").entries().unwrap_err();
        assert!(
            error.to_string().starts_with("x.toml:2: not valid TOML: "),
            "{error}"
        );
    }

    #[test]
    fn an_unknown_key_names_its_line_and_the_name_that_was_meant() {
        let entries = source("# look\n[roles]\n\nkrit = 1\n").entries().unwrap();
        let inner = entries[0].clone().table().unwrap();
        let error = inner[0].unknown(["crit", "warn"]);
        assert_eq!(
            error.to_string(),
            "x.toml:4: unknown key `roles.krit`; did you mean `crit`?"
        );
        let error = inner[0].unknown(["selection", "header"]);
        assert!(
            error.to_string().ends_with("known: selection, header"),
            "{error}"
        );
    }

    #[test]
    fn a_wrong_value_is_told_with_what_was_expected() {
        let entries = source("ascii = \"yes\"\ntheme = 3").entries().unwrap();
        let error = entries[0].truth().unwrap_err().to_string();
        assert_eq!(
            error,
            "x.toml:1: `ascii` is \"yes\"; expected true or false"
        );
        let error = entries[1].text().unwrap_err().to_string();
        assert_eq!(error, "x.toml:2: `theme` is 3; expected a text in quotes");
    }

    #[test]
    fn edits_are_counted() {
        assert_eq!(edits("crit", "crit"), 0);
        assert_eq!(edits("them", "theme"), 1);
        assert_eq!(edits("Theme", "theme"), 0);
        assert_eq!(edits("", "ab"), 2);
        assert_eq!(edits("bokers", "broker"), 2);
    }
}
