//! Lookout: a full-screen terminal for Kafka operators.
#![doc = include_str!("README.md")]

pub mod action;
pub mod app;
pub mod cli;
mod clock;
pub mod cluster;
pub mod config;
pub mod effect;
pub mod event;
pub mod headless;
pub mod logging;
pub mod model;
pub mod node;
pub mod practice;
pub mod profiles;
pub mod roles;
pub mod screens;
pub mod state;
pub mod terminal;
pub mod ui;
