//! Control records: what a control batch says in the keys of its records (KIP-98, KIP-595).
//!
//! Knows the end of a transaction; the kinds that the metadata quorum writes are passed on by number.

use crate::wire::error::{Result, WireError};
use crate::wire::primitives::Reader;

use super::walker::Record;

/// What a control record means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// The producer's transaction was aborted: its records since the last marker do not count.
    Abort,
    /// The producer's transaction was committed.
    Commit,
    /// A kind that is none of transactions, by its number (2–6 belong to the quorum).
    Other(i16),
}

impl Control {
    /// Reads the key of a control record: its version, which tells nothing so far, and its kind.
    pub fn of(record: &Record<'_>) -> Result<Self> {
        let key = record.key.ok_or(WireError::UnexpectedNull {
            what: "control record key",
        })?;
        let mut reader = Reader::new(key);
        let version = reader.i16("control record version")?;
        if version < 0 {
            return Err(WireError::UnknownVersion {
                message: "control record",
                version,
            });
        }
        Ok(match reader.i16("control record kind")? {
            0 => Self::Abort,
            1 => Self::Commit,
            kind => Self::Other(kind),
        })
    }

    /// The key of such a record, version 0.
    pub fn key(self) -> [u8; 4] {
        let kind = match self {
            Self::Abort => 0,
            Self::Commit => 1,
            Self::Other(kind) => kind,
        };
        let [high, low] = kind.to_be_bytes();
        [0, 0, high, low]
    }
}

/// The epoch of the transaction coordinator that wrote an abort or commit marker, from its value.
pub fn coordinator_epoch(record: &Record<'_>) -> Result<i32> {
    let value = record.value.ok_or(WireError::UnexpectedNull {
        what: "transaction marker",
    })?;
    let mut reader = Reader::new(value);
    let version = reader.i16("transaction marker version")?;
    if version < 0 {
        return Err(WireError::UnknownVersion {
            message: "transaction marker",
            version,
        });
    }
    reader.i32("coordinator epoch")
}

/// The value of an abort or commit marker, version 0.
pub fn transaction_marker(coordinator_epoch: i32) -> [u8; 6] {
    let [a, b, c, d] = coordinator_epoch.to_be_bytes();
    [0, 0, a, b, c, d]
}
