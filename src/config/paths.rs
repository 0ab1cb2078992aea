//! Where the operator's files are. Only computed: nothing is created or read here.

use std::ffi::OsString;
use std::path::PathBuf;

use directories::ProjectDirs;

/// The directories of this user; `None` where there is no home to put them in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Paths {
    /// What the operator writes: `config.toml`, `themes/`.
    pub config_dir: Option<PathBuf>,
    /// What the program writes: its log, the roster of brokers seen.
    pub state_dir: Option<PathBuf>,
    /// What may grow: the practice cluster.
    pub data_dir: Option<PathBuf>,
}

impl Paths {
    /// `LOOKOUT_CONFIG_DIR`, `LOOKOUT_STATE_DIR` and `LOOKOUT_DATA_DIR` as far as they are set and not empty, else the
    /// platform's places.
    pub fn choose(
        config_dir: Option<OsString>,
        state_dir: Option<OsString>,
        data_dir: Option<OsString>,
    ) -> Self {
        let user = ProjectDirs::from("", "", "lookout");
        let given = |dir: Option<OsString>| dir.filter(|dir| !dir.is_empty()).map(PathBuf::from);
        let config = || user.as_ref().map(|user| user.config_dir().to_owned());
        // Only Linux keeps state apart from data.
        let state = || {
            user.as_ref()
                .map(|user| user.state_dir().unwrap_or(user.data_local_dir()).to_owned())
        };
        let data = || user.as_ref().map(|user| user.data_local_dir().to_owned());
        Self {
            config_dir: given(config_dir).or_else(config),
            state_dir: given(state_dir).or_else(state),
            data_dir: given(data_dir).or_else(data),
        }
    }

    /// Where the practice cluster lies unless another place is named.
    pub fn practice_dir(&self) -> Option<PathBuf> {
        self.data_dir.as_ref().map(|dir| dir.join("practice"))
    }

    /// The settings file.
    pub fn settings_file(&self) -> Option<PathBuf> {
        self.config_dir.as_ref().map(|dir| dir.join("config.toml"))
    }

    /// The operator's own themes.
    pub fn themes_dir(&self) -> Option<PathBuf> {
        self.config_dir.as_ref().map(|dir| dir.join("themes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_is_given_wins_and_an_empty_one_does_not() {
        let paths = Paths::choose(Some("/etc/lookout".into()), Some("".into()), None);
        assert_eq!(
            paths.settings_file(),
            Some(PathBuf::from("/etc/lookout/config.toml"))
        );
        assert_eq!(
            paths.themes_dir(),
            Some(PathBuf::from("/etc/lookout/themes"))
        );
        assert_ne!(paths.state_dir, Some(PathBuf::new()));
    }
}
