//! Whole nodes whose quorum says itself who votes (KIP-853): begun with one controller, grown by requests as
//! Kafka's tools send them, and still there after a restart.

use std::net::SocketAddr;

use broker::wire::error_code::ErrorCode;
use broker::wire::messages::add_raft_voter::Listener;
use broker::wire::messages::describe_quorum::{RequestPartitionData, RequestTopicData};
use broker::wire::messages::{
    AddRaftVoterRequest, ApiVersionsRequest, DescribeQuorumRequest, DescribeQuorumResponse,
    RemoveRaftVoterRequest,
};
use broker::wire::uuid::Uuid;

use crate::support::client::Client;
use crate::support::cluster::Cluster;

/// The directory of the first controller's metadata.
const FIRST: Uuid = Uuid([0x41; 16]);

/// Three nodes of which the first begins the quorum.
async fn grown() -> Cluster {
    let mut cluster = Cluster::planned(3, &[]);
    let places: Vec<SocketAddr> = cluster
        .ids()
        .iter()
        .map(|id| cluster.planned_controller(*id))
        .collect();
    let servers = places
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(",");
    for id in cluster.ids() {
        cluster.set(id, "controller.quorum.voters", "");
        cluster.set(id, "controller.quorum.bootstrap.servers", &servers);
    }
    let first = format!("1@{}:{FIRST}", places[0]);
    cluster.set(1, "lookout.initial.controllers", &first);
    for id in cluster.ids() {
        cluster.launch(id).await;
    }
    cluster.all_serving().await;
    cluster
}

async fn described(client: &mut Client) -> DescribeQuorumResponse {
    let request = DescribeQuorumRequest {
        topics: vec![RequestTopicData {
            topic_name: "__cluster_metadata".to_owned(),
            partitions: vec![RequestPartitionData::default()],
            ..RequestTopicData::default()
        }],
        ..DescribeQuorumRequest::default()
    };
    client.ask(&request, 2).await
}

fn voters(described: &DescribeQuorumResponse) -> Vec<(i32, Uuid)> {
    let voters = described.topics[0].partitions[0].current_voters.iter();
    voters
        .map(|voter| (voter.replica_id, voter.replica_directory_id))
        .collect()
}

/// The directory of a node's metadata.
fn directory(cluster: &Cluster, id: i32) -> Uuid {
    let text = std::fs::read_to_string(cluster.log_dir(id).join("meta.properties")).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("directory.id="));
    line.unwrap().parse().unwrap()
}

async fn add(cluster: &Cluster, client: &mut Client, id: i32) {
    let place = cluster.controller_address(id);
    let request = AddRaftVoterRequest {
        cluster_id: None,
        timeout_ms: 20_000,
        voter_id: id,
        voter_directory_id: directory(cluster, id),
        listeners: vec![Listener {
            name: "CONTROLLER".to_owned(),
            host: place.ip().to_string(),
            port: place.port(),
            ..Listener::default()
        }],
        ..AddRaftVoterRequest::default()
    };
    let added = client.ask(&request, 0).await;
    assert_eq!(added.error_code, ErrorCode::NONE, "{added:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quorum_of_one_grows_shrinks_and_starts_again_as_it_was() {
    let mut cluster = grown().await;
    let mut client = cluster.client(3).await;
    let told = described(&mut client).await;
    assert_eq!(voters(&told), [(1, FIRST)]);
    let observers = &told.topics[0].partitions[0].observers;
    let ids: Vec<(i32, Uuid)> = observers
        .iter()
        .map(|one| (one.replica_id, one.replica_directory_id))
        .collect();
    assert_eq!(ids, [2, 3].map(|id| (id, directory(&cluster, id))));
    for id in [2, 3] {
        add(&cluster, &mut client, id).await;
    }
    let told = described(&mut client).await;
    let all = [1, 2, 3].map(|id| (id, directory(&cluster, id)));
    assert_eq!(voters(&told), all);
    let mut ports: Vec<u16> = told
        .nodes
        .iter()
        .map(|node| node.listeners[0].port)
        .collect();
    ports.sort_unstable();
    let mut expected = [1, 2, 3].map(|id| cluster.controller_address(id).port());
    expected.sort_unstable();
    assert_eq!(ports, expected);
    let request = RemoveRaftVoterRequest {
        cluster_id: None,
        voter_id: 1,
        voter_directory_id: FIRST,
        ..RemoveRaftVoterRequest::default()
    };
    let removed = client.ask(&request, 0).await;
    assert_eq!(removed.error_code, ErrorCode::NONE, "{removed:?}");
    for id in cluster.ids() {
        cluster.stop_at_once(id).await;
    }
    for id in cluster.ids() {
        cluster.launch(id).await;
    }
    cluster.all_serving().await;
    let mut client = cluster.client(1).await;
    assert_eq!(voters(&described(&mut client).await), all[1..]);
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_level_of_kraft_says_whether_voters_can_change() {
    let levels = |client: Client| async move {
        let mut client = client;
        let request = ApiVersionsRequest {
            client_software_name: "test".to_owned(),
            client_software_version: "1".to_owned(),
            ..ApiVersionsRequest::default()
        };
        let told = client.ask(&request, 4).await;
        let features = told.finalized_features.into_iter();
        let level = features
            .filter(|one| one.name == "kraft.version")
            .map(|one| one.max_version_level);
        let supported = told
            .supported_features
            .iter()
            .filter(|one| one.name == "kraft.version");
        (
            level.collect::<Vec<_>>(),
            supported.map(|one| one.max_version).collect::<Vec<_>>(),
        )
    };
    let cluster = grown().await;
    assert_eq!(levels(cluster.client(2).await).await, (vec![1], vec![1]));
    cluster.end().await;
    let cluster = Cluster::start(1).await;
    assert_eq!(levels(cluster.client(1).await).await, (vec![], vec![]));
    cluster.end().await;
}
