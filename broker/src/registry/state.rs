//! The registry as of one record of `_schemas`: schemas by id, subjects with their versions, levels and
//! modes. Pure: records change it, in their order, and nothing else does.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use ring::digest::{SHA256, digest};
use serde_json::Value;

use super::level::{Level, Mode};
use super::record::{ConfigValue, DeleteValue, Key, ModeValue, Reference, SchemaValue};

/// What one id stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// `AVRO`, `PROTOBUF` or `JSON`.
    pub kind: String,
    /// The text.
    pub text: String,
    /// What it refers to.
    pub references: Vec<Reference>,
    /// Kept as it came.
    pub metadata: Option<Value>,
    /// Kept as it came.
    pub rule_set: Option<Value>,
}

/// What makes two schemas the same.
pub type Fingerprint = [u8; 32];

impl Stored {
    /// Of type, text, references and what is kept with them.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut references = self.references.clone();
        references.sort();
        let extra = |value: &Option<Value>| value.as_ref().map(Value::to_string);
        // The order of keys makes no other JSON.
        let json = (self.kind == "JSON").then(|| serde_json::from_str::<Value>(&self.text).ok());
        let text = json
            .flatten()
            .map_or_else(|| self.text.clone(), |json| json.to_string());
        let whole = (
            &self.kind,
            &text,
            references,
            extra(&self.metadata),
            extra(&self.rule_set),
        );
        let whole = serde_json::to_vec(&whole).unwrap_or_default();
        let mut print = [0; 32];
        for (to, from) in print.iter_mut().zip(digest(&SHA256, &whole).as_ref()) {
            *to = *from;
        }
        print
    }
}

/// One version of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// The schema's id.
    pub id: i32,
    /// Soft-deleted.
    pub deleted: bool,
}

/// Which versions are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Those that live.
    Live,
    /// The soft-deleted ones too.
    All,
    /// The soft-deleted ones alone.
    Deleted,
}

impl Seen {
    /// Whether a version is among them.
    pub fn has(self, version: Version) -> bool {
        match self {
            Self::Live => !version.deleted,
            Self::All => true,
            Self::Deleted => version.deleted,
        }
    }
}

/// Everything that was registered and not removed.
#[derive(Debug, Clone, Default)]
pub struct State {
    schemas: BTreeMap<i32, Arc<Stored>>,
    prints: HashMap<Fingerprint, i32>,
    subjects: BTreeMap<String, BTreeMap<i32, Version>>,
    configs: BTreeMap<Option<String>, ConfigValue>,
    modes: BTreeMap<Option<String>, Mode>,
    last_id: i32,
}

impl State {
    /// Takes one record in; the error says why it means nothing here.
    pub fn take(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), String> {
        let key: Key = serde_json::from_slice(key).map_err(|error| format!("its key: {error}"))?;
        match key {
            Key::Schema {
                subject, version, ..
            } => match read::<SchemaValue>(value)? {
                Some(value) => self.put(&subject, version, value),
                None => self.remove(&subject, version),
            },
            Key::Config { subject, .. } => set(&mut self.configs, subject, read(value)?),
            Key::Mode { subject, .. } => {
                let mode: Option<ModeValue> = read(value)?;
                set(&mut self.modes, subject, mode.map(|value| value.mode));
            }
            Key::DeleteSubject { subject, .. } => self.delete(&subject, read(value)?.as_ref()),
            Key::ClearSubject { subject, .. } => self.clear(&subject, read(value)?.as_ref()),
            Key::Noop { .. } => {}
        }
        Ok(())
    }

    fn delete(&mut self, subject: &str, value: Option<&DeleteValue>) {
        let Some(version) = value.map(|value| value.version) else {
            return;
        };
        let versions = self.subjects.get_mut(subject).into_iter().flatten();
        for (_, gone) in versions.filter(|(at, _)| **at <= version) {
            gone.deleted = true;
        }
    }

    fn clear(&mut self, subject: &str, value: Option<&DeleteValue>) {
        let Some(version) = value.map(|value| value.version) else {
            return;
        };
        for at in self.versions(subject, Seen::All) {
            if at <= version {
                self.remove(subject, at);
            }
        }
    }

    fn put(&mut self, subject: &str, version: i32, value: SchemaValue) {
        let id = value.id;
        let stored = Stored {
            kind: value.schema_type.unwrap_or_else(|| "AVRO".to_owned()),
            text: value.schema,
            references: value.references.unwrap_or_default(),
            metadata: value.metadata,
            rule_set: value.rule_set,
        };
        let versions = self.subjects.entry(subject.to_owned()).or_default();
        let deleted = value.deleted;
        let before = versions.insert(version, Version { id, deleted });
        self.last_id = self.last_id.max(id);
        self.prints.entry(stored.fingerprint()).or_insert(id);
        self.schemas.entry(id).or_insert_with(|| Arc::new(stored));
        if let Some(before) = before.filter(|before| before.id != id) {
            self.forget_unused(before.id);
        }
    }

