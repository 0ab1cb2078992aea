//! Every API in every version that is advertised, asked of a node that has something to tell: an answer
//! that a version cannot carry closes the connection, and would be seen here.

mod changes;
mod data;
mod groups;
mod logins;
mod questions;
mod rules;

use std::collections::BTreeSet;
use std::fmt::Debug;

use broker::api::SERVED;
use broker::api::needs::FREE;
use broker::config::authorization::STANDARD;
use broker::sasl::Mechanism;
use broker::wire::api_key::ApiKey;
use broker::wire::error_code::ErrorCode;
use broker::wire::frame;
use broker::wire::messages::{ApiVersionsRequest, ListOffsetsRequest, Request};
use broker::wire::uuid::Uuid;

use crate::auth::guarded;
use crate::support::client::Client;
use crate::support::cluster::{Cluster, until};
use crate::support::secure::password;

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
    /// What was denied.
    denied: BTreeSet<(i16, i16)>,
}

impl Asker {
    fn over(client: Client) -> Self {
        Self {
            client,
            asked: BTreeSet::new(),
            denied: BTreeSet::new(),
        }
    }

    /// Asks in one version; the answer is all that the version's bytes hold.
    async fn ask<R>(&mut self, request: &R, version: i16) -> R::Response
    where
        R: Request + Debug,
        R::Response: Debug,
    {
        self.asked.insert((R::KEY.0, version));
        let number = self.client.send(request, version).await;
        let Some(content) = self.client.next().await else {
            panic!("{} version {version} is not answered: {request:?}", R::KEY);
        };
        let (answered, response) = frame::read_response::<R::Response>(&content, version).unwrap();
        assert_eq!(answered, number);
        if format!("{response:?}").contains("AUTHORIZATION_FAILED") {
            self.denied.insert((R::KEY.0, version));
        }
        response
    }

    /// Asks in every version.
    async fn all<R>(&mut self, requests: impl Fn(i16) -> Vec<R>)
    where
        R: Request + Debug,
        R::Response: Debug,
    {
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
    let mut asker = Asker::over(cluster.client(1).await);
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
    logins::users(&mut asker).await;
    rules::rules(&mut asker).await;
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

/// Answers that leave out what may not be seen, instead of denying it.
const LEAVE_OUT: [ApiKey; 2] = [ApiKey::LIST_GROUPS, ApiKey::DESCRIBE_CLUSTER];

#[tokio::test(flavor = "multi_thread")]
async fn whom_no_rule_speaks_of_is_denied_by_every_api_in_every_version_and_changes_nothing() {
    let jaas = "x.PlainLoginModule required user_stranger=\"x\";";
    let cluster = guarded(&[
        ("sasl.enabled.mechanisms", "PLAIN"),
        ("listener.name.plaintext.plain.sasl.jaas.config", jaas),
        ("authorizer.class.name", STANDARD),
        ("super.users", "User:ANONYMOUS"),
    ])
    .await;
    let mut admin = cluster.client_of(1, "INSIDE").await;
    changes::a_topic(&mut admin, &[1, 1]).await;
    let mut stranger = cluster.client(1).await;
    let entered = stranger
        .log_in(&password(Mechanism::Plain, "stranger", "x"))
        .await;
    assert_eq!(entered.error_code, ErrorCode::NONE);
    let node = cluster.node(1);
    let before = node.image().records();
    let mut asker = Asker::over(stranger);
    let id = node.image().topics[TOPIC].id;
    changes::creations(&mut asker).await;
    data::data(&mut asker, id).await;
    groups::groups(&mut asker).await;
    logins::users(&mut asker).await;
    rules::rules(&mut asker).await;
    questions::questions(&mut asker, id).await;
    changes::changes(&mut asker).await;
    let free = FREE.iter().map(|(key, _)| *key).chain(LEAVE_OUT);
    let free: BTreeSet<i16> = free.map(|key| key.0).collect();
    let served = SERVED.iter().filter(|api| !free.contains(&api.key.0));
    let served: BTreeSet<(i16, i16)> = served
        .flat_map(|api| versions(api.key.0).map(|version| (api.key.0, version)))
        // Its first answers have no room for an error: they hold no directory.
        .filter(|(key, version)| *key != ApiKey::DESCRIBE_LOG_DIRS.0 || *version >= 3)
        .collect();
    let passed: Vec<_> = served.difference(&asker.denied).collect();
    assert!(passed.is_empty(), "not denied (API, version): {passed:?}");
    assert_eq!(node.image().records(), before);
    let latest = ListOffsetsRequest {
        replica_id: -1,
        topics: data::ends(),
        ..ListOffsetsRequest::default()
    };
    let end = admin.ask(&latest, 4).await;
    assert_eq!(end.topics[0].partitions[0].offset, 0, "nothing was written");
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_the_controllers_listener_has_bytes_too() {
    let cluster = Cluster::start(1).await;
    let mut asker = Asker::over(Client::connect(cluster.controller_address(1)).await);
    asker.all(|_| vec![ApiVersionsRequest::default()]).await;
    asker.all(questions::about_quorum).await;
    asker.all(questions::about_cluster).await;
    asker.all(changes::votes_given).await;
    asker.all(changes::votes_taken).await;
    cluster.end().await;
}
