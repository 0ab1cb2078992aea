//! Lookout: a full-screen terminal for Kafka operators.

pub mod model;
pub mod ui;
