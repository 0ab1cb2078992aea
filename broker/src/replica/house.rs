//! What all parts of the replication shell share: settings, directories, the image in force, the
//! partitions of this node by topic and index. Holds no task.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Notify;

use super::assign::Places;
use super::checkpoints;
use super::compactor::Compactor;
use super::directories::Directories;
use super::leader::{Eligible, Rules};
use super::mover::Moves;
use super::partition::{Failure, Key, Partition, Refusal};
use super::throttle::Throttle;
use crate::clock::Clock;
use crate::config::{NodeConfig, TopicSettings};
use crate::meta::image::Image;
use crate::metrics::{Counter, Metrics};
use crate::peer::{Address, Dialer};
use crate::wire::error_code::ErrorCode;
use crate::wire::uuid::Uuid;

/// The node's settings that replication goes by; names are Kafka's keys.
#[derive(Debug, Clone)]
pub struct Settings {
    pub replica_lag_time_max: Duration,
    pub replica_fetch_wait_max: Duration,
    pub replica_fetch_max_bytes: i32,
    pub replica_fetch_response_max_bytes: i32,
    pub replica_fetch_backoff: Duration,
    pub replica_socket_timeout: Duration,
    pub high_watermark_checkpoint_interval: Duration,
    pub flush_offset_checkpoint_interval: Duration,
    /// How often is looked for logs past their `flush.ms`: `log.flush.scheduler.interval.ms`, but every
    /// [`FLUSH_LOOK`] at least.
    pub flush_look_interval: Duration,
    pub retention_check_interval: Duration,
    /// `log.cleaner.backoff.ms`; `None` where `log.cleaner.enable` is off.
    pub compaction_backoff: Option<Duration>,
    /// `log.cleaner.dedupe.buffer.size`: bytes of keys that one round of compaction may hold.
    pub compaction_key_bytes: usize,
    pub recovery_threads: usize,
    pub producer_expiration_ms: i64,
}

/// The longest that a log may wait beyond its `flush.ms`. Kafka's default never looks, which makes a
/// topic's `flush.ms` mean nothing.
const FLUSH_LOOK: Duration = Duration::from_secs(1);

/// A length of time that a task can tick by: at least one millisecond.
fn millis(config: &NodeConfig, key: &str) -> Duration {
    Duration::from_millis(u64::try_from(config.number(key)).unwrap_or(1).max(1))
}

impl Settings {
    /// Takes them out of the node's configuration.
    pub fn of(config: &NodeConfig) -> Self {
        let bytes = |key| i32::try_from(config.number(key)).unwrap_or(i32::MAX);
        Self {
            replica_lag_time_max: millis(config, "replica.lag.time.max.ms"),
            replica_fetch_wait_max: millis(config, "replica.fetch.wait.max.ms"),
            replica_fetch_max_bytes: bytes("replica.fetch.max.bytes"),
            replica_fetch_response_max_bytes: bytes("replica.fetch.response.max.bytes"),
            replica_fetch_backoff: millis(config, "replica.fetch.backoff.ms"),
            replica_socket_timeout: millis(config, "replica.socket.timeout.ms"),
            high_watermark_checkpoint_interval: millis(
                config,
                "replica.high.watermark.checkpoint.interval.ms",
            ),
            flush_offset_checkpoint_interval: millis(
                config,
                "log.flush.offset.checkpoint.interval.ms",
            ),
            flush_look_interval: millis(config, "log.flush.scheduler.interval.ms").min(FLUSH_LOOK),
            retention_check_interval: millis(config, "log.retention.check.interval.ms"),
            compaction_backoff: config
                .flag("log.cleaner.enable")
                .then(|| millis(config, "log.cleaner.backoff.ms")),
            compaction_key_bytes: usize::try_from(config.number("log.cleaner.dedupe.buffer.size"))
                .unwrap_or(1),
            recovery_threads: usize::try_from(config.number("num.recovery.threads.per.data.dir"))
                .unwrap_or(1)
                .max(1),
            producer_expiration_ms: config.number("producer.id.expiration.ms"),
        }
    }
}

impl Eligible for Image {
    fn epoch_if_eligible(&self, broker: i32) -> Option<i64> {
        let known = self.brokers.get(&broker)?;
        (!known.fenced && !known.in_controlled_shutdown).then_some(known.epoch)
    }
}

/// The partitions of this node.
#[derive(Debug, Default)]
pub(super) struct Partitions {
    by_id: HashMap<Uuid, BTreeMap<i32, Arc<Partition>>>,
}

impl Partitions {
    pub(super) fn get(&self, key: Key) -> Option<Arc<Partition>> {
        self.by_id.get(&key.0)?.get(&key.1).cloned()
    }

