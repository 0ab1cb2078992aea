//! Who waits for a partition to change: readers for records, writers for acknowledgement. A waiter is
//! told which of its partitions changed, so that it looks at those only. Waits for nothing itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Notify;

/// Lists shorter than this are never searched for waiters that have gone.
const MIN_PRUNE: usize = 16;

/// What one request waits with: partitions ring it by the number it gave them.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Mutex<BTreeSet<usize>>,
    notify: Notify,
}

impl Bell {
    /// A bell that nothing rings yet.
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Tells that the partition of this number changed.
    pub fn ring(&self, number: usize) {
        let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        rung.insert(number);
        drop(rung);
        self.notify.notify_one();
    }

    fn take(&self) -> BTreeSet<usize> {
        let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *rung)
    }

    /// Waits for a ring; gives the numbers that changed since the last one.
    pub async fn rung(&self) -> BTreeSet<usize> {
        loop {
            let taken = self.take();
            if !taken.is_empty() {
                return taken;
            }
            self.notify.notified().await;
        }
    }
}

/// What a waiter wants to hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// Any append (followers).
    End,
    /// More committed records (clients).
    Committed,
    /// A log start that moved (`DeleteRecords`).
    Start,
}

/// What happened to a partition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct News {
    /// Records were appended.
    pub end: bool,
    /// The high watermark or the last stable offset moved to here.
    pub committed: Option<i64>,
    /// A log start moved.
    pub start: bool,
    /// The replica's role changed: everybody looks again.
    pub role: bool,
}

#[derive(Debug)]
struct Waiter {
    bell: Weak<Bell>,
    number: usize,
    wants: Wants,
}

#[derive(Debug, Default)]
struct Lists {
    readers: Vec<Waiter>,
    readers_pruned_at: usize,
    writers: BTreeMap<(i64, u64), (Weak<Bell>, usize)>,
    writers_pruned_at: usize,
    next: u64,
}

/// The waiters of one partition.
#[derive(Debug, Default)]
pub struct Purgatory(Mutex<Lists>);

impl Purgatory {
    fn lists(&self) -> std::sync::MutexGuard<'_, Lists> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rings `bell` with `number` at every such event, until the bell is dropped.
    pub fn watch(&self, wants: Wants, bell: &Arc<Bell>, number: usize) {
        let mut lists = self.lists();
        if lists.readers.len() >= lists.readers_pruned_at.max(MIN_PRUNE) {
            lists
                .readers
                .retain(|waiter| waiter.bell.strong_count() > 0);
            lists.readers_pruned_at = lists.readers.len() * 2;
        }
        lists.readers.push(Waiter {
            bell: Arc::downgrade(bell),
            number,
            wants,
        });
    }

    /// Rings `bell` once, when everything below `end` is committed or the role changes.
    pub fn await_commit(&self, end: i64, bell: &Arc<Bell>, number: usize) {
        let mut lists = self.lists();
        if lists.writers.len() >= lists.writers_pruned_at.max(MIN_PRUNE) {
            lists.writers.retain(|_, (bell, _)| bell.strong_count() > 0);
            lists.writers_pruned_at = lists.writers.len() * 2;
        }
        lists.next += 1;
        let key = (end, lists.next);
        lists.writers.insert(key, (Arc::downgrade(bell), number));
    }

    /// Tells everybody whom the news concern.
    pub fn tell(&self, news: News) {
        if news == News::default() {
            return;
        }
        let mut lists = self.lists();
        let lists = &mut *lists;
        let done = if news.role {
            std::mem::take(&mut lists.writers)
        } else if let Some(committed) = news.committed {
            let waiting = lists.writers.split_off(&(committed.saturating_add(1), 0));
            std::mem::replace(&mut lists.writers, waiting)
        } else {
            BTreeMap::new()
        };
        for (bell, number) in done.into_values() {
            if let Some(bell) = bell.upgrade() {
                bell.ring(number);
            }
        }
        let concerned = |wants| match wants {
            Wants::End => news.end || news.role,
            Wants::Committed => news.committed.is_some() || news.role,
            Wants::Start => news.start || news.role,
        };
        lists.readers.retain(|waiter| {
            let Some(bell) = waiter.bell.upgrade() else {
                return false;
            };
            if concerned(waiter.wants) {
                bell.ring(waiter.number);
            }
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn committed(to: i64) -> News {
        News {
            committed: Some(to),
            ..News::default()
        }
    }

    #[tokio::test]
    async fn a_waiter_hears_which_of_its_partitions_changed() {
        let (one, other) = (Purgatory::default(), Purgatory::default());
        let bell = Bell::new();
        one.watch(Wants::Committed, &bell, 1);
        other.watch(Wants::End, &bell, 2);
        other.tell(committed(5));
        one.tell(committed(5));
        one.tell(committed(6));
        assert_eq!(bell.rung().await, BTreeSet::from([1]));
        other.tell(News {
            role: true,
            ..News::default()
        });
        assert_eq!(bell.rung().await, BTreeSet::from([2]));
    }

    #[tokio::test]
    async fn a_writer_hears_once_its_records_are_committed() {
        let purgatory = Purgatory::default();
        let (early, late) = (Bell::new(), Bell::new());
        purgatory.await_commit(5, &early, 0);
        purgatory.await_commit(9, &late, 0);
        purgatory.tell(committed(4));
        assert_eq!(purgatory.lists().writers.len(), 2);
        purgatory.tell(committed(5));
        assert_eq!(early.rung().await, BTreeSet::from([0]));
        assert_eq!(purgatory.lists().writers.len(), 1);
    }

    #[test]
    fn waiters_that_went_away_are_forgotten() {
        let purgatory = Purgatory::default();
        for number in 0..1000 {
            purgatory.watch(Wants::End, &Bell::new(), number);
            purgatory.await_commit(1, &Bell::new(), number);
        }
        let lists = purgatory.lists();
        assert!(lists.readers.len() <= MIN_PRUNE);
        assert!(lists.writers.len() <= MIN_PRUNE);
    }
}
