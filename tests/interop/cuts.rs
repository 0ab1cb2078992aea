//! What only nodes of the bundled broker can be told: to cut each other off without a network's help.

use std::time::{Duration, Instant};

use crate::cluster::{Cluster, Partition};
use crate::pty::find;
use crate::screen::{Operator, is_up};

const CLUSTER: Duration = Duration::from_mins(2);
/// The one that the others cannot reach.
const ALONE: u32 = 5;
/// A topic of three replicas with partitions on every node.
const TOPIC: &str = "orders";

#[test]
fn a_broker_that_nobody_reaches_goes_on_leading_unnoticed_and_out_of_all_fetches() {
    let cluster = Cluster::healed();
    let led = |partition: &Partition| partition.leader == Some(ALONE);
    let before = cluster.topic(TOPIC);
    assert!(before.iter().any(led), "{before:?}");
    let mut lookout = Operator::sits_down(&cluster);
    lookout.sees("brokers 5/5");

    for id in (1..=5).filter(|id| *id != ALONE) {
        cluster.breaks(id, &format!("cut {ALONE}\n"));
    }
    // It heartbeats, so it keeps its leaderships; followers leave its in-sync sets; it goes on following others.
    let began = Instant::now();
    let cut_off = |partition: &Partition| {
        if led(partition) {
            partition.isr == [ALONE]
        } else {
            partition.isr.len() == partition.replicas.len()
        }
    };
    loop {
        let now = cluster.topic(TOPIC);
        if now.iter().all(cut_off) {
            let leaders = |all: &[Partition]| all.iter().map(|one| one.leader).collect::<Vec<_>>();
            assert_eq!(leaders(&now), leaders(&before));
            break;
        }
        assert!(began.elapsed() < CLUSTER, "{now:?}");
    }
    lookout.pty.wait_within(
        CLUSTER,
        "five brokers, and partitions in danger",
        |screen| {
            find(screen, "brokers 5/5").is_some()
                && find(screen, "under-rep").is_some()
                && is_up(screen, ALONE)
        },
    );

    for id in 1..=5 {
        cluster.breaks(id, "");
    }
    let whole = |partition: &Partition| partition.isr.len() == partition.replicas.len();
    let began = Instant::now();
    while !cluster.topic(TOPIC).iter().all(whole) {
        assert!(began.elapsed() < CLUSTER, "it does not become whole again");
    }
}
