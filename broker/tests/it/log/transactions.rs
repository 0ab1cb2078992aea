//! Transactions in one partition: the last stable offset and the aborted ones (rules 35, 53, 54).

use broker::log::{AbortedTransaction, AppendError, Log, TransactionEnd};
use broker::wire::error_code::ErrorCode;
use broker::wire::records::BatchKind;

use super::place::{NOW_MS, Place, batch, batch_from};

fn write(log: &mut Log, producer: i64, sequence: i32, count: usize) {
    let batch = batch_from(producer, 0, sequence, count, BatchKind::Transactional);
    log.append_as_leader(&batch, 1, NOW_MS).unwrap();
}

fn end(producer_id: i64, committed: bool) -> TransactionEnd {
    TransactionEnd {
        producer_id,
        producer_epoch: 0,
        coordinator_epoch: 3,
        committed,
    }
}

fn code(error: AppendError) -> ErrorCode {
    match error {
        AppendError::Refused { code, .. } => code,
        AppendError::Log(error) => panic!("{error}"),
    }
}

/// Two transactions, the later one inside the earlier one, both aborted; then a committed one.
fn interleaved(log: &mut Log) {
    write(log, 1, 0, 2); // 0-1
    write(log, 2, 0, 1); // 2
    assert_eq!(log.first_unstable_offset(), Some(0));
    log.end_transaction(end(2, false), 1, NOW_MS).unwrap(); // 3
    assert_eq!(log.first_unstable_offset(), Some(0));
    log.end_transaction(end(1, false), 1, NOW_MS).unwrap(); // 4
    write(log, 1, 2, 1); // 5
    log.end_transaction(end(1, true), 1, NOW_MS).unwrap(); // 6
    log.append_as_leader(&batch(&["plain"]), 1, NOW_MS).unwrap(); // 7
}

fn aborted(producer_id: i64, first_offset: i64) -> AbortedTransaction {
    AbortedTransaction {
        producer_id,
        first_offset,
    }
}

#[test]
fn aborted_transactions_come_sorted_by_first_offset() {
    let place = Place::new();
    let mut log = place.open();
    interleaved(&mut log);
    let both = [aborted(1, 0), aborted(2, 2)];
    assert_eq!(log.aborted_transactions(0, 8).unwrap(), both);
    assert_eq!(log.aborted_transactions(4, 8).unwrap(), [aborted(1, 0)]);
    assert_eq!(log.aborted_transactions(5, 8).unwrap(), []);
    assert_eq!(log.aborted_transactions(0, 2).unwrap(), [aborted(1, 0)]);
    assert_eq!(log.first_unstable_offset(), None);
}

#[test]
fn the_end_of_a_transaction_counts_once_it_is_replicated() {
    let place = Place::new();
    let mut log = place.open();
    write(&mut log, 1, 0, 2);
    assert_eq!(log.last_stable_offset(1), 0);
    log.end_transaction(end(1, true), 1, NOW_MS).unwrap();
    assert_eq!(
        log.last_stable_offset(2),
        0,
        "the marker at 2 is not replicated"
    );
    assert_eq!(log.last_stable_offset(3), 3);
    log.retain(3, NOW_MS).unwrap();
    assert_eq!(log.last_stable_offset(3), 3);
}

#[test]
fn transactions_are_known_after_a_restart_of_either_kind_and_across_segments() {
    for clean in [true, false] {
        let mut place = Place::new();
        place.settings.segment_bytes = 150;
        let mut log = place.open();
        interleaved(&mut log);
        write(&mut log, 9, 0, 1); // 8, left open
        if clean {
            log.close().unwrap();
        } else {
            drop(log);
        }
        let (log, _) = place.open_as(clean);
        let both = [aborted(1, 0), aborted(2, 2)];
        assert_eq!(
            log.aborted_transactions(0, 9).unwrap(),
            both,
            "clean: {clean}"
        );
        assert_eq!(log.first_unstable_offset(), Some(8));
        let open = log
            .producers()
            .into_iter()
            .find(|producer| producer.producer_id == 9)
            .unwrap();
        assert_eq!(open.transaction_start_offset, 8);
    }
}

#[test]
fn a_fenced_marker_and_a_plain_batch_inside_a_transaction_are_refused() {
    let place = Place::new();
    let mut log = place.open();
    write(&mut log, 1, 0, 1);
    let plain = batch_from(1, 0, 1, 1, BatchKind::Plain);
    let refused = log.append_as_leader(&plain, 1, NOW_MS).unwrap_err();
    assert_eq!(code(refused), ErrorCode::INVALID_TXN_STATE);
    log.end_transaction(end(1, false), 1, NOW_MS).unwrap();
    let older = TransactionEnd {
        coordinator_epoch: 2,
        ..end(1, true)
    };
    let refused = log.end_transaction(older, 1, NOW_MS).unwrap_err();
    assert_eq!(code(refused), ErrorCode::TRANSACTION_COORDINATOR_FENCED);
    let bumped = TransactionEnd {
        producer_epoch: 4,
        ..end(1, true)
    };
    log.end_transaction(bumped, 1, NOW_MS).unwrap();
    let refused = log.end_transaction(end(1, true), 1, NOW_MS).unwrap_err();
    assert_eq!(code(refused), ErrorCode::INVALID_PRODUCER_EPOCH);
}

#[test]
fn a_follower_learns_the_same_from_the_leaders_bytes() {
    let place = Place::new();
    let mut leader = place.open();
    interleaved(&mut leader);
    let slice = leader.read(0, super::place::limit(8, 1 << 20)).unwrap();
    let bytes = slice.read().unwrap();
    let other = Place::new();
    let mut follower = other.open();
    assert_eq!(follower.append_as_follower(&bytes, NOW_MS).unwrap(), 8);
    assert_eq!(
        follower.append_as_follower(&bytes, NOW_MS).unwrap(),
        8,
        "once more changes nothing"
    );
    assert_eq!(
        follower.aborted_transactions(0, 8).unwrap(),
        leader.aborted_transactions(0, 8).unwrap()
    );
    assert_eq!(follower.producers(), leader.producers());
    assert_eq!(follower.latest_epoch(), 1);
    assert_eq!(
        std::fs::read(place.file(0, "log")).unwrap(),
        std::fs::read(other.file(0, "log")).unwrap()
    );
}
