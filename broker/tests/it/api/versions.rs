//! Every API in every version that is advertised, asked of a node that has something to tell: an answer
//! that a version cannot carry closes the connection, and would be seen here.

mod changes;
mod data;
mod groups;
mod logins;
mod questions;

use std::collections::BTreeSet;
use std::fmt::Debug;

use broker::api::SERVED;
use broker::wire::frame;
use broker::wire::messages::{ApiVersionsRequest, Request};
use broker::wire::uuid::Uuid;

use crate::support::client::Client;
use crate::support::cluster::{Cluster, until};

/// A topic of which partition 0 is led by node 1, partition 1 by node 2.
const TOPIC: &str = "told";
/// Names a topic that is there, and one that is not.
const NAMES: [&str; 2] = [TOPIC, "unknown"];
/// Partitions led here, led elsewhere, and not there.
const PARTITIONS: [i32; 3] = [0, 1, 7];

/// Asks, and notes what was asked.
struct Asker {
    client: Client,
    asked: BTreeSet<(i16, i16)>,
}

impl Asker {
    /// Asks in one version; the answer is all that the version's bytes hold.
    async fn ask<R: Request + Debug>(&mut self, request: &R, version: i16) -> R::Response {
        self.asked.insert((R::KEY.0, version));
        let number = self.client.send(request, version).await;
        let Some(content) = self.client.next().await else {
            panic!("{} version {version} is not answered: {request:?}", R::KEY);
        };
        let (answered, response) = frame::read_response::<R::Response>(&content, version).unwrap();
        assert_eq!(answered, number);
        response
    }

    /// Asks in every version.
    async fn all<R: Request + Debug>(&mut self, requests: impl Fn(i16) -> Vec<R>) {
        for version in versions(R::KEY.0) {
            for request in requests(version) {
                self.ask(&request, version).await;
            }
        }
    }
}

fn versions(key: i16) -> std::ops::RangeInclusive<i16> {
    let api = SERVED.iter().find(|api| api.key.0 == key).unwrap();
    *api.advertised.start().max(api.spoken.start())..=*api.advertised.end()
}

/// `make` for every name and partition, the partitions of a name together.
fn by_topic<P, T>(partition: impl Fn(i32) -> P, topic: impl Fn(&str, Vec<P>) -> T) -> Vec<T> {
    let of = |name: &&str| topic(name, PARTITIONS.into_iter().map(&partition).collect());
    NAMES.iter().map(of).collect()
}

fn id_of(name: &str, id: Uuid) -> Uuid {
    if name == TOPIC { id } else { Uuid([9; 16]) }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_bytes_in_every_version_that_is_advertised() {
    let cluster = Cluster::start(2).await;
    let mut asker = Asker {
        client: cluster.client(1).await,
        asked: BTreeSet::new(),
    };
    changes::topics(&mut asker).await;
    let node = cluster.node(1);
    until("the topic is known", || {
        node.image().partition(TOPIC, 1).is_some()
    })
    .await;
    let id = node.image().topics[TOPIC].id;
    data::data(&mut asker, id).await;
    groups::groups(&mut asker).await;
    logins::logins(&mut asker).await;
    questions::questions(&mut asker, id).await;
    changes::changes(&mut asker).await;
    let served: BTreeSet<(i16, i16)> = SERVED
        .iter()
        .flat_map(|api| versions(api.key.0).map(|version| (api.key.0, version)))
        .collect();
    let missed: Vec<_> = served.difference(&asker.asked).collect();
    assert!(missed.is_empty(), "not asked (API, version): {missed:?}");
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_the_controllers_listener_has_bytes_too() {
    let cluster = Cluster::start(1).await;
    let mut asker = Asker {
        client: Client::connect(cluster.controller_address(1)).await,
        asked: BTreeSet::new(),
    };
    asker.all(|_| vec![ApiVersionsRequest::default()]).await;
    asker.all(questions::about_quorum).await;
    asker.all(questions::about_cluster).await;
    asker.all(changes::votes_given).await;
    asker.all(changes::votes_taken).await;
    cluster.end().await;
}
