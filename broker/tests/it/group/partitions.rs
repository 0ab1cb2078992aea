//! Offsets and groups of one partition: rules 64 to 67.

use broker::group::GroupSettings;
use broker::group::classic::{Answer, Committer, Joining, Ticket};
use broker::group::partition::Partition;
use broker::group::replay::Replay;
use broker::group::write::{Change, Outcome, Write};
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::join_group::JoinGroupRequest;
use broker::wire::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use broker::wire::messages::sync_group::SyncGroupRequest;

use super::desk::{asking, protocols};

const DAY_MS: i64 = 86_400_000;

/// A partition whose writes are committed at once, and its log.
struct Kept {
    partition: Partition,
    now_ms: i64,
    log: Vec<u8>,
    offset: i64,
    answers: Vec<(Ticket, Answer)>,
}

impl Kept {
    fn new() -> Self {
        Self {
            partition: Partition::new(GroupSettings {
                initial_rebalance_delay_ms: 0,
                ..GroupSettings::default()
            }),
            now_ms: 1_000,
            log: Vec::new(),
            offset: 0,
            answers: Vec::new(),
        }
    }

    fn keep(&mut self, write: &Write) {
        let mut batch = write.batch(self.now_ms).unwrap();
        broker::wire::records::set_base_offset(&mut batch, self.offset).unwrap();
        self.offset += match &write.change {
            Change::Offsets(changes) => i64::try_from(changes.len()).unwrap(),
            _ => 1,
        };
        self.log.extend(batch);
    }

    fn take(&mut self, outcome: Outcome) {
        self.answers.extend(outcome.answers);
        for write in outcome.writes {
            self.keep(&write);
            let then = self.partition.settle(write, Ok(()), self.now_ms);
            self.take(then);
        }
    }

    fn commit(&mut self, request: &OffsetCommitRequest, version: i16) -> Result<(), ErrorCode> {
        let outcome = self.partition.commit(request, version, 1, self.now_ms);
        self.take(outcome);
        self.written()
    }

    fn written(&mut self) -> Result<(), ErrorCode> {
        match self.answers.pop() {
            Some((_, Answer::Written(written))) => written,
            other => panic!("not written: {other:?}"),
        }
    }

    fn delete(&mut self, group: &str) -> Result<(), ErrorCode> {
        let outcome = self.partition.delete(group, 1);
        self.take(outcome);
        self.written()
    }

    fn offset_of(&self, topic: &str) -> Option<i64> {
        Some(self.partition.offsets("g")?.get(topic, 0)?.offset)
    }

    /// A member that reads topic `t` joins and gets its assignment.
    fn join(&mut self) -> String {
        let request = JoinGroupRequest {
            protocols: protocols(&[("range", b"\0\x01\0\0\0\x01\0\x01t\xff\xff\xff\xff")]),
            ..asking("")
        };
        let joining = Joining {
            request,
            version: 3,
            client_id: "app".into(),
            client_host: "/h".into(),
            fresh_id: "1".into(),
            ticket: 9,
        };
        let outcome = self.partition.join(&joining, self.now_ms);
        self.take(outcome);
        let Some((9, Answer::Joined(joined))) = self.answers.pop() else {
            panic!("no answer");
        };
        let sync = SyncGroupRequest {
            group_id: "g".into(),
            generation_id: joined.generation_id,
            member_id: joined.member_id.clone(),
            ..SyncGroupRequest::default()
        };
        let outcome = self.partition.sync(&sync, 10, self.now_ms);
        self.take(outcome);
        self.answers.clear();
        joined.member_id
    }

    fn leave(&mut self, member_id: &str) {
        let (left, outcome) = self.partition.leave("g", (member_id, None), self.now_ms);
        left.unwrap();
        self.take(outcome);
    }

    fn expire_after(&mut self, days: i64) {
        self.now_ms += days * DAY_MS;
        let outcome = self.partition.expire_offsets(self.now_ms);
        self.take(outcome);
    }

