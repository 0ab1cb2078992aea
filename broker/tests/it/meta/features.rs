//! Levels that the cluster agrees on: raised, lowered, refused (KIP-584).

use broker::meta::record::{Record, Resource};
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::update_features::FeatureUpdateKey;
use broker::wire::messages::{UpdateFeaturesRequest, UpdateFeaturesResponse};

use super::cluster::{Cluster, registration, settings};

const ELR: &str = "eligible.leader.replicas.version";
const METADATA: &str = "metadata.version";

const UPGRADE: i8 = 1;
const SAFE_DOWNGRADE: i8 = 2;
const UNSAFE_DOWNGRADE: i8 = 3;

fn request(updates: &[(&str, i16, i8)]) -> UpdateFeaturesRequest {
    let update = |(feature, level, upgrade_type): &(&str, i16, i8)| FeatureUpdateKey {
        feature: (*feature).to_owned(),
        max_version_level: *level,
        upgrade_type: *upgrade_type,
        ..Default::default()
    };
    UpdateFeaturesRequest {
        feature_updates: updates.iter().map(update).collect(),
        ..Default::default()
    }
}

fn update(cluster: &mut Cluster, updates: &[(&str, i16, i8)]) -> ErrorCode {
    let answer: UpdateFeaturesResponse = cluster.submit(request(updates));
    answer.error_code
}

/// Why a request is refused; it must change nothing.
fn refused(cluster: &mut Cluster, updates: &[(&str, i16, i8)]) -> String {
    let before = cluster.image.clone();
    let answer: UpdateFeaturesResponse = cluster.submit(request(updates));
    assert_eq!(answer.error_code, ErrorCode::INVALID_UPDATE_VERSION);
    assert_eq!(cluster.image, before);
    answer.error_message.unwrap()
}

/// Turns eligible leaders on or off, as operators do now and then.
pub fn turn_eligible_leaders(cluster: &mut Cluster, on: bool) {
    let level = i16::from(on);
    let kind = if level >= cluster.image.feature(ELR) {
        UPGRADE
    } else {
        SAFE_DOWNGRADE
    };
    assert_eq!(update(cluster, &[(ELR, level, kind)]), ErrorCode::NONE);
}

#[test]
fn a_level_falls_and_rises() {
    let mut cluster = Cluster::of(2);
    for (level, kind) in [
        (0, SAFE_DOWNGRADE),
        (1, UPGRADE),
        (1, UPGRADE),
        (0, UNSAFE_DOWNGRADE),
    ] {
        assert_eq!(
            update(&mut cluster, &[("group.version", level, kind)]),
            ErrorCode::NONE
        );
        assert_eq!(cluster.image.feature("group.version"), level);
    }
}

#[test]
fn what_is_only_validated_changes_nothing() {
    let mut cluster = Cluster::of(1);
    let before = cluster.image.clone();
    let asked = UpdateFeaturesRequest {
        validate_only: true,
        ..request(&[(ELR, 0, SAFE_DOWNGRADE)])
    };
    let answer: UpdateFeaturesResponse = cluster.submit(asked);
    assert_eq!(answer.error_code, ErrorCode::NONE);
    assert_eq!(cluster.image, before);
}

#[test]
fn a_level_goes_only_the_way_that_was_said() {
    let mut cluster = Cluster::of(1);
    let why = refused(&mut cluster, &[("group.version", 0, UPGRADE)]);
    assert!(why.contains("without setting the upgrade type"), "{why}");
    update(&mut cluster, &[("group.version", 0, SAFE_DOWNGRADE)]);
    let why = refused(&mut cluster, &[("group.version", 1, SAFE_DOWNGRADE)]);
    assert!(why.contains("Can't downgrade to a newer version."), "{why}");
    let why = refused(&mut cluster, &[("group.version", 1, 7)]);
    assert!(
        why.contains("does not support the given upgrade type"),
        "{why}"
    );
    let why = refused(&mut cluster, &[("group.version", -1, SAFE_DOWNGRADE)]);
    assert!(why.contains("cannot be less than 0"), "{why}");
}