    fn remove(&mut self, subject: &str, version: i32) {
        let Some(versions) = self.subjects.get_mut(subject) else {
            return;
        };
        let gone = versions.remove(&version);
        if versions.is_empty() {
            self.subjects.remove(subject);
        }
        if let Some(gone) = gone {
            self.forget_unused(gone.id);
        }
    }

    /// An id that no subject has any more stands for nothing; it is not given again.
    fn forget_unused(&mut self, id: i32) {
        let mut used = self.subjects.values().flat_map(BTreeMap::values);
        if used.any(|version| version.id == id) {
            return;
        }
        if let Some(stored) = self.schemas.remove(&id) {
            let print = stored.fingerprint();
            if self.prints.get(&print) == Some(&id) {
                self.prints.remove(&print);
            }
        }
    }

    /// The schema of an id.
    pub fn schema(&self, id: i32) -> Option<&Arc<Stored>> {
        self.schemas.get(&id)
    }

    /// The id of a schema that is known.
    pub fn id_of(&self, print: &Fingerprint) -> Option<i32> {
        self.prints.get(print).copied()
    }

    /// The highest id that was ever given.
    pub fn last_id(&self) -> i32 {
        self.last_id
    }

    /// Subjects that have a version of these.
    pub fn subjects(&self, seen: Seen) -> impl Iterator<Item = &str> {
        let wanted = move |versions: &BTreeMap<i32, Version>| match seen {
            // A subject of which anything lives is not deleted.
            Seen::Deleted => versions.values().all(|one| one.deleted),
            _ => versions.values().any(|one| seen.has(*one)),
        };
        let all = self.subjects.iter();
        all.filter(move |(_, versions)| wanted(versions))
            .map(|(subject, _)| subject.as_str())
    }

    /// The numbers of a subject's versions, rising.
    pub fn versions(&self, subject: &str, seen: Seen) -> Vec<i32> {
        let versions = self.subjects.get(subject).into_iter().flatten();
        let seen = versions.filter(|(_, version)| seen.has(**version));
        seen.map(|(at, _)| *at).collect()
    }

    /// One version of a subject.
    pub fn version(&self, subject: &str, version: i32) -> Option<Version> {
        self.subjects.get(subject)?.get(&version).copied()
    }

    /// A version together with its schema.
    pub fn stored(&self, subject: &str, version: i32) -> Option<(Version, &Arc<Stored>)> {
        let found = self.version(subject, version)?;
        Some((found, self.schemas.get(&found.id)?))
    }

    /// Subjects and versions of an id.
    pub fn places_of(&self, id: i32, seen: Seen) -> Vec<(&str, i32)> {
        let mut places = Vec::new();
        for (subject, versions) in &self.subjects {
            let of_id = versions
                .iter()
                .filter(|(_, one)| one.id == id && seen.has(**one));
            places.extend(of_id.map(|(version, _)| (subject.as_str(), *version)));
        }
        places
    }

    /// Ids of the schemas that refer to a version, as far as they are in use.
    pub fn referring_to(&self, subject: &str, version: i32, seen: Seen) -> BTreeSet<i32> {
        let refers = |stored: &Stored| {
            let mut all = stored.references.iter();
            all.any(|one| one.subject == subject && one.version == version)
        };
        let ids = self.schemas.iter().filter(|(_, stored)| refers(stored));
        ids.map(|(id, _)| *id)
            .filter(|id| !self.places_of(*id, seen).is_empty())
            .collect()
    }

    /// What is set for a subject, or for all.
    pub fn config(&self, subject: Option<&str>) -> Option<&ConfigValue> {
        self.configs.get(&subject.map(str::to_owned))
    }

    /// What is in force for a subject.
    pub fn level_of(&self, subject: Option<&str>) -> Level {
        let of = |subject| self.config(subject)?.compatibility_level;
        of(subject).or_else(|| of(None)).unwrap_or_default()
    }

    /// Whether schemas of a subject are normalised.
    pub fn normalizes(&self, subject: &str) -> bool {
        let of = |subject| self.config(subject)?.normalize;
        of(Some(subject)).or_else(|| of(None)).unwrap_or_default()
    }

    /// The mode that is set for a subject, or for all.
    pub fn mode(&self, subject: Option<&str>) -> Option<Mode> {
        self.modes.get(&subject.map(str::to_owned)).copied()
    }

    /// The mode in force for a subject.
    pub fn mode_of(&self, subject: Option<&str>) -> Mode {
        let all = self.mode(None);
        match all {
            Some(Mode::ReadOnlyOverride) => Mode::ReadOnlyOverride,
            _ => self.mode(subject).or(all).unwrap_or_default(),
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(value: Option<&[u8]>) -> Result<Option<T>, String> {
    let read = value.map(serde_json::from_slice).transpose();
    read.map_err(|error| format!("its value: {error}"))
}

fn set<V>(all: &mut BTreeMap<Option<String>, V>, subject: Option<String>, value: Option<V>) {
    match value {
        Some(value) => all.insert(subject, value),
        None => all.remove(&subject),
    };
}
