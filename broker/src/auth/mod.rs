//! Who is at the other end of a connection, and whether they may be there. The decisions are pure
//! ([`login`], [`token`], [`principal`]); what they need to know comes from the metadata and from
//! settings. Never sends a byte and never shows a password, key or token.

pub mod gate;
pub mod key_ring;
pub mod login;
pub mod principal;
pub mod session;
pub mod tally;
pub mod token;

pub use gate::{Gate, GateError};
pub use session::{NotAdmitted, Session, Then};

/// Who has not said who they are.
pub const ANONYMOUS: &str = "User:ANONYMOUS";
