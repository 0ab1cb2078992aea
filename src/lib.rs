//! Lookout: a full-screen terminal for Kafka operators.

pub mod config;
pub mod logging;
pub mod model;
pub mod terminal;
pub mod ui;
