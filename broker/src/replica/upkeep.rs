//! What happens by the clock: lagging followers leave the ISR, checkpoints are written, old segments
//! go, logs are compacted. Disk work runs off the threads that serve requests.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::Replicas;
use super::house::House;
use super::store;
use super::{checkpoints, compactor};
use crate::log::Log;
use crate::log::checkpoint::{HIGH_WATERMARKS, LOG_STARTS, RECOVERY_POINTS};

/// How often directories that wait for their removal are looked at.
const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// How often is tried again what the disk had no room for.
const SETTLE_EVERY: Duration = Duration::from_secs(2);

/// Directories of deleted partitions, each with the time from which it may be removed.
#[derive(Debug, Default)]
pub(super) struct Leftovers(Mutex<Vec<(i64, std::path::PathBuf)>>);

impl Leftovers {
    /// Removes `path` once `due_ms` has passed.
    pub(super) fn add(&self, due_ms: i64, path: std::path::PathBuf) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push((due_ms, path));
    }

    fn take_due(&self, now_ms: i64) -> Vec<std::path::PathBuf> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = all.extract_if(.., |(due_ms, _)| *due_ms <= now_ms);
        due.map(|(_, path)| path).collect()
    }
}

/// Starts all timers; they end when they are aborted.
pub(super) fn start(house: &Arc<House>, leftovers: &Arc<Leftovers>) -> Vec<JoinHandle<()>> {
    let settings = &house.settings;
    let shrink = Arc::clone(house);
    let leftovers = Arc::clone(leftovers);
    let compaction = settings
        .compaction_backoff
        .map(|backoff| blocking(house, backoff, compactor::compact_all));
    let mut tasks = vec![
        tokio::spawn(async move {
            let mut tick = every(shrink.settings.replica_lag_time_max / 2);
            loop {
                tick.tick().await;
                shrink_isrs(&shrink);
            }
        }),
        blocking(
            house,
            settings.high_watermark_checkpoint_interval,
            |house| {
                checkpoints::write(house, HIGH_WATERMARKS, |state| {
                    state.log.as_ref().map(|_| state.high_watermark)
                });
            },
        ),
        blocking(house, settings.flush_offset_checkpoint_interval, checkpoint),
        blocking(house, settings.flush_look_interval, |house| {
            let now_ms = house.clock.now_ms();
            flush_all(house, |log| log.is_flush_overdue(now_ms));
        }),
        blocking(house, settings.retention_check_interval, |house| {
            for partition in house.all() {
                store::maintain(house, &partition);
            }
        }),
        blocking(house, SWEEP_EVERY, move |house| {
            for path in leftovers.take_due(house.clock.now_ms()) {
                store::remove(&path);
            }
        }),
    ];
    tasks.extend(compaction);
    tasks
}

/// Makes what the disk had no room for, as long as there are replicas.
pub(super) async fn settle(replicas: Weak<Replicas>) {
    let mut tick = every(SETTLE_EVERY);
    loop {
        tick.tick().await;
        let Some(replicas) = replicas.upgrade() else {
            return;
        };
        if let Err(error) = tokio::task::spawn_blocking(move || replicas.settle()).await {
            log::error!("replicas could not be settled: {error}");
        }
    }
}

fn every(period: Duration) -> tokio::time::Interval {
    let period = period.max(Duration::from_millis(1));
    let mut tick = interval_at(Instant::now() + period, period);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}

/// Does `work` every `period` on a thread that may block.
fn blocking(
    house: &Arc<House>,
    period: Duration,
    work: impl Fn(&House) + Send + Sync + 'static,
) -> JoinHandle<()> {
    let house = Arc::clone(house);
    let work = Arc::new(work);
    tokio::spawn(async move {
        let mut tick = every(period);
        loop {
            tick.tick().await;
            let (house, work) = (Arc::clone(&house), Arc::clone(&work));
            if let Err(error) = tokio::task::spawn_blocking(move || work(&house)).await {
                log::error!("upkeep of the logs failed: {error}");
            }
        }
    })
}

fn shrink_isrs(house: &House) {
    let now_ms = house.clock.now_ms();
    for partition in house.all() {
        if partition.shrink_isr(now_ms) {
            house.propose(&partition);
        }
    }
}

/// Forces every log to disk that is due.
fn flush_all(house: &House, is_due: impl Fn(&Log) -> bool) {
    let now_ms = house.clock.now_ms();
    for partition in house.all() {
        if let Err(failure) = partition.flush(&is_due, now_ms) {
            let refusal = house.told(failure);
            log::warn!("{} is not flushed: {:?}", partition.topic, refusal.message);
        }
    }
}

fn checkpoint(house: &House) {
    flush_all(house, Log::has_rolled);
    checkpoints::write(house, RECOVERY_POINTS, |state| {
        state.log.as_ref().map(Log::recovery_point)
    });
    checkpoints::write(house, LOG_STARTS, |state| {
        state.log.as_ref().map(Log::log_start_offset)
    });
}
