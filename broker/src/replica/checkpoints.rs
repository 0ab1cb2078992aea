//! Checkpoints: what every directory keeps of its partitions' offsets. One writer at a time, and none once the logs are
//! closed: a late one would find no log and keep nothing.

use std::collections::HashMap;
use std::sync::PoisonError;

use super::house::House;
use super::partition::State;
use crate::log::checkpoint::{self, Offsets};

/// Whether checkpoints may be written; whoever holds its lock writes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    #[default]
    Open,
    Ended,
}

/// Ends all writing, after whoever writes now.
pub(super) fn end(house: &House) {
    let writing = house.checkpoints.lock();
    *writing.unwrap_or_else(PoisonError::into_inner) = Writing::Ended;
}

/// Writes a checkpoint of every online directory from what `offset` says of each partition.
pub(super) fn write(house: &House, name: &str, offset: impl Fn(&State) -> Option<i64>) {
    let writing = house.checkpoints.lock();
    let writing = writing.unwrap_or_else(PoisonError::into_inner);
    if *writing == Writing::Ended {
        return;
    }
    let mut by_dir: HashMap<usize, Offsets> = HashMap::new();
    for (at, _) in house.dirs.iter() {
        by_dir.insert(at, Offsets::new());
    }
    for partition in house.all() {
        let Some(dir) = partition.dir() else { continue };
        let known = offset(&partition.lock());
        if let (Some(offset), Some(offsets)) = (known, by_dir.get_mut(&dir)) {
            offsets.insert((partition.topic.to_string(), partition.key.1), offset);
        }
    }
    for (at, dir) in house
        .dirs
        .iter()
        .filter(|(at, _)| house.dirs.is_online(*at))
    {
        let Some(offsets) = by_dir.get(&at) else {
            continue;
        };
        let written =
            checkpoint::write_offsets(&dir.path.join(name), offsets, &house.dirs.guard(at));
        match written {
            Ok(()) => {}
            Err(error) if error.is_shortage() => {
                log::warn!("{}: {name} is not written: {error}", dir.path.display());
            }
            Err(error) => house.fail_directory(at, &error.to_string()),
        }
    }
}
