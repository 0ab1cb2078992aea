//! A profile written into the text of `config.toml`: everything else in it stays as it is, and secrets go into files of
//! their own. Pure: says what is to be written where.

use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table, Value, value};

use super::origin::Origin;
use super::profile::ProfileError;
use super::property::{Key, Kind};
use super::secret::Secret;
use super::sheet::{SchemaFormat, Sheet, is_plain_secret};

/// What may become of a profile that has the name already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    Keep,
    Replace,
}

/// What is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// The new text of `config.toml`.
    pub text: String,
    /// Files with one secret each, and the setting it belongs to.
    pub secrets: Vec<(PathBuf, Key, Secret)>,
}

/// Where a new profile goes.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// What `config.toml` says now, and how messages call it.
    pub text: &'a str,
    pub file: &'a str,
    /// The directory for the secrets of this profile.
    pub secrets: &'a Path,
    /// What a path leads to from anywhere.
    pub absolute: &'a dyn Fn(&str, &Origin) -> String,
}

/// Writes a profile of that name.
pub fn add(
    place: Place<'_>,
    name: &str,
    sheet: &Sheet,
    existing: Existing,
) -> Result<Addition, ProfileError> {
    let wrong = |reason: String| ProfileError::File {
        file: place.file.to_owned(),
        reason,
    };
    let mut document: DocumentMut = place
        .text
        .parse()
        .map_err(|error: toml_edit::TomlError| wrong(error.message().to_owned()))?;
    let profiles = document.entry("profiles").or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let Item::Table(profiles) = profiles else {
        return Err(wrong(
            "`profiles` is written on one line; write each profile as a table [profiles.NAME]"
                .to_owned(),
        ));
    };
    if profiles.contains_key(name) && existing == Existing::Keep {
        return Err(wrong(format!(
            "there is a profile `{name}` already; give another name by --name, or replace it by --force"
        )));
    }
    let mut secrets = Vec::new();
    let table = table(place, sheet, &mut secrets);
    match profiles.get_mut(name) {
        // Its place and the comment before it stay.
        Some(Item::Table(old)) => {
            old.clear();
            for (key, item) in table {
                old.insert(&key, item);
            }
        }
        _ => {
            profiles.insert(name, Item::Table(table));
        }
    }
    Ok(Addition {
        text: document.to_string(),
        secrets,
    })
}

fn table(place: Place<'_>, sheet: &Sheet, secrets: &mut Vec<(PathBuf, Key, Secret)>) -> Table {
    let mut table = Table::new();
    for (key, given) in sheet.given() {
        let text = given.value.reveal();
        let item = if is_plain_secret(key, text) {
            let path = place.secrets.join(key.name());
            let reference = format!("${{file:{}}}", path.display());
            secrets.push((path, key, given.value.clone()));
            Value::from(reference)
        } else {
            match key.kind() {
                Kind::Path => Value::from((place.absolute)(text, &given.origin)),
                Kind::Truth if ["true", "false"].contains(&text) => Value::from(text == "true"),
                Kind::Text | Kind::Secret | Kind::Truth | Kind::Url | Kind::List | Kind::Lines => {
                    Value::from(text)
                }
            }
        };
        table.insert(key.name(), value(item));
    }
    for (format, topics, given) in sheet.schemas() {
        let family = match format {
            SchemaFormat::Avro => "schemas.avro",
            SchemaFormat::Protobuf => "schemas.proto",
        };
        let path = (place.absolute)(given.value.reveal(), &given.origin);
        table.insert(&format!("{family}.{topics}"), value(path));
    }
    table
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::sheet::Author;
    use super::*;

    fn sheet(settings: &[(&str, &str)]) -> Sheet {
        let mut sheet = Sheet::default();
        for (name, value) in settings {
            let origin = Origin::line(&Arc::from("x"), 1);
            sheet
                .put(name, &[Secret::new(value)], origin, Author::Anybody)
                .unwrap();
        }
        sheet
    }

    fn added(text: &str, name: &str, existing: Existing) -> Result<Addition, ProfileError> {
        let place = Place {
            text,
            file: "config.toml",
            secrets: Path::new("/c/secrets/a"),
            absolute: &|path, _| format!("/abs/{path}"),
        };
        let sheet = sheet(&[
            ("bootstrap.servers", "x:1"),
            ("sasl.password", "hunter2"),
            ("ssl.key.password", "${env:K}"),
            ("ssl.ca.location", "ca.pem"),
            ("dial.via", "socks5://me:hunter3@p:1"),
        ]);
        add(place, name, &sheet, existing)
    }

    const NEW: &str = "[profiles.a]\n\"bootstrap.servers\" = \"x:1\"\n\
        \"sasl.password\" = \"${file:/c/secrets/a/sasl.password}\"\n\"ssl.ca.location\" = \"/abs/ca.pem\"\n\
        \"ssl.key.password\" = \"${env:K}\"\n\"dial.via\" = \"${file:/c/secrets/a/dial.via}\"\n";

    #[test]
    fn a_profile_is_added_and_all_else_stays() {
        let before = "# mine\ntheme = \"dark\" # always\n\n[profiles.b] # other\nsecurity.protocol = \"SSL\"\n";
        let addition = added(before, "a", Existing::Keep).unwrap();
        assert_eq!(addition.text, format!("{before}\n{NEW}"));
        let secrets: Vec<_> = addition
            .secrets
            .iter()
            .map(|(path, _, secret)| (path.display().to_string(), secret.reveal().to_owned()))
            .collect();
        let wanted = [
            ("/c/secrets/a/sasl.password", "hunter2"),
            ("/c/secrets/a/dial.via", "socks5://me:hunter3@p:1"),
        ];
        assert_eq!(
            secrets,
            wanted.map(|(path, secret)| (path.to_owned(), secret.to_owned()))
        );
        assert_eq!(added("", "a", Existing::Keep).unwrap().text, NEW);
    }

    #[test]
    fn a_profile_of_that_name_is_replaced_only_when_asked() {
        let before = "# first\n[profiles.a]\ncolor = \"red\"\n\n# second\n[profiles.b]\n";
        let error = added(before, "a", Existing::Keep).unwrap_err().to_string();
        assert_eq!(
            error,
            "config.toml: there is a profile `a` already; give another name by --name, or replace it by --force"
        );
        let text = added(before, "a", Existing::Replace).unwrap().text;
        assert_eq!(text, format!("# first\n{NEW}\n# second\n[profiles.b]\n"));
    }

    #[test]
    fn a_file_that_is_broken_or_written_on_one_line_is_left_alone() {
        assert!(added("a = ", "a", Existing::Keep).is_err());
        assert!(added("profiles = { b = {} }", "a", Existing::Keep).is_err());
    }
}
