//! Bytes ↔ structs of the Kafka protocol. Knows no socket, no clock and nothing else of ours.
//!
//! Decoding is total: any bytes give a value or a [`error::WireError`], and memory is proportional
//! to the input, never to a length that the input merely claims.

pub mod api_key;
pub mod compression;
pub mod error;
pub mod error_code;
pub mod frame;
pub mod header;
pub mod messages;
pub mod primitives;
pub mod records;
pub mod tagged;
pub mod uuid;
