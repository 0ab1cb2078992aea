//! Whatever the bytes: round trips, damage behind a valid checksum, and bombs.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;

/// Makes length and checksum fit the bytes of one chunk.
pub(super) fn seal(bytes: &mut [u8]) {
    let length = i32::try_from(bytes.len() - 12).unwrap();
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    if bytes[16] < 2 {
        let crc = crc_fast::crc32_iso_hdlc(&bytes[16..]);
        bytes[12..16].copy_from_slice(&crc.to_be_bytes());
    } else {
        let crc = crc_fast::crc32_iscsi(&bytes[21..]);
        bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    }
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..80)
}

fn records() -> impl Strategy<Value = Vec<Owned>> {
    let headers = vec((bytes(), option::of(bytes())), 0..4);
    let record = (
        any::<i64>(),
        option::of(bytes()),
        option::of(bytes()),
        headers,
    );
    vec(record, 1..20).prop_map(|parts| {
        let record = |(offset, (timestamp_ms, key, value, headers))| Owned {
            offset,
            timestamp_ms,
            key,
            value,
            headers,
        };
        (0..).zip(parts).map(record).collect()
    })
}

fn compression() -> impl Strategy<Value = Compression> {
    proptest::sample::select(Compression::ALL.to_vec())
}

const NAMES: [&str; 14] = [
    "v0_none",
    "v0_gzip",
    "v0_snappy",
    "v0_lz4",
    "v1_none",
    "v1_gzip",
    "v1_gzip_append_time",
    "v1_snappy",
    "v1_lz4",
    "v2_none",
    "v2_gzip",
    "v2_snappy",
    "v2_lz4",
    "v2_zstd",
];

proptest! {
    #[test]
    fn what_is_written_is_read_back(records in records(), compression in compression()) {
        let settings = BatchSettings { compression, ..BatchSettings::default() };
        let bytes = build(settings, &records);
        prop_assert_eq!(read(&bytes), Ok((records, None)));
    }

    #[test]
    fn settings_are_read_back(
        base_offset: i64, leader_epoch: i32, id in 0..i64::MAX, epoch: i16, base_sequence: i32,
        kind in proptest::sample::select(vec![
            BatchKind::Plain, BatchKind::Transactional, BatchKind::Control, BatchKind::TransactionMarker,
        ]),
        timestamps in proptest::sample::select(vec![
            TimestampType::CreateTime, TimestampType::LogAppendTime,
        ]),
    ) {
        let producer = Some(Producer { id, epoch, base_sequence });
        let compression = Compression::Lz4;
        let settings =
            BatchSettings { base_offset, leader_epoch, compression, timestamps, kind, producer };
        let bytes = build(settings, &golden_records());
        let header = Batch::parse(&bytes).unwrap().header;
        prop_assert_eq!(header.base_offset, base_offset);
        prop_assert_eq!(header.leader_epoch, leader_epoch);
        prop_assert_eq!(header.producer(), producer);
        prop_assert_eq!(header.attributes.kind(), kind);
        prop_assert_eq!(header.attributes.timestamp_type(), timestamps);
        prop_assert_eq!(header.attributes.compression(), Ok(compression));
    }

    #[test]
    fn any_bytes_give_records_or_an_error(bytes in vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
    }

    #[test]
    fn any_bytes_unpack_or_give_an_error(bytes in vec(any::<u8>(), 0..300), of in compression()) {
        let mut out = Vec::new();
        let _ = of.unpack(&bytes, 1 << 16, &mut out);
        prop_assert!(out.len() <= (1 << 16) + 1);
    }

    #[test]
    fn damage_behind_a_valid_checksum_gives_records_or_an_error(
        name in proptest::sample::select(NAMES.to_vec()),
        changes in vec((17_usize..200, any::<u8>()), 1..5),
        cut in option::of(30_usize..120),
    ) {
        let mut bytes = golden(name);
        // The first chunk alone, so that its checksum can be made to fit.
        let first = 12 + usize::from(bytes[11]);
        bytes.truncate(first.min(cut.unwrap_or(first)));
        for (at, with) in changes {
            let at = at % bytes.len();
            bytes[at] = with;
        }
        seal(&mut bytes);
        let _ = read(&bytes);
    }

    #[test]
    fn damaged_packed_bytes_unpack_or_give_an_error(
        plain in vec(0_u8..4, 1..2000),
        of in compression(),
        changes in vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut packed = Vec::new();
        of.pack(&plain, &mut packed).unwrap();
        for (at, with) in &changes {
            let at = at.index(packed.len());
            packed[at] = *with;
        }
        let mut out = Vec::new();
        let result = of.unpack(&packed, 1 << 16, &mut out);
        if changes.is_empty() {
            prop_assert_eq!(result, Ok(()));
            prop_assert_eq!(out, plain);
        }
    }
}

/// More than one block of every format, half of it hard to pack.
fn long_plain() -> Vec<u8> {
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let mut plain: Vec<u8> = (0..150_000).map(|_| noise()).collect();
    plain.extend_from_within(..);
    plain.resize(450_000, 7);
    plain
}

