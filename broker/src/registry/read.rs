//! The questions to the registry: what is registered, under which id, whether something would fit.
//! Pure: an answer or a refusal from the state alone.

use serde_json::{Value, json};

use super::asked::{Asked, At, SchemaBody, Target, subject};
use super::level::Level;
use super::refusal::Refusal;
use super::schema::{self, Care, KINDS, Parsed};
use super::state::{Seen, State, Stored, Version};

/// An answer's body, or why there is none.
pub type Told = Result<Value, Refusal>;

/// Answers a question; `None` for what is none of them.
pub fn answer(state: &State, cluster_id: &str, asked: &Asked, target: &Target) -> Option<Told> {
    let path: Vec<&str> = target.path.iter().map(String::as_str).collect();
    let told = match (asked.method.as_str(), path.as_slice()) {
        ("GET", []) => Ok(json!({})),
        ("GET", ["subjects"]) => Ok(subjects(state, target)),
        ("GET", ["subjects", name, "versions"]) => versions(state, name, target),
        ("GET", ["subjects", name, "versions", at]) => version(state, name, at, target),
        ("GET", ["subjects", name, "versions", at, "schema"]) => text_of(state, name, at, target),
        ("GET", ["subjects", name, "versions", at, "referencedby"]) => {
            referenced(state, name, at, target)
        }
        ("POST", ["subjects", name]) => lookup(state, name, asked, target),
        ("GET", ["schemas"]) => Ok(schemas(state, target)),
        ("GET", ["schemas", "types"]) => Ok(json!(KINDS)),
        ("GET", ["schemas", "ids", id]) => by_id(state, id, target),
        ("GET", ["schemas", "ids", id, part]) => return part_of_id(state, id, part, target),
        ("POST", ["compatibility", "subjects", name, "versions"]) => {
            compatibility(state, name, None, asked, target)
        }
        ("POST", ["compatibility", "subjects", name, "versions", at]) => {
            compatibility(state, name, Some(at), asked, target)
        }
        ("GET", ["config"]) => Ok(config_value(state.level_of(None), state, None)),
        ("GET", ["config", name]) => config(state, name, target),
        ("GET", ["mode"]) => Ok(json!({"mode": state.mode_of(None)})),
        ("GET", ["mode", name]) => mode(state, name, target),
        ("GET", ["contexts"]) => Ok(json!(["."])),
        ("GET", ["v1", "metadata", "id"]) => Ok(json!({
            "scope": {"path": [], "clusters": {"kafka-cluster": cluster_id, "schema-registry-cluster": "schema-registry"}},
            "id": "",
        })),
        ("GET", ["v1", "metadata", "version"]) => Ok(json!({
            "version": env!("CARGO_PKG_VERSION"),
            "commitId": "",
        })),
        _ => return None,
    };
    Some(told)
}

fn seen(target: &Target) -> Seen {
    if target.flag("deletedOnly") {
        Seen::Deleted
    } else if target.flag("deleted") {
        Seen::All
    } else {
        Seen::Live
    }
}

/// The part of a list that `offset` and `limit` leave.
fn page<T>(all: impl Iterator<Item = T>, target: &Target) -> Vec<T> {
    let limit = target.number("limit").filter(|limit| *limit > 0);
    let offset = target.number("offset").unwrap_or(0);
    all.skip(offset).take(limit.unwrap_or(usize::MAX)).collect()
}

fn prefix(target: &Target) -> &str {
    let prefix = target.text("subjectPrefix").unwrap_or_default();
    let all = prefix.strip_prefix(":*:").unwrap_or(prefix);
    all.strip_prefix(":.:").unwrap_or(all)
}

fn subjects(state: &State, target: &Target) -> Value {
    let all = state.subjects(seen(target));
    let all = all.filter(|subject| subject.starts_with(prefix(target)));
    json!(page(all, target))
}

fn versions(state: &State, name: &str, target: &Target) -> Told {
    let name = subject(name)?;
    let all = state.versions(name, seen(target));
    if all.is_empty() {
        return Err(Refusal::no_subject(name));
    }
    Ok(json!(page(all.into_iter(), target)))
}

/// Finds a version that a path names.
pub fn find<'a>(
    state: &'a State,
    name: &str,
    at: &str,
    seen: Seen,
) -> Result<(i32, Version, &'a Stored), Refusal> {
    let at_what = At::read(at)?;
    let all = state.versions(name, seen);
    let wanted = match at_what {
        _ if all.is_empty() => return Err(Refusal::no_subject(name)),
        At::Latest => all.last().copied(),
        At::Version(version) => Some(version).filter(|version| all.contains(version)),
    };
    let found = wanted.and_then(|at| Some((at, state.stored(name, at)?)));
    let (version, (place, stored)) = found.ok_or_else(|| Refusal::no_version(at))?;
    Ok((version, place, stored))
}

/// A version as it is told.
fn told(name: &str, version: i32, id: i32, stored: &Stored) -> Value {
    let mut told = json!({"subject": name, "version": version, "id": id});
    add_schema(&mut told, stored);
    told
}

