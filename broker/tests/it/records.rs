//! Record batches and message sets: golden bytes, rewriting, building.
#![cfg(test)]

mod any_bytes;
mod damage;
mod oracle;

use broker::wire::compression::Compression;
use broker::wire::error::{Result, WireError};
use broker::wire::records::{
    Batch, BatchBuilder, BatchKind, BatchSettings, Chunk, Control, HEADER_BYTES, NewRecord,
    Partial, Producer, Record, RecordSet, TimestampType, Unpacker, coordinator_epoch,
    set_base_offset, set_leader_epoch, transaction_marker,
};

/// A record that owns its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Owned {
    offset: i64,
    timestamp_ms: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Owned {
    fn of(record: &Record<'_>) -> Result<Self> {
        let header = |header: Result<broker::wire::records::Header<'_>>| {
            header.map(|header| (header.key.to_vec(), header.value.map(<[u8]>::to_vec)))
        };
        Ok(Self {
            offset: record.offset,
            timestamp_ms: record.timestamp_ms,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: record.headers.iter().map(header).collect::<Result<_>>()?,
        })
    }

    fn push_to(&self, builder: &mut BatchBuilder) {
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(key, value)| (key.as_slice(), value.as_deref()))
            .collect();
        let record = NewRecord {
            timestamp_ms: self.timestamp_ms,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers: &headers,
        };
        builder.push(&record).unwrap();
    }
}

/// All records of a set, and its partial rest.
fn read(bytes: &[u8]) -> Result<(Vec<Owned>, Option<Partial>)> {
    let mut unpacker = Unpacker::with_limit(1 << 20);
    let mut records = Vec::new();
    let mut rest = None;
    for chunk in RecordSet::new(bytes) {
        let chunk = chunk?;
        if let Chunk::Partial(partial) = chunk {
            rest = Some(partial);
        }
        for record in chunk.open(&mut unpacker)? {
            records.push(Owned::of(&record?)?);
        }
    }
    Ok((records, rest))
}

fn build(settings: BatchSettings, records: &[Owned]) -> Vec<u8> {
    let mut builder = BatchBuilder::new(settings);
    for record in records {
        record.push_to(&mut builder);
    }
    builder.finish().unwrap()
}

fn golden(name: &str) -> Vec<u8> {
    let line = include_str!("data/records.hex")
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .unwrap_or_else(|| panic!("no {name} in the data"));
    (0..line.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&line[at..at + 2], 16).unwrap())
        .collect()
}

const T: i64 = 1_500_000_000_000;

/// What every set of the golden data holds; headers in magic 2 only.
fn golden_records() -> Vec<Owned> {
    let record = |offset, timestamp_ms, key: Option<&str>, value: Option<&str>| Owned {
        offset,
        timestamp_ms,
        key: key.map(|key| key.as_bytes().to_vec()),
        value: value.map(|value| value.as_bytes().to_vec()),
        headers: Vec::new(),
    };
    let first = "the first value, the first value, the first value";
    vec![
        record(40, T, Some("k0"), Some(first)),
        record(41, T + 7, None, Some("second")),
        record(42, T - 5, Some("k2"), None),
    ]
}

fn golden_records_of_magic_2() -> Vec<Owned> {
    let mut records = golden_records();
    records[0].headers = vec![
        (b"h".to_vec(), Some(b"1".to_vec())),
        (b"h".to_vec(), None),
        (b"".to_vec(), Some(b"".to_vec())),
    ];
    records
}

#[test]
fn message_sets_of_magic_0_have_absolute_offsets_and_no_timestamps() {
    let mut expected = golden_records();
    for record in &mut expected {
        record.timestamp_ms = -1;
    }
    // The header checksum of v0_lz4 is the wrong one that clients of its time wrote.
    for name in ["v0_none", "v0_gzip", "v0_snappy", "v0_lz4"] {
        assert_eq!(read(&golden(name)), Ok((expected.clone(), None)), "{name}");
    }
}

