//! The locks, tasks and waits around the pure partitions: who leads which partition of
//! `__consumer_offsets`, what is being written, who waits for what. No lock is held across an await.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicI32, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::meta::image::Image;
use crate::metrics::{Counter, Metrics};
use crate::wire::error_code::ErrorCode;

use super::classic::{Answer, Ticket};
use super::load::load;
use super::offsets_log::{Committed, OffsetsLog};
use super::partition::Partition;
use super::settings::GroupSettings;
use super::write::{Outcome, Write};

/// Most writes of one partition that are appended and not settled; more are refused.
const MAX_IN_FLIGHT: usize = 4096;
/// The timer looks at least so often, in case the machine's clock is set.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

/// All groups this node coordinates.
pub struct Groups {
    pub(super) settings: GroupSettings,
    pub(super) log: Arc<dyn OffsetsLog>,
    pub(super) clock: Clock,
    pub(super) commits: Counter,
    led: RwLock<BTreeMap<i32, Arc<Led>>>,
    pub(super) image: RwLock<Arc<Image>>,
    partition_count: AtomicI32,
    next_ticket: AtomicU64,
    offsets_checked_ms: AtomicI64,
    sleeps_until_ms: AtomicI64,
    earlier: Notify,
}

impl fmt::Debug for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Groups").finish_non_exhaustive()
    }
}

/// A partition of `__consumer_offsets` that this node leads, in one epoch.
pub(super) struct Led {
    pub(super) index: i32,
    pub(super) epoch: i32,
    desk: Mutex<Desk>,
    appended: mpsc::Sender<Appended>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

struct Desk {
    state: Loaded,
    waiting: HashMap<Ticket, oneshot::Sender<Answer>>,
}

/// How far a led partition is.
enum Loaded {
    /// Its records are being read.
    Loading,
    /// It answers.
    Ready(Partition),
    /// Its records cannot be read, or this node leads no more.
    Never,
}

struct Appended {
    write: Write,
    committed: Committed,
}

impl Led {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether its state is still wanted.
    pub(super) fn is_loading(&self) -> bool {
        matches!(self.desk().state, Loaded::Loading)
    }

    /// Its records cannot be read: it stays without state, so that none of it is overwritten.
    pub(super) fn give_up(&self) {
        self.desk().state = Loaded::Never;
    }

    /// Ends it: whoever waits hears that this is no coordinator.
    fn close(&self) {
        let mut desk = self.desk();
        desk.state = Loaded::Never;
        desk.waiting.clear();
        drop(desk);
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.drain(..).for_each(|task| task.abort());
    }
}

impl Groups {
    /// Coordinates nothing until the metadata says what this node leads.
    pub fn new(
        settings: GroupSettings,
        log: Arc<dyn OffsetsLog>,
        clock: Clock,
        metrics: &Metrics,
    ) -> Arc<Self> {
        let groups = Arc::new(Self {
            settings,
            log,
            offsets_checked_ms: AtomicI64::new(clock.now_ms()),
            clock,
            commits: metrics.counter("kafka_coordinator_group_offset_commits_total", &[]),
            led: RwLock::default(),
            image: RwLock::default(),
            partition_count: AtomicI32::new(0),
            next_ticket: AtomicU64::new(1),
            sleeps_until_ms: AtomicI64::new(i64::MAX),
            earlier: Notify::new(),
        });
        let counted = Arc::downgrade(&groups);
        metrics.gauge("kafka_coordinator_group_groups", &[], move || {
            let count = counted.upgrade().map_or(0, |groups| groups.count());
            f64::from(u32::try_from(count).unwrap_or(u32::MAX))
        });
        groups
    }

    fn count(&self) -> usize {
        let count = |led: Arc<Led>| match &led.desk().state {
            Loaded::Ready(partition) => partition.len(),
            Loaded::Loading | Loaded::Never => 0,
        };
        self.all_led().into_iter().map(count).sum()
    }

    pub(super) fn all_led(&self) -> Vec<Arc<Led>> {
        let led = self.led.read().unwrap_or_else(PoisonError::into_inner);
        led.values().cloned().collect()
    }

