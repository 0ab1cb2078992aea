//! One replica: its log and its role behind one lock, which is never held while waiting or reading in
//! bulk. What is decided is decided by `leader` and `follower`; here it meets the disk.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::follower::Follower;
use super::isr::{Agreed, Next, Proposal};
use super::leader::{Eligible, Leader, Moved, Rules};
use super::moves::Future;
use super::purgatory::{Bell, News, Purgatory, Wants};
use crate::config::TopicSettings;
use crate::log::{AppendError, Log, LogError};
use crate::meta::record::PartitionState;
use crate::metrics::Counter;
use crate::wire::error_code::ErrorCode;
use crate::wire::uuid::Uuid;

/// Which partition: its topic's id and its index.
pub type Key = (Uuid, i32);

/// What a replica is to its partition.
#[derive(Debug)]
pub enum Role {
    /// Neither: the metadata has not said yet.
    Idle,
    /// It leads.
    Leader(Box<Leader>),
    /// It follows.
    Follower(Follower),
    /// Neither: it is no longer this broker's, or the broker stops.
    Gone,
}

/// What the lock guards.
#[derive(Debug)]
pub struct State {
    /// The log; `None` once it is deleted, or its disk has failed.
    pub log: Option<Log>,
    /// What the replica is.
    pub role: Role,
    /// Everything below is committed, as far as this replica knows.
    pub high_watermark: i64,
    /// First offset that compaction has not seen; `None` where it never ran.
    pub clean_below: Option<i64>,
    /// Whether files of the log are being replaced: it stays where it is meanwhile.
    pub is_compacting: bool,
    /// The epoch of the partition that this replica goes by.
    partition_epoch: i32,
    /// Goes by these.
    settings: Arc<TopicSettings>,
}

/// Where records of a topic are counted.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    /// Records that producers wrote.
    pub messages_in: Counter,
    /// Bytes that producers wrote.
    pub bytes_in: Counter,
    /// Bytes that consumers read.
    pub bytes_out: Counter,
}

/// What an access to the disk came to.
#[derive(Debug)]
pub enum Failure {
    /// The request is refused with this code; nothing else is wrong.
    Refused(Refusal),
    /// The log directory at this position has failed.
    Disk(usize, String),
}

/// Why a batch was not appended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Kafka's error.
    pub code: ErrorCode,
    /// For the client's log.
    pub message: Option<String>,
    /// Per record what is wrong with it (KIP-467).
    pub records: Vec<(i32, String)>,
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Self {
            code,
            ..Self::default()
        }
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Self::Refused(code.into())
    }
}

/// What a new partition is made of.
#[derive(Debug)]
pub struct Making {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The topic's id and the index.
    pub key: Key,
    /// Position of its log directory; `None` where none is online.
    pub dir: Option<usize>,
    /// Its log, unless the disk has failed.
    pub log: Option<Log>,
    /// Its high watermark, from the checkpoint.
    pub high_watermark: i64,
    /// First offset that compaction has not seen, from the checkpoint.
    pub clean_below: Option<i64>,
    /// The settings that the log has.
    pub settings: Arc<TopicSettings>,
    /// Where its traffic is counted.
    pub traffic: Traffic,
}

/// One replica of one partition.
#[derive(Debug)]
pub struct Partition {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The topic's id and the index.
    pub key: Key,
    /// Position of its log directory; [`NOWHERE`] for none.
    dir: AtomicUsize,
    /// Where its traffic is counted.
    pub traffic: Traffic,
    /// Who waits for it.
    pub purgatory: Purgatory,
    state: Mutex<State>,
    /// What is to take its place in another directory; locked before the state, never after it.
    future: Mutex<Option<Future>>,
}

/// The position of no log directory.
const NOWHERE: usize = usize::MAX;

impl Partition {
    /// A replica without a role.
    pub fn new(making: Making) -> Self {
        let (start, end) = making
            .log
            .as_ref()
            .map_or((0, 0), |log| (log.log_start_offset(), log.log_end_offset()));
        Self {
            topic: making.topic,
            key: making.key,
            dir: AtomicUsize::new(making.dir.unwrap_or(NOWHERE)),
            future: Mutex::default(),
            traffic: making.traffic,
            purgatory: Purgatory::default(),
            state: Mutex::new(State {
                log: making.log,
                role: Role::Idle,
                high_watermark: making.high_watermark.max(start).min(end),
                clean_below: making.clean_below,
                is_compacting: false,
                partition_epoch: -1,
                settings: making.settings,
            }),
        }
    }

