//! Connections that are cut on purpose: one way, both ways, of the leader and of followers.

use super::house::{House, until};

const ALL: [i32; 5] = [1, 2, 3, 4, 5];

/// Five voters with a leader that is not 5, so that 5 can be the one cut off.
async fn five_with_5_following() -> (House, i32) {
    let mut house = House::started(5).await;
    let mut leader = house.leader_of(&ALL).await;
    if leader == 5 {
        house.kill(5).await;
        leader = house.leader_of(&[1, 2, 3, 4]).await;
        house.start(5).await;
        house.leader_of(&ALL).await;
    }
    (house, leader)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_nobody_can_reach_follows_submits_and_disturbs_nobody() {
    let (house, leader) = five_with_5_following().await;
    house.set(1, 100).await;
    let epoch = house.epoch(leader);
    for other in 1..=4 {
        house.cut(other, &[5]);
    }
    for value in 101..=110 {
        house.set(leader, value).await;
        house.has(5, value).await;
    }
    house.set(5, 200).await;
    house.has(5, 200).await;
    let status = house.described(5, "5 is caught up", |status| {
        let five = status.voters.iter().find(|voter| voter.id == 5);
        five.is_some_and(|five| five.log_end_offset == status.high_watermark)
    });
    assert_eq!(status.await.leader, leader);
    assert_eq!(house.epoch(5), epoch, "no election was needed");
    assert_eq!(house.epoch(leader), epoch, "no election was needed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_of_five_cut_off_both_ways_wait_and_come_back_without_an_election() {
    let (house, leader) = five_with_5_following().await;
    let away: Vec<i32> = ALL
        .into_iter()
        .filter(|node| *node != leader)
        .take(2)
        .collect();
    let there: Vec<i32> = ALL
        .into_iter()
        .filter(|node| !away.contains(node))
        .collect();
    let epoch = house.epoch(leader);
    for node in ALL {
        let cut = if away.contains(&node) { &there } else { &away };
        house.cut(node, cut);
    }
    for value in 1..=5 {
        house.set(leader, value).await;
    }
    until("those away know no leader", || async {
        away.iter()
            .all(|node| house.quorum(*node).leader().is_none())
            .then_some(())
    })
    .await;
    let alone = away.first().copied().unwrap();
    assert!(house.try_set(alone, 1000).await.is_err());
    assert_eq!(
        house.epoch(alone),
        epoch,
        "a node that is cut off keeps its epoch"
    );
    house.heal();
    for node in away {
        house.has(node, 5).await;
    }
    assert_eq!(house.leader_of(&ALL).await, leader);
    assert_eq!(house.epoch(leader), epoch);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_is_cut_off_decides_nothing_and_follows_when_healed() {
    let house = House::started(3).await;
    let old = house.leader_of(&[1, 2, 3]).await;
    house.set(old, 1).await;
    let others: Vec<i32> = [1, 2, 3].into_iter().filter(|node| *node != old).collect();
    house.cut(old, &others);
    for other in &others {
        house.cut(*other, &[old]);
    }
    let new = house.leader_of(&others).await;
    assert_ne!(new, old);
    house.set(new, 2).await;
    until("the old leader knows that it is alone", || async {
        house.quorum(old).leader().is_none().then_some(())
    })
    .await;
    assert!(house.try_set(old, 1000).await.is_err());
    assert_eq!(house.value(old), Some(1));
    house.heal();
    house.has(old, 2).await;
    let leader = house.leader_of(&[1, 2, 3]).await;
    house.set(old, 3).await;
    house.has(leader, 3).await;
    for node in [1, 2, 3] {
        house.has(node, 3).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_followers_cannot_reach_is_replaced_and_follows() {
    let house = House::started(3).await;
    let old = house.leader_of(&[1, 2, 3]).await;
    let others: Vec<i32> = [1, 2, 3].into_iter().filter(|node| *node != old).collect();
    for other in &others {
        house.cut(*other, &[old]);
    }
    let new = house.leader_of(&others).await;
    assert_ne!(new, old);
    house.set(new, 7).await;
    house.has(old, 7).await;
    house.set(old, 8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_without_a_majority_gives_way_although_one_follower_hears_it() {
    let (mut house, old) = five_with_5_following().await;
    let rest: Vec<i32> = [1, 2, 3, 4]
        .into_iter()
        .filter(|node| *node != old)
        .collect();
    house.kill(5).await;
    let (lost, hearing) = rest.split_at(2);
    house.cut(old, lost);
    for node in lost {
        house.cut(*node, &[old]);
    }
    let new = house.leader_of(&rest).await;
    assert_ne!(new, old);
    house.set(*hearing.first().unwrap(), 1).await;
    house.heal();
    house.has(old, 1).await;
}
