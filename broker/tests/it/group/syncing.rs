//! SyncGroup: rule 60.

use broker::group::classic::State;
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::sync_group::SyncGroupRequest;

use super::desk::{Desk, asking};

fn joined_by_two() -> (Desk, String, String) {
    let mut desk = Desk::new();
    let (a, _) = desk.enter();
    let (b, _) = desk.enter();
    desk.wait(6_000);
    (desk, a, b)
}

#[test]
fn followers_wait_for_the_leader_and_all_wait_for_the_log() {
    let (mut desk, leader, follower) = joined_by_two();
    let f = desk.sync(&follower, &[]);
    assert!(desk.waits(f));
    let l = desk.sync(&leader, &[(&leader, b"L"), (&follower, b"F")]);
    assert!(desk.waits(f) && desk.waits(l), "not before it is committed");
    assert_eq!(desk.group.state(), State::CompletingRebalance);
    desk.settle(Ok(()));
    assert_eq!(&*desk.synced(f).assignment, b"F");
    assert_eq!(&*desk.synced(l).assignment, b"L");
    assert_eq!(desk.group.state(), State::Stable);
}

#[test]
fn a_member_that_the_leader_forgot_gets_the_empty_assignment() {
    let (mut desk, leader, follower) = joined_by_two();
    desk.sync(&leader, &[(&leader, b"L"), ("stranger", b"X")]);
    desk.settle(Ok(()));
    let ticket = desk.sync(&follower, &[]);
    let answer = desk.synced(ticket);
    assert_eq!(
        (answer.error_code, answer.assignment.len()),
        (ErrorCode::NONE, 0)
    );
}

#[test]
fn a_failed_write_is_told_and_starts_a_rebalance() {
    let (mut desk, leader, follower) = joined_by_two();
    let f = desk.sync(&follower, &[]);
    let l = desk.sync(&leader, &[(&leader, b"L")]);
    desk.settle(Err(ErrorCode::COORDINATOR_NOT_AVAILABLE));
    for ticket in [f, l] {
        let code = desk.synced(ticket).error_code;
        assert_eq!(code, ErrorCode::COORDINATOR_NOT_AVAILABLE);
    }
    assert_eq!(desk.group.state(), State::PreparingRebalance);
}

#[test]
fn an_assignment_committed_after_the_next_rebalance_began_is_not_handed_out() {
    let (mut desk, leader, follower) = joined_by_two();
    let l = desk.sync(&leader, &[(&leader, b"L")]);
    desk.leave(&follower, None).unwrap();
    desk.settle(Ok(()));
    let code = desk.synced(l).error_code;
    assert_eq!(code, ErrorCode::REBALANCE_IN_PROGRESS);
    assert_eq!(desk.group.state(), State::PreparingRebalance);
}

#[test]
fn the_wrong_generation_protocol_or_member_is_refused() {
    let (mut desk, leader, _) = joined_by_two();
    let right = SyncGroupRequest {
        group_id: "g".into(),
        generation_id: 1,
        member_id: leader,
        protocol_type: Some("consumer".into()),
        protocol_name: Some("range".into()),
        ..SyncGroupRequest::default()
    };
    let wrong = [
        (
            ErrorCode::ILLEGAL_GENERATION,
            SyncGroupRequest {
                generation_id: 0,
                ..right.clone()
            },
        ),
        (
            ErrorCode::UNKNOWN_MEMBER_ID,
            SyncGroupRequest {
                member_id: "x".into(),
                ..right.clone()
            },
        ),
        (
            ErrorCode::INCONSISTENT_GROUP_PROTOCOL,
            SyncGroupRequest {
                protocol_type: Some("connect".into()),
                ..right.clone()
            },
        ),
        (
            ErrorCode::INCONSISTENT_GROUP_PROTOCOL,
            SyncGroupRequest {
                protocol_name: Some("sticky".into()),
                ..right
            },
        ),
    ];
    for (code, request) in wrong {
        let ticket = desk.sync_with(&request);
        assert_eq!(desk.synced(ticket).error_code, code);
    }
}

#[test]
fn while_members_join_a_sync_is_told_so() {
    let (mut desk, ids) = Desk::stable(2);
    desk.join(asking(&ids[0]));
    let ticket = desk.sync(&ids[1], &[]);
    assert_eq!(
        desk.synced(ticket).error_code,
        ErrorCode::REBALANCE_IN_PROGRESS
    );
}

#[test]
fn in_a_stable_group_a_sync_returns_the_current_assignment() {
    let (mut desk, ids) = Desk::stable(2);
    let ticket = desk.sync(&ids[1], &[]);
    assert_eq!(&*desk.synced(ticket).assignment, b"share");
}

#[test]
fn who_never_asks_for_its_assignment_is_expelled_after_the_rebalance_timeout() {
    let (mut desk, leader, follower) = joined_by_two();
    desk.sync(&leader, &[(&leader, b"L")]);
    desk.settle(Ok(()));
    for _ in 0..4 {
        desk.wait(15_000);
        let _ = desk.heartbeat(&leader);
        let _ = desk.heartbeat(&follower);
    }
    assert_eq!(
        desk.group.member_ids().collect::<Vec<_>>(),
        [leader.as_str()]
    );
    assert_eq!(desk.group.state(), State::PreparingRebalance);
}

#[test]
fn a_leader_that_syncs_twice_writes_once() {
    let (mut desk, leader, _) = joined_by_two();
    let first = desk.sync(&leader, &[(&leader, b"L")]);
    let second = desk.sync(&leader, &[(&leader, b"L")]);
    assert_eq!(desk.writes.len(), 1);
    desk.settle(Ok(()));
    assert_eq!(
        desk.synced(first).error_code,
        ErrorCode::REBALANCE_IN_PROGRESS
    );
    assert_eq!(&*desk.synced(second).assignment, b"L");
}
