//! The rules of operations.md §1.5 and §2 told as situations.

use crate::support::scene::snapshot;

#[test]
fn every_scene_is_judged() {
    for name in [
        "empty",
        "healthy",
        "two_of_five_down",
        "hanging_broker",
        "stale",
        "no_contact",
        "quorum_lost",
        "not_permitted",
        "hostile_names",
    ] {
        let snapshot = snapshot(name);
        println!("== {name} {:?}", snapshot.totals);
        for broker in snapshot.brokers.iter() {
            println!(
                "{} {:?} {:?} {:?} {:#?}",
                broker.id,
                broker.verdict.kind,
                broker.verdict.since,
                broker.verdict.confidence,
                broker.verdict.evidence
            );
        }
        for finding in snapshot.findings.iter() {
            println!("{finding:?}");
        }
    }
}
