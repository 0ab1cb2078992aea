//! The one integration binary.

mod health;
mod journeys;
mod look;
mod screens;
mod shots;
mod support;
