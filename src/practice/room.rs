//! Whether the machine has room for a practice cluster. Only looks.

use std::path::Path;

use super::error::{PracticeError, file};

const MIB: u64 = 1024 * 1024;
/// What the data of a node may grow to with the demo clients at work: retention keeps them below it.
const DISK_PER_NODE: u64 = 200 * MIB;
/// What a node takes in memory while it is busy.
const MEMORY_PER_NODE: u64 = 64 * MIB;

/// Fails where the disk of `dir`, which exists, or the memory has no room for this many nodes.
pub(super) fn check(dir: &Path, nodes: usize) -> Result<(), PracticeError> {
    let nodes = nodes as u64;
    let disk = rustix::fs::statvfs(dir).map_err(|reason| file(dir)(reason.into()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let needs = nodes * DISK_PER_NODE;
    if free < needs {
        return Err(PracticeError::Disk {
            path: dir.to_owned(),
            needs_mib: needs / MIB,
            free_mib: free / MIB,
        });
    }
    let needs = nodes * MEMORY_PER_NODE;
    match free_memory() {
        Some(free) if free < needs => Err(PracticeError::Memory {
            needs_mib: needs / MIB,
            free_mib: free / MIB,
        }),
        Some(_) | None => Ok(()),
    }
}

/// Memory that can be had without swapping, in bytes; `None` where the system does not tell.
fn free_memory() -> Option<u64> {
    available(&std::fs::read_to_string("/proc/meminfo").ok()?)
}

fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_nodes_than_any_disk_holds_are_refused_in_numbers() {
        let refused = check(&std::env::temp_dir(), 1_000_000_000).unwrap_err();
        assert!(refused.to_string().contains("needs 200000000000 MB free"));
        check(&std::env::temp_dir(), 0).unwrap();
    }

    #[test]
    fn free_memory_is_read_as_linux_tells_it() {
        let told = "MemTotal:  100 kB\nMemAvailable:      2048 kB\n";
        assert_eq!(available(told), Some(2 * MIB));
        assert_eq!(available(""), None);
    }
}
