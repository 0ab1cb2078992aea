//! Logins as bytes and arithmetic: what PLAIN, SCRAM and OAUTHBEARER say, as the server and as the
//! client. Pure: nonces and times come in, nothing here knows a connection or who may enter.

pub mod bearer;
pub mod client;
pub mod jaas;
pub mod plain;
pub mod scram;

use std::fmt;

use serde::{Deserialize, Serialize};

/// A SASL mechanism that this broker speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Mechanism {
    /// A name and a password as they are (RFC 4616).
    Plain,
    /// SCRAM over SHA-256 (RFC 7677).
    ScramSha256,
    /// SCRAM over SHA-512.
    ScramSha512,
    /// A signed token (RFC 7628, KIP-255).
    OAuthBearer,
}

impl Mechanism {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Plain,
        Self::ScramSha256,
        Self::ScramSha512,
        Self::OAuthBearer,
    ];

    /// Its registered name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::OAuthBearer => "OAUTHBEARER",
        }
    }

    /// The mechanism of this name, as clients spell it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// The hash of a SCRAM mechanism.
    pub fn hash(self) -> Option<scram::Hash> {
        match self {
            Self::ScramSha256 => Some(scram::Hash::Sha256),
            Self::ScramSha512 => Some(scram::Hash::Sha512),
            Self::Plain | Self::OAuthBearer => None,
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a login is refused. What a client gets to read says nothing of what is known of the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Words that the client may read.
    #[error("{0}")]
    Told(String),
    /// Words for the log; the client reads that its credentials are invalid.
    #[error("{0}")]
    Hidden(String),
}

impl Refusal {
    pub(crate) fn hidden(why: impl Into<String>) -> Self {
        Self::Hidden(why.into())
    }

    pub(crate) fn told(why: impl Into<String>) -> Self {
        Self::Told(why.into())
    }
}

/// The words for an authorization id that is not the user's own: nobody may act for others.
pub(crate) fn other_authzid() -> Refusal {
    Refusal::told(
        "Authentication failed: Client requested an authorization id that is different from username",
    )
}
