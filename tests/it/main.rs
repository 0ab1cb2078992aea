//! The one integration binary.

mod health;
mod support;
mod shots;
