//! Heartbeats, sessions, leaving, commits: rules 61, 62, 64.

use broker::group::classic::{Committer, Group, State};
use broker::wire::error_code::ErrorCode;

use super::desk::{Desk, asking};

#[test]
fn heartbeats_are_fine_in_a_stable_group_and_while_it_completes() {
    let mut desk = Desk::new();
    let (id, _) = desk.enter();
    desk.wait(3_000);
    assert_eq!(desk.group.state(), State::CompletingRebalance);
    assert_eq!(desk.heartbeat(&id), Ok(()));
    desk.sync(&id, &[(&id, b"all")]);
    desk.settle(Ok(()));
    assert_eq!(desk.heartbeat(&id), Ok(()));
}

#[test]
fn a_heartbeat_says_when_to_rejoin_and_what_is_wrong() {
    let (mut desk, ids) = Desk::stable(2);
    let old = desk.group.heartbeat(&ids[1], None, 0, desk.now_ms);
    assert_eq!(old, Err(ErrorCode::ILLEGAL_GENERATION));
    assert_eq!(desk.heartbeat("x"), Err(ErrorCode::UNKNOWN_MEMBER_ID));
    desk.join(asking(&ids[0]));
    assert_eq!(
        desk.heartbeat(&ids[1]),
        Err(ErrorCode::REBALANCE_IN_PROGRESS)
    );
    let mut empty = Desk::new();
    assert_eq!(empty.heartbeat("x"), Err(ErrorCode::UNKNOWN_MEMBER_ID));
}

#[test]
fn a_silent_member_is_removed_after_its_session_and_the_others_rebalance() {
    let (mut desk, ids) = Desk::stable(2);
    desk.wait(44_000);
    desk.heartbeat(&ids[0]).unwrap();
    desk.wait(1_000);
    assert_eq!(
        desk.group.member_ids().collect::<Vec<_>>(),
        [ids[0].as_str()]
    );
    assert_eq!(desk.group.state(), State::PreparingRebalance);
}

#[test]
fn commits_and_syncs_keep_a_session_alive_too() {
    let (mut desk, ids) = Desk::stable(1);
    for _ in 0..4 {
        desk.wait(30_000);
        let from = Committer {
            member_id: &ids[0],
            instance_id: None,
            generation: 1,
        };
        desk.group.may_commit(from, desk.now_ms).unwrap();
        desk.wait(30_000);
        desk.sync(&ids[0], &[]);
    }
    assert_eq!(desk.group.state(), State::Stable);
}

#[test]
fn a_member_that_waits_in_join_does_not_expire() {
    let (mut desk, ids) = Desk::stable(2);
    let ticket = desk.join(asking(&ids[0]));
    desk.wait(46_000);
    // The other one was silent and is gone, which ends the wait.
    assert_eq!(desk.joined(ticket).members.len(), 1);
}

#[test]
fn when_the_last_member_leaves_the_group_is_empty_and_says_so_in_the_log() {
    let (mut desk, ids) = Desk::stable(1);
    desk.leave(&ids[0], None).unwrap();
    assert_eq!(desk.group.state(), State::Empty);
    let (_, value) = &desk.writes[0];
    assert_eq!((value.generation, value.members.len()), (2, 0));
    assert_eq!((value.leader.clone(), value.protocol.clone()), (None, None));
    assert_eq!(value.protocol_type, "consumer");
}

#[test]
fn leaving_answers_what_the_member_waits_for_and_frees_the_others() {
    let (mut desk, ids) = Desk::stable(2);
    let leader = desk.join(asking(&ids[0]));
    desk.leave(&ids[1], None).unwrap();
    assert_eq!(desk.joined(leader).members.len(), 1);
    assert_eq!(desk.leave(&ids[1], None), Err(ErrorCode::UNKNOWN_MEMBER_ID));
}

#[test]
fn a_pending_member_can_leave() {
    let mut desk = Desk::new();
    let asked = desk.join(asking(""));
    let id = desk.joined(asked).member_id;
    assert_eq!(desk.leave(&id, None), Ok(()));
    assert!(desk.group.is_idle());
}

#[test]
fn when_the_leader_leaves_another_leads() {
    let (mut desk, ids) = Desk::stable(3);
    desk.leave(&ids[0], None).unwrap();
    let a = desk.join(asking(&ids[1]));
    let b = desk.join(asking(&ids[2]));
    let (a, b) = (desk.joined(a), desk.joined(b));
    assert_eq!(a.leader, b.leader);
    assert_eq!(a.members.len() + b.members.len(), 2);
    assert_eq!(a.generation_id, 2);
}

#[test]
fn commits_are_refused_as_the_groups_state_demands() {
    let none = Committer {
        member_id: "",
        instance_id: None,
        generation: -1,
    };
    let mut simple = Group::new("g", 0);
    assert_eq!(simple.may_commit(none, 0), Ok(()));
    let named = Committer {
        generation: 3,
        ..none
    };
    let code = simple.may_commit(named, 0);
    assert_eq!(code, Err(ErrorCode::UNKNOWN_MEMBER_ID));

    let (mut desk, ids) = Desk::stable(2);
    let now = desk.now_ms;
    let own = Committer {
        member_id: &ids[1],
        instance_id: None,
        generation: 1,
    };
    assert_eq!(desk.group.may_commit(own, now), Ok(()));
    assert_eq!(
        desk.group.may_commit(none, now),
        Err(ErrorCode::UNKNOWN_MEMBER_ID)
    );
    let late = Committer {
        generation: 0,
        ..own
    };
    assert_eq!(
        desk.group.may_commit(late, now),
        Err(ErrorCode::ILLEGAL_GENERATION)
    );
    desk.join(asking(&ids[0]));
    assert_eq!(
        desk.group.may_commit(own, now),
        Ok(()),
        "while members join"
    );
    desk.join(asking(&ids[1]));
    let next = Committer {
        generation: 2,
        ..own
    };
    let code = desk.group.may_commit(next, now);
    assert_eq!(
        code,
        Err(ErrorCode::REBALANCE_IN_PROGRESS),
        "while it completes"
    );
}

#[test]
fn a_group_is_restored_from_its_record_with_fresh_sessions() {
    let (mut desk, ids) = Desk::stable(2);
    desk.join(asking(&ids[0]));
    desk.join(asking(&ids[1]));
    desk.sync(&ids[0], &[(&ids[0], b"A"), (&ids[1], b"B")]);
    let (_, value) = desk.writes.pop().unwrap();
    let mut taken = Desk::new();
    taken.group = Group::restore("g", value, 5_000_000);
    taken.now_ms = 5_000_000;
    assert_eq!(taken.group.state(), State::Stable);
    assert_eq!(taken.group.generation(), 2);
    taken.wait(44_999);
    assert_eq!(taken.heartbeat(&ids[1]), Ok(()));
    let ticket = taken.sync(&ids[1], &[]);
    assert_eq!(&*taken.synced(ticket).assignment, b"B");
    taken.wait(1);
    let left: Vec<_> = taken.group.member_ids().collect();
    assert_eq!(
        left,
        [ids[1].as_str()],
        "the other one was never heard from"
    );
}
