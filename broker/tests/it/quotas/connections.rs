//! How many connections a node takes and how fast: limits that hold as soon as they are set (KIP-402, KIP-612).

use std::time::{Duration, Instant};

use broker::wire::messages::ApiVersionsRequest;
use tokio::time::timeout;

use super::configure;
use super::settings::set;
use crate::support::client::{Client, PATIENCE};
use crate::support::cluster::Cluster;

/// Whether a new connection is answered; else it is closed.
async fn is_served(cluster: &Cluster) -> Option<Client> {
    let mut client = cluster.client(1).await;
    let request = ApiVersionsRequest::default();
    client.send(&request, 0).await;
    let answered = timeout(PATIENCE, client.next()).await.unwrap();
    answered.map(|_| client)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connections_of_one_address_are_limited_while_the_node_runs() {
    let cluster = Cluster::start(1).await;
    let mut admin = cluster.client(1).await;
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(is_served(&cluster).await.unwrap());
    }
    // Its own, and those of the node to itself.
    configure(&mut admin, (4, ""), "max.connections.per.ip", "2").await;
    while is_served(&cluster).await.is_some() {}
    configure(
        &mut admin,
        (4, ""),
        "max.connections.per.ip.overrides",
        "127.0.0.1:1000",
    )
    .await;
    let began = Instant::now();
    while is_served(&cluster).await.is_none() {
        assert!(began.elapsed() < PATIENCE);
    }
    for mut client in open {
        client.ask(&ApiVersionsRequest::default(), 0).await;
    }
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_most_connections_clients_wait_until_one_ends_or_the_limit_is_raised() {
    let cluster = Cluster::with(1, &[("inter.broker.listener.name", "PLAINTEXT")]).await;
    let mut admin = cluster.client(1).await;
    configure(&mut admin, (4, ""), "max.connections", "1").await;
    // The node may have waited for one more already.
    let mut served = Vec::new();
    let mut waiting = loop {
        let mut client = cluster.client(1).await;
        client.send(&ApiVersionsRequest::default(), 0).await;
        let answered = timeout(Duration::from_millis(500), client.next()).await;
        match answered {
            Ok(_) => served.push(client),
            Err(_) => break client,
        }
        assert!(served.len() < 3, "the limit does not hold");
    };
    configure(&mut admin, (4, ""), "max.connections", "").await;
    let answered = timeout(PATIENCE, waiting.next()).await.unwrap();
    assert!(answered.is_some());
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_connects_too_often_is_kept_waiting_in_vain() {
    let cluster = Cluster::with(1, &[("quota.window.num", "3")]).await;
    let mut admin = cluster.client(1).await;
    let anybody = [("ip", None)];
    set(&mut admin, &anybody, "connection_creation_rate", Some(1.0)).await;
    let (mut closed, mut served) = (0_u32, 0_u32);
    let began = Instant::now();
    while closed < 3 {
        assert!(began.elapsed() < PATIENCE, "{served} were served");
        let one = Instant::now();
        if is_served(&cluster).await.is_some() {
            served += 1;
        } else {
            closed += 1;
            assert!(one.elapsed() > Duration::from_millis(1), "not at once");
        }
    }
    let most = 4.0 + began.elapsed().as_secs_f64();
    assert!(f64::from(served) <= most, "{served} of at most {most}");
    set(&mut admin, &anybody, "connection_creation_rate", None).await;
    let free = async { while is_served(&cluster).await.is_none() {} };
    timeout(PATIENCE, free).await.unwrap();
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_connections_are_accepted_no_faster_than_the_nodes_rate() {
    let cluster = Cluster::with(1, &[("quota.window.num", "2")]).await;
    let mut admin = cluster.client(1).await;
    configure(&mut admin, (4, ""), "max.connection.creation.rate", "2").await;
    let began = Instant::now();
    for _ in 0..12 {
        assert!(
            is_served(&cluster).await.is_some(),
            "it waits and is served"
        );
    }
    // Twelve at two a second, of which a few are free at the beginning.
    assert!(
        began.elapsed() > Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    cluster.end().await;
}
