//! A disk that is full or broken: the append fails, the log is as it was, and it goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use broker::config::CleanupPolicy;
use broker::log::{Access, AppendError, DiskGuard, LogError, Refusal};
use broker::wire::error_code::ErrorCode;

use super::place::{NOW_MS, Place, batch, limit, read_all};

#[test]
fn a_full_disk_refuses_one_append_and_the_next_one_works() {
    let mut place = Place::new();
    place.settings.segment_bytes = 300;
    place.settings.index_interval_bytes = 1;
    let left = Arc::new(AtomicUsize::new(usize::MAX));
    let asked = Arc::clone(&left);
    place.guard = DiskGuard::new(move |access| {
        let spent = access == Access::Write
            && asked
                .try_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                    left.checked_sub(1)
                })
                .is_err();
        spent.then_some(Refusal::Full)
    });
    let mut log = place.open();
    for (written, number) in (0_i64..).zip(0..40_usize) {
        // Each time the disk is full at another step of the append.
        left.store(number % 7, Ordering::SeqCst);
        let value = number.to_string();
        match log.append_as_leader(&batch(&[&value]), 1, NOW_MS) {
            Ok(appended) => assert_eq!(appended.base_offset, written),
            Err(AppendError::Log(error)) => {
                assert!(error.is_shortage(), "{error}");
                assert_eq!(log.log_end_offset(), written);
                left.store(usize::MAX, Ordering::SeqCst);
                let appended = log.append_as_leader(&batch(&[&value]), 1, NOW_MS).unwrap();
                assert_eq!(appended.base_offset, written);
            }
            Err(other) => panic!("{other}"),
        }
    }
    left.store(usize::MAX, Ordering::SeqCst);
    let expected: Vec<_> = (0..40).map(|number| (number, number.to_string())).collect();
    assert_eq!(read_all(&log, 0, 1 << 20), expected);
    drop(log);
    let (log, recovery) = place.open_as(false);
    assert_eq!(recovery.bytes_cut, 0, "{recovery:?}");
    assert_eq!(read_all(&log, 0, 1 << 20), expected);
}

#[test]
fn too_few_file_descriptors_are_no_fault_of_the_disk() {
    let error = |number| LogError::Io {
        path: "00000000000000000000.log".into(),
        source: std::io::Error::from_raw_os_error(number),
    };
    // Full, over quota, and out of descriptors: this process, then the whole system.
    for short in [28, 122, 24, 23] {
        assert!(error(short).is_shortage(), "{}", error(short));
    }
    let broken = error(5);
    assert!(!broken.is_shortage(), "{broken}");
}

#[test]
fn a_compaction_without_room_leaves_nothing_behind() {
    let mut place = Place::new();
    place.settings.cleanup_policy = CleanupPolicy {
        delete: false,
        compact: true,
    };
    place.settings.segment_bytes = 300;
    place.settings.min_cleanable_dirty_ratio = 0.0;
    let left = Arc::new(AtomicUsize::new(usize::MAX));
    let asked = Arc::clone(&left);
    // Full for one write, then there is room again, as for who removes what he wrote.
    place.guard = DiskGuard::new(move |access| {
        let full = access == Access::Write && asked.fetch_sub(1, Ordering::SeqCst) == 0;
        full.then_some(Refusal::Full)
    });
    let mut log = place.open();
    for number in 0..20 {
        let value = number.to_string();
        log.append_as_leader(&batch(&[&value]), 1, NOW_MS).unwrap();
    }
    let names = || {
        let files = std::fs::read_dir(place.dir()).unwrap();
        let mut names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let (before, mut failed) = (names(), 0);
    for number in 0..30 {
        let end = log.log_end_offset();
        let plan = log.plan_compaction(0, end, 1 << 20, NOW_MS).unwrap();
        left.store(number, Ordering::SeqCst);
        if plan.copy().is_err() {
            failed += 1;
            assert_eq!(names(), before, "at write {number}");
        }
    }
    assert!(failed > 10, "{failed}");
}

#[test]
fn a_broken_disk_serves_nothing() {
    let mut place = Place::new();
    let broken = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&broken);
    place.guard =
        DiskGuard::new(move |_| (asked.load(Ordering::SeqCst) > 0).then_some(Refusal::Failed));
    let mut log = place.open();
    log.append_as_leader(&batch(&["a"]), 1, NOW_MS).unwrap();
    broken.store(1, Ordering::SeqCst);
    assert_eq!(
        log.read(0, limit(1, 100)).unwrap_err(),
        ErrorCode::KAFKA_STORAGE_ERROR
    );
    let error = log.append_as_leader(&batch(&["b"]), 1, NOW_MS).unwrap_err();
    assert!(matches!(error, AppendError::Log(error) if !error.is_shortage()));
}
