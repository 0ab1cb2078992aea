//! Why a command about profiles cannot be done.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::config::profile::ProfileError;

/// Why a command about profiles cannot be done.
#[derive(Debug, Error)]
pub enum ProfilesError {
    #[error(transparent)]
    Profile(#[from] ProfileError),
    #[error("cannot write {}: {reason}", path.display())]
    Unwritable { path: PathBuf, reason: io::Error },
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: io::Error },
    #[error("there is no home directory to keep profiles in; name one with LOOKOUT_CONFIG_DIR")]
    NoHome,
    #[error("{file} has no cluster called `{name}`; it has {known}")]
    NotInFile {
        file: String,
        name: String,
        known: String,
    },
    #[error(
        "there are no profiles; write one into config.toml, or take one over by `lookout profiles add FILE`"
    )]
    None,
}
