//! Brokers make themselves known (rule 41).

use broker::meta::features::{METADATA_VERSION, SUPPORTED};
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse, BrokerHeartbeatRequest,
    BrokerHeartbeatResponse, BrokerRegistrationRequest,
};
use broker::wire::uuid::Uuid;

use super::cluster::{Cluster, dir, registration, settings};

fn error_of(cluster: &mut Cluster, request: &BrokerRegistrationRequest) -> ErrorCode {
    let before = cluster.image.clone();
    let answer = cluster.register(request);
    assert_eq!(cluster.image, before, "a refusal changes nothing");
    assert_eq!(answer.broker_epoch, -1);
    answer.error_code
}

#[test]
fn the_first_broker_of_a_cluster_finalises_its_features() {
    let mut cluster = Cluster::empty(settings());
    cluster.register(&registration(1, 1));
    let finalised: Vec<(&str, i16)> = SUPPORTED
        .iter()
        .map(|feature| (feature.name, feature.max))
        .collect();
    for (name, level) in &finalised {
        assert_eq!(cluster.image.feature(name), *level, "{name}");
    }
    assert_eq!(cluster.image.features.len(), finalised.len());
    assert_eq!(cluster.image.feature(METADATA_VERSION), 30);
    assert_eq!(cluster.image.feature("transaction.version"), 0);
}

#[test]
fn a_broker_epoch_is_the_offset_of_its_registration() {
    let mut cluster = Cluster::empty(settings());
    let first = cluster.register(&registration(1, 1));
    assert_eq!(first.broker_epoch, cluster.image.offset);
    assert_eq!(cluster.epoch(1), first.broker_epoch);
    let second = cluster.register(&registration(2, 2));
    assert_eq!(second.broker_epoch, first.broker_epoch + 1);
}

#[test]
fn a_new_broker_is_fenced_until_it_has_read_its_own_registration() {
    let mut cluster = Cluster::empty(settings());
    let epoch = cluster.register(&registration(1, 1)).broker_epoch;
    assert!(cluster.is_fenced(1));
    let behind = BrokerHeartbeatRequest {
        current_metadata_offset: epoch - 1,
        ..cluster.heartbeat(1)
    };
    let answer: BrokerHeartbeatResponse = cluster.submit(behind);
    assert!(answer.is_fenced && !answer.is_caught_up && cluster.is_fenced(1));
    let answer = cluster.beat(1);
    assert!(!answer.is_fenced && answer.is_caught_up && !cluster.is_fenced(1));
}

#[test]
fn a_broker_that_wants_to_stay_fenced_stays_fenced() {
    let mut cluster = Cluster::empty(settings());
    cluster.register(&registration(1, 1));
    let request = BrokerHeartbeatRequest {
        want_fence: true,
        ..cluster.heartbeat(1)
    };
    let answer: BrokerHeartbeatResponse = cluster.submit(request);
    assert!(answer.is_caught_up && answer.is_fenced && cluster.is_fenced(1));
}

#[test]
fn the_same_run_asking_again_gets_the_same_epoch() {
    let mut cluster = Cluster::of(1);
    let before = cluster.image.clone();
    let again = cluster.register(&registration(1, 1));
    assert_eq!(
        (again.error_code, again.broker_epoch),
        (ErrorCode::NONE, cluster.epoch(1))
    );
    assert_eq!(cluster.image, before);
}

#[test]
fn an_id_in_use_is_refused_until_its_session_is_over() {
    let mut cluster = Cluster::of(2);
    cluster.now_ms += 9_000;
    let refused = error_of(&mut cluster, &registration(1, 2));
    assert_eq!(refused, ErrorCode::DUPLICATE_BROKER_REGISTRATION);
    cluster.now_ms += 1;
    let answer = cluster.register(&registration(1, 2));
    assert_eq!(answer.error_code, ErrorCode::NONE);
    assert!(cluster.is_fenced(1));
}

#[test]
fn a_fenced_brokers_id_is_free() {
    let mut cluster = Cluster::of(1);
    cluster.wait(9_001);
    assert!(cluster.is_fenced(1));
    let old = cluster.epoch(1);
    assert!(cluster.register(&registration(1, 2)).broker_epoch > old);
}

#[test]
fn a_broker_of_another_cluster_is_refused() {
    let mut cluster = Cluster::of(1);
    let request = BrokerRegistrationRequest {
        cluster_id: "other".to_owned(),
        ..registration(2, 2)
    };
    assert_eq!(
        error_of(&mut cluster, &request),
        ErrorCode::INCONSISTENT_CLUSTER_ID
    );
}

#[test]
fn a_broker_without_a_finalised_feature_is_refused() {
    let mut cluster = Cluster::of(1);
    let mut request = registration(2, 2);
    request
        .features
        .retain(|feature| feature.name != METADATA_VERSION);
    assert_eq!(
        error_of(&mut cluster, &request),
        ErrorCode::UNSUPPORTED_VERSION
    );
    let mut request = registration(2, 2);
    request.features[0].max_supported_version = 29;
    assert_eq!(
        error_of(&mut cluster, &request),
        ErrorCode::UNSUPPORTED_VERSION
    );
}

#[test]
fn log_directories_are_named_once_and_belong_to_one_broker() {
    let mut cluster = Cluster::of(1);
    for dirs in [
        vec![],
        vec![dir(2), dir(2)],
        vec![dir(1)],
        vec![Uuid::ZERO],
        vec![Uuid(1_u128.to_be_bytes())],
    ] {
        let request = BrokerRegistrationRequest {
            log_dirs: dirs,
            ..registration(2, 2)
        };
        assert_eq!(
            error_of(&mut cluster, &request),
            ErrorCode::INVALID_REGISTRATION
        );
    }
}

#[test]
fn heartbeats_of_strangers_and_of_earlier_runs_are_refused() {
    let mut cluster = Cluster::of(1);
    let stranger = BrokerHeartbeatRequest {
        broker_id: 9,
        ..cluster.heartbeat(1)
    };
    let answer: BrokerHeartbeatResponse = cluster.submit(stranger);
    assert_eq!(answer.error_code, ErrorCode::BROKER_ID_NOT_REGISTERED);
    let stale = BrokerHeartbeatRequest {
        broker_epoch: cluster.epoch(1) - 1,
        ..cluster.heartbeat(1)
    };
    let answer: BrokerHeartbeatResponse = cluster.submit(stale);
    assert_eq!(answer.error_code, ErrorCode::STALE_BROKER_EPOCH);
}

#[test]
fn producer_ids_come_in_blocks_that_never_overlap() {
    let mut cluster = Cluster::of(2);
    for broker in [1, 2, 1] {
        let before = cluster.image.next_producer_id;
        let request = AllocateProducerIdsRequest {
            broker_id: broker,
            broker_epoch: cluster.epoch(broker),
            ..Default::default()
        };
        let answer: AllocateProducerIdsResponse = cluster.submit(request);
        assert_eq!(
            (answer.producer_id_start, answer.producer_id_len),
            (before, 1_000)
        );
        assert_eq!(cluster.image.next_producer_id, before + 1_000);
    }
    let stale = AllocateProducerIdsRequest {
        broker_id: 1,
        broker_epoch: 0,
        ..Default::default()
    };
    let answer: AllocateProducerIdsResponse = cluster.submit(stale);
    assert_eq!(answer.error_code, ErrorCode::STALE_BROKER_EPOCH);
}
