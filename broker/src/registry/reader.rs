//! Reads `_schemas` for as long as the node lives: on the node that leads it from its own log, elsewhere
//! by fetching from the leader as any consumer does. What it reads becomes the state, in order.

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::record::SCHEMAS_TOPIC;
use super::shell::{Progress, Registry};
use super::state::State;
use crate::fault::Link;
use crate::peer::Peer;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::FetchRequest;
use crate::wire::messages::fetch::{FetchPartition, FetchTopic};
use crate::wire::records::{BatchKind, Chunk, RecordSet, Unpacker};
use crate::wire::uuid::Uuid;

/// How long one look for new records lasts; the metadata are looked at that often too.
const LOOK: Duration = Duration::from_millis(500);
/// How long to wait after something went wrong.
const AGAIN: Duration = Duration::from_millis(100);
/// How long a leader may take beyond [`LOOK`].
const ANSWERS: Duration = Duration::from_secs(5);
/// Most bytes of one fetch.
const FETCH_BYTES: i32 = 1 << 20;
/// The version that names topics by id.
const FETCH_VERSION: i16 = 13;

/// What was read at once.
struct Batches {
    records: Bytes,
    high_watermark: i64,
}

/// Why nothing was read.
enum Trouble {
    /// The offset is not there: the log begins later, or lost its end.
    OutOfRange,
    /// It may be better soon.
    Other(String),
}

