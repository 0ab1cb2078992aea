//! Brokers ever seen, per cluster id, in an SQLite file that several processes may share.
//!
//! A cluster forgets a broker whose replicas were moved away; this does not. Where the file cannot be used, the
//! memory lasts as long as the process, and says why.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, params};
use thiserror::Error;

use super::assembler::Update;
use super::error::printable;
use super::poll::Desk;
use crate::clock::now;
use crate::model::{BrokerId, Endpoint, Facts, Moment, RosterEntry, Span};

/// The layout of the file; raised when the tables change.
const SCHEMA: i64 = 1;
/// How long another process may hold the file before we give up for this time.
const BUSY: Duration = Duration::from_secs(2);
/// "Last alive" is written this often at most; new brokers and new addresses at once.
const WRITE_EVERY: Span = Span::from_secs(10);

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS broker (
        cluster_id TEXT NOT NULL,
        id INTEGER NOT NULL,
        host TEXT NOT NULL,
        port INTEGER NOT NULL,
        rack TEXT,
        first_seen_ms INTEGER NOT NULL,
        last_alive_ms INTEGER NOT NULL,
        PRIMARY KEY (cluster_id, id)
    ) WITHOUT ROWID;";

/// The roster's file cannot be used.
#[derive(Debug, Error)]
pub enum RosterError {
    #[error(
        "brokers seen are remembered for this session only: {path}: {source}; set LOOKOUT_STATE_DIR to a writable directory"
    )]
    File {
        path: String,
        source: rusqlite::Error,
    },
    #[error(
        "brokers seen are remembered for this session only: {path}: {source}; set LOOKOUT_STATE_DIR to a writable directory"
    )]
    Directory {
        path: String,
        source: std::io::Error,
    },
    #[error(
        "brokers seen are remembered for this session only: {path} was written by a newer lookout (layout {found}, this one knows {SCHEMA}); run the newer lookout, or set LOOKOUT_STATE_DIR"
    )]
    Newer { path: String, found: i64 },
}

/// The brokers of one cluster.
pub type Entries = BTreeMap<BrokerId, RosterEntry>;

/// The memory of one process, with its file if there is one.
#[derive(Debug)]
pub struct Roster {
    file: Option<(Connection, PathBuf)>,
    failure: Option<Arc<str>>,
}

impl Roster {
    /// Opens the file, making it and its directory where they are missing.
    pub fn open(path: Option<&Path>) -> Self {
        let opened = path.map(|path| Ok((open_file(path)?, path.to_owned())));
        match opened.transpose() {
            Ok(file) => Self {
                file,
                failure: None,
            },
            Err(error) => Self::without_file(&error),
        }
    }

    fn without_file(error: &RosterError) -> Self {
        Self {
            file: None,
            failure: Some(printable(&error.to_string())),
        }
    }

    /// Why it is not kept on disk, if that was wanted.
    pub fn failure(&self) -> Option<&Arc<str>> {
        self.failure.as_ref()
    }

    /// What the file knows of a cluster; from here on, it is the file's word against ours: the wider span wins.
    pub fn load(&mut self, cluster_id: &str) -> Entries {
        self.try_file(|file| load(file, cluster_id))
            .unwrap_or_default()
    }

    /// Writes what is known now.
    pub fn store(&mut self, cluster_id: &str, entries: &Entries) {
        if self
            .try_file(|file| store(file, cluster_id, entries))
            .is_some()
        {
            self.failure = None;
        }
    }

    fn try_file<T>(
        &mut self,
        run: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Option<T> {
        let (file, path) = self.file.as_mut()?;
        match run(file) {
            Ok(value) => Some(value),
            Err(source) => {
                let path = path.display().to_string();
                self.failure = Some(printable(&RosterError::File { path, source }.to_string()));
                None
            }
        }
    }
}

fn open_file(path: &Path) -> Result<Connection, RosterError> {
    let shown = || path.display().to_string();
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(|source| RosterError::Directory {
            path: directory.display().to_string(),
            source,
        })?;
    }
    let open = || -> rusqlite::Result<(Connection, i64)> {
        let file = Connection::open(path)?;
        file.busy_timeout(BUSY)?;
        // Readers and one writer at the same time; a network disk that cannot keeps the plain journal.
        let _plain = file.pragma_update(None, "journal_mode", "WAL");
        file.pragma_update(None, "synchronous", "NORMAL")?;
        let found = file.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if found == 0 {
            file.execute_batch(TABLES)?;
            file.pragma_update(None, "user_version", SCHEMA)?;
        }
        Ok((file, found))
    };
    let (file, found) = open().map_err(|source| RosterError::File {
        path: shown(),
        source,
    })?;
    if found > SCHEMA {
        return Err(RosterError::Newer {
            path: shown(),
            found,
        });
    }
    Ok(file)
}

fn load(file: &mut Connection, cluster_id: &str) -> rusqlite::Result<Entries> {
    let mut query = file.prepare_cached(
        "SELECT id, host, port, rack, first_seen_ms, last_alive_ms FROM broker WHERE cluster_id = ?1",
    )?;
    let rows = query.query_map([cluster_id], |row| {
        let host: String = row.get(1)?;
        let rack: Option<String> = row.get(3)?;
        let entry = RosterEntry {
            endpoint: Endpoint {
                host: host.into(),
                port: row.get(2)?,
            },
            rack: rack.map(Arc::from),
            first_seen: Moment::from_unix_ms(row.get(4)?),
            last_alive: Moment::from_unix_ms(row.get(5)?),
        };
        Ok((BrokerId(row.get(0)?), entry))
    })?;
    rows.collect()
}

