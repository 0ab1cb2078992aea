//! Future replicas on disk: made, found again at start, closed. What a crash left of a move is made whole
//! here: a move goes on, or the future replica is the replica. Blocks on the disk.

use std::sync::Arc;

use super::house::House;
use super::moves::Future;
use super::partition::Partition;
use super::store::{Assigned, Opened, Origin, begin_log};
use crate::wire::error_code::ErrorCode;

/// The name of what a replica moves to, as Kafka gives it.
pub(super) fn future_name(topic: &str, index: i32, id: u128) -> String {
    format!("{topic}-{index}.{id:032x}-future")
}

/// Makes an empty future replica in a directory.
pub(super) fn create_future(
    house: &House,
    partition: &Partition,
    dir: usize,
) -> Result<Future, ErrorCode> {
    let name = future_name(&partition.topic, partition.key.1, fastrand::u128(..));
    let settings = Arc::clone(partition.lock().settings());
    match begin_log(house, (dir, &name), partition.key.0, &settings) {
        Some(Ok(log)) => Ok(Future { dir, log }),
        Some(Err(error)) => {
            log::error!("{name} cannot be made: {error}");
            if !error.is_shortage() {
                house.fail_directory(dir, &error.to_string());
            }
            Err(ErrorCode::KAFKA_STORAGE_ERROR)
        }
        None => Err(ErrorCode::LOG_DIR_NOT_FOUND),
    }
}

/// Tells the logs of a replica from what it was moving to. Where there is only the latter, the replica was
/// about to be replaced by it, and is: unless it may lie on a disk that is away.
pub(super) fn apart(
    house: &House,
    replica: &Assigned<'_>,
    origin: Origin,
) -> (Origin, Vec<Opened>) {
    let Origin::Known(found) = origin else {
        return (origin, Vec::new());
    };
    let (mut futures, current): (Vec<_>, Vec<_>) = found.into_iter().partition(|one| one.is_future);
    futures.sort_by_key(|one| one.log.log_end_offset());
    let alone = current.is_empty() && house.dirs.all_online();
    let (Some(mut last), true) = (futures.pop_if(|_| alone), alone) else {
        return (Origin::Known(current), futures);
    };
    let name = format!("{}-{}", replica.topic, replica.key.1);
    let home = house.dirs.get(last.dir).map(|dir| dir.path.join(name));
    let renamed = home.map(|home| last.log.rename(&home));
    if let Some(Err(error)) = renamed {
        log::error!("a replica that was about to move is not there: {error}");
        house.fail_directory(last.dir, &error.to_string());
        return (Origin::Known(Vec::new()), futures);
    }
    last.is_future = false;
    (Origin::Known(vec![last]), futures)
}

/// Goes on with a move that the end of the node interrupted; gives what is to be deleted. Without its
/// replica, what moved stays on the disk for a later start.
pub(super) fn go_on_moving(partition: &Partition, mut futures: Vec<Opened>) -> Vec<Opened> {
    let Some(dir) = partition.dir() else {
        return Vec::new();
    };
    let elsewhere = futures.pop_if(|one| one.dir != dir);
    if let Some(Opened { dir, log, .. }) = elsewhere {
        *partition.future() = Some(Future { dir, log });
    }
    futures
}

/// Closes what moves; the next start goes on with it.
pub(super) fn close_futures(house: &House) {
    for partition in house.all() {
        let Some(Future { log, .. }) = partition.take_future() else {
            continue;
        };
        if let Err(error) = log.close() {
            log::error!("{}-{}: {error}", partition.topic, partition.key.1);
        }
    }
}
