//! The next state of one partition when its ISR, its replicas or the brokers change: reassignment, ELR,
//! election, epochs (rules 27, 42, 43, 45, 46; KIP-455, KIP-966). Pure; knows partitions, not the cluster.

use crate::meta::record::PartitionState;
use crate::wire::uuid::Uuid;

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

/// Who is to hold a partition (rule 46, KIP-455).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    /// All of them, the leaving ones last.
    pub replicas: Vec<i32>,
    /// Those who come.
    pub adding: Vec<i32>,
    /// Those who leave once the others are in sync.
    pub removing: Vec<i32>,
}

impl Assignment {
    /// As it is.
    pub fn of(state: &PartitionState) -> Self {
        Self {
            replicas: state.replicas.clone(),
            adding: state.adding.clone(),
            removing: state.removing.clone(),
        }
    }

    /// The assignment without those who leave, if all that stay are in sync.
    fn complete(&self, isr: &[i32]) -> Option<Self> {
        if self.adding.is_empty() && self.removing.is_empty() {
            return None;
        }
        let replicas = without(&self.replicas, &self.removing);
        let is_complete = !replicas.is_empty() && replicas.iter().all(|id| isr.contains(id));
        is_complete.then_some(Self {
            replicas,
            adding: Vec::new(),
            removing: Vec::new(),
        })
    }
}

/// The ids of `all` that are not among `some`, in their order.
pub(super) fn without(all: &[i32], some: &[i32]) -> Vec<i32> {
    let others = all.iter().copied().filter(|id| !some.contains(id));
    others.collect()
}

/// A change in the making.
pub(super) struct Change<'a> {
    /// The state to start from.
    pub state: &'a PartitionState,
    /// Who is to hold the partition.
    pub assignment: Assignment,
    /// The directory a replica gets that had none.
    pub directory: &'a dyn Fn(i32) -> Uuid,
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

/// Those of `ids` who are replicas.
fn held_by(replicas: &[i32], ids: &[i32]) -> Vec<i32> {
    let held = ids.iter().copied().filter(|id| replicas.contains(id));
    held.collect()
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
        self.assign(&mut next);
        next.recovering = self.recovering;
        next.elr = self.eligible(&next);
        self.elect(&mut next);
        if next.isr.is_empty() && self.elr == Elr::Off {
            next.isr = held_by(&next.replicas, &self.state.isr);
        }
        self.remember_leader(&mut next);
        if next == *self.state {
            return None;
        }
        let loses_replica = self
            .state
            .replicas
            .iter()
            .any(|id| !next.replicas.contains(id));
        if next.leader != self.state.leader || loses_replica {
            next.leader_epoch = next.leader_epoch.saturating_add(1);
        }
        next.partition_epoch = next.partition_epoch.saturating_add(1);
        Some(next)
    }

    /// The assignment that is wanted, or what it comes to where the ISR completes it.
    fn assign(&self, next: &mut PartitionState) {
        let complete = self.assignment.complete(&self.isr);
        let assignment = complete.unwrap_or_else(|| self.assignment.clone());
        let directory = |id: &i32| {
            let mut known = self.state.replicas.iter().zip(&self.state.directories);
            let found = known.find(|(replica, _)| *replica == id);
            found.map_or_else(|| (self.directory)(*id), |(_, directory)| *directory)
        };
        next.directories = assignment.replicas.iter().map(directory).collect();
        next.isr = held_by(&assignment.replicas, &self.isr);
        next.replicas = assignment.replicas;
        next.adding = assignment.adding;
        next.removing = assignment.removing;
    }

    /// Those out of the ISR who have every committed record: ISR members since it fell below the
    /// minimum, in assignment order.
    fn eligible(&self, next: &PartitionState) -> Vec<i32> {
        if self.elr == Elr::Off || next.isr.len() >= self.min_isr {
            return Vec::new();
        }
        let replicas = next.replicas.iter().copied();
        replicas
            .filter(|id| self.state.elr.contains(id) || self.state.isr.contains(id))
            .filter(|id| !next.isr.contains(id) && Some(*id) != self.unclean)
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

    /// Writes down who led when the ISR became empty, or was the last in it where nobody could lead;
    /// forgets it once there is a leader.
    fn remember_leader(&self, next: &mut PartitionState) {
        if next.leader >= 0 || self.elr == Elr::Off {
            next.last_known_elr.clear();
        } else if next.isr.is_empty() && !self.state.isr.is_empty() {
            let led = Some(self.state.leader).filter(|leader| *leader >= 0);
            let last = led.or_else(|| self.state.isr.first().copied());
            next.last_known_elr = last.into_iter().collect();
        }
    }
}
