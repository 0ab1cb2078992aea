//! Replication: the deciding parts against a model of the world, by seed.
#![cfg(test)]

mod batches;
mod cluster;
mod compaction;
mod disk;
mod ledger;
mod model_controller;
mod moves;
mod node;
mod shell;
mod world;

use world::{Elections, World};

/// Seeds of one run; a few seconds' worth.
const SEEDS: std::ops::Range<u64> = 0..400;
const STEPS: usize = 1500;

/// The seeds to run: all, or the one that `LOOKOUT_SEED` names.
fn seeds() -> Vec<u64> {
    match std::env::var("LOOKOUT_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => SEEDS.collect(),
    }
}

#[test]
fn whatever_breaks_nothing_committed_is_lost_in_clean_elections() {
    let (mut elections, mut committed) = (0, 0);
    for seed in seeds() {
        let mut world = World::new(seed, Elections::Clean);
        if let Err(violation) = world.run(STEPS).and_then(|()| world.settle()) {
            panic!("LOOKOUT_SEED={seed}: {violation}\n{}", world.story());
        }
        elections += world.elections();
        committed += world.committed();
    }
    // The model is worth something only if much happens in it.
    if std::env::var("LOOKOUT_SEED").is_err() {
        assert!(elections > 2 * 400, "{elections} elections");
        assert!(committed > 20 * 400, "{committed} records committed");
    }
}

#[test]
fn unclean_elections_lose_records_and_the_checker_sees_it() {
    let lost = (0..200).find(|seed| {
        let mut world = World::new(*seed, Elections::Unclean);
        world.run(STEPS).is_err()
    });
    assert!(lost.is_some(), "no seed lost anything");
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let story = |seed| {
        let mut world = World::new(seed, Elections::Clean);
        let _outcome = world.run(300);
        world.story()
    };
    assert_eq!(story(7), story(7));
    assert_ne!(story(7), story(8));
}
