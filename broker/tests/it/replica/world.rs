//! The world of the model: a clock, a network that delays and loses, nodes that stop and crash, a
//! controller; all by one seed.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use broker::replica::epochs::Epochs as _;
use broker::replica::isr::{Agreed, Proposal};
use broker::replica::leader::Rules;
use broker::wire::error_code::ErrorCode;

use super::ledger::Ledger;
use super::model_controller::{Controller, Metadata};
use super::node::{Fetch, Node, Reply, Role};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elections {
    Clean,
    Unclean,
}

/// Splitmix64: small, and the same everywhere.
#[derive(Debug)]
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }
}

#[derive(Debug, Clone)]
enum Letter {
    Fetch(u64, Fetch),
    Reply(u64, Reply),
    Alter(Proposal),
    Altered(Proposal, Result<Agreed, ErrorCode>),
}

/// The controller's place in the network.
const CONTROLLER: i32 = -1;

#[derive(Debug)]
struct Sent {
    from: i32,
    to: i32,
    letter: Letter,
}

#[derive(Debug)]
pub struct World {
    chance: Chance,
    now_ms: i64,
    controller: Controller,
    history: Vec<Arc<Metadata>>,
    nodes: Vec<Node>,
    mail: Vec<Sent>,
    cuts: BTreeSet<(i32, i32)>,
    /// Crashed with a loss that the controller does not know of yet.
    lossy: BTreeSet<i32>,
    min_isr: usize,
    ledger: Ledger,
    number: u64,
    story: String,
}

impl World {
    pub fn new(seed: u64, elections: Elections) -> Self {
        let mut chance = Chance(seed);
        let count = i32::try_from(3 + chance.below(3)).unwrap();
        let ids: Vec<i32> = (1..=count).collect();
        let min_isr = 1 + chance.below(3);
        let controller = Controller::new(&ids, min_isr, elections);
        let first = Arc::new(controller.now.clone());
        let rules = |me| Rules {
            me,
            min_insync_replicas: u32::try_from(min_isr).unwrap(),
            max_lag_ms: 300,
        };
        Self {
            chance,
            now_ms: 1_000_000,
            nodes: ids
                .iter()
                .map(|id| Node::new(rules(*id), first.clone()))
                .collect(),
            history: vec![first],
            controller,
            min_isr,
            mail: Vec::new(),
            cuts: BTreeSet::new(),
            lossy: BTreeSet::new(),
            ledger: Ledger::default(),
            number: 0,
            story: String::new(),
        }
    }

    pub fn run(&mut self, steps: usize) -> Result<(), String> {
        for step in 0..steps {
            self.now_ms += i64::try_from(self.chance.below(8)).unwrap();
            self.act()?;
            self.publish();
            if step % 50 == 0 {
                self.compare()?;
            }
        }
        self.compare()
    }

    /// Heals everything and waits until all replicas are in sync and equal.
    pub fn settle(&mut self) -> Result<(), String> {
        self.cuts.clear();
        for at in 0..self.nodes.len() {
            self.start(at);
            self.controller.unfence(self.nodes[at].id);
            self.publish();
        }
        for _ in 0..500 {
            self.now_ms += 20;
            self.round()?;
            if self.is_calm() {
                return self.compare();
            }
        }
        Err(format!(
            "no calm: {:?} {:#?}",
            self.controller.now.state, self.nodes
        ))
    }

    pub fn story(&self) -> String {
        let kept = self.story.len().saturating_sub(6000);
        self.story.get(kept..).unwrap_or_default().to_owned()
    }

    pub fn elections(&self) -> usize {
        usize::try_from(self.controller.now.state.leader_epoch).unwrap()
    }

    pub fn committed(&self) -> usize {
        self.ledger.committed.len()
    }

    fn tell(&mut self, what: &str) {
        let _written = writeln!(self.story, "{} {what}", self.now_ms);
    }

    fn act(&mut self) -> Result<(), String> {
        let at = self.chance.below(self.nodes.len());
        match self.chance.below(100) {
            0..35 => self.deliver_any()?,
            35..37 => self.lose(),
            37..57 => self.fetch(at),
            57..70 => self.append(at)?,
            70..82 => self.inform(at)?,
            82..86 => self.ask_for_isr(at),
            86..88 => self.time_out(at),
            88..90 => self.sync(at),
            90..92 => self.cut_or_heal(at),
            92..94 => self.stop(at, false),
            94 => self.stop(at, true),
            95..98 => self.revive(at),
            _ => self.rule(at),
        }
        Ok(())
    }

