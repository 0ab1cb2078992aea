//! Moves between log directories at work: who asks for one, the task that carries them out one piece after
//! the other, what becomes of them when a disk fails. Never decides what a log holds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::house::House;
use super::moves::{Broken, Future, Stepped};
use super::partition::{Key, Partition};
use super::upkeep::Leftovers;
use super::{Replicas, TopicRef, checkpoints, futures, store};
use crate::log::checkpoint::HIGH_WATERMARKS;
use crate::meta::image::Image;
use crate::meta::settings;
use crate::wire::error_code::ErrorCode;

/// Longest name of a directory that file systems take.
const MAX_NAME_BYTES: usize = 255;
/// The pause where a move cannot go on for now: a full disk, a compaction.
const PAUSE: Duration = Duration::from_millis(200);
/// How often a pause looks whether the rate is another one by now.
const RATE_LOOK: Duration = Duration::from_secs(1);
/// Bytes that all moves of this node may copy in a second; anything that large is no limit.
const RATE_KEY: &str = "replica.alter.log.dirs.io.max.bytes.per.second";

/// The moves of a node.
#[derive(Debug, Default)]
pub(super) struct Moves {
    under_way: Mutex<BTreeSet<Key>>,
    changed: Notify,
    /// Directories for replicas that are not here yet.
    preferred: Mutex<BTreeMap<Key, usize>>,
}

impl Moves {
    fn under_way(&self) -> MutexGuard<'_, BTreeSet<Key>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn preferred(&self) -> MutexGuard<'_, BTreeMap<Key, usize>> {
        self.preferred
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on with a move.
    pub(super) fn begin(&self, key: Key) {
        self.under_way().insert(key);
        self.changed.notify_one();
    }

    /// Where a replica that is made now was wanted.
    pub(super) fn take_preferred(&self, key: Key) -> Option<usize> {
        self.preferred().remove(&key)
    }
}

/// How long so many bytes take, at most `rate` of them in a second.
fn time_of(bytes: u64, rate: i64) -> Duration {
    match u64::try_from(rate) {
        Ok(rate @ 1..) => Duration::from_millis(bytes.saturating_mul(1000) / rate),
        _ => RATE_LOOK,
    }
}

impl Replicas {
    /// Moves a replica to a log directory of this node, named by its path (rule 49). A replica that is
    /// there already moves nowhere, and back from wherever it is on its way to. One that is not here
    /// yet will be made there. Blocks on the disk.
    ///
    /// `LOG_DIR_NOT_FOUND` for a path that is none of `log.dirs`, `KAFKA_STORAGE_ERROR` where it or any
    /// other directory is offline, `NOT_LEADER_OR_FOLLOWER` for a replica that is not here yet.
    pub fn move_replica(
        &self,
        image: &Image,
        (topic, index): (&str, i32),
        path: &str,
    ) -> Result<(), ErrorCode> {
        let dirs = &self.house.dirs;
        let to = dirs.at_path(path).ok_or(ErrorCode::LOG_DIR_NOT_FOUND)?;
        if !dirs.is_online(to) {
            return Err(ErrorCode::KAFKA_STORAGE_ERROR);
        }
        if futures::future_name(topic, index, 0).len() > MAX_NAME_BYTES {
            return Err(ErrorCode::INVALID_TOPIC_EXCEPTION);
        }
        let _one_image_at_a_time = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        let partition = match self.find(image, TopicRef::Name(topic), index) {
            Err(ErrorCode::NOT_LEADER_OR_FOLLOWER) => {
                if let Some(known) = image.topics.get(topic) {
                    self.house.moves.preferred().insert((known.id, index), to);
                }
                return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
            }
            found => found?,
        };
        if partition.lock().log.is_none() {
            return Err(ErrorCode::KAFKA_STORAGE_ERROR);
        }
        if partition
            .future()
            .as_ref()
            .is_some_and(|future| future.dir == to)
        {
            return Ok(());
        }
        self.cancel_move(&partition);
        if partition.dir() == Some(to) {
            return Ok(());
        }
        // Otherwise a future replica could lie unseen on the one that is away.
        if !dirs.all_online() {
            return Err(ErrorCode::KAFKA_STORAGE_ERROR);
        }
        let future = futures::create_future(&self.house, &partition, to)?;
        *partition.future() = Some(future);
        self.house.moves.begin(partition.key);
        log::info!("{topic}-{index} moves to {path}");
        Ok(())
    }

    /// Ends a move, if one is under way: the replica stays where it is.
    pub(super) fn cancel_move(&self, partition: &Partition) {
        self.house.moves.under_way().remove(&partition.key);
        if let Some(Future { dir, log }) = partition.take_future() {
            let path = store::delete(&self.house, Some(dir), log);
            self.leave(path, 0);
        }
    }
}

impl House {
    /// Ends moves to a directory that has failed, and those of replicas that were in it. What was copied
    /// stays on the disk; the next start sees to it.
    pub(super) fn lose_moves(&self, dir: usize) {
        for partition in self.all() {
            let mut future = partition.future();
            let is_lost = future.as_ref().is_some_and(|future| future.dir == dir);
            if is_lost || partition.dir() == Some(dir) {
                *future = None;
                self.moves.under_way().remove(&partition.key);
            }
        }
    }