    fn replayed(&self) -> Partition {
        let mut replay = Replay::default();
        replay.take(&self.log).unwrap();
        replay.finish(GroupSettings::default(), self.now_ms)
    }
}

fn offsets(topics: &[(&str, i64)]) -> OffsetCommitRequest {
    OffsetCommitRequest {
        group_id: "g".into(),
        topics: topics
            .iter()
            .map(|(name, offset)| OffsetCommitRequestTopic {
                name: (*name).into(),
                partitions: vec![OffsetCommitRequestPartition {
                    committed_offset: *offset,
                    committed_leader_epoch: 4,
                    committed_metadata: Some("note".into()),
                    ..OffsetCommitRequestPartition::default()
                }],
                ..OffsetCommitRequestTopic::default()
            })
            .collect(),
        ..OffsetCommitRequest::default()
    }
}

fn member_offsets(member_id: &str, generation: i32) -> OffsetCommitRequest {
    OffsetCommitRequest {
        member_id: member_id.into(),
        generation_id_or_member_epoch: generation,
        ..offsets(&[("t", 5)])
    }
}

#[test]
fn a_commit_outside_of_any_group_makes_a_simple_one() {
    let mut kept = Kept::new();
    kept.commit(&offsets(&[("t", 7)]), 9).unwrap();
    let group = kept.partition.group("g").unwrap();
    assert_eq!(group.protocol_type(), None);
    let value = kept.partition.offsets("g").unwrap().get("t", 0).unwrap();
    assert_eq!(
        (value.offset, value.leader_epoch, value.metadata.as_str()),
        (7, 4, "note")
    );
    let replayed = kept.replayed();
    assert_eq!(replayed.offsets("g").unwrap().get("t", 0), Some(value));
}

#[test]
fn a_member_of_no_group_is_refused_in_the_words_of_its_version() {
    let mut kept = Kept::new();
    let request = member_offsets("m", 1);
    assert_eq!(kept.commit(&request, 8), Err(ErrorCode::ILLEGAL_GENERATION));
    assert_eq!(kept.commit(&request, 9), Err(ErrorCode::GROUP_ID_NOT_FOUND));
    assert!(kept.partition.is_empty());
}

#[test]
fn members_commit_in_their_generation_and_strangers_do_not() {
    let mut kept = Kept::new();
    let id = kept.join();
    assert_eq!(kept.commit(&member_offsets(&id, 1), 9), Ok(()));
    let late = kept.commit(&member_offsets(&id, 0), 9);
    assert_eq!(late, Err(ErrorCode::ILLEGAL_GENERATION));
    let simple = kept.commit(&offsets(&[("t", 9)]), 9);
    assert_eq!(simple, Err(ErrorCode::UNKNOWN_MEMBER_ID));
    assert_eq!(kept.offset_of("t"), Some(5));
}

#[test]
fn an_offset_is_not_seen_before_it_is_committed_nor_after_it_failed() {
    let mut kept = Kept::new();
    kept.commit(&offsets(&[("t", 1)]), 9).unwrap();
    let mut begun = kept
        .partition
        .commit(&offsets(&[("t", 2)]), 9, 3, kept.now_ms);
    assert!(begun.answers.is_empty());
    assert_eq!(kept.offset_of("t"), Some(1));
    let write = begun.writes.pop().unwrap();
    let code = ErrorCode::NOT_ENOUGH_REPLICAS;
    let told = kept.partition.settle(write, Err(code), kept.now_ms);
    let unavailable = Err(ErrorCode::COORDINATOR_NOT_AVAILABLE);
    assert_eq!(told.answers, [(3, Answer::Written(unavailable))]);
    assert_eq!(kept.offset_of("t"), Some(1));
}

