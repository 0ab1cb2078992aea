//! The one integration binary.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod agreement;
mod api;
mod auth;
mod config;
mod descriptors;
mod disks;
mod framing;
mod golden;
mod group;
mod log;
mod messages;
mod meta;
mod net;
mod node;
mod numbers;
mod quorum;
mod quotas;
mod readme;
mod records;
mod registry;
mod replica;
mod support;
mod upkeep;
mod voters;
