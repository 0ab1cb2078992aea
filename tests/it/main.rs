//! The one integration binary.

mod health;
mod shots;
mod support;
