//! The partitions on disk: opening all of them at start, making and deleting one, checkpoints,
//! closing. Everything here blocks on the disk.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::assign::assigned;
use super::checkpoints;
use super::directories::{Directory, Found};
use super::futures::{apart, close_futures, go_on_moving};
use super::house::House;
use super::partition::{Failure, Key, Making, Partition, Traffic};
use crate::config::TopicSettings;
use crate::log::checkpoint::{
    self, CLEANER_OFFSETS, HIGH_WATERMARKS, LOG_STARTS, Offsets, RECOVERY_POINTS,
};
use crate::log::{Access, Log, LogError, Opening, write_topic_id};
use crate::meta::record::PartitionState;
use crate::wire::uuid::Uuid;

/// A log that was found at start and waits for the metadata to say whose it is.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) topic: String,
    pub(super) dir: usize,
    pub(super) log: Log,
    pub(super) high_watermark: i64,
    pub(super) clean_below: Option<i64>,
    /// Whether a replica of another directory was moving here.
    pub(super) is_future: bool,
}

/// The logs found at start; several of one partition where its disk was away for a while and the
/// replica began anew on another one.
pub(super) type Shelf = HashMap<Key, Vec<Opened>>;

/// Where a replica comes from.
pub(super) enum Origin {
    /// It was assigned here before: its logs that were found at start, best first.
    Known(Vec<Opened>),
    /// It has been assigned here only now.
    New,
}

/// How the metadata has a replica of this broker.
pub(super) struct Assigned<'a> {
    /// The topic's name.
    pub(super) topic: &'a Arc<str>,
    /// The topic's id and the index.
    pub(super) key: Key,
    /// The partition's state.
    pub(super) state: &'a PartitionState,
}

/// The checkpoints of one directory.
#[derive(Debug, Default)]
struct Checkpoints {
    high_watermarks: Offsets,
    recovery_points: Offsets,
    log_starts: Offsets,
    cleaner_offsets: Offsets,
}

impl Checkpoints {
    fn read(dir: &Directory) -> Result<Self, LogError> {
        let read = |name| match checkpoint::read_offsets(&dir.path.join(name)) {
            Err(LogError::Corrupt { path, why }) => {
                log::warn!("{}: {why}; taken as empty", path.display());
                Ok(Offsets::new())
            }
            other => other,
        };
        Ok(Self {
            high_watermarks: read(HIGH_WATERMARKS)?,
            recovery_points: read(RECOVERY_POINTS)?,
            log_starts: read(LOG_STARTS)?,
            cleaner_offsets: read(CLEANER_OFFSETS)?,
        })
    }
}

/// One log to be opened.
struct Job {
    dir: usize,
    found: Found,
    high_watermark: i64,
    clean_below: Option<i64>,
    opening: Opening,
}

