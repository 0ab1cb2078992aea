//! All groups of one partition of `__consumer_offsets`, without its log: requests, settled writes
//! and time come in, answers and writes go out. Pure; its owner puts it behind a lock.

use std::collections::{BTreeMap, BTreeSet};

use crate::wire::error_code::ErrorCode;
use crate::wire::messages::describe_groups::DescribedGroup;
use crate::wire::messages::join_group::JoinGroupRequest;
use crate::wire::messages::list_groups::ListedGroup;
use crate::wire::messages::offset_commit::{OffsetCommitRequest, OffsetCommitRequestPartition};
use crate::wire::messages::sync_group::SyncGroupRequest;

use super::classic::{
    Answer, CONSUMER_PROTOCOL, Committer, Effects, Group, Joining, State, Ticket, sync_refusal,
};
use super::entry::Entry;
use super::offsets::{OffsetChange, Offsets, removal};
use super::schema::{GroupValue, OffsetValue};
use super::settings::GroupSettings;
use super::write::{Change, MAX_REMOVALS, Outcome, Write};

/// First version of OffsetCommit that is told that a group does not exist.
const NOT_FOUND_VERSION: i16 = 9;
/// The type of group that this broker knows, as ListGroups names it (KIP-848).
pub const GROUP_TYPE: &str = "classic";

/// The groups of one partition.
#[derive(Debug)]
pub struct Partition {
    settings: GroupSettings,
    groups: BTreeMap<String, Entry>,
    /// Groups by the time when something may be due in them.
    timers: BTreeSet<(i64, String)>,
}

impl Partition {
    /// A partition without groups.
    pub fn new(settings: GroupSettings) -> Self {
        Self {
            settings,
            groups: BTreeMap::new(),
            timers: BTreeSet::new(),
        }
    }

    /// Takes a group in as it was read from the log.
    pub fn restore_group(&mut self, id: &str, value: GroupValue, now_ms: i64) {
        let group = Group::restore(id, value, now_ms);
        self.groups.insert(id.to_owned(), Entry::new(group));
        self.reschedule(id);
    }

    /// Takes an offset in as it was read from the log.
    pub fn restore_offset(&mut self, id: &str, change: OffsetChange, now_ms: i64) {
        if let Some(value) = change.value {
            let entry = self.entry(id, now_ms);
            entry.offsets.restore(change.topic, change.partition, value);
        }
    }

    fn entry(&mut self, id: &str, now_ms: i64) -> &mut Entry {
        self.groups
            .entry(id.to_owned())
            .or_insert_with(|| Entry::new(Group::new(id, now_ms)))
    }

