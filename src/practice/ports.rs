//! Ports of loopback for the nodes. They lie below the range from which systems take ports for outgoing
//! connections, so that a node that was stopped finds its own again. Never listens for longer than a look.

use std::net::{Ipv4Addr, TcpListener};

use super::error::PracticeError;
use super::layout::Plan;

/// The ports of one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ports {
    pub(super) clients: u16,
    pub(super) controller: u16,
    pub(super) metrics: u16,
    /// The schema registry; clusters of earlier plans have none.
    pub(super) registry: Option<u16>,
    /// In a cluster that asks who enters.
    pub(super) secured: Option<Secured>,
}

impl Ports {
    /// Where clients enter: by the door that asks who they are, where there is one.
    pub(super) fn front(&self) -> u16 {
        self.secured.map_or(self.clients, |secured| secured.clients)
    }
}

/// The further ports of a node that asks who enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Secured {
    /// Where everybody enters with a login.
    pub(super) clients: u16,
    /// Where nodes enter with a certificate.
    pub(super) between: u16,
}

/// Whether a cluster asks who enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    Open,
    Secured,
}

/// Where the search begins, how far apart clusters stand, and how many places there are.
const FIRST: u16 = 10_000;
const STRIDE: u16 = 60;
const PLACES: u16 = 379;
/// From a node's port for clients to its others.
const CONTROLLERS: u16 = 10;
const METRICS: u16 = 20;
const SECURED: u16 = 30;
const BETWEEN: u16 = 40;
const REGISTRY: u16 = 50;

/// Whether nobody listens there.
pub(super) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Ports for `nodes` nodes. `seed` says where the search begins, so that two clusters do not begin at one place.
pub(super) fn choose(
    (nodes, entry): (usize, Entry),
    seed: u64,
    is_free: impl Fn(u16) -> bool,
) -> Result<Vec<Ports>, PracticeError> {
    let places = u64::from(PLACES);
    let start = u16::try_from(seed % places).unwrap_or(0);
    for step in 0..PLACES {
        let base = FIRST + (start + step) % PLACES * STRIDE;
        let ports: Vec<Ports> = (1..=u16::try_from(nodes).unwrap_or(u16::MAX))
            .map(|id| Ports {
                clients: base + id,
                controller: base + CONTROLLERS + id,
                metrics: base + METRICS + id,
                registry: Some(base + REGISTRY + id),
                secured: (entry == Entry::Secured).then_some(Secured {
                    clients: base + SECURED + id,
                    between: base + BETWEEN + id,
                }),
            })
            .collect();
        if ports.iter().all(|ports| all_free(*ports, &is_free)) {
            return Ok(ports);
        }
    }
    Err(PracticeError::Ports(nodes))
}

/// Whether a cluster that does not run can still have the ports of its plan.
pub(super) fn are_free(plan: &Plan) -> bool {
    plan.nodes.iter().all(|node| all_free(node.ports, &is_free))
}

fn all_free(ports: Ports, is_free: &impl Fn(u16) -> bool) -> bool {
    let Ports {
        clients,
        controller,
        metrics,
        registry,
        secured,
    } = ports;
    let more = secured.map(|ports| [ports.clients, ports.between]);
    let all = [clients, controller, metrics].into_iter();
    all.chain(registry)
        .chain(more.into_iter().flatten())
        .all(is_free)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ports_and_a_taken_one_others() {
        let five = (5, Entry::Open);
        let first = choose(five, 7, |_| true).unwrap();
        assert_eq!(first, choose(five, 7, |_| true).unwrap());
        let taken = first[3].metrics;
        let second = choose(five, 7, |port| port != taken).unwrap();
        assert_ne!(first, second);
    }

    #[test]
    fn no_two_ports_of_a_cluster_are_the_same() {
        let ports = choose((9, Entry::Secured), u64::from(PLACES - 1), |_| true).unwrap();
        let mut all: Vec<u16> = ports
            .iter()
            .flat_map(|p| {
                let more = p.secured.unwrap();
                [
                    p.clients,
                    p.controller,
                    p.metrics,
                    p.registry.unwrap(),
                    more.clients,
                    more.between,
                ]
            })
            .collect();
        assert!(all.iter().all(|port| (10_000..32_768).contains(port)));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 54);
    }

    #[test]
    fn where_everything_is_taken_that_is_said() {
        let none = choose((5, Entry::Open), 0, |_| false);
        assert!(matches!(none, Err(PracticeError::Ports(5))));
    }

    #[test]
    fn a_port_that_somebody_listens_on_is_not_free() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        assert!(!is_free(listener.local_addr().unwrap().port()));
    }
}
