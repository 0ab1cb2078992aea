//! What only nodes of the bundled broker can be told: to cut each other off without a network's help.

use std::time::{Duration, Instant};

use crate::cluster::{Cluster, Partition};
use crate::pty::find;
use crate::screen::{Operator, is_up};

const CLUSTER: Duration = Duration::from_mins(2);
/// The one that the others cannot reach.
const ALONE: u32 = 5;
/// Led by it; the others follow, or try to.
const LED: &str = "cuts-led";
/// Led by another; it follows.
const FOLLOWED: &str = "cuts-followed";

/// Heals whatever becomes of the story.
struct Cut<'a>(&'a Cluster);

impl Drop for Cut<'_> {
    fn drop(&mut self) {
        (1..=5).for_each(|id| self.0.breaks(id, ""));
    }
}

#[test]
fn a_broker_that_nobody_reaches_goes_on_leading_unnoticed_and_out_of_all_fetches() {
    let cluster = Cluster::healed();
    for (topic, replicas) in [(LED, "5:1:2"), (FOLLOWED, "1:5:2")] {
        let create = [
            "--create",
            "--topic",
            topic,
            "--replica-assignment",
            replicas,
        ];
        cluster.tool("TopicCommand", &create);
    }
    let mut lookout = Operator::sits_down(&cluster);
    lookout.sees("brokers 5/5");

    let cut = Cut(&cluster);
    for id in (1..=5).filter(|id| *id != ALONE) {
        cluster.breaks(id, &format!("cut {ALONE}\n"));
    }
    // Followers that have everything stay in sync: only what is written now tells them apart.
    for topic in [LED, FOLLOWED] {
        let write = ["--topic", topic, "--max-messages", "200", "--acks", "1"];
        cluster.tool("VerifiableProducer", &write);
    }
    // It heartbeats, so it goes on leading; its followers leave the in-sync set; it goes on following.
    until(&cluster, LED, |one| one.isr == [ALONE]);
    until(&cluster, FOLLOWED, |one| one.isr.len() == 3);
    lookout.pty.wait_within(
        CLUSTER,
        "five brokers, and partitions in danger",
        |screen| {
            find(screen, "brokers 5/5").is_some()
                && find(screen, "under-rep").is_some()
                && is_up(screen, ALONE)
        },
    );

    drop(cut);
    until(&cluster, LED, |one| one.isr.len() == 3);
}

/// Waits until the one partition of a topic is as expected; its leader never changes.
fn until(cluster: &Cluster, topic: &str, expected: impl Fn(&Partition) -> bool) {
    let began = Instant::now();
    loop {
        let now = cluster.topic(topic);
        assert!(
            now.iter()
                .all(|one| one.leader == one.replicas.first().copied()),
            "{now:?}"
        );
        if now.iter().all(&expected) {
            return;
        }
        assert!(began.elapsed() < CLUSTER, "{now:?}");
    }
}
