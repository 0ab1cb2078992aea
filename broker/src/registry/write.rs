//! The changes of the registry: what is to be written to `_schemas`, and what is answered once it is
//! there. Pure: decided from the state alone, by whoever leads the topic, one after the other.

use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::{Asked, At, SchemaBody, Target, subject};
use super::level::{Level, Mode};
use super::read;
use super::record::{ConfigValue, DeleteValue, Entry, Key, ModeValue, SchemaValue};
use super::refusal::Refusal;
use super::state::{Seen, State, Stored};

/// What a change comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Records to write; none where nothing changes.
    pub entries: Vec<Entry>,
    /// What is answered once they are there.
    pub answer: Value,
}

/// Why nothing is changed.
pub type Decided = Result<Decision, Refusal>;

/// What a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    /// A schema is registered under a subject.
    Register(&'a str),
    /// A subject is deleted.
    DeleteSubject(&'a str),
    /// A version is deleted.
    DeleteVersion(&'a str, &'a str),
    /// A level is set, of a subject or of all.
    SetConfig(Option<&'a str>),
    /// … and taken back.
    DeleteConfig(Option<&'a str>),
    /// A mode is set, of a subject or of all.
    SetMode(Option<&'a str>),
    /// … and taken back.
    DeleteMode(Option<&'a str>),
}

impl<'a> Change<'a> {
    /// What a request changes; `None` for what changes nothing.
    pub fn of(method: &str, target: &'a Target) -> Option<Self> {
        let path: Vec<&'a str> = target.path.iter().map(String::as_str).collect();
        Some(match (method, path.as_slice()) {
            ("POST", ["subjects", name, "versions"]) => Self::Register(name),
            ("DELETE", ["subjects", name]) => Self::DeleteSubject(name),
            ("DELETE", ["subjects", name, "versions", at]) => Self::DeleteVersion(name, at),
            ("PUT", ["config"]) => Self::SetConfig(None),
            ("PUT", ["config", name]) => Self::SetConfig(Some(name)),
            ("DELETE", ["config"]) => Self::DeleteConfig(None),
            ("DELETE", ["config", name]) => Self::DeleteConfig(Some(name)),
            ("PUT", ["mode"]) => Self::SetMode(None),
            ("PUT", ["mode", name]) => Self::SetMode(Some(name)),
            ("DELETE", ["mode"]) => Self::DeleteMode(None),
            ("DELETE", ["mode", name]) => Self::DeleteMode(Some(name)),
            _ => return None,
        })
    }
}

/// Decides a change.
pub fn decide(state: &State, change: Change<'_>, asked: &Asked, target: &Target) -> Decided {
    match change {
        Change::Register(name) => register(state, subject(name)?, asked, target),
        Change::DeleteSubject(name) => delete_subject(state, subject(name)?, target),
        Change::DeleteVersion(name, at) => delete_version(state, subject(name)?, at, target),
        Change::SetConfig(name) => set_config(name.map(subject).transpose()?, asked),
        Change::DeleteConfig(name) => delete_config(state, name.map(subject).transpose()?),
        Change::SetMode(name) => set_mode(state, name.map(subject).transpose()?, asked, target),
        Change::DeleteMode(name) => delete_mode(state, name.map(subject).transpose()?),
    }
}

/// What cannot be written as JSON cannot be stored.
fn unwritable(error: serde_json::Error) -> Refusal {
    Refusal::store(error)
}

fn writable(state: &State, name: &str) -> Result<Mode, Refusal> {
    let mode = state.mode_of(Some(name));
    if mode.is_read_only() {
        let why = format_args!("Subject {name} is in read-only mode");
        return Err(Refusal::not_permitted(why));
    }
    Ok(mode)
}

fn register(state: &State, name: &str, asked: &Asked, target: &Target) -> Decided {
    let (mut stored, body) = read::described(asked)?;
    let normal = target.flag("normalize") || state.normalizes(name);
    let new = read::read_new(state, name, &mut stored, normal)?;
    let print = stored.fingerprint();
    let live = state.versions(name, Seen::Live);
    let known = live.iter().rev().find_map(|version| {
        let (place, found) = state.stored(name, *version)?;
        (found.fingerprint() == print).then_some((*version, place.id))
    });
    let asks =
        |given: Option<i32>, known: i32| given.is_none_or(|given| given < 0 || given == known);
    if let Some((version, id)) = known
        && asks(body.id, id)
        && asks(body.version.filter(|version| *version > 0), version)
    {
        return Ok(Decision {
            entries: Vec::new(),
            answer: json!({"id": id}),
        });
    }
    let (version, id) = match writable(state, name)? {
        Mode::Import => imported(state, name, &stored, &body)?,
        _ if body.id.is_some_and(|id| id >= 0) => {
            let why = format_args!("Subject {name} is not in import mode");
            return Err(Refusal::not_permitted(why));
        }
        _ => {
            let objections = read::objections(state, name, &new, &live)?;
            if !objections.is_empty() {
                let why = objections.join("; ");
                return Err(Refusal::incompatible(format_args!(
                    "Schema being registered is incompatible with an earlier schema for subject \
                     \"{name}\", details: [{why}]"
                )));
            }
            let id = state
                .id_of(&print)
                .unwrap_or(state.last_id().saturating_add(1));
            (next_version(state, name, &body)?, id)
        }
    };
    let value = SchemaValue {
        subject: name.to_owned(),
        version,
        id,
        schema_type: Some(stored.kind).filter(|kind| kind != "AVRO"),
        references: Some(stored.references).filter(|all| !all.is_empty()),
        metadata: stored.metadata,
        rule_set: stored.rule_set,
        schema: stored.text,
        deleted: false,
    };
    Ok(Decision {
        entries: vec![Entry::set(&Key::schema(name, version), &value).map_err(unwritable)?],
        answer: json!({"id": id}),
    })
}

fn next_version(state: &State, name: &str, body: &SchemaBody) -> Result<i32, Refusal> {
    let last = state.versions(name, Seen::All).last().copied().unwrap_or(0);
    let next = last.saturating_add(1);
    match body.version {
        Some(version @ 1..) if version != next => Err(Refusal::invalid_schema(format_args!(
            "Version is not one more than previous version {last}"
        ))),
        _ => Ok(next),
    }
}

/// Version and id of a schema that brings its id along.
fn imported(
    state: &State,
    name: &str,
    stored: &Stored,
    body: &SchemaBody,
) -> Result<(i32, i32), Refusal> {
    let Some(id @ 1..) = body.id else {
        let why = format_args!("Subject {name} is in import mode: a schema comes with its id");
        return Err(Refusal::not_permitted(why));
    };
    let other = state
        .schema(id)
        .filter(|known| known.fingerprint() != stored.fingerprint());
    if other.is_some() {
        let why = format_args!("Overwrite new schema with id {id} is not permitted.");
        return Err(Refusal::not_permitted(why));
    }
    let last = state.versions(name, Seen::All).last().copied().unwrap_or(0);
    let version = body.version.filter(|version| *version > 0);
    Ok((version.unwrap_or(last.saturating_add(1)), id))
}

/// Nothing that others in use refer to goes.
fn unreferred(state: &State, name: &str, version: i32, permanent: bool) -> Result<(), Refusal> {
    let seen = if permanent { Seen::All } else { Seen::Live };
    if state.referring_to(name, version, seen).is_empty() {
        return Ok(());
    }
    Err(Refusal::reference_exists(format_args!(
        "One or more references exist to the schema {}.",
        read::key_text(name, version)
    )))
}

fn delete_subject(state: &State, name: &str, target: &Target) -> Decided {
    writable(state, name)?;
    let permanent = target.flag("permanent");
    let all = state.versions(name, Seen::All);
    let live = state.versions(name, Seen::Live);
    let Some(last) = all.last().copied() else {
        return Err(Refusal::no_subject(name));
    };
    match (permanent, live.is_empty()) {
        (false, true) => {
            return Err(Refusal::subject_soft_deleted(format_args!(
                "Subject '{name}' was soft deleted.Set permanent=true to delete permanently"
            )));
        }
        (true, false) => {
            return Err(Refusal::subject_not_soft_deleted(format_args!(
                "Subject '{name}' was not deleted first before being permanently deleted"
            )));
        }
        _ => {}
    }
    let going = if permanent { all } else { live };
    for version in &going {
        unreferred(state, name, *version, permanent)?;
    }
    let mut entries = Vec::new();
    if permanent {
        for version in &going {
            entries.push(Entry::removed(&Key::schema(name, *version)).map_err(unwritable)?);
        }
        entries.push(Entry::removed(&Key::delete_subject(name)).map_err(unwritable)?);
    } else {
        let value = DeleteValue {
            subject: name.to_owned(),
            version: last,
        };
        entries.push(Entry::set(&Key::delete_subject(name), &value).map_err(unwritable)?);
        let own = Some(name);
        if state.mode(own).is_some() {
            entries.push(Entry::removed(&Key::mode(own)).map_err(unwritable)?);
        }
        if state.config(own).is_some() {
            entries.push(Entry::removed(&Key::config(own)).map_err(unwritable)?);
        }
    }
    Ok(Decision {
        entries,
        answer: json!(going),
    })
}

fn delete_version(state: &State, name: &str, at: &str, target: &Target) -> Decided {
    writable(state, name)?;
    let permanent = target.flag("permanent");
    // The latest is one that lives, as long as any does.
    let lives =
        !permanent && At::read(at)? == At::Latest && !state.versions(name, Seen::Live).is_empty();
    let seen = if lives { Seen::Live } else { Seen::All };
    let (version, place, stored) = read::find(state, name, at, seen)?;
    match (permanent, place.deleted) {
        (false, true) => {
            return Err(Refusal::version_soft_deleted(format_args!(
                "Subject '{name}' Version {version} was soft deleted.Set permanent=true to delete permanently"
            )));
        }
        (true, false) => {
            return Err(Refusal::version_not_soft_deleted(format_args!(
                "Subject '{name}' Version {version} was not deleted first before being permanently deleted"
            )));
        }
        _ => {}
    }
    unreferred(state, name, version, permanent)?;
    let key = Key::schema(name, version);
    let entry = if permanent {
        Entry::removed(&key)
    } else {
        let value = SchemaValue {
            subject: name.to_owned(),
            version,
            id: place.id,
            schema_type: Some(stored.kind.clone()).filter(|kind| kind != "AVRO"),
            references: Some(stored.references.clone()).filter(|all| !all.is_empty()),
            metadata: stored.metadata.clone(),
            rule_set: stored.rule_set.clone(),
            schema: stored.text.clone(),
            deleted: true,
        };
        Entry::set(&key, &value)
    };
    Ok(Decision {
        entries: vec![entry.map_err(unwritable)?],
        answer: json!(version),
    })
}

/// The body of `PUT /config`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigBody {
    compatibility: Option<String>,
    compatibility_level: Option<String>,
    normalize: Option<bool>,
}

fn set_config(name: Option<&str>, asked: &Asked) -> Decided {
    let body: ConfigBody = asked.body()?;
    let word = body.compatibility.or(body.compatibility_level);
    let level = match word.as_deref().map(Level::named) {
        Some(Some(level)) => Some(level),
        None if body.normalize.is_some() => None,
        _ => {
            return Err(Refusal::invalid_level(
                "Invalid compatibility level. Valid values are none, backward, forward, full, \
                 backward_transitive, forward_transitive, and full_transitive",
            ));
        }
    };
    let value = ConfigValue {
        compatibility_level: level,
        normalize: body.normalize,
    };
    let mut answer = serde_json::Map::new();
    if let Some(level) = level {
        answer.insert("compatibility".to_owned(), json!(level));
    }
    if let Some(normalize) = body.normalize {
        answer.insert("normalize".to_owned(), json!(normalize));
    }
    Ok(Decision {
        entries: vec![Entry::set(&Key::config(name), &value).map_err(unwritable)?],
        answer: Value::Object(answer),
    })
}

fn delete_config(state: &State, name: Option<&str>) -> Decided {
    let level = match (name, state.config(name)) {
        (Some(name), None) => return Err(Refusal::no_subject(name)),
        (_, config) => config.and_then(|config| config.compatibility_level),
    };
    Ok(Decision {
        entries: vec![Entry::removed(&Key::config(name)).map_err(unwritable)?],
        answer: read::config_value(level.unwrap_or_default(), state, name),
    })
}

/// The body of `PUT /mode`.
#[derive(Debug, Deserialize)]
struct ModeBody {
    mode: Option<String>,
}

fn set_mode(state: &State, name: Option<&str>, asked: &Asked, target: &Target) -> Decided {
    let body: ModeBody = asked.body()?;
    let mode = body.mode.as_deref().and_then(Mode::named);
    let mode = mode.ok_or_else(|| {
        Refusal::invalid_mode(
            "Invalid mode. Valid values are READWRITE, READONLY, READONLY_OVERRIDE and IMPORT",
        )
    })?;
    let filled = match name {
        Some(name) => !state.versions(name, Seen::Live).is_empty(),
        None => state.subjects(Seen::Live).next().is_some(),
    };
    if mode == Mode::Import && state.mode_of(name) != mode && filled && !target.flag("force") {
        return Err(Refusal::not_permitted(
            "Cannot import since found existing subjects",
        ));
    }
    Ok(Decision {
        entries: vec![Entry::set(&Key::mode(name), &ModeValue { mode }).map_err(unwritable)?],
        answer: json!({"mode": mode}),
    })
}

fn delete_mode(state: &State, name: Option<&str>) -> Decided {
    let mode = match (name, state.mode(name)) {
        (Some(name), None) => return Err(Refusal::no_subject(name)),
        (_, mode) => mode,
    };
    Ok(Decision {
        entries: vec![Entry::removed(&Key::mode(name)).map_err(unwritable)?],
        answer: json!({"mode": mode.unwrap_or_default()}),
    })
}
