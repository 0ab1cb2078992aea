//! The one integration binary: a module per subject.
#![cfg(test)]

mod docs;
mod cluster;
mod health;
mod pty;
mod shots;
mod support;
mod tidy;
mod ui;
