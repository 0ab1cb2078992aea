//! Groups by a seed: members that join, sync, die, restart and dawdle; a log that loses what is not
//! committed; coordinators that take over from the log. `LOOKOUT_SEED=n` repeats one run.

use std::collections::BTreeMap;

use broker::group::GroupSettings;
use broker::group::classic::{Answer, Committer, Joining, Ticket};
use broker::group::partition::Partition;
use broker::group::replay::Replay;
use broker::group::write::{Outcome, Write};
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::join_group::{JoinGroupRequest, JoinGroupResponse};
use broker::wire::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use broker::wire::messages::sync_group::{
    SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse,
};
use broker::wire::records::set_base_offset;

use super::desk::asking;
use super::dice::Dice;

const SESSION_MS: i64 = 10_000;
const REBALANCE_MS: i64 = 20_000;
const STEPS: usize = 1_500;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Doing {
    Nothing,
    Joining(Ticket),
    Syncing(Ticket),
    Working,
}

#[derive(Debug)]
struct Client {
    /// Its instance id if it is static.
    instance: Option<String>,
    member_id: String,
    generation: i32,
    doing: Doing,
    alive: bool,
    /// Reacts to everything in time; only then may the group not lose it.
    prompt: bool,
    heard_ms: i64,
    /// The coordinator it joined.
    term: u32,
}

struct World {
    dice: Dice,
    now_ms: i64,
    term: u32,
    partition: Partition,
    /// Batches in the order of the log; those from `committed` on may be lost.
    log: Vec<Write>,
    settled: usize,
    clients: Vec<Client>,
    answers: BTreeMap<Ticket, Answer>,
    next_ticket: Ticket,
    leaders: BTreeMap<(u32, i32), String>,
    generation: i32,
    /// The highest generation whose assignment was handed out.
    handed_out: i32,
    /// By topic: the last offset acknowledged and the last one asked for.
    acknowledged: BTreeMap<String, i64>,
    asked: i64,
    commits: BTreeMap<Ticket, (String, i64)>,
    met: BTreeMap<&'static str, usize>,
}

