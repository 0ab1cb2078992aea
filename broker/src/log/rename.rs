//! The name of a log's directory says what it is: in use, deleted, set aside, or on its way to another
//! disk. Renaming never touches what is in it; a log stays usable under its new name.

use std::path::{Path, PathBuf};

use super::LogError;
use super::disk;
use super::partition::Log;

impl Log {
    /// Gives the directory another name in the same place. On an error nothing has changed.
    pub fn rename(&mut self, to: &Path) -> Result<(), LogError> {
        disk::rename(&self.dir, to, &self.guard)?;
        for segment in self.closed.values_mut() {
            segment.relocate(to);
        }
        self.active.relocate(to);
        self.epochs.relocate(to);
        for (_, path) in &mut self.waiting {
            *path = disk::moved(path, to);
        }
        to.clone_into(&mut self.dir);
        match to.parent() {
            Some(parent) => disk::sync_dir(parent),
            None => Ok(()),
        }
    }

    /// Renames the directory so that it is removed at start (`….<uuid>-delete`), for later removal.
    pub fn mark_deleted(mut self) -> Result<PathBuf, LogError> {
        let to = self.deleted_name();
        self.rename(&to)?;
        Ok(to)
    }

    /// Renames the directory so that it is left alone (`….<uuid>-stray`), as Kafka does with logs of which
    /// the metadata knows nothing.
    pub fn mark_stray(mut self) -> Result<PathBuf, LogError> {
        let to = self.name_with("stray");
        self.rename(&to)?;
        Ok(to)
    }

    /// The name by which the directory is removed at start.
    pub fn deleted_name(&self) -> PathBuf {
        self.name_with("delete")
    }

    fn name_with(&self, ending: &str) -> PathBuf {
        let name = self
            .dir
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        // Names in a directory are unique, so the id only has to differ from other deletions of it.
        let nanos = std::fs::metadata(&self.dir)
            .and_then(|dir| dir.modified())
            .ok()
            .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
            .map_or(0, |time| time.as_nanos());
        let mut to = self.dir.clone();
        for attempt in 0..u128::from(u8::MAX) {
            let id = format!("{:032x}", nanos.wrapping_add(attempt << 96));
            to.set_file_name(format!("{name}.{id}-{ending}"));
            if !to.exists() {
                break;
            }
        }
        to
    }
}
