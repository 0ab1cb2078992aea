//! Nodes that start, stop, come back and read along.

use std::time::{Duration, Instant};

use super::house::{House, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_single_voter_leads_at_once_and_keeps_what_was_agreed_on() {
    let mut house = House::started(1).await;
    house.set(1, 1).await;
    house.set(1, 2).await;
    let offset = house.offset(1);
    house.kill(1).await;
    let begun = Instant::now();
    house.start(1).await;
    house.has(1, 2).await;
    assert_eq!(house.offset(1), offset);
    assert_eq!(house.leader_of(&[1]).await, 1);
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_through_any_node_are_applied_once_in_one_order() {
    let house = House::started(3).await;
    house.leader_of(&[1, 2, 3]).await;
    house.set(1, 0).await;
    house.has(1, 0).await;
    let before = house.offset(1);
    for value in 1..=9 {
        let through = i32::try_from(value % 3 + 1).unwrap();
        house.try_set(through, value).await.unwrap();
    }
    for node in 1..=3 {
        house.has(node, 9).await;
        assert_eq!(house.offset(node), before + 9);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_leader_is_replaced_and_catches_up_when_it_is_back() {
    let mut house = House::started(3).await;
    let old = house.leader_of(&[1, 2, 3]).await;
    house.set(old, 1).await;
    house.kill(old).await;
    let others: Vec<i32> = [1, 2, 3].into_iter().filter(|node| *node != old).collect();
    let new = house.leader_of(&others).await;
    house.set(new, 2).await;
    house.start(old).await;
    house.has(old, 2).await;
    assert_eq!(
        house.leader_of(&[1, 2, 3]).await,
        new,
        "its return disturbs nobody"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_voters_stopped_and_started_in_another_order_go_on() {
    let mut house = House::started(5).await;
    house.leader_of(&[1, 2, 3, 4, 5]).await;
    house.set(1, 41).await;
    for node in 1..=5 {
        house.kill(node).await;
    }
    for node in [4, 2, 5] {
        house.start(node).await;
    }
    house.leader_of(&[2, 4, 5]).await;
    house.has(4, 41).await;
    house.set(2, 42).await;
    for node in [1, 3] {
        house.start(node).await;
        house.has(node, 42).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_a_vote_reads_along_submits_and_is_let_go_when_it_is_gone() {
    let mut house = House::new(3).await;
    house.observer_timeout = Duration::from_secs(1);
    for node in 1..=3 {
        house.start(node).await;
    }
    house.start(9).await;
    house.set(9, 5).await;
    house.has(9, 5).await;
    let names_9 = |status: &broker::meta::quorum::QuorumStatus| {
        status.observers.iter().any(|one| one.id == 9)
    };
    let status = house
        .described(9, "9 is an observer that has everything", |status| {
            let nine = status.observers.iter().find(|one| one.id == 9);
            nine.is_some_and(|nine| nine.log_end_offset == status.high_watermark)
        })
        .await;
    assert_eq!(status.voters.len(), 3);
    assert!(status.observers.iter().all(|one| one.last_fetch_ms > 0));
    house.kill(9).await;
    house
        .described(1, "9 is let go", |status| !names_9(status))
        .await;
    house.start(9).await;
    house.described(1, "9 is back", names_9).await;
    house.set(1, 6).await;
    house.has(9, 6).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_away_for_long_gets_a_snapshot() {
    let mut house = House::new(3).await;
    house.snapshot_every = 20;
    for node in 1..=3 {
        house.start(node).await;
    }
    let leader = house.leader_of(&[1, 2, 3]).await;
    house.set(leader, 0).await;
    let away = if leader == 3 { 2 } else { 3 };
    house.kill(away).await;
    for value in 1..=70 {
        house.set(leader, value).await;
    }
    let snapshots = |house: &House, node: i32| {
        let files = std::fs::read_dir(house.directory(node)).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(".checkpoint")).count()
    };
    until("the leader has a snapshot", || async {
        (snapshots(&house, leader) == 1).then_some(())
    })
    .await;
    assert_eq!(snapshots(&house, away), 0);
    house.start(away).await;
    let mut changes = house.quorum(away).changes();
    house.has(away, 70).await;
    assert_eq!(house.offset(away), house.offset(leader));
    assert_eq!(snapshots(&house, away), 1);
    let (mut image, mut told) = (None, false);
    while image.as_ref() != Some(&house.offset(away)) {
        let (newer, delta) = changes.next().await.unwrap();
        told |= !delta.configs.is_empty();
        image = Some(newer.offset);
    }
    assert!(told, "what a snapshot changes is told as a change");
    house.kill(away).await;
    house.start(away).await;
    house.has(away, 70).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_of_changes_misses_nothing() {
    let house = House::started(1).await;
    house.leader_of(&[1]).await;
    let mut changes = house.quorum(1).changes();
    for value in 1..=20 {
        house.set(1, value).await;
    }
    let (image, delta) = changes.next().await.unwrap();
    assert_eq!(image.offset, house.offset(1));
    assert_eq!(delta.configs.len(), 1, "named once");
    house.quorum(1).shut_down().await;
    assert!(changes.next().await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voter_whose_disk_was_wiped_gets_everything_again() {
    let mut house = House::started(3).await;
    let leader = house.leader_of(&[1, 2, 3]).await;
    house.set(leader, 1).await;
    let wiped = if leader == 1 { 2 } else { 1 };
    house.has(wiped, 1).await;
    house.kill(wiped).await;
    std::fs::remove_dir_all(house.directory(wiped)).unwrap();
    house.start(wiped).await;
    house.set(leader, 2).await;
    house.has(wiped, 2).await;
}
