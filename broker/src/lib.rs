//! Lookout's Kafka-compatible broker, and [`wire`], the protocol codec that the terminal shares.
#![doc = include_str!("../README.md")]

pub mod api;
pub mod auth;
pub mod clock;
pub mod config;
pub mod fault;
pub mod group;
pub mod log;
pub mod meta;
pub mod metrics;
pub mod net;
pub mod node;
pub mod peer;
pub mod quota;
pub mod registry;
pub mod replica;
pub mod sasl;
pub mod secret;
pub mod tls;
pub mod wire;

pub use config::NodeConfig;
pub use node::{NodeHandle, run};
