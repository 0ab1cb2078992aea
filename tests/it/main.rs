//! The one integration binary.

mod health;
mod journeys;
mod screens;
mod shots;
mod support;
