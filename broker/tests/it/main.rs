//! The one integration binary.

mod agreement;
mod golden;
mod messages;
mod readme;