/// Opens every log of every directory, several at a time. A directory that cannot be read goes
/// offline; the others are opened all the same.
pub(super) fn open_all(house: &House, settings: &Arc<TopicSettings>) -> Shelf {
    let mut jobs = Vec::new();
    let online = |(at, _): &(usize, _)| house.dirs.is_online(*at);
    for (at, dir) in house.dirs.iter().filter(online) {
        match jobs_of(house, at, dir) {
            Ok(found) => jobs.extend(found),
            Err(error) => house.fail_directory(at, &error.to_string()),
        }
    }
    let threads = house.settings.recovery_threads * house.dirs.iter().count();
    let next = AtomicUsize::new(0);
    let shelf = Mutex::new(Shelf::new());
    let work = || {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Some(opened) = open(house, settings, job) else {
                continue;
            };
            let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
            let key = (job.found.topic_id, job.found.index);
            shelf.entry(key).or_default().push(opened);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.min(jobs.len()) {
            scope.spawn(work);
        }
    });
    shelf.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn jobs_of(house: &House, at: usize, dir: &Directory) -> Result<Vec<Job>, LogError> {
    let guard = house.dirs.guard(at);
    guard.check(Access::Read, &dir.path)?;
    let io = |source| LogError::Io {
        path: dir.path.clone(),
        source,
    };
    let scan = dir.scan().map_err(io)?;
    let clean = dir.take_clean_mark().map_err(io)?;
    house.dirs.note_clean_stop(at, clean.unwrap_or(-1));
    let checkpoints = Checkpoints::read(dir)?;
    for path in scan.unknown {
        log::warn!(
            "{}: no partition of this broker, left alone",
            path.display()
        );
    }
    for path in scan.deleted {
        remove(&path);
    }
    let now_ms = house.clock.now_ms();
    let job = |found: Found| {
        let place = (found.topic.clone(), found.index);
        // The checkpoints of a directory are of what it holds, not of what moves to it.
        let is_of = |_: &i64| !found.is_future;
        let at_place = |offsets: &Offsets| offsets.get(&place).copied().filter(is_of).unwrap_or(0);
        Job {
            dir: at,
            high_watermark: at_place(&checkpoints.high_watermarks),
            clean_below: checkpoints.cleaner_offsets.get(&place).copied(),
            opening: Opening {
                recovery_point: at_place(&checkpoints.recovery_points),
                log_start_offset: at_place(&checkpoints.log_starts),
                clean: clean.is_some(),
                now_ms,
                producer_expiration_ms: house.settings.producer_expiration_ms,
                guard: guard.clone(),
            },
            found,
        }
    };
    Ok(scan.partitions.into_iter().map(job).collect())
}

fn open(house: &House, settings: &Arc<TopicSettings>, job: &Job) -> Option<Opened> {
    if !house.dirs.is_online(job.dir) {
        return None;
    }
    match Log::open(&job.found.path, Arc::clone(settings), job.opening.clone()) {
        Ok((log, recovery)) => {
            for line in recovery.said {
                log::warn!("{line}");
            }
            Some(Opened {
                topic: job.found.topic.clone(),
                dir: job.dir,
                log,
                high_watermark: job.high_watermark,
                clean_below: job.clean_below,
                is_future: job.found.is_future,
            })
        }
        Err(error) => {
            house.fail_directory(job.dir, &error.to_string());
            None
        }
    }
}

/// Takes a log that was found at start, or makes one; the other logs that were found are given back.
pub(super) fn make(
    house: &House,
    replica: &Assigned<'_>,
    origin: Origin,
    settings: &Arc<TopicSettings>,
) -> (Partition, Vec<Opened>) {
    let (origin, futures) = apart(house, replica, origin);
    let (opened, mut others) = match origin {
        Origin::Known(mut found) if !found.is_empty() => {
            let mut opened = found.remove(best(house, replica, &found));
            opened.log.reconfigure(Arc::clone(settings));
            (Some(opened), found)
        }
        origin => {
            let dir = place_for(house, replica, &origin);
            let made = dir.and_then(|dir| create(house, replica, dir, settings));
            (made, Vec::new())
        }
    };
    let (high_watermark, clean_below) = opened
        .as_ref()
        .map_or((0, None), |one| (one.high_watermark, one.clean_below));
    let (dir, log) = opened.map(|one| (one.dir, one.log)).unzip();
    let partition = Partition::new(Making {
        topic: Arc::clone(replica.topic),
        key: replica.key,
        dir,
        log,
        high_watermark,
        clean_below,
        settings: Arc::clone(settings),
        traffic: traffic(house, replica.topic),
    });
    others.extend(go_on_moving(&partition, futures));
    (partition, others)
}

/// Of several logs of one partition the one where the metadata has it, else the longest.
fn best(house: &House, replica: &Assigned<'_>, found: &[Opened]) -> usize {
    let assigned = house.dirs.position(assigned(replica.state, house.me));
    let rank = |one: &Opened| (Some(one.dir) == assigned, one.log.log_end_offset());
    let ranked = found.iter().enumerate().max_by_key(|(_, one)| rank(one));
    ranked.map_or(0, |(at, _)| at)
}

