//! Whole batches made from whole batches: a new time, another compression, no records left.
//!
//! Records are moved as bytes, never parsed. Every function seals what it makes with its CRC.

use crate::wire::compression::Compression;
use crate::wire::error::{Result, WireError};

use super::batch::{Batch, BatchHeader, HEADER_BYTES, TimestampType, crc_of};
use super::{OVERHEAD_BYTES, Unpacker};

const LENGTH_AT: usize = 8;
const CRC_AT: usize = 17;
const ATTRIBUTES_AT: usize = 21;
const BASE_TIMESTAMP_AT: usize = 27;
const MAX_TIMESTAMP_AT: usize = 35;
const COUNT_AT: usize = 57;

/// Sets who timed the batch and its latest timestamp, and seals it anew (rule 15).
pub fn set_max_timestamp(batch: &mut [u8], by: TimestampType, max_ms: i64) -> Result<()> {
    let header = BatchHeader::read(batch)?;
    let attributes = match by {
        TimestampType::CreateTime => header.attributes.0 & !(1 << 3),
        TimestampType::LogAppendTime => header.attributes.0 | 1 << 3,
    };
    put(batch, ATTRIBUTES_AT, &attributes.to_be_bytes());
    put(batch, MAX_TIMESTAMP_AT, &max_ms.to_be_bytes());
    seal(batch);
    Ok(())
}

/// The same records packed another way (rule 16).
pub fn repack(batch: &Batch<'_>, to: Compression, unpacker: &mut Unpacker) -> Result<Vec<u8>> {
    let from = batch.header.attributes.compression()?;
    let plain = unpacker.unpack(from, batch.packed_records())?;
    let mut out = Vec::with_capacity(batch.bytes().len());
    out.extend_from_slice(batch.bytes().get(..HEADER_BYTES).unwrap_or(&[]));
    to.pack(plain, &mut out)?;
    let length = out.len().saturating_sub(OVERHEAD_BYTES);
    let length = i32::try_from(length).map_err(|_| WireError::BadLength {
        what: "record batch",
        length: i64::try_from(length).unwrap_or(i64::MAX),
    })?;
    let attributes = batch.header.attributes.0 & !7 | to.code();
    put(&mut out, LENGTH_AT, &length.to_be_bytes());
    put(&mut out, ATTRIBUTES_AT, &attributes.to_be_bytes());
    seal(&mut out);
    Ok(out)
}

/// The batch without its records: what compaction keeps of a producer's last batch (rule 80).
pub fn emptied(batch: &Batch<'_>) -> Vec<u8> {
    let mut out = batch.bytes().get(..HEADER_BYTES).unwrap_or(&[]).to_vec();
    let length = i32::try_from(HEADER_BYTES - OVERHEAD_BYTES).unwrap_or_default();
    let attributes = batch.header.attributes.0 & !(7 | super::batch::DELETE_HORIZON);
    put(&mut out, LENGTH_AT, &length.to_be_bytes());
    put(&mut out, ATTRIBUTES_AT, &attributes.to_be_bytes());
    put(&mut out, BASE_TIMESTAMP_AT, &(-1_i64).to_be_bytes());
    put(&mut out, COUNT_AT, &0_i32.to_be_bytes());
    seal(&mut out);
    out
}

fn seal(batch: &mut [u8]) {
    let crc = crc_of(batch);
    put(batch, CRC_AT, &crc.to_be_bytes());
}

fn put(batch: &mut [u8], at: usize, field: &[u8]) {
    if let Some(place) = batch.get_mut(at..at + field.len()) {
        place.copy_from_slice(field);
    }
}
