//! One broker of the model: the real deciding parts over a model disk.

use std::sync::Arc;

use broker::replica::epochs::{Epochs, check_leader_epoch, divergence};
use broker::replica::follower::{Answer, Ask, Follower, Step};
use broker::replica::isr::Proposal;
use broker::replica::leader::{Eligible as _, Fetched, Leader, Rules};
use broker::wire::error_code::ErrorCode;

use super::disk::{Disk, Entry, index};
use super::ledger::Ledger;
use super::model_controller::Metadata;

#[derive(Debug)]
pub enum Role {
    Idle,
    Leader(Box<Leader>),
    Follower(Follower),
}

/// A fetch on its way to a leader.
#[derive(Debug, Clone, Copy)]
pub struct Fetch {
    pub replica: i32,
    pub broker_epoch: i64,
    pub ask: Ask,
}

/// A leader's answer on its way back.
#[derive(Debug, Clone)]
pub struct Reply {
    pub answer: Answer,
    pub entries: Vec<Entry>,
}

#[derive(Debug)]
pub struct Node {
    pub id: i32,
    pub alive: bool,
    pub broker_epoch: i64,
    pub disk: Disk,
    pub checkpoint: i64,
    pub watermark: i64,
    pub role: Role,
    pub seen: usize,
    pub metadata: Arc<Metadata>,
    /// The fetch it waits for an answer to, by number.
    pub waiting_for: Option<(u64, Ask)>,
    /// The change of the ISR it has sent last.
    pub proposed: Option<Proposal>,
    rules: Rules,
    epoch: i32,
}

impl Node {
    pub fn new(rules: Rules, metadata: Arc<Metadata>) -> Self {
        Self {
            id: rules.me,
            alive: true,
            broker_epoch: metadata.epoch_if_eligible(rules.me).unwrap(),
            disk: Disk::default(),
            checkpoint: 0,
            watermark: 0,
            role: Role::Idle,
            seen: 0,
            metadata,
            waiting_for: None,
            proposed: None,
            rules,
            epoch: -1,
        }
    }

    /// Takes in metadata: leads, follows or waits.
    pub fn follow(
        &mut self,
        metadata: Arc<Metadata>,
        ledger: &mut Ledger,
        now_ms: i64,
    ) -> Result<(), String> {
        self.metadata = metadata;
        let state = &self.metadata.state;
        if state.leader_epoch > self.epoch {
            self.epoch = state.leader_epoch;
            self.waiting_for = None;
            self.role = if state.leader == self.id {
                ledger.led(state.leader_epoch, self.id, &self.disk)?;
                self.disk.begin_epoch(state.leader_epoch);
                let end = self.disk.log_end_offset();
                let leader = Leader::new(self.rules, state, end, self.watermark, now_ms);
                Role::Leader(Box::new(leader))
            } else {
                Role::Follower(Follower {
                    leader: state.leader,
                    leader_epoch: state.leader_epoch,
                })
            };
        }
        if let Role::Leader(leader) = &mut self.role {
            leader.follow(state, self.metadata.as_ref(), now_ms);
        }
        self.settle(ledger)
    }

    /// Records what a leader has committed by now.
    pub fn settle(&mut self, ledger: &mut Ledger) -> Result<(), String> {
        let Role::Leader(leader) = &self.role else {
            return Ok(());
        };
        self.watermark = leader.high_watermark();
        ledger.commits(self.id, leader.epoch(), self.watermark, &self.disk)
    }

    pub fn append(&mut self, value: u64, now_ms: i64) {
        if let Role::Leader(leader) = &mut self.role {
            self.disk.append((leader.epoch(), value));
            leader.appended(self.disk.log_end_offset(), self.metadata.as_ref(), now_ms);
        }
    }

    /// The question a follower has now, and for whom.
    pub fn ask(&self) -> Option<(i32, Ask)> {
        match &self.role {
            Role::Follower(follower) if follower.leader >= 0 => {
                Some((follower.leader, follower.ask(&self.disk)))
            }
            _ => None,
        }
    }

    /// Answers a follower as the shell does: epochs, divergence, range, progress, then data.
    pub fn serve(&mut self, fetch: &Fetch, most: usize, now_ms: i64) -> Reply {
        let end = self.disk.log_end_offset();
        let mut reply = Reply {
            answer: Answer {
                error: ErrorCode::NONE,
                diverging: None,
                high_watermark: -1,
                log_start: 0,
            },
            entries: Vec::new(),
        };
        let ask = fetch.ask;
        let parts = match &self.role {
            Role::Leader(leader) => check_leader_epoch(ask.leader_epoch, leader.epoch())
                .and_then(|()| divergence(&self.disk, ask.offset, ask.last_fetched_epoch)),
            _ => Err(ErrorCode::NOT_LEADER_OR_FOLLOWER),
        };
        match parts {
            Err(error) => reply.answer.error = error,
            Ok(Some(diverging)) => reply.answer.diverging = Some(diverging),
            Ok(None) if ask.offset > end => reply.answer.error = ErrorCode::OFFSET_OUT_OF_RANGE,
            Ok(None) => {
                let fetched = Fetched {
                    replica: fetch.replica,
                    broker_epoch: fetch.broker_epoch,
                    offset: ask.offset,
                    log_start: ask.log_start,
                    leader_end: end,
                };
                self.note(&fetched, most, now_ms, &mut reply);
            }
        }
        reply
    }

    fn note(&mut self, fetched: &Fetched, most: usize, now_ms: i64, reply: &mut Reply) {
        let Role::Leader(leader) = &mut self.role else {
            return;
        };
        if let Err(error) = leader.fetched(fetched, self.metadata.as_ref(), now_ms) {
            reply.answer.error = error;
        } else {
            reply.answer.high_watermark = leader.high_watermark();
            let from = self.disk.entries.iter().skip(index(fetched.offset));
            reply.entries = from.take(most).copied().collect();
        }
    }

    /// Takes in the answer to the fetch of this number.
    pub fn receive(&mut self, number: u64, reply: &Reply) {
        let Some((_, asked)) = self.waiting_for.take_if(|(known, _)| *known == number) else {
            return;
        };
        let Role::Follower(follower) = &self.role else {
            return;
        };
        match follower.step(&self.disk, &asked, &reply.answer) {
            Step::Append => {
                for entry in &reply.entries {
                    self.disk.append(*entry);
                }
                self.watermark =
                    Follower::high_watermark(self.watermark, &reply.answer, &self.disk);
            }
            Step::Truncate(at) | Step::Restart(at) => {
                self.disk.truncate(at);
                self.watermark = self.watermark.min(at);
            }
            Step::Pause(_) | Step::Stale => {}
        }
    }

    /// Stops; a crash keeps only `kept` records of the log.
    pub fn stop(&mut self, kept: Option<usize>) {
        self.alive = false;
        self.role = Role::Idle;
        self.waiting_for = None;
        self.epoch = -1;
        if let Some(kept) = kept {
            self.disk.truncate(super::disk::offset(kept));
            self.watermark = self.checkpoint.min(self.disk.log_end_offset());
        } else {
            self.disk.flush();
            self.checkpoint = self.watermark;
        }
    }
}
