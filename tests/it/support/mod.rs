//! What several tests need.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, also where a scene is built"
)]

pub mod drawing;
pub mod scene;
