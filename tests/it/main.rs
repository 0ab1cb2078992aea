//! The one integration binary: a module per subject.
#![cfg(test)]

mod cluster;
mod docs;
mod health;
mod journeys;
mod older;
mod practice;
mod program;
mod pty;
mod screens;
mod secrets;
mod shots;
mod support;
mod tidy;
mod ui;
mod ways;
mod ways_in;
