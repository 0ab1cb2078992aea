//! Consumer groups, told as stories: rules 57 to 67.

mod desk;
mod joining;
mod members;
mod partitions;
mod schema;
mod statics;
mod syncing;