    /// Position of its log directory; `None` where none is online for it.
    pub fn dir(&self) -> Option<usize> {
        let dir = self.dir.load(Ordering::Acquire);
        Some(dir).filter(|dir| *dir != NOWHERE)
    }

    /// It lies in another log directory from here on.
    pub(super) fn lies_in(&self, dir: usize) {
        self.dir.store(dir, Ordering::Release);
    }

    /// Locks what is to take its place; to be taken before the state's lock, if both are.
    pub fn future(&self) -> MutexGuard<'_, Option<Future>> {
        self.future.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the state; never to be held across a wait.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Turns what the disk said into what the client is told. A shortage refuses the access alone.
    pub fn disk_failure(&self, error: &LogError) -> Failure {
        match self.dir() {
            Some(dir) if !error.is_shortage() && matches!(error, LogError::Io { .. }) => {
                Failure::Disk(dir, error.to_string())
            }
            _ => Failure::Refused(Refusal {
                code: ErrorCode::KAFKA_STORAGE_ERROR,
                message: Some(error.to_string()),
                records: Vec::new(),
            }),
        }
    }

    /// Turns why an append failed into what the client is told.
    pub fn append_failure(&self, error: AppendError) -> Failure {
        match error {
            AppendError::Refused {
                code,
                message,
                records,
            } => Failure::Refused(Refusal {
                code,
                message: Some(message),
                records,
            }),
            AppendError::Log(error) => self.disk_failure(&error),
        }
    }

    /// Takes in the metadata's word: begins to lead or follow where the leader epoch is new, else
    /// takes in the ISR. Gives the leader to fetch from, if the replica follows one.
    pub fn follow_metadata(
        &self,
        state: &PartitionState,
        rules: Rules,
        eligible: &dyn Eligible,
        now_ms: i64,
    ) -> Result<Moved, Failure> {
        let mut own = self.lock();
        if state.partition_epoch <= own.partition_epoch {
            return Ok(Moved::default());
        }
        let before = std::mem::replace(&mut own.partition_epoch, state.partition_epoch);
        let moved = own.take_role(state, rules, eligible, now_ms);
        if moved.is_err() {
            // It is told again once the disk takes it.
            own.partition_epoch = before;
        }
        let news = News {
            role: true,
            ..News::default()
        };
        drop(own);
        self.purgatory.tell(news);
        moved.map_err(|error| self.disk_failure(&error))
    }

    /// The broker this replica fetches from, while it follows one.
    pub fn source(&self) -> Option<i32> {
        let state = self.lock();
        match &state.role {
            Role::Follower(follower) if follower.leader >= 0 && state.log.is_some() => {
                Some(follower.leader)
            }
            _ => None,
        }
    }

    /// Takes new settings into use.
    pub fn reconfigure(&self, settings: &Arc<TopicSettings>, rules: Rules) {
        let mut state = self.lock();
        state.settings = Arc::clone(settings);
        if let Some(log) = state.log.as_mut() {
            log.reconfigure(Arc::clone(settings));
        }
        if let Role::Leader(leader) = &mut state.role {
            leader.rule(rules);
        }
    }

    /// Drops followers from the ISR that have lagged too long; gives whether the controller is to be
    /// asked.
    pub fn shrink_isr(&self, now_ms: i64) -> bool {
        match &mut self.lock().role {
            Role::Leader(leader) => leader.shrink(now_ms).proposal,
            _ => false,
        }
    }

    /// The change of the ISR to send now.
    pub fn take_proposal(&self) -> Option<Proposal> {
        match &mut self.lock().role {
            Role::Leader(leader) => leader.take_proposal(),
            _ => None,
        }
    }

    /// Takes in the controller's answer.
    pub fn answered(
        &self,
        sent: &Proposal,
        answer: Result<&Agreed, ErrorCode>,
        eligible: &dyn Eligible,
        now_ms: i64,
    ) -> Next {
        let mut state = self.lock();
        let Role::Leader(leader) = &mut state.role else {
            return Next::Stale;
        };
        let (next, moved) = leader.answered(sent, answer, eligible, now_ms);
        let news = state.settle(moved);
        drop(state);
        self.purgatory.tell(news);
        next
    }

