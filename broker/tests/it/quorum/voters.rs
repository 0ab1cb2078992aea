//! Votes that are given and taken away while the quorum runs (KIP-853).

use broker::wire::error_code::ErrorCode;
use broker::wire::messages::add_raft_voter::Listener;
use broker::wire::messages::{
    AddRaftVoterRequest, AddRaftVoterResponse, RemoveRaftVoterRequest, RemoveRaftVoterResponse,
};

use super::house::{House, until};

/// Node 1 is the only voter; the others up to `count` read along.
async fn house(count: i32) -> House {
    let mut house = House::new(count).await;
    house.is_dynamic = true;
    for node in 1..=count {
        house.start(node).await;
    }
    house.leader_of(&[1]).await;
    let all = usize::try_from(count).unwrap() - 1;
    let reads = |status: &broker::meta::quorum::QuorumStatus| status.observers.len() == all;
    house.described(1, "all others read along", reads).await;
    house
}

fn addition(house: &House, node: i32) -> AddRaftVoterRequest {
    let address = house.voters.iter().find(|voter| voter.node == node);
    AddRaftVoterRequest {
        cluster_id: Some("house".to_owned()),
        timeout_ms: 20_000,
        voter_id: node,
        voter_directory_id: house.metadata_directory(node),
        listeners: vec![Listener {
            name: "CONTROLLER".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: address.map_or(9, |address| address.port),
            ..Listener::default()
        }],
        ..AddRaftVoterRequest::default()
    }
}

fn removal(house: &House, node: i32) -> RemoveRaftVoterRequest {
    RemoveRaftVoterRequest {
        cluster_id: None,
        voter_id: node,
        voter_directory_id: house.metadata_directory(node),
        ..RemoveRaftVoterRequest::default()
    }
}

async fn add(house: &House, through: i32, node: i32) -> AddRaftVoterResponse {
    let request = addition(house, node);
    house.quorum(through).add_voter(&request).await.unwrap()
}

async fn remove(house: &House, through: i32, node: i32) -> RemoveRaftVoterResponse {
    let request = removal(house, node);
    house.quorum(through).remove_voter(&request).await.unwrap()
}

async fn three_voters(count: i32) -> House {
    let house = house(count).await;
    for node in [2, 3] {
        let added = add(&house, 1, node).await;
        assert_eq!(added.error_code, ErrorCode::NONE, "{added:?}");
    }
    house
}

