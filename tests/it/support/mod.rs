//! What several tests need.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, also where a scene is built"
)]

pub mod canned;
pub mod drawing;
#[expect(
    dead_code,
    reason = "the interop stories share this file and use other parts of it"
)]
pub mod pty;
pub mod scene;
