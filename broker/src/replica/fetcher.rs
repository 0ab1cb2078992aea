//! Followers at work: one task a source broker asks it for all partitions followed there, so that a
//! stuck leader delays its own partitions only.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::follower::{Answer, Ask, Step};
use super::house::House;
use super::partition::{Key, Partition};
use crate::fault::Link;
use crate::peer::{Peer, PeerError};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::fetch::{FetchPartition, FetchTopic, PartitionData, ReplicaState};
use crate::wire::messages::{FetchRequest, FetchResponse};

/// The version that names topics by id and tells the broker epoch (KIP-516, KIP-903).
const FETCH_VERSION: i16 = 17;
/// The longest pause between attempts to reach a broker.
const MAX_BACKOFF: Duration = Duration::from_secs(2);

/// What one task fetches; shared with who adds and removes.
#[derive(Debug, Default)]
struct Wanted {
    partitions: Mutex<BTreeMap<Key, Arc<Partition>>>,
    changed: Notify,
}

#[derive(Debug)]
struct Fetcher {
    wanted: Arc<Wanted>,
    task: JoinHandle<()>,
}

/// The fetchers of a node, by source broker.
#[derive(Debug, Default)]
pub(super) struct Fetchers {
    by_source: Mutex<BTreeMap<i32, Fetcher>>,
}

impl Fetchers {
    /// Fetches a partition from `source`, or from nowhere.
    pub(super) fn assign(
        &self,
        house: &Arc<House>,
        partition: &Arc<Partition>,
        source: Option<i32>,
    ) {
        let mut by_source = self
            .by_source
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for (known, fetcher) in by_source.iter() {
            if Some(*known) != source {
                fetcher.wanted.lock().remove(&partition.key);
            }
        }
        let Some(source) = source else { return };
        let fetcher = by_source.entry(source).or_insert_with(|| {
            let wanted = Arc::new(Wanted::default());
            let task = run(Arc::clone(house), source, Arc::clone(&wanted));
            Fetcher {
                wanted,
                task: tokio::spawn(task),
            }
        });
        let mut wanted = fetcher.wanted.lock();
        wanted.insert(partition.key, Arc::clone(partition));
        drop(wanted);
        fetcher.wanted.changed.notify_one();
    }

    /// Stops all fetching.
    pub(super) fn stop(&self) {
        let mut by_source = self
            .by_source
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for (_, fetcher) in std::mem::take(&mut *by_source) {
            fetcher.task.abort();
        }
    }
}

impl Wanted {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Key, Arc<Partition>>> {
        self.partitions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// One fetch on its way: whom it is for, and what each was asked.
type Asked = BTreeMap<Key, (Arc<Partition>, Ask)>;

struct Source {
    house: Arc<House>,
    broker: i32,
    wanted: Arc<Wanted>,
    /// Partitions that had an error, and when they are asked for again.
    paused: BTreeMap<Key, Instant>,
    /// Where a throttle holds partitions back: when there is room again.
    held_until: Option<Instant>,
    /// Most bytes of the next answer: fewer where a throttle has little room left.
    most_bytes: i32,
}

/// The least that is asked for under a throttle: smaller answers cost more than they hold.
const LEAST_BYTES: usize = 64 << 10;

async fn run(house: Arc<House>, broker: i32, wanted: Arc<Wanted>) {
    let most_bytes = house.settings.replica_fetch_response_max_bytes;
    let mut source = Source {
        house,
        broker,
        wanted,
        paused: BTreeMap::new(),
        held_until: None,
        most_bytes,
    };
    let mut backoff = source.house.settings.replica_fetch_backoff;
    let mut connection: Option<Peer> = None;
    loop {
        let asked = source.collect();
        if asked.is_empty() {
            source.idle().await;
            continue;
        }
        match source.fetch(connection.take(), &asked).await {
            Ok((peer, answer)) => {
                connection = Some(peer);
                backoff = source.house.settings.replica_fetch_backoff;
                source.take_in(asked, answer).await;
            }
            Err(why) => {
                log::info!("fetching from broker {broker} in {backoff:?} again: {why}");
                tokio::time::sleep(backoff).await;
                backoff = (backoff * 2).min(MAX_BACKOFF);
            }
        }
    }
}

impl Source {
    /// What to ask for now: every partition followed here that is neither paused nor held back by a
    /// throttle.
    fn collect(&mut self) -> Asked {
        let now = Instant::now();
        self.paused.retain(|_, until| *until > now);
        let image = self.house.image();
        let mut room = usize::MAX;
        let mut is_held = false;
        let mut asked = Asked::new();
        self.wanted.lock().retain(|key, partition| {
            let Some(ask) = partition.ask(self.broker) else {
                return false;
            };
            if self.paused.contains_key(key) {
                return true;
            }
            let left = self.house.may_take(&image, partition);
            room = room.min(left.unwrap_or(usize::MAX));
            if left == Some(0) {
                is_held = true;
            } else {
                asked.insert(*key, (Arc::clone(partition), ask));
            }
            true
        });
        self.hold(room, is_held);
        asked
    }

