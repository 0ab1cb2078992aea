//! Records → one batch of magic 2, packed and with its CRC.
//!
//! Never splits: the caller watches [`BatchBuilder::plain_bytes`] and begins a new batch in time.

use crate::wire::compression::Compression;
use crate::wire::error::{Result, WireError};

use super::OVERHEAD_BYTES;
use super::batch::{Attributes, BatchKind, HEADER_BYTES, Producer, TimestampType, crc_of};
use super::varint::{put_varint, put_varlong};

const CRC_AT: usize = 17;

/// All of a batch but its records.
#[derive(Debug, Clone, Copy)]
pub struct BatchSettings {
    /// Offset of the first record; a producer leaves it 0.
    pub base_offset: i64,
    /// Epoch of the leader; −1 from a producer.
    pub leader_epoch: i32,
    /// How to pack.
    pub compression: Compression,
    /// Who set the timestamps; the records' own are used in either case.
    pub timestamps: TimestampType,
    /// What the records are.
    pub kind: BatchKind,
    /// The idempotent producer, if it is one.
    pub producer: Option<Producer>,
}

impl Default for BatchSettings {
    /// A plain unpacked batch as a producer without idempotence sends it.
    fn default() -> Self {
        Self {
            base_offset: 0,
            leader_epoch: -1,
            compression: Compression::None,
            timestamps: TimestampType::CreateTime,
            kind: BatchKind::Plain,
            producer: None,
        }
    }
}

/// A record to be written.
#[derive(Debug, Clone, Copy, Default)]
pub struct NewRecord<'a> {
    /// Milliseconds since 1970.
    pub timestamp_ms: i64,
    /// The key, or none.
    pub key: Option<&'a [u8]>,
    /// The value, or none for a tombstone.
    pub value: Option<&'a [u8]>,
    /// Headers in their order; keys may repeat.
    pub headers: &'a [(&'a [u8], Option<&'a [u8]>)],
}

/// Collects the records of one batch.
#[derive(Debug, Clone)]
pub struct BatchBuilder {
    settings: BatchSettings,
    /// The records so far, unpacked.
    plain: Vec<u8>,
    /// One record, before its length is known.
    record: Vec<u8>,
    count: i32,
    last_offset_delta: i32,
    base_timestamp_ms: i64,
    max_timestamp_ms: i64,
    delete_horizon_ms: Option<i64>,
}

impl BatchBuilder {
    /// An empty batch.
    pub fn new(settings: BatchSettings) -> Self {
        Self {
            settings,
            plain: Vec::new(),
            record: Vec::new(),
            count: 0,
            last_offset_delta: -1,
            base_timestamp_ms: 0,
            max_timestamp_ms: i64::MIN,
            delete_horizon_ms: None,
        }
    }

    /// From this time on compaction may drop the tombstones and markers of the batch (KIP-534). Set it
    /// before the first record: timestamps count from it.
    #[must_use]
    pub fn with_delete_horizon(mut self, horizon_ms: Option<i64>) -> Self {
        self.delete_horizon_ms = horizon_ms;
        self
    }

    /// The batch covers offsets up to this one, though its last records are gone (compaction).
    #[must_use]
    pub fn ending_at(mut self, last_offset_delta: i32) -> Self {
        self.last_offset_delta = self.last_offset_delta.max(last_offset_delta);
        self
    }

    /// Adds a record at the next offset.
    pub fn push(&mut self, record: &NewRecord<'_>) -> Result<()> {
        let next = self
            .last_offset_delta
            .checked_add(1)
            .ok_or(WireError::BadLength {
                what: "offset delta",
                length: i64::from(self.last_offset_delta) + 1,
            })?;
        self.push_at(next, record)
    }

