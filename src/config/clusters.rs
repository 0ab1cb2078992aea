//! The clusters of `config.toml`: `[profiles.NAME]` tables, and `bootstrap` for one without a profile. A mistake in one
//! profile is told when that profile is used, and keeps nobody from the others.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::document::{self, DocumentError, Entry, Leaf};
use super::java;
use super::origin::Origin;
use super::profile::ProfileError;
use super::property::Key;
use super::sheet::{Author, Given, Sheet};

/// What a profile may be called: it is typed in shells and names files.
const NAME: &str = "letters, digits, `-`, `_` and `.`, not beginning with `-` or `.`";

/// What the settings file says of clusters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Clusters {
    file: Arc<str>,
    /// `bootstrap` at the top of the file.
    pub bootstrap: Option<Given>,
    profiles: BTreeMap<String, Result<Vec<Leaf>, DocumentError>>,
}

impl Clusters {
    /// Those of a file that is called so.
    pub fn of(file: &str) -> Self {
        Self {
            file: Arc::from(file),
            ..Self::default()
        }
    }

    /// Takes the `profiles` table in.
    pub fn take(&mut self, entry: Entry<'_>) -> Result<(), DocumentError> {
        for profile in entry.table()? {
            if !is_name(&profile.key) {
                return Err(profile.misnamed(NAME));
            }
            let name = profile.key.clone();
            self.profiles.insert(name, profile.leaves());
        }
        Ok(())
    }

    /// Takes the address of the cluster without a profile in.
    pub fn take_bootstrap(&mut self, entry: &Entry<'_>) -> Result<(), DocumentError> {
        let value = super::secret::Secret::new(entry.text()?);
        let origin = Origin::line(&self.file, entry.line());
        self.bootstrap = Some(Given { value, origin });
        Ok(())
    }

    /// The names of the profiles, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.profiles.keys().map(String::as_str)
    }

    /// Whether there is a profile of that name.
    pub fn has(&self, name: &str) -> bool {
        self.profiles.contains_key(name)
    }

    /// The settings of a profile.
    pub fn profile(&self, name: &str) -> Result<Sheet, ProfileError> {
        let Some(leaves) = self.profiles.get(name) else {
            return Err(self.nobody(name));
        };
        let leaves = leaves.as_ref().map_err(Clone::clone)?;
        let mut sheet = Sheet::default();
        for leaf in leaves {
            let origin = Origin::line(&self.file, leaf.line);
            sheet.put(&leaf.name, &leaf.values, origin, Author::Operator)?;
        }
        java::translate(&mut sheet)?;
        Ok(sheet)
    }

    fn nobody(&self, name: &str) -> ProfileError {
        let known: Vec<&str> = self.names().collect();
        let hint = if known.is_empty() {
            "there are none; write one into config.toml, or take one over by `lookout profiles add FILE`".to_owned()
        } else {
            document::hint(name, known)
        };
        ProfileError::Nobody {
            name: name.to_owned(),
            hint,
        }
    }

    /// The sheet of the cluster without a profile.
    pub fn unnamed(&self) -> Option<Sheet> {
        let given = self.bootstrap.clone()?;
        let mut sheet = Sheet::default();
        sheet.set(Key::Bootstrap, given.value.reveal(), given.origin);
        Some(sheet)
    }
}

/// Whether a profile may be called so.
pub fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && !name.starts_with(['-', '.']) && name.len() <= 100 && name.chars().all(fits)
}

/// A name as near to this one as a profile's can be.
pub fn as_name(wanted: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name: String = wanted
        .chars()
        .take(100)
        .map(|c| if fits(c) { c } else { '-' })
        .collect();
    let name = name.trim_matches(['-', '.']).to_owned();
    if name.is_empty() {
        "cluster".to_owned()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::Source;
    use super::super::settings;
    use super::*;

    fn clusters(text: &str) -> Clusters {
        let file = "config.toml";
        settings::read(Source { file, text }).unwrap().clusters
    }

    fn told(sheet: &Sheet) -> Vec<String> {
        let line = |(key, given): (Key, &Given)| format!("{} = {}", key.name(), given.shown(key));
        sheet.given().map(line).collect()
    }

    #[test]
    fn quoted_dotted_names_and_nested_tables_read_alike() {
        let quoted = "[profiles.a]\n\"bootstrap.servers\" = \"x:1,y:2\"\n\"sasl.mechanism\" = \"PLAIN\"\n\
            \"ssl.ca.location\" = \"/ca\"\nproduction = true\n\"expected.brokers\" = [1, 2]";
        let nested = "[profiles.a]\nbootstrap.servers = [\"x:1\", \"y:2\"]\nsasl.mechanism = \"PLAIN\"\nproduction = true\n\
            expected.brokers = \"1,2\"\n[profiles.a.ssl.ca]\nlocation = \"/ca\"";
        let (quoted, nested) = (clusters(quoted).profile("a"), clusters(nested).profile("a"));
        let wanted = [
            "bootstrap.servers = x:1,y:2",
            "sasl.mechanisms = PLAIN",
            "ssl.ca.location = /ca",
            "production = true",
            "expected.brokers = 1,2",
        ];
        assert_eq!(told(&quoted.unwrap()), wanted);
        assert_eq!(told(&nested.unwrap()), wanted);
    }

    #[test]
    fn a_mistake_in_one_profile_keeps_nobody_from_another() {
        let clusters = clusters(
            "[profiles.a]\nsasl.mecanism = \"PLAIN\"\n[profiles.b]\nbootstrap.servers = \"x:1\"",
        );
        assert!(clusters.profile("b").is_ok());
        assert_eq!(
            clusters.profile("a").unwrap_err().to_string(),
            "config.toml:2: unknown setting `sasl.mecanism`; did you mean `sasl.mechanism`?"
        );
    }

    #[test]
    fn a_profile_that_is_not_there_is_answered_with_those_that_are() {
        let some = clusters("[profiles.prod-eu]\n[profiles.dev]");
        let error = some.profile("prod-ue").unwrap_err().to_string();
        assert_eq!(
            error,
            "no profile is called `prod-ue`; did you mean `prod-eu`?"
        );
        let error = some.profile("staging").unwrap_err().to_string();
        assert_eq!(error, "no profile is called `staging`; known: dev, prod-eu");
        let error = clusters("").profile("x").unwrap_err().to_string();
        assert!(error.contains("lookout profiles add FILE"), "{error}");
    }

    #[test]
    fn rules_and_schema_files_are_read_by_topic() {
        let text = "[profiles.a]\ndial.map = [\"node 1 -> a:1\", \"* -> bootstrap\"]\n\
            [profiles.a.schemas.avro]\n\"orders.*\" = \"o.avsc\"\n";
        let sheet = clusters(text).profile("a").unwrap();
        let schemas: Vec<_> = sheet
            .schemas()
            .map(|(_, topics, _)| topics.to_owned())
            .collect();
        assert_eq!(schemas, ["orders.*"]);
        let map = sheet.get(Key::DialMap).unwrap();
        assert_eq!(map.value.reveal(), "node 1 -> a:1\n* -> bootstrap");
    }

    #[test]
    fn a_name_that_shells_would_trip_over_is_refused() {
        let file = "config.toml";
        let text = "[profiles.\"a b\"]";
        let error = settings::read(Source { file, text })
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("config.toml:1: `profiles.a b`"),
            "{error}"
        );
        assert_eq!(as_name("my cluster/1"), "my-cluster-1");
        assert!(is_name(&as_name("…")));
    }
}
