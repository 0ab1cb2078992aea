//! The log directories: which are online, what lies in them, how full they are. Never opens a log.

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use crate::fault::Faults;
use crate::log::{self, Access, DiskGuard, LogError, Refusal};
use crate::wire::uuid::Uuid;

/// The file whose presence says that the node stopped cleanly (rule 81).
const CLEAN_SHUTDOWN: &str = ".kafka_cleanshutdown";
/// Longest directory name that is taken for a partition's: a topic name of 249 and its index.
const MAX_NAME_BYTES: usize = 249 + 1 + 10;

/// One log directory.
#[derive(Debug)]
pub struct Directory {
    /// Where it is.
    pub path: PathBuf,
    /// Its identity (`directory.id` of `meta.properties`); `None` where it could not be read.
    pub id: Option<Uuid>,
}

/// Space of a directory's file system, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Its size.
    pub total: u64,
    /// What can still be written.
    pub usable: u64,
}

/// A partition's directory found at start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// The topic's name.
    pub topic: String,
    /// The partition's index.
    pub index: i32,
    /// The topic's id.
    pub topic_id: Uuid,
    /// Whether it is what a replica of another directory moves to.
    pub is_future: bool,
}

/// All log directories of the node, by position in `log.dirs`.
#[derive(Debug)]
pub struct Directories {
    all: Vec<Directory>,
    failed: RwLock<Vec<usize>>,
    faults: Faults,
    /// Broker epoch of the clean stop before this start, per directory; −1 after an unclean one.
    stopped_in: RwLock<Vec<(usize, i64)>>,
}

impl Directories {
    /// These directories; those without an identity are offline from the start.
    pub fn new(all: Vec<Directory>, faults: Faults) -> Self {
        let nameless = all.iter().enumerate().filter(|(_, dir)| dir.id.is_none());
        let failed: Vec<usize> = nameless.map(|(at, _)| at).collect();
        Self {
            failed: RwLock::new(failed),
            all,
            faults,
            stopped_in: RwLock::default(),
        }
    }

    /// Every directory with its position.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Directory)> {
        self.all.iter().enumerate()
    }

    /// One directory.
    pub fn get(&self, at: usize) -> Option<&Directory> {
        self.all.get(at)
    }

    /// Whether a directory is online.
    pub fn is_online(&self, at: usize) -> bool {
        let failed = self.failed.read().unwrap_or_else(PoisonError::into_inner);
        !failed.contains(&at)
    }

    /// Whether every directory is online.
    pub fn all_online(&self) -> bool {
        let failed = self.failed.read().unwrap_or_else(PoisonError::into_inner);
        failed.is_empty()
    }

    /// Whether no directory is online.
    pub fn all_offline(&self) -> bool {
        let failed = self.failed.read().unwrap_or_else(PoisonError::into_inner);
        failed.len() == self.all.len()
    }

    /// The position of the directory with this path, as `DescribeLogDirs` tells it.
    pub fn at_path(&self, path: &str) -> Option<usize> {
        self.all.iter().position(|dir| {
            let absolute = std::path::absolute(&dir.path);
            dir.path.as_os_str() == path || absolute.is_ok_and(|is| is.as_os_str() == path)
        })
    }

    /// The position of the directory with this identity.
    pub fn position(&self, id: Uuid) -> Option<usize> {
        self.all.iter().position(|dir| dir.id == Some(id))
    }

    /// Takes a directory offline until the node starts anew; gives whether it was online.
    pub fn fail(&self, at: usize) -> bool {
        let mut failed = self.failed.write().unwrap_or_else(PoisonError::into_inner);
        let online = !failed.contains(&at);
        if online {
            failed.push(at);
        }
        online
    }

    /// Notes in which broker epoch the node stopped cleanly, as a directory says; −1 for an unclean
    /// stop.
    pub fn note_clean_stop(&self, at: usize, broker_epoch: i64) {
        let mut all = self
            .stopped_in
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        all.push((at, broker_epoch));
    }

    /// The broker epoch in which the node stopped cleanly before this start (KIP-966); −1 unless every
    /// directory says the same.
    pub fn previous_broker_epoch(&self) -> i64 {
        let said = self
            .stopped_in
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        match said.first() {
            Some((_, first))
                if said.len() == self.all.len() && said.iter().all(|(_, epoch)| epoch == first) =>
            {
                *first
            }
            _ => -1,
        }
    }

    /// Identities of the directories that are offline, as far as they could be read.
    pub fn offline(&self) -> Vec<Uuid> {
        let failed = self.failed.read().unwrap_or_else(PoisonError::into_inner);
        let dirs = failed.iter().filter_map(|at| self.all.get(*at));
        dirs.filter_map(|dir| dir.id).collect()
    }

    /// The guard of everything that is done to a directory: faults on purpose are met there.
    pub fn guard(&self, at: usize) -> DiskGuard {
        let faults = self.faults.clone();
        DiskGuard::new(move |access| {
            let plan = faults.plan();
            if plan.failed_dirs.contains(&at) {
                return Some(Refusal::Failed);
            }
            let full = access == Access::Write && plan.full_dirs.contains(&at);
            full.then_some(Refusal::Full)
        })
    }

    /// Whether a directory can be read at all; an error says that its disk has failed.
    pub fn probe(&self, at: usize) -> Result<(), LogError> {
        let Some(dir) = self.all.get(at) else {
            return Ok(());
        };
        self.guard(at).check(Access::Read, &dir.path)?;
        let listed = std::fs::read_dir(&dir.path).map(drop);
        listed.map_err(|source| LogError::Io {
            path: dir.path.clone(),
            source,
        })
    }
}

