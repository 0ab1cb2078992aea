//! What several tests need.

pub mod drawing;
pub mod keys;
pub mod scene;
