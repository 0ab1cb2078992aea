//! What the stories of whole nodes need. Starts nothing by itself.

pub mod client;
pub mod cluster;
pub mod secure;
