//! Registries of several nodes: any of them answers, one decides, and the topic survives its leader.

use std::collections::BTreeSet;

use serde_json::json;
use tokio::task::JoinSet;

use super::http::{cluster, of, one_int, record};
use crate::support::cluster::{Cluster, until};

fn leader(cluster: &Cluster, asked: i32) -> Option<i32> {
    let image = cluster.node(asked).image();
    image.partition("_schemas", 0).map(|state| state.leader)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_registered_at_one_node_is_known_at_all_of_them_and_ids_are_unique() {
    let cluster = cluster(3).await;
    let mut tasks = JoinSet::new();
    for number in 0..24 {
        let registry = of(&cluster, 1 + number % 3);
        tasks.spawn(async move {
            // Two nodes register each schema at the same moment.
            let schema = record(&format!("R{}", number / 2), &json!([]));
            let subject = format!("s{number}");
            let id = registry.register(&subject, &schema).await.ok()["id"]
                .as_i64()
                .unwrap();
            // Read at the node that was asked.
            assert_eq!(
                registry
                    .get(&format!("/subjects/{subject}/versions/1"))
                    .await
                    .ok()["id"],
                json!(id)
            );
            (number / 2, id)
        });
    }
    let all = tasks.join_all().await;
    let pairs: BTreeSet<(i32, i64)> = all.into_iter().collect();
    let ids: BTreeSet<i64> = pairs.iter().map(|(_, id)| *id).collect();
    assert_eq!(
        (pairs.len(), ids.len()),
        (12, 12),
        "a schema has one id, and an id one schema"
    );
    assert_eq!(ids.last(), Some(&12));
    for node in 1..=3 {
        let registry = of(&cluster, node);
        for id in &ids {
            registry.get(&format!("/schemas/ids/{id}")).await.ok();
        }
    }
    let topic = cluster.node(1).image().topics["_schemas"].clone();
    assert_eq!(
        (topic.partitions.len(), topic.partitions[0].replicas.len()),
        (1, 3)
    );
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registry_survives_its_leader_and_a_restart_of_every_node() {
    let mut cluster = cluster(3).await;
    of(&cluster, 1).register("s", &one_int()).await.ok();
    let first = leader(&cluster, 1).unwrap();
    let other = 1 + first % 3;
    cluster.stop_at_once(first).await;
    let moved = || leader(&cluster, other).is_some_and(|now| now != first && now >= 0);
    until("another leader of _schemas", moved).await;
    let registered = of(&cluster, other).register("t", &json!("long")).await.ok();
    assert_eq!(registered, json!({"id": 2}));
    cluster.launch(first).await;
    cluster.all_serving().await;
    let known = of(&cluster, first).get("/schemas/ids/2").await.ok();
    assert_eq!(known, json!({"schema": "\"long\""}));
    for id in cluster.ids() {
        cluster.stop_at_once(id).await;
    }
    for id in cluster.ids() {
        cluster.launch(id).await;
    }
    cluster.all_serving().await;
    for id in cluster.ids() {
        assert_eq!(
            of(&cluster, id).get("/subjects").await.ok(),
            json!(["s", "t"])
        );
    }
    assert_eq!(
        of(&cluster, 2).register("u", &json!("float")).await.ok(),
        json!({"id": 3})
    );
    cluster.end().await;
}
