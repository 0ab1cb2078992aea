//! Settings by Kafka's own key names: what they may be, what they are, where that came from.

pub mod keys;
pub mod node;
pub mod topic;

pub use node::NodeConfig;
pub use topic::{CleanupPolicy, TimestampKind, TopicSettings};
