//! The registry of one node: the state as far as `_schemas` was read, the turn of those who change it,
//! and who is asked instead. Decides nothing itself.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::{Mutex as Turn, watch};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout, timeout_at};

use super::asked::{Asked, Target};
use super::read;
use super::reader;
use super::record::{Entry, SCHEMAS_TOPIC};
use super::refusal::Refusal;
use super::state::State;
use super::write::{self, Change};
use crate::clock::Clock;
use crate::config::NodeConfig;
use crate::meta::image::Image;
use crate::meta::quorum::Quorum;
use crate::replica::Replicas;
use crate::wire::error::WireError;
use crate::wire::error_code::ErrorCode;
use crate::wire::records::{BatchBuilder, BatchSettings, NewRecord};
use crate::wire::uuid::Uuid;

/// How long a change may take in all, whoever decides it.
pub(super) const CHANGE: Duration = Duration::from_secs(15);
/// How long an answer waits for this node to have read what was changed.
const FOLLOW: Duration = Duration::from_secs(5);

/// What the registry is built on.
#[derive(Debug, Clone)]
pub struct Ground {
    /// The node's settings.
    pub config: Arc<NodeConfig>,
    /// The cluster's id.
    pub cluster_id: String,
    /// The metadata.
    pub quorum: Quorum,
    /// The replicas, `_schemas` perhaps among them.
    pub replicas: Arc<Replicas>,
    /// Time.
    pub clock: Clock,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP's status.
    pub status: u16,
    /// JSON.
    pub body: Bytes,
}

impl Answer {
    /// A body that says something.
    pub fn of(told: Result<Value, Refusal>) -> Self {
        let (status, body) = match told {
            Ok(body) => (200, body),
            Err(Refusal {
                status,
                code,
                message,
            }) => (status, json!({"error_code": code, "message": message})),
        };
        Self {
            status,
            body: Bytes::from(body.to_string()),
        }
    }
}

/// How far `_schemas` was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// The topic's id; zero before there is one.
    pub(super) topic: Uuid,
    /// The next offset to read.
    pub(super) next: i64,
    /// Everything that was committed at some moment since the start is read.
    pub(super) loaded: bool,
}

/// The registry of one node; shared by all that serve its requests.
#[derive(Debug)]
pub struct Registry {
    pub(super) ground: Ground,
    pub(super) state: RwLock<State>,
    pub(super) progress: watch::Sender<Progress>,
    turn: Turn<()>,
    reading: Mutex<Option<JoinHandle<()>>>,
}

impl Registry {
    /// A registry that reads nothing yet: the first request begins that.
    pub fn new(ground: Ground) -> Arc<Self> {
        Arc::new(Self {
            ground,
            state: RwLock::default(),
            progress: watch::Sender::default(),
            turn: Turn::default(),
            reading: Mutex::default(),
        })
    }

    /// Begins to read `_schemas`, where that was not done yet. Call it inside the runtime.
    pub fn start(self: &Arc<Self>) {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if reading.is_none() {
            *reading = Some(tokio::spawn(reader::run(Arc::downgrade(self))));
        }
    }

    /// Ends reading; what is asked from here on is answered by what was read.
    pub fn stop(&self) {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = reading.take() {
            task.abort();
        }
    }

    pub(super) fn image(&self) -> Arc<Image> {
        self.ground.quorum.images().borrow().clone()
    }

    /// Who leads `_schemas`, if anybody does.
    pub(super) fn leader(&self) -> Option<i32> {
        let image = self.image();
        let state = image.partition(SCHEMAS_TOPIC, 0)?;
        Some(state.leader).filter(|leader| image.is_active(*leader))
    }

    fn is_leader(&self) -> bool {
        self.leader() == Some(self.ground.config.node_id)
    }

    /// Answers a request of a client of this node.
    pub async fn answer(self: &Arc<Self>, asked: Asked) -> Answer {
        self.start();
        match self.told(asked).await {
            Ok(answer) => answer,
            Err(refusal) => Answer::of(Err(refusal)),
        }
    }