#[test]
fn a_failed_first_commit_leaves_no_group_behind() {
    let mut kept = Kept::new();
    let mut begun = kept
        .partition
        .commit(&offsets(&[("t", 2)]), 9, 3, kept.now_ms);
    let write = begun.writes.pop().unwrap();
    kept.partition
        .settle(write, Err(ErrorCode::NOT_LEADER_OR_FOLLOWER), kept.now_ms);
    assert!(kept.partition.is_empty());
}

#[test]
fn metadata_that_is_too_long_is_left_out() {
    let mut kept = Kept::new();
    let mut request = offsets(&[("long", 1), ("short", 2)]);
    request.topics[0].partitions[0].committed_metadata = Some("x".repeat(4097));
    kept.commit(&request, 9).unwrap();
    assert_eq!(
        (kept.offset_of("long"), kept.offset_of("short")),
        (None, Some(2))
    );
}

#[test]
fn only_an_empty_group_can_be_deleted_and_then_nothing_of_it_is_left() {
    let mut kept = Kept::new();
    let id = kept.join();
    kept.commit(&member_offsets(&id, 1), 9).unwrap();
    assert_eq!(kept.delete("g"), Err(ErrorCode::NON_EMPTY_GROUP));
    kept.leave(&id);
    assert_eq!(kept.delete("g"), Ok(()));
    assert!(kept.partition.is_empty());
    assert!(kept.replayed().is_empty());
    assert_eq!(kept.delete("g"), Err(ErrorCode::GROUP_ID_NOT_FOUND));
}

#[test]
fn a_commit_on_its_way_is_deleted_with_its_group() {
    let mut kept = Kept::new();
    kept.commit(&offsets(&[("t", 1)]), 9).unwrap();
    let begun = kept
        .partition
        .commit(&offsets(&[("u", 2)]), 9, 3, kept.now_ms);
    let deleted = kept.partition.delete("g", 4);
    for write in begun.writes.into_iter().chain(deleted.writes) {
        kept.keep(&write);
        kept.partition.settle(write, Ok(()), kept.now_ms);
    }
    assert!(kept.partition.is_empty());
    assert!(kept.replayed().is_empty());
}

#[test]
fn offsets_of_topics_that_members_read_are_not_deleted() {
    let mut kept = Kept::new();
    let id = kept.join();
    let mut request = member_offsets(&id, 1);
    request.topics.extend(offsets(&[("other", 6)]).topics);
    kept.commit(&request, 9).unwrap();
    assert_eq!(kept.partition.may_delete_offsets("g"), Ok(()));
    assert!(kept.partition.reads("g", "t") && !kept.partition.reads("g", "other"));
    let which = [("t".to_owned(), 0), ("other".to_owned(), 0)];
    let outcome = kept.partition.delete_offsets("g", &which, 1);
    kept.take(outcome);
    assert_eq!(kept.written(), Ok(()));
    assert_eq!(
        (kept.offset_of("t"), kept.offset_of("other")),
        (Some(5), None)
    );
    let unknown = kept.partition.may_delete_offsets("x");
    assert_eq!(unknown, Err(ErrorCode::GROUP_ID_NOT_FOUND));
}

#[test]
fn offsets_of_a_simple_group_expire_by_their_commit() {
    let mut kept = Kept::new();
    kept.commit(&offsets(&[("a", 1)]), 9).unwrap();
    kept.expire_after(6);
    kept.commit(&offsets(&[("b", 2)]), 9).unwrap();
    kept.expire_after(1);
    assert_eq!((kept.offset_of("a"), kept.offset_of("b")), (None, Some(2)));
    kept.expire_after(6);
    assert!(kept.partition.is_empty() && kept.replayed().is_empty());
}

