//! Which cluster is meant and how it is entered, from all that may say so; and `lookout profiles`, `lookout config`.
//! Never draws, never changes a cluster, never prints a secret.

mod addition;
mod error;
mod list;
mod shown;
mod trial;

use std::env;

pub use addition::{Wanted, add};
pub use error::ProfilesError;
pub use list::list;
pub use shown::{Origins, show};
pub use trial::test;

use crate::cluster::{self, Dialer, WatchOptions, WayError};
use crate::config::choice::{self, Choice, Chosen, Flags, Sources};
use crate::config::clusters::Clusters;
use crate::config::last;
use crate::config::outside::{Outside, forbid_core_dumps, is_readable_by_others};
use crate::config::paths::Paths;
use crate::config::profile::{self, Profile, ProfileError};
use crate::config::property::VARIABLE_PREFIX;
use crate::config::secret::Secret;
use crate::model::Stakes;

/// Layout of the JSON; raised when a field changes its meaning or goes.
const JSON_VERSION: u32 = 1;

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
}

/// What a command has to say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// For standard output.
    pub printed: String,
    /// For standard error, one sentence each.
    pub notices: Vec<String>,
    /// Whether something failed although the rest was done.
    pub failed: bool,
}

/// Whether the profile that was used last counts where no cluster is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unnamed {
    /// A script shall not depend on what was looked at before.
    Nothing,
    Last,
}

/// What names clusters here.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub paths: &'a Paths,
    pub clusters: &'a Clusters,
    pub flags: &'a Flags,
}

/// What is to be opened.
#[derive(Debug)]
pub enum Opening {
    Practice,
    /// Nothing names a cluster.
    Nothing,
    Cluster(Box<Open>),
}

/// A cluster with its way in.
#[derive(Debug)]
pub struct Open {
    pub profile: Profile,
    dialer: Dialer,
    /// Whether it has a name in config.toml.
    named: bool,
    pub notices: Vec<String>,
}

impl Place<'_> {
    fn choose(&self, unnamed: Unnamed, outside: &dyn Outside) -> Result<Chosen, ProfileError> {
        let state = self.paths.state_dir.as_deref();
        let last = state
            .filter(|_| unnamed == Unnamed::Last)
            .and_then(last::read);
        let variables = variables();
        let sources = Sources {
            flags: self.flags,
            variables: &variables,
            clusters: self.clusters,
            last: last.as_deref(),
        };
        choice::choose(sources, outside)
    }

    /// Finds out what is meant and reads all that its way in needs; asks the operator for what is missing.
    pub fn open(
        &self,
        unnamed: Unnamed,
        outside: &mut dyn Outside,
    ) -> Result<Opening, ProfileError> {
        match self.choose(unnamed, outside)? {
            Chosen::Practice => Ok(Opening::Practice),
            Chosen::Nothing { notices } => {
                for notice in notices {
                    log::warn!("{notice}");
                }
                Ok(Opening::Nothing)
            }
            Chosen::Cluster(choice) => {
                let open = self.enter(*choice, outside)?;
                Ok(Opening::Cluster(Box::new(open)))
            }
        }
    }

    fn enter(&self, choice: Choice, outside: &mut dyn Outside) -> Result<Open, ProfileError> {
        let name = choice.profile.as_ref().map(|(name, _)| name.as_str());
        let resolved = profile::resolve(name, &choice.sheet, outside)?;
        let dialer = dialer(&resolved.profile)?;
        if resolved.holds_secret {
            forbid_core_dumps();
        }
        let mut notices = choice.notices;
        notices.extend(dialer.warnings().iter().map(ToString::to_string));
        notices.extend(resolved.notices);
        if name.is_some() && choice.sheet.holds_plain_secret() {
            notices.extend(self.open_settings_file(outside));
        }
        Ok(Open {
            profile: resolved.profile,
            dialer,
            named: choice.profile.is_some(),
            notices,
        })
    }

    /// A complaint where the settings hold a secret and others may read them.
    fn open_settings_file(&self, outside: &dyn Outside) -> Option<String> {
        let path = self.paths.settings_file()?;
        let found = outside.read(&path).ok()?;
        is_readable_by_others(found.mode).then(|| {
            let path = path.display();
            format!("{path} holds a password, and others than its owner may read it; run: chmod 600 {path}")
        })
    }

    /// Remembers what is opened for the next time, unless it must always be named.
    pub fn remember(&self, name: &str, stakes: Stakes) {
        let Some(dir) = &self.paths.state_dir else {
            return;
        };
        if stakes == Stakes::Ordinary
            && let Err(error) = last::remember(dir, name)
        {
            log::warn!("the last profile cannot be remembered: {error}");
        }
    }
}

impl Open {
    /// The profile's name, where it has one.
    pub fn name(&self) -> Option<&str> {
        self.named.then_some(&*self.profile.name)
    }

    /// How to watch the cluster.
    pub fn watch_options(&self) -> WatchOptions {
        let profile = &self.profile;
        let bootstrap = profile.bootstrap.clone();
        WatchOptions {
            dialer: self.dialer.clone(),
            stakes: profile.stakes,
            expected: profile.expected.clone(),
            ..WatchOptions::plain(&profile.name, bootstrap, &profile.client_id)
        }
    }
}

/// The way to the brokers, with its certificates, keys and credentials.
fn dialer(profile: &Profile) -> Result<Dialer, ProfileError> {
    let addresses = profile.bootstrap.iter();
    let bootstrap = addresses.map(|text| cluster::bootstrap_endpoint(text));
    let bootstrap: Result<Vec<_>, _> = bootstrap.collect();
    let bootstrap = bootstrap.map_err(WayError::Address);
    let dialer =
        bootstrap.and_then(|bootstrap| Dialer::new(&profile.security, &profile.route, &bootstrap));
    dialer.map_err(|error| ProfileError::Missing(error.to_string()))
}

/// The variables of the environment that are meant for this program.
fn variables() -> Vec<(String, Secret)> {
    let all = env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        let ours = name.starts_with(VARIABLE_PREFIX);
        let value = value.into_string().ok().filter(|_| ours)?;
        Some((name, Secret::new(&value)))
    });
    let mut variables: Vec<(String, Secret)> = all.collect();
    variables.sort_by(|a, b| a.0.cmp(&b.0));
    variables
}

/// Rows of cells as columns; the last is not padded.
fn columns(rows: &[Vec<String>]) -> String {
    let wide = |text: &str| text.chars().count();
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count)
        .map(|at| {
            rows.iter()
                .filter_map(|row| row.get(at))
                .map(|cell| wide(cell))
                .max()
        })
        .map(Option::unwrap_or_default)
        .collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width + 2 - wide(cell)));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
