//! The one integration binary.

mod cluster;
mod health;
#[cfg(test)]
mod pty;
mod shots;
#[cfg(test)]
mod support;
mod ui;