/// The directory for a log that is not here; `None` where it may lie on a disk that is offline: made
/// anew it would be empty, and could lead.
fn place_for(house: &House, replica: &Assigned<'_>, origin: &Origin) -> Option<usize> {
    let (state, dirs) = (replica.state, &house.dirs);
    let directory = assigned(state, house.me);
    if let Some(at) = dirs.position(directory) {
        return Some(at).filter(|at| dirs.is_online(*at));
    }
    let vouched = [&state.isr, &state.elr, &state.last_known_elr];
    let had_log = !directory.is_zero() || vouched.iter().any(|ids| ids.contains(&house.me));
    let preferred = house.moves.take_preferred(replica.key);
    match origin {
        Origin::Known(_) if had_log && !dirs.all_online() => None,
        Origin::Known(_) | Origin::New => preferred
            .filter(|at| dirs.is_online(*at))
            .or_else(|| emptiest(house)),
    }
}

fn traffic(house: &House, topic: &str) -> Traffic {
    let labels = [("topic", topic)];
    let counter = |name| house.metrics.counter(name, &labels);
    Traffic {
        messages_in: counter("kafka_server_brokertopicmetrics_messagesin_total"),
        bytes_in: counter("kafka_server_brokertopicmetrics_bytesin_total"),
        bytes_out: counter("kafka_server_brokertopicmetrics_bytesout_total"),
    }
}

/// An empty log in a new directory of this name.
pub(super) fn begin_log(
    house: &House,
    (dir, name): (usize, &str),
    topic_id: Uuid,
    settings: &Arc<TopicSettings>,
) -> Option<Result<Log, LogError>> {
    let path = house.dirs.get(dir)?.path.join(name);
    let guard = house.dirs.guard(dir);
    let opening = Opening {
        recovery_point: 0,
        log_start_offset: 0,
        clean: true,
        now_ms: house.clock.now_ms(),
        producer_expiration_ms: house.settings.producer_expiration_ms,
        guard: guard.clone(),
    };
    let made = Log::open(&path, Arc::clone(settings), opening).and_then(|(log, _)| {
        write_topic_id(&path, topic_id, &guard)?;
        Ok(log)
    });
    Some(made)
}

fn create(
    house: &House,
    replica: &Assigned<'_>,
    dir: usize,
    settings: &Arc<TopicSettings>,
) -> Option<Opened> {
    let (topic, key) = (replica.topic, replica.key);
    let name = format!("{topic}-{}", key.1);
    match begin_log(house, (dir, &name), key.0, settings)? {
        Ok(log) => Some(Opened {
            topic: topic.to_string(),
            dir,
            log,
            high_watermark: 0,
            clean_below: None,
            is_future: false,
        }),
        Err(error) if error.is_shortage() => {
            log::error!("{topic}-{} cannot be made: {error}", key.1);
            None
        }
        Err(error) => {
            house.fail_directory(dir, &error.to_string());
            None
        }
    }
}

/// The online directory with the fewest partitions.
fn emptiest(house: &House) -> Option<usize> {
    if !house.dirs.iter().any(|(at, _)| house.dirs.is_online(at)) {
        return None;
    }
    let mut counts: HashMap<usize, usize> = HashMap::new();
    for partition in house.all() {
        if let Some(dir) = partition.dir() {
            *counts.entry(dir).or_default() += 1;
        }
    }
    let online = house
        .dirs
        .iter()
        .filter(|(at, _)| house.dirs.is_online(*at));
    online
        .map(|(at, _)| at)
        .min_by_key(|at| counts.get(at).copied().unwrap_or(0))
}

/// Renames a log's directory for later removal.
pub(super) fn delete(house: &House, dir: Option<usize>, log: Log) -> Option<PathBuf> {
    let path = log.dir().to_owned();
    renamed(house, dir, &path, log.mark_deleted())
}