impl Directory {
    /// The space of its file system; `None` if the system does not say.
    pub fn space(&self) -> Option<Space> {
        let stat = rustix::fs::statvfs(&self.path).ok()?;
        Some(Space {
            total: stat.f_blocks.saturating_mul(stat.f_frsize),
            usable: stat.f_bavail.saturating_mul(stat.f_frsize),
        })
    }

    /// Partitions that lie here, directories to be removed, and the names of what is neither.
    pub fn scan(&self) -> std::io::Result<Scan> {
        let mut scan = Scan::default();
        for entry in std::fs::read_dir(&self.path)? {
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                continue;
            }
            let path = entry.path();
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| !is_foreign(name)) else {
                continue;
            };
            if name.ends_with("-delete") {
                scan.deleted.push(path);
                continue;
            }
            let future = of_future(name);
            match found(&path, future.unwrap_or(name), future.is_some()) {
                Some(found) => scan.partitions.push(found),
                // A move that had hardly begun.
                None if future.is_some_and(|name| split_name(name).is_some()) => {
                    scan.deleted.push(path);
                }
                None => scan.unknown.push(path),
            }
        }
        Ok(scan)
    }

    /// Takes away the mark of a clean stop. Gives the broker epoch in it, −1 where it names none;
    /// `None` after an unclean stop.
    pub fn take_clean_mark(&self) -> std::io::Result<Option<i64>> {
        let path = self.path.join(CLEAN_SHUTDOWN);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        std::fs::remove_file(&path)?;
        // Were it back after a power cut, logs that were cut off would be taken for whole.
        std::fs::File::open(&self.path)?.sync_all()?;
        let mark: Option<Mark> = serde_json::from_slice(&bytes).ok();
        let mark = mark.filter(|mark| mark.version == 0);
        Ok(Some(mark.map_or(-1, |mark| mark.broker_epoch)))
    }

    /// Marks that the node stopped cleanly.
    pub fn mark_clean(&self, broker_epoch: i64) -> std::io::Result<()> {
        let text = format!("{{\"version\":0,\"brokerEpoch\":{broker_epoch}}}");
        std::fs::write(self.path.join(CLEAN_SHUTDOWN), text)
    }
}

/// What the mark of a clean stop says (KIP-966).
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mark {
    version: i32,
    broker_epoch: i64,
}

/// What a directory holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// Partitions.
    pub partitions: Vec<Found>,
    /// Partitions that were deleted and not yet removed.
    pub deleted: Vec<PathBuf>,
    /// What is neither; left alone.
    pub unknown: Vec<PathBuf>,
}

/// The metadata quorum's own directory and hidden ones.
fn is_foreign(name: &str) -> bool {
    name.starts_with('.') || name.starts_with("__cluster_metadata-")
}

/// `topic-3` of `topic-3.UUID-future`.
fn of_future(name: &str) -> Option<&str> {
    let (name, id) = name.strip_suffix("-future")?.rsplit_once('.')?;
    let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then_some(name)
}

