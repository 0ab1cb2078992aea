//! Lookout.
