//! `ListOffsets` (2): offsets by time, and the special points of a log (rules 28, 30, 39, 40).

use std::collections::BTreeSet;

use super::{Ctx, Data, needs};
use crate::log::{Log, LogError};
use crate::replica::TopicRef;
use crate::replica::epochs::check_leader_epoch;
use crate::replica::partition::{Partition, State};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use crate::wire::messages::{ListOffsetsRequest, ListOffsetsResponse};

/// First version that is told the leader epoch (KIP-320).
const EPOCH_VERSION: i16 = 4;

/// The replica id of tools that ask one replica about itself, whoever leads.
const DEBUGGING: i32 = -2;

/// Whose view of the log it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    /// A client's, up to the high watermark.
    Uncommitted,
    /// A client's, up to the last stable offset.
    Committed,
    /// A follower's: all of the leader's log.
    Follower,
    /// This replica's own log, even if it does not lead.
    Own,
}

/// A point of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    Latest,
    Earliest,
    MaxTimestamp,
    /// Nothing is tiered here: there is no such offset.
    Tiered,
    At(i64),
}

impl Point {
    /// Reads the request's timestamp; a special point that the version does not know is refused.
    fn of(timestamp: i64, version: i16) -> Result<Self, ErrorCode> {
        let (point, since) = match timestamp {
            0.. => (Self::At(timestamp), 1),
            -1 => (Self::Latest, 1),
            -2 => (Self::Earliest, 1),
            -3 => (Self::MaxTimestamp, 7),
            -4 => (Self::Earliest, 8),
            -5 => (Self::Tiered, 9),
            -6 => (Self::Tiered, 11),
            _ => return Err(ErrorCode::UNSUPPORTED_VERSION),
        };
        if version < since {
            return Err(ErrorCode::UNSUPPORTED_VERSION);
        }
        Ok(point)
    }
}

/// An offset, with its timestamp and leader epoch where they mean something.
type Found = (i64, i64, i32);

const NOTHING: Found = (-1, -1, -1);

/// Answers from this broker's replicas.
#[expect(clippy::unused_async, reason = "every API is asked the same way")]
pub async fn answer(ctx: &Ctx, request: ListOffsetsRequest) -> ListOffsetsResponse {
    serve(&Data::of(ctx), request)
}

/// Answers by what the replicas hold.
pub fn serve(data: &Data, request: ListOffsetsRequest) -> ListOffsetsResponse {
    let image = data.replicas.image();
    let view = match (request.replica_id, request.isolation_level) {
        (DEBUGGING, _) => View::Own,
        (0.., _) => View::Follower,
        (_, 1) => View::Committed,
        _ => View::Uncommitted,
    };
    let mut response = ListOffsetsResponse::default();
    for topic in request.topics {
        let mut seen = BTreeSet::new();
        let twice: BTreeSet<i32> = topic
            .partitions
            .iter()
            .map(|asked| asked.partition_index)
            .filter(|index| !seen.insert(*index))
            .collect();
        let mut done = ListOffsetsTopicResponse::default();
        let allowed = data.rights.check(&needs::LIST_OFFSETS_TOPIC, &topic.name);
        for asked in &topic.partitions {
            let name = TopicRef::Name(&topic.name);
            let found = if let Err(code) = allowed {
                Err(code)
            } else if twice.contains(&asked.partition_index) {
                Err(ErrorCode::INVALID_REQUEST)
            } else {
                let partition = data.replicas.find(&image, name, asked.partition_index);
                partition.and_then(|partition| look_up(data, &partition, view, asked))
            };
            let index = asked.partition_index;
            done.partitions
                .push(partition_response(index, found, data.version));
        }
        done.name = topic.name;
        response.topics.push(done);
    }
    response
}

fn partition_response(
    partition_index: i32,
    found: Result<Found, ErrorCode>,
    version: i16,
) -> ListOffsetsPartitionResponse {
    let (offset, timestamp, leader_epoch) = *found.as_ref().unwrap_or(&NOTHING);
    ListOffsetsPartitionResponse {
        partition_index,
        error_code: found.err().unwrap_or(ErrorCode::NONE),
        timestamp,
        offset,
        leader_epoch: if version >= EPOCH_VERSION {
            leader_epoch
        } else {
            -1
        },
        ..ListOffsetsPartitionResponse::default()
    }
}

fn look_up(
    data: &Data,
    partition: &Partition,
    view: View,
    asked: &ListOffsetsPartition,
) -> Result<Found, ErrorCode> {
    let point = Point::of(asked.timestamp, data.version)?;
    let state = partition.lock();
    let log = state.log()?;
    if view != View::Own {
        state.leader()?;
    }
    check_leader_epoch(asked.current_leader_epoch, state.leader_epoch())?;
    match find(&state, log, view, point) {
        Ok(found) => found.map_err(|error| in_version(error, data.version)),
        Err(error) => {
            drop(state);
            let failure = partition.disk_failure(&error);
            Err(data.replicas.told(failure).code)
        }
    }
}

/// Rule 30: clients before version 5 know another name for it.
fn in_version(error: ErrorCode, version: i16) -> ErrorCode {
    if error == ErrorCode::OFFSET_NOT_AVAILABLE && version < 5 {
        return ErrorCode::LEADER_NOT_AVAILABLE;
    }
    error
}

fn find(
    state: &State,
    log: &Log,
    view: View,
    point: Point,
) -> Result<Result<Found, ErrorCode>, LogError> {
    let end = match view {
        View::Uncommitted => state.high_watermark,
        View::Committed => state.last_stable_offset(),
        View::Follower | View::Own => log.log_end_offset(),
    };
    let known = match view {
        View::Uncommitted | View::Committed => state.leader().and_then(|leader| leader.latest(end)),
        View::Follower | View::Own => Ok(end),
    };
    Ok(match point {
        Point::Latest => known.map(|end| (end, -1, state.leader_epoch())),
        Point::Earliest => {
            let start = log.log_start_offset();
            Ok((start, -1, log.epoch_of(start)))
        }
        Point::Tiered => Ok(NOTHING),
        Point::MaxTimestamp => match log.max_timestamp()? {
            Some((offset, time)) if offset < end => Ok((offset, time, log.epoch_of(offset))),
            Some(_) => known.map(|_| NOTHING),
            None => Ok(NOTHING),
        },
        Point::At(time) => match log.offset_for_timestamp(time, end)? {
            Some((offset, time)) => Ok((offset, time, log.epoch_of(offset))),
            // What is asked for may lie beyond what a new leader knows to be committed.
            None => known.map(|_| NOTHING),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_points_need_their_versions() {
        assert_eq!(Point::of(-1, 1), Ok(Point::Latest));
        assert_eq!(Point::of(-3, 6), Err(ErrorCode::UNSUPPORTED_VERSION));
        assert_eq!(Point::of(-3, 7), Ok(Point::MaxTimestamp));
        assert_eq!(Point::of(-4, 8), Ok(Point::Earliest));
        assert_eq!(Point::of(-5, 9), Ok(Point::Tiered));
        assert_eq!(Point::of(-7, 11), Err(ErrorCode::UNSUPPORTED_VERSION));
        assert_eq!(Point::of(5, 1), Ok(Point::At(5)));
    }

    #[test]
    fn an_unknown_end_has_another_name_before_version_five() {
        let error = ErrorCode::OFFSET_NOT_AVAILABLE;
        assert_eq!(in_version(error, 4), ErrorCode::LEADER_NOT_AVAILABLE);
        assert_eq!(in_version(error, 5), error);
    }
}
