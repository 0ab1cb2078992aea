//! Throttles of replication (KIP-73): how fast replicas that are listed for it may be copied, on the side
//! that gives and on the side that takes. A replica that is in sync is never held back; its bytes count.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use super::house::House;
use super::partition::{Key, Partition};
use super::serve::{Look, ReadAt, Reader};
use crate::config::{NodeConfig, keys};
use crate::meta::image::{Delta, Image};
use crate::meta::record::Resource;
use crate::meta::settings;
use crate::metrics::Metrics;
use crate::quota::rate::{float, whole};
use crate::quota::{Rate, Windows};
use crate::wire::uuid::Uuid;

/// Seconds' worth that is given at once: who was given something and asks again at once waits like the
/// others, so that each of them gets its turn.
const TURN_S: f64 = 0.25;

/// Which side of a copy is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The one that gives.
    Leader,
    /// The one that takes.
    Follower,
}

impl Side {
    /// The broker's key for bytes per second.
    fn rate_key(self) -> &'static str {
        match self {
            Self::Leader => "leader.replication.throttled.rate",
            Self::Follower => "follower.replication.throttled.rate",
        }
    }

    /// The topic's key for the replicas that it is about.
    fn replicas_key(self) -> &'static str {
        match self {
            Self::Leader => "leader.replication.throttled.replicas",
            Self::Follower => "follower.replication.throttled.replicas",
        }
    }

    /// What it shows as, by the name of Kafka's own number.
    fn gauge(self) -> &'static str {
        match self {
            Self::Leader => "kafka_server_leaderreplication_byte_rate",
            Self::Follower => "kafka_server_followerreplication_byte_rate",
        }
    }
}

/// The replicas of one topic on this node that are throttled.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Listed {
    All,
    Some(BTreeSet<i32>),
}

impl Listed {
    /// What `*` or `partition:broker,…` says about the replicas of one broker.
    fn read(text: &str, broker: i32) -> Option<Self> {
        if text.trim() == "*" {
            return Some(Self::All);
        }
        let here = keys::list(text).filter_map(|pair| {
            let (partition, at) = pair.split_once(':')?;
            (at.trim().parse() == Ok(broker)).then(|| partition.trim().parse().ok())?
        });
        let here: BTreeSet<i32> = here.collect();
        (!here.is_empty()).then_some(Self::Some(here))
    }

    fn has(&self, index: i32) -> bool {
        match self {
            Self::All => true,
            Self::Some(indexes) => indexes.contains(&index),
        }
    }
}

/// What the settings say now.
#[derive(Debug, Default)]
struct Rules {
    /// Bytes per second; anything that large is no limit.
    rate: i64,
    topics: HashMap<Uuid, Listed>,
}

impl Rules {
    fn of(image: &Image, node: &NodeConfig, side: Side) -> Self {
        let rate = settings::layers(image, node).number(side.rate_key());
        let topics = image.configs.iter().filter_map(|(resource, values)| {
            let Resource::Topic(name) = resource else {
                return None;
            };
            let listed = Listed::read(values.get(side.replicas_key())?, node.node_id)?;
            Some((image.topics.get(name.as_str())?.id, listed))
        });
        Self {
            rate: rate.unwrap_or(i64::MAX),
            topics: topics.collect(),
        }
    }
}

/// The throttle of one side.
#[derive(Debug)]
pub struct Throttle {
    side: Side,
    rules: RwLock<Arc<Rules>>,
    used: Mutex<Rate>,
}

impl Throttle {
    /// Throttles nothing before it knows the metadata.
    pub(super) fn new(side: Side, node: &NodeConfig) -> Self {
        let windows = Windows::new(
            node.number("replication.quota.window.num"),
            node.number("replication.quota.window.size.seconds"),
        );
        Self {
            side,
            rules: RwLock::default(),
            used: Mutex::new(Rate::new(windows)),
        }
    }

    /// Shows the rate of what is listed.
    pub(super) fn show(
        throttle: &Arc<Self>,
        metrics: &Metrics,
        now_ms: impl Fn() -> i64 + Send + Sync + 'static,
    ) {
        let shown = Arc::clone(throttle);
        metrics.gauge(throttle.side.gauge(), &[], move || {
            shown.used(|used| used.recent(now_ms()))
        });
    }

