//! Producer snapshots: the producers of a partition at an offset, in a file named by it. Version 1:
//! i16 version, CRC-32C of what follows it, i32 count, and per producer 42 bytes, all big endian.

use std::fs;
use std::path::Path;

use crate::wire::primitives::Reader;

use super::LogError;
use super::disk::{self, DiskGuard};
use super::file_name::{self, Kind, Stage, path_of};
use super::producer_state::{Entry, Mark, Producers};

const VERSION: i16 = 1;
const CRC_START: usize = 6;

/// Writes the snapshot of an offset.
pub(super) fn write(
    dir: &Path,
    offset: i64,
    producers: &Producers,
    guard: &DiskGuard,
) -> Result<(), LogError> {
    let path = path_of(dir, offset, Kind::Snapshot, Stage::Live);
    disk::replace(&path, &encode(producers), guard)
}

fn encode(producers: &Producers) -> Vec<u8> {
    let mut body = Vec::new();
    let mut count = 0_i32;
    for (id, entry) in producers.iter() {
        let last = entry.batches.last();
        body.extend_from_slice(&id.to_be_bytes());
        body.extend_from_slice(&entry.epoch.to_be_bytes());
        let last_sequence = last.map_or(-1, |mark| mark.last_sequence);
        body.extend_from_slice(&last_sequence.to_be_bytes());
        body.extend_from_slice(&last.map_or(-1, |mark| mark.last_offset).to_be_bytes());
        body.extend_from_slice(&last.map_or(0, |mark| mark.offset_delta).to_be_bytes());
        body.extend_from_slice(&entry.last_timestamp_ms.to_be_bytes());
        body.extend_from_slice(&entry.coordinator_epoch.to_be_bytes());
        body.extend_from_slice(&entry.transaction_start.unwrap_or(-1).to_be_bytes());
        count += 1;
    }
    let mut checked = count.to_be_bytes().to_vec();
    checked.append(&mut body);
    let mut bytes = VERSION.to_be_bytes().to_vec();
    bytes.extend_from_slice(&crc_fast::crc32_iscsi(&checked).to_be_bytes());
    bytes.append(&mut checked);
    bytes
}

fn decode(bytes: &[u8]) -> Result<Producers, String> {
    let mut reader = Reader::new(bytes);
    let wrong = |error: crate::wire::error::WireError| error.to_string();
    let version = reader.i16("version").map_err(wrong)?;
    let crc = reader.u32("CRC").map_err(wrong)?;
    if version != VERSION {
        return Err(format!("version {version} is not known"));
    }
    let actual = crc_fast::crc32_iscsi(bytes.get(CRC_START..).unwrap_or(&[]));
    if actual != crc {
        return Err(format!(
            "it carries CRC-32C {crc:08x}, its bytes give {actual:08x}"
        ));
    }
    let count = reader.i32("count").map_err(wrong)?;
    let mut producers = Producers::default();
    for _ in 0..count {
        let (id, entry) = decode_entry(&mut reader).map_err(wrong)?;
        producers.restore(id, entry);
    }
    Ok(producers)
}

fn decode_entry(reader: &mut Reader<'_>) -> Result<(i64, Entry), crate::wire::error::WireError> {
    let id = reader.i64("producer id")?;
    let epoch = reader.i16("producer epoch")?;
    let last_sequence = reader.i32("last sequence")?;
    let last_offset = reader.i64("last offset")?;
    let offset_delta = reader.i32("offset delta")?;
    let last_timestamp_ms = reader.i64("timestamp")?;
    let coordinator_epoch = reader.i32("coordinator epoch")?;
    let transaction_start = reader.i64("transaction start")?;
    let mark = Mark {
        last_sequence,
        last_offset,
        offset_delta,
        timestamp_ms: last_timestamp_ms,
    };
    let entry = Entry {
        epoch,
        batches: if last_offset >= 0 {
            vec![mark]
        } else {
            Vec::new()
        },
        last_timestamp_ms,
        coordinator_epoch,
        transaction_start: (transaction_start >= 0).then_some(transaction_start),
    };
    Ok((id, entry))
}

/// The latest sound snapshot at or below an offset; damaged ones are removed and named.
pub(super) fn latest(
    dir: &Path,
    at_or_below: i64,
    guard: &DiskGuard,
    said: &mut Vec<String>,
) -> Result<Option<(i64, Producers)>, LogError> {
    let mut offsets = list(dir)?;
    offsets.retain(|offset| *offset <= at_or_below);
    for offset in offsets.into_iter().rev() {
        let path = path_of(dir, offset, Kind::Snapshot, Stage::Live);
        let bytes = fs::read(&path).map_err(disk::at(&path))?;
        match decode(&bytes) {
            Ok(producers) => return Ok(Some((offset, producers))),
            Err(why) => {
                said.push(format!("{}: {why}; removed", path.display()));
                disk::remove(&path, guard)?;
            }
        }
    }
    Ok(None)
}

/// Removes the snapshots of offsets for which `gone` holds.
pub(super) fn remove_where(
    dir: &Path,
    guard: &DiskGuard,
    gone: impl Fn(i64) -> bool,
) -> Result<(), LogError> {
    for offset in list(dir)? {
        if gone(offset) {
            disk::remove(&path_of(dir, offset, Kind::Snapshot, Stage::Live), guard)?;
        }
    }
    Ok(())
}

/// Offsets of all snapshots, in order.
pub(super) fn list(dir: &Path) -> Result<Vec<i64>, LogError> {
    let mut offsets = Vec::new();
    for name in names(dir)? {
        if let Some((offset, Kind::Snapshot, Stage::Live)) = file_name::parse(&name) {
            offsets.push(offset);
        }
    }
    offsets.sort_unstable();
    Ok(offsets)
}

/// Names of the files of a directory.
pub(super) fn names(dir: &Path) -> Result<Vec<String>, LogError> {
    let mut names = Vec::new();
    for file in fs::read_dir(dir).map_err(disk::at(dir))? {
        let file = file.map_err(disk::at(dir))?;
        names.push(file.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}