    /// Adds a record at `base_offset + offset_delta`, which must lie behind the one before: a
    /// compacted batch has gaps.
    pub fn push_at(&mut self, offset_delta: i32, record: &NewRecord<'_>) -> Result<()> {
        if offset_delta <= self.last_offset_delta {
            let length = i64::from(offset_delta);
            return Err(WireError::BadLength {
                what: "offset delta",
                length,
            });
        }
        let base_timestamp_ms = match (self.count, self.delete_horizon_ms) {
            (0, Some(horizon_ms)) => horizon_ms,
            (0, None) => record.timestamp_ms,
            _ => self.base_timestamp_ms,
        };
        self.record.clear();
        self.record.push(0);
        put_varlong(
            &mut self.record,
            record.timestamp_ms.wrapping_sub(base_timestamp_ms),
        );
        put_varint(&mut self.record, offset_delta);
        put_nullable(&mut self.record, record.key, "record key")?;
        put_nullable(&mut self.record, record.value, "record value")?;
        put_varint(
            &mut self.record,
            length_of(record.headers.len(), "header count")?,
        );
        for (key, value) in record.headers {
            put_nullable(&mut self.record, Some(key), "header key")?;
            put_nullable(&mut self.record, *value, "header value")?;
        }
        let length = length_of(self.record.len(), "record")?;
        put_varint(&mut self.plain, length);
        self.plain.extend_from_slice(&self.record);
        self.count += 1;
        self.last_offset_delta = offset_delta;
        self.base_timestamp_ms = base_timestamp_ms;
        self.max_timestamp_ms = self.max_timestamp_ms.max(record.timestamp_ms);
        Ok(())
    }

    /// Bytes of the batch if it were finished now and not packed.
    pub fn plain_bytes(&self) -> usize {
        HEADER_BYTES + self.plain.len()
    }

    /// How many records are in it.
    pub fn count(&self) -> i32 {
        self.count
    }

    /// Packs and seals the batch. A batch without records is an error.
    pub fn finish(self) -> Result<Vec<u8>> {
        if self.count == 0 {
            let why = "it has no records".to_owned();
            return Err(WireError::Invalid {
                what: "record batch",
                why,
            });
        }
        let settings = &self.settings;
        let mut attributes =
            Attributes::new(settings.compression, settings.timestamps, settings.kind);
        if self.delete_horizon_ms.is_some() {
            attributes.0 |= super::batch::DELETE_HORIZON;
        }
        let (id, epoch, sequence) = match settings.producer {
            Some(producer) => (producer.id, producer.epoch, producer.base_sequence),
            None => (-1, -1, -1),
        };
        let mut out = Vec::with_capacity(self.plain_bytes());
        out.extend_from_slice(&settings.base_offset.to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&settings.leader_epoch.to_be_bytes());
        out.push(2);
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&attributes.0.to_be_bytes());
        out.extend_from_slice(&self.last_offset_delta.to_be_bytes());
        out.extend_from_slice(&self.base_timestamp_ms.to_be_bytes());
        out.extend_from_slice(&self.max_timestamp_ms.to_be_bytes());
        out.extend_from_slice(&id.to_be_bytes());
        out.extend_from_slice(&epoch.to_be_bytes());
        out.extend_from_slice(&sequence.to_be_bytes());
        out.extend_from_slice(&self.count.to_be_bytes());
        settings.compression.pack(&self.plain, &mut out)?;
        let length = length_of(out.len() - OVERHEAD_BYTES, "record batch")?;
        let crc = crc_of(&out);
        fill(&mut out, OVERHEAD_BYTES - 4, length.to_be_bytes());
        fill(&mut out, CRC_AT, crc.to_be_bytes());
        Ok(out)
    }
}

fn fill(out: &mut [u8], at: usize, field: [u8; 4]) {
    if let Some(place) = out.get_mut(at..at + field.len()) {
        place.copy_from_slice(&field);
    }
}

fn put_nullable(out: &mut Vec<u8>, bytes: Option<&[u8]>, what: &'static str) -> Result<()> {
    match bytes {
        None => put_varint(out, -1),
        Some(bytes) => {
            put_varint(out, length_of(bytes.len(), what)?);
            out.extend_from_slice(bytes);
        }
    }
    Ok(())
}

fn length_of(length: usize, what: &'static str) -> Result<i32> {
    i32::try_from(length).map_err(|_| WireError::BadLength {
        what,
        length: i64::try_from(length).unwrap_or(i64::MAX),
    })
}
