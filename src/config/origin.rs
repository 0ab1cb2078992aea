//! Where a value comes from: what `lookout config --origins` shows, and what an error begins with.

use std::fmt;
use std::sync::Arc;

/// The source of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody gave it.
    Default,
    /// A line of a file.
    Line { file: Arc<str>, line: usize },
    /// An environment variable.
    Variable(Arc<str>),
    /// A flag of the command line.
    Flag(&'static str),
    /// What was used the last time.
    Last,
}

impl Origin {
    /// A line of a file.
    pub fn line(file: &Arc<str>, line: usize) -> Self {
        Self::Line {
            file: file.clone(),
            line,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Line { file, line } => write!(f, "{file}:{line}"),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
            Self::Last => f.write_str("last used"),
        }
    }
}