    pub(super) fn led_epoch(&self, index: i32) -> Option<i32> {
        let led = self.led.read().unwrap_or_else(PoisonError::into_inner);
        led.get(&index).map(|led| led.epoch)
    }

    /// What the groups go by.
    pub fn settings(&self) -> &GroupSettings {
        &self.settings
    }

    /// Which partition of `__consumer_offsets` a group belongs to (rule 57); `None` before the topic
    /// exists.
    pub fn partition_of(&self, group: &str) -> Option<i32> {
        let count = self.partition_count.load(Ordering::Acquire);
        let index = partition_of(group, usize::try_from(count).ok()?)?;
        i32::try_from(index).ok()
    }

    pub(super) fn set_partition_count(&self, count: i32) -> i32 {
        self.partition_count.swap(count, Ordering::AcqRel)
    }

    /// Takes a partition over in an epoch: reads it in a task of its own.
    pub(super) fn lead(self: &Arc<Self>, index: i32, epoch: i32) {
        let mut all = self.led.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = all.insert(index, self.taken_over(index, epoch)) {
            before.close();
        }
    }

    /// Reads a partition anew, unless it was lost or taken over anew meanwhile.
    fn lead_again(self: &Arc<Self>, led: &Arc<Led>) {
        let mut all = self.led.write().unwrap_or_else(PoisonError::into_inner);
        let held = all
            .get_mut(&led.index)
            .filter(|held| Arc::ptr_eq(held, led));
        if let Some(held) = held {
            *held = self.taken_over(led.index, led.epoch);
            led.close();
        }
    }

    fn taken_over(self: &Arc<Self>, index: i32, epoch: i32) -> Arc<Led> {
        let (appended, settling) = mpsc::channel(MAX_IN_FLIGHT);
        let led = Arc::new(Led {
            index,
            epoch,
            desk: Mutex::new(Desk {
                state: Loaded::Loading,
                waiting: HashMap::new(),
            }),
            appended,
            tasks: Mutex::default(),
        });
        let tasks = vec![
            tokio::spawn(load(Arc::clone(self), Arc::clone(&led))),
            tokio::spawn(Arc::clone(self).settle_in_order(Arc::clone(&led), settling)),
        ];
        *led.tasks.lock().unwrap_or_else(PoisonError::into_inner) = tasks;
        led
    }

    /// Leads a partition no more.
    pub(super) fn lose(&self, index: i32) {
        let mut all = self.led.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(led) = all.remove(&index) {
            led.close();
        }
    }

    /// A partition has been read: it answers from now on.
    pub(super) fn ready(&self, led: &Led, partition: Partition) {
        {
            let mut desk = led.desk();
            if !matches!(desk.state, Loaded::Loading) {
                return;
            }
            desk.state = Loaded::Ready(partition);
            self.wake_timer(&desk);
        }
        self.forget_missing_topics(led);
    }

    /// Acts on the partition of a group.
    pub(super) fn with<T>(
        &self,
        group: &str,
        act: impl FnOnce(&mut Partition) -> (T, Outcome),
    ) -> Result<T, ErrorCode> {
        let led = self.led_for(group)?;
        let mut desk = led.desk();
        self.act(&led, &mut desk, act)
    }

    /// Acts on the partition of a group and waits for the answer.
    pub(super) async fn ask(
        &self,
        group: &str,
        act: impl FnOnce(&mut Partition, Ticket) -> Outcome,
    ) -> Result<Answer, ErrorCode> {
        let ticket = self.next_ticket.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        let led = self.led_for(group)?;
        {
            let mut desk = led.desk();
            desk.waiting.insert(ticket, answer);
            let acted = self.act(&led, &mut desk, |partition| ((), act(partition, ticket)));
            if acted.is_err() {
                desk.waiting.remove(&ticket);
            }
            acted?;
        }
        answered.await.map_err(|_| ErrorCode::NOT_COORDINATOR)
    }

