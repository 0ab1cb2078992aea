//! `DeleteRecords` (21): log starts move up; answered once every live replica has followed (rule 72).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{Ctx, Data, needs};
use crate::replica::TopicRef;
use crate::replica::partition::Partition;
use crate::replica::purgatory::{Bell, Wants};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::delete_records::{
    DeleteRecordsPartitionResult, DeleteRecordsTopicResult,
};
use crate::wire::messages::{DeleteRecordsRequest, DeleteRecordsResponse};

/// A partition whose followers have yet to follow.
struct Pending {
    partition: Arc<Partition>,
    /// The new start of the leader's log.
    start: i64,
    topic: usize,
    place: usize,
}

/// Moves the starts, then waits.
pub async fn answer(ctx: &Ctx, request: DeleteRecordsRequest) -> DeleteRecordsResponse {
    serve(&Data::of(ctx), request).await
}

/// Answers by what the replicas hold.
pub async fn serve(data: &Data, request: DeleteRecordsRequest) -> DeleteRecordsResponse {
    let wait = Duration::from_millis(u64::try_from(request.timeout_ms).unwrap_or(0));
    let (mut response, mut pending) = begin(data, request);
    let bell = Bell::new();
    for (number, one) in &pending {
        let start = Wants::Start;
        one.partition.watch(start, &bell, *number, |_| true);
    }
    let deadline = Instant::now() + wait;
    while !pending.is_empty() {
        let Ok(changed) = timeout_at(deadline, bell.rung()).await else {
            break;
        };
        for number in changed {
            let Some(one) = pending.get(&number) else {
                continue;
            };
            let done = match low_watermark(data, &one.partition) {
                Ok(low) if low < one.start => continue,
                done => done,
            };
            settle(&mut response, one, done);
            pending.remove(&number);
        }
    }
    for one in pending.values() {
        settle(&mut response, one, Err(ErrorCode::REQUEST_TIMED_OUT));
    }
    response
}

fn begin(
    data: &Data,
    request: DeleteRecordsRequest,
) -> (DeleteRecordsResponse, BTreeMap<usize, Pending>) {
    let image = data.replicas.image();
    let mut response = DeleteRecordsResponse::default();
    let mut pending = BTreeMap::new();
    for topic in request.topics {
        let mut done = DeleteRecordsTopicResult::default();
        let allowed = data.rights.check(&needs::DELETE_RECORDS_TOPIC, &topic.name);
        for asked in &topic.partitions {
            let index = asked.partition_index;
            let name = TopicRef::Name(&topic.name);
            let found = allowed.and_then(|()| data.replicas.find(&image, name, index));
            let moved = found.and_then(|partition| {
                let deleted = data.replicas.delete_records(&partition, asked.offset);
                let start = deleted.map_err(|refusal| refusal.code)?;
                Ok((partition, start))
            });
            if let Ok((partition, start)) = &moved {
                let one = Pending {
                    partition: Arc::clone(partition),
                    start: *start,
                    topic: response.topics.len(),
                    place: done.partitions.len(),
                };
                pending.insert(pending.len(), one);
            }
            done.partitions.push(DeleteRecordsPartitionResult {
                partition_index: index,
                low_watermark: -1,
                error_code: moved.err().unwrap_or(ErrorCode::NONE),
                ..DeleteRecordsPartitionResult::default()
            });
        }
        done.name = topic.name;
        response.topics.push(done);
    }
    (response, pending)
}

fn low_watermark(data: &Data, partition: &Partition) -> Result<i64, ErrorCode> {
    let image = data.replicas.image();
    let state = partition.lock();
    let start = state.log()?.log_start_offset();
    let leader = state.leader()?;
    Ok(leader.low_watermark(start, |broker| image.is_active(broker)))
}

fn settle(response: &mut DeleteRecordsResponse, one: &Pending, done: Result<i64, ErrorCode>) {
    let topic = response.topics.get_mut(one.topic);
    if let Some(place) = topic.and_then(|topic| topic.partitions.get_mut(one.place)) {
        place.low_watermark = *done.as_ref().unwrap_or(&-1);
        place.error_code = done.err().unwrap_or(ErrorCode::NONE);
    }
}