    /// One fair round, without loss: everybody does everything once.
    fn round(&mut self) -> Result<(), String> {
        for at in 0..self.nodes.len() {
            self.time_out(at);
            self.publish();
            self.nodes[at].seen = self.history.len() - 2.min(self.history.len());
            self.inform(at)?;
            self.ask_for_isr(at);
            self.fetch(at);
        }
        while !self.mail.is_empty() {
            self.deliver(0)?;
        }
        self.publish();
        Ok(())
    }

    fn is_calm(&self) -> bool {
        let state = &self.controller.now.state;
        let end = self.nodes[0].disk.log_end_offset();
        let level = |node: &Node| node.watermark == end && node.disk.log_end_offset() == end;
        state.isr.len() == self.nodes.len() && self.nodes.iter().all(level)
    }

    fn compare(&self) -> Result<(), String> {
        let mut nodes = self.nodes.iter();
        nodes.try_for_each(|node| self.ledger.agrees(node.id, node.watermark, &node.disk))
    }

    fn publish(&mut self) {
        let now = &self.controller.now;
        let last = self.history.last().unwrap();
        let same =
            last.state == now.state
                && last.brokers.iter().zip(&now.brokers).all(|(one, other)| {
                    one.1.epoch == other.1.epoch && one.1.fenced == other.1.fenced
                });
        if !same {
            self.tell(&format!("controller: {:?}", now.state));
            self.history.push(Arc::new(self.controller.now.clone()));
        }
    }

    fn send(&mut self, from: i32, to: i32, letter: Letter) {
        self.mail.push(Sent { from, to, letter });
    }

    fn deliver_any(&mut self) -> Result<(), String> {
        if self.mail.is_empty() {
            return Ok(());
        }
        let at = self.chance.below(self.mail.len());
        self.deliver(at)
    }

    fn lose(&mut self) {
        if !self.mail.is_empty() {
            let at = self.chance.below(self.mail.len());
            self.mail.swap_remove(at);
        }
    }

    fn deliver(&mut self, at: usize) -> Result<(), String> {
        let Sent { from, to, letter } = self.mail.remove(at);
        if self.cuts.contains(&(from, to)) {
            return Ok(());
        }
        if to == CONTROLLER {
            if let Letter::Alter(proposal) = letter {
                let answer = self.controller.alter(from, &proposal);
                self.tell(&format!("{from} proposes {proposal:?}: {answer:?}"));
                self.send(CONTROLLER, from, Letter::Altered(proposal, answer));
            }
            return Ok(());
        }
        let now_ms = self.now_ms;
        let most = 1 + self.chance.below(4);
        let node = &mut self.nodes[usize::try_from(to - 1).unwrap()];
        if !node.alive {
            return Ok(());
        }
        match letter {
            Letter::Fetch(number, fetch) => {
                let reply = node.serve(&fetch, most, now_ms);
                node.settle(&mut self.ledger)?;
                self.tell(&format!("{to} answers {fetch:?}: {reply:?}"));
                self.send(to, from, Letter::Reply(number, reply));
            }
            Letter::Reply(number, reply) => node.receive(number, &reply),
            Letter::Altered(proposal, answer) => {
                let metadata = node.metadata.clone();
                if let Role::Leader(leader) = &mut node.role {
                    let answer = answer.as_ref().map_err(|error| *error);
                    leader.answered(&proposal, answer, metadata.as_ref(), now_ms);
                }
                node.settle(&mut self.ledger)?;
            }
            Letter::Alter(_) => {}
        }
        Ok(())
    }

    fn fetch(&mut self, at: usize) {
        self.number += 1;
        let node = &mut self.nodes[at];
        if !node.alive || node.waiting_for.is_some() {
            return;
        }
        let Some((leader, ask)) = node.ask() else {
            return;
        };
        node.waiting_for = Some((self.number, ask));
        let fetch = Fetch {
            replica: node.id,
            broker_epoch: node.broker_epoch,
            ask,
        };
        let from = node.id;
        self.send(from, leader, Letter::Fetch(self.number, fetch));
    }