    /// A read failed: if the directory cannot be read at all, it goes offline.
    pub(super) fn suspect(&self, partition: &Partition) {
        let Some(dir) = partition.dir().filter(|dir| self.dirs.is_online(*dir)) else {
            return;
        };
        if let Err(error) = self.dirs.probe(dir)
            && !error.is_shortage()
        {
            self.fail_directory(dir, &error.to_string());
        }
    }

    fn rate(&self) -> i64 {
        let image = self.image();
        let layers = settings::layers(&image, &self.config);
        layers.number(RATE_KEY).unwrap_or(i64::MAX)
    }
}

/// Carries out moves until the node stops.
pub(super) async fn run(house: Arc<House>, leftovers: Arc<Leftovers>) {
    let mut told = BTreeMap::new();
    loop {
        let due: Vec<Key> = house.moves.under_way().iter().copied().collect();
        if due.is_empty() {
            told.clear();
            house.moves.changed.notified().await;
        }
        for key in due {
            let (at, left) = (Arc::clone(&house), Arc::clone(&leftovers));
            let stepped = tokio::task::spawn_blocking(move || step(&at, &left, key)).await;
            match stepped {
                Ok(Ok(bytes)) => pace(&house, bytes).await,
                Ok(Err(why)) => {
                    tell(&mut told, key, why);
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => {
                    log::error!("a move between log directories ended: {error}");
                    house.moves.under_way().remove(&key);
                }
            }
        }
    }
}

/// The same reason over and over is told once.
fn tell(told: &mut BTreeMap<Key, String>, key: Key, why: String) {
    if told.get(&key) != Some(&why) {
        log::warn!("a move between log directories waits: {why}");
        told.insert(key, why);
    }
}

/// Waits as long as copying so many bytes may take.
async fn pace(house: &House, bytes: usize) {
    let mut owed = u64::try_from(bytes).unwrap_or(u64::MAX);
    while owed > 0 {
        let rate = house.rate();
        let pause = time_of(owed, rate).min(RATE_LOOK);
        tokio::time::sleep(pause).await;
        if pause < RATE_LOOK {
            return;
        }
        owed = owed.saturating_sub(u64::try_from(rate).unwrap_or(0));
    }
}

/// One step of a move; gives the bytes that were copied, or why it has to wait.
fn step(house: &House, leftovers: &Leftovers, key: Key) -> Result<usize, String> {
    let Some(partition) = house.get(key) else {
        house.moves.under_way().remove(&key);
        return Ok(0);
    };
    let home = |dir: usize| {
        let name = format!("{}-{}", partition.topic, key.1);
        Some(house.dirs.get(dir)?.path.join(name))
    };
    let place = format_args!("{}-{}", partition.topic, key.1);
    // No piece holds more than a second's worth, unless a single batch does.
    let most = usize::try_from(house.rate().max(1)).unwrap_or(usize::MAX);
    match partition.step_move(home, most, house.clock.now_ms()) {
        Ok(Stepped::Copied(bytes)) => Ok(bytes),
        Ok(Stepped::Later) => Err(format!("{place} is being compacted")),
        Ok(Stepped::Nothing) => {
            house.moves.under_way().remove(&key);
            Ok(0)
        }
        Ok(Stepped::Moved { from, left, failed }) => {
            house.moves.under_way().remove(&key);
            moved(house, leftovers, &partition, (from, left, failed));
            Ok(0)
        }
        Err(Broken::Current(why)) => {
            house.suspect(&partition);
            Err(format!("{place} cannot be read: {why}"))
        }
        Err(Broken::Future(_, error)) if error.is_shortage() => Err(error.to_string()),
        Err(Broken::Future(dir, error)) => {
            if matches!(error, crate::log::LogError::Io { .. }) {
                house.fail_directory(dir, &error.to_string());
            }
            Err(error.to_string())
        }
    }
}

/// A replica lies in its new directory: the old one goes, and the controller is told.
fn moved(
    house: &House,
    leftovers: &Leftovers,
    partition: &Partition,
    (from, left, failed): (Option<usize>, Option<PathBuf>, Option<String>),
) {
    let to = partition.dir().and_then(|dir| house.dirs.get(dir));
    let to = to.map(|dir| dir.path.display().to_string());
    let place = format_args!("{}-{}", partition.topic, partition.key.1);
    log::info!("{place} lies in {} now", to.unwrap_or_default());
    if let Some(path) = left {
        let delay_ms = partition.lock().settings().file_delete_delay_ms;
        leftovers.add(house.clock.now_ms().saturating_add(delay_ms), path);
    }
    if let (Some(dir), Some(why)) = (from, failed) {
        house.fail_directory(dir, &why);
    }
    // The new directory's checkpoints know nothing of it yet.
    checkpoints::write(house, HIGH_WATERMARKS, |state| {
        state.log.as_ref().map(|_| state.high_watermark)
    });
    let image = house.image();
    let topic = image.topic_by_id(partition.key.0);
    let at = usize::try_from(partition.key.1).ok();
    if let Some(state) = topic.and_then(|topic| topic.partitions.get(at?)) {
        house.place(partition, state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_kept_by_waiting_as_long_as_the_bytes_take() {
        assert_eq!(time_of(500, 1_000), Duration::from_millis(500));
        assert_eq!(time_of(1 << 20, i64::MAX), Duration::ZERO);
        assert_eq!(
            time_of(1, 0),
            RATE_LOOK,
            "nothing moves until the rate is another one"
        );
    }
}