    /// Goes by what the metadata says now, if a change of settings (or no delta at all) asks for it.
    pub(super) fn follow(&self, image: &Image, node: &NodeConfig, delta: Option<&Delta>) {
        if delta.is_some_and(|delta| delta.configs.is_empty() && delta.removed_topics.is_empty()) {
            return;
        }
        let rules = Arc::new(Rules::of(image, node, self.side));
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn used<T>(&self, look: impl FnOnce(&mut Rate) -> T) -> T {
        look(&mut self.used.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a replica of this node is listed.
    pub fn lists(&self, key: Key) -> bool {
        let rules = self.rules();
        let listed = rules.topics.get(&key.0);
        listed.is_some_and(|listed| listed.has(key.1))
    }

    /// Bytes that replicas that are listed and not in sync may have now.
    pub fn room(&self, now_ms: i64) -> usize {
        let bound = float(self.rules().rate);
        let room = self.used(|used| used.room(bound, now_ms));
        if room < bound * TURN_S {
            return 0;
        }
        usize::try_from(whole(room.floor())).unwrap_or(usize::MAX)
    }

    /// Milliseconds until there is room again.
    pub fn room_in_ms(&self, now_ms: i64) -> i64 {
        let bound = float(self.rules().rate);
        self.used(|used| used.room_in_ms(bound * TURN_S, bound, now_ms))
    }

    /// Counts bytes of a listed replica; what was counted and not given after all is taken back.
    pub fn count(&self, (before, bytes): (usize, usize), now_ms: i64) {
        let number = |bytes| float(i64::try_from(bytes).unwrap_or(i64::MAX));
        self.used(|used| used.record(number(bytes) - number(before), now_ms));
    }
}

/// What a look may give a reader.
#[derive(Debug, Clone, Copy)]
pub(super) struct Giving {
    /// Whether the replica is listed, and so counts.
    counted: bool,
    /// Bytes that it may have now; `None` where it is not held back.
    room: Option<usize>,
}

impl Giving {
    const FREE: Self = Self {
        counted: false,
        room: None,
    };

    /// The read that is left of one.
    pub(super) fn limit(self, at: &ReadAt) -> ReadAt {
        ReadAt {
            max_bytes: self
                .room
                .map_or(at.max_bytes, |room| at.max_bytes.min(room)),
            ..*at
        }
    }
}

impl House {
    /// What a look may give: followers that are out of sync and listed get what there is room for.
    pub(super) fn give(
        &self,
        image: &Image,
        partition: &Partition,
        reader: Reader,
        before: usize,
    ) -> Giving {
        let Reader::Follower { id, .. } = reader else {
            return Giving::FREE;
        };
        if !self.giving.lists(partition.key) {
            return Giving::FREE;
        }
        let now_ms = self.clock.steady_ms();
        self.giving.count((before, 0), now_ms);
        let held = !is_in_sync(image, partition, id);
        Giving {
            counted: true,
            room: held.then(|| self.giving.room(now_ms)),
        }
    }

    /// Takes out of a look what there is no room for, and counts the rest.
    pub(super) fn given(&self, giving: Giving, look: &mut Look) {
        if giving.room == Some(0) {
            look.slice = None;
        }
        if giving.counted {
            let now_ms = self.clock.steady_ms();
            self.giving.count((0, look.bytes()), now_ms);
        }
    }

    /// Bytes that this node may take now for a replica of its own; `None` where it is not held back.
    pub(super) fn may_take(&self, image: &Image, partition: &Partition) -> Option<usize> {
        let held = self.taking.lists(partition.key) && !is_in_sync(image, partition, self.me);
        held.then(|| self.taking.room(self.clock.steady_ms()))
    }

    /// How long until there is room for what is held back: looks again every second, as the rate may be
    /// another one by then.
    pub(super) fn taking_again(&self) -> Duration {
        let ms = self.taking.room_in_ms(self.clock.steady_ms());
        Duration::from_millis(u64::try_from(ms).unwrap_or(1).clamp(1, 1_000))
    }

    /// Counts what was taken.
    pub(super) fn taken(&self, key: Key, bytes: usize) {
        if bytes > 0 && self.taking.lists(key) {
            self.taking.count((0, bytes), self.clock.steady_ms());
        }
    }
}

fn is_in_sync(image: &Image, partition: &Partition, broker: i32) -> bool {
    let state = image.partition(&partition.topic, partition.key.1);
    state.is_some_and(|state| state.isr.contains(&broker))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_replicas_by_partition_and_broker() {
        let some = |indexes: &[i32]| Some(Listed::Some(indexes.iter().copied().collect()));
        assert_eq!(Listed::read("0:101, 1:102,2:101", 101), some(&[0, 2]));
        assert_eq!(Listed::read("0:101,1:102", 103), None);
        assert_eq!(Listed::read(" * ", 103), Some(Listed::All));
        assert_eq!(Listed::read("", 101), None);
    }
}
