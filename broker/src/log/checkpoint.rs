//! Checkpoint files of a log directory: one offset per partition, as text (version, count, and lines
//! of topic, partition, offset). Read whole, replaced whole.

use std::collections::BTreeMap;
use std::path::Path;

use super::LogError;
use super::disk::{self, DiskGuard};

/// Offsets up to which partitions were flushed.
pub const RECOVERY_POINTS: &str = "recovery-point-offset-checkpoint";
/// First offsets of partitions.
pub const LOG_STARTS: &str = "log-start-offset-checkpoint";
/// High watermarks of partitions.
pub const HIGH_WATERMARKS: &str = "replication-offset-checkpoint";
/// First offsets that compaction has not seen.
pub const CLEANER_OFFSETS: &str = "cleaner-offset-checkpoint";

/// Topic and partition → offset.
pub type Offsets = BTreeMap<(String, i32), i64>;

/// Reads a checkpoint file; one that is missing is empty. `Err(Corrupt)` names the line that cannot
/// be understood.
pub fn read_offsets(path: &Path) -> Result<Offsets, LogError> {
    let mut offsets = Offsets::new();
    for fields in read_lines(path, 3)? {
        let [topic, partition, offset] = fields.as_slice() else {
            continue;
        };
        let (Ok(partition), Ok(offset)) = (partition.parse(), offset.parse()) else {
            return Err(corrupt(path, &fields.join(" ")));
        };
        offsets.insert((topic.clone(), partition), offset);
    }
    Ok(offsets)
}

/// Replaces a checkpoint file.
pub fn write_offsets(path: &Path, offsets: &Offsets, guard: &DiskGuard) -> Result<(), LogError> {
    let lines = offsets
        .iter()
        .map(|((topic, partition), offset)| format!("{topic} {partition} {offset}"));
    write_lines(path, lines, guard)
}

/// The lines of a checkpoint file of version 0, cut into so many fields.
pub(super) fn read_lines(path: &Path, fields: usize) -> Result<Vec<Vec<String>>, LogError> {
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(disk::at(path))?,
    };
    let text = String::from_utf8(bytes).map_err(|_| corrupt(path, "bytes that are no text"))?;
    let mut lines = text.lines();
    let version = lines.next().unwrap_or_default();
    if version != "0" {
        return Err(corrupt(path, version));
    }
    let count = lines.next().unwrap_or_default();
    let Ok(count) = count.parse::<usize>() else {
        return Err(corrupt(path, count));
    };
    let mut entries = Vec::new();
    for line in lines {
        let entry: Vec<String> = line.split(' ').map(str::to_owned).collect();
        if entry.len() != fields {
            return Err(corrupt(path, line));
        }
        entries.push(entry);
    }
    if entries.len() != count {
        let why = format!("{count} entries where {} follow", entries.len());
        return Err(corrupt(path, &why));
    }
    Ok(entries)
}

/// Writes a checkpoint file of version 0.
pub(super) fn write_lines(
    path: &Path,
    lines: impl ExactSizeIterator<Item = String>,
    guard: &DiskGuard,
) -> Result<(), LogError> {
    let mut text = format!("0\n{}\n", lines.len());
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    disk::replace(path, text.as_bytes(), guard)
}

fn corrupt(path: &Path, line: &str) -> LogError {
    LogError::Corrupt {
        path: path.to_owned(),
        why: format!(
            "{line:?} is not what a checkpoint of version 0 says; it can be removed: it is written anew"
        ),
    }
}
