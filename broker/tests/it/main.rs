//! The broker's one integration test binary: a module per subject.

mod records;
