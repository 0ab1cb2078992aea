//! Releases of Kafka that a node can pass for, so that what clients see of older clusters can be tried: the
//! newest version of each API that their brokers tell, and their features. Facts only; decides nothing.

use std::ops::RangeInclusive;

/// A release of Kafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// 2.8, with `ZooKeeper`: no quorum is seen, and no feature.
    V2_8,
    /// 3.3, the first with KRaft for production.
    V3_3,
    /// 3.9, the last of its line.
    V3_9,
    /// 4.0, without `ZooKeeper` and without versions from before 2.1.
    V4_0,
}

/// The releases by name.
pub const NAMES: &[&str] = &["2.8", "3.3", "3.9", "4.0"];

/// Newest version of each API for clients in 2.8, 3.3, 3.9 and 4.0, by key; −1 where it is not told.
const NEWEST: &[(i16, [i16; 4])] = &[
    (0, [9, 9, 11, 12]),
    (1, [12, 13, 17, 17]),
    (2, [6, 7, 9, 10]),
    (3, [11, 12, 12, 13]),
    (8, [8, 8, 9, 9]),
    (9, [7, 8, 9, 9]),
    (10, [3, 4, 6, 6]),
    (11, [7, 9, 9, 9]),
    (12, [4, 4, 4, 4]),
    (13, [4, 5, 5, 5]),
    (14, [5, 5, 5, 5]),
    (15, [5, 5, 5, 6]),
    (16, [4, 4, 5, 5]),
    (17, [1, 1, 1, 1]),
    (18, [3, 3, 4, 4]),
    (19, [7, 7, 7, 7]),
    (20, [6, 6, 6, 6]),
    (21, [2, 2, 2, 2]),
    (22, [4, 4, 5, 5]),
    (23, [4, 4, 4, 4]),
    (24, [3, 3, 5, 5]),
    (25, [3, 3, 4, 4]),
    (26, [3, 3, 4, 5]),
    (27, [1, 1, 1, 1]),
    (28, [3, 3, 4, 5]),
    (29, [2, 3, 3, 3]),
    (30, [2, 3, 3, 3]),
    (31, [2, 3, 3, 3]),
    (32, [4, 4, 4, 4]),
    (33, [2, 2, 2, 2]),
    (34, [2, 2, 2, 2]),
    (35, [2, 4, 4, 4]),
    (36, [2, 2, 2, 2]),
    (37, [3, 3, 3, 3]),
    (38, [2, -1, 3, 3]),
    (39, [2, -1, 2, 2]),
    (40, [2, -1, 2, 2]),
    (41, [2, -1, 3, 3]),
    (42, [2, 2, 2, 2]),
    (43, [2, 2, 2, 2]),
    (44, [1, 1, 1, 1]),
    (45, [0, 0, 0, 0]),
    (46, [0, 0, 0, 0]),
    (47, [0, 0, 0, 0]),
    (48, [1, 1, 1, 1]),
    (49, [1, 1, 1, 1]),
    (50, [0, -1, 0, 0]),
    (51, [0, -1, 0, 0]),
    (55, [-1, 1, 2, 2]),
    (57, [0, 1, 1, 2]),
    (60, [0, 0, 1, 2]),
    (61, [0, 0, 0, 0]),
    (64, [-1, 0, 0, 0]),
    (65, [-1, 0, 0, 0]),
    (66, [-1, 0, 1, 1]),
    (68, [-1, -1, 0, 1]),
    (69, [-1, -1, 0, 1]),
    (74, [-1, -1, 0, 0]),
    (75, [-1, -1, 0, 0]),
    (80, [-1, -1, 0, 0]),
    (81, [-1, -1, 0, 0]),
];

/// A feature that a release supports: its name, its lowest and its highest level.
type Supported = (&'static str, i16, i16);

impl Release {
    /// The release of this name, one of [`NAMES`].
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "2.8" => Some(Self::V2_8),
            "3.3" => Some(Self::V3_3),
            "3.9" => Some(Self::V3_9),
            "4.0" => Some(Self::V4_0),
            _ => None,
        }
    }

    /// What is left of the versions of an API that this program serves; `None` where nothing is.
    pub fn limit(self, key: i16, served: &RangeInclusive<i16>) -> Option<RangeInclusive<i16>> {
        let (_, [v2_8, v3_3, v3_9, v4_0]) = NEWEST.iter().find(|(known, _)| *known == key)?;
        let newest = match self {
            Self::V2_8 => *v2_8,
            Self::V3_3 => *v3_3,
            Self::V3_9 => *v3_9,
            Self::V4_0 => *v4_0,
        };
        let left = *served.start()..=newest.min(*served.end());
        (!left.is_empty()).then_some(left)
    }

    /// The levels of a feature that the release supports.
    pub fn levels(self, feature: &str) -> Option<RangeInclusive<i16>> {
        let all: &[Supported] = match self {
            Self::V2_8 => &[],
            Self::V3_3 => &[("metadata.version", 1, 7)],
            Self::V3_9 => &[("metadata.version", 1, 21), ("kraft.version", 0, 1)],
            Self::V4_0 => &[
                ("metadata.version", 7, 25),
                ("kraft.version", 0, 1),
                ("transaction.version", 0, 2),
                ("group.version", 0, 1),
                ("eligible.leader.replicas.version", 0, 1),
            ],
        };
        let found = all.iter().find(|(name, ..)| *name == feature);
        found.map(|(_, min, max)| *min..=*max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_release_and_no_other_is() {
        assert!(NAMES.iter().all(|name| Release::named(name).is_some()));
        assert_eq!(Release::named("3.4"), None);
    }

    #[test]
    fn what_a_release_did_not_have_is_not_left() {
        let quorum = |release: Release| release.limit(55, &(0..=2));
        assert_eq!(quorum(Release::V2_8), None);
        assert_eq!(quorum(Release::V3_3), Some(0..=1));
        assert_eq!(quorum(Release::V4_0), Some(0..=2));
        assert_eq!(Release::V3_3.limit(10_000, &(0..=0)), None);
        assert_eq!(
            Release::V2_8.limit(1, &(13..=18)),
            None,
            "no version in common"
        );
    }
}
