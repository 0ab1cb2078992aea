//! Any bytes, read as a set of records: no panic, and no memory beyond the limit.
//!
//! Mutated bytes seldom carry a right checksum, so they are also unpacked directly, and once more as
//! the packed records of a batch that is sealed around them.

#![no_main]

use broker::wire::compression::Compression;
use broker::wire::records::{BatchBuilder, BatchSettings, NewRecord, RecordSet, Unpacker};
use libfuzzer_sys::fuzz_target;

const LIMIT_BYTES: usize = 1 << 20;

fn walk(bytes: &[u8]) {
    let mut unpacker = Unpacker::with_limit(LIMIT_BYTES);
    for chunk in RecordSet::new(bytes) {
        let Ok(chunk) = chunk else { return };
        let Ok(records) = chunk.open(&mut unpacker) else {
            continue;
        };
        for record in records.flatten() {
            for header in record.headers {
                let _ = header;
            }
        }
    }
}

/// A batch whose checksum is right and whose attributes and records are the input.
fn sealed(attributes: u8, count: u8, records: &[u8]) -> Option<Vec<u8>> {
    let mut batch = BatchBuilder::new(BatchSettings::default());
    batch.push(&NewRecord::default()).ok()?;
    let mut bytes = batch.finish().ok()?;
    bytes.truncate(61);
    bytes.extend_from_slice(records);
    let length = i32::try_from(bytes.len() - 12).ok()?;
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    bytes[22] = attributes;
    bytes[60] = count;
    let crc = crc_fast::crc32_iscsi(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    Some(bytes)
}

fuzz_target!(|bytes: &[u8]| {
    walk(bytes);
    let [attributes, count, records @ ..] = bytes else {
        return;
    };
    if let Some(batch) = sealed(*attributes, *count, records) {
        walk(&batch);
    }
    if let Ok(compression) = Compression::of_attributes(i16::from(*attributes)) {
        let mut out = Vec::new();
        let _ = compression.unpack(records, LIMIT_BYTES, &mut out);
        let mut packed = Vec::new();
        compression
            .pack(records, &mut packed)
            .expect("any bytes can be packed");
        compression
            .unpack(&packed, records.len(), &mut out)
            .expect("and unpacked again");
        assert_eq!(out, records);
    }
});
