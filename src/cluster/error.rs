//! What can go wrong between us and a broker: each error names its subject and a way out.
//!
//! Texts are one sentence, free of control characters, and carry no bytes of a message.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use broker::wire::api_key::ApiKey;
use broker::wire::error::WireError;
use broker::wire::error_code::ErrorCode;
use thiserror::Error;

use crate::model::observed::FailureKind;
use crate::model::{Failure, Moment, ProbeFailure, Rung};

/// A stream to an address could not be made ready for requests. The text is a phrase of operations.md §1.3.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text}")]
pub struct DialError {
    /// The first step that failed.
    pub rung: Rung,
    /// What happened to which address, and what can be done.
    pub text: Arc<str>,
    /// Whether the other side refused rather than stayed silent: it runs.
    pub refused: bool,
    /// Whether it was said before: nothing was dialled, a login that was refused is not tried again yet.
    pub remembered: bool,
}

impl DialError {
    /// The other side is there and refuses, or what we are told to show it is of no use.
    pub fn refusal(rung: Rung, text: &str) -> Self {
        Self {
            rung,
            text: printable(text),
            refused: true,
            remembered: false,
        }
    }

    /// Nothing usable came from the other side.
    pub fn silence(rung: Rung, text: &str) -> Self {
        Self {
            refused: false,
            ..Self::refusal(rung, text)
        }
    }

    /// The error that a stream's own error carries, where a layer of the way in put one there.
    pub fn within(error: &std::io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().cloned()
    }
}

/// A request that got no usable answer.
#[derive(Debug, Clone, Error)]
pub enum CallError {
    /// There is no connection and none could be made.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The connection ended while the request was waiting.
    #[error("{peer}: {why}")]
    Broken { peer: Arc<str>, why: Arc<str> },
    /// The broker stayed silent.
    #[error("{peer} did not answer {api} within {} ms; it may hang or be overloaded", .after.as_millis())]
    Silent {
        peer: Arc<str>,
        api: ApiKey,
        after: Duration,
    },
    /// The broker's versions of the API and the needed ones do not meet.
    #[error("{peer} does not offer {api} from version {need} on ({}); it needs a newer broker", offer(.offered.as_ref()))]
    NotOffered {
        peer: Arc<str>,
        api: ApiKey,
        need: i16,
        offered: Option<RangeInclusive<i16>>,
    },
    /// The codec could not write the request or read the answer.
    #[error(
        "{peer}, {api} version {version}: {source}; please report this broker's make and version"
    )]
    Garbled {
        peer: Arc<str>,
        api: ApiKey,
        version: i16,
        source: WireError,
    },
    /// The broker answered with an error.
    #[error("{peer} answered {api} with {code}{}", say(*.code, .detail))]
    Refused {
        peer: Arc<str>,
        api: ApiKey,
        code: ErrorCode,
        /// The broker's own words, where it sent some.
        detail: Arc<str>,
    },
    /// The address leads to another cluster.
    #[error(
        "{peer} belongs to another cluster ({theirs}); check advertised.listeners and what stands before it"
    )]
    Elsewhere { peer: Arc<str>, theirs: Arc<str> },
    /// Nobody is left to ask.
    #[error("no broker of this cluster can be asked at the moment")]
    Nobody,
}

fn offer(offered: Option<&RangeInclusive<i16>>) -> String {
    offered.map_or_else(
        || "it does not list that API".to_owned(),
        |range| format!("it lists {} to {}", range.start(), range.end()),
    )
}

fn say(code: ErrorCode, detail: &str) -> String {
    match (code.say(), detail) {
        (Some(words), "") => format!(": {words}"),
        (None, "") => String::new(),
        (_, detail) => format!(": {detail}"),
    }
}

impl CallError {
    /// How screens treat it.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Dial(_) | Self::Broken { .. } | Self::Silent { .. } | Self::Nobody => {
                FailureKind::NoAnswer
            }
            Self::NotOffered { .. } => FailureKind::NotOffered,
            Self::Garbled { .. } => FailureKind::Garbled,
            Self::Refused { code, .. } => kind_of(*code),
            Self::Elsewhere { .. } => FailureKind::Refused,
        }
    }

    /// The error as a fact's failure.
    pub fn failure(&self, at: Moment) -> Failure {
        Failure {
            at,
            text: printable(&self.to_string()),
            kind: self.kind(),
        }
    }

    /// The error as the outcome of a probe that had got as far as `rung`.
    pub fn probe_failure(&self, rung: Rung, peer: &str) -> ProbeFailure {
        let text = match self {
            Self::Dial(dial) => {
                return ProbeFailure {
                    rung: dial.rung,
                    text: dial.text.clone(),
                    refused: dial.refused,
                };
            }
            Self::Silent { .. } if rung <= Rung::ApiVersions => printable(&format!(
                "{peer}: port is open, the broker does not answer; it may hang, or still be recovering its logs"
            )),
            Self::Silent { .. } => printable(&format!(
                "{peer}: answers handshake, not requests; it may be overloaded or without metadata"
            )),
            Self::Broken { .. }
            | Self::NotOffered { .. }
            | Self::Garbled { .. }
            | Self::Refused { .. }
            | Self::Elsewhere { .. }
            | Self::Nobody => printable(&self.to_string()),
        };
        ProbeFailure {
            rung,
            text,
            refused: false,
        }
    }
}

/// The kind of an error code that a broker answered with.
pub fn kind_of(code: ErrorCode) -> FailureKind {
    match code {
        ErrorCode::TOPIC_AUTHORIZATION_FAILED
        | ErrorCode::GROUP_AUTHORIZATION_FAILED
        | ErrorCode::CLUSTER_AUTHORIZATION_FAILED => FailureKind::NotPermitted,
        ErrorCode::UNSUPPORTED_VERSION => FailureKind::NotOffered,
        _ => FailureKind::Refused,
    }
}

/// An error code about `subject` as a fact's failure.
pub fn refusal(subject: &str, code: ErrorCode, at: Moment) -> Failure {
    Failure {
        at,
        text: printable(&format!("{subject}: {code}{}", say(code, ""))),
        kind: kind_of(code),
    }
}

/// Text without control characters or the marks that reorder a line: words from the network may hold anything.
pub fn printable(text: &str) -> Arc<str> {
    let hostile = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.contains(hostile) {
        text.replace(hostile, "\u{fffd}").into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brokers_words_lose_their_control_characters() {
        let error = CallError::Refused {
            peer: "broker 1 (a:1)".into(),
            api: ApiKey::METADATA,
            code: ErrorCode::UNKNOWN_SERVER_ERROR,
            detail: "\u{1b}[2Joops\r\n".into(),
        };
        let failure = error.failure(Moment::default());
        assert!(failure.text.contains("[2Joops"));
        assert!(!failure.text.contains(char::is_control));
        assert_eq!(failure.kind, FailureKind::Refused);
    }

    #[test]
    fn a_missing_api_is_named_with_what_is_needed() {
        let error = CallError::NotOffered {
            peer: "broker 2 (b:9092)".into(),
            api: ApiKey::DESCRIBE_CLUSTER,
            need: 2,
            offered: Some(0..=1),
        };
        assert_eq!(
            error.to_string(),
            "broker 2 (b:9092) does not offer DescribeCluster from version 2 on (it lists 0 to 1); it needs a newer broker"
        );
        assert_eq!(error.kind(), FailureKind::NotOffered);
    }
}
