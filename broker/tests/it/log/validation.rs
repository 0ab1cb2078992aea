//! What a leader refuses and what it changes in a client's batch (rules 14 to 17).

use broker::config::{CleanupPolicy, TimestampKind};
use broker::log::{AppendError, Log};
use broker::wire::compression::Compression;
use broker::wire::error_code::ErrorCode;
use broker::wire::records::{BatchKind, BatchSettings, Chunk, RecordSet, TimestampType, Unpacker};
use bytes::Bytes;

use super::place::{NOW_MS, Place, batch, batch_of, limit, read_all};

fn refusal(log: &mut Log, batch: &[u8]) -> (ErrorCode, Vec<(i32, String)>) {
    match log.append_as_leader(&Bytes::copy_from_slice(batch), 1, NOW_MS) {
        Err(AppendError::Refused { code, records, .. }) => (code, records),
        other => panic!("{other:?}"),
    }
}

/// Changes bytes of a batch and seals it anew.
fn changed(batch: &[u8], at: usize, to: &[u8]) -> Vec<u8> {
    let mut bytes = batch.to_vec();
    bytes[at..at + to.len()].copy_from_slice(to);
    let crc = crc_fast::crc32_iscsi(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    bytes
}

#[test]
fn what_is_no_single_sound_batch_is_refused() {
    let mut log = Place::new().open();
    let good = batch(&["a", "b"]);
    let twice = [&good[..], &good[..]].concat();
    let mut flipped = good.to_vec();
    flipped[70] ^= 1;
    let cases: [(&str, Vec<u8>, ErrorCode); 10] = [
        ("nothing", Vec::new(), ErrorCode::INVALID_RECORD),
        ("two batches", twice, ErrorCode::INVALID_RECORD),
        (
            "a cut batch",
            good[..75].to_vec(),
            ErrorCode::CORRUPT_MESSAGE,
        ),
        ("a flipped bit", flipped, ErrorCode::CORRUPT_MESSAGE),
        (
            "count 3",
            changed(&good, 57, &3_i32.to_be_bytes()),
            ErrorCode::INVALID_RECORD,
        ),
        (
            "last delta 5",
            changed(&good, 23, &5_i32.to_be_bytes()),
            ErrorCode::INVALID_RECORD,
        ),
        (
            "base offset 1",
            changed(&good, 0, &1_i64.to_be_bytes()),
            ErrorCode::INVALID_RECORD,
        ),
        (
            "a control batch",
            changed(&good, 21, &(1_i16 << 5).to_be_bytes()),
            ErrorCode::INVALID_RECORD,
        ),
        (
            "LogAppendTime",
            changed(&good, 21, &(1_i16 << 3).to_be_bytes()),
            ErrorCode::INVALID_TIMESTAMP,
        ),
        (
            "a producer without sequence",
            changed(&good, 43, &7_i64.to_be_bytes()),
            ErrorCode::INVALID_RECORD,
        ),
    ];
    for (what, bytes, code) in cases {
        assert_eq!(refusal(&mut log, &bytes).0, code, "{what}");
    }
    assert_eq!(log.log_end_offset(), 0);
}

#[test]
fn offset_deltas_must_count_from_zero() {
    let mut log = Place::new().open();
    let good = batch(&["a", "b"]);
    // The second record's delta: after length, attributes and timestamp delta.
    let second = 61 + 1 + usize::from(good[61] >> 1);
    assert_eq!(good[second + 3], 2);
    let (code, records) = refusal(&mut log, &changed(&good, second + 3, &[4]));
    assert_eq!((code, records[0].0), (ErrorCode::INVALID_RECORD, 1));
}

#[test]
fn a_compacted_topic_names_the_records_without_key() {
    let mut place = Place::new();
    place.settings.cleanup_policy = CleanupPolicy {
        delete: false,
        compact: true,
    };
    let mut log = place.open();
    let batch = batch_of(
        BatchSettings::default(),
        NOW_MS,
        &[("k", "1"), ("", "2"), ("", "3")],
    );
    let (code, records) = refusal(&mut log, &batch);
    assert_eq!(code, ErrorCode::INVALID_RECORD);
    assert_eq!(
        records.iter().map(|(index, _)| *index).collect::<Vec<_>>(),
        [1, 2]
    );
}

#[test]
fn timestamps_outside_of_the_bounds_are_refused() {
    let mut place = Place::new();
    place.settings.message_timestamp_before_max_ms = 100;
    place.settings.message_timestamp_after_max_ms = 10;
    let mut log = place.open();
    for (time, good) in [(-101, false), (-100, true), (10, true), (11, false)] {
        let batch = batch_of(BatchSettings::default(), NOW_MS + time, &[("k", "v")]);
        if good {
            log.append_as_leader(&batch, 1, NOW_MS).unwrap();
        } else {
            let (code, records) = refusal(&mut log, &batch);
            assert_eq!((code, records.len()), (ErrorCode::INVALID_TIMESTAMP, 1));
        }
    }
}

#[test]
fn a_batch_larger_than_the_topic_or_a_segment_takes_is_refused() {
    let mut place = Place::new();
    place.settings.max_message_bytes = 200;
    place.settings.segment_bytes = 100;
    let mut log = place.open();
    let wide = "x".repeat(200);
    assert_eq!(
        refusal(&mut log, &batch(&[&wide])).0,
        ErrorCode::MESSAGE_TOO_LARGE
    );
    let wide = "x".repeat(90);
    assert_eq!(
        refusal(&mut log, &batch(&[&wide])).0,
        ErrorCode::RECORD_LIST_TOO_LARGE
    );
}

#[test]
fn log_append_time_is_written_into_the_batch_and_sealed() {
    let mut place = Place::new();
    place.settings.message_timestamp_type = TimestampKind::LogAppendTime;
    let mut log = place.open();
    let appended = log.append_as_leader(&batch(&["a"]), 1, NOW_MS + 5).unwrap();
    assert_eq!(appended.log_append_time_ms, NOW_MS + 5);
    let bytes = log.read(0, limit(1, 1000)).unwrap().read().unwrap();
    let Some(Ok(Chunk::Batch(stored))) = RecordSet::new(&bytes).next() else {
        panic!("no batch");
    };
    assert_eq!(
        stored.header.attributes.timestamp_type(),
        TimestampType::LogAppendTime
    );
    let mut unpacker = Unpacker::default();
    let record = stored.open(&mut unpacker).unwrap().next().unwrap().unwrap();
    assert_eq!(record.timestamp_ms, NOW_MS + 5);
}

#[test]
fn a_topic_with_its_own_compression_packs_anew() {
    for (name, compression) in [
        ("zstd", Compression::Zstd),
        ("uncompressed", Compression::None),
    ] {
        let mut place = Place::new();
        place.settings.compression_type = Some(name.to_owned());
        let mut log = place.open();
        let settings = BatchSettings {
            compression: Compression::Gzip,
            ..BatchSettings::default()
        };
        let sent = batch_of(settings, NOW_MS, &[("k", "one"), ("k", "two")]);
        log.append_as_leader(&sent, 1, NOW_MS).unwrap();
        let bytes = log.read(0, limit(2, 1000)).unwrap().read().unwrap();
        let Some(Ok(Chunk::Batch(stored))) = RecordSet::new(&bytes).next() else {
            panic!("no batch");
        };
        assert_eq!(stored.header.attributes.compression().unwrap(), compression);
        assert_eq!(stored.header.attributes.kind(), BatchKind::Plain);
        let values: Vec<_> = read_all(&log, 0, 1000)
            .into_iter()
            .map(|(_, value)| value)
            .collect();
        assert_eq!(values, ["one", "two"]);
    }
}

#[test]
fn a_small_batch_of_very_many_bad_records_is_told_of_a_thousand() {
    let mut place = Place::new();
    place.settings.cleanup_policy = CleanupPolicy {
        delete: false,
        compact: true,
    };
    let settings = BatchSettings {
        compression: Compression::Zstd,
        ..BatchSettings::default()
    };
    let sent = batch_of(settings, NOW_MS, &vec![("", "v"); 100_000]);
    assert!(sent.len() < 128 << 10, "{} bytes", sent.len());
    let (code, records) = refusal(&mut place.open(), &sent);
    assert_eq!(code, ErrorCode::INVALID_RECORD);
    assert_eq!(records.len(), 1_000);
}

#[test]
fn the_leader_writes_offset_and_epoch_and_leaves_the_rest() {
    let place = Place::new();
    let mut log = place.open();
    let sent = batch(&["a", "b"]);
    log.append_as_leader(&sent, 4, NOW_MS).unwrap();
    log.append_as_leader(&sent, 4, NOW_MS).unwrap();
    let bytes = std::fs::read(place.file(0, "log")).unwrap();
    let second = &bytes[sent.len()..];
    assert_eq!(second[..8], 2_i64.to_be_bytes());
    assert_eq!(second[12..16], 4_i32.to_be_bytes());
    assert_eq!(second[16..], sent[16..]);
}
