//! Lookout: a full-screen terminal for Kafka operators.

pub mod cluster;
pub mod model;
