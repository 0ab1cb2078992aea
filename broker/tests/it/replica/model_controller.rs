//! A controller as the rules demand it (26, 42, 45), for one partition: who is registered, who leads,
//! who is in sync, who may be elected.

use std::collections::BTreeMap;

use broker::meta::record::PartitionState;
use broker::replica::isr::{Agreed, Proposal};
use broker::replica::leader::Eligible;
use broker::wire::error_code::ErrorCode;

use super::world::Elections;

#[derive(Debug, Clone, Copy)]
pub struct Registered {
    pub epoch: i64,
    pub fenced: bool,
}

/// What a node can know of the cluster.
#[derive(Debug, Clone)]
pub struct Metadata {
    pub state: PartitionState,
    pub brokers: BTreeMap<i32, Registered>,
}

impl Eligible for Metadata {
    fn epoch_if_eligible(&self, broker: i32) -> Option<i64> {
        let known = self.brokers.get(&broker)?;
        (!known.fenced).then_some(known.epoch)
    }
}

#[derive(Debug)]
pub struct Controller {
    pub now: Metadata,
    min_isr: usize,
    elections: Elections,
    next_broker_epoch: i64,
}

impl Controller {
    pub fn new(ids: &[i32], min_isr: usize, elections: Elections) -> Self {
        let state = PartitionState {
            replicas: ids.to_vec(),
            directories: Vec::new(),
            isr: ids.to_vec(),
            adding: Vec::new(),
            removing: Vec::new(),
            elr: Vec::new(),
            last_known_elr: Vec::new(),
            leader: ids[0],
            leader_epoch: 0,
            partition_epoch: 0,
            recovering: false,
        };
        let mut controller = Self {
            now: Metadata {
                state,
                brokers: BTreeMap::new(),
            },
            min_isr: min_isr.min(ids.len()),
            elections,
            next_broker_epoch: 100,
        };
        for id in ids {
            controller.enrol(*id);
            controller.unfence(*id);
        }
        controller
    }

    fn enrol(&mut self, id: i32) -> i64 {
        self.next_broker_epoch += 1;
        let epoch = self.next_broker_epoch;
        let fenced = true;
        self.now.brokers.insert(id, Registered { epoch, fenced });
        epoch
    }

    /// A broker registers anew; one that lost data can no longer be counted on (KIP-966).
    pub fn register(&mut self, id: i32, lost_data: bool) -> i64 {
        self.fence(id);
        if lost_data {
            self.now.state.elr.retain(|member| *member != id);
        }
        let epoch = self.enrol(id);
        self.elect();
        epoch
    }

    pub fn fence(&mut self, id: i32) {
        if let Some(known) = self.now.brokers.get_mut(&id) {
            known.fenced = true;
        }
        if self.now.state.isr.contains(&id) {
            let isr = self.now.state.isr.clone();
            self.set_isr(isr.into_iter().filter(|member| *member != id).collect());
        }
        self.elect();
    }

    pub fn unfence(&mut self, id: i32) {
        if let Some(known) = self.now.brokers.get_mut(&id) {
            known.fenced = false;
        }
        self.elect();
    }

    fn set_isr(&mut self, isr: Vec<i32>) {
        let state = &mut self.now.state;
        let gone = state.isr.iter().filter(|id| !isr.contains(id));
        let mut elr: Vec<i32> = state.elr.iter().chain(gone).copied().collect();
        elr.retain(|id| !isr.contains(id));
        elr.dedup();
        if isr.len() >= self.min_isr {
            elr.clear();
        }
        state.elr = elr;
        state.isr = isr;
        state.partition_epoch += 1;
    }

    fn is_live(&self, id: i32) -> bool {
        self.now.epoch_if_eligible(id).is_some()
    }

    fn elect(&mut self) {
        let state = &self.now.state;
        if state.isr.contains(&state.leader) && self.is_live(state.leader) {
            return;
        }
        let live = |ids: &[i32]| {
            let in_order = state.replicas.iter().filter(|id| ids.contains(id));
            in_order.copied().find(|id| self.is_live(*id))
        };
        let in_isr = live(&state.isr);
        let eligible = in_isr.or_else(|| live(&state.elr));
        let anybody = match self.elections {
            Elections::Clean => None,
            Elections::Unclean => live(&state.replicas),
        };
        let leader = eligible.or(anybody).unwrap_or(-1);
        if leader == state.leader {
            return;
        }
        if leader >= 0 && in_isr.is_none() {
            self.now.state.elr.retain(|id| *id != leader);
            self.set_isr(vec![leader]);
            self.now.state.recovering = eligible.is_none();
        }
        self.lead(leader);
    }

    fn lead(&mut self, leader: i32) {
        let state = &mut self.now.state;
        state.leader = leader;
        state.leader_epoch += 1;
        state.partition_epoch += 1;
    }

    /// Moves the leadership to another member of the ISR.
    pub fn move_leader(&mut self, to: i32) {
        if self.now.state.isr.contains(&to) && self.is_live(to) && self.now.state.leader != to {
            self.lead(to);
        }
    }

    /// Rule 26.
    pub fn alter(&mut self, from: i32, asked: &Proposal) -> Result<Agreed, ErrorCode> {
        let state = &self.now.state;
        if asked.leader_epoch > state.leader_epoch || asked.partition_epoch > state.partition_epoch
        {
            return Err(ErrorCode::NOT_CONTROLLER);
        }
        if asked.leader_epoch < state.leader_epoch {
            return Err(ErrorCode::FENCED_LEADER_EPOCH);
        }
        if state.leader != from {
            return Err(ErrorCode::INVALID_REQUEST);
        }
        if asked.partition_epoch < state.partition_epoch {
            return Err(ErrorCode::INVALID_UPDATE_VERSION);
        }
        let fits = |(id, epoch): &(i32, i64)| {
            let live = self.now.epoch_if_eligible(*id);
            live.is_some_and(|known| *epoch < 0 || *epoch == known)
        };
        if !asked.isr.iter().all(fits) {
            return Err(ErrorCode::INELIGIBLE_REPLICA);
        }
        self.set_isr(asked.isr.iter().map(|(id, _)| *id).collect());
        self.now.state.recovering = false;
        Ok(Agreed {
            leader_epoch: self.now.state.leader_epoch,
            partition_epoch: self.now.state.partition_epoch,
            isr: self.now.state.isr.clone(),
        })
    }
}
