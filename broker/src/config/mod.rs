//! Settings by Kafka's own key names: what they may be, what they are, where that came from.

pub mod authorization;
pub mod first_users;
pub mod group;
pub mod keys;
pub mod layers;
mod listeners;
pub mod node;
pub mod properties;
pub mod quorum;
pub mod release;
pub mod security;
pub mod topic;

pub use layers::Layers;
pub use node::NodeConfig;
pub use release::Release;
pub use topic::{CleanupPolicy, TimestampKind, TopicSettings};
