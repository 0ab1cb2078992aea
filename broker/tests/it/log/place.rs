//! A log in a directory of its own, and batches to put into it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use broker::config::TopicSettings;
use broker::log::{DiskGuard, Log, Opening, ReadLimit, Recovery};
use broker::wire::records::{
    BatchBuilder, BatchKind, BatchSettings, Chunk, NewRecord, Producer, RecordSet, Unpacker,
};
use bytes::Bytes;

/// The time of all tests that name no other.
pub const NOW_MS: i64 = 1_700_000_000_000;

/// A directory with one partition.
pub struct Place {
    pub root: tempfile::TempDir,
    pub settings: TopicSettings,
    pub guard: DiskGuard,
}

impl Place {
    pub fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
            settings: TopicSettings::default(),
            guard: DiskGuard::default(),
        }
    }

    pub fn dir(&self) -> PathBuf {
        self.root.path().join("orders-0")
    }

    pub fn open(&self) -> Log {
        self.open_as(true).0
    }

    pub fn open_as(&self, clean: bool) -> (Log, Recovery) {
        self.try_open(clean, 0, 0).unwrap()
    }

    pub fn try_open(
        &self,
        clean: bool,
        recovery_point: i64,
        log_start_offset: i64,
    ) -> Result<(Log, Recovery), broker::log::LogError> {
        Log::open(
            &self.dir(),
            Arc::new(self.settings.clone()),
            Opening {
                recovery_point,
                log_start_offset,
                clean,
                now_ms: NOW_MS,
                producer_expiration_ms: 86_400_000,
                guard: self.guard.clone(),
            },
        )
    }

    pub fn file(&self, offset: i64, suffix: &str) -> PathBuf {
        self.dir().join(format!("{offset:020}.{suffix}"))
    }
}

/// A batch of records `(key, value)` at one time.
pub fn batch_of(settings: BatchSettings, time_ms: i64, records: &[(&str, &str)]) -> Bytes {
    let mut builder = BatchBuilder::new(settings);
    for (key, value) in records {
        builder
            .push(&NewRecord {
                timestamp_ms: time_ms,
                key: (!key.is_empty()).then_some(key.as_bytes()),
                value: (*value != "∅").then_some(value.as_bytes()),
                headers: &[],
            })
            .unwrap();
    }
    builder.finish().unwrap().into()
}

/// A plain batch of values at [`NOW_MS`].
pub fn batch(values: &[&str]) -> Bytes {
    let records: Vec<_> = values.iter().map(|value| ("k", *value)).collect();
    batch_of(BatchSettings::default(), NOW_MS, &records)
}

/// A batch of an idempotent producer.
pub fn batch_from(id: i64, epoch: i16, base_sequence: i32, count: usize, kind: BatchKind) -> Bytes {
    let settings = BatchSettings {
        kind,
        producer: Some(Producer {
            id,
            epoch,
            base_sequence,
        }),
        ..BatchSettings::default()
    };
    batch_of(settings, NOW_MS, &vec![("k", "v"); count])
}

/// Everything from an offset to the log's end, as (offset, value), read in pieces of `max_bytes`.
pub fn read_all(log: &Log, from: i64, max_bytes: usize) -> Vec<(i64, String)> {
    let mut records = Vec::new();
    let mut next = from;
    while next < log.log_end_offset() {
        let slice = log
            .read(next, limit(log.log_end_offset(), max_bytes))
            .unwrap();
        let bytes = slice.read().unwrap();
        if bytes.is_empty() {
            break;
        }
        let (mut found, end) = records_of(&bytes);
        found.retain(|(offset, _)| *offset >= next);
        records.append(&mut found);
        assert!(end > next, "a read must move on");
        next = end;
    }
    records
}

pub fn limit(below_offset: i64, max_bytes: usize) -> ReadLimit {
    ReadLimit {
        below_offset,
        max_bytes,
        at_least_one: true,
    }
}

/// The records of whole batches, and the offset behind them.
pub fn records_of(bytes: &[u8]) -> (Vec<(i64, String)>, i64) {
    let mut unpacker = Unpacker::default();
    let mut records = Vec::new();
    let mut end = 0;
    for chunk in RecordSet::new(bytes) {
        let chunk = chunk.unwrap();
        let Chunk::Batch(batch) = chunk else {
            panic!("only whole batches are served");
        };
        end = batch.header.last_offset() + 1;
        for record in chunk.open(&mut unpacker).unwrap() {
            let record = record.unwrap();
            let value = record.value.map_or("∅".to_owned(), |value| {
                String::from_utf8_lossy(value).into_owned()
            });
            records.push((record.offset, value));
        }
    }
    (records, end)
}

/// Copies the files of a partition to another place.
pub fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}
