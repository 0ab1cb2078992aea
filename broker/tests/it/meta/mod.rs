//! The metadata core: situations one by one, then whole lives of clusters by seed.

mod alter_partition;
mod cluster;
mod configs;
mod elections;
mod eligible_leaders;
mod fencing;
mod invariants;
mod placement;
mod reassignment;
mod registration;
mod shutdown;
mod simulation;
mod snapshots;
mod topics;
