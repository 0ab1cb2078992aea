//! `Fetch` (1): whole batches from where each reader stands. With data at hand it answers at once; else
//! it waits and looks again only at partitions that changed (rules 28 to 37). Sessions are never made.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use super::quotas::timed;
use super::room::{AnswerRoom, Held};
use super::{Ctx, Data, needs};
use crate::meta::image::Image;
use crate::meta::record::PartitionState;
use crate::quota::rate::whole;
use crate::replica::partition::Partition;
use crate::replica::purgatory::Bell;
use crate::replica::serve::{Look, ReadAt, Reader};
use crate::replica::{Replicas, TopicRef};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::fetch::{
    AbortedTransaction, EpochEndOffset, FetchPartition, FetchableTopicResponse, LeaderIdAndEpoch,
    NodeEndpoint, PartitionData,
};
use crate::wire::messages::{FetchRequest, FetchResponse};

/// Most bytes of one answer, whatever a client asks for: `fetch.max.bytes` of Kafka's broker.
const MAX_BYTES: usize = 55 << 20;

/// One partition of a request.
struct Spot {
    partition: Option<Arc<Partition>>,
    reader: Reader,
    at: ReadAt,
    most_bytes: usize,
    look: Look,
}

/// All partitions of a request, and what was found so far.
struct Fetch<'a> {
    data: &'a Data,
    image: Arc<Image>,
    spots: Vec<Spot>,
    /// Bytes that may still be added.
    left: usize,
    found: usize,
    min_bytes: usize,
}

/// Answers a client as far as its quotas allow, or a follower. Above its quota a client gets nothing but
/// the time for which it is muted; nothing is read for it (KIP-219).
pub async fn weigh(ctx: &Ctx, mut request: FetchRequest) -> FetchResponse {
    let data = Data::of(ctx);
    if is_replica(ctx, &request) {
        return serve(&data, request).await;
    }
    if let Some(most) = ctx.most_to_fetch() {
        let most = i32::try_from(whole(most)).unwrap_or(i32::MAX);
        request.max_bytes = request.max_bytes.min(most);
    }
    let (found, spent) = timed(find(&data, &request)).await;
    let mut fetch = match found {
        Ok(fetch) => fetch,
        Err(refused) => return refused,
    };
    let held = fetch.fit(&ctx.broker.answers);
    let throttle_time_ms = ctx.fetched(fetch.found, spent);
    if throttle_time_ms > 0 {
        return FetchResponse {
            throttle_time_ms,
            ..FetchResponse::default()
        };
    }
    ctx.caller.holding.put(held);
    let began = Instant::now();
    let response = fetch.response(request);
    ctx.spent_later(began.elapsed());
    response
}

/// Whether a broker of this cluster asks, as told on the listener between brokers by who knows its epoch:
/// brokers have no quotas.
fn is_replica(ctx: &Ctx, request: &FetchRequest) -> bool {
    let config = &ctx.broker.config;
    if *ctx.caller.listener != *config.inter_broker_listener {
        return false;
    }
    let state = &request.replica_state;
    let image = ctx.broker.image();
    let known = image.brokers.get(&request.replica_id.max(state.replica_id));
    known.is_some_and(|known| known.epoch == state.replica_epoch)
}

/// Answers by what the replicas hold.
pub async fn serve(data: &Data, request: FetchRequest) -> FetchResponse {
    match find(data, &request).await {
        Ok(fetch) => fetch.response(request),
        Err(refused) => refused,
    }
}

/// Finds what there is to answer, or waits for it.
async fn find<'a>(data: &'a Data, request: &FetchRequest) -> Result<Fetch<'a>, FetchResponse> {
    if request.session_id != 0 {
        return Err(FetchResponse {
            error_code: ErrorCode::FETCH_SESSION_ID_NOT_FOUND,
            ..FetchResponse::default()
        });
    }
    let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
    let mut fetch = Fetch::new(data, request);
    fetch.look_at_all();
    if !fetch.is_enough() && !wait.is_zero() {
        fetch.wait(Instant::now() + wait).await;
    }
    Ok(fetch)
}

fn bytes(asked: i32) -> usize {
    usize::try_from(asked).unwrap_or(0)
}

/// The follower that asks; −1 is a client.
fn follower(request: &FetchRequest) -> i32 {
    request.replica_id.max(request.replica_state.replica_id)
}

/// A follower may fetch everything or nothing.
fn may_follow(data: &Data) -> Result<(), ErrorCode> {
    let allowed = data.rights.check_cluster(&needs::FETCH_FOLLOWER);
    allowed.map_err(|_| ErrorCode::TOPIC_AUTHORIZATION_FAILED)
}

