//! The one integration binary.

mod health;
mod look;
mod shots;
mod support;
