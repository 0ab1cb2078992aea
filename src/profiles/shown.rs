//! `lookout config`: every setting that holds, and where it comes from. Reads no secret: what is hidden stays unread.

use serde_json::{Value, json};

use super::{Format, JSON_VERSION, Place, Said, Unnamed, columns};
use crate::config::choice::{Choice, Chosen, PRACTICE};
use crate::config::origin::Origin;
use crate::config::outside::Outside;
use crate::config::profile::{CLIENT_ID, ProfileError};
use crate::config::property::Key;
use crate::config::settings::Settings;
use crate::config::sheet::{SchemaFormat, Sheet};

/// Whether to say where values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origins {
    Shown,
    Hidden,
}

/// Name, value and origin.
type Row = (String, String, Origin);

/// The settings that hold for the cluster that would be opened.
pub fn show(
    place: Place<'_>,
    settings: &Settings,
    (format, origins): (Format, Origins),
    outside: &dyn Outside,
) -> Result<Said, ProfileError> {
    let mut rows = Vec::new();
    let mut notices = Vec::new();
    match place.choose(Unnamed::Last, outside)? {
        Chosen::Practice => rows.push(("profile".to_owned(), PRACTICE.to_owned(), Origin::Default)),
        Chosen::Nothing { notices: said } => {
            notices = said;
            notices.push("no cluster is named; `lookout` opens the practice cluster".to_owned());
        }
        Chosen::Cluster(choice) => {
            notices.clone_from(&choice.notices);
            notices.extend(choice.sheet.idle_notice());
            rows.extend(of_cluster(&choice));
        }
    }
    let looks = settings.looks();
    rows.extend(looks.map(|(name, value, origin)| (name.to_owned(), value, origin.clone())));
    let printed = match format {
        Format::Json => as_json(&rows),
        Format::Text => as_text(&rows, origins),
    };
    Ok(Said {
        printed,
        notices,
        failed: false,
    })
}

fn of_cluster(choice: &Choice) -> Vec<Row> {
    let sheet = &choice.sheet;
    let named = choice.profile.iter();
    let mut rows: Vec<Row> = named
        .map(|(name, origin)| ("profile".to_owned(), name.clone(), origin.clone()))
        .collect();
    for key in Key::all() {
        if let Some(given) = sheet.get(key) {
            let origin = given.origin.clone();
            rows.push((key.name().to_owned(), given.shown(key), origin));
        } else if let Some(value) = default(sheet, key) {
            rows.push((key.name().to_owned(), value.to_owned(), Origin::Default));
        }
    }
    for (format, topics, given) in sheet.schemas() {
        let family = match format {
            SchemaFormat::Avro => "schemas.avro",
            SchemaFormat::Protobuf => "schemas.proto",
        };
        let name = format!("{family}.{topics}");
        rows.push((name, given.value.reveal().to_owned(), given.origin.clone()));
    }
    rows
}

/// What holds where nothing is given and something must.
fn default(sheet: &Sheet, key: Key) -> Option<&'static str> {
    let protocol = sheet
        .get(Key::SecurityProtocol)
        .map(|given| given.value.reveal());
    let is_tls = protocol.is_some_and(|protocol| protocol.to_ascii_uppercase().ends_with("SSL"));
    match key {
        Key::ClientId => Some(CLIENT_ID),
        Key::SecurityProtocol => Some("PLAINTEXT"),
        Key::Identification if is_tls => Some("https"),
        Key::Verification if is_tls => Some("true"),
        Key::Production | Key::Write => Some("false"),
        _ => None,
    }
}

fn as_text(rows: &[Row], origins: Origins) -> String {
    if origins == Origins::Hidden {
        let lines = rows
            .iter()
            .map(|(name, value, _)| format!("{name} = {value}\n"));
        return lines.collect();
    }
    let head = ["SETTING", "VALUE", "FROM"].map(str::to_owned).to_vec();
    let lines = rows
        .iter()
        .map(|(name, value, origin)| vec![name.clone(), value.clone(), origin.to_string()]);
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(lines).collect();
    columns(&lines)
}

fn as_json(rows: &[Row]) -> String {
    let settings: Vec<Value> = rows
        .iter()
        .map(|(name, value, origin)| {
            json!({ "name": name, "value": value, "origin": origin.to_string() })
        })
        .collect();
    format!(
        "{:#}\n",
        json!({ "version": JSON_VERSION, "settings": settings })
    )
}