    async fn told(self: &Arc<Self>, asked: Asked) -> Result<Answer, Refusal> {
        let target = asked.target()?;
        let until = Instant::now() + CHANGE;
        if Change::of(&asked.method, &target).is_some() {
            return self.changed(asked, target, until).await;
        }
        self.loaded(until).await?;
        let told = self.read(&asked, target).await?;
        // What is missing here may have been registered elsewhere a moment ago.
        if told.status == 404 && self.leader().is_some() && !self.is_leader() {
            let asks_leader = self.forward(&asked, Instant::now() + FOLLOW).await;
            return Ok(asks_leader.unwrap_or(told));
        }
        Ok(told)
    }

    /// Waits until what was committed before is read.
    async fn loaded(&self, until: Instant) -> Result<(), Refusal> {
        let mut progress = self.progress.subscribe();
        let loaded = timeout_at(until, progress.wait_for(|progress| progress.loaded)).await;
        match loaded {
            Ok(Ok(_)) => Ok(()),
            _ => Err(Refusal::store(
                "Error while reading the topic _schemas: it is not read yet",
            )),
        }
    }

    /// Reading takes time that grows with the schemas, so that it is not done between other requests.
    async fn read(self: &Arc<Self>, asked: &Asked, target: Target) -> Result<Answer, Refusal> {
        let (registry, asked) = (Arc::clone(self), asked.clone());
        let told = spawn_blocking(move || {
            let state = registry
                .state
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            let told = read::answer(&state, &registry.ground.cluster_id, &asked, &target);
            Answer::of(told.unwrap_or_else(|| Err(unknown(&asked.method, &target))))
        });
        told.await.map_err(Refusal::store)
    }

    async fn changed(
        self: &Arc<Self>,
        asked: Asked,
        target: Target,
        until: Instant,
    ) -> Result<Answer, Refusal> {
        self.prepare_topic(until).await?;
        loop {
            let outcome = if self.is_leader() {
                self.decided(&asked, &target, until).await
            } else {
                self.forward(&asked, until).await.map(|answer| (answer, -1))
            };
            match outcome {
                Ok((answer, _)) => return Ok(answer),
                Err(refusal) if refusal.code != MOVED || Instant::now() >= until => {
                    return Err(refusal);
                }
                Err(_) => tokio::time::sleep(AGAIN).await,
            }
        }
    }

    /// Answers a request that another node sent here because this one leads `_schemas`.
    pub async fn lead(self: &Arc<Self>, asked: Asked) -> Result<(Answer, i64), ErrorCode> {
        self.start();
        if !self.is_leader() {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        }
        let until = Instant::now() + CHANGE;
        let outcome = match asked.target() {
            Err(refusal) => Err(refusal),
            Ok(target) if Change::of(&asked.method, &target).is_some() => {
                self.decided(&asked, &target, until).await
            }
            Ok(target) => self.read_as_leader(&asked, target, until).await,
        };
        match outcome {
            Ok(done) => Ok(done),
            Err(refusal) if refusal.code == MOVED => Err(ErrorCode::NOT_LEADER_OR_FOLLOWER),
            Err(refusal) => Ok((Answer::of(Err(refusal)), -1)),
        }
    }

    async fn read_as_leader(
        self: &Arc<Self>,
        asked: &Asked,
        target: Target,
        until: Instant,
    ) -> Result<(Answer, i64), Refusal> {
        let led = self.ground.replicas.led(SCHEMAS_TOPIC).map_err(moved)?;
        self.read_to(led.log_end_offset, until).await?;
        Ok((self.read(asked, target).await?, led.log_end_offset))
    }