#[test]
fn message_sets_of_magic_1_have_relative_offsets_inside_wrappers() {
    for name in ["v1_none", "v1_gzip", "v1_snappy", "v1_lz4"] {
        assert_eq!(read(&golden(name)), Ok((golden_records(), None)), "{name}");
    }
}

#[test]
fn a_wrapper_with_append_time_stamps_all_its_messages() {
    let (records, _) = read(&golden("v1_gzip_append_time")).unwrap();
    let stamps: Vec<_> = records.iter().map(|record| record.timestamp_ms).collect();
    assert_eq!(stamps, [T + 1000; 3]);
}

#[test]
fn batches_of_another_client_are_read_with_every_compression() {
    for compression in Compression::ALL {
        let bytes = golden(&format!("v2_{}", compression.name()));
        assert_eq!(
            read(&bytes),
            Ok((golden_records_of_magic_2(), None)),
            "{compression:?}"
        );
        let header = Batch::parse(&bytes).unwrap().header;
        assert_eq!(header.attributes.compression(), Ok(compression));
        assert_eq!(header.attributes.kind(), BatchKind::Transactional);
        assert_eq!(
            header.attributes.timestamp_type(),
            TimestampType::CreateTime
        );
        assert_eq!(
            header.producer(),
            Some(Producer {
                id: 1234,
                epoch: 5,
                base_sequence: 77
            })
        );
        assert_eq!(
            (header.base_offset, header.last_offset(), header.count),
            (40, 42, 3)
        );
        assert_eq!(
            (header.base_timestamp_ms, header.max_timestamp_ms),
            (T, T + 7)
        );
        assert_eq!(header.delete_horizon_ms(), None);
    }
}

#[test]
fn an_unpacked_batch_is_written_byte_for_byte_as_another_client_writes_it() {
    let settings = BatchSettings {
        base_offset: 40,
        leader_epoch: 0,
        kind: BatchKind::Transactional,
        producer: Some(Producer {
            id: 1234,
            epoch: 5,
            base_sequence: 77,
        }),
        ..BatchSettings::default()
    };
    assert_eq!(
        build(settings, &golden_records_of_magic_2()),
        golden("v2_none")
    );
}

/// One record, written by hand after the published layout.
#[rustfmt::skip]
const BY_HAND: [u8; 74] = [
    0, 0, 0, 0, 0, 0, 1, 0,                 // base offset 256
    0, 0, 0, 62,                            // length of what follows
    0, 0, 0, 9,                             // leader epoch
    2,                                      // magic
    0x12, 0xAA, 0x3C, 0x14,                 // CRC-32C of the rest
    0, 0x48,                                // attributes: append time, delete horizon
    0, 0, 0, 3,                             // last offset delta: two records behind were compacted away
    0, 0, 0, 0, 0, 0, 0x10, 0,              // base timestamp
    0, 0, 0, 0, 0, 0, 0x20, 0,              // max timestamp
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, // no producer id
    0xFF, 0xFF,                             // nor epoch
    0xFF, 0xFF, 0xFF, 0xFF,                 // nor sequence
    0, 0, 0, 1,                             // one record
    24,                                     // 12 bytes
    0,                                      // record attributes
    5,                                      // timestamp delta -3
    2,                                      // offset delta 1
    1,                                      // null key
    2, b'v',                                // value of one byte
    2,                                      // one header
    4, 0xC3, 0x28,                          // its key, not UTF-8
    2, b'w',                                // its value
];

#[test]
fn a_batch_written_by_hand_is_read_field_by_field() {
    let batch = Batch::parse(&BY_HAND).unwrap();
    assert_eq!(
        (batch.header.leader_epoch, batch.header.last_offset()),
        (9, 259)
    );
    assert_eq!(batch.header.delete_horizon_ms(), Some(0x1000));
    assert_eq!(batch.header.producer(), None);
    let (records, _) = read(&BY_HAND).unwrap();
    let headers = vec![(vec![0xC3, 0x28], Some(b"w".to_vec()))];
    let value = Some(b"v".to_vec());
    // Not base + delta: the broker stamped the batch on append.
    let timestamp_ms = 0x2000;
    assert_eq!(
        records,
        [Owned {
            offset: 257,
            timestamp_ms,
            key: None,
            value,
            headers
        }]
    );
}

