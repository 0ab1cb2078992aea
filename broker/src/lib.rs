//! Lookout's Kafka-compatible broker. It begins with [`wire`], the protocol codec that the
//! terminal shares.
#![doc = include_str!("../README.md")]

pub mod wire;
