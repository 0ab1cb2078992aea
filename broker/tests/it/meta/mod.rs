//! The metadata core: situations one by one, then whole lives of clusters by seed.

#![expect(
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod alter_partition;
mod cluster;
mod configs;
mod coverage;
mod directories;
mod elections;
mod eligible_leaders;
mod features;
mod fencing;
mod invariants;
mod placement;
mod reassignment;
mod registration;
mod shutdown;
mod simulation;
mod snapshots;
mod topics;
