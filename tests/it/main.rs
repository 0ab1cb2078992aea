//! The one integration binary.

mod cluster;
mod health;
mod shots;
mod support;
