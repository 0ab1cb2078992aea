//! Finding offsets by time (rule 39, KIP-734).

use broker::wire::records::BatchSettings;

use super::place::{NOW_MS, Place, batch_of};

/// Times of records that do not grow, several a batch, over several segments.
const TIMES: [i64; 9] = [5, 3, 9, 9, 1, 20, 15, 20, 7];

#[test]
fn the_first_record_at_or_after_a_time_is_found() {
    let mut place = Place::new();
    place.settings.segment_bytes = 170;
    place.settings.index_interval_bytes = 1;
    let mut log = place.open();
    for time in TIMES {
        let batch = batch_of(BatchSettings::default(), NOW_MS + time, &[("k", "v")]);
        log.append_as_leader(&batch, 1, NOW_MS).unwrap();
    }
    for start in 0..4 {
        log.move_log_start(start).unwrap();
        for sought in 0..22 {
            for below in 0..=9 {
                let expected = (0_i64..)
                    .zip(TIMES.iter())
                    .map(|(at, time)| (at, NOW_MS + *time))
                    .find(|(at, time)| *at >= start && *time >= NOW_MS + sought)
                    .filter(|(at, _)| *at < below);
                let found = log.offset_for_timestamp(NOW_MS + sought, below).unwrap();
                assert_eq!(
                    found, expected,
                    "start {start}, time {sought}, below {below}"
                );
            }
        }
    }
    assert_eq!(log.max_timestamp().unwrap(), Some((5, NOW_MS + 20)));
}

#[test]
fn the_largest_time_is_sought_from_the_logs_start_on() {
    for segment_bytes in [170, 1 << 20] {
        let mut place = Place::new();
        place.settings.segment_bytes = segment_bytes;
        let mut log = place.open();
        for time in TIMES {
            let batch = batch_of(BatchSettings::default(), NOW_MS + time, &[("k", "v")]);
            log.append_as_leader(&batch, 1, NOW_MS).unwrap();
        }
        for start in 0..=9 {
            log.move_log_start(start).unwrap();
            let left = (0..).zip(TIMES).filter(|(at, _)| *at >= start);
            let expected = left
                .map(|(at, time)| (at, NOW_MS + time))
                .reduce(|largest, next| if next.1 > largest.1 { next } else { largest });
            assert_eq!(log.max_timestamp().unwrap(), expected, "start {start}");
        }
    }
}

#[test]
fn an_empty_log_has_no_times() {
    let log = Place::new().open();
    assert_eq!(log.offset_for_timestamp(0, 10).unwrap(), None);
    assert_eq!(log.max_timestamp().unwrap(), None);
}
