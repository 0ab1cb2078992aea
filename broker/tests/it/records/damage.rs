//! Sets that are cut off, damaged, or that contradict themselves: what is said about them, and what
//! is still read.

use super::*;
use any_bytes::seal;

#[test]
fn a_set_cut_anywhere_ends_in_a_partial_chunk() {
    for second in ["v2_lz4", "v1_gzip", "v0_none"] {
        let first = golden("v2_zstd");
        let whole = [first.clone(), golden(second)].concat();
        let one_chunk = 12 + usize::from(whole[first.len() + 11]);
        for end in first.len() + 1..first.len() + one_chunk {
            let (records, partial) = read(&whole[..end]).unwrap();
            let present = end - first.len();
            let needed = (present >= 12).then_some(one_chunk);
            assert_eq!(records.len(), 3);
            assert_eq!(
                partial,
                Some(Partial { needed, present }),
                "{second} cut to {present}"
            );
        }
        assert_eq!(read(&whole).unwrap().1, None);
    }
}

#[test]
fn a_flipped_bit_is_named_as_a_crc_mismatch_and_the_next_batch_is_read() {
    let sets = [
        ("v2_gzip", 21, "CRC-32C"),
        ("v1_gzip", 18, "CRC-32 "),
        ("v0_gzip", 18, "CRC-32 "),
    ];
    for (name, covered_from, crc) in sets {
        let good = golden(name);
        // In a message the fields of lengths are checked before the CRC: take the last bytes there.
        for at in (covered_from..good.len()).filter(|at| name == "v2_gzip" || *at > 40) {
            let mut bytes = [good.clone(), golden("v2_none")].concat();
            bytes[at] ^= 0x10;
            let mut chunks = RecordSet::new(&bytes);
            let broken = chunks.next().unwrap().unwrap();
            let Err(WireError::Invalid { why, .. }) = broken.open(&mut Unpacker::default()) else {
                panic!("{name}: byte {at} may be flipped unnoticed");
            };
            assert!(why.contains(crc) && why.contains("offset 4"), "{why}");
            let next = chunks.next().unwrap().unwrap();
            assert_eq!(next.open(&mut Unpacker::default()).unwrap().count(), 3);
        }
    }
}

/// `v2_none` with `change` made to it and the CRC made to fit.
fn resealed(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = golden("v2_none");
    change(&mut bytes);
    seal(&mut bytes);
    bytes
}

#[test]
fn a_header_that_contradicts_its_records_is_an_error() {
    let fewer = read(&resealed(|bytes| bytes[60] = 2));
    assert!(
        matches!(fewer, Err(WireError::LeftOver { .. })),
        "{fewer:?}"
    );
    let more = read(&resealed(|bytes| bytes[60] = 4));
    assert!(matches!(more, Err(WireError::Truncated { .. })), "{more:?}");
    let negative = read(&resealed(|bytes| bytes[57] = 0xFF));
    assert!(
        matches!(negative, Err(WireError::BadLength { .. })),
        "{negative:?}"
    );
    let unknown = read(&resealed(|bytes| bytes[22] = 0x15));
    assert!(
        matches!(
            unknown,
            Err(WireError::Invalid {
                what: "compression",
                ..
            })
        ),
        "{unknown:?}"
    );
    let magic = read(&resealed(|bytes| bytes[16] = 3));
    assert!(matches!(magic, Err(WireError::Invalid { .. })), "{magic:?}");
    let mut short = golden("v2_none");
    short[11] = 13;
    let short = read(&short);
    assert!(
        matches!(short, Err(WireError::BadLength { .. })),
        "{short:?}"
    );
}

#[test]
fn a_batch_too_short_for_its_header_is_an_error() {
    let mut bytes = golden("v2_none");
    bytes.truncate(HEADER_BYTES - 1);
    bytes[11] = 48;
    assert!(matches!(RecordSet::new(&bytes).next(), Some(Err(_))));
}

#[test]
fn a_record_with_bytes_behind_its_headers_is_an_error() {
    let mut bytes = BY_HAND;
    // One header that ends a byte early, then none at all.
    for (at, with) in [(72, 0), (68, 0)] {
        bytes[at] = with;
        seal(&mut bytes);
        let result = read(&bytes);
        assert!(
            matches!(result, Err(WireError::LeftOver { .. })),
            "{result:?}"
        );
    }
}

#[test]
fn a_wrapper_inside_a_wrapper_is_an_error() {
    let mut packed = Vec::new();
    Compression::Gzip
        .pack(&golden("v1_gzip"), &mut packed)
        .unwrap();
    let mut bytes = golden("v1_gzip");
    bytes.truncate(30);
    bytes.extend_from_slice(&u32::try_from(packed.len()).unwrap().to_be_bytes());
    bytes.extend_from_slice(&packed);
    seal(&mut bytes);
    let result = read(&bytes);
    assert!(
        matches!(
            result,
            Err(WireError::Invalid {
                what: "inner message",
                ..
            })
        ),
        "{result:?}"
    );
}