    /// Rings `bell` at news of this kind; at once if `changed` finds that something happened since the
    /// waiter looked.
    pub fn watch(
        &self,
        wants: Wants,
        bell: &Arc<Bell>,
        number: usize,
        changed: impl FnOnce(&State) -> bool,
    ) {
        let state = self.lock();
        self.purgatory.watch(wants, bell, number);
        if changed(&state) {
            bell.ring(number);
        }
    }

    /// What an `acks=all` write in an epoch, up to `end`, is told; `None` while it has to wait.
    pub fn acknowledged(&self, epoch: i32, end: i64) -> Option<ErrorCode> {
        let state = self.lock();
        match &state.role {
            _ if state.log.is_none() => Some(state.missing()),
            Role::Leader(leader) if leader.epoch() == epoch => leader.acknowledged(end),
            _ => Some(ErrorCode::NOT_LEADER_OR_FOLLOWER),
        }
    }

    /// Takes the log away because its disk has failed.
    pub fn go_offline(&self) -> Option<Log> {
        self.take_log(Role::Idle)
    }

    /// Takes the log away for good: for deletion, or for closing.
    pub fn release(&self) -> Option<Log> {
        self.take_log(Role::Gone)
    }

    fn take_log(&self, role: Role) -> Option<Log> {
        let mut state = self.lock();
        state.role = role;
        let log = state.log.take();
        drop(state);
        self.purgatory.tell(News {
            role: true,
            ..News::default()
        });
        log
    }
}

impl State {
    /// The log, or why there is none.
    pub fn log(&self) -> Result<&Log, ErrorCode> {
        self.log.as_ref().ok_or(self.missing())
    }

    /// What is said where the log is missing: who waited for a replica that is gone asks elsewhere.
    pub fn missing(&self) -> ErrorCode {
        match &self.role {
            Role::Gone => ErrorCode::NOT_LEADER_OR_FOLLOWER,
            _ => ErrorCode::KAFKA_STORAGE_ERROR,
        }
    }

    /// The leader, or the error for a replica that does not lead.
    pub fn leader(&self) -> Result<&Leader, ErrorCode> {
        match &self.role {
            Role::Leader(leader) => Ok(leader),
            _ => Err(ErrorCode::NOT_LEADER_OR_FOLLOWER),
        }
    }

    /// The epoch in which this replica leads or follows, or −1.
    pub fn leader_epoch(&self) -> i32 {
        match &self.role {
            Role::Idle | Role::Gone => -1,
            Role::Leader(leader) => leader.epoch(),
            Role::Follower(follower) => follower.leader_epoch,
        }
    }

    /// The last stable offset.
    pub fn last_stable_offset(&self) -> i64 {
        let log = self.log.as_ref();
        log.map_or(self.high_watermark, |log| {
            log.last_stable_offset(self.high_watermark)
        })
    }

    /// The settings in force.
    pub fn settings(&self) -> &Arc<TopicSettings> {
        &self.settings
    }

    /// Takes over the leader's watermark after something moved it; gives the news.
    pub fn settle(&mut self, moved: Moved) -> News {
        if let Role::Leader(leader) = &self.role {
            self.high_watermark = leader.high_watermark();
        }
        News {
            committed: moved.high_watermark.then_some(self.high_watermark),
            start: moved.low_watermark,
            ..News::default()
        }
    }

    fn take_role(
        &mut self,
        state: &PartitionState,
        rules: Rules,
        eligible: &dyn Eligible,
        now_ms: i64,
    ) -> Result<Moved, LogError> {
        let Some(log) = self.log.as_mut() else {
            return Ok(Moved::default());
        };
        if state.leader != rules.me {
            self.role = Role::Follower(Follower {
                leader: state.leader,
                leader_epoch: state.leader_epoch,
            });
            return Ok(Moved::default());
        }
        let begins =
            !matches!(&self.role, Role::Leader(leader) if leader.epoch() == state.leader_epoch);
        if begins {
            log.begin_epoch(state.leader_epoch)?;
            let end = log.log_end_offset();
            let leader = Leader::new(rules, state, end, self.high_watermark, now_ms);
            self.role = Role::Leader(Box::new(leader));
        }
        let Role::Leader(leader) = &mut self.role else {
            return Ok(Moved::default());
        };
        let mut moved = leader.follow(state, eligible, now_ms);
        moved.proposal |= leader.isr().is_changing();
        self.settle(moved);
        Ok(moved)
    }
}