#[test]
fn offsets_of_an_empty_group_expire_from_when_it_became_empty() {
    let mut kept = Kept::new();
    let id = kept.join();
    kept.commit(&member_offsets(&id, 1), 9).unwrap();
    kept.expire_after(30);
    assert_eq!(kept.offset_of("t"), Some(5), "the group still reads it");
    kept.leave(&id);
    kept.expire_after(6);
    assert_eq!(kept.offset_of("t"), Some(5));
    kept.expire_after(1);
    assert!(kept.partition.is_empty() && kept.replayed().is_empty());
}

#[test]
fn offsets_of_topics_that_a_stable_group_no_longer_reads_expire() {
    let mut kept = Kept::new();
    let id = kept.join();
    let mut request = member_offsets(&id, 1);
    request.topics.extend(offsets(&[("other", 6)]).topics);
    kept.commit(&request, 9).unwrap();
    kept.expire_after(7);
    assert_eq!(
        (kept.offset_of("t"), kept.offset_of("other")),
        (Some(5), None)
    );
}

#[test]
fn an_offset_with_a_time_of_its_own_expires_then() {
    let mut kept = Kept::new();
    let request = OffsetCommitRequest {
        retention_time_ms: 2 * DAY_MS,
        ..offsets(&[("t", 1)])
    };
    kept.commit(&request, 4).unwrap();
    kept.expire_after(1);
    assert_eq!(kept.offset_of("t"), Some(1));
    kept.expire_after(1);
    assert_eq!(kept.offset_of("t"), None);
}

#[test]
fn the_offsets_of_a_deleted_topic_go() {
    let mut kept = Kept::new();
    kept.commit(&offsets(&[("t", 1), ("u", 2)]), 9).unwrap();
    let outcome = kept.partition.remove_topics(|topic| topic == "t");
    kept.take(outcome);
    assert_eq!((kept.offset_of("t"), kept.offset_of("u")), (None, Some(2)));
    assert_eq!(kept.replayed().offsets("g").unwrap().len(), 1);
}

#[test]
fn a_member_in_an_unknown_group_is_unknown() {
    let mut kept = Kept::new();
    let from = Committer {
        member_id: "m",
        instance_id: None,
        generation: 1,
    };
    let code = kept.partition.heartbeat("g", from, 1);
    assert_eq!(code, Err(ErrorCode::UNKNOWN_MEMBER_ID));
    let sync = SyncGroupRequest {
        group_id: "g".into(),
        ..SyncGroupRequest::default()
    };
    assert_eq!(kept.partition.sync(&sync, 1, 1).answers.len(), 1);
    let (left, _) = kept.partition.leave("g", ("m", None), 1);
    assert_eq!(left, Err(ErrorCode::UNKNOWN_MEMBER_ID));
    assert!(kept.partition.is_empty());
}

#[test]
fn a_refused_join_leaves_no_group_behind() {
    let mut kept = Kept::new();
    let joining = Joining {
        request: JoinGroupRequest {
            session_timeout_ms: 1,
            ..asking("")
        },
        version: 9,
        client_id: "app".into(),
        client_host: "/h".into(),
        fresh_id: "1".into(),
        ticket: 9,
    };
    let outcome = kept.partition.join(&joining, 1);
    assert_eq!(outcome.answers.len(), 1);
    assert!(kept.partition.is_empty());
    assert_eq!(kept.partition.next_deadline(), i64::MAX);
}

#[test]
fn a_group_is_listed_and_described_with_its_members() {
    let mut kept = Kept::new();
    let id = kept.join();
    let listed: Vec<_> = kept.partition.list().collect();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].group_state, "Stable");
    assert_eq!(
        (&*listed[0].group_type, &*listed[0].protocol_type),
        ("classic", "consumer")
    );
    let described = kept.partition.describe("g").unwrap();
    assert_eq!(
        (&*described.group_state, &*described.protocol_data),
        ("Stable", "range")
    );
    let member = &described.members[0];
    assert_eq!(
        (&*member.member_id, &*member.client_id, &*member.client_host),
        (&*id, "app", "/h")
    );
    assert_eq!(member.member_metadata.len(), 13);
}
