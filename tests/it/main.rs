//! The one integration binary.

mod ui;
