//! Segments: when they end and when they go (rules 78 and 79).

use broker::log::{Log, read_topic_id, write_topic_id};
use broker::wire::error_code::ErrorCode;
use broker::wire::records::BatchSettings;

use super::place::{NOW_MS, Place, batch, batch_of, limit, read_all};

const DAY_MS: i64 = 86_400_000;

/// Five segments of one batch each.
fn five(place: &mut Place) -> Log {
    place.settings.segment_bytes = 100;
    let mut log = place.open();
    for number in 0..5 {
        let batch = batch_of(
            BatchSettings::default(),
            NOW_MS + number,
            &[("k", "some value")],
        );
        log.append_as_leader(&batch, 1, NOW_MS).unwrap();
    }
    assert!(place.file(4, "log").exists());
    log
}

#[test]
fn segments_go_by_the_time_of_their_latest_record() {
    let mut place = Place::new();
    place.settings.retention_ms = DAY_MS;
    let mut log = five(&mut place);
    assert_eq!(log.retain(5, NOW_MS + DAY_MS).unwrap(), 0);
    assert!(log.retain(5, NOW_MS + DAY_MS + 2).unwrap() > 0);
    assert_eq!(log.log_start_offset(), 2);
    assert_eq!(
        log.read(1, limit(5, 10)).unwrap_err(),
        ErrorCode::OFFSET_OUT_OF_RANGE
    );
    assert!(!place.file(1, "log").exists());
    assert!(
        place.file(1, "log.deleted").exists(),
        "it waits for file.delete.delay.ms"
    );
    log.sweep(NOW_MS + DAY_MS + 2 + 60_000).unwrap();
    assert!(!place.file(1, "log.deleted").exists());
}

#[test]
fn nothing_goes_that_is_not_replicated() {
    let mut place = Place::new();
    let mut log = five(&mut place);
    log.retain(2, i64::MAX).unwrap();
    assert_eq!(log.log_start_offset(), 2);
}

#[test]
fn an_expired_active_segment_is_closed_and_goes_too() {
    let mut place = Place::new();
    let mut log = five(&mut place);
    log.retain(5, i64::MAX).unwrap();
    assert_eq!((log.log_start_offset(), log.log_end_offset()), (5, 5));
    assert_eq!(log.size_bytes(), 0);
    assert_eq!(
        log.append_as_leader(&batch(&["next"]), 1, NOW_MS)
            .unwrap()
            .base_offset,
        5
    );
}

#[test]
fn size_keeps_at_least_what_is_asked_for() {
    let mut place = Place::new();
    let mut log = five(&mut place);
    let one = log.size_bytes() / 5;
    let mut settings = place.settings.clone();
    settings.retention_bytes = i64::try_from(one * 2).unwrap();
    log.reconfigure(settings.into());
    log.retain(5, NOW_MS).unwrap();
    assert_eq!(log.log_start_offset(), 3);
    assert_eq!(log.size_bytes(), one * 2);
}

#[test]
fn segments_below_a_log_start_that_was_moved_go() {
    let mut place = Place::new();
    let mut log = five(&mut place);
    log.move_log_start(3).unwrap();
    log.retain(5, NOW_MS).unwrap();
    assert!(!place.file(2, "log").exists() && place.file(3, "log").exists());
    assert_eq!(read_all(&log, 3, 1000).len(), 2);
}

#[test]
fn a_segment_ends_by_the_time_of_its_first_record() {
    let mut place = Place::new();
    place.settings.segment_ms = 1000;
    let mut log = place.open();
    log.append_as_leader(&batch(&["a"]), 1, NOW_MS).unwrap();
    assert!(!log.roll_if_due(NOW_MS + 1000).unwrap());
    assert!(log.roll_if_due(NOW_MS + 1001).unwrap());
    assert!(
        !log.roll_if_due(NOW_MS + 9999).unwrap(),
        "an empty segment stays"
    );
    assert!(place.file(1, "log").exists());
    assert!(place.file(1, "snapshot").exists());
}

#[test]
fn a_full_index_ends_a_segment() {
    let mut place = Place::new();
    place.settings.segment_index_bytes = 48;
    place.settings.index_interval_bytes = 0;
    let mut log = place.open();
    for number in 0..30 {
        let batch = batch_of(BatchSettings::default(), NOW_MS + number, &[("k", "v")]);
        log.append_as_leader(&batch, 1, NOW_MS).unwrap();
    }
    assert!(std::fs::metadata(place.file(0, "index")).unwrap().len() <= 48);
    assert!(std::fs::metadata(place.file(0, "timeindex")).unwrap().len() <= 48);
    assert_eq!(read_all(&log, 0, 1000).len(), 30);
}

#[test]
fn a_restart_at_an_offset_leaves_nothing_else() {
    let mut place = Place::new();
    let mut log = five(&mut place);
    log.restart_at(100).unwrap();
    assert_eq!((log.log_start_offset(), log.log_end_offset()), (100, 100));
    assert_eq!(
        log.append_as_leader(&batch(&["next"]), 2, NOW_MS)
            .unwrap()
            .base_offset,
        100
    );
    log.close().unwrap();
    let (log, recovery) = place.try_open(true, 0, 0).unwrap();
    assert_eq!(recovery, broker::log::Recovery::default());
    assert_eq!(log.log_start_offset(), 100);
}

#[test]
fn a_deleted_partition_lies_in_a_directory_of_another_name() {
    let mut place = Place::new();
    let log = five(&mut place);
    let to = log.mark_deleted().unwrap();
    let name = to.file_name().unwrap().to_str().unwrap();
    assert!(
        name.starts_with("orders-0.") && name.ends_with("-delete"),
        "{name}"
    );
    assert!(!place.dir().exists() && to.join("00000000000000000000.log").exists());
}

#[test]
fn checkpoints_and_the_topic_id_are_text_that_comes_back() {
    use broker::log::checkpoint::{Offsets, RECOVERY_POINTS, read_offsets, write_offsets};
    let place = Place::new();
    let path = place.root.path().join(RECOVERY_POINTS);
    assert_eq!(read_offsets(&path).unwrap(), Offsets::new());
    let offsets = Offsets::from([(("b".to_owned(), 1), 7), (("a".to_owned(), 0), 0)]);
    write_offsets(&path, &offsets, &place.guard).unwrap();
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "0\n2\na 0 0\nb 1 7\n"
    );
    assert_eq!(read_offsets(&path).unwrap(), offsets);
    std::fs::write(&path, "0\n2\na 0 0\n").unwrap();
    assert!(
        read_offsets(&path)
            .unwrap_err()
            .to_string()
            .contains(RECOVERY_POINTS)
    );
    let id = "AAAAAAAAAAAAAAAAAAAAAQ".parse().unwrap();
    assert_eq!(read_topic_id(place.root.path()).unwrap(), None);
    write_topic_id(place.root.path(), id, &place.guard).unwrap();
    assert_eq!(read_topic_id(place.root.path()).unwrap(), Some(id));
}
