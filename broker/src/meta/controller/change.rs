//! The next state of one partition when its ISR or the brokers change: ELR, election, epochs
//! (rules 27, 42, 43, 45; KIP-966). Pure; knows partitions, not the cluster.

use crate::meta::record::PartitionState;

/// Which leaders an election may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Election {
    /// Keep the leader if it may stay, else the first eligible replica.
    Clean,
    /// The first replica if it is eligible, else as `Clean`.
    Preferred,
    /// As `Clean`, and any live replica where nobody is eligible: may lose records.
    Unclean,
}

/// Whether eligible leader replicas are kept (KIP-966).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Elr {
    /// The last ISR member stays in the ISR.
    Off,
    /// The ISR may become empty; who left it below the minimum stays eligible.
    On,
}

/// A change in the making.
pub(super) struct Change<'a> {
    /// The state to start from.
    pub state: &'a PartitionState,
    /// The ISR that is wanted.
    pub isr: Vec<i32>,
    /// Who is to be taken out of the ELR too: it may have lost records.
    pub unclean: Option<i32>,
    /// Whether a broker is up and has the partition's directory online.
    pub can_lead: &'a dyn Fn(i32) -> bool,
    /// Who may be elected.
    pub election: Election,
    /// Whether the ELR is kept.
    pub elr: Elr,
    /// The least ISR size at which no ELR is needed: min.insync.replicas, at most the replicas.
    pub min_isr: usize,
    /// Whether the leader has yet to report that it recovered from an unclean election.
    pub recovering: bool,
}

/// What an election led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Elected {
    Clean(i32),
    Unclean(i32),
    Nobody,
}

impl Change<'_> {
    /// The next state with its epochs raised, or `None` when nothing changes.
    pub fn build(self) -> Option<PartitionState> {
        let mut next = self.state.clone();
        next.isr.clone_from(&self.isr);
        next.recovering = self.recovering;
        next.elr = self.eligible();
        self.elect(&mut next);
        if next.isr.is_empty() && self.elr == Elr::Off {
            next.isr.clone_from(&self.state.isr);
        }
        self.remember_leader(&mut next);
        if next == *self.state {
            return None;
        }
        if next.leader != self.state.leader {
            next.leader_epoch = next.leader_epoch.saturating_add(1);
        }
        next.partition_epoch = next.partition_epoch.saturating_add(1);
        Some(next)
    }

    /// Those out of the ISR who have every committed record: ISR members since it fell below the
    /// minimum, in assignment order.
    fn eligible(&self) -> Vec<i32> {
        if self.elr == Elr::Off || self.isr.len() >= self.min_isr {
            return Vec::new();
        }
        let replicas = self.state.replicas.iter().copied();
        replicas
            .filter(|id| self.state.elr.contains(id) || self.state.isr.contains(id))
            .filter(|id| !self.isr.contains(id) && Some(*id) != self.unclean)
            .collect()
    }

    fn elect(&self, next: &mut PartitionState) {
        match self.choose(next) {
            Elected::Clean(leader) => {
                next.leader = leader;
                if !next.isr.contains(&leader) {
                    next.isr = vec![leader];
                    next.elr.retain(|id| *id != leader);
                }
            }
            Elected::Unclean(leader) => {
                next.leader = leader;
                next.isr = vec![leader];
                next.elr.clear();
                next.recovering = true;
            }
            Elected::Nobody => next.leader = -1,
        }
    }

    fn choose(&self, next: &PartitionState) -> Elected {
        let is_valid = |id: i32| {
            let eligible = next.isr.contains(&id) || next.isr.is_empty() && next.elr.contains(&id);
            eligible && (self.can_lead)(id)
        };
        let preferred = next.replicas.first().copied();
        let preferred = preferred.filter(|_| self.election == Election::Preferred);
        let first = preferred.into_iter().chain([self.state.leader]);
        let mut order = first.chain(next.replicas.iter().copied());
        if let Some(leader) = order.find(|id| is_valid(*id)) {
            return Elected::Clean(leader);
        }
        if let Some(leader) = self.last_known_leader(next) {
            return Elected::Unclean(leader);
        }
        let mut replicas = next.replicas.iter().copied();
        let live = replicas.find(|id| (self.can_lead)(*id));
        match live {
            Some(leader) if self.election == Election::Unclean => Elected::Unclean(leader),
            _ => Elected::Nobody,
        }
    }

    /// With nobody eligible left at all, the one who led last is the best there is (KIP-966).
    fn last_known_leader(&self, next: &PartitionState) -> Option<i32> {
        let nobody = self.elr == Elr::On && next.isr.is_empty() && next.elr.is_empty();
        match self.state.last_known_elr.as_slice() {
            [leader] if nobody && (self.can_lead)(*leader) => Some(*leader),
            _ => None,
        }
    }

    /// Writes down who led when the ISR became empty, and forgets it once there is a leader.
    fn remember_leader(&self, next: &mut PartitionState) {
        if next.leader >= 0 || self.elr == Elr::Off {
            next.last_known_elr.clear();
        } else if next.isr.is_empty() && self.state.leader >= 0 {
            next.last_known_elr = vec![self.state.leader];
        }
    }
}
