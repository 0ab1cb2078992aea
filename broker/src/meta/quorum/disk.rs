//! Small files of the quorum's directory: replaced whole, so that a crash leaves the old or the new
//! one; and what can be wrong with any of them. Knows no consensus.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use openraft::Vote as RaftVote;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::types::Vote;

/// The format that this program writes. A directory with a newer one is left untouched.
pub const FORMAT: u32 = 1;

/// Why a file of the quorum cannot be used.
#[derive(Debug, Error)]
pub enum DiskError {
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A later version of this program wrote it.
    #[error("{path} has format {found}, this program reads up to {FORMAT}: use the later version")]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// Its content is not what was written.
    #[error(
        "{path} is damaged: {why}. With a majority of the voters sound, remove the directory and start again: the node gets everything from the others"
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl DiskError {
    /// The system's refusal, about a file.
    pub fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    /// Damage, in a file.
    pub fn damaged(path: &Path, why: &(impl ToString + ?Sized)) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            why: why.to_string(),
        }
    }
}

/// Refuses formats of later versions.
pub fn check_format(path: &Path, found: u32) -> Result<(), DiskError> {
    if found > FORMAT {
        let path = path.to_owned();
        return Err(DiskError::Newer { path, found });
    }
    Ok(())
}

/// The checksum of everything the quorum writes (CRC-32C).
pub fn checksum(bytes: &[u8]) -> u32 {
    crc_fast::crc32_iscsi(bytes)
}

/// Writes a file so that it is there whole or not at all, and stays after a crash.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("tmp");
    let mut file = File::create(&draft)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    sync_directory(path)
}

/// Makes a rename or removal beside `path` survive a crash.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    path.parent()
        .map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}

/// The format alone, to be looked at before anything else.
#[derive(Deserialize)]
struct Stamp {
    format: u32,
}

/// Reads the format of a JSON document and refuses later ones.
pub fn check_stamp(path: &Path, json: &[u8]) -> Result<(), DiskError> {
    let stamp: Stamp =
        serde_json::from_slice(json).map_err(|error| DiskError::damaged(path, &error))?;
    check_format(path, stamp.format)
}

/// The file `quorum-state`: whom this node voted for.
#[derive(Debug, Serialize, Deserialize)]
struct HardState {
    format: u32,
    vote: RaftVote<i32>,
}

/// Where the vote is kept.
pub fn vote_path(dir: &Path) -> PathBuf {
    dir.join("quorum-state")
}

/// Keeps a vote; it is on disk when this returns.
pub fn write_vote(dir: &Path, vote: Vote) -> io::Result<()> {
    let format = FORMAT;
    let content = serde_json::to_vec(&HardState { format, vote })?;
    replace(&vote_path(dir), &content)
}

/// The vote kept last; `None` before any.
pub fn read_vote(dir: &Path) -> Result<Option<Vote>, DiskError> {
    let path = vote_path(dir);
    let content = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(DiskError::io(&path))?,
    };
    check_stamp(&path, &content)?;
    let state: HardState =
        serde_json::from_slice(&content).map_err(|error| DiskError::damaged(&path, &error))?;
    Ok(Some(state.vote))
}
