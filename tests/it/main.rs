//! The one integration binary.

mod health;
mod look;
mod screens;
mod shots;
mod support;
