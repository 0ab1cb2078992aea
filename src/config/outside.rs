//! What settings may lead to outside of themselves: variables, files, commands, and the operator at the terminal. The
//! interpretation of settings sees the trait alone.

mod system;

use std::io;
use std::path::{Path, PathBuf};

use super::secret::Secret;

pub use system::{System, forbid_core_dumps};

/// A file's text and who may read it.
#[derive(Debug, Clone)]
pub struct Found {
    pub text: Secret,
    /// Permission bits.
    pub mode: u32,
}

/// The outside.
pub trait Outside {
    /// An environment variable.
    fn variable(&self, name: &str) -> Option<String>;
    /// The home directory.
    fn home(&self) -> Option<PathBuf>;
    /// A file's text.
    fn read(&self, path: &Path) -> io::Result<Found>;
    /// The first bytes of a file, enough to tell its kind.
    fn head(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// The first line that a command prints; the error is a sentence without what it printed there.
    fn run(&self, command: &str) -> Result<Secret, String>;
    /// What the operator types, unseen; `None` where nobody can be asked.
    fn ask(&mut self, question: &str) -> Result<Option<Secret>, String>;
}

/// Whether others than the owner may read a file of this mode.
pub fn is_readable_by_others(mode: u32) -> bool {
    mode & 0o077 != 0
}

/// The references of a value replaced by what they lead to: `${env:NAME}`, `${file:/path}`, `${cmd:command}`. The error
/// is the reason, and never what was found.
pub fn expand(value: &str, outside: &dyn Outside) -> Result<Secret, String> {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find("${") {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let inner = after.get(2..).unwrap_or_default();
        let reference = closed(inner);
        let found = match reference {
            Some(reference) => follow(reference, outside)?,
            None => None,
        };
        let length = match (reference, &found) {
            (Some(reference), Some(_)) => reference.len() + 3,
            _ => 2, // text, in which a reference may stand all the same
        };
        match found {
            Some(found) => out.push_str(found.reveal()),
            None => out.push_str("${"),
        }
        rest = after.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    Ok(Secret::new(&out))
}

/// What stands before the brace that closes; braces within come in pairs.
fn closed(inner: &str) -> Option<&str> {
    let mut depth = 0usize;
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return inner.get(..at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// What a reference leads to; `None` where it is not written as one, and so is text.
fn follow(reference: &str, outside: &dyn Outside) -> Result<Option<Secret>, String> {
    let Some((kind, place)) = reference.split_once(':') else {
        return Ok(None);
    };
    match kind {
        "env" => match outside.variable(place).filter(|value| !value.is_empty()) {
            Some(value) => Ok(Some(Secret::new(&value))),
            None => Err(format!("the variable {place} is not set")),
        },
        "file" => from_file(place, outside).map(Some),
        "cmd" => outside.run(place).map(Some),
        word if word.chars().all(|c| c.is_ascii_lowercase()) && !word.is_empty() => Err(format!(
            "${{{word}:…}} leads nowhere; known: ${{env:NAME}}, ${{file:/path}}, ${{cmd:command}}"
        )),
        _ => Ok(None),
    }
}

fn from_file(place: &str, outside: &dyn Outside) -> Result<Secret, String> {
    let path = at_home(place, outside);
    let shown = path.display();
    let found = outside
        .read(&path)
        .map_err(|error| format!("cannot read {shown}: {error}"))?;
    if is_readable_by_others(found.mode) {
        return Err(format!(
            "others than its owner may read {shown}, which holds a secret; run: chmod 600 {shown}"
        ));
    }
    let text = found.text.reveal();
    Ok(Secret::new(text.trim_end_matches(['\n', '\r'])))
}

/// The path, with `~` for the home directory.
pub fn at_home(path: &str, outside: &dyn Outside) -> PathBuf {
    match (path.strip_prefix("~/"), outside.home()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

#[cfg(test)]
pub mod fake {
    //! An outside of paper.

    use super::*;

    /// What the outside is made of: variables, files with their modes, answers of commands, and what is typed.
    #[derive(Default)]
    pub struct Paper {
        pub variables: Vec<(&'static str, &'static str)>,
        pub files: Vec<(&'static str, &'static str, u32)>,
        pub commands: Vec<(&'static str, Result<&'static str, &'static str>)>,
        pub typed: Option<&'static str>,
        pub questions: Vec<String>,
    }

    impl Outside for Paper {
        fn variable(&self, name: &str) -> Option<String> {
            let found = self.variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        }

        fn home(&self) -> Option<PathBuf> {
            Some(PathBuf::from("/somebody"))
        }

        fn read(&self, path: &Path) -> io::Result<Found> {
            let found = self
                .files
                .iter()
                .find(|(known, ..)| Path::new(known) == path);
            let (_, text, mode) = found.ok_or(io::ErrorKind::NotFound)?;
            Ok(Found {
                text: Secret::new(text),
                mode: *mode,
            })
        }

        fn head(&self, path: &Path) -> io::Result<Vec<u8>> {
            let found = self.read(path)?;
            Ok(match found.text.reveal() {
                "jks" => vec![0xfe, 0xed, 0xfe, 0xed],
                text => text.as_bytes().to_vec(),
            })
        }

        fn run(&self, command: &str) -> Result<Secret, String> {
            let found = self.commands.iter().find(|(known, _)| *known == command);
            match found.map(|(_, said)| said) {
                Some(Ok(said)) => Ok(Secret::new(said)),
                Some(Err(why)) => Err((*why).to_owned()),
                None => Err("no such command".to_owned()),
            }
        }

        fn ask(&mut self, question: &str) -> Result<Option<Secret>, String> {
            self.questions.push(question.to_owned());
            Ok(self.typed.map(Secret::new))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::fake::Paper;
    use super::*;

    fn paper() -> Paper {
        Paper {
            variables: vec![("PW", "hunter2"), ("NONE", "")],
            files: vec![
                ("/s/own", "hunter2\n", 0o600),
                ("/s/open", "hunter2\n", 0o640),
                ("/somebody/s", "hunter2", 0o400),
            ],
            commands: vec![
                ("get {x}", Ok("hunter2")),
                ("fail", Err("`fail` ended with 1: not logged in")),
            ],
            ..Paper::default()
        }
    }

    #[test]
    fn references_lead_to_variables_files_and_commands() {
        for (value, wanted) in [
            ("${env:PW}", "hunter2"),
            ("${file:/s/own}", "hunter2"),
            ("${file:~/s}", "hunter2"),
            ("${cmd:get {x}}", "hunter2"),
            ("<${env:PW}|${env:PW}>", "<hunter2|hunter2>"),
            ("a$b${c}${", "a$b${c}${"),
            ("${D:e}", "${D:e}"),
            ("", ""),
        ] {
            let found = expand(value, &paper()).unwrap();
            assert_eq!(found.reveal(), wanted, "{value}");
        }
    }

    #[test]
    fn a_reference_that_leads_nowhere_is_told() {
        for (value, wanted) in [
            ("${env:NONE}", "the variable NONE is not set"),
            ("${file:/s/gone}", "cannot read /s/gone: entity not found"),
            (
                "${file:/s/open}",
                "others than its owner may read /s/open, which holds a secret; run: chmod 600 /s/open",
            ),
            ("${cmd:fail}", "`fail` ended with 1: not logged in"),
            (
                "${vault:x}",
                "${vault:…} leads nowhere; known: ${env:NAME}, ${file:/path}, ${cmd:command}",
            ),
        ] {
            assert_eq!(expand(value, &paper()), Err(wanted.to_owned()), "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_value_is_expanded_or_refused(value in "[${}:a-z\u{e9}]{0,40}") {
            let found = expand(&value, &Paper::default());
            let leads_nowhere = value.contains("${env:}");
            prop_assert!(found.is_err() || !leads_nowhere);
        }
    }
}
