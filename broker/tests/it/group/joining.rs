//! JoinGroup and the rebalance it leads to: rules 57, 58, 59, 62.

use broker::group::classic::State;
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::join_group::JoinGroupRequest;

use super::desk::{Desk, LIMITS, asking, protocols};

#[test]
fn a_session_timeout_outside_the_limits_is_refused() {
    let mut desk = Desk::new();
    for session_timeout_ms in [5_999, 1_800_001] {
        let ticket = desk.join(JoinGroupRequest {
            session_timeout_ms,
            ..asking("")
        });
        let code = desk.joined(ticket).error_code;
        assert_eq!(code, ErrorCode::INVALID_SESSION_TIMEOUT);
    }
}

#[test]
fn a_dynamic_member_is_given_an_id_and_must_come_back_with_it() {
    let mut desk = Desk::new();
    let first = desk.join(asking(""));
    let given = desk.joined(first);
    assert_eq!(given.error_code, ErrorCode::MEMBER_ID_REQUIRED);
    assert!(given.member_id.starts_with("app-"));
    assert_eq!(desk.group.state(), State::Empty);
    let second = desk.join(asking(&given.member_id));
    assert!(desk.waits(second));
    assert_eq!(desk.group.state(), State::PreparingRebalance);
}

#[test]
fn before_version_four_a_member_enters_at_once() {
    let mut desk = Desk::new();
    let ticket = desk.join_at(asking(""), 3);
    desk.wait(3_000);
    assert_eq!(desk.joined(ticket).error_code, ErrorCode::NONE);
}

#[test]
fn an_id_that_never_comes_back_is_forgotten_after_its_session() {
    let mut desk = Desk::new();
    let first = desk.join(asking(""));
    let id = desk.joined(first).member_id;
    desk.wait(45_000);
    let late = desk.join(asking(&id));
    assert_eq!(desk.joined(late).error_code, ErrorCode::UNKNOWN_MEMBER_ID);
    assert!(desk.group.is_idle());
}

#[test]
fn a_rebalance_waits_for_an_id_that_was_given_out() {
    let (mut desk, ids) = Desk::stable(1);
    let asked = desk.join(asking(""));
    let again = desk.join(asking(&ids[0]));
    assert!(desk.waits(again), "the pending member is still to come");
    let late = desk.join(asking(&desk.joined(asked).member_id));
    assert_eq!(desk.joined(again).generation_id, 2);
    assert_eq!(desk.joined(late).generation_id, 2);
}

