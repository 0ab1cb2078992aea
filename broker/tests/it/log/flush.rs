//! Forcing to disk: in steps, so that the log is used meanwhile, and when a topic asks for it.

use super::place::{NOW_MS, Place, batch};

#[test]
fn what_is_written_while_the_disk_works_is_not_taken_for_flushed() {
    let place = Place::new();
    let mut log = place.open();
    log.append_as_leader(&batch(&["a", "b"]), 1, NOW_MS)
        .unwrap();
    let flush = log.begin_flush().unwrap();
    log.append_as_leader(&batch(&["c"]), 1, NOW_MS).unwrap();
    let flushed = flush.run().unwrap();
    log.finish_flush(&flushed, NOW_MS);
    assert_eq!(log.recovery_point(), 2);
    let rest = log.begin_flush().unwrap().run().unwrap();
    log.finish_flush(&rest, NOW_MS);
    assert_eq!(log.recovery_point(), 3);
    assert!(log.begin_flush().is_none());
}

#[test]
fn records_that_a_cut_replaced_while_the_disk_worked_are_not_flushed() {
    let place = Place::new();
    let mut log = place.open();
    for value in ["a", "b", "c", "d"] {
        log.append_as_leader(&batch(&[value]), 1, NOW_MS).unwrap();
    }
    let flushed = log.begin_flush().unwrap().run().unwrap();
    log.truncate_to(1).unwrap();
    for value in ["x", "y", "z"] {
        log.append_as_leader(&batch(&[value]), 2, NOW_MS).unwrap();
    }
    log.finish_flush(&flushed, NOW_MS);
    assert!(log.recovery_point() <= 1, "{}", log.recovery_point());
}

#[test]
fn a_topic_asks_by_records_and_by_time() {
    let mut place = Place::new();
    place.settings.flush_messages = 3;
    place.settings.flush_ms = 1_000;
    let mut log = place.open();
    assert!(!log.is_flush_due() && !log.is_flush_overdue(NOW_MS + 1_000));
    log.append_as_leader(&batch(&["a", "b"]), 1, NOW_MS)
        .unwrap();
    assert!(!log.is_flush_due() && !log.is_flush_overdue(NOW_MS + 999));
    assert!(log.is_flush_overdue(NOW_MS + 1_000));
    log.append_as_leader(&batch(&["c"]), 1, NOW_MS).unwrap();
    assert!(log.is_flush_due());
    let flushed = log.begin_flush().unwrap().run().unwrap();
    log.finish_flush(&flushed, NOW_MS + 500);
    assert!(!log.is_flush_due());
    log.append_as_leader(&batch(&["d"]), 1, NOW_MS).unwrap();
    assert!(!log.is_flush_overdue(NOW_MS + 1_000));
    assert!(log.is_flush_overdue(NOW_MS + 1_500));
}
