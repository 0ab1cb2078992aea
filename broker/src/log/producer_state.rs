//! What a partition knows of its producers: epochs, the last five batches of each, open transactions
//! (KIP-98, rules 20 to 22). Pure: no file, no clock.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::wire::error_code::ErrorCode;
use crate::wire::records::{BatchHeader, BatchKind, Control, add_to_sequence};

use super::ActiveProducer;
use super::compaction::LastBatch;
use super::txn_index::Aborted;

/// How many batches of a producer are known again (rule 20).
const KEPT_BATCHES: usize = 5;

/// A batch of a producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) last_sequence: i32,
    pub(super) last_offset: i64,
    /// Last offset minus first.
    pub(super) offset_delta: i32,
    pub(super) timestamp_ms: i64,
}

impl Mark {
    fn first_sequence(&self) -> i32 {
        add_to_sequence(self.last_sequence, self.offset_delta.wrapping_neg())
    }

    pub(super) fn first_offset(&self) -> i64 {
        self.last_offset
            .saturating_sub(i64::from(self.offset_delta))
    }
}

/// A producer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) epoch: i16,
    /// The latest last; none after a marker began a new epoch.
    pub(super) batches: Vec<Mark>,
    pub(super) last_timestamp_ms: i64,
    pub(super) coordinator_epoch: i32,
    pub(super) transaction_start: Option<i64>,
}

/// A producer that is not known.
static UNKNOWN: Entry = Entry {
    epoch: -1,
    batches: Vec::new(),
    last_timestamp_ms: -1,
    coordinator_epoch: -1,
    transaction_start: None,
};

impl Entry {
    fn begin_epoch(&mut self, epoch: i16) {
        if self.epoch != epoch {
            self.batches.clear();
            self.epoch = epoch;
        }
    }

    fn last_sequence(&self) -> i32 {
        self.batches.last().map_or(-1, |mark| mark.last_sequence)
    }
}

/// A client's batch against what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is the next one.
    Next,
    /// It was appended before.
    Duplicate(Mark),
}

/// The end of a transaction, as a marker says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) control: Control,
    pub(super) coordinator_epoch: i32,
}

/// All producers of a partition.
#[derive(Debug, Default)]
pub(super) struct Producers {
    entries: HashMap<i64, Entry>,
    /// Open transactions, by first offset.
    open: BTreeMap<i64, i64>,
    /// Ended transactions as (offset of the marker, first offset), until their end is replicated.
    ended: VecDeque<(i64, i64)>,
}

impl Producers {
    /// Checks a client's batch (rules 20, 21, 54); changes nothing.
    pub(super) fn check(&self, header: &BatchHeader) -> Result<Verdict, (ErrorCode, String)> {
        let Some(producer) = header.producer() else {
            return Ok(Verdict::Next);
        };
        let entry = self.entries.get(&producer.id).unwrap_or(&UNKNOWN);
        let last = header.last_sequence();
        let same = |mark: &&Mark| {
            mark.first_sequence() == producer.base_sequence && mark.last_sequence == last
        };
        if let Some(mark) = entry.batches.iter().find(same)
            && entry.epoch == producer.epoch
        {
            return Ok(Verdict::Duplicate(*mark));
        }
        let who = format!("producer {} epoch {}", producer.id, producer.epoch);
        if producer.epoch < entry.epoch {
            let why = format!("{who}: the current epoch is {}", entry.epoch);
            return Err((ErrorCode::INVALID_PRODUCER_EPOCH, why));
        }
        let first = producer.base_sequence;
        let known = entry.last_sequence();
        let follows = if entry.epoch < 0 {
            true
        } else if producer.epoch != entry.epoch {
            first == 0
        } else {
            i64::from(first) == i64::from(known) + 1 || (first == 0 && known == i32::MAX)
        };
        if !follows {
            let why = format!(
                "{who}: sequence {first} does not follow {known} of epoch {}",
                entry.epoch
            );
            return Err((ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, why));
        }
        if entry.transaction_start.is_some() && header.attributes.kind() == BatchKind::Plain {
            let why = format!("{who}: a transaction is open and the batch is not part of it");
            return Err((ErrorCode::INVALID_TXN_STATE, why));
        }
        Ok(Verdict::Next)
    }

    /// Checks a marker that a coordinator writes; changes nothing (rule 53).
    pub(super) fn check_marker(
        &self,
        producer_id: i64,
        epoch: i16,
        coordinator_epoch: i32,
    ) -> Result<(), (ErrorCode, String)> {
        let Some(entry) = self.entries.get(&producer_id) else {
            return Ok(());
        };
        if epoch < entry.epoch {
            let why = format!(
                "producer {producer_id}: marker of epoch {epoch}, the current epoch is {}",
                entry.epoch
            );
            return Err((ErrorCode::INVALID_PRODUCER_EPOCH, why));
        }
        if coordinator_epoch < entry.coordinator_epoch {
            let why = format!(
                "producer {producer_id}: coordinator epoch {coordinator_epoch}, the current one is {}",
                entry.coordinator_epoch
            );
            return Err((ErrorCode::TRANSACTION_COORDINATOR_FENCED, why));
        }
        Ok(())
    }

