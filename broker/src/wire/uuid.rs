//! The protocol's UUID: sixteen bytes, written for people as Kafka's tools write them.

use std::fmt;
use std::str::FromStr;

use super::error::{Result, WireError};

/// A topic, directory or member identity. Shown as URL-safe base64 without padding, 22 characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Uuid(pub [u8; 16]);

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl Uuid {
    /// All zeros: the protocol's "no id".
    pub const ZERO: Self = Self([0; 16]);

    /// The log directory of a replica whose broker has lost it, whichever it was (KIP-858).
    pub const LOST: Self = Self(1_u128.to_be_bytes());

    /// Whether this is the protocol's "no id".
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = u128::from_be_bytes(self.0);
        // 22 characters hold 132 bits; the last one carries four bits of zeros below its two.
        for index in 0..22_u32 {
            let bits = if index == 21 {
                value << 4
            } else {
                value >> (122 - 6 * index)
            };
            let digit = usize::try_from(bits & 0x3f).unwrap_or_default();
            let letter = ALPHABET.get(digit).copied().unwrap_or(b'A');
            write!(f, "{}", char::from(letter))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uuid({self})")
    }
}

impl FromStr for Uuid {
    type Err = WireError;

    /// Reads the 22 characters that [`fmt::Display`] writes.
    fn from_str(text: &str) -> Result<Self> {
        let invalid = || WireError::Invalid {
            what: "uuid",
            why: format!("{text:?} is not one"),
        };
        if text.len() != 22 {
            return Err(invalid());
        }
        let mut value = 0_u128;
        for (index, letter) in text.bytes().enumerate() {
            let digit = ALPHABET.iter().position(|candidate| *candidate == letter);
            let digit = digit
                .and_then(|digit| u128::try_from(digit).ok())
                .ok_or_else(invalid)?;
            value = if index == 21 {
                value << 2 | digit >> 4
            } else {
                value << 6 | digit
            };
        }
        Ok(Self(value.to_be_bytes()))
    }
}

impl serde::Serialize for Uuid {
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Uuid {
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