    pub(super) fn insert(&mut self, partition: Arc<Partition>) {
        let (id, index) = partition.key;
        self.by_id.entry(id).or_default().insert(index, partition);
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<Arc<Partition>> {
        let of_topic = self.by_id.get_mut(&key.0)?;
        let removed = of_topic.remove(&key.1);
        if of_topic.is_empty() {
            self.by_id.remove(&key.0);
        }
        removed
    }

    pub(super) fn of_topic(&self, id: Uuid) -> impl Iterator<Item = &Arc<Partition>> {
        self.by_id.get(&id).into_iter().flat_map(BTreeMap::values)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Partition>> {
        self.by_id.values().flat_map(BTreeMap::values)
    }
}

/// What the parts share.
#[derive(Debug)]
pub(super) struct House {
    pub(super) me: i32,
    pub(super) config: Arc<NodeConfig>,
    pub(super) settings: Settings,
    pub(super) clock: Clock,
    pub(super) metrics: Metrics,
    pub(super) dialer: Dialer,
    pub(super) dirs: Directories,
    pub(super) image: RwLock<Arc<Image>>,
    pub(super) partitions: RwLock<Partitions>,
    /// Partitions whose ISR is to be changed, and the task that asks for it.
    pub(super) proposals: Mutex<Vec<Arc<Partition>>>,
    pub(super) proposed: Notify,
    /// Replicas whose directory the controller is to be told, and the task that tells it.
    pub(super) places: Mutex<Places>,
    pub(super) misplaced: Notify,
    pub(super) checkpoints: Mutex<checkpoints::Writing>,
    pub(super) compactor: Compactor,
    pub(super) moves: Moves,
    /// Throttles of what is copied from and to this node.
    pub(super) giving: Arc<Throttle>,
    pub(super) taking: Arc<Throttle>,
    pub(super) isr_shrinks: Counter,
    pub(super) isr_expands: Counter,
}

impl House {
    pub(super) fn image(&self) -> Arc<Image> {
        let image = self.image.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&image)
    }

    pub(super) fn get(&self, key: Key) -> Option<Arc<Partition>> {
        self.partitions
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
    }

    /// Every partition, as of now.
    pub(super) fn all(&self) -> Vec<Arc<Partition>> {
        self.partitions
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }

    pub(super) fn of_topic(&self, id: Uuid) -> Vec<Arc<Partition>> {
        self.partitions
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .of_topic(id)
            .cloned()
            .collect()
    }

    pub(super) fn rules(&self, settings: &TopicSettings) -> Rules {
        let lag = self.settings.replica_lag_time_max.as_millis();
        Rules {
            me: self.me,
            min_insync_replicas: settings.min_insync_replicas,
            max_lag_ms: i64::try_from(lag).unwrap_or(i64::MAX),
        }
    }

    /// Lets the controller be asked for a change of this partition's ISR.
    pub(super) fn propose(&self, partition: &Arc<Partition>) {
        self.proposals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::clone(partition));
        self.proposed.notify_one();
    }

    /// What a client is told of a failure; a disk that failed goes offline first.
    pub(super) fn told(&self, failure: Failure) -> Refusal {
        match failure {
            Failure::Refused(refusal) => refusal,
            Failure::Disk(dir, why) => {
                self.fail_directory(dir, &why);
                Refusal {
                    code: ErrorCode::KAFKA_STORAGE_ERROR,
                    message: Some(why),
                    records: Vec::new(),
                }
            }
        }
    }

    /// Takes a directory offline: its replicas serve nothing until the node starts anew (rule 49).
    pub(super) fn fail_directory(&self, dir: usize, why: &str) {
        if !self.dirs.fail(dir) {
            return;
        }
        let path = self.dirs.get(dir).map(|known| known.path.display());
        log::error!(
            "log directory {} is offline until this node starts anew: {why}",
            path.map(|path| path.to_string()).unwrap_or_default()
        );
        self.lose_moves(dir);
        for partition in self.all() {
            if partition.dir() == Some(dir) {
                drop(partition.go_offline());
            }
        }
        self.lose_places(dir);
    }

    /// Where a broker listens for other brokers.
    pub(super) fn address(&self, broker: i32) -> Option<Address> {
        let image = self.image();
        let registration = &image.brokers.get(&broker)?.registration;
        let name = &self.config.inter_broker_listener;
        let listener = registration.listeners.iter().find(|one| one.name == *name);
        listener.map(|listener| Address {
            node: broker,
            host: listener.host.clone(),
            port: listener.port,
        })
    }

    /// This broker's epoch, or −1 before it is registered.
    pub(super) fn broker_epoch(&self) -> i64 {
        let image = self.image();
        image.brokers.get(&self.me).map_or(-1, |known| known.epoch)
    }
}