/// Whether a client may read a topic; of an id that is unknown there is nothing to say yet.
fn may_read(data: &Data, image: &Image, topic: TopicRef<'_>) -> Result<(), ErrorCode> {
    let name = match topic {
        TopicRef::Id(id) => image.topic_by_id(id).map(|known| &*known.name),
        TopicRef::Name(name) => Some(name),
    };
    let need = &needs::FETCH_TOPIC;
    name.map_or(Ok(()), |name| data.rights.check(need, name))
}

/// Who asks, but for where its log starts.
fn reader(request: &FetchRequest, partition: &FetchPartition) -> Reader {
    let state = &request.replica_state;
    let id = follower(request);
    if id >= 0 {
        return Reader::Follower {
            id,
            broker_epoch: state.replica_epoch,
            log_start: partition.log_start_offset,
        };
    }
    match request.isolation_level {
        1 => Reader::Committed,
        _ => Reader::Uncommitted,
    }
}

impl<'a> Fetch<'a> {
    fn new(data: &'a Data, request: &FetchRequest) -> Self {
        let image = data.replicas.image();
        let mut spots = Vec::new();
        let follows = (follower(request) >= 0).then(|| may_follow(data));
        for topic in &request.topics {
            let name = if data.version >= 13 {
                TopicRef::Id(topic.topic_id)
            } else {
                TopicRef::Name(&topic.topic)
            };
            let allowed = follows.unwrap_or_else(|| may_read(data, &image, name));
            for partition in &topic.partitions {
                let find = |()| data.replicas.find(&image, name, partition.partition);
                let found = allowed.and_then(find);
                spots.push(Spot::new(found, reader(request, partition), partition));
            }
        }
        Self {
            data,
            image,
            spots,
            left: bytes(request.max_bytes).min(MAX_BYTES),
            found: 0,
            min_bytes: bytes(request.min_bytes),
        }
    }

    /// Looks everywhere, beginning somewhere else every time (rule 34).
    fn look_at_all(&mut self) {
        let count = self.spots.len();
        let first = self.data.replicas.turn() % count.max(1);
        for number in (first..count).chain(0..first) {
            self.look_at(number);
        }
    }

    fn look_at(&mut self, number: usize) {
        let Some(spot) = self.spots.get_mut(number) else {
            return;
        };
        let Some(partition) = &spot.partition else {
            return;
        };
        let before = spot.look.bytes();
        self.found -= before;
        self.left = self.left.saturating_add(before);
        spot.at.max_bytes = spot.most_bytes.min(self.left);
        spot.at.at_least_one = self.found == 0;
        let replicas = &self.data.replicas;
        let reader = (spot.reader, before);
        spot.look = replicas.look(&self.image, partition, reader, &spot.at);
        let after = spot.look.bytes();
        self.found += after;
        self.left = self.left.saturating_sub(after);
    }

    fn is_enough(&self) -> bool {
        self.spots.is_empty()
            || self.found >= self.min_bytes
            || (self.found > 0 && self.left == 0)
            || self.spots.iter().any(|spot| spot.look.is_urgent())
    }

    /// Whether these partitions, looked at anew, make the answer worth sending.
    fn is_enough_with(&self, changed: &BTreeSet<usize>) -> bool {
        let mut looked = changed.iter().filter_map(|number| self.spots.get(*number));
        self.found >= self.min_bytes
            || (self.found > 0 && self.left == 0)
            || looked.any(|spot| spot.look.is_urgent())
    }

    /// Waits until there is enough or the time is up.
    async fn wait(&mut self, deadline: Instant) {
        let bell = Bell::new();
        for (number, spot) in self.spots.iter().enumerate() {
            if let Some(partition) = &spot.partition {
                partition.watch_for(spot.reader, spot.look.seen, &bell, number);
            }
        }
        while let Ok(changed) = timeout_at(deadline, bell.rung()).await {
            self.image = self.data.replicas.image();
            for number in &changed {
                self.look_at(*number);
            }
            if self.is_enough_with(&changed) {
                return;
            }
        }
    }

    /// Takes room for the answer; where there is too little, the answer gets smaller, down to one batch.
    fn fit(&mut self, room: &AnswerRoom) -> Option<Held> {
        let (held, most) = room.take(self.found);
        if let Some(most) = most {
            for spot in &mut self.spots {
                spot.look.slice = None;
            }
            (self.found, self.left) = (0, most);
            self.look_at_all();
        }
        held
    }

