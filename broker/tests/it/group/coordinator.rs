//! The shell around the partitions: leadership, loading, waiting, visibility.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use broker::clock::Clock;
use broker::group::{GroupSettings, Groups, Member, OFFSETS_TOPIC};
use broker::meta::image::{Delta, Image, Topic};
use broker::meta::record::PartitionState;
use broker::metrics::Metrics;
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::heartbeat::HeartbeatRequest;
use broker::wire::messages::join_group::JoinGroupResponse;
use broker::wire::messages::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use broker::wire::messages::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment};
use broker::wire::uuid::Uuid;

use super::desk::asking;
use super::memory_log::MemoryLog;

const ME: i32 = 1;

struct House {
    groups: Arc<Groups>,
    log: Arc<MemoryLog>,
    clock: Clock,
}

fn topic(name: &str, id: u8, leader: i32, leader_epoch: i32) -> Arc<Topic> {
    Arc::new(Topic {
        id: Uuid([id; 16]),
        name: name.into(),
        partitions: vec![Arc::new(PartitionState {
            replicas: vec![1, 2],
            directories: vec![Uuid::default(); 2],
            isr: vec![1, 2],
            adding: Vec::new(),
            removing: Vec::new(),
            elr: Vec::new(),
            last_known_elr: Vec::new(),
            leader,
            leader_epoch,
            partition_epoch: leader_epoch,
            recovering: false,
        })],
    })
}

impl House {
    fn new() -> Self {
        let log = Arc::new(MemoryLog::default());
        let clock = Clock::manual(1_000);
        let settings = GroupSettings {
            initial_rebalance_delay_ms: 0,
            commit_timeout_ms: 100,
            ..GroupSettings::default()
        };
        let groups = Groups::new(settings, log.clone(), clock.clone(), &Metrics::default());
        Self { groups, log, clock }
    }

    /// The metadata says who leads; topic `t` exists unless it is said to be gone.
    fn led_by(&self, leader: i32, epoch: i32, gone: bool) {
        let mut topics = vec![topic(OFFSETS_TOPIC, 7, leader, epoch)];
        let mut delta = Delta {
            partitions: vec![(Uuid([7; 16]), 0)],
            ..Delta::default()
        };
        if gone {
            delta.removed_topics = vec![(Uuid([8; 16]), "t".into())];
        } else {
            topics.push(topic("t", 8, 1, 0));
        }
        let named = topics.into_iter().map(|topic| (topic.name.clone(), topic));
        let image = Image {
            topics: Arc::new(named.collect()),
            ..Image::empty()
        };
        self.groups.follow_metadata(&Arc::new(image), &delta, ME);
    }

    /// This node leads, and has read everything.
    async fn ready(&self, epoch: i32) {
        self.log.lead(epoch);
        self.led_by(ME, epoch, false);
        until(|| self.groups.list().is_ok()).await;
    }

    async fn commit(&self, offset: i64) -> Result<(), ErrorCode> {
        let request = OffsetCommitRequest {
            group_id: "g".into(),
            topics: vec![OffsetCommitRequestTopic {
                name: "t".into(),
                partitions: vec![OffsetCommitRequestPartition {
                    committed_offset: offset,
                    ..OffsetCommitRequestPartition::default()
                }],
                ..OffsetCommitRequestTopic::default()
            }],
            ..OffsetCommitRequest::default()
        };
        self.groups.commit(&request, 9).await
    }

    fn offset(&self) -> Result<Option<i64>, ErrorCode> {
        let found = self.groups.fetch("g", Some(&[("t", 0)]))?;
        Ok(found.first().map(|(_, _, value)| value.offset))
    }

    async fn join(&self, member_id: &str, version: i16) -> JoinGroupResponse {
        let from = Member {
            client_id: "app".into(),
            host: "/h".into(),
            version,
        };
        soon(self.groups.join(asking(member_id), from)).await
    }

    async fn sync(&self, member_id: &str, generation: i32) -> ErrorCode {
        let request = SyncGroupRequest {
            group_id: "g".into(),
            generation_id: generation,
            member_id: member_id.into(),
            assignments: vec![SyncGroupRequestAssignment {
                member_id: member_id.into(),
                ..SyncGroupRequestAssignment::default()
            }],
            ..SyncGroupRequest::default()
        };
        soon(self.groups.sync(request)).await.error_code
    }

    fn heartbeat(&self, member_id: &str, generation: i32) -> Result<(), ErrorCode> {
        self.groups.heartbeat(&HeartbeatRequest {
            group_id: "g".into(),
            generation_id: generation,
            member_id: member_id.into(),
            ..HeartbeatRequest::default()
        })
    }
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    let patience = Duration::from_mins(1);
    tokio::time::timeout(patience, what).await.unwrap()
}

