//! What can be wrong with bytes, or with a value that is to become bytes.

use thiserror::Error;

/// A failed decode or encode. Carries no bytes of the message: those may be secrets.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WireError {
    /// The input ended inside a value.
    #[error("needs {needed} bytes for {what}, {left} are left")]
    Truncated {
        /// The field or structure.
        what: &'static str,
        /// Bytes it needs.
        needed: usize,
        /// Bytes there are.
        left: usize,
    },
    /// A length or count that the rest of the input cannot hold, or that is negative where null is
    /// not allowed.
    #[error("{what} claims length {length}, which is impossible here")]
    BadLength {
        /// The field or structure.
        what: &'static str,
        /// The claimed length.
        length: i64,
    },
    /// A variable-length integer of more bytes than its type can need.
    #[error("variable-length integer in {what} does not end")]
    BadVarint {
        /// The field or structure.
        what: &'static str,
    },
    /// A string that is not UTF-8.
    #[error("{what} is not UTF-8")]
    NotUtf8 {
        /// The field or structure.
        what: &'static str,
    },
    /// Null where the schema forbids it.
    #[error("{what} is null")]
    UnexpectedNull {
        /// The field or structure.
        what: &'static str,
    },
    /// An API version that the codec does not speak.
    #[error("{message} version {version} is not known")]
    UnknownVersion {
        /// The struct.
        message: &'static str,
        /// The version asked for.
        version: i16,
    },
    /// A field is set that the chosen version cannot carry and that must not be dropped silently.
    #[error("{message} version {version} cannot carry {field}")]
    NotInVersion {
        /// The struct.
        message: &'static str,
        /// The version asked for.
        version: i16,
        /// The field that is set.
        field: &'static str,
    },
    /// Bytes left over after a whole message.
    #[error("{left} bytes are left after {message}")]
    LeftOver {
        /// The struct.
        message: &'static str,
        /// Bytes there are.
        left: usize,
    },
    /// Anything else that makes a value invalid: a magic byte, a checksum, a compressed block.
    #[error("{what}: {why}")]
    Invalid {
        /// The field or structure.
        what: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// Result of every codec function.
pub type Result<T> = std::result::Result<T, WireError>;