    /// Decides a change as the leader, once everything before it is read and committed.
    async fn decided(
        self: &Arc<Self>,
        asked: &Asked,
        target: &Target,
        until: Instant,
    ) -> Result<(Answer, i64), Refusal> {
        let turn = timeout_at(until, self.turn.lock()).await;
        let _turn = turn.map_err(|_| late("others change the registry"))?;
        let replicas = &self.ground.replicas;
        let led = replicas.led(SCHEMAS_TOPIC).map_err(moved)?;
        self.read_to(led.log_end_offset, until).await?;
        let (registry, of) = (Arc::clone(self), (asked.clone(), target.clone()));
        let decision = spawn_blocking(move || {
            let state = registry
                .state
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            let (asked, target) = of;
            match Change::of(&asked.method, &target) {
                Some(change) => write::decide(&state, change, &asked, &target),
                None => Err(unknown(&asked.method, &target)),
            }
        });
        let decision = decision.await.map_err(Refusal::store)??;
        let answer = Answer::of(Ok(decision.answer));
        if decision.entries.is_empty() {
            return Ok((answer, led.log_end_offset));
        }
        let batch = batch(&decision.entries, self.ground.clock.now_ms()).map_err(Refusal::store)?;
        let append = replicas.append_committed(SCHEMAS_TOPIC, led.leader_epoch, &batch);
        let end = match timeout_at(until, append).await {
            Ok(Ok(end)) => end,
            Ok(Err(code)) => return Err(unwritten(code)),
            Err(_) => return Err(late("the change is not on enough brokers yet")),
        };
        self.read_to(end, until).await?;
        Ok((answer, end))
    }

    /// Waits until everything below an offset is read.
    pub(super) async fn read_to(&self, end: i64, until: Instant) -> Result<(), Refusal> {
        let mut progress = self.progress.subscribe();
        let read = progress.wait_for(|progress| progress.next >= end);
        match timeout_at(until, read).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(late("the topic _schemas is not read to its end")),
        }
    }

    /// The same for what another node changed: it is done, whether this node has seen it or not.
    pub(super) async fn see(&self, end: i64) {
        let mut progress = self.progress.subscribe();
        let read = progress.wait_for(|progress| progress.next >= end);
        if timeout(FOLLOW, read).await.is_err() {
            log::warn!("a change of the schema registry is not yet known to this node");
        }
    }
}

/// The code of a refusal that never leaves this node: another node leads now, so that it is asked.
pub(super) const MOVED: u32 = 0;
/// How long to wait before the leader is looked up again.
pub(super) const AGAIN: Duration = Duration::from_millis(50);

pub(super) fn moved(code: ErrorCode) -> Refusal {
    Refusal {
        code: MOVED,
        ..Refusal::unknown_leader(format_args!("The leader of _schemas is not known: {code}"))
    }
}

fn late(why: &str) -> Refusal {
    Refusal::timed_out(format_args!("Register operation timed out: {why}"))
}

/// What a write that failed means. Where it may still be committed, the client is told so.
fn unwritten(code: ErrorCode) -> Refusal {
    match code {
        ErrorCode::NOT_LEADER_OR_FOLLOWER
        | ErrorCode::FENCED_LEADER_EPOCH
        | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => moved(code),
        ErrorCode::MESSAGE_TOO_LARGE => Refusal {
            status: 422,
            code: 42209,
            message: "The schema is larger than max.message.bytes of _schemas allows".to_owned(),
        },
        code => Refusal::store(format_args!("Error in the backend data store: {code}")),
    }
}

fn unknown(method: &str, target: &Target) -> Refusal {
    let has = |method: &str| Change::of(method, target).is_some();
    let state = State::default();
    let reads = |method: &str| {
        let asked = Asked {
            method: method.to_owned(),
            ..Asked::default()
        };
        read::answer(&state, "", &asked, target).is_some()
    };
    let others = ["GET", "POST", "PUT", "DELETE"].into_iter();
    let mut others = others.filter(|other| *other != method);
    if others.any(|other| has(other) || reads(other)) {
        Refusal::method_not_allowed("HTTP 405 Method Not Allowed")
    } else {
        Refusal::not_found("HTTP 404 Not Found")
    }
}

fn batch(entries: &[Entry], now_ms: i64) -> Result<Vec<u8>, WireError> {
    let mut builder = BatchBuilder::new(BatchSettings::default());
    for entry in entries {
        builder.push(&NewRecord {
            timestamp_ms: now_ms,
            key: Some(entry.key.as_bytes()),
            value: entry.value.as_ref().map(String::as_bytes),
            headers: &[],
        })?;
    }
    builder.finish()
}
