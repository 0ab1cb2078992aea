//! What several tests need.

pub mod scene;
pub mod drawing;
