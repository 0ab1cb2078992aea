//! TOML with the place of every key, so that a typing mistake is answered with its line and the name that was meant.
//! Knows no setting by name.

use std::path::PathBuf;

use thiserror::Error;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::secret::Secret;

/// What is wrong with a configuration file. Every variant names the file, and the line where there is one.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
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
    #[error("{file}:{line}: `{key}` is no name; expected {expected}")]
    Misnamed {
        file: String,
        line: usize,
        key: String,
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

/// A value below a table, whatever it may hold: it is shown to nobody until its name is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Its name within the table, with dots.
    pub name: String,
    /// One, or those of a list.
    pub values: Vec<Secret>,
    pub line: usize,
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

    /// Every value below this table with its name, in which the names of tables within are joined by dots: quoted
    /// dotted names and nested tables read alike. Deep nesting is refused by the reader of TOML itself.
    pub fn leaves(self) -> Result<Vec<Leaf>, DocumentError> {
        let within = self.path.len() + 1;
        let mut leaves = Vec::new();
        let mut waiting = self.table()?;
        while let Some(entry) = waiting.pop() {
            match entry.value {
                DeValue::Table(table) => waiting.extend(entry.source.list(&entry.path, table)),
                _ => leaves.push(Leaf {
                    name: entry.path.get(within..).unwrap_or_default().to_owned(),
                    values: entry.values()?,
                    line: entry.line,
                }),
            }
        }
        leaves.sort_by_key(|leaf| leaf.line);
        Ok(leaves)
    }

    fn values(&self) -> Result<Vec<Secret>, DocumentError> {
        let expected = "a text in quotes, a number, true or false, or a list of these";
        let plain = |value: &DeValue<'_>| match value {
            DeValue::String(text) => Ok(Secret::new(text)),
            DeValue::Integer(number) => Ok(Secret::new(&number.to_string())),
            DeValue::Boolean(truth) => Ok(Secret::new(&truth.to_string())),
            _ => Err(self.wrong(expected)),
        };
        match &self.value {
            DeValue::Array(list) => list.iter().map(|item| plain(item.get_ref())).collect(),
            one => Ok(vec![plain(one)?]),
        }
    }

    /// The line it stands in.
    pub fn line(&self) -> usize {
        self.line
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

    /// The error for a table whose name will not do.
    pub fn misnamed(&self, expected: &str) -> DocumentError {
        DocumentError::Misnamed {
            file: self.source.file.to_owned(),
            line: self.line,
            key: self.path.clone(),
            expected: expected.to_owned(),
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
    let limit = (wanted.chars().count() / 3).max(1);
    match nearest(wanted, &known, limit) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("known: {}", known.join(", ")),
    }
}

/// A name longer than this is nobody's typing mistake, and not worth the comparison.
const LONGEST_NAME: usize = 256;

/// The known name with the fewest edits, if those are not more than the limit.
pub fn nearest<'n>(wanted: &str, known: &[&'n str], limit: usize) -> Option<&'n str> {
    if wanted.len() > LONGEST_NAME {
        return None;
    }
    known
        .iter()
        .filter(|name| name.len().abs_diff(wanted.len()) <= limit * 4)
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
