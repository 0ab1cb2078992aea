//! Compaction of this node's logs by the clock (rule 80): one log at a time, on a thread that may
//! block. A log's lock is held while looking and while files are put in place, never while bytes move.
//! Decides nothing about records: that is the log's.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::checkpoints;
use super::house::House;
use super::partition::{Failure, Partition};
use crate::log::LogError;
use crate::log::checkpoint::CLEANER_OFFSETS;

/// The turn of whoever compacts: there is one, and the end of the node waits for it.
#[derive(Debug, Default)]
pub(super) struct Compactor {
    turn: Mutex<()>,
    stopped: AtomicBool,
}

impl Compactor {
    /// Begins no further log, and waits for the one under way.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        drop(self.turn.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }
}

/// Compacts every log for which it is worth it, once.
pub(super) fn compact_all(house: &House) {
    let compactor = &house.compactor;
    let _turn = compactor
        .turn
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    for partition in house.all() {
        if compactor.is_stopped() {
            return;
        }
        match compact(house, &partition) {
            Ok(false) => {}
            Ok(true) => checkpoints::write(house, CLEANER_OFFSETS, |state| state.clean_below),
            Err(error) => tell(house, &partition, &error),
        }
    }
}

/// Compacts one log; gives whether there was something to do.
fn compact(house: &House, partition: &Partition) -> Result<bool, LogError> {
    let now_ms = house.clock.now_ms();
    let plan = {
        let mut state = partition.lock();
        let below = state.last_stable_offset();
        let first_dirty = state.clean_below.unwrap_or(0);
        let max_key_bytes = house.settings.compaction_key_bytes;
        let log = state.log.as_ref();
        let plan =
            log.and_then(|log| log.plan_compaction(first_dirty, below, max_key_bytes, now_ms));
        state.is_compacting = plan.is_some();
        plan
    };
    let Some(plan) = plan else { return Ok(false) };
    let compacted = plan.copy();
    let mut state = partition.lock();
    state.is_compacting = false;
    let compacted = compacted?;
    let Some(log) = state.log.as_mut() else {
        return Ok(false);
    };
    let done = log.finish_compaction(compacted, now_ms)?;
    state.clean_below = Some(done.clean_below);
    drop(state);
    log::debug!(
        "{}-{} is compacted below offset {}: {} bytes became {}",
        partition.topic,
        partition.key.1,
        done.clean_below,
        done.bytes_before,
        done.bytes_after
    );
    Ok(true)
}

/// Tells why a log was not compacted. One that was deleted or cut meanwhile is no fault of the disk.
fn tell(house: &House, partition: &Partition, error: &LogError) {
    let gone = partition.lock().log.is_none();
    let cut = matches!(error, LogError::Io { source, .. }
        if source.kind() == std::io::ErrorKind::UnexpectedEof);
    if gone || cut {
        return;
    }
    let why = match partition.disk_failure(error) {
        failure @ Failure::Disk(..) => house.told(failure).message,
        Failure::Refused(refusal) => refusal.message,
    };
    let why = why.unwrap_or_default();
    log::warn!(
        "{}-{} is not compacted: {why}",
        partition.topic,
        partition.key.1
    );
}
