//! Settings by Kafka's own key names: what they may be, what they are, where that came from.

pub mod group;
pub mod keys;
pub mod layers;
pub mod node;
pub mod topic;

pub use layers::Layers;
pub use node::NodeConfig;
pub use topic::TopicSettings;
