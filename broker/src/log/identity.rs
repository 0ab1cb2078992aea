//! `partition.metadata`: which topic id a partition's directory belongs to (KIP-516).

use std::path::Path;

use crate::wire::uuid::Uuid;

use super::LogError;
use super::disk::{self, DiskGuard};

const FILE: &str = "partition.metadata";

/// The topic id of a partition's directory, if one was written. `Err(Corrupt)` if the file says
/// something else.
pub fn read_topic_id(dir: &Path) -> Result<Option<Uuid>, LogError> {
    let path = dir.join(FILE);
    let text = match std::fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => String::from_utf8_lossy(&other.map_err(disk::at(&path))?).into_owned(),
    };
    let mut lines = text.lines();
    let version = lines.next().and_then(|line| line.strip_prefix("version: "));
    let id = lines
        .next()
        .and_then(|line| line.strip_prefix("topic_id: "));
    match (version, id.map(str::parse)) {
        (Some("0"), Some(Ok(id))) => Ok(Some(id)),
        _ => Err(LogError::Corrupt {
            path,
            why: format!("{text:?} is no version 0 with a topic id"),
        }),
    }
}

/// Writes the topic id of a partition's directory.
pub fn write_topic_id(dir: &Path, id: Uuid, guard: &DiskGuard) -> Result<(), LogError> {
    let text = format!("version: 0\ntopic_id: {id}");
    disk::replace(&dir.join(FILE), text.as_bytes(), guard)
}
