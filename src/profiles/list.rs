//! `lookout profiles list`: what the profiles say. Nothing is dialled and no secret read.

use serde_json::{Value, json};

use super::{Format, JSON_VERSION, Place, Said, columns};
use crate::config::last;
use crate::config::profile::{ProfileError, name_of};
use crate::config::property::Key;
use crate::config::sheet::Sheet;

/// The profiles.
pub fn list(place: Place<'_>, format: Format) -> Said {
    let clusters = place.clusters;
    let last = place.paths.state_dir.as_deref().and_then(last::read);
    let all: Vec<(&str, Result<Sheet, ProfileError>)> = clusters
        .names()
        .map(|name| (name, clusters.profile(name)))
        .collect();
    let is_last = |name: &str| last.as_deref() == Some(name);
    let failed = all.iter().any(|(_, sheet)| sheet.is_err());
    let printed = match format {
        Format::Json => {
            let profiles: Vec<Value> = all
                .iter()
                .map(|(name, sheet)| as_json(name, sheet, is_last(name)))
                .collect();
            format!("{:#}\n", json!({ "version": JSON_VERSION, "profiles": profiles }))
        }
        Format::Text if all.is_empty() => {
            "there are no profiles; write one into config.toml, or take one over by `lookout profiles add FILE`\n".to_owned()
        }
        Format::Text => {
            let head = ["NAME", "BROKERS", "WAY IN", ""].map(str::to_owned).to_vec();
            let rows = all.iter().map(|(name, sheet)| row(name, sheet, is_last(name)));
            let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
            columns(&rows)
        }
    };
    Said {
        printed,
        failed,
        ..Said::default()
    }
}

fn shown(sheet: &Sheet, key: Key) -> Option<String> {
    sheet.get(key).map(|given| given.shown(key))
}

fn addresses(sheet: &Sheet) -> Vec<String> {
    let text = shown(sheet, Key::Bootstrap).unwrap_or_default();
    let addresses = text
        .split(',')
        .map(str::trim)
        .filter(|address| !address.is_empty());
    addresses.map(str::to_owned).collect()
}

fn protocol(sheet: &Sheet) -> String {
    shown(sheet, Key::SecurityProtocol).unwrap_or_else(|| "PLAINTEXT".to_owned())
}

fn is_true(sheet: &Sheet, key: Key) -> bool {
    shown(sheet, key).is_some_and(|text| text == "true")
}

fn row(name: &str, sheet: &Result<Sheet, ProfileError>, last: bool) -> Vec<String> {
    let sheet = match sheet {
        Ok(sheet) => sheet,
        Err(error) => return vec![name.to_owned(), "–".to_owned(), error.to_string()],
    };
    let mut way = protocol(sheet);
    if let Some(mechanism) = shown(sheet, Key::SaslMechanism) {
        way = format!("{way} {mechanism}");
    }
    let marks = [
        (is_true(sheet, Key::Production), "production"),
        (is_true(sheet, Key::Write), "write"),
        (last, "last used"),
    ];
    let marks: Vec<&str> = marks
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, mark)| *mark)
        .collect();
    vec![
        name.to_owned(),
        name_of(&addresses(sheet)),
        way,
        marks.join(", "),
    ]
}

fn as_json(name: &str, sheet: &Result<Sheet, ProfileError>, last: bool) -> Value {
    match sheet {
        Ok(sheet) => json!({
            "name": name,
            "bootstrap": addresses(sheet),
            "security_protocol": protocol(sheet),
            "sasl_mechanism": shown(sheet, Key::SaslMechanism),
            "production": is_true(sheet, Key::Production),
            "write": is_true(sheet, Key::Write),
            "last_used": last,
            "error": Value::Null,
        }),
        Err(error) => json!({ "name": name, "last_used": last, "error": error.to_string() }),
    }
}
