//! Whose answers are believed, and who is asked before contact is given up.

use broker::wire::api_key::ApiKey;
use lookout::model::{BrokerId, Snapshot, VerdictKind};
use tokio::net::TcpListener;

use super::{look, until};
use crate::support::canned::{Canned, Mood, World};

#[tokio::test]
async fn another_clusters_answer_replaces_nothing() {
    let canned = Canned::start(World::empty(2)).await;
    let mut world = World::empty(3);
    world.cluster_id = "another-cluster-000001";
    let other = Canned::start(world).await;
    let named = vec![canned.address(1)];
    canned.divert(2, &other, 3);
    let mut watch = look(named);
    let wrong = |s: &Snapshot| {
        let broker = s.broker(BrokerId(2));
        broker.is_some_and(|broker| broker.verdict.kind == VerdictKind::WrongTarget)
    };
    until(&mut watch, |s| wrong(s)).await;
    canned.mood(1, Mood::Away);
    let seen = until(&mut watch, |s| {
        s.facts.topology.failure().is_some() || !wrong(s)
    })
    .await;
    let identity = seen.facts.identity.value().unwrap();
    assert_eq!(&*identity.cluster_id, "paper-cluster-00000001");
    assert_eq!(seen.facts.topology.value().unwrap().brokers.len(), 2);
}

#[tokio::test]
async fn every_bootstrap_address_is_asked_before_all_are_said_to_fail() {
    let canned = Canned::start(World::empty(1).offering(ApiKey::METADATA, None)).await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let closed = listener.local_addr().unwrap().to_string();
    drop(listener);
    let mut watch = look(vec![canned.address(1), closed]);
    let seen = until(&mut watch, |s| !s.facts.contact_failures.is_empty()).await;
    let [metadata, refused] = &*seen.facts.contact_failures else {
        panic!("{:?}", seen.facts.contact_failures);
    };
    assert!(metadata.contains("does not offer Metadata"), "{metadata}");
    assert!(refused.contains("nothing listens"), "{refused}");
}