    /// Like [`Groups::ask`] for a write of the asker's own, which may only take so long.
    pub(super) async fn write(
        &self,
        group: &str,
        act: impl FnOnce(&mut Partition, Ticket) -> Outcome,
    ) -> Result<(), ErrorCode> {
        let patience = u64::try_from(self.settings.commit_timeout_ms).unwrap_or(0);
        let asked = self.ask(group, act);
        match tokio::time::timeout(Duration::from_millis(patience), asked).await {
            Err(_) => Err(ErrorCode::COORDINATOR_NOT_AVAILABLE),
            Ok(Err(code)) => Err(code),
            Ok(Ok(Answer::Written(written))) => written,
            Ok(Ok(_)) => Err(ErrorCode::UNKNOWN_SERVER_ERROR),
        }
    }

    fn led_for(&self, group: &str) -> Result<Arc<Led>, ErrorCode> {
        let index = self.partition_of(group);
        let led = self.led.read().unwrap_or_else(PoisonError::into_inner);
        let found = index.and_then(|index| led.get(&index));
        found.cloned().ok_or(ErrorCode::NOT_COORDINATOR)
    }

    fn act<T>(
        &self,
        led: &Led,
        desk: &mut Desk,
        act: impl FnOnce(&mut Partition) -> (T, Outcome),
    ) -> Result<T, ErrorCode> {
        let partition = match &mut desk.state {
            Loaded::Ready(partition) => partition,
            Loaded::Loading => return Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS),
            Loaded::Never => return Err(ErrorCode::NOT_COORDINATOR),
        };
        let (done, outcome) = act(partition);
        self.carry_out(led, desk, outcome);
        Ok(done)
    }

    /// Gives answers to who waits for them and appends what is to be written.
    fn carry_out(&self, led: &Led, desk: &mut Desk, outcome: Outcome) {
        let mut writes = VecDeque::from(outcome.writes);
        desk.give(outcome.answers);
        while let Some(write) = writes.pop_front() {
            let Err(refused) = self.append(led, write) else {
                continue;
            };
            let (write, code) = *refused;
            if let Loaded::Ready(partition) = &mut desk.state {
                let then = partition.settle(write, Err(code), self.clock.now_ms());
                desk.give(then.answers);
                writes.extend(then.writes);
            }
        }
        self.wake_timer(desk);
    }

    fn append(&self, led: &Led, write: Write) -> Result<(), Box<(Write, ErrorCode)>> {
        let Ok(place) = led.appended.try_reserve() else {
            let code = ErrorCode::COORDINATOR_NOT_AVAILABLE;
            return Err(Box::new((write, code)));
        };
        match write.batch(self.clock.now_ms()) {
            Ok(batch) => {
                let committed = self.log.append(led.index, led.epoch, batch);
                place.send(Appended { write, committed });
                Ok(())
            }
            Err(why) => {
                log::error!("group {}: its record cannot be written: {why}", write.group);
                Err(Box::new((write, ErrorCode::UNKNOWN_SERVER_ERROR)))
            }
        }
    }

    /// Settles writes in the order of the log. Ends with the partition.
    async fn settle_in_order(
        self: Arc<Self>,
        led: Arc<Led>,
        mut settling: mpsc::Receiver<Appended>,
    ) {
        while let Some(Appended { write, committed }) = settling.recv().await {
            let written = committed.await.map(|_| ());
            let uncertain = matches!(
                written,
                Err(ErrorCode::REQUEST_TIMED_OUT | ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND)
            );
            if self.settle(&led, write, written).is_err() {
                return;
            }
            if uncertain {
                // It may be in the log and count after all: only the log knows.
                log::warn!("partition {} of __consumer_offsets is read anew", led.index);
                self.lead_again(&led);
                return;
            }
        }
    }

    fn settle(
        &self,
        led: &Led,
        write: Write,
        written: Result<(), ErrorCode>,
    ) -> Result<(), ErrorCode> {
        let now_ms = self.clock.now_ms();
        self.act(led, &mut led.desk(), |partition| {
            ((), partition.settle(write, written, now_ms))
        })
    }

    fn wake_timer(&self, desk: &Desk) {
        let Loaded::Ready(partition) = &desk.state else {
            return;
        };
        if partition.next_deadline() < self.sleeps_until_ms.load(Ordering::Acquire) {
            self.earlier.notify_one();
        }
    }

