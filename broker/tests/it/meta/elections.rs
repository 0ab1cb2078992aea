//! `ElectLeaders` and `UnregisterBroker` (rule 43).

use broker::wire::error_code::ErrorCode;
use broker::wire::messages::elect_leaders::TopicPartitions;
use broker::wire::messages::{
    ElectLeadersRequest, ElectLeadersResponse, UnregisterBrokerRequest, UnregisterBrokerResponse,
};

use super::cluster::Cluster;

const PREFERRED: i8 = 0;
const UNCLEAN: i8 = 1;

/// The codes of the first topic's partitions.
fn elect(cluster: &mut Cluster, kind: i8, partitions: Option<&[i32]>) -> Vec<ErrorCode> {
    let request = ElectLeadersRequest {
        election_type: kind,
        topic_partitions: partitions.map(|partitions| {
            vec![TopicPartitions {
                topic: "a".to_owned(),
                partitions: partitions.to_vec(),
                ..Default::default()
            }]
        }),
        ..Default::default()
    };
    let response: ElectLeadersResponse = cluster.submit(request);
    let results = response.replica_election_results.iter();
    results
        .flat_map(|topic| &topic.partition_result)
        .map(|one| one.error_code)
        .collect()
}

/// Partition 0 is led by 2 though 1 is its first replica and in sync; partition 1 is as it should be.
fn cluster() -> Cluster {
    let mut cluster = Cluster::of(3);
    cluster.create("a", &[&[1, 2], &[3, 2]]);
    cluster.wait_with(9_001, &[2, 3]);
    cluster.beat(1);
    cluster
}

#[test]
fn the_preferred_replica_leads_when_asked_for() {
    let mut cluster = cluster();
    let nobody = elect(&mut cluster, PREFERRED, Some(&[0, 1, 7]));
    let expected = [
        ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE,
        ErrorCode::ELECTION_NOT_NEEDED,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
    ];
    assert_eq!(nobody, expected, "1 is not in sync yet");
    cluster.set_isr("a", &[2, 1]);
    assert_eq!(elect(&mut cluster, PREFERRED, None), [ErrorCode::NONE]);
    assert_eq!(cluster.partition("a", 0).leader, 1);
    assert_eq!(elect(&mut cluster, PREFERRED, None), []);
}

#[test]
fn an_unclean_election_is_for_partitions_without_a_leader() {
    let mut cluster = cluster();
    let led = elect(&mut cluster, UNCLEAN, Some(&[0]));
    assert_eq!(led, [ErrorCode::ELECTION_NOT_NEEDED]);
    cluster.wait_with(9_001, &[1, 3]);
    assert_eq!(cluster.partition("a", 0).leader, -1);
    assert_eq!(elect(&mut cluster, UNCLEAN, Some(&[0])), [ErrorCode::NONE]);
    let state = cluster.partition("a", 0);
    assert_eq!(
        (state.leader, state.isr, state.recovering),
        (1, vec![1], true)
    );
    cluster.wait(9_001);
    let nobody = elect(&mut cluster, UNCLEAN, Some(&[0]));
    assert_eq!(nobody, [ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE]);
}

#[test]
fn an_unknown_kind_of_election_is_refused() {
    let request = ElectLeadersRequest {
        election_type: 2,
        ..Default::default()
    };
    let response: ElectLeadersResponse = cluster().submit(request);
    assert_eq!(response.error_code, ErrorCode::INVALID_REQUEST);
}

#[test]
fn a_broker_is_forgotten_once() {
    let mut cluster = cluster();
    let mut unregister = || {
        let request = UnregisterBrokerRequest {
            broker_id: 2,
            ..Default::default()
        };
        let response: UnregisterBrokerResponse = cluster.submit(request);
        response.error_code
    };
    assert_eq!(unregister(), ErrorCode::NONE);
    assert_eq!(unregister(), ErrorCode::BROKER_ID_NOT_REGISTERED);
    assert!(!cluster.image.brokers.contains_key(&2));
    assert_eq!(cluster.partition("a", 1).isr, [3]);
}