fn found(path: &Path, name: &str, is_future: bool) -> Option<Found> {
    let (topic, index) = split_name(name)?;
    Some(Found {
        path: path.to_owned(),
        topic,
        index,
        topic_id: log::read_topic_id(path).ok()??,
        is_future,
    })
}

/// `topic-3` as topic and index.
fn split_name(name: &str) -> Option<(String, i32)> {
    let (topic, index) = name.rsplit_once('-')?;
    let index: i32 = index.parse().ok()?;
    let fits = !topic.is_empty() && index >= 0 && name.len() <= MAX_NAME_BYTES;
    fits.then(|| (topic.to_owned(), index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_tells_partitions_from_the_rest() {
        let root = tempfile::tempdir().unwrap();
        let id = Uuid([7; 16]);
        let id_of_move = "0123456789abcdef0123456789abcdef";
        let (future, hardly) = (
            format!("a.b-3.{id_of_move}-future"),
            format!("c-1.{id_of_move}-future"),
        );
        for name in [
            "a-b-3",
            "c-0.0ab-delete",
            "stranger",
            "d-1",
            ".hidden",
            &future,
            &hardly,
        ] {
            std::fs::create_dir(root.path().join(name)).unwrap();
        }
        let guard = DiskGuard::default();
        log::write_topic_id(&root.path().join("a-b-3"), id, &guard).unwrap();
        log::write_topic_id(&root.path().join(&future), id, &guard).unwrap();
        let directory = Directory {
            path: root.path().to_owned(),
            id: Some(id),
        };
        let mut scan = directory.scan().unwrap();
        scan.unknown.sort();
        let path = |name: &str| root.path().join(name);
        let partition = Found {
            path: path("a-b-3"),
            topic: "a-b".to_owned(),
            index: 3,
            topic_id: id,
            is_future: false,
        };
        let moving = Found {
            path: path(&future),
            topic: "a.b".to_owned(),
            is_future: true,
            ..partition.clone()
        };
        scan.partitions.sort_by_key(|found| found.is_future);
        assert_eq!(scan.partitions, [partition, moving]);
        scan.deleted.sort();
        assert_eq!(scan.deleted, [path("c-0.0ab-delete"), path(&hardly)]);
        assert_eq!(scan.unknown, [path("d-1"), path("stranger")]);
    }

    #[test]
    fn the_mark_of_a_clean_stop_counts_once() {
        let root = tempfile::tempdir().unwrap();
        let directory = Directory {
            path: root.path().to_owned(),
            id: None,
        };
        assert_eq!(directory.take_clean_mark().unwrap(), None);
        directory.mark_clean(5).unwrap();
        assert_eq!(directory.take_clean_mark().unwrap(), Some(5));
        assert_eq!(directory.take_clean_mark().unwrap(), None);
        for odd in ["", "{\"version\":1,\"brokerEpoch\":5}"] {
            std::fs::write(root.path().join(CLEAN_SHUTDOWN), odd).unwrap();
            assert_eq!(directory.take_clean_mark().unwrap(), Some(-1), "{odd}");
        }
    }

    #[test]
    fn a_failed_directory_is_told_once_and_stays_offline() {
        let directory = Directory {
            path: PathBuf::new(),
            id: Some(Uuid([1; 16])),
        };
        let all = Directories::new(vec![directory], Faults::default());
        assert!(all.is_online(0));
        assert!(all.fail(0));
        assert!(!all.fail(0));
        assert_eq!(all.offline(), [Uuid([1; 16])]);
    }

    #[test]
    fn a_directory_whose_identity_could_not_be_read_is_offline_and_has_none() {
        let directory = |id| Directory {
            path: PathBuf::new(),
            id,
        };
        let known = Uuid([1; 16]);
        let all = Directories::new(
            vec![directory(None), directory(Some(known))],
            Faults::default(),
        );
        assert!(!all.is_online(0) && all.is_online(1));
        assert!(all.offline().is_empty());
        assert_eq!(
            (all.position(known), all.position(Uuid::ZERO)),
            (Some(1), None)
        );
        assert!(!all.all_online() && !all.all_offline());
        all.fail(1);
        assert!(all.all_offline());
        assert_eq!(all.offline(), [known]);
    }
}