    fn append(&mut self, at: usize) -> Result<(), String> {
        for _ in 0..=self.chance.below(3) {
            self.number += 1;
            let node = &mut self.nodes[at];
            node.append(self.number, self.now_ms);
            node.settle(&mut self.ledger)?;
        }
        Ok(())
    }

    /// Lets a node see the next metadata, or all of it.
    fn inform(&mut self, at: usize) -> Result<(), String> {
        let newest = self.history.len() - 1;
        let node = &mut self.nodes[at];
        if !node.alive || (node.seen == newest && !matches!(node.role, Role::Idle)) {
            return Ok(());
        }
        let next = (node.seen + 1).min(newest);
        node.seen = next + self.chance.below(newest - next + 1);
        let metadata = self.history[node.seen].clone();
        node.follow(metadata, &mut self.ledger, self.now_ms)
    }

    fn ask_for_isr(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        let from = node.id;
        if let Role::Leader(leader) = &mut node.role {
            leader.shrink(self.now_ms);
            if let Some(proposal) = leader.take_proposal() {
                node.proposed = Some(proposal.clone());
                self.send(from, CONTROLLER, Letter::Alter(proposal));
            }
        }
    }

    /// Gives up waiting: for a fetch's answer, or for the controller's.
    fn time_out(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        node.waiting_for = None;
        let metadata = node.metadata.clone();
        let Role::Leader(leader) = &mut node.role else {
            return;
        };
        if let Some(sent) = node.proposed.take() {
            let late = Err(ErrorCode::REQUEST_TIMED_OUT);
            leader.answered(&sent, late, metadata.as_ref(), self.now_ms);
        }
    }

    fn sync(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        if node.alive {
            node.disk.flush();
            node.checkpoint = node.watermark;
        }
    }

    fn cut_or_heal(&mut self, at: usize) {
        if self.chance.below(3) > 0 {
            self.cuts.clear();
            return;
        }
        let other = i32::try_from(self.chance.below(self.nodes.len())).unwrap();
        self.cuts.insert((self.nodes[at].id, other));
    }

    /// Stops a node cleanly, or crashes it with the loss of what was not flushed. What is committed is
    /// on min ISR nodes: as many crashes at once, or one of the last that has it, may lose it in Kafka
    /// too and is no test of clean elections.
    fn stop(&mut self, at: usize, crash: bool) {
        let id = self.nodes[at].id;
        let state = &self.controller.now.state;
        let keepers = state.isr.iter().chain(&state.elr);
        let safe = keepers
            .filter(|keeper| **keeper != id && !self.lossy.contains(keeper))
            .count()
            > 0
            && self.lossy.len() + 1 < self.min_isr;
        if !self.nodes[at].alive || (crash && !safe) {
            return;
        }
        let disk = &self.nodes[at].disk;
        let tail = disk.entries.len() - disk.flushed;
        let kept = disk.flushed + self.chance.below(tail + 1);
        self.nodes[at].stop(crash.then_some(kept));
        if crash {
            self.lossy.insert(id);
        }
        self.tell(&format!("{id} stops, crash {crash}"));
    }

    fn revive(&mut self, at: usize) {
        self.start(at);
        if self.chance.below(2) == 0 {
            self.controller.unfence(self.nodes[at].id);
        }
    }

    fn start(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        if node.alive {
            return;
        }
        let lost = self.lossy.remove(&node.id);
        node.broker_epoch = self.controller.register(node.id, lost);
        node.alive = true;
        // It has read the metadata up to its own registration.
        node.seen = self.history.len();
        let id = node.id;
        self.publish();
        self.tell(&format!("{id} starts"));
        let node = &mut self.nodes[at];
        node.seen = node.seen.min(self.history.len() - 1);
    }

    /// The controller does something on its own: fences, unfences, moves the leadership.
    fn rule(&mut self, at: usize) {
        let id = self.nodes[at].id;
        match self.chance.below(4) {
            0 => self.controller.fence(id),
            1 if self.nodes[at].alive => self.controller.unfence(id),
            _ => self.controller.move_leader(id),
        }
    }
}