async fn until(is: impl Fn() -> bool) {
    soon(async {
        while !is() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_node_that_leads_nothing_is_no_coordinator() {
    let house = House::new();
    assert_eq!(house.commit(1).await, Err(ErrorCode::NOT_COORDINATOR));
    house.led_by(2, 0, false);
    assert_eq!(house.offset(), Err(ErrorCode::NOT_COORDINATOR));
    assert_eq!(house.groups.list().unwrap().len(), 0);
}

#[tokio::test]
async fn a_commit_is_answered_and_seen_once_it_is_replicated() {
    let house = House::new();
    house.ready(0).await;
    house.commit(5).await.unwrap();
    assert_eq!(house.offset(), Ok(Some(5)));
    house.log.hold();
    let late = house.commit(6).await;
    assert_eq!(
        late,
        Err(ErrorCode::COORDINATOR_NOT_AVAILABLE),
        "its patience ended"
    );
    assert_eq!(house.offset(), Ok(Some(5)), "it could still be lost");
    house.log.release();
    until(|| house.offset() == Ok(Some(6))).await;
}

#[tokio::test]
async fn a_write_that_is_refused_is_told_as_kafka_tells_it() {
    let house = House::new();
    house.ready(0).await;
    for (refused, told) in [
        (
            ErrorCode::NOT_ENOUGH_REPLICAS,
            ErrorCode::COORDINATOR_NOT_AVAILABLE,
        ),
        (
            ErrorCode::NOT_LEADER_OR_FOLLOWER,
            ErrorCode::NOT_COORDINATOR,
        ),
        (
            ErrorCode::MESSAGE_TOO_LARGE,
            ErrorCode::INVALID_COMMIT_OFFSET_SIZE,
        ),
    ] {
        house.log.refuse(Some(refused));
        assert_eq!(house.commit(5).await, Err(told));
    }
    house.log.refuse(None);
    assert_eq!(house.offset(), Ok(None));
}

#[tokio::test]
async fn while_the_log_is_read_clients_are_asked_to_wait() {
    let house = House::new();
    house.ready(0).await;
    house.commit(5).await.unwrap();
    house.log.hold();
    let _ = house.commit(6).await;
    // Another node leads, then this one again: its log's end is not committed yet.
    house.led_by(2, 1, false);
    assert_eq!(house.offset(), Err(ErrorCode::NOT_COORDINATOR));
    house.led_by(ME, 2, false);
    let loading = Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS);
    assert_eq!(
        house.offset(),
        loading,
        "the replicas do not lead in this epoch yet"
    );
    house.log.lead(2);
    assert_eq!(
        house.commit(7).await,
        Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS)
    );
    assert_eq!(
        house.groups.list(),
        Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS)
    );
    house.log.release();
    until(|| house.offset() == Ok(Some(6))).await;
}

#[tokio::test]
async fn who_waits_when_leadership_goes_is_sent_elsewhere() {
    let house = House::new();
    house.ready(0).await;
    let id = house.join("", 3).await.member_id;
    assert_eq!(house.sync(&id, 1).await, ErrorCode::NONE);
    let waits = house.join("", 3);
    let moves = async {
        until(|| house.heartbeat(&id, 1) == Err(ErrorCode::REBALANCE_IN_PROGRESS)).await;
        house.led_by(2, 1, false);
    };
    let (answer, ()) = tokio::join!(waits, moves);
    assert_eq!(answer.error_code, ErrorCode::NOT_COORDINATOR);
}

#[tokio::test]
async fn members_go_on_after_a_failover() {
    let house = House::new();
    house.ready(0).await;
    let joined = house.join("", 3).await;
    assert_eq!(house.sync(&joined.member_id, 1).await, ErrorCode::NONE);
    house.ready(3).await;
    assert_eq!(house.heartbeat(&joined.member_id, 1), Ok(()));
    let described = house.groups.describe("g").unwrap().unwrap();
    assert_eq!(
        (&*described.group_state, described.members.len()),
        ("Stable", 1)
    );
}

#[tokio::test]
async fn a_silent_member_expires_when_time_is_kept() {
    let house = House::new();
    house.ready(0).await;
    let id = house.join("", 3).await.member_id;
    assert_eq!(house.sync(&id, 1).await, ErrorCode::NONE);
    let keeper = tokio::spawn(house.groups.clone().keep_time());
    house.clock.advance(45_000);
    house.groups.tick();
    until(|| house.heartbeat(&id, 1) == Err(ErrorCode::UNKNOWN_MEMBER_ID)).await;
    keeper.abort();
}

#[tokio::test]
async fn offsets_of_a_deleted_topic_go_at_once_or_when_the_log_is_next_read() {
    let house = House::new();
    house.ready(0).await;
    house.commit(5).await.unwrap();
    house.led_by(ME, 0, true);
    until(|| house.offset() == Ok(None)).await;
    let house = House::new();
    house.ready(0).await;
    house.commit(5).await.unwrap();
    house.led_by(2, 1, false);
    house.log.lead(2);
    house.led_by(ME, 2, true);
    until(|| house.offset() == Ok(None)).await;
}

#[tokio::test]
async fn a_deleted_group_is_gone_from_the_log() {
    let house = House::new();
    house.ready(0).await;
    house.commit(5).await.unwrap();
    house.groups.delete("g").await.unwrap();
    assert_eq!(house.groups.list().unwrap().len(), 0);
    assert_eq!(
        house.log.end(),
        3,
        "one offset, its removal, the group's removal"
    );
    house.ready(1).await;
    assert_eq!(house.groups.list().unwrap().len(), 0);
}
