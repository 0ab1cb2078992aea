//! Replication: leaders and followers over logs. The decisions are pure state machines
//! (`leader`, `follower`, `isr`); this shell has the disks, the tasks and the connections.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::config::{NodeConfig, topic};
use crate::fault::Faults;
use crate::meta::image::{Delta, Image};
use crate::metrics::Metrics;
use crate::peer::Dialer;
use crate::wire::error_code::ErrorCode;
use crate::wire::uuid::Uuid;

mod alter;
mod assign;
mod checkpoints;
mod compactor;
pub mod directories;
pub mod epochs;
mod fetcher;
pub mod follower;
mod futures;
mod gauges;
mod house;
pub mod isr;
pub mod leader;
mod metadata;
mod mover;
pub mod moves;
mod offsets;
pub mod partition;
pub mod progress;
pub mod purgatory;
mod schemas;
pub mod serve;
mod store;
pub mod throttle;
mod upkeep;
pub mod watermark;

pub use alter::{Altering, Control};
pub use assign::Assigning;
use compactor::Compactor;
use directories::{Directories, Directory};
use fetcher::Fetchers;
use house::{House, Settings};
use mover::Moves;
use partition::{Failure, Partition, Refusal};
pub use schemas::{CommittedRead, Led};
use serve::{Acks, Look, ReadAt, Reader, Written};
use store::Shelf;
use throttle::{Side, Throttle};
use upkeep::Leftovers;

/// What replication is built on.
#[derive(Debug)]
pub struct Ground {
    /// The node's settings.
    pub config: Arc<NodeConfig>,
    /// The log directories with their identities, in the order of `log.dirs`; one without an identity
    /// could not be used at start and stays offline.
    pub dirs: Vec<(PathBuf, Option<Uuid>)>,
    /// Time.
    pub clock: Clock,
    /// Numbers.
    pub metrics: Metrics,
    /// Faults on purpose.
    pub faults: Faults,
    /// The way to other brokers.
    pub dialer: Dialer,
}

/// How a request names a topic.
#[derive(Debug, Clone, Copy)]
pub enum TopicRef<'a> {
    /// By name.
    Name(&'a str),
    /// By id (KIP-516).
    Id(Uuid),
}

/// Every replica this node holds; shared by all that serve requests.
#[derive(Debug)]
pub struct Replicas {
    house: Arc<House>,
    fetchers: Fetchers,
    leftovers: Arc<Leftovers>,
    /// Logs found at start; taken by the first metadata.
    shelf: Mutex<Option<Shelf>>,
    /// Replicas that the disk had no room for when the metadata asked for them or their role.
    unsettled: Mutex<BTreeSet<partition::Key>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    turn: AtomicUsize,
}

impl Replicas {
    /// Opens every log that lies in the directories; blocks on the disk, for long after a crash. Nothing
    /// is served before [`Replicas::follow_metadata`] says whose the logs are.
    pub fn open(ground: Ground) -> Arc<Self> {
        let dirs = ground.dirs.into_iter();
        let dirs = dirs.map(|(path, id)| Directory { path, id }).collect();
        let counter = |name| ground.metrics.counter(name, &[]);
        let house = Arc::new(House {
            me: ground.config.node_id,
            settings: Settings::of(&ground.config),
            clock: ground.clock,
            dialer: ground.dialer,
            dirs: Directories::new(dirs, ground.faults),
            image: RwLock::new(Arc::new(Image::empty())),
            partitions: RwLock::default(),
            checkpoints: Mutex::default(),
            proposals: Mutex::default(),
            proposed: Notify::new(),
            places: Mutex::default(),
            misplaced: Notify::new(),
            compactor: Compactor::default(),
            moves: Moves::default(),
            giving: Arc::new(Throttle::new(Side::Leader, &ground.config)),
            taking: Arc::new(Throttle::new(Side::Follower, &ground.config)),
            isr_shrinks: counter("kafka_server_replicamanager_isrshrinks_total"),
            isr_expands: counter("kafka_server_replicamanager_isrexpands_total"),
            metrics: ground.metrics,
            config: ground.config,
        });
        let settings = Arc::new(topic::effective(None, &[&house.config.given]));
        let shelf = store::open_all(&house, &settings);
        gauges::register(&house);
        Arc::new(Self {
            house,
            fetchers: Fetchers::default(),
            leftovers: Arc::default(),
            shelf: Mutex::new(Some(shelf)),
            unsettled: Mutex::default(),
            tasks: Mutex::default(),
            turn: AtomicUsize::new(0),
        })
    }

