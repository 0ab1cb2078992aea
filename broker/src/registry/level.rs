//! Compatibility levels and modes, by the words that clients use.

use serde::{Deserialize, Serialize};

/// Which way schemas of a subject must stay readable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Level {
    /// Anything goes.
    None,
    /// The new schema reads what the latest wrote.
    #[default]
    Backward,
    /// … what any of them wrote.
    BackwardTransitive,
    /// The latest schema reads what the new one writes.
    Forward,
    /// … and so does any of them.
    ForwardTransitive,
    /// Both, with the latest.
    Full,
    /// Both, with all.
    FullTransitive,
}

impl Level {
    /// As it is written in requests, in letters of any size.
    pub fn named(text: &str) -> Option<Self> {
        Some(match text.to_ascii_uppercase().as_str() {
            "NONE" => Self::None,
            "BACKWARD" => Self::Backward,
            "BACKWARD_TRANSITIVE" => Self::BackwardTransitive,
            "FORWARD" => Self::Forward,
            "FORWARD_TRANSITIVE" => Self::ForwardTransitive,
            "FULL" => Self::Full,
            "FULL_TRANSITIVE" => Self::FullTransitive,
            _ => return None,
        })
    }

    /// Whether new schemas must read what older ones wrote.
    pub fn is_backward(self) -> bool {
        use Level::{Backward, BackwardTransitive, Full, FullTransitive};
        matches!(self, Backward | BackwardTransitive | Full | FullTransitive)
    }

    /// Whether older schemas must read what new ones write.
    pub fn is_forward(self) -> bool {
        use Level::{Forward, ForwardTransitive, Full, FullTransitive};
        matches!(self, Forward | ForwardTransitive | Full | FullTransitive)
    }

    /// Whether that holds for all older ones, not only the latest.
    pub fn is_transitive(self) -> bool {
        use Level::{BackwardTransitive, ForwardTransitive, FullTransitive};
        matches!(
            self,
            BackwardTransitive | ForwardTransitive | FullTransitive
        )
    }
}

/// What may be done with subjects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Mode {
    /// Everything but choosing ids.
    #[default]
    #[serde(rename = "READWRITE")]
    ReadWrite,
    /// Nothing but reading.
    #[serde(rename = "READONLY")]
    ReadOnly,
    /// The same for all subjects, whatever they say themselves.
    #[serde(rename = "READONLY_OVERRIDE")]
    ReadOnlyOverride,
    /// Schemas come with their ids and versions.
    #[serde(rename = "IMPORT")]
    Import,
}

impl Mode {
    /// As it is written in requests.
    pub fn named(text: &str) -> Option<Self> {
        Some(match text.to_ascii_uppercase().as_str() {
            "READWRITE" => Self::ReadWrite,
            "READONLY" => Self::ReadOnly,
            "READONLY_OVERRIDE" => Self::ReadOnlyOverride,
            "IMPORT" => Self::Import,
            _ => return None,
        })
    }

    /// Whether nothing may be changed.
    pub fn is_read_only(self) -> bool {
        matches!(self, Self::ReadOnly | Self::ReadOnlyOverride)
    }
}
