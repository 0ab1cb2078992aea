//! What must not be lost: what a wiped voter had acknowledged, and the sessions of brokers while the
//! controller is without its majority.

use std::time::{Duration, Instant};

use broker::clock::Clock;
use broker::meta::command::Reply;
use broker::meta::features::SUPPORTED;
use broker::wire::messages::broker_registration::RegisteredFeature;
use broker::wire::messages::{BrokerHeartbeatRequest, BrokerRegistrationRequest};
use broker::wire::uuid::Uuid;

use super::house::{House, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wiped_voter_does_not_help_to_forget_what_it_acknowledged() {
    let mut house = House::started(3).await;
    let leader = house.leader_of(&[1, 2, 3]).await;
    let others: Vec<i32> = [1, 2, 3].into_iter().filter(|id| *id != leader).collect();
    let [wiped, late] = others[..] else {
        panic!("{others:?}");
    };
    house.set(leader, 1).await;
    house.has(late, 1).await;
    house.kill(late).await;
    house.set(leader, 2).await;
    house.has(wiped, 2).await;
    house.kill(wiped).await;
    house.kill(leader).await;
    std::fs::remove_dir_all(house.directory(wiped)).unwrap();
    // These two are a majority, and neither knows of the second value.
    house.start(wiped).await;
    house.start(late).await;
    let decided = house.try_set(late, 1000).await;
    assert!(decided.is_err(), "decided without what was agreed on");
    house.start(leader).await;
    for node in [1, 2, 3] {
        house.has(node, 2).await;
    }
    // Once it has everything again, it votes like any other.
    house.set(leader, 3).await;
    house.has(wiped, 3).await;
    house.has(late, 3).await;
    house.kill(leader).await;
    let next = house.leader_of(&[wiped, late]).await;
    house.set(next, 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn brokers_keep_their_sessions_while_the_controller_is_without_its_majority() {
    let mut house = House::new(2).await;
    house.clock = Clock::manual(1_000);
    house.start(1).await;
    house.start(2).await;
    let leader = house.leader_of(&[1, 2]).await;
    let other = 3 - leader;
    let epoch = register(&house, leader).await;
    // The leader reaches nobody, and nobody can ask it for a vote.
    house.cut(leader, &[other]);
    house.cut(other, &[leader]);
    until("the leader is alone", || async {
        house.quorum(leader).leader().is_none().then_some(())
    })
    .await;
    house.clock.advance(60_000);
    house.cut(other, &[]);
    // Some ticks of the controller.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(2) {
        house.set(leader, 1).await;
    }
    let image = house.quorum(leader).images().borrow().clone();
    let broker = &image.brokers[&7];
    assert_eq!((broker.epoch, broker.fenced), (epoch, false));
}

/// Registers and unfences broker 7.
async fn register(house: &House, through: i32) -> i64 {
    let features = SUPPORTED.iter().map(|feature| RegisteredFeature {
        name: feature.name.to_owned(),
        min_supported_version: feature.min,
        max_supported_version: feature.max,
        ..RegisteredFeature::default()
    });
    let request = BrokerRegistrationRequest {
        broker_id: 7,
        cluster_id: "house".to_owned(),
        incarnation_id: Uuid([3; 16]),
        features: features.collect(),
        log_dirs: vec![Uuid([4; 16])],
        ..BrokerRegistrationRequest::default()
    };
    let epoch = until("broker 7 is registered", || async {
        let reply = house.quorum(through).submit(request.clone().into()).await;
        match reply.ok()? {
            Reply::BrokerRegistration(done) if done.error_code.is_ok() => Some(done.broker_epoch),
            other => panic!("{other:?}"),
        }
    })
    .await;
    let request = BrokerHeartbeatRequest {
        broker_id: 7,
        broker_epoch: epoch,
        current_metadata_offset: epoch,
        ..BrokerHeartbeatRequest::default()
    };
    until("broker 7 is unfenced", || async {
        let reply = house.quorum(through).submit(request.clone().into()).await;
        let Reply::BrokerHeartbeat(done) = reply.ok()? else {
            return None;
        };
        (done.error_code.is_ok() && !done.is_fenced).then_some(())
    })
    .await;
    epoch
}
