//! Consumer groups, told as stories: rules 57 to 67.

mod coordinator;
mod desk;
mod dice;
mod joining;
mod members;
mod memory_log;
mod partitions;
mod schema;
mod simulation;
mod statics;
mod syncing;