#[test]
fn an_unknown_member_id_is_refused() {
    let mut desk = Desk::new();
    let ticket = desk.join(asking("nobody"));
    assert_eq!(desk.joined(ticket).error_code, ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn the_first_member_waits_the_initial_delay() {
    let mut desk = Desk::new();
    let (_, ticket) = desk.enter();
    desk.wait(2_999);
    assert!(desk.waits(ticket));
    desk.wait(1);
    assert_eq!(desk.joined(ticket).generation_id, 1);
}

#[test]
fn the_initial_delay_grows_while_members_arrive_but_not_beyond_the_rebalance_timeout() {
    let mut desk = Desk::new();
    let short = |id: &str| JoinGroupRequest {
        rebalance_timeout_ms: 7_000,
        ..asking(id)
    };
    let first = desk.join_at(short(""), 3);
    desk.wait(2_000);
    desk.join_at(short(""), 3);
    desk.wait(1_500);
    assert!(desk.waits(first), "somebody came during the first wait");
    desk.join_at(short(""), 3);
    desk.wait(2_500);
    assert!(desk.waits(first), "and during the second");
    desk.wait(1_000);
    assert_eq!(desk.joined(first).members.len(), 3, "7 s are over");
}

#[test]
fn without_a_delay_the_first_member_starts_at_once() {
    let mut desk = Desk::new();
    let limits = broker::group::classic::Limits {
        initial_rebalance_delay_ms: 0,
        ..LIMITS
    };
    let mut fx = broker::group::classic::Effects::default();
    let joining = broker::group::classic::Joining {
        request: asking(""),
        version: 3,
        client_id: "app".into(),
        client_host: "/127.0.0.1".into(),
        fresh_id: "1".into(),
        ticket: 77,
    };
    desk.group.join(&joining, &limits, 1_000, &mut fx);
    desk.take(fx);
    assert_eq!(desk.joined(77).generation_id, 1);
}

#[test]
fn the_leader_hears_of_all_members_and_the_others_of_none() {
    let mut desk = Desk::new();
    let (leader, a) = desk.enter();
    let (_, b) = desk.enter();
    desk.wait(6_000);
    let (a, b) = (desk.joined(a), desk.joined(b));
    assert_eq!((a.leader.as_str(), b.leader.as_str()), (&*leader, &*leader));
    assert_eq!((a.members.len(), b.members.len()), (2, 0));
    assert_eq!(a.protocol_name.as_deref(), Some("range"));
    assert_eq!(b.protocol_type.as_deref(), Some("consumer"));
}

#[test]
fn the_protocol_with_most_votes_among_those_that_all_can_do_is_chosen() {
    let mut desk = Desk::new();
    let with = |names: &[(&str, &'static [u8])]| JoinGroupRequest {
        protocols: protocols(names),
        ..asking("")
    };
    let first = desk.join_at(with(&[("only", b""), ("range", b""), ("sticky", b"")]), 3);
    desk.join_at(with(&[("sticky", b""), ("range", b"")]), 3);
    desk.join_at(with(&[("sticky", b""), ("range", b"")]), 3);
    desk.wait(10_000);
    assert_eq!(desk.joined(first).protocol_name.as_deref(), Some("sticky"));
}

#[test]
fn who_shares_no_protocol_with_the_group_is_refused() {
    let (mut desk, _) = Desk::stable(1);
    for request in [
        JoinGroupRequest {
            protocols: protocols(&[("other", b"")]),
            ..asking("")
        },
        JoinGroupRequest {
            protocol_type: "connect".into(),
            ..asking("")
        },
    ] {
        let ticket = desk.join(request);
        let code = desk.joined(ticket).error_code;
        assert_eq!(code, ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
    }
    let mut empty = Desk::new();
    let ticket = empty.join(JoinGroupRequest {
        protocols: Vec::new(),
        ..asking("")
    });
    let code = empty.joined(ticket).error_code;
    assert_eq!(code, ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
}

#[test]
fn a_full_group_takes_nobody_more() {
    let (mut desk, _) = Desk::stable(LIMITS.max_size);
    let ticket = desk.join(asking(""));
    let code = desk.joined(ticket).error_code;
    assert_eq!(code, ErrorCode::GROUP_MAX_SIZE_REACHED);
}

#[test]
fn a_member_that_does_not_rejoin_in_time_is_left_behind() {
    let (mut desk, ids) = Desk::stable(2);
    let ticket = desk.join(asking(&ids[0]));
    for _ in 0..3 {
        desk.wait(20_000);
        let _ = desk.heartbeat(&ids[1]);
    }
    let answer = desk.joined(ticket);
    assert_eq!((answer.generation_id, answer.members.len()), (2, 1));
    let left = desk.heartbeat(&ids[1]);
    assert_eq!(left, Err(ErrorCode::UNKNOWN_MEMBER_ID));
}

#[test]
fn a_follower_that_rejoins_unchanged_gets_the_current_generation() {
    let (mut desk, ids) = Desk::stable(2);
    let ticket = desk.join(asking(&ids[1]));
    let answer = desk.joined(ticket);
    assert_eq!((answer.generation_id, answer.members.len()), (1, 0));
    assert_eq!(desk.group.state(), State::Stable);
}

#[test]
fn a_leader_that_rejoins_or_a_changed_follower_starts_a_rebalance() {
    let (mut desk, ids) = Desk::stable(2);
    desk.join(asking(&ids[0]));
    assert_eq!(desk.group.state(), State::PreparingRebalance);
    let (mut desk, ids) = Desk::stable(2);
    desk.join(JoinGroupRequest {
        protocols: protocols(&[("range", b"two")]),
        ..asking(&ids[1])
    });
    assert_eq!(desk.group.state(), State::PreparingRebalance);
}

#[test]
fn a_lost_answer_is_given_again_while_the_assignment_is_awaited() {
    let mut desk = Desk::new();
    let (id, first) = desk.enter();
    desk.wait(3_000);
    let second = desk.join(asking(&id));
    assert_eq!(desk.joined(first), desk.joined(second));
    assert_eq!(desk.group.generation(), 1);
}

#[test]
fn a_second_join_of_the_same_member_answers_the_first() {
    let (mut desk, ids) = Desk::stable(2);
    let first = desk.join(asking(&ids[0]));
    let second = desk.join(asking(&ids[0]));
    assert_eq!(
        desk.joined(first).error_code,
        ErrorCode::REBALANCE_IN_PROGRESS
    );
    assert!(desk.waits(second));
}