#[test]
fn offset_and_leader_epoch_are_rewritten_under_the_same_crc() {
    let mut bytes = golden("v2_gzip");
    set_base_offset(&mut bytes, 7_000_000_000).unwrap();
    set_leader_epoch(&mut bytes, 12).unwrap();
    let header = Batch::parse(&bytes).unwrap().header;
    assert_eq!(
        (header.base_offset, header.leader_epoch),
        (7_000_000_000, 12)
    );
    let (records, _) = read(&bytes).unwrap();
    assert_eq!(records[2].offset, 7_000_000_002);
    assert_eq!(bytes[HEADER_BYTES..], golden("v2_gzip")[HEADER_BYTES..]);
}

#[test]
fn an_old_message_cannot_be_given_a_leader_epoch() {
    let mut bytes = golden("v1_gzip");
    assert!(matches!(
        set_leader_epoch(&mut bytes, 1),
        Err(WireError::Invalid { .. })
    ));
    assert_eq!(bytes, golden("v1_gzip"));
}

#[test]
fn a_compacted_batch_keeps_its_gaps() {
    let mut builder = BatchBuilder::new(BatchSettings {
        base_offset: 10,
        ..Default::default()
    });
    builder.push_at(3, &NewRecord::default()).unwrap();
    builder.push(&NewRecord::default()).unwrap();
    builder.push_at(9, &NewRecord::default()).unwrap();
    assert!(
        builder.push_at(9, &NewRecord::default()).is_err(),
        "offsets must ascend"
    );
    let (records, _) = read(&builder.finish().unwrap()).unwrap();
    assert_eq!(
        records
            .iter()
            .map(|record| record.offset)
            .collect::<Vec<_>>(),
        [13, 14, 19]
    );
}

#[test]
fn a_batch_without_records_is_not_written() {
    assert!(
        BatchBuilder::new(BatchSettings::default())
            .finish()
            .is_err()
    );
}

#[test]
fn transaction_markers_tell_abort_from_commit() {
    let markers = [Control::Abort, Control::Commit, Control::Other(4)];
    let kind = BatchKind::TransactionMarker;
    let mut builder = BatchBuilder::new(BatchSettings {
        kind,
        ..Default::default()
    });
    for marker in markers {
        let (key, value) = (marker.key(), transaction_marker(31));
        let record = NewRecord {
            key: Some(&key),
            value: Some(&value),
            ..Default::default()
        };
        builder.push(&record).unwrap();
    }
    let bytes = builder.finish().unwrap();
    let batch = Batch::parse(&bytes).unwrap();
    assert_eq!(batch.header.attributes.kind(), kind);
    let mut unpacker = Unpacker::default();
    let records: Vec<_> = batch
        .open(&mut unpacker)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        records
            .iter()
            .map(|record| Control::of(record).unwrap())
            .collect::<Vec<_>>(),
        markers
    );
    assert!(
        records
            .iter()
            .all(|record| coordinator_epoch(record) == Ok(31))
    );
}

#[test]
fn a_control_record_without_a_key_is_an_error() {
    let record = Record {
        offset: 0,
        timestamp_ms: 0,
        key: None,
        value: None,
        headers: broker::wire::records::Headers::default(),
    };
    assert!(Control::of(&record).is_err());
    assert!(
        Control::of(&Record {
            key: Some(&[0, 0, 1]),
            ..record
        })
        .is_err()
    );
    assert!(
        Control::of(&Record {
            key: Some(&[0xFF, 0xFF, 0, 1]),
            ..record
        })
        .is_err()
    );
}