fn store(file: &mut Connection, cluster_id: &str, entries: &Entries) -> rusqlite::Result<()> {
    let change = file.transaction()?;
    for (id, entry) in entries {
        // Another process may know an older first sight, or a later life with the address of then.
        change
            .prepare_cached(
                "INSERT INTO broker VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (cluster_id, id) DO UPDATE SET
                    first_seen_ms = min(first_seen_ms, excluded.first_seen_ms),
                    host = CASE WHEN excluded.last_alive_ms >= last_alive_ms THEN excluded.host ELSE host END,
                    port = CASE WHEN excluded.last_alive_ms >= last_alive_ms THEN excluded.port ELSE port END,
                    rack = CASE WHEN excluded.last_alive_ms >= last_alive_ms THEN excluded.rack ELSE rack END,
                    last_alive_ms = max(last_alive_ms, excluded.last_alive_ms)",
            )?
            .execute(params![
                cluster_id,
                id.0,
                entry.endpoint.host,
                entry.endpoint.port,
                entry.rack,
                entry.first_seen.unix_ms,
                entry.last_alive.unix_ms,
            ])?;
    }
    change.commit()
}

/// Takes the listed brokers in. Returns whether more changed than times.
fn observe(entries: &mut Entries, facts: &Facts) -> bool {
    let (Some(topology), Some(at)) = (facts.topology.value(), facts.topology.at()) else {
        return false;
    };
    let mut changed = false;
    for (id, (endpoint, rack)) in &topology.brokers {
        let entry = entries.entry(*id).or_insert_with(|| {
            changed = true;
            RosterEntry {
                endpoint: endpoint.clone(),
                rack: rack.clone(),
                first_seen: at,
                last_alive: at,
            }
        });
        entry.last_alive = entry.last_alive.max(at);
        if entry.endpoint != *endpoint || entry.rack != *rack {
            entry.endpoint = endpoint.clone();
            entry.rack.clone_from(rack);
            changed = true;
        }
    }
    changed
}

/// Keeps the roster of the watched cluster: loads it once the cluster's id is known, then notes who is alive.
pub async fn keep(mut desk: Desk, path: Option<PathBuf>) {
    let mut cluster: Option<Arc<str>> = None;
    let mut entries = Entries::new();
    let mut written = Moment::default();
    let open = tokio::task::spawn_blocking(move || Roster::open(path.as_deref())).await;
    // Only a panic in there, or the end of the runtime, leaves us without.
    let Ok(mut roster) = open else { return };
    loop {
        let facts = desk.shown().facts.clone();
        let identity = facts
            .identity
            .value()
            .map(|identity| identity.cluster_id.clone());
        let other = identity != cluster;
        if other {
            entries.clear();
            cluster = identity;
        }
        let changed = observe(&mut entries, &facts) || other;
        if let Some(id) = cluster.clone()
            && (changed || written.age(now()) >= WRITE_EVERY)
        {
            written = now();
            let Ok(back) = write(roster, id, entries).await else {
                return;
            };
            (roster, entries) = back;
            let told = Update::Roster(Arc::new(entries.clone()), roster.failure().cloned());
            desk.tell(told).await;
        }
        if desk.next().await.is_none() {
            return;
        }
    }
}

/// Stores and reads back, so that what other processes saw is known here too.
async fn write(
    mut roster: Roster,
    cluster_id: Arc<str>,
    mut entries: Entries,
) -> Result<(Roster, Entries), tokio::task::JoinError> {
    let blocking = move || {
        roster.store(&cluster_id, &entries);
        entries.extend(roster.load(&cluster_id));
        (roster, entries)
    };
    tokio::task::spawn_blocking(blocking).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(port: u16, first: i64, last: i64) -> RosterEntry {
        RosterEntry {
            endpoint: Endpoint {
                host: "a".into(),
                port,
            },
            rack: None,
            first_seen: Moment::from_unix_ms(first),
            last_alive: Moment::from_unix_ms(last),
        }
    }

    fn file(name: &str) -> PathBuf {
        let directory = std::env::temp_dir().join(format!("lookout-{name}-{}", std::process::id()));
        let _absent = std::fs::remove_dir_all(&directory);
        directory.join("roster.sqlite")
    }

    #[test]
    fn two_processes_share_one_memory() {
        let path = file("roster-shared");
        let (mut one, mut other) = (Roster::open(Some(&path)), Roster::open(Some(&path)));
        one.store("c", &Entries::from([(BrokerId(1), entry(1, 10, 50))]));
        other.store("c", &Entries::from([(BrokerId(1), entry(2, 5, 40))]));
        other.store("c", &Entries::from([(BrokerId(2), entry(7, 30, 30))]));
        other.store("elsewhere", &Entries::from([(BrokerId(3), entry(9, 1, 1))]));
        let wanted = Entries::from([
            (BrokerId(1), entry(1, 5, 50)),
            (BrokerId(2), entry(7, 30, 30)),
        ]);
        assert_eq!(one.load("c"), wanted);
        assert_eq!((one.failure(), other.failure()), (None, None));
        std::fs::remove_dir_all(path.parent().expect("made above")).expect("ours");
    }

    #[test]
    fn a_file_of_a_newer_layout_is_left_alone() {
        let path = file("roster-newer");
        drop(Roster::open(Some(&path)));
        let raw = Connection::open(&path).expect("made above");
        raw.pragma_update(None, "user_version", SCHEMA + 1)
            .expect("ours");
        let roster = Roster::open(Some(&path));
        assert!(
            roster
                .failure()
                .is_some_and(|text| text.contains("or set LOOKOUT_STATE_DIR"))
        );
        std::fs::remove_dir_all(path.parent().expect("made above")).expect("ours");
    }

    #[test]
    fn no_path_is_no_failure() {
        let mut roster = Roster::open(None);
        assert_eq!((roster.load("c"), roster.failure()), (Entries::new(), None));
    }
}
