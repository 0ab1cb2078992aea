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

/// Levels of `metadata.version` with their names in Kafka, and whether one brought records that the level
/// before does not know: such a level cannot be gone back from.
const METADATA_LEVELS: [(i16, &str, bool); 24] = [
    (7, "3.3-IV3", true),
    (8, "3.4-IV0", true),
    (9, "3.5-IV0", false),
    (10, "3.5-IV1", false),
    (11, "3.5-IV2", true),
    (12, "3.6-IV0", false),
    (13, "3.6-IV1", true),
    (14, "3.6-IV2", true),
    (15, "3.7-IV0", true),
    (16, "3.7-IV1", false),
    (17, "3.7-IV2", true),
    (18, "3.7-IV3", false),
    (19, "3.7-IV4", false),
    (20, "3.8-IV0", false),
    (21, "3.9-IV0", false),
    (22, "4.0-IV0", false),
    (23, "4.0-IV1", true),
    (24, "4.0-IV2", false),
    (25, "4.0-IV3", false),
    (26, "4.1-IV0", false),
    (27, "4.1-IV1", false),
    (28, "4.2-IV0", false),
    (29, "4.2-IV1", false),
    (30, "4.3-IV0", true),
];

/// Levels that stand on another feature: this feature, from this level on, wants the other one at that
/// level at least.
pub const PRESUPPOSED: [(&str, i16, &str, i16); 1] =
    [(ELIGIBLE_LEADER_REPLICAS, 1, METADATA_VERSION, 23)];

/// Kafka's name of a level of `metadata.version`, such as `4.0-IV1`; `unknown` of others.
pub fn metadata_name(level: i16) -> &'static str {
    let known = METADATA_LEVELS.iter().find(|(of, ..)| *of == level);
    known.map_or("unknown", |(_, name, _)| *name)
}

/// Whether going back from one level of `metadata.version` to a lower one may lose metadata.
pub fn is_lossy(from: i16, to: i16) -> bool {
    let mut between = METADATA_LEVELS.iter();
    between.any(|(level, _, is_new)| *is_new && *level > to && *level <= from)
}