    fn response(self, request: FetchRequest) -> FetchResponse {
        let mut response = FetchResponse::default();
        let mut leaders = BTreeSet::new();
        let mut spots = self.spots.into_iter();
        for topic in request.topics {
            let mut done = FetchableTopicResponse {
                topic_id: topic.topic_id,
                ..FetchableTopicResponse::default()
            };
            let known = if self.data.version >= 13 {
                self.image.topic_by_id(topic.topic_id)
            } else {
                self.image.topics.get(topic.topic.as_str())
            };
            for (asked, spot) in topic.partitions.iter().zip(spots.by_ref()) {
                let mut data = spot.data(&self.data.replicas, asked.partition);
                let moved = known.filter(|_| is_moved(data.error_code));
                let state =
                    moved.and_then(|topic| self.image.partition(&topic.name, data.partition_index));
                leaders.extend(state.map(|state| state.leader));
                data.current_leader = state.map_or_else(LeaderIdAndEpoch::default, leader_of);
                done.partitions.push(data);
            }
            done.topic = topic.topic;
            response.responses.push(done);
        }
        response.node_endpoints = endpoints(self.data, &self.image, &leaders);
        response
    }
}

fn leader_of(state: &Arc<PartitionState>) -> LeaderIdAndEpoch {
    LeaderIdAndEpoch {
        leader_id: state.leader,
        leader_epoch: state.leader_epoch,
        ..LeaderIdAndEpoch::default()
    }
}

/// Errors that name the leader (KIP-951).
fn is_moved(error: ErrorCode) -> bool {
    error == ErrorCode::NOT_LEADER_OR_FOLLOWER || error == ErrorCode::FENCED_LEADER_EPOCH
}

fn endpoints(data: &Data, image: &Image, leaders: &BTreeSet<i32>) -> Vec<NodeEndpoint> {
    super::data::of(image, leaders, &data.listener)
        .map(|one| NodeEndpoint {
            node_id: one.node,
            host: one.host,
            port: one.port,
            rack: one.rack,
            ..NodeEndpoint::default()
        })
        .collect()
}

impl Spot {
    fn new(
        found: Result<Arc<Partition>, ErrorCode>,
        reader: Reader,
        asked: &FetchPartition,
    ) -> Self {
        let (partition, look) = match found {
            Ok(partition) => (Some(partition), Look::default()),
            Err(error) => (None, Look::failed(error)),
        };
        Self {
            partition,
            reader,
            at: ReadAt {
                offset: asked.fetch_offset,
                leader_epoch: asked.current_leader_epoch,
                last_fetched_epoch: asked.last_fetched_epoch,
                max_bytes: 0,
                at_least_one: false,
            },
            most_bytes: bytes(asked.partition_max_bytes),
            look,
        }
    }

    /// The answer for this partition; its bytes are read from the disk here.
    fn data(self, replicas: &Replicas, index: i32) -> PartitionData {
        let look = self.look;
        let (error_code, records) = match self.partition.as_deref() {
            Some(partition) => read(replicas, partition, self.reader, &look),
            None => (look.error, Bytes::new()),
        };
        let diverging = look.diverging.unwrap_or((-1, -1));
        let aborted = look.aborted.map(|all| {
            let all = all.into_iter();
            all.map(|one| AbortedTransaction {
                producer_id: one.producer_id,
                first_offset: one.first_offset,
                ..AbortedTransaction::default()
            })
            .collect()
        });
        PartitionData {
            partition_index: index,
            error_code,
            high_watermark: look.high_watermark,
            last_stable_offset: look.last_stable_offset,
            log_start_offset: look.log_start,
            diverging_epoch: EpochEndOffset {
                epoch: diverging.0,
                end_offset: diverging.1,
                ..EpochEndOffset::default()
            },
            aborted_transactions: aborted,
            records: Some(records),
            ..PartitionData::default()
        }
    }
}

fn read(
    replicas: &Replicas,
    partition: &Partition,
    reader: Reader,
    look: &Look,
) -> (ErrorCode, Bytes) {
    let found = look.slice.as_ref().filter(|slice| slice.length > 0);
    let Some(slice) = found.filter(|_| look.error == ErrorCode::NONE) else {
        return (look.error, Bytes::new());
    };
    match slice.read() {
        Ok(records) => {
            if !matches!(reader, Reader::Follower { .. }) {
                partition.traffic.bytes_out.add(records.len() as u64);
            }
            (ErrorCode::NONE, records)
        }
        // The log was cut since: the reader finds out when it asks again.
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            (ErrorCode::NONE, Bytes::new())
        }
        Err(error) => {
            let (topic, index) = (&partition.topic, partition.key.1);
            log::error!("{topic}-{index} cannot be read: {error}");
            replicas.suspect(partition);
            (ErrorCode::KAFKA_STORAGE_ERROR, Bytes::new())
        }
    }
}
