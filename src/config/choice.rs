//! Which cluster is meant, and all that is said of it: default < file < environment < flags, for each setting by itself.
//!
//! A cluster that is named at one level keeps the names of lower levels out: with `-p prod` an address in the
//! environment is not dialled with prod's password.

use std::path::{Path, PathBuf};

use super::clusters::Clusters;
use super::import;
use super::origin::Origin;
use super::outside::{Outside, is_readable_by_others};
use super::profile::ProfileError;
use super::property::{self, Key, Meaning, VARIABLE_PREFIX};
use super::secret::Secret;
use super::sheet::{Author, Sheet, SheetError, is_plain_secret};

/// The name by which `-p` opens the practice cluster, unless a profile is called so.
pub const PRACTICE: &str = "practice";

const PROFILE_VARIABLE: &str = "LOOKOUT_PROFILE";
const PROPERTIES_VARIABLE: &str = "LOOKOUT_PROPERTIES";
const BOOTSTRAP_VARIABLES: [&str; 2] = ["LOOKOUT_BOOTSTRAP", "LOOKOUT_BOOTSTRAP_SERVERS"];
/// Variables that say nothing of a cluster.
const OTHER_VARIABLES: [&str; 5] = [
    "LOOKOUT_THEME",
    "LOOKOUT_ASCII",
    "LOOKOUT_CONFIG_DIR",
    "LOOKOUT_STATE_DIR",
    "LOOKOUT_DATA_DIR",
];

/// What the command line says of the cluster.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    pub profile: Option<String>,
    pub properties: Option<PathBuf>,
    pub bootstrap: Option<String>,
    /// `name=value` each.
    pub set: Vec<Secret>,
}

/// All that may name a cluster.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    pub flags: &'a Flags,
    /// The environment as far as its names begin with [`VARIABLE_PREFIX`]; empty ones count as not set.
    pub variables: &'a [(String, Secret)],
    pub clusters: &'a Clusters,
    /// The profile that was used last, where that counts.
    pub last: Option<&'a str>,
}

/// A cluster that is named, before anything is made of its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The profile's name, and who named it.
    pub profile: Option<(String, Origin)>,
    pub sheet: Sheet,
    /// One sentence each.
    pub notices: Vec<String>,
}

/// What is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// The practice cluster, by its name.
    Practice,
    /// Nothing names a cluster.
    Nothing {
        notices: Vec<String>,
    },
    Cluster(Box<Choice>),
}

/// A level's names for a cluster.
#[derive(Debug, Default)]
struct Named<'a> {
    profile: Option<(&'a str, Origin)>,
    properties: Option<&'a Path>,
    bootstrap: Option<(&'a str, Origin)>,
}

impl Named<'_> {
    fn is_empty(&self) -> bool {
        self.profile.is_none() && self.properties.is_none() && self.bootstrap.is_none()
    }
}

/// Which cluster is meant.
pub fn choose(sources: Sources<'_>, outside: &dyn Outside) -> Result<Chosen, ProfileError> {
    let mut notices = Vec::new();
    let environment = by_variables(sources.variables, &mut notices)?;
    let mut named = of_flags(sources.flags);
    let by_flag = !named.is_empty();
    if !by_flag {
        named = of_variables(sources.variables)?;
    }
    if named.is_empty() {
        named.profile = of_last(sources, &mut notices);
    }
    if let Some((name, _)) = &named.profile
        && *name == PRACTICE
        && !sources.clusters.has(name)
    {
        return Ok(Chosen::Practice);
    }
    let mut sheet = match (&named.profile, named.is_empty()) {
        (Some((name, _)), _) => sources.clusters.profile(name)?,
        (None, true) => sources.clusters.unnamed().unwrap_or_default(),
        (None, false) => Sheet::default(),
    };
    let properties = match named.properties {
        Some(path) => opened(path, outside, &mut notices)?,
        None => Sheet::default(),
    };
    let (below, above) = if by_flag {
        (environment, properties)
    } else {
        (properties, environment)
    };
    sheet.overlay(below);
    sheet.overlay(above);
    if let Some((addresses, origin)) = named.bootstrap {
        sheet.set(Key::Bootstrap, addresses, origin);
    }
    sheet.overlay(set_by_flags(&sources.flags.set)?);
    if !sheet.has(Key::Bootstrap) {
        return match named.profile {
            Some((name, _)) => Err(no_address(&format!("the profile `{name}`"))),
            None if named.properties.is_some() => Err(no_address("the file")),
            None => Ok(Chosen::Nothing { notices }),
        };
    }
    let profile = named
        .profile
        .map(|(name, origin)| (name.to_owned(), origin));
    Ok(Chosen::Cluster(Box::new(Choice {
        profile,
        sheet,
        notices,
    })))
}

fn no_address(whose: &str) -> ProfileError {
    ProfileError::Missing(format!(
        "{whose} names no bootstrap.servers; add them there, or give them with `-b HOST:PORT` and the other flags"
    ))
}

