//! A learned fact and where it came from. Every number on the screen is one of these or follows from some.

use std::sync::Arc;

use super::broker::BrokerId;
use super::units::{Moment, Span};

/// Who told us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Source {
    /// This broker's answer.
    Broker(BrokerId),
    /// A bootstrap address, before its broker's id is known.
    #[default]
    Bootstrap,
}

/// Why the latest attempt to learn a fact failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub at: Moment,
    /// One sentence naming the thing, fit for the screen (already free of control characters).
    pub text: Arc<str>,
    /// What kind of failure it is; screens word and colour by this.
    pub kind: FailureKind,
}

/// Kinds of failure that are treated differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// No answer: connection or deadline. The fact grows old.
    NoAnswer,
    /// The broker refused for lack of permission.
    NotPermitted,
    /// This cluster does not offer the API or version.
    NotOffered,
    /// Any other error answer.
    Refused,
    /// The request could not be written or the answer not read: our codec and the broker disagree.
    Garbled,
}

impl FailureKind {
    /// The kind in words, to follow a colon.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoAnswer => "no answer",
            Self::NotPermitted => "not permitted",
            Self::NotOffered => "not offered by this cluster",
            Self::Refused => "refused",
            Self::Garbled => "answer not understood",
        }
    }
}

/// The last value learned, when and from whom, and what went wrong since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed<T> {
    value: Option<T>,
    at: Option<Moment>,
    from: Source,
    failure: Option<Failure>,
}

impl<T> Default for Observed<T> {
    fn default() -> Self {
        Self {
            value: None,
            at: None,
            from: Source::default(),
            failure: None,
        }
    }
}

impl<T> Observed<T> {
    /// A value just learned.
    pub fn learned(value: T, at: Moment, from: Source) -> Self {
        Self {
            value: Some(value),
            at: Some(at),
            from,
            failure: None,
        }
    }

    /// Nothing learned so far, and the reason.
    pub fn failed(failure: Failure) -> Self {
        Self {
            failure: Some(failure),
            ..Self::default()
        }
    }

    /// The last value, however old.
    pub fn value(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// When the value was learned.
    pub fn at(&self) -> Option<Moment> {
        self.at
    }

    /// Who told us the value.
    pub fn from(&self) -> Source {
        self.from
    }

    /// Why the latest attempt failed; nothing when the latest attempt succeeded.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Notes a failed attempt; the value stays, and ages.
    pub fn fail(&mut self, failure: Failure) {
        self.failure = Some(failure);
    }

    /// How old the value is, once it is older than `due`: what a screen dims and labels. `None` = fresh or unknown.
    pub fn overdue(&self, now: Moment, due: Span) -> Option<Span> {
        self.at.map(|at| at.age(now)).filter(|age| *age > due)
    }

    /// The same fact with its value mapped.
    pub fn map<U>(&self, map: impl FnOnce(&T) -> U) -> Observed<U> {
        Observed {
            value: self.value.as_ref().map(map),
            at: self.at,
            from: self.from,
            failure: self.failure.clone(),
        }
    }
}
