//! Who is at the other end of a connection, whether they may be there, and what they may do. The decisions are pure
//! ([`login`], [`token`], [`principal`], [`authorizer`]); what they need to know comes from the metadata and from
//! settings. Never sends a byte and never shows a password, key or token.

pub mod authorizer;
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