fn settings() -> GroupSettings {
    GroupSettings {
        initial_rebalance_delay_ms: 1_000,
        ..GroupSettings::default()
    }
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let client = |number: usize, kind: u64| Client {
            instance: kind.is_multiple_of(3).then(|| format!("static{number}")),
            member_id: String::new(),
            generation: -1,
            doing: Doing::Nothing,
            alive: true,
            prompt: kind.is_multiple_of(2),
            heard_ms: 0,
            term: 0,
        };
        let kinds: Vec<u64> = (0..5).map(|_| dice.roll(6)).collect();
        Self {
            clients: (0..5).map(|number| client(number, kinds[number])).collect(),
            dice,
            now_ms: 1_000_000,
            term: 0,
            partition: Partition::new(settings()),
            log: Vec::new(),
            settled: 0,
            answers: BTreeMap::new(),
            next_ticket: 0,
            leaders: BTreeMap::new(),
            generation: 0,
            handed_out: 0,
            acknowledged: BTreeMap::new(),
            asked: 0,
            commits: BTreeMap::new(),
            met: BTreeMap::new(),
        }
    }

    fn ticket(&mut self) -> Ticket {
        self.next_ticket += 1;
        self.next_ticket
    }

    fn meet(&mut self, what: &'static str) {
        *self.met.entry(what).or_default() += 1;
    }

    fn take(&mut self, outcome: Outcome) {
        for (ticket, answer) in outcome.answers {
            let twice = self.answers.insert(ticket, answer);
            assert!(twice.is_none(), "ticket {ticket} is answered twice");
        }
        for write in outcome.writes {
            if self.dice.roll(40) == 0 {
                self.meet("append refused");
                let code = ErrorCode::NOT_ENOUGH_REPLICAS;
                let then = self.partition.settle(write, Err(code), self.now_ms);
                self.take(then);
            } else {
                self.log.push(write);
            }
        }
    }

    fn settle_one(&mut self) {
        if let Some(write) = self.log.get(self.settled).cloned() {
            self.settled += 1;
            let then = self.partition.settle(write, Ok(()), self.now_ms);
            self.take(then);
        }
    }

    /// Another coordinator reads the log: some of what was not committed is lost, all of what was is
    /// there.
    fn fail_over(&mut self) {
        self.meet("failover");
        let loose = self.log.len() - self.settled;
        let kept = self.dice.roll(loose as u64 + 1);
        self.log
            .truncate(self.settled + usize::try_from(kept).unwrap());
        self.settled = self.log.len();
        let mut bytes = Vec::new();
        for (at, write) in self.log.iter().enumerate() {
            let mut batch = write.batch(self.now_ms).unwrap();
            set_base_offset(&mut batch, i64::try_from(at).unwrap()).unwrap();
            bytes.extend(batch);
        }
        let mut replay = Replay::default();
        replay.take(&bytes).unwrap();
        self.partition = replay.finish(settings(), self.now_ms);
        self.term += 1;
        self.generation = self
            .partition
            .group("g")
            .map_or(0, broker::group::classic::Group::generation);
        assert!(
            self.generation >= self.handed_out,
            "generation {} was handed out and is forgotten",
            self.handed_out
        );
        self.commits.clear();
        for client in &mut self.clients {
            if matches!(client.doing, Doing::Joining(_) | Doing::Syncing(_)) {
                client.doing = Doing::Nothing;
            }
        }
    }

    fn pass(&mut self, ms: i64) {
        let until = self.now_ms + ms;
        while self.partition.next_deadline() <= until {
            self.now_ms = self.partition.next_deadline().max(self.now_ms);
            let due = self.partition.expire(self.now_ms);
            self.take(due);
        }
        self.now_ms = until;
    }

    fn join(&mut self, number: usize) {
        let ticket = self.ticket();
        let client = &mut self.clients[number];
        let request = JoinGroupRequest {
            session_timeout_ms: i32::try_from(SESSION_MS).unwrap(),
            rebalance_timeout_ms: i32::try_from(REBALANCE_MS).unwrap(),
            group_instance_id: client.instance.clone(),
            ..asking(&client.member_id)
        };
        client.doing = Doing::Joining(ticket);
        client.heard_ms = self.now_ms;
        client.term = self.term;
        let joining = Joining {
            request,
            version: 9,
            client_id: "c".into(),
            client_host: "/h".into(),
            fresh_id: format!("{ticket}"),
            ticket,
        };
        let outcome = self.partition.join(&joining, self.now_ms);
        self.take(outcome);
    }

    fn joined(&mut self, number: usize, answer: &JoinGroupResponse) {
        let term = self.term;
        let client = &mut self.clients[number];
        client.doing = Doing::Nothing;
        client.heard_ms = self.now_ms;
        match answer.error_code {
            ErrorCode::NONE => {}
            ErrorCode::MEMBER_ID_REQUIRED => {
                client.member_id.clone_from(&answer.member_id);
                return self.join(number);
            }
            ErrorCode::UNKNOWN_MEMBER_ID | ErrorCode::FENCED_INSTANCE_ID => {
                client.member_id.clear();
                return;
            }
            _ => return,
        }
        client.member_id.clone_from(&answer.member_id);
        client.generation = answer.generation_id;
        let instance = client.instance.clone();
        let key = (term, answer.generation_id);
        let leader = self
            .leaders
            .entry(key)
            .or_insert_with(|| answer.leader.clone());
        // A static leader may have come back under a new id.
        let replaced = leader.starts_with("static") && answer.leader.starts_with("static");
        assert!(
            *leader == answer.leader || replaced,
            "two leaders of {key:?}"
        );
        if !answer.members.is_empty() {
            assert_eq!(
                answer.leader, answer.member_id,
                "only a leader hears of all"
            );
        }
        if instance.is_some() && answer.skip_assignment {
            self.meet("assignment skipped");
        }
        let leads = answer.leader == answer.member_id && !answer.skip_assignment;
        let ids = answer.members.iter().filter(|_| leads);
        let given = ids
            .map(|member| {
                let who = member
                    .group_instance_id
                    .as_ref()
                    .unwrap_or(&member.member_id);
                SyncGroupRequestAssignment {
                    member_id: member.member_id.clone(),
                    assignment: format!("{}:{who}", answer.generation_id).into(),
                    ..SyncGroupRequestAssignment::default()
                }
            })
            .collect();
        self.sync(number, given);
    }

    fn sync(&mut self, number: usize, assignments: Vec<SyncGroupRequestAssignment>) {
        let ticket = self.ticket();
        let client = &mut self.clients[number];
        client.doing = Doing::Syncing(ticket);
        let request = SyncGroupRequest {
            group_id: "g".into(),
            generation_id: client.generation,
            member_id: client.member_id.clone(),
            group_instance_id: client.instance.clone(),
            assignments,
            ..SyncGroupRequest::default()
        };
        let outcome = self.partition.sync(&request, ticket, self.now_ms);
        self.take(outcome);
    }

    fn synced(&mut self, number: usize, answer: &SyncGroupResponse) {
        let client = &mut self.clients[number];
        client.heard_ms = self.now_ms;
        client.doing = Doing::Nothing;
        if !answer.error_code.is_ok() {
            return;
        }
        client.doing = Doing::Working;
        self.handed_out = self.handed_out.max(client.generation);
        let who = client.instance.as_ref().unwrap_or(&client.member_id);
        let mine = format!("{}:{who}", client.generation);
        let got = String::from_utf8(answer.assignment.to_vec()).unwrap();
        assert_eq!(got, mine, "an assignment of another member or generation");
        self.meet("assignment handed out");
    }

    fn work(&mut self, number: usize) {
        let client = &self.clients[number];
        let from = Committer {
            member_id: &client.member_id,
            instance_id: client.instance.as_deref(),
            generation: client.generation,
        };
        let alive = self.partition.heartbeat("g", from, self.now_ms);
        let lost = alive == Err(ErrorCode::UNKNOWN_MEMBER_ID);
        let held = client.term == self.term && self.now_ms - client.heard_ms < SESSION_MS;
        assert!(
            !(lost && held && client.prompt),
            "{client:?} is lost at {}",
            self.now_ms
        );
        let client = &mut self.clients[number];
        client.heard_ms = self.now_ms;
        match alive {
            Ok(()) => self.commit(number),
            Err(ErrorCode::REBALANCE_IN_PROGRESS) => {
                if client.prompt || self.dice.roll(8) == 0 {
                    self.join(number);
                }
            }
            Err(_) => {
                client.member_id.clear();
                client.doing = Doing::Nothing;
            }
        }
    }

    fn commit(&mut self, number: usize) {
        let ticket = self.ticket();
        self.asked += 1;
        let topic = format!("t{}", self.dice.roll(3));
        let client = &self.clients[number];
        let request = OffsetCommitRequest {
            group_id: "g".into(),
            generation_id_or_member_epoch: client.generation,
            member_id: client.member_id.clone(),
            group_instance_id: client.instance.clone(),
            topics: vec![OffsetCommitRequestTopic {
                name: topic.clone(),
                partitions: vec![OffsetCommitRequestPartition {
                    committed_offset: self.asked,
                    ..OffsetCommitRequestPartition::default()
                }],
                ..OffsetCommitRequestTopic::default()
            }],
            ..OffsetCommitRequest::default()
        };
        self.commits.insert(ticket, (topic, self.asked));
        let outcome = self.partition.commit(&request, 9, ticket, self.now_ms);
        self.take(outcome);
    }

    fn hear(&mut self) {
        for number in 0..self.clients.len() {
            let client = &self.clients[number];
            let (Doing::Joining(ticket) | Doing::Syncing(ticket)) = client.doing else {
                continue;
            };
            match self.answers.remove(&ticket) {
                Some(Answer::Joined(answer)) => self.joined(number, &answer),
                Some(Answer::Synced(answer)) => self.synced(number, &answer),
                _ => {}
            }
        }
        let written: Vec<Ticket> = self.commits.keys().copied().collect();
        for ticket in written {
            let Some(Answer::Written(written)) = self.answers.remove(&ticket) else {
                continue;
            };
            let (topic, offset) = self.commits.remove(&ticket).unwrap();
            if written.is_ok() {
                self.meet("commit acknowledged");
                self.acknowledged.insert(topic, offset);
            }
        }
    }

    fn check(&mut self) {
        let generation = self
            .partition
            .group("g")
            .map_or(0, broker::group::classic::Group::generation);
        assert!(
            generation >= self.generation,
            "generation {} went back",
            self.generation
        );
        self.generation = generation;
        for (topic, acknowledged) in &self.acknowledged {
            let offsets = self.partition.offsets("g").expect("its group");
            let seen = offsets
                .get(topic, 0)
                .expect("an acknowledged offset")
                .offset;
            assert!(
                seen >= *acknowledged,
                "{topic}: {seen} is older than {acknowledged}"
            );
            assert!(seen <= self.asked);
        }
    }

    /// A dead client starts anew, without what it knew; a dynamic one may leave.
    fn upset(&mut self, number: usize) {
        let client = &mut self.clients[number];
        if !client.alive || client.instance.is_some() {
            client.alive = true;
            client.member_id.clear();
            client.doing = Doing::Nothing;
        } else if self.dice.roll(2) == 0 {
            client.alive = false;
            client.doing = Doing::Nothing;
        } else {
            let id = std::mem::take(&mut client.member_id);
            client.doing = Doing::Nothing;
            let (_, outcome) = self.partition.leave("g", (&id, None), self.now_ms);
            self.take(outcome);
        }
    }

    fn step(&mut self) {
        let number = usize::try_from(self.dice.roll(self.clients.len() as u64)).unwrap();
        match self.dice.roll(100) {
            0 => self.fail_over(),
            1..4 => self.upset(number),
            4..30 => {
                let ms = i64::try_from(self.dice.roll(1_000)).unwrap();
                self.pass(ms);
            }
            30..60 => self.settle_one(),
            60..63 => self.act(number),
            _ => {}
        }
        // Prompt clients do what is due at every step.
        for number in 0..self.clients.len() {
            if self.clients[number].prompt {
                self.act(number);
            }
        }
        self.hear();
        self.check();
    }

    fn act(&mut self, number: usize) {
        let client = &self.clients[number];
        let silent_ms = self.now_ms - client.heard_ms;
        match client.doing {
            _ if !client.alive => {}
            Doing::Nothing => self.join(number),
            Doing::Working if silent_ms >= 1_000 => self.work(number),
            Doing::Working | Doing::Joining(_) | Doing::Syncing(_) => {}
        }
    }
}

#[test]
fn groups_keep_their_promises_through_random_lives() {
    let one = std::env::var("LOOKOUT_SEED")
        .ok()
        .map(|seed| seed.parse().unwrap());
    let seeds = one.map_or(0..60, |seed: u64| seed..seed + 1);
    let mut met: BTreeMap<&'static str, usize> = BTreeMap::new();
    for seed in seeds.clone() {
        let run = std::panic::catch_unwind(|| {
            let mut world = World::new(seed);
            (0..STEPS).for_each(|_| world.step());
            world.met
        });
        let Ok(counts) = run else {
            panic!("LOOKOUT_SEED={seed} fails");
        };
        for (what, count) in counts {
            *met.entry(what).or_default() += count;
        }
    }
    if one.is_none() {
        for what in [
            "append refused",
            "assignment handed out",
            "assignment skipped",
            "commit acknowledged",
            "failover",
        ] {
            let often = met.get(what).is_some_and(|count| *count > 10);
            assert!(often, "{what}: {met:?}");
        }
    }
}
