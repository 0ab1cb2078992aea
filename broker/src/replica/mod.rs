//! Replication: leaders and followers over logs. The decisions are pure state machines
//! (`leader`, `follower`, `isr`); this shell has the disks, the tasks and the connections.

use std::sync::Arc;

use crate::meta::image::{Delta, Image};

pub mod epochs;
pub mod follower;
pub mod isr;
pub mod leader;
pub mod watermark;

/// Every replica this node holds; shared by all that serve requests.
#[derive(Debug)]
pub struct Replicas {}

impl Replicas {
    /// Leads, follows, stops and deletes as the metadata says.
    pub fn follow_metadata(&self, image: &Arc<Image>, delta: &Delta) {
        let _ = (image, delta);
        todo!()
    }
}