/// The parts that say what a schema is; those that say nothing are left out.
fn add_schema(told: &mut Value, stored: &Stored) {
    if stored.kind != "AVRO" {
        set(told, "schemaType", json!(stored.kind));
    }
    if !stored.references.is_empty() {
        set(told, "references", json!(stored.references));
    }
    for (key, value) in [
        ("metadata", &stored.metadata),
        ("ruleSet", &stored.rule_set),
    ] {
        if let Some(value) = value {
            set(told, key, value.clone());
        }
    }
    set(told, "schema", json!(stored.text));
}

fn set(told: &mut Value, key: &str, value: Value) {
    if let Some(map) = told.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

fn version(state: &State, name: &str, at: &str, target: &Target) -> Told {
    let name = subject(name)?;
    let (version, place, stored) = find(state, name, at, seen(target))?;
    let stored = formatted(state, stored, target)?;
    Ok(told(name, version, place.id, &stored))
}

/// A schema's text alone: JSON as it is, anything else as a JSON text.
fn text_value(stored: &Stored) -> Value {
    let text = || Value::from(stored.text.as_str());
    match stored.kind.as_str() {
        "PROTOBUF" => text(),
        _ => serde_json::from_str(&stored.text).unwrap_or_else(|_| text()),
    }
}

fn text_of(state: &State, name: &str, at: &str, target: &Target) -> Told {
    let name = subject(name)?;
    let (_, _, stored) = find(state, name, at, seen(target))?;
    Ok(text_value(&*formatted(state, stored, target)?))
}

/// The schema in the form that `format` asks for.
fn formatted<'a>(
    state: &State,
    stored: &'a Stored,
    target: &Target,
) -> Result<std::borrow::Cow<'a, Stored>, Refusal> {
    let wanted = target.text("format").unwrap_or_default();
    let told = schema::formatted(stored, state, wanted);
    told.map_err(Refusal::invalid_schema)
}

fn referenced(state: &State, name: &str, at: &str, target: &Target) -> Told {
    let name = subject(name)?;
    let (version, ..) = find(state, name, at, Seen::All)?;
    let seen = seen(target);
    Ok(json!(state.referring_to(name, version, seen)))
}

/// A schema of a request's body, as it would be stored.
pub fn described(asked: &Asked) -> Result<(Stored, SchemaBody), Refusal> {
    let body: SchemaBody = asked.body()?;
    let text = body.schema.clone().unwrap_or_default();
    if text.trim().is_empty() {
        return Err(Refusal::invalid_schema("Empty schema"));
    }
    let kind = body
        .schema_type
        .clone()
        .unwrap_or_else(|| "AVRO".to_owned());
    let some = |value: &Option<Value>| value.clone().filter(|value| !value.is_null());
    let stored = Stored {
        kind,
        text,
        references: body.references.clone().unwrap_or_default(),
        metadata: some(&body.metadata),
        rule_set: some(&body.rule_set),
    };
    Ok((stored, body))
}

/// Reads a new schema; in return its text is in the one form in which it is stored.
pub fn read_new(
    state: &State,
    name: &str,
    stored: &mut Stored,
    normal: bool,
) -> Result<Parsed, Refusal> {
    for reference in &mut stored.references {
        if reference.version == -1
            && let Some(latest) = state.versions(&reference.subject, Seen::Live).last()
        {
            reference.version = *latest;
        }
    }
    let parsed = Parsed::read(stored, state, Care::New).map_err(|why| {
        let kind = &stored.kind;
        Refusal::invalid_schema(format_args!(
            "Invalid schema of type {kind} for subject '{name}', details: {why}"
        ))
    })?;
    stored.text = parsed.text(normal);
    Ok(parsed)
}

fn lookup(state: &State, name: &str, asked: &Asked, target: &Target) -> Told {
    let name = subject(name)?;
    let (mut stored, _) = described(asked)?;
    let all = state.versions(name, seen(target));
    if all.is_empty() {
        return Err(Refusal::no_subject(name));
    }
    let normal = target.flag("normalize") || state.normalizes(name);
    read_new(state, name, &mut stored, normal)?;
    let print = stored.fingerprint();
    for version in all.into_iter().rev() {
        let Some((place, found)) = state.stored(name, version) else {
            continue;
        };
        if found.fingerprint() == print {
            let found = formatted(state, found, target)?;
            return Ok(told(name, version, place.id, &found));
        }
    }
    Err(Refusal::no_schema_at_all("Schema not found"))
}

fn schemas(state: &State, target: &Target) -> Value {
    let mut all = Vec::new();
    let seen = seen(target);
    for name in state
        .subjects(seen)
        .filter(|name| name.starts_with(prefix(target)))
    {
        let mut versions = state.versions(name, seen);
        if target.flag("latestOnly") {
            versions.drain(..versions.len().saturating_sub(1));
        }
        let known = versions.into_iter();
        all.extend(known.filter_map(|at| Some((name, at, state.stored(name, at)?))));
    }
    let one = |(name, at, (place, stored)): (&str, i32, (Version, &std::sync::Arc<Stored>))| {
        told(name, at, place.id, stored)
    };
    json!(page(all.into_iter().map(one), target))
}

