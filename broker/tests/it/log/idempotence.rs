//! Idempotent producers (rules 20 to 22).

use broker::log::{AppendError, Appended, Log};
use broker::wire::error_code::ErrorCode;
use broker::wire::records::BatchKind;

use super::place::{NOW_MS, Place, batch_from};

fn send(log: &mut Log, epoch: i16, sequence: i32, count: usize) -> Result<Appended, ErrorCode> {
    let batch = batch_from(5, epoch, sequence, count, BatchKind::Plain);
    log.append_as_leader(&batch, 1, NOW_MS)
        .map_err(|error| match error {
            AppendError::Refused { code, .. } => code,
            AppendError::Log(error) => panic!("{error}"),
        })
}

#[test]
fn any_of_the_last_five_batches_is_known_again_with_its_offset() {
    let place = Place::new();
    let mut log = place.open();
    for sequence in 0..6 {
        send(&mut log, 0, sequence * 2, 2).unwrap();
    }
    for sequence in 1..6 {
        let again = send(&mut log, 0, sequence * 2, 2).unwrap();
        assert!(again.duplicate);
        assert_eq!(again.base_offset, i64::from(sequence) * 2);
        assert_eq!(again.last_offset, i64::from(sequence) * 2 + 1);
    }
    assert_eq!(
        send(&mut log, 0, 0, 2),
        Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
    );
    assert_eq!(log.log_end_offset(), 12);
}

#[test]
fn a_gap_in_the_sequence_is_refused() {
    let place = Place::new();
    let mut log = place.open();
    send(&mut log, 0, 0, 3).unwrap();
    assert_eq!(
        send(&mut log, 0, 4, 1),
        Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
    );
    assert_eq!(send(&mut log, 0, 3, 1).unwrap().base_offset, 3);
}

#[test]
fn after_the_largest_sequence_comes_zero() {
    let place = Place::new();
    let mut log = place.open();
    send(&mut log, 0, i32::MAX - 1, 2).unwrap();
    send(&mut log, 0, 0, 1).unwrap();
    let place = Place::new();
    let mut log = place.open();
    // Inside of a batch too: MAX-1, MAX, 0.
    send(&mut log, 0, i32::MAX - 1, 3).unwrap();
    assert!(send(&mut log, 0, i32::MAX - 1, 3).unwrap().duplicate);
    send(&mut log, 0, 1, 1).unwrap();
}

#[test]
fn an_unknown_producer_begins_anywhere_and_a_new_epoch_at_zero() {
    let place = Place::new();
    let mut log = place.open();
    send(&mut log, 3, 17, 1).unwrap();
    assert_eq!(
        send(&mut log, 4, 18, 1),
        Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
    );
    send(&mut log, 4, 0, 1).unwrap();
    assert_eq!(
        send(&mut log, 3, 18, 1),
        Err(ErrorCode::INVALID_PRODUCER_EPOCH)
    );
}

#[test]
fn producers_are_known_after_a_restart_of_either_kind() {
    for clean in [true, false] {
        let mut place = Place::new();
        place.settings.segment_bytes = 200;
        let mut log = place.open();
        for sequence in 0..9 {
            send(&mut log, 0, sequence, 1).unwrap();
        }
        if clean {
            log.close().unwrap();
        } else {
            drop(log);
        }
        let (mut log, _) = place.open_as(clean);
        assert!(send(&mut log, 0, 8, 1).unwrap().duplicate, "clean: {clean}");
        assert_eq!(send(&mut log, 0, 9, 1).unwrap().base_offset, 9);
        assert_eq!(log.producers().len(), 1);
    }
}

#[test]
fn a_silent_producer_is_forgotten_after_its_time() {
    let place = Place::new();
    let mut log = place.open();
    send(&mut log, 0, 0, 1).unwrap();
    log.sweep(NOW_MS + 86_399_999).unwrap();
    assert_eq!(log.producers().len(), 1);
    log.sweep(NOW_MS + 86_400_000).unwrap();
    assert_eq!(log.producers(), []);
}

#[test]
fn truncation_takes_back_what_producers_wrote() {
    let place = Place::new();
    let mut log = place.open();
    for sequence in 0..4 {
        send(&mut log, 0, sequence, 1).unwrap();
    }
    log.truncate_to(2).unwrap();
    assert_eq!(
        send(&mut log, 0, 3, 1),
        Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
    );
    assert_eq!(send(&mut log, 0, 2, 1).unwrap().base_offset, 2);
}
