//! The features that a cluster agrees on (KIP-584): what this program supports, what a new cluster
//! starts with. Levels are Kafka's.

/// One feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feature {
    /// Its name.
    pub name: &'static str,
    /// Lowest level this program works with; 0 is "off".
    pub min: i16,
    /// Highest level; a new cluster starts with it.
    pub max: i16,
}

/// The metadata's version; 30 is Kafka 4.3's `4.3-IV0`, 7 is `3.3-IV3`, the lowest of Kafka 4.
pub const METADATA_VERSION: &str = "metadata.version";

/// Eligible leader replicas (KIP-966); on in clusters that were new with Kafka 4.1 or later.
pub const ELIGIBLE_LEADER_REPLICAS: &str = "eligible.leader.replicas.version";

/// Every feature a broker here registers with and a new cluster finalises at its highest level.
/// `transaction.version` is not among them: level 2 promises KIP-890's transactions.
pub const SUPPORTED: &[Feature] = &[
    Feature {
        name: METADATA_VERSION,
        min: 7,
        max: 30,
    },
    Feature {
        name: ELIGIBLE_LEADER_REPLICAS,
        min: 0,
        max: 1,
    },
    Feature {
        name: "group.version",
        min: 0,
        max: 1,
    },
];
