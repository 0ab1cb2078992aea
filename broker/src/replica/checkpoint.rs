//! Kafka's checkpoint files of a log directory: one offset a partition, as text, replaced whole.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The file of high watermarks (rule 31).
pub const HIGH_WATERMARKS: &str = "replication-offset-checkpoint";
/// The file of recovery points: everything below is flushed.
pub const RECOVERY_POINTS: &str = "recovery-point-offset-checkpoint";
/// The file of log starts.
pub const LOG_STARTS: &str = "log-start-offset-checkpoint";

/// Offsets by topic and partition.
pub type Offsets = BTreeMap<(String, i32), i64>;

/// Reads a checkpoint. A missing file is empty; a line that makes no sense is named and left out, as
/// is a whole file of another version.
pub fn read(dir: &Path, name: &str) -> std::io::Result<Offsets> {
    let path = dir.join(name);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Offsets::new()),
        Err(error) => return Err(error),
    };
    let mut lines = text.lines();
    if lines.next() != Some("0") {
        log::warn!("{}: not of version 0, taken as empty", path.display());
        return Ok(Offsets::new());
    }
    let mut offsets = Offsets::new();
    for line in lines.skip(1) {
        match parse(line) {
            Some((place, offset)) => {
                offsets.insert(place, offset);
            }
            None => log::warn!("{}: {line:?} is skipped", path.display()),
        }
    }
    Ok(offsets)
}

fn parse(line: &str) -> Option<((String, i32), i64)> {
    let mut words = line.split_ascii_whitespace();
    let topic = words.next()?.to_owned();
    let index = words.next()?.parse().ok()?;
    let offset = words.next()?.parse().ok()?;
    words.next().is_none().then_some(((topic, index), offset))
}

/// Replaces a checkpoint; a crash leaves the old one or the new one.
pub fn write(dir: &Path, name: &str, offsets: &Offsets) -> std::io::Result<()> {
    let mut text = format!("0\n{}\n", offsets.len());
    for ((topic, index), offset) in offsets {
        let _written = writeln!(text, "{topic} {index} {offset}");
    }
    replace(&dir.join(name), text.as_bytes())
}

/// Replaces a file by way of a neighbour named `.tmp`.
pub fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".tmp");
    let beside = PathBuf::from(beside);
    let mut file = std::fs::File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_data()?;
    std::fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let offsets = Offsets::from([(("a".to_owned(), 0), 5), (("b.c".to_owned(), 11), 0)]);
        write(dir.path(), LOG_STARTS, &offsets).unwrap();
        let text = std::fs::read_to_string(dir.path().join(LOG_STARTS)).unwrap();
        assert_eq!(text, "0\n2\na 0 5\nb.c 11 0\n");
        assert_eq!(read(dir.path(), LOG_STARTS).unwrap(), offsets);
        assert_eq!(read(dir.path(), RECOVERY_POINTS).unwrap(), Offsets::new());
    }

    #[test]
    fn a_damaged_file_gives_what_can_be_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(HIGH_WATERMARKS);
        std::fs::write(&path, "0\n3\na 0 5\nb 1\nc x 4\n").unwrap();
        assert_eq!(read(dir.path(), HIGH_WATERMARKS).unwrap().len(), 1);
        std::fs::write(&path, "7\n1\na 0 5\n").unwrap();
        assert_eq!(read(dir.path(), HIGH_WATERMARKS).unwrap().len(), 0);
    }
}