    /// Acts on every partition that is ready and that `due` picks.
    pub(super) fn on_each(
        &self,
        due: impl Fn(&Partition) -> bool,
        act: impl Fn(&mut Partition) -> Outcome,
    ) {
        for led in self.all_led() {
            self.on_one(&led, &due, &act);
        }
    }

    pub(super) fn on_one(
        &self,
        led: &Led,
        due: &impl Fn(&Partition) -> bool,
        act: &impl Fn(&mut Partition) -> Outcome,
    ) {
        let mut desk = led.desk();
        if let Loaded::Ready(partition) = &mut desk.state
            && due(partition)
        {
            let outcome = act(partition);
            self.carry_out(led, &mut desk, outcome);
        }
    }

    /// Reads something of every partition; an error while any is loading.
    pub(super) fn read_each(&self, mut read: impl FnMut(&Partition)) -> Result<(), ErrorCode> {
        for led in self.all_led() {
            match &led.desk().state {
                Loaded::Ready(partition) => read(partition),
                Loaded::Loading => return Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS),
                Loaded::Never => {}
            }
        }
        Ok(())
    }

    /// Does what is due by now: sessions, rebalances, and now and then offsets.
    pub fn tick(&self) {
        let now_ms = self.clock.now_ms();
        self.on_each(
            |partition| partition.next_deadline() <= now_ms,
            |partition| partition.expire(now_ms),
        );
        let checked_ms = self.offsets_checked_ms.load(Ordering::Acquire);
        if now_ms.saturating_sub(checked_ms) >= self.settings.retention_check_interval_ms {
            self.offsets_checked_ms.store(now_ms, Ordering::Release);
            self.on_each(|_| true, |partition| partition.expire_offsets(now_ms));
        }
    }

    /// Expires members, rebalances and offsets when they are due. The node runs it in one task and
    /// ends that task to stop; it never returns by itself.
    pub async fn keep_time(self: Arc<Self>) {
        loop {
            let wait = self.until_next_deadline();
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.earlier.notified() => {}
            }
            self.tick();
        }
    }

    fn until_next_deadline(&self) -> Duration {
        // Whatever becomes due earlier while this looks is announced.
        self.sleeps_until_ms.store(i64::MAX, Ordering::Release);
        let deadline = |led: Arc<Led>| match &led.desk().state {
            Loaded::Ready(partition) => partition.next_deadline(),
            Loaded::Loading | Loaded::Never => i64::MAX,
        };
        let next_ms = self.all_led().into_iter().map(deadline).min();
        let next_ms = next_ms.unwrap_or(i64::MAX);
        self.sleeps_until_ms.store(next_ms, Ordering::Release);
        let wait_ms = next_ms.saturating_sub(self.clock.now_ms()).max(0);
        Duration::from_millis(wait_ms.cast_unsigned()).min(LONGEST_SLEEP)
    }
}

impl Desk {
    fn give(&mut self, answers: Vec<(Ticket, Answer)>) {
        for (ticket, answer) in answers {
            if let Some(waiting) = self.waiting.remove(&ticket) {
                // Who asked may be gone; nothing is lost then.
                let _gone = waiting.send(answer);
            }
        }
    }
}

/// Which of `count` partitions of `__consumer_offsets` a group belongs to (rule 57): Java's hash of
/// its id, without the sign; `None` where there are none.
pub fn partition_of(group: &str, count: usize) -> Option<usize> {
    let hash = group.encode_utf16().fold(0_i32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(i32::from(unit))
    });
    let hash = hash.checked_abs().unwrap_or(0);
    usize::try_from(hash).ok()?.checked_rem(count)
}

#[cfg(test)]
mod tests {
    use super::partition_of;

    #[test]
    fn groups_are_spread_as_java_does() {
        // String.hashCode: "" is 0, "hello" 99162322, "polygenelubricants" i32::MIN.
        assert_eq!(partition_of("", 50), Some(0));
        assert_eq!(partition_of("hello", 50), Some(22));
        assert_eq!(partition_of("polygenelubricants", 50), Some(0));
        assert_eq!(partition_of("größe", 50), Some(7));
        assert_eq!(partition_of("g", 0), None);
    }
}
