//! Data directories: whose they are (`meta.properties`, version 1), and that no two processes share
//! one (`.lock`). A directory of somebody else is refused before anything in it is touched.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use thiserror::Error;

use crate::config::{NodeConfig, properties};
use crate::wire::uuid::Uuid;

const META: &str = "meta.properties";
const LOCK: &str = ".lock";

/// What may lie in a directory that is still empty.
const NOTHING: [&str; 3] = [LOCK, META_NEW, "lost+found"];
const META_NEW: &str = "meta.properties.tmp";

/// Why a node cannot use a directory.
#[derive(Debug, Error)]
pub enum DirError {
    /// The system said no.
    #[error("{path}: {source}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process has it.
    #[error("{0}: another process uses this directory")]
    Shared(PathBuf),
    /// It belongs to somebody else, or cannot be understood.
    #[error("{path}: {why}")]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// Both values, and what can be done.
        why: String,
    },
    /// Nothing says which cluster this is.
    #[error("no cluster id: set lookout.cluster.id to the same value on every node ({0} is fresh)")]
    NoCluster(Uuid),
}

/// A directory this node has to itself.
#[derive(Debug)]
pub struct DataDir {
    /// Where it is.
    pub path: PathBuf,
    /// Its identity, kept in it.
    pub id: Uuid,
    /// Held as long as the node runs: the lock goes with it.
    _lock: File,
}

/// The data directories of a node.
#[derive(Debug)]
pub struct Dirs {
    /// The cluster they belong to.
    pub cluster_id: String,
    /// `log.dirs` in their order; one that failed is `Err`.
    pub data: Vec<Result<DataDir, DirError>>,
    /// The identity of the metadata's directory.
    pub metadata_id: Uuid,
    /// The metadata's directory where it is not one of `log.dirs`.
    _metadata: Option<DataDir>,
}

/// What `meta.properties` says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Meta {
    cluster_id: String,
    directory_id: Option<Uuid>,
}

/// A directory that was read and not yet changed.
struct Found {
    path: PathBuf,
    meta: Option<Meta>,
}

/// Opens every directory of the node, and formats empty ones.
pub fn open(config: &NodeConfig) -> Result<Dirs, DirError> {
    let mut paths = config.log_dirs.clone();
    if !paths.contains(&config.metadata_log_dir) {
        paths.push(config.metadata_log_dir.clone());
    }
    let mut found = Vec::new();
    for path in &paths {
        match inspect(path, config.node_id) {
            Err(error) if !matches!(error, DirError::Io { .. }) => return Err(error),
            looked => found.push(looked),
        }
    }
    let cluster_id = cluster(config, &found)?;
    let mut opened = Vec::new();
    for (found, path) in found.into_iter().zip(&paths) {
        let needed = *path == config.metadata_log_dir;
        let identity = config.quorum.directory(config.node_id).filter(|_| needed);
        let dir = found.and_then(|found| take(found, config.node_id, (&cluster_id, identity)));
        match dir {
            Err(error @ DirError::Io { .. }) if !needed => opened.push(Err(error)),
            Err(error) => return Err(error),
            Ok(dir) => opened.push(Ok(dir)),
        }
    }
    check_twins(&opened)?;
    let mut found = opened.iter().flatten();
    let metadata_id = found
        .find(|dir| dir.path == config.metadata_log_dir)
        .map(|dir| dir.id);
    let metadata = if opened.len() > config.log_dirs.len() {
        opened.pop().and_then(Result::ok)
    } else {
        None
    };
    if opened.iter().all(Result::is_err)
        && let Some(error) = opened.pop().and_then(Result::err)
    {
        return Err(error);
    }
    Ok(Dirs {
        cluster_id,
        data: opened,
        metadata_id: metadata_id.unwrap_or(Uuid::ZERO),
        _metadata: metadata,
    })
}

impl DirError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    fn foreign(path: &Path, why: String) -> Self {
        let path = path.to_owned();
        Self::Foreign { path, why }
    }
}

/// Reads what a directory says of itself; changes nothing.
fn inspect(path: &Path, node_id: i32) -> Result<Found, DirError> {
    let file = path.join(META);
    let meta = match fs::read_to_string(&file) {
        Ok(text) => Some(read_meta(path, &text, node_id)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            check_empty(path)?;
            None
        }
        Err(error) => return Err(DirError::io(&file)(error)),
    };
    let path = path.to_owned();
    Ok(Found { path, meta })
}

fn check_empty(path: &Path) -> Result<(), DirError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(DirError::io(path)(error)),
    };
    for entry in entries {
        let name = entry.map_err(DirError::io(path))?.file_name();
        if !NOTHING.iter().any(|nothing| name == *nothing) {
            let why = format!(
                "holds {} but no {META}: name an empty directory, or the one that was meant",
                name.display()
            );
            return Err(DirError::foreign(path, why));
        }
    }
    Ok(())
}