#[test]
fn a_level_that_somebody_cannot_live_with_is_refused() {
    let mut cluster = Cluster::empty(settings());
    let mut old = registration(1, 1);
    for feature in &mut old.features {
        if feature.name == METADATA {
            feature.min_supported_version = 30;
        }
    }
    cluster.register(&old);
    for (feature, level, who) in [
        (
            "sharing.version",
            1,
            "The local controller does not support this feature.",
        ),
        (
            "group.version",
            2,
            "The local controller only supports versions 0-1",
        ),
        (METADATA, 29, "Broker 1 only supports versions 30"),
    ] {
        let why = refused(&mut cluster, &[(feature, level, UPGRADE)]);
        assert!(why.ends_with(who), "{why}");
    }
}

#[test]
fn metadata_that_would_be_lost_forbids_the_way_back() {
    let mut cluster = Cluster::of(1);
    let why = refused(&mut cluster, &[(METADATA, 29, SAFE_DOWNGRADE)]);
    assert!(why.contains("from 4.3-IV0 to 4.2-IV1. Refusing"), "{why}");
    let why = refused(&mut cluster, &[(METADATA, 29, UNSAFE_DOWNGRADE)]);
    assert!(
        why.contains("Unsafe metadata downgrade is not supported"),
        "{why}"
    );
    // As in a cluster that was not raised to 4.3 yet.
    cluster.agree(&[Record::Feature {
        name: METADATA.to_owned(),
        level: 29,
    }]);
    assert_eq!(
        update(&mut cluster, &[(METADATA, 24, SAFE_DOWNGRADE)]),
        ErrorCode::NONE
    );
    assert_eq!(
        update(&mut cluster, &[(METADATA, 30, UPGRADE)]),
        ErrorCode::NONE
    );
}

#[test]
fn a_request_is_done_as_a_whole_and_levels_stand_on_others() {
    let mut cluster = Cluster::of(1);
    cluster.agree(&[Record::Feature {
        name: METADATA.to_owned(),
        level: 22,
    }]);
    turn_eligible_leaders(&mut cluster, false);
    let why = refused(
        &mut cluster,
        &[("group.version", 0, SAFE_DOWNGRADE), (ELR, 1, UPGRADE)],
    );
    assert!(
        why.contains("depends on metadata.version level 23"),
        "{why}"
    );
    let both = [(ELR, 1, UPGRADE), (METADATA, 23, UPGRADE)];
    assert_eq!(update(&mut cluster, &both), ErrorCode::NONE);
    assert_eq!(cluster.image.feature(ELR), 1);
}

#[test]
fn with_eligible_leaders_all_brokers_have_one_minimum() {
    let mut cluster = Cluster::of(1);
    turn_eligible_leaders(&mut cluster, false);
    let own = Resource::Broker(Some(1));
    cluster.agree(&[Record::Config {
        resource: own.clone(),
        key: "min.insync.replicas".to_owned(),
        value: Some("3".to_owned()),
    }]);
    turn_eligible_leaders(&mut cluster, true);
    assert!(cluster.image.config(&own).is_none());
    let all = cluster.image.config(&Resource::Broker(None)).unwrap();
    assert_eq!(all["min.insync.replicas"], "1");
}

#[test]
fn without_eligible_leaders_one_of_them_is_in_sync_again() {
    let mut cluster = Cluster::of(3);
    cluster.create_with("a", &[&[1, 2, 3]], &[("min.insync.replicas", "2")]);
    cluster.wait_with(9_001, &[1, 2]);
    cluster.wait_with(9_001, &[1]);
    cluster.wait(9_001);
    let state = cluster.partition("a", 0);
    assert_eq!((state.isr, state.elr), (vec![], vec![1, 2]));
    turn_eligible_leaders(&mut cluster, false);
    let state = cluster.partition("a", 0);
    assert_eq!((state.leader, state.isr), (-1, vec![1]));
    assert!(state.elr.is_empty() && state.last_known_elr.is_empty());
    cluster.beat(1);
    let state = cluster.partition("a", 0);
    assert_eq!((state.leader, state.recovering), (1, false));
}
