//! Where new replicas go (rule 71).

use std::collections::{BTreeMap, BTreeSet};

use broker::meta::placement::{Candidate, PlacementError, place};
use fastrand::Rng;

const RACKS: [&str; 3] = ["r0", "r1", "r2"];

/// Brokers 0 to `count`, three racks in turn, `fenced` ones fenced.
fn brokers(count: usize, fenced: &[i32]) -> Vec<Candidate<'static>> {
    (0..count)
        .map(|at| {
            let id = i32::try_from(at).unwrap();
            Candidate {
                id,
                rack: Some(RACKS[at % 3]),
                fenced: fenced.contains(&id),
            }
        })
        .collect()
}

#[test]
fn replicas_of_a_partition_are_on_different_brokers_and_racks() {
    for seed in 0..50 {
        let placed = place(&brokers(6, &[]), 30, 3, &mut Rng::with_seed(seed)).unwrap();
        assert_eq!(placed.len(), 30);
        for replicas in &placed {
            let racks: BTreeSet<i32> = replicas.iter().map(|id| id % 3).collect();
            assert_eq!(racks.len(), 3, "seed {seed}: {replicas:?}");
        }
    }
}

#[test]
fn leaderships_are_spread_evenly() {
    for seed in 0..50 {
        let placed = place(&brokers(6, &[]), 60, 3, &mut Rng::with_seed(seed)).unwrap();
        let mut led: BTreeMap<i32, usize> = BTreeMap::new();
        for replicas in &placed {
            *led.entry(replicas[0]).or_default() += 1;
        }
        assert_eq!(led.len(), 6, "seed {seed}");
        assert!(
            led.values().all(|count| (7..=13).contains(count)),
            "seed {seed}: {led:?}"
        );
    }
}

#[test]
fn fenced_brokers_come_last_and_never_first() {
    for seed in 0..50 {
        let random = &mut Rng::with_seed(seed);
        let two = place(&brokers(3, &[2]), 20, 2, random).unwrap();
        let three = place(&brokers(3, &[2]), 20, 3, random).unwrap();
        assert!(
            three
                .iter()
                .all(|replicas| replicas[0] != 2 && replicas.len() == 3)
        );
        assert!(two.iter().all(|replicas| replicas[0] != 2), "seed {seed}");
        let same_rack: Vec<Candidate<'_>> = brokers(3, &[2])
            .into_iter()
            .map(|one| Candidate { rack: None, ..one })
            .collect();
        let two = place(&same_rack, 20, 2, random).unwrap();
        assert!(
            two.iter().all(|replicas| !replicas.contains(&2)),
            "seed {seed}"
        );
    }
}

#[test]
fn every_broker_can_be_used_and_no_more() {
    for seed in 0..50 {
        let random = &mut Rng::with_seed(seed);
        let placed = place(&brokers(7, &[1, 4]), 9, 7, random).unwrap();
        for replicas in placed {
            let distinct: BTreeSet<i32> = replicas.iter().copied().collect();
            assert_eq!(distinct.len(), 7);
        }
        let wanted = place(&brokers(7, &[]), 1, 8, random);
        assert_eq!(
            wanted,
            Err(PlacementError::TooFewBrokers {
                wanted: 8,
                registered: 7
            })
        );
        let nobody = place(&brokers(2, &[0, 1]), 1, 1, random);
        assert_eq!(nobody, Err(PlacementError::NobodyActive));
        assert_eq!(place(&[], 1, 1, random), Err(PlacementError::NobodyActive));
    }
}

#[test]
fn a_seed_places_the_same_again() {
    let again = || place(&brokers(6, &[]), 20, 3, &mut Rng::with_seed(5)).unwrap();
    assert_eq!(again(), again());
}
