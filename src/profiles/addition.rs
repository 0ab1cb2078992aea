//! `lookout profiles add`: takes clusters over from another client's file. Writes config.toml as a whole or not at all,
//! and secrets into files of their own that nobody else can read.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::{ProfilesError, Said};
use crate::config::addition::{self, Addition, Existing};
use crate::config::clusters;
use crate::config::import::{self, Cluster, Import};
use crate::config::origin::Origin;
use crate::config::outside::{Found, Outside};
use crate::config::paths::Paths;
use crate::config::profile::{self, ProfileError};
use crate::config::secret::Secret;
use crate::config::sheet::Sheet;

/// What is to be taken over.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub file: &'a Path,
    /// What to call it; of several clusters, the one to take.
    pub name: Option<&'a str>,
    pub existing: Existing,
}

/// Takes the clusters of a file over.
pub fn add(
    paths: &Paths,
    wanted: Wanted<'_>,
    outside: &mut dyn Outside,
) -> Result<Said, ProfilesError> {
    let config_dir = paths.config_dir.as_ref().ok_or(ProfilesError::NoHome)?;
    let settings = paths.settings_file().ok_or(ProfilesError::NoHome)?;
    let unreadable = |reason| ProfilesError::Unreadable {
        path: wanted.file.to_owned(),
        reason,
    };
    let found = outside.read(wanted.file).map_err(unreadable)?;
    let import = import::read(found.text.reveal(), wanted.file)?;
    let tool = import.tool.words();
    let clusters = chosen(import, wanted)?;
    let mut said = Said::default();
    for (name, cluster) in clusters {
        let sheet = match cluster.sheet {
            Ok(sheet) => sheet,
            Err(error) => {
                said.notices
                    .push(format!("`{name}` is not taken over: {error}"));
                said.failed = true;
                continue;
            }
        };
        let text = read_or_empty(&settings)?;
        let place = addition::Place {
            text: &text,
            file: &settings.display().to_string(),
            secrets: &config_dir.join("secrets").join(&name),
            absolute: &|path, origin| absolute(path, origin, outside),
        };
        let addition = addition::add(place, &name, &sheet, wanted.existing)?;
        write(&settings, &addition)?;
        said.printed
            .push_str(&receipt(wanted.file, &settings, (&name, tool), &addition));
        said.notices.extend(doubts(&name, &sheet, outside));
    }
    Ok(said)
}

/// What was written where.
fn receipt(
    file: &Path,
    settings: &Path,
    (name, tool): (&str, &str),
    addition: &Addition,
) -> String {
    let (file, settings) = (file.display(), settings.display());
    let mut lines = vec![format!(
        "profile `{name}` is in {settings} now, from {tool}"
    )];
    lines.extend(addition.secrets.iter().map(|(path, key, _)| {
        let (key, path) = (key.name(), path.display());
        format!("  {key} is in {path}, which only you can read; {file} still holds it too")
    }));
    lines.push(format!("  try it: lookout profiles test {name}\n"));
    lines.join("\n")
}

/// The clusters to take, with the names of their profiles.
fn chosen(import: Import, wanted: Wanted<'_>) -> Result<Vec<(String, Cluster)>, ProfilesError> {
    let file = wanted.file.display().to_string();
    let many = import.clusters.len() > 1;
    let known: Vec<String> = import
        .clusters
        .iter()
        .filter_map(|c| c.name.clone())
        .collect();
    let stem = wanted
        .file
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy();
    let mut clusters: Vec<(String, Cluster)> = import
        .clusters
        .into_iter()
        .map(|cluster| {
            let own = cluster.name.clone().unwrap_or_else(|| stem.to_string());
            (clusters::as_name(&own), cluster)
        })
        .collect();
    match wanted.name {
        Some(name) if many => {
            clusters.retain(|(own, cluster)| own == name || cluster.name.as_deref() == Some(name));
            if clusters.is_empty() {
                return Err(ProfilesError::NotInFile {
                    file,
                    name: name.to_owned(),
                    known: known.join(", "),
                });
            }
        }
        Some(name) if clusters::is_name(name) => {
            for (own, _) in &mut clusters {
                name.clone_into(own);
            }
        }
        Some(name) => {
            return Err(ProfilesError::Profile(ProfileError::Missing(format!(
                "--name is \"{name}\"; a profile is called by letters, digits, `-`, `_` and `.`"
            ))));
        }
        None => {}
    }
    Ok(clusters)
}

/// What a path leads to from anywhere: beside the file that names it, if it is there and not here.
fn absolute(path: &str, origin: &Origin, outside: &dyn Outside) -> String {
    let from_home = crate::config::outside::at_home(path, outside);
    let here = std::path::absolute(&from_home).unwrap_or(from_home);
    let beside = match origin {
        Origin::Line { file, .. } => Path::new(&**file).parent().map(|folder| folder.join(path)),
        _ => None,
    };
    let beside = beside.and_then(|path| std::path::absolute(path).ok());
    let chosen = match beside {
        Some(beside) if !here.exists() && beside.exists() => beside,
        _ => here,
    };
    chosen.display().to_string()
}

/// What stands in the way of using it: a key store that only Java reads, a file that is not there.
fn doubts(name: &str, sheet: &Sheet, outside: &mut dyn Outside) -> Vec<String> {
    let mut mute = Mute(outside);
    match profile::resolve(Some(name), sheet, &mut mute) {
        Ok(resolved) => resolved.notices,
        Err(error) => vec![format!("`{name}` cannot be used as it is: {error}")],
    }
}

/// An outside in which everything asked for is given.
struct Mute<'a>(&'a mut dyn Outside);

impl Outside for Mute<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        self.0.variable(name)
    }

    fn home(&self) -> Option<PathBuf> {
        self.0.home()
    }

    fn read(&self, path: &Path) -> io::Result<Found> {
        self.0.read(path)
    }

    fn head(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.head(path)
    }

    fn run(&self, command: &str) -> Result<Secret, String> {
        self.0.run(command)
    }

    fn ask(&mut self, _question: &str) -> Result<Option<Secret>, String> {
        Ok(Some(Secret::new("")))
    }
}

fn read_or_empty(path: &Path) -> Result<String, ProfilesError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(reason) => Err(ProfilesError::Unreadable {
            path: path.to_owned(),
            reason,
        }),
    }
}

/// Secrets first: settings never name a file that is not there.
fn write(settings: &Path, addition: &Addition) -> Result<(), ProfilesError> {
    for (path, _, secret) in &addition.secrets {
        write_file(path, &format!("{}\n", secret.reveal()), Mode::Private)?;
    }
    write_file(settings, &addition.text, Mode::Kept)
}

/// Who may read a file that is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Its owner alone.
    Private,
    /// Who might before; its owner alone where it is new.
    Kept,
}

/// Writes a file beside its place and moves it there, so that it is never seen in part.
fn write_file(path: &Path, text: &str, mode: Mode) -> Result<(), ProfilesError> {
    // A link, as keepers of settings in repositories have, stays one.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let new = path.with_extension(format!("{}.new", std::process::id()));
    let written = (|| {
        if let Some(folder) = path.parent() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(text.as_bytes())?;
        if mode == Mode::Kept
            && let Ok(before) = fs::metadata(&path)
        {
            file.set_permissions(before.permissions())?;
        }
        file.sync_all()?;
        fs::rename(&new, &path)
    })();
    written.map_err(|reason| {
        // What was begun is of no use; that it cannot be removed changes nothing of the reason.
        let _left = fs::remove_file(&new);
        ProfilesError::Unwritable { path, reason }
    })
}