async fn has_voters(house: &House, through: i32, voters: &[i32]) {
    let what = format!("the voters are {voters:?}");
    house
        .described(through, &what, |status| {
            let ids: Vec<i32> = status.voters.iter().map(|voter| voter.id).collect();
            ids == voters
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn observers_that_got_a_vote_carry_the_quorum_without_the_first_voter() {
    let mut house = three_voters(3).await;
    house.set(1, 1).await;
    let status = house.quorum(2).describe().await.unwrap();
    for voter in &status.voters {
        assert_eq!(voter.directory, house.metadata_directory(voter.id));
    }
    let mut nodes = status.nodes.clone();
    nodes.sort_by_key(|address| address.node);
    assert_eq!(nodes, house.voters);
    house.kill(1).await;
    let leader = house.leader_of(&[2, 3]).await;
    house.set(leader, 2).await;
    // What was agreed on without it is there when it comes back.
    house.start(1).await;
    house.has(1, 2).await;
    has_voters(&house, 1, &[1, 2, 3]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_loses_its_vote_reads_along_under_another_one() {
    let house = three_voters(3).await;
    house.set(1, 1).await;
    let gone = remove(&house, 2, 1).await;
    assert_eq!(gone.error_code, ErrorCode::NONE, "{gone:?}");
    let leader = house.leader_of(&[2, 3]).await;
    house.set(leader, 2).await;
    house.has(1, 2).await;
    has_voters(&house, 1, &[2, 3]).await;
    house
        .described(leader, "the first voter reads along", |status| {
            status.observers.iter().any(|observer| observer.id == 1)
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quorum_starts_again_with_the_voters_that_it_agreed_on() {
    let mut house = three_voters(3).await;
    house.set(1, 1).await;
    let gone = remove(&house, 1, 1).await;
    assert_eq!(gone.error_code, ErrorCode::NONE, "{gone:?}");
    for node in 1..=3 {
        house.kill(node).await;
    }
    // The settings still name the first one as who began.
    for node in 1..=3 {
        house.start(node).await;
    }
    let leader = house.leader_of(&[2, 3]).await;
    house.set(leader, 2).await;
    house.has(1, 2).await;
    assert_ne!(house.quorum(1).leader(), Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_that_cannot_be_are_refused() {
    let house = house(2).await;
    let code = |request: AddRaftVoterRequest| {
        let quorum = house.quorum(2).clone();
        async move { quorum.add_voter(&request).await.unwrap().error_code }
    };
    let two = || addition(&house, 2);
    let other = AddRaftVoterRequest {
        cluster_id: Some("other".to_owned()),
        ..two()
    };
    assert_eq!(code(other).await, ErrorCode::INCONSISTENT_CLUSTER_ID);
    let unnamed = AddRaftVoterRequest {
        listeners: Vec::new(),
        ..two()
    };
    assert_eq!(code(unnamed).await, ErrorCode::INVALID_REQUEST);
    let nobody = AddRaftVoterRequest {
        timeout_ms: 1,
        ..addition(&house, 7)
    };
    assert_eq!(code(nobody).await, ErrorCode::REQUEST_TIMED_OUT);
    let elsewhere = AddRaftVoterRequest {
        voter_directory_id: house.metadata_directory(1),
        timeout_ms: 1,
        ..two()
    };
    assert_eq!(code(elsewhere).await, ErrorCode::REQUEST_TIMED_OUT);
    assert_eq!(
        remove(&house, 2, 1).await.error_code,
        ErrorCode::VOTER_NOT_FOUND,
        "the last one"
    );
    assert_eq!(
        remove(&house, 2, 2).await.error_code,
        ErrorCode::VOTER_NOT_FOUND
    );
    assert_eq!(code(two()).await, ErrorCode::NONE);
    assert_eq!(code(two()).await, ErrorCode::DUPLICATE_VOTER);
    let wrong = RemoveRaftVoterRequest {
        voter_directory_id: house.metadata_directory(1),
        ..removal(&house, 2)
    };
    let wrong = house.quorum(1).remove_voter(&wrong).await.unwrap();
    assert_eq!(wrong.error_code, ErrorCode::VOTER_NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn voters_that_the_settings_name_stay_as_they_are() {
    let house = House::started(2).await;
    let leader = house.leader_of(&[1, 2]).await;
    assert_eq!(
        add(&house, leader, 7).await.error_code,
        ErrorCode::UNSUPPORTED_VERSION
    );
    assert_eq!(
        remove(&house, leader, 2).await.error_code,
        ErrorCode::UNSUPPORTED_VERSION
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voter_with_another_disk_has_no_vote_until_it_is_added_again() {
    let mut house = three_voters(3).await;
    house.set(1, 1).await;
    house.has(3, 1).await;
    house.kill(3).await;
    std::fs::remove_dir_all(house.directory(3)).unwrap();
    let (old, new) = (removal(&house, 3), 2);
    house.disks.insert(3, new);
    house.start(3).await;
    house.has(3, 1).await;
    // With the first one gone, two are needed and only one may vote.
    let leader = house.leader_of(&[1, 2]).await;
    let other = 3 - leader;
    house.kill(leader).await;
    let alone = house.try_set(other, 9).await;
    assert!(alone.is_err(), "a disk that knows of no vote has voted");
    house.start(leader).await;
    let leader = house.leader_of(&[1, 2]).await;
    let gone = house.quorum(leader).remove_voter(&old).await.unwrap();
    assert_eq!(gone.error_code, ErrorCode::NONE, "{gone:?}");
    let added = until("it is added again", || async {
        let added = add(&house, leader, 3).await;
        (added.error_code != ErrorCode::REQUEST_TIMED_OUT).then_some(added)
    })
    .await;
    assert_eq!(added.error_code, ErrorCode::NONE, "{added:?}");
    house.kill(leader).await;
    let next = house.leader_of(&[other, 3]).await;
    house.set(next, 10).await;
}
