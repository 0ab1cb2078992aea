//! The log and the vote as openraft wants them. Every file operation runs off the async threads.

use std::io;
use std::ops::{Bound, RangeBounds};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use openraft::storage::{LogFlushed, RaftLogStorage};
use openraft::{LogState, OptionalSend, RaftLogReader, StorageIOError};

use super::disk::{self, DiskError};
use super::log_file::LogFile;
use super::types::{Entry, LogId, StorageError, Types, Vote, next_index};

/// The quorum's log and vote; a handle, cheap to clone.
#[derive(Debug, Clone)]
pub struct LogStore {
    disk: Arc<Disk>,
}

#[derive(Debug)]
struct Disk {
    dir: PathBuf,
    log: Mutex<LogFile>,
}

impl LogStore {
    /// Opens the log of a directory.
    pub fn open(dir: &Path) -> Result<Self, DiskError> {
        let log = Mutex::new(LogFile::open(dir)?);
        let dir = dir.to_owned();
        Ok(Self {
            disk: Arc::new(Disk { dir, log }),
        })
    }

    /// Refuses a log without the vote or the snapshot that goes with it.
    pub fn check(&self, has_vote: bool, snapshot: Option<LogId>) -> Result<(), DiskError> {
        let log = self.disk.log.lock();
        let log = log.unwrap_or_else(PoisonError::into_inner);
        log.check(has_vote, snapshot)
    }

    /// The index after the last entry: how far this node has the log.
    pub fn end(&self) -> u64 {
        next_index(self.last())
    }

    /// The last entry.
    pub fn last(&self) -> Option<LogId> {
        self.disk
            .log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .last()
    }

    /// Runs a file operation where it may take its time.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut LogFile) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let disk = Arc::clone(&self.disk);
        tokio::task::spawn_blocking(move || {
            work(&mut disk.log.lock().unwrap_or_else(PoisonError::into_inner))
        })
        .await
        .map_err(io::Error::other)?
    }
}

impl RaftLogReader<Types> for LogStore {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + std::fmt::Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> Result<Vec<Entry>, StorageError> {
        let mut entries = Vec::new();
        let (mut start, end) = bounds(&range);
        while start < end {
            let more = self.limited_get_log_entries(start, end).await?;
            let Some(last) = more.last() else { break };
            start = last.log_id.index + 1;
            entries.extend(more);
        }
        Ok(entries)
    }

    async fn limited_get_log_entries(
        &mut self,
        start: u64,
        end: u64,
    ) -> Result<Vec<Entry>, StorageError> {
        self.run(move |log| log.read(start..end))
            .await
            .map_err(|error| StorageIOError::read_logs(&error).into())
    }
}

fn bounds(range: &impl RangeBounds<u64>) -> (u64, u64) {
    let start = match range.start_bound() {
        Bound::Included(index) => *index,
        Bound::Excluded(index) => index.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(index) => index.saturating_add(1),
        Bound::Excluded(index) => *index,
        Bound::Unbounded => u64::MAX,
    };
    (start, end)
}

impl RaftLogStorage<Types> for LogStore {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LogState<Types>, StorageError> {
        self.run(|log| {
            Ok(LogState {
                last_purged_log_id: log.purged(),
                last_log_id: log.last(),
            })
        })
        .await
        .map_err(|error| StorageIOError::read_logs(&error).into())
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), StorageError> {
        let (dir, vote) = (self.disk.dir.clone(), *vote);
        self.run(move |_| disk::write_vote(&dir, vote))
            .await
            .map_err(|error| StorageIOError::write_vote(&error).into())
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, StorageError> {
        let dir = self.disk.dir.clone();
        self.run(move |_| disk::read_vote(&dir).map_err(io::Error::other))
            .await
            .map_err(|error| StorageIOError::read_vote(&error).into())
    }

    async fn append<I>(
        &mut self,
        entries: I,
        callback: LogFlushed<Types>,
    ) -> Result<(), StorageError>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let entries: Vec<Entry> = entries.into_iter().collect();
        let written = self.run(move |log| log.append(&entries)).await;
        callback.log_io_completed(written);
        Ok(())
    }

    async fn truncate(&mut self, log_id: LogId) -> Result<(), StorageError> {
        self.run(move |log| log.truncate(log_id.index))
            .await
            .map_err(|error| StorageIOError::write_logs(&error).into())
    }

    async fn purge(&mut self, log_id: LogId) -> Result<(), StorageError> {
        self.run(move |log| log.purge(log_id))
            .await
            .map_err(|error| StorageIOError::write_logs(&error).into())
    }
}
