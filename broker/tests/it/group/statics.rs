//! Static members: rule 63 (KIP-345, KIP-814).

use broker::group::classic::State;
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::join_group::JoinGroupRequest;

use super::desk::{Desk, asking_as, protocols};

/// Two static members in a stable group; the first leads.
fn stable_pair() -> (Desk, [String; 2]) {
    let mut desk = Desk::new();
    let one = desk.join(asking_as("one", ""));
    let two = desk.join(asking_as("two", ""));
    desk.wait(6_000);
    let ids = [desk.joined(one).member_id, desk.joined(two).member_id];
    assert!(ids[0].starts_with("one-"));
    desk.sync(&ids[0], &[(&ids[0], b"1"), (&ids[1], b"2")]);
    desk.sync(&ids[1], &[]);
    desk.settle(Ok(()));
    (desk, ids)
}

#[test]
fn a_restarted_follower_takes_its_place_without_a_rebalance() {
    let (mut desk, ids) = stable_pair();
    let ticket = desk.join(asking_as("two", ""));
    assert!(desk.waits(ticket), "not before its new id is committed");
    desk.settle(Ok(()));
    let answer = desk.joined(ticket);
    assert_eq!(
        (answer.generation_id, answer.error_code),
        (1, ErrorCode::NONE)
    );
    assert_ne!(answer.member_id, ids[1]);
    assert_eq!(desk.group.state(), State::Stable);
    let sync = desk.sync(&answer.member_id, &[]);
    assert_eq!(&*desk.synced(sync).assignment, b"2");
}

#[test]
fn the_old_id_of_a_replaced_member_is_fenced() {
    let (mut desk, ids) = stable_pair();
    desk.join(asking_as("two", ""));
    desk.settle(Ok(()));
    let now = desk.now_ms;
    let code = desk.group.heartbeat(&ids[1], Some("two"), 1, now);
    assert_eq!(code, Err(ErrorCode::FENCED_INSTANCE_ID));
    let again = desk.join(asking_as("two", &ids[1]));
    assert_eq!(desk.joined(again).error_code, ErrorCode::FENCED_INSTANCE_ID);
    let left = desk.leave(&ids[1], Some("two"));
    assert_eq!(left, Err(ErrorCode::FENCED_INSTANCE_ID));
    let code = desk.group.heartbeat("x", Some("three"), 1, now);
    assert_eq!(code, Err(ErrorCode::UNKNOWN_MEMBER_ID));
}

#[test]
fn a_restarted_leader_is_told_to_skip_the_assignment() {
    let (mut desk, _) = stable_pair();
    let ticket = desk.join_at(asking_as("one", ""), 9);
    desk.settle(Ok(()));
    let answer = desk.joined(ticket);
    assert!(answer.skip_assignment);
    assert_eq!(answer.leader, answer.member_id);
    assert_eq!(answer.members.len(), 2);
}

#[test]
fn a_restarted_leader_that_cannot_skip_is_not_told_that_it_leads() {
    let (mut desk, ids) = stable_pair();
    let ticket = desk.join_at(asking_as("one", ""), 8);
    desk.settle(Ok(()));
    let answer = desk.joined(ticket);
    assert_eq!(answer.leader, ids[0]);
    assert!(!answer.skip_assignment && answer.members.is_empty());
}

#[test]
fn a_failed_write_gives_the_old_id_back() {
    let (mut desk, ids) = stable_pair();
    let ticket = desk.join(asking_as("one", ""));
    desk.settle(Err(ErrorCode::COORDINATOR_NOT_AVAILABLE));
    let code = desk.joined(ticket).error_code;
    assert_eq!(code, ErrorCode::COORDINATOR_NOT_AVAILABLE);
    assert_eq!(desk.group.leader(), Some(ids[0].as_str()));
    let beat = desk.group.heartbeat(&ids[0], Some("one"), 1, desk.now_ms);
    assert_eq!(beat, Ok(()));
}

#[test]
fn a_replacement_that_changes_the_protocol_starts_a_rebalance() {
    let mut desk = Desk::new();
    let both = |id: &str, first: &str, second: &str| JoinGroupRequest {
        protocols: protocols(&[(first, b""), (second, b"")]),
        ..asking_as(id, "")
    };
    let one = desk.join(both("one", "range", "sticky"));
    desk.wait(3_000);
    let id = desk.joined(one).member_id;
    desk.sync(&id, &[(&id, b"1")]);
    desk.settle(Ok(()));
    desk.join(both("one", "sticky", "range"));
    assert_eq!(desk.group.generation(), 2);
    assert_eq!(desk.group.state(), State::CompletingRebalance);
}

#[test]
fn a_static_member_that_misses_a_rebalance_stays_until_its_session_ends() {
    let (mut desk, ids) = stable_pair();
    let ticket = desk.join(asking_as("one", &ids[0]));
    for _ in 0..3 {
        desk.wait(20_000);
        let _ = desk.group.heartbeat(&ids[1], Some("two"), 1, desk.now_ms);
    }
    assert_eq!(desk.joined(ticket).members.len(), 2);
}

#[test]
fn an_operator_removes_a_static_member_by_its_instance_id() {
    let (mut desk, ids) = stable_pair();
    assert_eq!(desk.leave("", Some("two")), Ok(()));
    assert_eq!(
        desk.group.member_ids().collect::<Vec<_>>(),
        [ids[0].as_str()]
    );
    assert_eq!(
        desk.leave("", Some("two")),
        Err(ErrorCode::UNKNOWN_MEMBER_ID)
    );
}

#[test]
fn a_member_that_waits_is_fenced_when_another_takes_its_instance_id() {
    let (mut desk, ids) = stable_pair();
    let waiting = desk.join(asking_as("one", &ids[0]));
    desk.join(asking_as("one", ""));
    assert_eq!(
        desk.joined(waiting).error_code,
        ErrorCode::FENCED_INSTANCE_ID
    );
}