fn read_meta(path: &Path, text: &str, node_id: i32) -> Result<Meta, DirError> {
    let refuse = |why: String| DirError::foreign(path, why);
    let values = properties::parse(text).map_err(|bad| refuse(format!("{META}, {bad}")))?;
    let get = |key: &str| values.get(key).map(|value| value.trim());
    let of = |key: &str| get(key).ok_or_else(|| refuse(format!("{META} has no {key}")));
    let version = of("version")?;
    if version != "1" {
        return Err(refuse(format!(
            "{META} is version {version}, this broker knows version 1: use the newer broker"
        )));
    }
    let owner = of("node.id")?;
    if owner != node_id.to_string() {
        return Err(refuse(format!(
            "belongs to node {owner}, this is node {node_id}: check node.id and log.dirs"
        )));
    }
    let directory_id = get("directory.id")
        .map(str::parse)
        .transpose()
        .map_err(|error| refuse(format!("{META}, directory.id: {error}")))?;
    Ok(Meta {
        cluster_id: of("cluster.id")?.to_owned(),
        directory_id,
    })
}

/// The cluster that settings and directories agree on.
fn cluster(config: &NodeConfig, found: &[Result<Found, DirError>]) -> Result<String, DirError> {
    let mut known = config
        .cluster_id
        .clone()
        .map(|id| (id, "lookout.cluster.id".to_owned()));
    for found in found.iter().flatten() {
        let Some(meta) = &found.meta else {
            continue;
        };
        match &known {
            Some((id, from)) if *id != meta.cluster_id => {
                let why = format!(
                    "belongs to cluster {}, but {from} says {id}: it is left as it is",
                    meta.cluster_id
                );
                return Err(DirError::foreign(&found.path, why));
            }
            Some(_) => {}
            None => known = Some((meta.cluster_id.clone(), found.path.display().to_string())),
        }
    }
    match known {
        Some((id, _)) => Ok(id),
        None if config.is_controller && config.quorum.is_alone(config.node_id) => {
            Ok(fresh_id().to_string())
        }
        None => Err(DirError::NoCluster(fresh_id())),
    }
}

/// Locks a directory, and formats it if it is empty.
fn take(
    found: Found,
    node_id: i32,
    (cluster_id, identity): (&str, Option<Uuid>),
) -> Result<DataDir, DirError> {
    let Found { path, .. } = found;
    fs::create_dir_all(&path).map_err(DirError::io(&path))?;
    let lock_path = path.join(LOCK);
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock_path)
        .map_err(DirError::io(&lock_path))?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => return Err(DirError::Shared(path)),
        Err(error) => return Err(DirError::io(&lock_path)(error.into())),
    }
    // Another process may have formatted it before this one had the lock.
    let meta = inspect(&path, node_id)?.meta;
    let id = match meta.and_then(|meta| meta.directory_id) {
        Some(id) => id,
        None => format(&path, node_id, (cluster_id, identity))?,
    };
    Ok(DataDir {
        path,
        id,
        _lock: lock,
    })
}

/// Writes `meta.properties` in one step, so that it is whole or not there.
fn format(
    path: &Path,
    node_id: i32,
    (cluster_id, identity): (&str, Option<Uuid>),
) -> Result<Uuid, DirError> {
    let id = identity.unwrap_or_else(fresh_id);
    let new = path.join(META_NEW);
    let text =
        format!("version=1\ncluster.id={cluster_id}\nnode.id={node_id}\ndirectory.id={id}\n");
    let mut file = File::create(&new).map_err(DirError::io(&new))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(DirError::io(&new))?;
    fs::rename(&new, path.join(META)).map_err(DirError::io(&new))?;
    let synced = File::open(path).and_then(|dir| dir.sync_all());
    synced.map_err(DirError::io(path))?;
    Ok(id)
}

/// A copied directory has the identity of the one it was copied from.
fn check_twins(opened: &[Result<DataDir, DirError>]) -> Result<(), DirError> {
    let mut seen: BTreeMap<Uuid, &Path> = BTreeMap::new();
    for dir in opened.iter().flatten() {
        if let Some(twin) = seen.insert(dir.id, &dir.path) {
            let why = format!("has the directory.id of {}, {}", twin.display(), dir.id);
            return Err(DirError::foreign(&dir.path, why));
        }
    }
    Ok(())
}

/// An identity that nothing else has. It never begins with a dash, which a program would take for an
/// option, and is none of the numbers that the protocol reserves (KIP-858).
pub fn fresh_id() -> Uuid {
    loop {
        let id = Uuid(fastrand::u128(1 << 32..).to_be_bytes());
        if !id.to_string().starts_with('-') {
            return id;
        }
    }
}