fn known_id<'a>(state: &'a State, id: &str) -> Result<(i32, &'a Stored), Refusal> {
    let number: i32 = id.parse().map_err(|_| {
        // A path that names no id is a path that is not there, as with other registries.
        Refusal::not_found("HTTP 404 Not Found")
    })?;
    let found = state.schema(number).ok_or_else(|| Refusal::no_id(number))?;
    Ok((number, found))
}

fn by_id(state: &State, id: &str, target: &Target) -> Told {
    let (_, stored) = known_id(state, id)?;
    let mut told = json!({});
    add_schema(&mut told, &*formatted(state, stored, target)?);
    if target.flag("fetchMaxId") {
        set(&mut told, "maxId", json!(state.last_id()));
    }
    Ok(told)
}

fn part_of_id(state: &State, id: &str, part: &str, target: &Target) -> Option<Told> {
    if !["schema", "subjects", "versions"].contains(&part) {
        return None;
    }
    Some(known_id(state, id).and_then(|(number, stored)| {
        if part == "schema" {
            return Ok(text_value(&*formatted(state, stored, target)?));
        }
        let places = state.places_of(number, seen(target));
        if part == "versions" {
            let places = places.into_iter();
            let told = places.map(|(name, at)| json!({"subject": name, "version": at}));
            return Ok(json!(page(told, target)));
        }
        let mut names: Vec<&str> = places.into_iter().map(|(name, _)| name).collect();
        names.dedup();
        Ok(json!(page(names.into_iter(), target)))
    }))
}

fn compatibility(
    state: &State,
    name: &str,
    at: Option<&str>,
    asked: &Asked,
    target: &Target,
) -> Told {
    let name = subject(name)?;
    let (mut stored, _) = described(asked)?;
    let all = state.versions(name, Seen::Live);
    let older = match at.map(At::read).transpose()? {
        None => all,
        Some(At::Latest) => all.last().copied().into_iter().collect(),
        Some(At::Version(version)) if all.contains(&version) => vec![version],
        Some(At::Version(version)) => return Err(Refusal::no_version(version)),
    };
    let new = read_new(state, name, &mut stored, target.flag("normalize"))?;
    let objections = objections(state, name, &new, &older)?;
    let mut told = json!({"is_compatible": objections.is_empty()});
    if target.flag("verbose") {
        set(&mut told, "messages", json!(objections));
    }
    Ok(told)
}

/// What the level in force objects to between a new schema and these versions, the latest last.
pub fn objections(
    state: &State,
    name: &str,
    new: &Parsed,
    versions: &[i32],
) -> Result<Vec<String>, Refusal> {
    let level = state.level_of(Some(name));
    if level == Level::None {
        return Ok(Vec::new());
    }
    let count = if level.is_transitive() {
        versions.len()
    } else {
        1
    };
    let mut older = Vec::with_capacity(count);
    for version in versions.iter().rev().take(count).rev() {
        if let Some((_, stored)) = state.stored(name, *version) {
            let parsed = Parsed::read(stored, state, Care::Registered).map_err(|why| {
                Refusal::store(format_args!(
                    "'{name}' version {version} cannot be read: {why}"
                ))
            })?;
            older.push(parsed);
        }
    }
    let mut found = schema::objections(level, new, &older);
    if !found.is_empty() {
        found.push(format!("{{compatibility: '{}'}}", word(&level)));
    }
    Ok(found)
}

/// How a level is written.
pub fn word(level: &Level) -> String {
    let word = serde_json::to_value(level).unwrap_or_default();
    word.as_str().unwrap_or_default().to_owned()
}

/// A level as it is told, with what else is set.
pub fn config_value(level: Level, state: &State, name: Option<&str>) -> Value {
    let mut told = json!({"compatibilityLevel": level});
    if let Some(normalize) = state.config(name).and_then(|config| config.normalize) {
        set(&mut told, "normalize", json!(normalize));
    }
    told
}

fn config(state: &State, name: &str, target: &Target) -> Told {
    let name = subject(name)?;
    match state
        .config(Some(name))
        .and_then(|config| config.compatibility_level)
    {
        Some(level) => Ok(config_value(level, state, Some(name))),
        None if target.flag("defaultToGlobal") => {
            Ok(config_value(state.level_of(Some(name)), state, None))
        }
        None => Err(Refusal::no_level_of_subject(format_args!(
            "Subject '{name}' does not have subject-level compatibility configured"
        ))),
    }
}

fn mode(state: &State, name: &str, target: &Target) -> Told {
    let name = subject(name)?;
    match state.mode(Some(name)) {
        Some(mode) => Ok(json!({"mode": mode})),
        None if target.flag("defaultToGlobal") => Ok(json!({"mode": state.mode_of(Some(name))})),
        None => Err(Refusal::no_mode_of_subject(format_args!(
            "Subject '{name}' does not have subject-level mode configured"
        ))),
    }
}

/// How a version is named where references to it stand in the way.
pub fn key_text(name: &str, version: i32) -> String {
    format!("{{magic=1,keytype=SCHEMA,subject={name},version={version}}}")
}