    /// Notes a batch of records that is in the log.
    pub(super) fn note_batch(&mut self, header: &BatchHeader) {
        let Some(producer) = header.producer() else {
            return;
        };
        if matches!(
            header.attributes.kind(),
            BatchKind::Control | BatchKind::TransactionMarker
        ) {
            return;
        }
        let entry = self
            .entries
            .entry(producer.id)
            .or_insert_with(|| UNKNOWN.clone());
        entry.begin_epoch(producer.epoch);
        if entry.batches.len() >= KEPT_BATCHES {
            entry.batches.remove(0);
        }
        entry.batches.push(Mark {
            last_sequence: header.last_sequence(),
            last_offset: header.last_offset(),
            offset_delta: header.last_offset_delta,
            timestamp_ms: header.max_timestamp_ms,
        });
        entry.last_timestamp_ms = header.max_timestamp_ms;
        let transactional = header.attributes.kind() == BatchKind::Transactional;
        if transactional && entry.transaction_start.is_none() {
            entry.transaction_start = Some(header.base_offset);
            self.open.insert(header.base_offset, producer.id);
        }
    }

    /// What a marker aborts, were it noted now.
    pub(super) fn aborted_by(&self, header: &BatchHeader, marker: Marker) -> Option<Aborted> {
        if marker.control != Control::Abort {
            return None;
        }
        let entry = self.entries.get(&header.producer_id)?;
        let first_offset = entry.transaction_start?;
        let others = self.open.keys().find(|first| **first != first_offset);
        Some(Aborted {
            producer_id: header.producer_id,
            first_offset,
            last_offset: header.last_offset(),
            last_stable_offset: others.copied().unwrap_or(header.last_offset() + 1),
        })
    }

    /// Notes a marker that is in the log.
    pub(super) fn note_marker(&mut self, header: &BatchHeader, marker: Marker) {
        if matches!(marker.control, Control::Other(_)) || header.producer_id < 0 {
            return;
        }
        let entry = self
            .entries
            .entry(header.producer_id)
            .or_insert_with(|| UNKNOWN.clone());
        entry.begin_epoch(header.producer_epoch);
        entry.last_timestamp_ms = header.max_timestamp_ms;
        entry.coordinator_epoch = marker.coordinator_epoch;
        if let Some(first) = entry.transaction_start.take() {
            self.open.remove(&first);
            self.ended.push_back((header.last_offset(), first));
        }
    }

    /// First offset of the earliest open transaction.
    pub(super) fn first_open(&self) -> Option<i64> {
        self.open.keys().next().copied()
    }

    /// First offset of the earliest transaction that is open or whose end is not replicated yet.
    pub(super) fn first_unstable(&self, high_watermark: i64) -> Option<i64> {
        let ended = self
            .ended
            .partition_point(|(marker, _)| *marker < high_watermark);
        let ended = self.ended.iter().skip(ended).map(|(_, first)| *first).min();
        ended.into_iter().chain(self.first_open()).min()
    }

    /// Forgets ends of transactions that are replicated.
    pub(super) fn forget_replicated(&mut self, high_watermark: i64) {
        while let Some((marker, _)) = self.ended.front() {
            if *marker >= high_watermark {
                break;
            }
            self.ended.pop_front();
        }
    }

    /// Forgets producers that have been silent for too long and have no open transaction (rule 22).
    pub(super) fn expire(&mut self, now_ms: i64, after_ms: i64) {
        self.entries.retain(|_, entry| {
            entry.transaction_start.is_some()
                || now_ms.saturating_sub(entry.last_timestamp_ms) < after_ms
        });
    }

    /// Puts a producer in from a snapshot.
    pub(super) fn restore(&mut self, producer_id: i64, entry: Entry) {
        if let Some(first) = entry.transaction_start {
            self.open.insert(first, producer_id);
        }
        self.entries.insert(producer_id, entry);
    }

    /// All producers, by id.
    pub(super) fn iter(&self) -> impl Iterator<Item = (i64, &Entry)> {
        let mut sorted: Vec<_> = self
            .entries
            .iter()
            .map(|(id, entry)| (*id, entry))
            .collect();
        sorted.sort_unstable_by_key(|(id, _)| *id);
        sorted.into_iter()
    }

    /// The last batch of each producer, for compaction.
    pub(super) fn last_batches(&self) -> HashMap<i64, LastBatch> {
        let last = |entry: &Entry| LastBatch {
            epoch: entry.epoch,
            last_offset: entry.batches.last().map(|mark| mark.last_offset),
        };
        self.entries
            .iter()
            .map(|(id, entry)| (*id, last(entry)))
            .collect()
    }

    /// All producers, for `DescribeProducers`.
    pub(super) fn describe(&self) -> Vec<ActiveProducer> {
        self.iter()
            .map(|(producer_id, entry)| ActiveProducer {
                producer_id,
                producer_epoch: entry.epoch,
                last_sequence: entry.last_sequence(),
                last_timestamp_ms: entry.last_timestamp_ms,
                coordinator_epoch: entry.coordinator_epoch,
                transaction_start_offset: entry.transaction_start.unwrap_or(-1),
            })
            .collect()
    }
}
