//! What several tests need.

pub mod scene;
