//! Where new replicas go: striped over racks, then over the brokers of each rack, the way Kafka's
//! default placer does it. Fenced brokers take replicas only where nobody else is left, never as first
//! replica. Pure: randomness comes in.

use std::collections::BTreeMap;

use fastrand::Rng;
use thiserror::Error;

/// A broker that may take replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Its id.
    pub id: i32,
    /// Its rack; brokers without one share a rack.
    pub rack: Option<&'a str>,
    /// Whether it is fenced.
    pub fenced: bool,
}

/// Why replicas cannot be placed (error 38 on the wire).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PlacementError {
    /// Nobody can lead.
    #[error("all brokers are currently fenced or in controlled shutdown")]
    NobodyActive,
    /// More replicas than brokers.
    #[error(
        "the target replication factor of {wanted} cannot be reached because only {registered} broker(s) are registered"
    )]
    TooFewBrokers {
        /// Replicas asked for.
        wanted: usize,
        /// Brokers there are.
        registered: usize,
    },
}

/// Chooses the replicas of `partitions` partitions, `replicas` each; the first is the preferred leader.
pub fn place(
    candidates: &[Candidate<'_>],
    partitions: usize,
    replicas: usize,
    random: &mut Rng,
) -> Result<Vec<Vec<i32>>, PlacementError> {
    if candidates.iter().all(|candidate| candidate.fenced) {
        return Err(PlacementError::NobodyActive);
    }
    if replicas > candidates.len() {
        return Err(PlacementError::TooFewBrokers {
            wanted: replicas,
            registered: candidates.len(),
        });
    }
    let mut racks = Racks::new(candidates, random);
    Ok((0..partitions)
        .map(|_| racks.next_partition(replicas, random))
        .collect())
}

/// The brokers of a rack in one state, walked round and round: each round starts one further on.
#[derive(Debug, Default)]
struct Ring {
    brokers: Vec<i32>,
    start: usize,
    taken: usize,
}

impl Ring {
    fn begin_round(&mut self) {
        self.start = self.start.wrapping_add(1);
        self.taken = 0;
    }

    fn next(&mut self) -> Option<i32> {
        if self.taken >= self.brokers.len() {
            return None;
        }
        let at = self.start.wrapping_add(self.taken) % self.brokers.len();
        self.taken += 1;
        self.brokers.get(at).copied()
    }
}

#[derive(Debug, Default)]
struct Rack {
    active: Ring,
    fenced: Ring,
}

impl Rack {
    fn rings(&mut self) -> [&mut Ring; 2] {
        [&mut self.active, &mut self.fenced]
    }

    fn next(&mut self) -> Option<i32> {
        self.active.next().or_else(|| self.fenced.next())
    }
}

#[derive(Debug)]
struct Racks {
    all: Vec<Rack>,
    /// The rack that the next partition starts with.
    start: usize,
    /// Partitions placed since the last shuffle.
    rounds: usize,
    active: usize,
}

impl Racks {
    fn new(candidates: &[Candidate<'_>], random: &mut Rng) -> Self {
        let mut by_name: BTreeMap<Option<&str>, Rack> = BTreeMap::new();
        for candidate in candidates {
            let rack = by_name.entry(candidate.rack).or_default();
            let [active, fenced] = rack.rings();
            let ring = if candidate.fenced { fenced } else { active };
            ring.brokers.push(candidate.id);
        }
        let mut racks: Vec<Rack> = by_name.into_values().collect();
        for ring in racks.iter_mut().flat_map(Rack::rings) {
            ring.start = random.usize(..ring.brokers.len().max(1));
        }
        Self {
            start: random.usize(..racks.len().max(1)),
            all: racks,
            rounds: 0,
            active: candidates.iter().filter(|one| !one.fenced).count(),
        }
    }

    fn next_partition(&mut self, replicas: usize, random: &mut Rng) -> Vec<i32> {
        // After as many assignments as there are active brokers they would repeat: shuffle.
        if self.rounds == self.active && self.active > 1 {
            self.rounds = 0;
            random.shuffle(&mut self.all);
            for ring in self.all.iter_mut().flat_map(Rack::rings) {
                random.shuffle(&mut ring.brokers);
            }
        }
        for ring in self.all.iter_mut().flat_map(Rack::rings) {
            ring.begin_round();
        }
        let chosen = self.choose(replicas);
        self.rounds += 1;
        self.start = (self.start + 1) % self.all.len().max(1);
        chosen
    }

    /// One partition: the leader from the first rack with an active broker, then a broker of each
    /// other rack in turn. There are at least as many brokers as replicas.
    fn choose(&mut self, replicas: usize) -> Vec<i32> {
        let mut order: Vec<&mut Rack> = self.all.iter_mut().collect();
        let start = self.start % order.len().max(1);
        order.rotate_left(start);
        let mut chosen = Vec::with_capacity(replicas);
        let leader = order
            .iter_mut()
            .enumerate()
            .find_map(|(at, rack)| Some((at, rack.active.next()?)));
        let Some((leader_rack, leader)) = leader else {
            return chosen;
        };
        chosen.push(leader);
        // In the first round the leader's rack has had its turn.
        let first = order.len();
        let turns = (0..first).filter(|at| *at != leader_rack);
        let turns = turns.chain((0..first).cycle().take(first.saturating_mul(replicas)));
        for at in turns {
            if chosen.len() == replicas {
                break;
            }
            chosen.extend(order.get_mut(at).and_then(|rack| rack.next()));
        }
        chosen
    }
}