#[test]
fn long_data_round_trips_in_many_blocks() {
    let plain = long_plain();
    for compression in Compression::ALL {
        let (mut packed, mut out) = (Vec::new(), Vec::new());
        compression.pack(&plain, &mut packed).unwrap();
        compression.unpack(&packed, plain.len(), &mut out).unwrap();
        assert!(out == plain, "{compression:?}");
    }
}

#[test]
fn nothing_packs_and_unpacks_to_nothing() {
    for compression in Compression::ALL {
        let (mut packed, mut out) = (Vec::new(), vec![1]);
        compression.pack(&[], &mut packed).unwrap();
        compression.unpack(&packed, 0, &mut out).unwrap();
        assert!(out.is_empty(), "{compression:?}");
    }
}

#[test]
fn a_truncated_packed_block_is_an_error() {
    let plain = long_plain();
    for compression in Compression::ALL.into_iter().skip(1) {
        let mut packed = Vec::new();
        compression.pack(&plain, &mut packed).unwrap();
        packed.pop();
        let result = compression.unpack(&packed, plain.len(), &mut Vec::new());
        assert!(result.is_err(), "{compression:?}");
    }
}

#[test]
fn bare_snappy_is_read_as_well_as_framed() {
    let plain = long_plain();
    let bare = snap::raw::Encoder::new().compress_vec(&plain).unwrap();
    let mut out = Vec::new();
    Compression::Snappy
        .unpack(&bare, plain.len(), &mut out)
        .unwrap();
    assert!(out == plain);
}

#[test]
fn an_lz4_frame_of_linked_blocks_is_read() {
    let mut out = Vec::new();
    Compression::Lz4
        .unpack(&golden("lz4_linked"), 1 << 20, &mut out)
        .unwrap();
    assert!(
        out == (0..200_000_u32)
            .map(|i| (i / 100).to_le_bytes()[0])
            .collect::<Vec<_>>()
    );
}

#[test]
fn concatenated_streams_are_read_as_one() {
    for compression in [Compression::Gzip, Compression::Lz4, Compression::Zstd] {
        let (mut packed, mut out) = (Vec::new(), Vec::new());
        compression.pack(b"one ", &mut packed).unwrap();
        compression.pack(b"two", &mut packed).unwrap();
        compression.unpack(&packed, 100, &mut out).unwrap();
        assert_eq!(out, b"one two", "{compression:?}");
    }
}

#[test]
fn a_bomb_is_an_error_at_the_limit() {
    const LIMIT: usize = 1 << 20;
    for compression in Compression::ALL {
        let mut packed = Vec::new();
        compression.pack(&vec![0; 16 * LIMIT], &mut packed).unwrap();
        let mut out = Vec::new();
        let result = compression.unpack(&packed, LIMIT, &mut out);
        let Err(WireError::Invalid { why, .. }) = result else {
            panic!("{compression:?} unpacked a bomb: {result:?}");
        };
        assert!(
            why.contains("more than 1048576 bytes"),
            "{compression:?}: {why}"
        );
        assert!(
            out.capacity() <= 2 * LIMIT + 64,
            "{compression:?} took {}",
            out.capacity()
        );
        packed.clear();
        compression.pack(&vec![0; LIMIT], &mut packed).unwrap();
        assert_eq!(
            compression.unpack(&packed, LIMIT, &mut out),
            Ok(()),
            "{compression:?}"
        );
    }
}

#[test]
fn a_bomb_in_a_batch_is_an_error_and_the_next_batch_is_read() {
    let value = vec![0; 4 << 20];
    let settings = BatchSettings {
        compression: Compression::Zstd,
        ..Default::default()
    };
    let mut builder = BatchBuilder::new(settings);
    builder
        .push(&NewRecord {
            value: Some(&value),
            ..Default::default()
        })
        .unwrap();
    let bytes = [builder.finish().unwrap(), golden("v2_zstd")].concat();
    let mut unpacker = Unpacker::with_limit(1 << 20);
    let counts: Vec<_> = RecordSet::new(&bytes)
        .map(|chunk| chunk.unwrap().open(&mut unpacker).map(Iterator::count))
        .collect();
    assert!(
        matches!(counts[..], [Err(WireError::Invalid { .. }), Ok(3)]),
        "{counts:?}"
    );
}

#[test]
fn a_claimed_length_allocates_nothing() {
    // A snappy block of 1 GiB, and an lz4 frame of 4 MiB blocks with one block of three bytes.
    let snappy = [0x80, 0x80, 0x80, 0x80, 0x04, 0, 0];
    let lz4 = [
        0x04, 0x22, 0x4D, 0x18, 0x60, 0x70, 0, 3, 0, 0, 0, 0x20, 1, 2, 0, 0, 0, 0,
    ];
    for (compression, packed) in [
        (Compression::Snappy, &snappy[..]),
        (Compression::Lz4, &lz4[..]),
    ] {
        let mut out = Vec::new();
        let _ = compression.unpack(packed, usize::MAX, &mut out);
        assert!(
            out.capacity() <= 1024,
            "{compression:?} took {}",
            out.capacity()
        );
    }
}