    /// A group.
    pub fn group(&self, id: &str) -> Option<&Group> {
        Some(&self.groups.get(id)?.group)
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// JoinGroup.
    pub fn join(&mut self, joining: &Joining, now_ms: i64) -> Outcome {
        let JoinGroupRequest {
            group_id,
            member_id,
            ..
        } = &joining.request;
        let id = group_id.clone();
        if !member_id.is_empty() && !self.groups.contains_key(&id) {
            let answer = joining.refusal(ErrorCode::UNKNOWN_MEMBER_ID);
            return Outcome {
                answers: vec![answer],
                writes: Vec::new(),
            };
        }
        let limits = self.settings.limits();
        self.entry(&id, now_ms);
        self.act(&id, |group, fx| group.join(joining, &limits, now_ms, fx))
            .1
    }

    /// SyncGroup.
    pub fn sync(&mut self, request: &SyncGroupRequest, ticket: Ticket, now_ms: i64) -> Outcome {
        let (found, mut outcome) = self.act(&request.group_id, |group, fx| {
            group.sync(request, ticket, now_ms, fx);
        });
        if found.is_none() {
            let code = ErrorCode::UNKNOWN_MEMBER_ID;
            outcome.answers.push(sync_refusal(ticket, code));
        }
        outcome
    }

    /// Heartbeat.
    pub fn heartbeat(
        &mut self,
        id: &str,
        from: Committer<'_>,
        now_ms: i64,
    ) -> Result<(), ErrorCode> {
        let entry = self.groups.get_mut(id);
        let entry = entry.ok_or(ErrorCode::UNKNOWN_MEMBER_ID)?;
        let group = &mut entry.group;
        group.heartbeat(from.member_id, from.instance_id, from.generation, now_ms)
    }

    /// One member of a LeaveGroup.
    pub fn leave(
        &mut self,
        id: &str,
        (member_id, instance_id): (&str, Option<&str>),
        now_ms: i64,
    ) -> (Result<(), ErrorCode>, Outcome) {
        let (left, outcome) = self.act(id, |group, fx| {
            group.leave(member_id, instance_id, now_ms, fx)
        });
        (left.unwrap_or(Err(ErrorCode::UNKNOWN_MEMBER_ID)), outcome)
    }

    /// OffsetCommit of all partitions whose metadata is short enough; who asks waits by `ticket`.
    pub fn commit(
        &mut self,
        request: &OffsetCommitRequest,
        version: i16,
        ticket: Ticket,
        now_ms: i64,
    ) -> Outcome {
        let mut outcome = Outcome::default();
        match self.may_commit(request, version, now_ms) {
            Ok(()) => {
                let changes = self.changes(request, now_ms);
                self.write_offsets(&request.group_id, changes, Some(ticket), &mut outcome);
            }
            Err(code) => outcome.answers.push((ticket, Answer::Written(Err(code)))),
        }
        self.forget_nothing(&request.group_id);
        outcome
    }

    fn may_commit(
        &mut self,
        request: &OffsetCommitRequest,
        version: i16,
        now_ms: i64,
    ) -> Result<(), ErrorCode> {
        let generation = request.generation_id_or_member_epoch;
        if !self.groups.contains_key(&request.group_id) {
            return match generation {
                ..0 => Ok(()),
                _ if version >= NOT_FOUND_VERSION => Err(ErrorCode::GROUP_ID_NOT_FOUND),
                _ => Err(ErrorCode::ILLEGAL_GENERATION),
            };
        }
        let from = Committer {
            member_id: &request.member_id,
            instance_id: request.group_instance_id.as_deref(),
            generation,
        };
        let entry = self.entry(&request.group_id, now_ms);
        entry.group.may_commit(from, now_ms)
    }

    fn changes(&mut self, request: &OffsetCommitRequest, now_ms: i64) -> Vec<OffsetChange> {
        self.entry(&request.group_id, now_ms);
        let expires_ms = match request.retention_time_ms {
            -1 => None,
            keep_ms => Some(now_ms.saturating_add(keep_ms)),
        };
        let value = |one: &OffsetCommitRequestPartition| OffsetValue {
            offset: one.committed_offset,
            leader_epoch: one.committed_leader_epoch,
            metadata: one.committed_metadata.clone().unwrap_or_default(),
            committed_ms: now_ms,
            expires_ms,
        };
        let mut changes = Vec::new();
        for topic in &request.topics {
            let values = topic.partitions.iter().map(|one| OffsetChange {
                topic: topic.name.clone(),
                partition: one.partition_index,
                value: Some(value(one)),
            });
            let limit = self.settings.metadata_max_bytes;
            changes.extend(values.filter(|change| change.fits(limit)));
        }
        changes
    }

    /// Puts offsets on their way; without any, who waits is answered at once.
    fn write_offsets(
        &mut self,
        id: &str,
        changes: Vec<OffsetChange>,
        ticket: Option<Ticket>,
        outcome: &mut Outcome,
    ) {
        let Some(entry) = self.groups.get_mut(id).filter(|_| !changes.is_empty()) else {
            let answer = |ticket| (ticket, Answer::Written(Ok(())));
            outcome.answers.extend(ticket.map(answer));
            return;
        };
        entry.in_flight += 1;
        for change in &changes {
            entry.offsets.begin(change);
        }
        outcome.writes.push(Write {
            group: id.to_owned(),
            change: Change::Offsets(changes),
            ticket,
        });
    }

    /// The committed offsets of a group; `None` where there is no such group.
    pub fn offsets(&self, id: &str) -> Option<&Offsets> {
        Some(&self.groups.get(id)?.offsets)
    }

    /// DescribeGroups of one group.
    pub fn describe(&self, id: &str) -> Option<DescribedGroup> {
        Some(self.group(id)?.describe())
    }

    /// ListGroups.
    pub fn list(&self) -> impl Iterator<Item = ListedGroup> {
        self.groups.values().map(|entry| ListedGroup {
            group_id: entry.group.id().to_owned(),
            protocol_type: entry.group.protocol_type().unwrap_or_default().to_owned(),
            group_state: entry.group.state().name().to_owned(),
            group_type: GROUP_TYPE.to_owned(),
            ..ListedGroup::default()
        })
    }

    /// DeleteGroups of one group: who asks waits by `ticket` until all of it is gone.
    pub fn delete(&mut self, id: &str, ticket: Ticket) -> Outcome {
        let mut outcome = Outcome::default();
        let refused = match self.group(id).map(Group::state) {
            None => Some(ErrorCode::GROUP_ID_NOT_FOUND),
            Some(State::Empty) => None,
            Some(_) => Some(ErrorCode::NON_EMPTY_GROUP),
        };
        if let Some(code) = refused {
            outcome.answers.push((ticket, Answer::Written(Err(code))));
            return outcome;
        }
        let all = self.groups.get(id).map(|entry| entry.offsets.clear_all());
        self.remove_offsets(id, &all.unwrap_or_default(), &mut outcome);
        self.remove_group(id, Some(ticket), &mut outcome);
        outcome
    }

    fn remove_offsets(&mut self, id: &str, removals: &[OffsetChange], outcome: &mut Outcome) {
        for some in removals.chunks(MAX_REMOVALS) {
            self.write_offsets(id, some.to_vec(), None, outcome);
        }
    }

    fn remove_group(&mut self, id: &str, ticket: Option<Ticket>, outcome: &mut Outcome) {
        if let Some(entry) = self.groups.get_mut(id) {
            entry.in_flight += 1;
            outcome.writes.push(Write {
                group: id.to_owned(),
                change: Change::Removed,
                ticket,
            });
        }
    }

    /// Whether offsets of this group may be deleted at all (OffsetDelete).
    pub fn may_delete_offsets(&self, id: &str) -> Result<(), ErrorCode> {
        let group = self.group(id).ok_or(ErrorCode::GROUP_ID_NOT_FOUND)?;
        let consumers = group.protocol_type() == Some(CONSUMER_PROTOCOL);
        match group.state() {
            State::Empty => Ok(()),
            _ if consumers => Ok(()),
            _ => Err(ErrorCode::NON_EMPTY_GROUP),
        }
    }

    /// Whether members of the group read a topic, so that its offsets stay (rule 66).
    pub fn reads(&self, id: &str, topic: &str) -> bool {
        self.group(id).is_some_and(|group| group.reads(topic))
    }

    /// Removes offsets of topics that the group does not read; who asks waits by `ticket`.
    pub fn delete_offsets(&mut self, id: &str, which: &[(String, i32)], ticket: Ticket) -> Outcome {
        let mut outcome = Outcome::default();
        let changes = which
            .iter()
            .filter(|(topic, partition)| {
                let offsets = self.offsets(id);
                !self.reads(id, topic)
                    && offsets.is_some_and(|known| known.get(topic, *partition).is_some())
            })
            .map(|(topic, partition)| removal(topic, *partition))
            .collect();
        self.write_offsets(id, changes, Some(ticket), &mut outcome);
        outcome
    }

    /// Removes the offsets of every topic that `is_gone`.
    pub fn remove_topics(&mut self, is_gone: impl Fn(&str) -> bool) -> Outcome {
        let mut outcome = Outcome::default();
        let mut found = Vec::new();
        for (id, entry) in &self.groups {
            let gone = entry.offsets.topics().filter(|topic| is_gone(topic));
            let removals: Vec<OffsetChange> = gone
                .flat_map(|topic| entry.offsets.clear_topic(topic))
                .collect();
            if !removals.is_empty() {
                found.push((id.clone(), removals));
            }
        }
        for (id, removals) in found {
            self.remove_offsets(&id, &removals, &mut outcome);
        }
        outcome
    }

    /// Removes expired offsets, and groups that have neither members nor offsets left.
    pub fn expire_offsets(&mut self, now_ms: i64) -> Outcome {
        let keep_ms = self.settings.offsets_retention_ms;
        let mut outcome = Outcome::default();
        let mut found = Vec::new();
        for (id, entry) in &self.groups {
            let expired =
                |topic: &str, value: &OffsetValue| entry.has_expired(topic, value, keep_ms, now_ms);
            let removals = entry.offsets.clear_where(expired);
            let last = removals.len() == entry.offsets.len();
            let ends = last && entry.group.is_idle() && entry.in_flight == 0;
            if ends || !removals.is_empty() {
                found.push((id.clone(), removals, ends));
            }
        }
        for (id, removals, ends) in found {
            self.remove_offsets(&id, &removals, &mut outcome);
            if ends {
                self.remove_group(&id, None, &mut outcome);
            }
        }
        outcome
    }

    /// A write is committed, or could not be written. Writes settle in the order of the log.
    pub fn settle(&mut self, write: Write, written: Result<(), ErrorCode>, now_ms: i64) -> Outcome {
        let told = written.map_err(|code| write.told(code));
        let id = write.group;
        let Some(entry) = self.groups.get_mut(&id) else {
            return Outcome::default();
        };
        entry.in_flight = entry.in_flight.saturating_sub(1);
        let mut outcome = match write.change {
            Change::Group { purpose, value } => {
                let settle = |group: &mut Group, fx: &mut Effects| {
                    group.settle(purpose, &value, told, (now_ms, fx));
                };
                self.act(&id, settle).1
            }
            Change::Offsets(changes) => {
                for change in changes {
                    match told {
                        Ok(()) => entry.offsets.commit(&change),
                        Err(_) => entry.offsets.abandon(&change),
                    }
                }
                Outcome::default()
            }
            Change::Removed => {
                self.removed(&id, told);
                Outcome::default()
            }
        };
        self.forget_nothing(&id);
        let answer = |ticket| (ticket, Answer::Written(told));
        outcome.answers.extend(write.ticket.map(answer));
        outcome
    }

    /// Forgets a group whose removal is committed, unless it has come to life meanwhile.
    fn removed(&mut self, id: &str, told: Result<(), ErrorCode>) {
        let over = self.groups.get(id).is_some_and(|entry| {
            entry.group.is_idle() && entry.offsets.is_empty() && entry.in_flight == 0
        });
        if told.is_ok() && over {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: &str) {
        if let Some(entry) = self.groups.remove(id) {
            self.timers.remove(&(entry.scheduled_ms, id.to_owned()));
        }
    }

    fn forget_nothing(&mut self, id: &str) {
        if self.groups.get(id).is_some_and(Entry::is_nothing) {
            self.forget(id);
        }
    }

    /// When something may be due, in milliseconds since 1970.
    pub fn next_deadline(&self) -> i64 {
        self.timers.first().map_or(i64::MAX, |(at_ms, _)| *at_ms)
    }

    /// Does what is due by now, in the groups where something may be.
    pub fn expire(&mut self, now_ms: i64) -> Outcome {
        let mut outcome = Outcome::default();
        while self.next_deadline() <= now_ms {
            let Some((_, id)) = self.timers.pop_first() else {
                break;
            };
            if let Some(entry) = self.groups.get_mut(&id) {
                entry.scheduled_ms = i64::MAX;
            }
            let (_, due) = self.act(&id, |group, fx| group.expire(now_ms, fx));
            outcome.answers.extend(due.answers);
            outcome.writes.extend(due.writes);
        }
        outcome
    }

    /// Acts on a group and takes in what that leads to; `None` where there is no such group.
    fn act<T>(
        &mut self,
        id: &str,
        what: impl FnOnce(&mut Group, &mut Effects) -> T,
    ) -> (Option<T>, Outcome) {
        let Some(entry) = self.groups.get_mut(id) else {
            return (None, Outcome::default());
        };
        let mut fx = Effects::default();
        let done = what(&mut entry.group, &mut fx);
        let mut outcome = Outcome {
            answers: fx.answers,
            writes: Vec::new(),
        };
        for (purpose, value) in fx.writes {
            entry.in_flight += 1;
            outcome.writes.push(Write {
                group: id.to_owned(),
                change: Change::Group { purpose, value },
                ticket: None,
            });
        }
        self.reschedule(id);
        self.forget_nothing(id);
        (Some(done), outcome)
    }

    fn reschedule(&mut self, id: &str) {
        let Some(entry) = self.groups.get_mut(id) else {
            return;
        };
        let at_ms = entry.group.next_deadline();
        if at_ms < entry.scheduled_ms {
            self.timers.remove(&(entry.scheduled_ms, id.to_owned()));
            entry.scheduled_ms = at_ms;
            self.timers.insert((at_ms, id.to_owned()));
        }
    }
}