fn of_flags(flags: &Flags) -> Named<'_> {
    Named {
        profile: flags
            .profile
            .as_deref()
            .map(|name| (name, Origin::Flag("--profile"))),
        properties: flags.properties.as_deref(),
        bootstrap: flags
            .bootstrap
            .as_deref()
            .map(|text| (text, Origin::Flag("--bootstrap"))),
    }
}

fn of_variables(variables: &[(String, Secret)]) -> Result<Named<'_>, ProfileError> {
    let set = |name: &str| {
        let found = variables.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.reveal())
            .filter(|value| !value.is_empty())
    };
    let origin = |name: &str| Origin::Variable(name.into());
    let bootstrap = BOOTSTRAP_VARIABLES
        .into_iter()
        .find_map(|name| set(name).map(|text| (text, origin(name))));
    let named = Named {
        profile: set(PROFILE_VARIABLE).map(|name| (name, origin(PROFILE_VARIABLE))),
        properties: set(PROPERTIES_VARIABLE).map(Path::new),
        bootstrap,
    };
    if named.profile.is_some() && named.properties.is_some() {
        return Err(ProfileError::Missing(format!(
            "{PROFILE_VARIABLE} and {PROPERTIES_VARIABLE} both name a cluster; unset one"
        )));
    }
    Ok(named)
}

/// The profile that was used last. A production cluster is never opened without being named.
fn of_last<'a>(sources: Sources<'a>, notices: &mut Vec<String>) -> Option<(&'a str, Origin)> {
    let last = sources
        .last
        .filter(|_| sources.clusters.bootstrap.is_none())?;
    if last == PRACTICE && !sources.clusters.has(last) {
        return Some((last, Origin::Default));
    }
    let sheet = sources.clusters.profile(last).ok()?;
    let production = sheet.get(Key::Production);
    if production.is_some_and(|given| given.value.reveal() != "false") {
        notices.push(format!(
            "the profile used last, `{last}`, is for production and opened only when it is named: -p {last}"
        ));
        return None;
    }
    Some((last, Origin::Last))
}

/// The settings of the environment.
fn by_variables(
    variables: &[(String, Secret)],
    notices: &mut Vec<String>,
) -> Result<Sheet, ProfileError> {
    let mut sheet = Sheet::default();
    for (variable, value) in variables {
        let named = [PROFILE_VARIABLE, PROPERTIES_VARIABLE];
        let is_other = named
            .iter()
            .chain(&BOOTSTRAP_VARIABLES)
            .chain(&OTHER_VARIABLES)
            .any(|known| known == variable);
        if is_other || value.reveal().is_empty() {
            continue;
        }
        match property::by_variable(variable) {
            Ok(name) => {
                let origin = Origin::Variable(variable.as_str().into());
                let value = std::slice::from_ref(value);
                sheet.put(name, value, origin, Author::Operator)?;
            }
            Err(Some(near)) => notices.push(format!(
                "the variable {variable} says nothing; did you mean {near}?"
            )),
            Err(None) if variable.starts_with(VARIABLE_PREFIX) => {
                notices.push(format!("the variable {variable} says nothing"));
            }
            Err(None) => {}
        }
    }
    super::java::translate(&mut sheet)?;
    Ok(sheet)
}

/// The settings of a file that was handed on.
fn opened(
    path: &Path,
    outside: &dyn Outside,
    notices: &mut Vec<String>,
) -> Result<Sheet, ProfileError> {
    let file = path.display().to_string();
    let found = outside.read(path).map_err(|error| ProfileError::File {
        file: file.clone(),
        reason: format!("cannot read it: {error}"),
    })?;
    let import = import::read(found.text.reveal(), path)?;
    let sheet = import.only(&file)?.sheet?;
    if sheet.holds_plain_secret() && is_readable_by_others(found.mode) {
        notices.push(format!(
            "{file} holds a password, and others than its owner may read it; run: chmod 600 {file}"
        ));
    }
    Ok(sheet)
}

/// The settings of `-X name=value`.
fn set_by_flags(set: &[Secret]) -> Result<Sheet, ProfileError> {
    let mut sheet = Sheet::default();
    for text in set {
        let origin = Origin::Flag("-X");
        let Some((name, value)) = text.reveal().split_once('=') else {
            return Err(ProfileError::Missing(
                "-X is not written as NAME=VALUE; write it like -X security.protocol=SSL"
                    .to_owned(),
            ));
        };
        let name = name.trim();
        if let Meaning::Known(key) = property::meaning(name)
            && is_plain_secret(key, value)
        {
            return Err(ProfileError::Sheet(SheetError::OnCommandLine {
                origin,
                name: name.to_owned(),
                variable: property::variable(key.name()),
            }));
        }
        sheet.put(name, &[Secret::new(value)], origin, Author::Operator)?;
    }
    super::java::translate(&mut sheet)?;
    Ok(sheet)
}

#[cfg(test)]
mod tests;
