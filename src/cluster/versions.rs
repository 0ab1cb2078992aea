//! Which versions of which APIs one connection's broker speaks, and which one to use. Pure.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use broker::wire::api_key::ApiKey;
use broker::wire::messages::api_versions::ApiVersionsResponse;

use crate::model::Kind;

/// What a broker said about itself when the connection opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Versions {
    ranges: BTreeMap<ApiKey, (i16, i16)>,
    /// Finalized level of the feature `metadata.version`; only KRaft has one.
    pub metadata_version: Option<i16>,
}

impl Versions {
    /// Reads the table out of the broker's answer.
    pub fn of(response: &ApiVersionsResponse) -> Self {
        Self {
            ranges: response
                .api_keys
                .iter()
                .map(|api| (api.api_key, (api.min_version, api.max_version)))
                .collect(),
            metadata_version: response
                .finalized_features
                .iter()
                .find(|feature| feature.name == "metadata.version")
                .map(|feature| feature.max_version_level),
        }
    }

    /// The broker's versions of an API.
    pub fn offered(&self, key: ApiKey) -> Option<RangeInclusive<i16>> {
        self.ranges.get(&key).map(|(min, max)| *min..=*max)
    }

    /// The highest version both sides speak; `None` where they share none.
    pub fn choose(&self, key: ApiKey, ours: &RangeInclusive<i16>) -> Option<i16> {
        let (min, max) = self.ranges.get(&key)?;
        let version = (*ours.end()).min(*max);
        (version >= *min && version >= *ours.start()).then_some(version)
    }

    /// The kind of cluster by its id and what this broker offers (operations.md §1.2).
    pub fn kind(&self, cluster_id: &str) -> Kind {
        let has = |key| self.ranges.contains_key(&key);
        if cluster_id.starts_with("redpanda.") {
            Kind::Redpanda
        } else if has(ApiKey::DESCRIBE_QUORUM) || self.metadata_version.is_some() {
            Kind::KRaft
        } else if has(ApiKey::LEADER_AND_ISR) {
            Kind::ZooKeeper
        } else {
            Kind::Unknown
        }
    }
}

impl Versions {
    /// What seems to run there, by what it offers (operations.md §1.2).
    pub fn software(&self, cluster_id: &str) -> Option<String> {
        match (self.kind(cluster_id), self.metadata_version) {
            (Kind::Redpanda, _) => Some("Redpanda".to_owned()),
            (Kind::KRaft, Some(level)) => Some(match release(level) {
                Some(release) => {
                    format!("KRaft, features of Kafka {release} (metadata.version {level})")
                }
                None => format!("KRaft, metadata.version {level}"),
            }),
            (Kind::KRaft, None) => Some("KRaft".to_owned()),
            (Kind::ZooKeeper, _) => Some("Kafka with ZooKeeper".to_owned()),
            (Kind::Unknown, _) => None,
        }
    }
}

/// The release that brought a level of `metadata.version`.
fn release(level: i16) -> Option<&'static str> {
    Some(match level {
        7 => "3.3",
        8 => "3.4",
        9..=11 => "3.5",
        12..=14 => "3.6",
        15..=19 => "3.7",
        20 => "3.8",
        21 => "3.9",
        22..=25 => "4.0",
        26..=27 => "4.1",
        28..=29 => "4.2",
        30 => "4.3",
        _ => return None,
    })
}

/// The version of `ApiVersions` to try after `tried` was refused; `None` when there is nothing left to try.
/// `listed` is what the refusal itself says (KIP-511), which brokers before 2.4 leave out.
pub fn fall_back(tried: i16, listed: Option<i16>) -> Option<i16> {
    let below = listed.filter(|max| *max < tried && *max >= 0);
    match tried {
        ..=0 => None,
        4.. => Some(below.unwrap_or(3)),
        _ => Some(below.unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[(ApiKey, i16, i16)]) -> Versions {
        Versions {
            ranges: rows
                .iter()
                .map(|(key, min, max)| (*key, (*min, *max)))
                .collect(),
            metadata_version: None,
        }
    }

    #[test]
    fn the_highest_shared_version_is_chosen() {
        let versions = table(&[(ApiKey::METADATA, 1, 8)]);
        assert_eq!(versions.choose(ApiKey::METADATA, &(1..=13)), Some(8));
        assert_eq!(versions.choose(ApiKey::METADATA, &(0..=5)), Some(5));
        assert_eq!(versions.choose(ApiKey::METADATA, &(9..=13)), None);
        assert_eq!(versions.choose(ApiKey::METADATA, &(0..=0)), None);
        assert_eq!(versions.choose(ApiKey::LIST_GROUPS, &(0..=5)), None);
    }

    #[test]
    fn a_refused_version_falls_back_to_what_the_refusal_lists() {
        assert_eq!(fall_back(4, Some(2)), Some(2));
        assert_eq!(fall_back(4, None), Some(3));
        assert_eq!(fall_back(3, None), Some(0));
        assert_eq!(fall_back(3, Some(9)), Some(0));
        assert_eq!(fall_back(0, None), None);
    }

    #[test]
    fn the_kind_of_cluster_follows_from_what_is_offered() {
        let kraft = table(&[(ApiKey::DESCRIBE_QUORUM, 0, 2), (ApiKey::METADATA, 0, 13)]);
        let zookeeper = table(&[(ApiKey::LEADER_AND_ISR, 0, 5)]);
        assert_eq!(kraft.kind("abc"), Kind::KRaft);
        assert_eq!(zookeeper.kind("abc"), Kind::ZooKeeper);
        assert_eq!(table(&[]).kind("redpanda.1"), Kind::Redpanda);
        assert_eq!(table(&[]).kind("abc"), Kind::Unknown);
    }

    #[test]
    fn the_software_is_told_by_kind_and_feature_level() {
        let level = |level| Versions {
            metadata_version: Some(level),
            ..Versions::default()
        };
        let said = level(27).software("abc");
        assert_eq!(
            said.as_deref(),
            Some("KRaft, features of Kafka 4.1 (metadata.version 27)")
        );
        assert_eq!(
            level(99).software("abc").as_deref(),
            Some("KRaft, metadata.version 99")
        );
        assert_eq!(
            table(&[]).software("redpanda.1").as_deref(),
            Some("Redpanda")
        );
        assert_eq!(table(&[]).software("abc"), None);
    }
}
