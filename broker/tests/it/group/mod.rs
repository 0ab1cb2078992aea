//! Consumer groups, told as stories: rules 57 to 67.

mod desk;
mod joining;
mod members;
mod statics;
mod syncing;
