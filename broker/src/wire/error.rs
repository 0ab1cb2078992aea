//! What can be wrong with bytes, or with a value that is to become bytes.

use thiserror::Error;

/// A failed decode or encode. Carries no bytes of the message: those may be secrets.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WireError {
    /// The input ended inside a value.
    #[error("needs {needed} bytes for {what}, {left} are left")]
    Truncated {
        what: &'static str,
        needed: usize,
        left: usize,
    },
    /// A length or count that the rest of the input cannot hold, or that is negative where null is not allowed.
    #[error("{what} claims length {length}, which is impossible here")]
    BadLength { what: &'static str, length: i64 },
    /// A variable-length integer of more bytes than its type can need.
    #[error("variable-length integer in {what} does not end")]
    BadVarint { what: &'static str },
    /// A string that is not UTF-8.
    #[error("{what} is not UTF-8")]
    NotUtf8 { what: &'static str },
    /// Null where the schema forbids it.
    #[error("{what} is null")]
    UnexpectedNull { what: &'static str },
    /// An API version that the codec does not speak.
    #[error("{message} version {version} is not known")]
    UnknownVersion { message: &'static str, version: i16 },
    /// A field is set that the chosen version cannot carry and that must not be dropped silently.
    #[error("{message} version {version} cannot carry {field}")]
    NotInVersion {
        message: &'static str,
        version: i16,
        field: &'static str,
    },
    /// Bytes left over after a whole message.
    #[error("{left} bytes are left after {message}")]
    LeftOver { message: &'static str, left: usize },
    /// Anything else that makes a value invalid: a magic byte, a checksum, a compressed block.
    #[error("{what}: {why}")]
    Invalid { what: &'static str, why: String },
}

/// Result of every codec function.
pub type Result<T> = std::result::Result<T, WireError>;
