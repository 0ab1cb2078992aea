//! The one way to the disk: every file of a log is read and written here, so that a fault that is
//! asked for (see [`crate::fault`]) and a real one take the same path. Knows no record and no format.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::LogError;

/// What is about to be done to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Bytes are read.
    Read,
    /// Bytes are written, or files are made, renamed or removed.
    Write,
}

/// How a disk says no on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no space left: only this write fails.
    Full,
    /// The disk is broken.
    Failed,
}

type Ask = dyn Fn(Access) -> Option<Refusal> + Send + Sync;

/// Asked before every access to a log directory. The default one never refuses.
#[derive(Clone, Default)]
pub struct DiskGuard(Option<Arc<Ask>>);

impl fmt::Debug for DiskGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "DiskGuard(asks)"
        } else {
            "DiskGuard"
        })
    }
}

impl DiskGuard {
    /// A guard that refuses what `ask` refuses.
    pub fn new(ask: impl Fn(Access) -> Option<Refusal> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(ask)))
    }

    /// Asks; `path` is what the error names.
    pub fn check(&self, access: Access, path: &Path) -> Result<(), LogError> {
        let Some(refusal) = self.0.as_ref().and_then(|ask| ask(access)) else {
            return Ok(());
        };
        let source = match refusal {
            Refusal::Full => io::Error::from(io::ErrorKind::StorageFull),
            Refusal::Failed => io::Error::other("the disk has failed"),
        };
        Err(LogError::Io {
            path: path.to_owned(),
            source,
        })
    }
}

/// Names the file in an error of the system.
pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> LogError + '_ {
    |source| LogError::Io {
        path: path.to_owned(),
        source,
    }
}

/// A file that grows at its end. Its size is kept here: bytes beyond it are what a failed write left,
/// and the next write goes over them.
#[derive(Debug)]
pub(super) struct DataFile {
    file: Arc<File>,
    path: PathBuf,
    size: u64,
    /// A failed write may have left bytes beyond `size`.
    overhang: bool,
    guard: DiskGuard,
}

impl DataFile {
    /// Opens a file for reading and writing, making it if it is missing.
    pub(super) fn open(path: PathBuf, guard: &DiskGuard) -> Result<Self, LogError> {
        guard.check(Access::Read, &path)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(at(&path))?;
        let size = file.metadata().map_err(at(&path))?.len();
        Ok(Self {
            file: Arc::new(file),
            path,
            size,
            overhang: false,
            guard: guard.clone(),
        })
    }

    /// The same file as it is now, for reading.
    pub(super) fn view(&self) -> Self {
        Self {
            file: self.shared(),
            path: self.path.clone(),
            size: self.size,
            overhang: false,
            guard: self.guard.clone(),
        }
    }

    /// Its directory has another name now.
    pub(super) fn relocate(&mut self, dir: &Path) {
        self.path = moved(&self.path, dir);
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn shared(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    pub(super) fn guard(&self) -> &DiskGuard {
        &self.guard
    }

    /// Writes the parts one behind the other at the end; on an error the file is as it was.
    pub(super) fn append(&mut self, parts: &[&[u8]]) -> Result<u64, LogError> {
        self.guard.check(Access::Write, &self.path)?;
        if self.overhang {
            self.cut(self.size)?;
        }
        let begin = self.size;
        let mut end = begin;
        for part in parts {
            if let Err(source) = self.file.write_all_at(part, end) {
                self.take_back(begin);
                return Err(at(&self.path)(source));
            }
            end += part.len() as u64;
        }
        self.size = end;
        Ok(begin)
    }

    /// Cuts the file to a size.
    pub(super) fn truncate(&mut self, size: u64) -> Result<(), LogError> {
        self.guard.check(Access::Write, &self.path)?;
        self.cut(size)
    }

    /// Takes back what was just appended; never asks the guard and cannot fail: what cannot be cut now
    /// is cut before the next write.
    pub(super) fn take_back(&mut self, size: u64) {
        self.size = size;
        self.overhang = true;
        if let Err(error) = self.cut(size) {
            log::warn!("bytes that do not count could not be cut off yet: {error}");
        }
    }

    fn cut(&mut self, size: u64) -> Result<(), LogError> {
        self.file.set_len(size).map_err(at(&self.path))?;
        self.size = size;
        self.overhang = false;
        Ok(())
    }

    /// Fills `bytes` from a position; the end of the file inside them is an error.
    pub(super) fn read_exact(&self, bytes: &mut [u8], position: u64) -> Result<(), LogError> {
        self.file
            .read_exact_at(bytes, position)
            .map_err(at(&self.path))
    }

    /// Makes what was written last a crash.
    pub(super) fn sync(&self) -> Result<(), LogError> {
        self.guard.check(Access::Write, &self.path)?;
        self.file.sync_data().map_err(at(&self.path))
    }
}

/// A file of this name in another directory.
pub(super) fn moved(path: &Path, dir: &Path) -> PathBuf {
    path.file_name()
        .map_or_else(|| dir.to_owned(), |name| dir.join(name))
}

/// Renames a file.
pub(super) fn rename(from: &Path, to: &Path, guard: &DiskGuard) -> Result<(), LogError> {
    guard.check(Access::Write, from)?;
    fs::rename(from, to).map_err(at(from))
}

/// Removes a file; one that is not there is no error.
pub(super) fn remove(path: &Path, guard: &DiskGuard) -> Result<(), LogError> {
    guard.check(Access::Write, path)?;
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(path)(error)),
        _ => Ok(()),
    }
}

/// Makes renames in a directory last a crash.
pub(super) fn sync_dir(dir: &Path) -> Result<(), LogError> {
    let handle = File::open(dir).map_err(at(dir))?;
    handle.sync_all().map_err(at(dir))
}

/// Replaces a whole file: written beside it, flushed, renamed over it. A crash leaves the old one or
/// the new one.
pub(super) fn replace(path: &Path, bytes: &[u8], guard: &DiskGuard) -> Result<(), LogError> {
    guard.check(Access::Write, path)?;
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    let beside = PathBuf::from(name);
    let write = || -> io::Result<()> {
        let file = File::create(&beside)?;
        file.write_all_at(bytes, 0)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().map_err(at(path))?;
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => sync_dir(dir),
        _ => Ok(()),
    }
}
