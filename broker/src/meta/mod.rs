//! The cluster's metadata: an [`image::Image`] that [`record::Record`]s change, a pure
//! [`controller`] that answers commands with records, and a [`quorum`] that agrees on them.
//!
//! `handle` and `apply` know no clock, no I/O and no randomness: what they need of these comes in.

pub mod acl;
pub mod apply;
pub mod command;
pub mod controller;
pub mod features;
pub mod image;
pub mod liveness;
pub mod placement;
pub mod quorum;
pub mod record;
pub mod settings;