    /// Takes note of what a throttle leaves.
    fn hold(&mut self, room: usize, is_held: bool) {
        let most = self.house.settings.replica_fetch_response_max_bytes;
        let room = i32::try_from(room.max(LEAST_BYTES)).unwrap_or(i32::MAX);
        self.most_bytes = most.min(room);
        self.held_until = is_held.then(|| Instant::now() + self.house.taking_again());
    }

    /// Nothing to fetch: waits until that changes.
    async fn idle(&self) {
        let changed = self.wanted.changed.notified();
        match self.paused.values().chain(&self.held_until).min() {
            Some(until) => {
                let _elapsed = tokio::time::timeout_at(*until, changed).await;
            }
            None => changed.await,
        }
    }

    async fn fetch(
        &self,
        connection: Option<Peer>,
        asked: &Asked,
    ) -> Result<(Peer, FetchResponse), String> {
        let settings = &self.house.settings;
        let mut peer = match connection {
            Some(peer) => peer,
            None => self.connect().await?,
        };
        let within = settings.replica_socket_timeout + settings.replica_fetch_wait_max;
        let answer: Result<FetchResponse, PeerError> =
            peer.ask(&self.request(asked), FETCH_VERSION, within).await;
        let answer = answer.map_err(|error| error.to_string())?;
        if answer.error_code != ErrorCode::NONE {
            return Err(answer.error_code.to_string());
        }
        Ok((peer, answer))
    }

    async fn connect(&self) -> Result<Peer, String> {
        let address = self
            .house
            .address(self.broker)
            .ok_or("it is not registered")?;
        let opened = self.house.dialer.connect(Link::Broker, &address).await;
        opened.map_err(|error| error.to_string())
    }

    fn request(&self, asked: &Asked) -> FetchRequest {
        let settings = &self.house.settings;
        let mut topics: Vec<FetchTopic> = Vec::new();
        for ((topic_id, index), (_, ask)) in asked {
            let one = FetchPartition {
                partition: *index,
                current_leader_epoch: ask.leader_epoch,
                fetch_offset: ask.offset,
                last_fetched_epoch: ask.last_fetched_epoch,
                log_start_offset: ask.log_start,
                partition_max_bytes: settings.replica_fetch_max_bytes,
                ..FetchPartition::default()
            };
            match topics.last_mut().filter(|last| last.topic_id == *topic_id) {
                Some(topic) => topic.partitions.push(one),
                None => topics.push(FetchTopic {
                    topic_id: *topic_id,
                    partitions: vec![one],
                    ..FetchTopic::default()
                }),
            }
        }
        FetchRequest {
            replica_state: ReplicaState {
                replica_id: self.house.me,
                replica_epoch: self.house.broker_epoch(),
                ..ReplicaState::default()
            },
            max_wait_ms: i32::try_from(settings.replica_fetch_wait_max.as_millis())
                .unwrap_or(i32::MAX),
            min_bytes: 1,
            max_bytes: self.most_bytes,
            topics,
            ..FetchRequest::default()
        }
    }

    async fn take_in(&mut self, mut asked: Asked, answer: FetchResponse) {
        for topic in answer.responses {
            for data in topic.partitions {
                let key = (topic.topic_id, data.partition_index);
                self.take_one(asked.remove(&key), &data);
            }
            // A large answer is written piece by piece, so that others get their turn.
            tokio::task::yield_now().await;
        }
    }

    /// Takes in one partition's answer; one that was not asked for is nobody's.
    fn take_one(&mut self, asked: Option<(Arc<Partition>, Ask)>, data: &PartitionData) {
        let Some((partition, ask)) = asked else {
            return;
        };
        let diverging = &data.diverging_epoch;
        let answer = Answer {
            error: data.error_code,
            diverging: (diverging.end_offset >= 0)
                .then_some((diverging.epoch, diverging.end_offset)),
            high_watermark: data.high_watermark,
            log_start: data.log_start_offset,
        };
        let now_ms = self.house.clock.now_ms();
        let records = data.records.as_ref();
        let bytes = records.map_or(0, bytes::Bytes::len);
        self.house.taken(partition.key, bytes);
        let place = format_args!("{}-{}", partition.topic, partition.key.1);
        match partition.take_in(&ask, &answer, records, now_ms) {
            Ok(Step::Append | Step::Stale) => {}
            Ok(Step::Truncate(at)) => {
                log::info!("{place}: cut at {at} to follow broker {}", self.broker);
            }
            Ok(Step::Restart(at)) => {
                log::warn!(
                    "{place}: begins anew at {at}, the start of broker {}",
                    self.broker
                );
            }
            Ok(Step::Pause(error)) => {
                log::info!("{place}: broker {} answers {error}", self.broker);
                self.pause(partition.key);
            }
            Err(failure) => {
                let refusal = self.house.told(failure);
                log::warn!("{place}: {}: {:?}", refusal.code, refusal.message);
                self.pause(partition.key);
            }
        }
    }

    fn pause(&mut self, key: Key) {
        let until = Instant::now() + self.house.settings.replica_fetch_backoff;
        self.paused.insert(key, until);
    }
}
