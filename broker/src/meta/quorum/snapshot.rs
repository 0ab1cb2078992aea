//! Snapshots on disk: one file each, `<index>-<term>.checkpoint`, of JSON lines: a header, the
//! records of an image, and a checksum. A file is there whole or not at all; only the newest stays.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::disk::{self, DiskError, FORMAT};
use super::types::{Picture, SnapshotMeta};
use crate::meta::record::Record;

/// How snapshot files end.
const EXTENSION: &str = "checkpoint";

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    format: u32,
    meta: SnapshotMeta,
    /// Offset of the last record included.
    offset: i64,
    /// Lines of records that follow.
    records: usize,
}

/// The last line: the CRC-32C of everything before it.
#[derive(Debug, Serialize, Deserialize)]
struct Seal {
    crc32c: u32,
}

/// The name of the snapshot that ends with this entry.
pub fn name(meta_index: u64, term: u64) -> String {
    format!("{meta_index:020}-{term:010}")
}

/// Writes a snapshot and removes those before it; it is on disk when this returns.
pub fn write(dir: &Path, meta: &SnapshotMeta, picture: &Picture) -> io::Result<()> {
    let header = Header {
        format: FORMAT,
        meta: meta.clone(),
        offset: picture.offset,
        records: picture.records.len(),
    };
    let mut content = serde_json::to_vec(&header)?;
    content.push(b'\n');
    for record in &picture.records {
        serde_json::to_writer(&mut content, record)?;
        content.push(b'\n');
    }
    let crc32c = disk::checksum(&content);
    serde_json::to_writer(&mut content, &Seal { crc32c })?;
    content.push(b'\n');
    let path = dir.join(&meta.snapshot_id).with_extension(EXTENSION);
    disk::replace(&path, &content)?;
    for older in files(dir)?.into_iter().filter(|found| *found < path) {
        fs::remove_file(older)?;
    }
    Ok(())
}

/// The newest snapshot of a directory, if there is any.
pub fn read(dir: &Path) -> Result<Option<(SnapshotMeta, Picture)>, DiskError> {
    let Some(path) = files(dir).map_err(DiskError::io(dir))?.pop() else {
        return Ok(None);
    };
    let content = fs::read(&path).map_err(DiskError::io(&path))?;
    parse(&path, &content).map(Some)
}

fn parse(path: &Path, content: &[u8]) -> Result<(SnapshotMeta, Picture), DiskError> {
    let damaged = |why: &dyn ToString| DiskError::damaged(path, why);
    let mut lines = content.split_inclusive(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    disk::check_stamp(path, first)?;
    let header: Header = serde_json::from_slice(first).map_err(|error| damaged(&error))?;
    let last = lines.next_back().unwrap_or_default();
    let seal: Seal = serde_json::from_slice(last).map_err(|error| damaged(&error))?;
    let sealed = content
        .get(..content.len() - last.len())
        .unwrap_or_default();
    if disk::checksum(sealed) != seal.crc32c {
        return Err(damaged(&"its checksum does not match"));
    }
    let records = lines
        .map(serde_json::from_slice)
        .collect::<Result<Vec<Record>, _>>()
        .map_err(|error| damaged(&error))?;
    if records.len() != header.records {
        return Err(damaged(&"records are missing"));
    }
    let offset = header.offset;
    Ok((header.meta, Picture { offset, records }))
}

/// Snapshot files, oldest first.
fn files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == EXTENSION) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(dir: &Path, index: u64) -> Picture {
        let next = i64::try_from(index).unwrap();
        let records = vec![Record::ProducerIds { next }; 3];
        let picture = Picture {
            offset: next,
            records,
        };
        let meta = SnapshotMeta {
            snapshot_id: name(index, 2),
            ..SnapshotMeta::default()
        };
        write(dir, &meta, &picture).unwrap();
        picture
    }

    #[test]
    fn the_newest_snapshot_is_read_back_and_the_older_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path()).unwrap(), None);
        written(dir.path(), 9);
        let newest = written(dir.path(), 10);
        assert_eq!(read(dir.path()).unwrap().unwrap().1, newest);
        assert_eq!(files(dir.path()).unwrap().len(), 1);
    }

    #[test]
    fn a_snapshot_with_any_byte_wrong_or_missing_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        written(dir.path(), 9);
        let path = files(dir.path()).unwrap().pop().unwrap();
        let content = fs::read(&path).unwrap();
        for at in 0..content.len() - 1 {
            assert!(parse(&path, &content[..at]).is_err(), "cut at {at}");
            let mut flipped = content.clone();
            flipped[at] ^= 0x41;
            assert!(parse(&path, &flipped).is_err(), "flipped at {at}");
        }
        assert!(parse(&path, &content).is_ok());
    }
}