/// Reads until the registry is gone.
pub(super) async fn run(registry: Weak<Registry>) {
    let mut connection: Option<(i32, Peer)> = None;
    while let Some(registry) = registry.upgrade() {
        let image = registry.image();
        let Some(topic) = image.topics.get(SCHEMAS_TOPIC).cloned() else {
            // Before any metadata nothing is known about the topic either.
            registry.restart(Progress {
                loaded: image.is_active(registry.ground.config.node_id),
                ..Progress::default()
            });
            let mut images = registry.ground.quorum.images();
            let there = images
                .wait_for(|image| image.topics.contains_key(SCHEMAS_TOPIC) != (image.offset < 0));
            let _over = timeout(LOOK, there).await;
            continue;
        };
        let progress = *registry.progress.borrow();
        if progress.topic != topic.id {
            registry.restart(Progress {
                topic: topic.id,
                ..Progress::default()
            });
            continue;
        }
        let leader = topic.partitions.first().map_or(-1, |state| state.leader);
        let read = if leader == registry.ground.config.node_id {
            registry.read_here(progress.next).await
        } else {
            let at = (topic.id, progress.next);
            registry.read_there(leader, &mut connection, at).await
        };
        match read {
            Ok(batches) => registry.take(&batches).await,
            Err(Trouble::OutOfRange) => {
                log::warn!(
                    "{SCHEMAS_TOPIC} has no offset {}: it is read anew",
                    progress.next
                );
                registry.restart(Progress {
                    topic: topic.id,
                    ..Progress::default()
                });
                tokio::time::sleep(AGAIN).await;
            }
            Err(Trouble::Other(why)) => {
                log::debug!("{SCHEMAS_TOPIC} is not read: {why}");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

impl Registry {
    /// Forgets everything and begins there.
    fn restart(&self, progress: Progress) {
        if *self.progress.borrow() == progress {
            return;
        }
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = State::default();
        self.progress.send_replace(progress);
    }

    async fn read_here(&self, offset: i64) -> Result<Batches, Trouble> {
        let replicas = &self.ground.replicas;
        let log = Arc::clone(replicas);
        let read = spawn_blocking(move || log.read_committed(SCHEMAS_TOPIC, offset)).await;
        let read = read.map_err(|error| Trouble::Other(error.to_string()))?;
        let read = read.map_err(trouble)?;
        if read.records.is_empty() && read.high_watermark <= offset {
            // Told at once, so that who waits for this offset goes on.
            self.loaded_to(offset);
            replicas.await_committed(SCHEMAS_TOPIC, offset, LOOK).await;
        }
        Ok(Batches {
            records: read.records,
            high_watermark: read.high_watermark,
        })
    }

    fn loaded_to(&self, offset: i64) {
        self.progress.send_if_modified(|progress| {
            let changes = !progress.loaded && progress.next == offset;
            progress.loaded |= changes;
            changes
        });
    }

    async fn read_there(
        &self,
        leader: i32,
        connection: &mut Option<(i32, Peer)>,
        (topic, offset): (Uuid, i64),
    ) -> Result<Batches, Trouble> {
        let mut peer = match connection.take() {
            Some((node, peer)) if node == leader => peer,
            _ => self.connect(leader).await?,
        };
        let request = FetchRequest {
            max_wait_ms: i32::try_from(LOOK.as_millis()).unwrap_or(i32::MAX),
            min_bytes: 1,
            max_bytes: FETCH_BYTES,
            topics: vec![FetchTopic {
                topic_id: topic,
                partitions: vec![FetchPartition {
                    fetch_offset: offset,
                    partition_max_bytes: FETCH_BYTES,
                    ..FetchPartition::default()
                }],
                ..FetchTopic::default()
            }],
            // What is read for the first time is not waited for.
            ..FetchRequest::default()
        };
        let answer = peer.ask(&request, FETCH_VERSION, LOOK + ANSWERS).await;
        let answer = answer.map_err(|error| Trouble::Other(error.to_string()))?;
        if answer.error_code != ErrorCode::NONE {
            return Err(Trouble::Other(answer.error_code.to_string()));
        }
        *connection = Some((leader, peer));
        let mut parts = answer.responses.into_iter().flat_map(|one| one.partitions);
        let Some(part) = parts.next() else {
            return Err(Trouble::Other("the leader said nothing".to_owned()));
        };
        if part.error_code != ErrorCode::NONE {
            return Err(trouble(part.error_code));
        }
        Ok(Batches {
            records: part.records.unwrap_or_default(),
            high_watermark: part.high_watermark,
        })
    }

    async fn connect(&self, leader: i32) -> Result<Peer, Trouble> {
        let replicas = &self.ground.replicas;
        let address = replicas.address_of(leader);
        let address =
            address.ok_or_else(|| Trouble::Other(format!("node {leader} is not known")))?;
        let opened = replicas.dialer().connect(Link::Broker, &address).await;
        opened.map_err(|error| Trouble::Other(error.to_string()))
    }

    /// Makes the records part of the state.
    async fn take(self: &Arc<Self>, batches: &Batches) {
        let (registry, records) = (Arc::clone(self), batches.records.clone());
        let taken = spawn_blocking(move || {
            let mut state = registry
                .state
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            take(&mut state, &records)
        });
        let behind = match taken.await {
            Ok(Ok(behind)) => behind,
            Ok(Err(why)) => {
                log::error!("{SCHEMAS_TOPIC} holds a batch that cannot be read: {why}");
                tokio::time::sleep(LOOK).await;
                return;
            }
            Err(error) => {
                log::error!("{SCHEMAS_TOPIC} was not read: {error}");
                return;
            }
        };
        let committed = batches.high_watermark;
        self.progress.send_modify(|progress| {
            // Compaction may leave nothing between the last batch and the end.
            let next = behind.unwrap_or(committed);
            progress.next = progress.next.max(next);
            progress.loaded |= progress.next >= committed;
        });
    }
}

/// Takes whole batches in; the offset behind the last one.
fn take(state: &mut State, records: &[u8]) -> Result<Option<i64>, String> {
    let (mut unpacker, mut next) = (Unpacker::default(), None);
    for chunk in RecordSet::new(records) {
        let Chunk::Batch(batch) = chunk.map_err(|error| error.to_string())? else {
            continue;
        };
        next = Some(batch.header.last_offset().saturating_add(1));
        if batch.header.attributes.kind() != BatchKind::Plain {
            continue;
        }
        let opened = batch
            .open(&mut unpacker)
            .map_err(|error| error.to_string())?;
        for record in opened {
            let record = record.map_err(|error| error.to_string())?;
            let taken = state.take(record.key.unwrap_or_default(), record.value);
            if let Err(why) = taken {
                let offset = record.offset;
                log::warn!("the record at offset {offset} of {SCHEMAS_TOPIC} is left out: {why}");
            }
        }
    }
    Ok(next)
}

fn trouble(code: ErrorCode) -> Trouble {
    match code {
        ErrorCode::OFFSET_OUT_OF_RANGE => Trouble::OutOfRange,
        code => Trouble::Other(code.to_string()),
    }
}
