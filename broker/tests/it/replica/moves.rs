//! A future replica beside its current one, by seed: whatever is written, cut and begun anew in between,
//! the replica that comes out has what the current one had, record for record.

use std::path::Path;
use std::sync::Arc;

use broker::config::TopicSettings;
use broker::log::{DiskGuard, Log, Opening, ReadLimit};
use broker::replica::moves::{Future, Stepped};
use broker::replica::partition::{Making, Partition, Traffic};
use broker::wire::uuid::Uuid;
use bytes::Bytes;
use fastrand::Rng;

use super::batches::batch;

const SEEDS: u64 = 30;
const STEPS: usize = 80;
const OLD: &str = "t-0";
const NEW: &str = "t-0.1-future";
const NOW_MS: i64 = 1_700_000_000_000;

fn open(dir: &Path, settings: &Arc<TopicSettings>, log_start_offset: i64) -> Log {
    let opening = Opening {
        recovery_point: 0,
        log_start_offset,
        clean: true,
        now_ms: NOW_MS,
        producer_expiration_ms: 86_400_000,
        guard: DiskGuard::default(),
    };
    Log::open(dir, Arc::clone(settings), opening).unwrap().0
}

fn all_bytes(log: &Log) -> Vec<u8> {
    let (mut bytes, mut next) = (Vec::new(), log.log_start_offset());
    while next < log.log_end_offset() {
        let limit = ReadLimit {
            below_offset: log.log_end_offset(),
            max_bytes: 1 << 30,
            at_least_one: true,
        };
        let read = log.read(next, limit).unwrap().read().unwrap();
        for chunk in broker::wire::records::RecordSet::new(&read) {
            let broker::wire::records::Chunk::Batch(batch) = chunk.unwrap() else {
                panic!("no batch");
            };
            next = batch.header.last_offset() + 1;
        }
        bytes.extend_from_slice(&read);
    }
    bytes
}

struct Pair {
    partition: Partition,
    random: Rng,
    epoch: i32,
    written: u64,
}

impl Pair {
    /// Something happens to the current replica, as leaders and followers do it.
    fn happen(&mut self) {
        let mut state = self.partition.lock();
        let log = state.log.as_mut().unwrap();
        let (start, end) = (log.log_start_offset(), log.log_end_offset());
        match self.random.u8(..10) {
            0 => self.epoch += 1,
            // What is written after a cut is of a later epoch.
            1 => {
                self.epoch += 1;
                log.truncate_to(self.random.i64(start.max(end - 5)..=end))
                    .unwrap();
            }
            2 => log
                .move_log_start((start + self.random.i64(0..3)).min(end))
                .unwrap(),
            3 if self.random.u8(..8) == 0 => log.restart_at(end + 10).unwrap(),
            4 => log.begin_epoch(self.epoch).unwrap(),
            _ => {
                self.written += 1;
                let value = format!("{} {}", self.written, "x".repeat(self.random.usize(..300)));
                let bytes: Bytes = batch(&[&value]);
                log.append_own(&bytes, self.epoch, NOW_MS).unwrap();
            }
        }
    }
}

/// An empty replica in one directory of `root`, and what it moves to in another one.
fn begun(root: &Path, settings: &Arc<TopicSettings>, seed: u64) -> Pair {
    let partition = Partition::new(Making {
        topic: "t".into(),
        key: (Uuid([7; 16]), 0),
        dir: Some(0),
        log: Some(open(&root.join(OLD), settings, 0)),
        high_watermark: 0,
        clean_below: None,
        settings: Arc::clone(settings),
        traffic: Traffic::default(),
    });
    let log = open(&root.join(NEW), settings, 0);
    *partition.future() = Some(Future { dir: 1, log });
    Pair {
        partition,
        random: Rng::with_seed(seed),
        epoch: 1,
        written: 0,
    }
}

fn live(seed: u64) {
    let root = tempfile::tempdir().unwrap();
    let settings = Arc::new(TopicSettings {
        segment_bytes: 900,
        index_interval_bytes: 100,
        ..TopicSettings::default()
    });
    let mut pair = begun(root.path(), &settings, seed);
    let home = root.path().join("moved");
    for _ in 0..STEPS {
        pair.happen();
        if pair.random.u8(..5) == 0 {
            let most = pair.random.usize(1..2000);
            // It moves only once this says where to.
            pair.partition.step_move(|_| None, most, NOW_MS).unwrap();
        }
    }
    let before = all_bytes(pair.partition.lock().log.as_ref().unwrap());
    let mut steps = 0;
    let moved = loop {
        let home = home.clone();
        match pair
            .partition
            .step_move(|_| Some(home), 1 << 20, NOW_MS)
            .unwrap()
        {
            Stepped::Copied(_) => steps += 1,
            done => break done,
        }
        assert!(steps < 500, "it does not end");
    };
    assert!(
        matches!(
            moved,
            Stepped::Moved {
                from: Some(0),
                failed: None,
                ..
            }
        ),
        "{moved:?}"
    );
    assert_eq!(pair.partition.dir(), Some(1));
    assert!(!root.path().join(OLD).exists() && !root.path().join(NEW).exists());
    pair.happen_under_the_new_name();
    let log = pair.partition.release().unwrap();
    let (start, after) = (log.log_start_offset(), all_bytes(&log));
    assert!(
        after.starts_with(&before) && after.len() > before.len(),
        "{} bytes became {}",
        before.len(),
        after.len()
    );
    log.close().unwrap();
    let again = all_bytes(&open(&home, &settings, start));
    assert!(
        again == after,
        "{} bytes became {}",
        after.len(),
        again.len()
    );
}

impl Pair {
    /// Enough is written that segments are begun where the log lies now.
    fn happen_under_the_new_name(&mut self) {
        let mut state = self.partition.lock();
        let log = state.log.as_mut().unwrap();
        for _ in 0..5 {
            log.append_own(&batch(&[&"y".repeat(400)]), self.epoch.max(1), NOW_MS)
                .unwrap();
        }
    }
}

#[test]
fn what_moved_is_what_was_there() {
    for seed in 0..SEEDS {
        println!("seed {seed}");
        live(seed);
    }
}
