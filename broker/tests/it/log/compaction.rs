//! Compaction against a map of keys (rule 80).

use std::collections::BTreeMap;

use broker::config::CleanupPolicy;
use broker::log::{Compaction, Log, TransactionEnd};
use broker::wire::records::{BatchKind, BatchSettings, Chunk, Producer, RecordSet, Unpacker};
use proptest::prelude::*;

use super::place::{NOW_MS, Place, batch_from, batch_of, copy_dir, limit, read_all};

const DAY_MS: i64 = 86_400_000;

fn place() -> Place {
    let mut place = Place::new();
    place.settings.cleanup_policy = CleanupPolicy {
        delete: false,
        compact: true,
    };
    place.settings.segment_bytes = 400;
    place.settings.index_interval_bytes = 50;
    place.settings.min_cleanable_dirty_ratio = 0.0;
    place
}

fn compact(log: &mut Log, first_dirty: i64, now_ms: i64) -> Option<Compaction> {
    let plan = log.plan_compaction(first_dirty, log.log_end_offset(), 1 << 20, now_ms)?;
    Some(log.finish_compaction(plan.copy().unwrap(), now_ms).unwrap())
}

fn put(log: &mut Log, records: &[(&str, &str)]) {
    let batch = batch_of(BatchSettings::default(), NOW_MS, records);
    log.append_as_leader(&batch, 1, NOW_MS).unwrap();
}