    /// Starts what happens by itself: changes of ISRs, the places of replicas and their moves, checkpoints,
    /// retention, compaction.
    pub fn start(self: &Arc<Self>, control: Arc<dyn Control>) {
        let mut tasks = upkeep::start(&self.house, &self.leftovers);
        let (house, asked) = (Arc::clone(&self.house), Arc::clone(&control));
        tasks.push(tokio::spawn(upkeep::settle(Arc::downgrade(self))));
        tasks.push(tokio::spawn(alter::run(house, control)));
        tasks.push(tokio::spawn(assign::run(Arc::clone(&self.house), asked)));
        let leftovers = Arc::clone(&self.leftovers);
        tasks.push(tokio::spawn(mover::run(Arc::clone(&self.house), leftovers)));
        let mut kept = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(tasks);
    }

    /// Stops all tasks, flushes and closes every log, marks the stop as clean. Blocks on the disk.
    pub fn shut_down(&self) {
        self.fetchers.stop();
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        for task in tasks.drain(..) {
            task.abort();
        }
        drop(tasks);
        self.house.compactor.stop();
        store::close_all(&self.house);
    }

    /// Leads, follows, stops and deletes as the metadata says. Makes directories, so it blocks on the
    /// disk. The first image that knows this broker is taken as a whole, and logs it does not assign
    /// here are deleted: it must be one that holds the registration of this run.
    pub fn follow_metadata(&self, image: &Arc<Image>, delta: &Delta) {
        self.follow(image, delta);
    }

    /// Identities of the log directories that have failed, for the heartbeat.
    pub fn offline_dirs(&self) -> Vec<Uuid> {
        self.house.dirs.offline()
    }

    /// The image that the replicas follow.
    pub fn image(&self) -> Arc<Image> {
        self.house.image()
    }

    /// The log directories.
    pub fn directories(&self) -> &Directories {
        &self.house.dirs
    }

    /// Every replica, as of now.
    pub fn all(&self) -> Vec<Arc<Partition>> {
        self.house.all()
    }

    /// A replica of this node: `UNKNOWN_TOPIC_OR_PARTITION` or `UNKNOWN_TOPIC_ID` where the cluster has
    /// no such partition, `NOT_LEADER_OR_FOLLOWER` where other brokers have it.
    pub fn find(
        &self,
        image: &Image,
        topic: TopicRef<'_>,
        index: i32,
    ) -> Result<Arc<Partition>, ErrorCode> {
        let known = match topic {
            TopicRef::Name(name) => image
                .topics
                .get(name)
                .ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?,
            TopicRef::Id(id) => image.topic_by_id(id).ok_or(ErrorCode::UNKNOWN_TOPIC_ID)?,
        };
        if let Some(partition) = self.house.get((known.id, index)) {
            return Ok(partition);
        }
        let exists = usize::try_from(index).is_ok_and(|index| index < known.partitions.len());
        Err(if exists {
            ErrorCode::NOT_LEADER_OR_FOLLOWER
        } else {
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        })
    }

    /// Appends a client's batch to a partition that this broker leads.
    pub fn write(
        &self,
        image: &Image,
        partition: &Partition,
        batch: &bytes::Bytes,
        acks: Acks,
    ) -> Result<Written, Refusal> {
        let now_ms = self.house.clock.now_ms();
        partition
            .append(batch, acks, image, now_ms)
            .map_err(|failure| self.house.told(failure))
    }

    /// Finds what a reader can have of a partition; `before` are the bytes that an earlier look for the
    /// same answer found. A replica under throttle gets no more than there is room for.
    pub fn look(
        &self,
        image: &Image,
        partition: &Arc<Partition>,
        (reader, before): (Reader, usize),
        at: &ReadAt,
    ) -> Look {
        let now_ms = self.house.clock.now_ms();
        let giving = self.house.give(image, partition, reader, before);
        let (mut look, aftermath) = partition.look(reader, &giving.limit(at), image, now_ms);
        self.house.given(giving, &mut look);
        if aftermath.proposal {
            self.house.propose(partition);
        }
        if look.error == ErrorCode::KAFKA_STORAGE_ERROR {
            self.suspect(partition);
        }
        look
    }

    /// Moves a partition's log start up (rule 72).
    pub fn delete_records(&self, partition: &Partition, offset: i64) -> Result<i64, Refusal> {
        partition
            .delete_records(offset)
            .map_err(|failure| self.house.told(failure))
    }

    /// A read failed: if the directory cannot be read at all, it goes offline.
    pub fn suspect(&self, partition: &Partition) {
        self.house.suspect(partition);
    }

    /// What a client is told of a failed disk; the directory goes offline.
    pub fn told(&self, failure: Failure) -> Refusal {
        self.house.told(failure)
    }

    /// A number that goes on with every call, so that requests begin with different partitions
    /// (rule 34).
    pub fn turn(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed)
    }
}