/// Renames a log's directory so that it is left alone, and says so.
pub(super) fn set_aside(house: &House, opened: Opened) {
    let path = opened.log.dir().to_owned();
    if let Some(now) = renamed(house, Some(opened.dir), &path, opened.log.mark_stray()) {
        log::error!(
            "the metadata knows no topic of this broker's logs, as if it had been lost: {} is set aside as {}",
            path.display(),
            now.display()
        );
    }
}

fn renamed(
    house: &House,
    dir: Option<usize>,
    path: &Path,
    renamed: Result<PathBuf, LogError>,
) -> Option<PathBuf> {
    match renamed {
        Ok(path) => Some(path),
        Err(error) => {
            if let (Some(dir), false) = (dir, error.is_shortage()) {
                house.fail_directory(dir, &error.to_string());
            }
            log::error!("{} is not renamed: {error}", path.display());
            None
        }
    }
}

/// Removes a directory that was marked as deleted.
pub(super) fn remove(path: &PathBuf) {
    if let Err(error) = std::fs::remove_dir_all(path) {
        log::warn!("{} cannot be removed: {error}", path.display());
    }
}

/// Flushes and closes every log, writes all checkpoints and marks a clean stop where nothing failed.
pub(super) fn close_all(house: &House) {
    close_futures(house);
    checkpoints::write(house, HIGH_WATERMARKS, |state| {
        state.log.as_ref().map(|_| state.high_watermark)
    });
    let now_ms = house.clock.now_ms();
    for partition in house.all() {
        if let Err(failure) = partition.flush(|_| true, now_ms) {
            let refusal = house.told(failure);
            log::error!(
                "{}-{} is not flushed: {:?}",
                partition.topic,
                partition.key.1,
                refusal.message
            );
        }
    }
    checkpoints::write(house, RECOVERY_POINTS, |state| {
        state.log.as_ref().map(Log::recovery_point)
    });
    checkpoints::write(house, LOG_STARTS, |state| {
        state.log.as_ref().map(Log::log_start_offset)
    });
    checkpoints::end(house);
    let mut unclean = Vec::new();
    for partition in house.all() {
        let Some(log) = partition.release() else {
            continue;
        };
        if let Err(error) = log.close() {
            log::error!("{}-{}: {error}", partition.topic, partition.key.1);
            unclean.extend(partition.dir());
        }
    }
    let epoch = house.broker_epoch();
    for (at, dir) in house.dirs.iter() {
        if unclean.contains(&at) || !house.dirs.is_online(at) {
            continue;
        }
        if let Err(error) = dir.mark_clean(epoch) {
            log::error!(
                "{}: the clean stop is not marked: {error}",
                dir.path.display()
            );
        }
    }
}

/// Retention, rolling and sweeping of one partition (rules 78 and 79).
pub(super) fn maintain(house: &House, partition: &Partition) {
    let now_ms = house.clock.now_ms();
    if let Err(failure) = maintain_log(partition, now_ms) {
        let refusal = house.told(failure);
        let place = format_args!("{}-{}", partition.topic, partition.key.1);
        log::warn!("{place} is not tidied: {:?}", refusal.message);
    }
}

fn maintain_log(partition: &Partition, now_ms: i64) -> Result<(), Failure> {
    let mut state = partition.lock();
    let high_watermark = state.high_watermark;
    let Some(log) = state.log.as_mut() else {
        return Ok(());
    };
    let fail = |error| partition.disk_failure(&error);
    log.roll_if_due(now_ms).map_err(fail)?;
    log.retain(high_watermark, now_ms).map_err(fail)?;
    log.sweep(now_ms).map_err(fail)
}

/// The id under which a topic's leftovers are told in logs.
pub(super) fn describe(topic: &str, key: Key) -> String {
    let (id, index): (Uuid, i32) = key;
    format!("{topic}-{index} (topic id {id})")
}