/// Key and value of every record, by offset.
fn contents(log: &Log) -> BTreeMap<i64, (String, Option<String>)> {
    let mut found = BTreeMap::new();
    let mut unpacker = Unpacker::default();
    let mut next = log.log_start_offset();
    while next < log.log_end_offset() {
        let bytes = log
            .read(next, limit(i64::MAX, 300))
            .unwrap()
            .read()
            .unwrap();
        if bytes.is_empty() {
            break;
        }
        for chunk in RecordSet::new(&bytes) {
            let chunk = chunk.unwrap();
            let Chunk::Batch(batch) = chunk else {
                panic!("{chunk:?}")
            };
            next = batch.header.last_offset() + 1;
            for record in chunk.open(&mut unpacker).unwrap() {
                let record = record.unwrap();
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                found.insert(
                    record.offset,
                    (text(record.key.unwrap()), record.value.map(text)),
                );
            }
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn the_last_record_of_each_key_stays_at_its_offset(
        batches in proptest::collection::vec(
            proptest::collection::vec((0..6_u8, any::<bool>()), 1..5), 1..40),
        again in 1..39_usize,
        small in any::<bool>(),
    ) {
        let place = place();
        let mut log = place.open();
        let mut model = BTreeMap::new();
        let mut first_dirty = 0;
        for (at, batch) in batches.iter().enumerate() {
            let named: Vec<_> = batch.iter()
                .map(|(key, tombstone)| (format!("key {key}"), if *tombstone { "∅" } else { "v" }))
                .collect();
            let borrowed: Vec<_> = named.iter().map(|(key, value)| (key.as_str(), *value)).collect();
            let base = log.log_end_offset();
            put(&mut log, &borrowed);
            for (offset, (key, value)) in (base..).zip(&borrowed) {
                model.insert(offset, ((*key).to_owned(), (*value != "∅").then(|| (*value).to_owned())));
            }
            if at % again == 0 {
                let memory = if small { 1 } else { 1 << 20 };
                let end = log.log_end_offset();
                let Some(plan) = log.plan_compaction(first_dirty, end, memory, NOW_MS) else { continue };
                let done = log.finish_compaction(plan.copy().unwrap(), NOW_MS).unwrap();
                prop_assert!(done.clean_below > first_dirty);
                prop_assert!(done.bytes_after <= done.bytes_before + 61);
                first_dirty = done.clean_below;
                let seen: BTreeMap<_, _> = model.range(..first_dirty)
                    .map(|(offset, (key, _))| (key.clone(), *offset)).collect();
                model.retain(|offset, (key, _)| *offset >= first_dirty || seen[key] == *offset);
            }
            prop_assert_eq!(contents(&log), model.clone());
        }
        let end = log.log_end_offset();
        drop(log);
        let (log, recovery) = place.open_as(false);
        prop_assert_eq!(recovery.bytes_cut, 0, "{:?}", recovery);
        prop_assert_eq!(log.log_end_offset(), end);
        prop_assert_eq!(contents(&log), model);
    }
}

#[test]
fn a_tombstone_goes_once_its_horizon_has_passed() {
    let mut log = place().open_kept();
    put(&mut log.1, &[("a", "1"), ("b", "1")]);
    put(&mut log.1, &[("a", "∅")]);
    fill(&mut log.1);
    let log = &mut log.1;
    compact(log, 0, NOW_MS).unwrap();
    assert!(
        contents(log).contains_key(&2),
        "the tombstone stays for delete.retention.ms"
    );
    assert!(!contents(log).contains_key(&0));
    fill(log);
    compact(log, 3, NOW_MS + DAY_MS - 1).unwrap();
    assert!(contents(log).contains_key(&2));
    fill(log);
    compact(log, 3, NOW_MS + DAY_MS).unwrap();
    assert!(!contents(log).contains_key(&2));
    assert!(contents(log).contains_key(&1));
}

/// Ends the active segment.
fn fill(log: &mut Log) {
    let wide = "x".repeat(300);
    put(log, &[("filler", &wide)]);
    put(log, &[("filler", &wide)]);
}

impl Place {
    /// The place and its log, kept together.
    fn open_kept(self) -> (Self, Log) {
        let log = self.open();
        (self, log)
    }
}

#[test]
fn aborted_records_and_markers_go_and_the_producers_last_batch_stays_empty() {
    let (place, mut log) = place().open_kept();
    let aborted = batch_from(4, 0, 0, 2, BatchKind::Transactional);
    log.append_as_leader(&aborted, 1, NOW_MS).unwrap(); // 0-1
    let end = TransactionEnd {
        producer_id: 4,
        producer_epoch: 0,
        coordinator_epoch: 1,
        committed: false,
    };
    log.end_transaction(end, 1, NOW_MS).unwrap(); // 2
    let producer = Some(Producer {
        id: 5,
        epoch: 0,
        base_sequence: 0,
    });
    let settings = BatchSettings {
        producer,
        ..BatchSettings::default()
    };
    log.append_as_leader(&batch_of(settings, NOW_MS, &[("k", "old")]), 1, NOW_MS)
        .unwrap(); // 3
    put(&mut log, &[("k", "new")]); // 4
    fill(&mut log);
    compact(&mut log, 0, NOW_MS).unwrap();
    let bytes = log.read(0, limit(5, 1 << 20)).unwrap().read().unwrap();
    let batches: Vec<_> = RecordSet::new(&bytes)
        .map(|chunk| match chunk.unwrap() {
            Chunk::Batch(batch) => (
                batch.header.base_offset,
                batch.header.last_offset(),
                batch.header.count,
            ),
            other => panic!("{other:?}"),
        })
        .collect();
    // The batch of 0-1 and that of 3 are the last of their producers; the marker outlives the batch.
    assert_eq!(batches, [(0, 1, 0), (2, 2, 1), (3, 3, 0), (4, 4, 1)]);
    drop(log);
    let (mut log, recovery) = place.open_as(false);
    assert_eq!(recovery.bytes_cut, 0, "{recovery:?}");
    let again = batch_from(5, 0, 0, 1, BatchKind::Plain);
    assert!(log.append_as_leader(&again, 1, NOW_MS).unwrap().duplicate);
}

#[test]
fn a_crash_at_any_step_of_the_swap_leaves_the_old_or_the_new() {
    let (place, mut log) = place().open_kept();
    for number in 0..12 {
        put(&mut log, &[("a", &number.to_string()), ("b", "x")]);
    }
    let flushed = log.begin_flush().unwrap().run().unwrap();
    log.finish_flush(&flushed, NOW_MS);
    let plan = log
        .plan_compaction(0, log.log_end_offset(), 1 << 20, NOW_MS)
        .unwrap();
    let newest = read_all(&log, 22, 1 << 20);
    let compacted = plan.copy().unwrap();
    // Copies of every state between two renames, as a crash would leave them.
    let mut states = Vec::new();
    let dir = place.dir();
    let snap = |states: &mut Vec<Place>| {
        let mut state = Place::new();
        state.settings = place.settings.clone();
        copy_dir(&dir, &state.dir());
        states.push(state);
    };
    snap(&mut states);
    for (from, to) in [(".cleaned", ".swap"), (".swap", "")] {
        if from == ".swap" {
            let suffixes = |base| ["index", "timeindex", "log"].map(|suffix| (base, suffix));
            for (base, suffix) in [0, 4, 8].into_iter().flat_map(suffixes) {
                let _ = std::fs::remove_file(place.file(base, suffix));
                snap(&mut states);
            }
        }
        for suffix in ["index", "timeindex", "log"] {
            let old = place.file(0, &format!("{suffix}{from}"));
            let new = dir.join(format!("{:020}.{suffix}{to}", 0));
            assert!(old.exists(), "{old:?}");
            std::fs::rename(old, new).unwrap();
            snap(&mut states);
        }
    }
    drop(compacted);
    for state in states {
        let (log, recovery) = state.open_as(false);
        assert_eq!(log.log_end_offset(), 24, "{recovery:?}");
        assert_eq!(read_all(&log, 22, 1 << 20), newest);
        let latest: BTreeMap<_, _> = contents(&log).into_values().collect();
        assert_eq!(latest["a"].as_deref(), Some("11"));
        assert_eq!(latest["b"].as_deref(), Some("x"));
    }
}

#[test]
fn snapshots_of_producers_go_with_their_segments_and_stops_leave_one() {
    let (place, mut log) = place().open_kept();
    let snapshots = || {
        let files = std::fs::read_dir(place.dir()).unwrap();
        let names = files.map(|file| file.unwrap().path());
        let of_kind = names.filter(|path| path.extension().is_some_and(|kind| kind == "snapshot"));
        of_kind.count()
    };
    for number in 0..40 {
        put(&mut log, &[("a", &number.to_string())]);
    }
    assert!(snapshots() > 5, "{}", snapshots());
    compact(&mut log, 0, NOW_MS).unwrap();
    let segments = log_files(&place);
    assert!(snapshots() <= segments, "{} of {segments}", snapshots());
    for number in 0..5 {
        put(&mut log, &[("b", &number.to_string())]);
        log.close().unwrap();
        log = place.open();
        let segments = log_files(&place);
        assert!(snapshots() <= segments + 1, "{} of {segments}", snapshots());
    }
}

fn log_files(place: &Place) -> usize {
    let files = std::fs::read_dir(place.dir()).unwrap();
    let names = files.map(|file| file.unwrap().path());
    names
        .filter(|path| path.extension().is_some_and(|kind| kind == "log"))
        .count()
}

#[test]
fn segments_that_changed_meanwhile_stay_as_they_are() {
    let (_place, mut log) = place().open_kept();
    for number in 0..12 {
        put(&mut log, &[("a", &number.to_string())]);
    }
    let plan = log
        .plan_compaction(0, log.log_end_offset(), 1 << 20, NOW_MS)
        .unwrap();
    let compacted = plan.copy().unwrap();
    log.truncate_to(2).unwrap();
    let done = log.finish_compaction(compacted, NOW_MS).unwrap();
    assert_eq!((done.segments, done.clean_below), (0, 0));
    assert_eq!(read_all(&log, 0, 1000).len(), 2);
}
