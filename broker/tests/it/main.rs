//! The one integration binary.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

mod agreement;
mod framing;
mod golden;
mod log;
mod messages;
mod numbers;
mod readme;
mod records;
