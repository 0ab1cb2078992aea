//! What several tests need.

pub mod canned;
pub mod drawing;
pub mod scene;
