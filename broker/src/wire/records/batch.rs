//! The record batch of magic 2 (KIP-98): its header as a struct, its records still packed.
//!
//! A [`Batch`] borrows its bytes. What may be changed in place without a new checksum is changed here
//! and nowhere else.

use crate::wire::compression::Compression;
use crate::wire::error::{Result, WireError};
use crate::wire::primitives::Reader;

use super::walker::BatchWalker;
use super::{OVERHEAD_BYTES, Records, Unpacker};

/// Bytes of a batch before its records.
pub const HEADER_BYTES: usize = 61;
/// Where the part begins that the CRC covers: attributes to the end.
const CRC_START: usize = 21;
const LEADER_EPOCH_AT: usize = 12;
/// Attribute bit: the base timestamp is a delete horizon (KIP-534).
pub(super) const DELETE_HORIZON: i16 = 1 << 6;

/// Who set the timestamps of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimestampType {
    /// The producer, per record.
    CreateTime,
    /// The broker on append, one for all records of the batch.
    LogAppendTime,
}

/// What the records of a batch are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BatchKind {
    /// Records outside of any transaction.
    Plain,
    /// Records that count once their transaction is committed.
    Transactional,
    /// Control records of the metadata quorum.
    Control,
    /// The control record that ends a transaction.
    TransactionMarker,
}

/// The attributes field of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attributes(pub i16);

impl Attributes {
    /// The field for these, without a delete horizon.
    pub fn new(compression: Compression, timestamps: TimestampType, kind: BatchKind) -> Self {
        let timestamps = match timestamps {
            TimestampType::CreateTime => 0,
            TimestampType::LogAppendTime => 1 << 3,
        };
        let kind = match kind {
            BatchKind::Plain => 0,
            BatchKind::Transactional => 1 << 4,
            BatchKind::Control => 1 << 5,
            BatchKind::TransactionMarker => 1 << 4 | 1 << 5,
        };
        Self(compression.code() | timestamps | kind)
    }

    /// How the records are packed; an error for the codes 5 to 7.
    pub fn compression(self) -> Result<Compression> {
        Compression::of_attributes(self.0)
    }

    /// Who set the timestamps.
    pub fn timestamp_type(self) -> TimestampType {
        if self.0 & 1 << 3 == 0 {
            TimestampType::CreateTime
        } else {
            TimestampType::LogAppendTime
        }
    }

    /// What the records are.
    pub fn kind(self) -> BatchKind {
        match (self.0 & 1 << 4 != 0, self.0 & 1 << 5 != 0) {
            (false, false) => BatchKind::Plain,
            (true, false) => BatchKind::Transactional,
            (false, true) => BatchKind::Control,
            (true, true) => BatchKind::TransactionMarker,
        }
    }

    /// Whether the base timestamp is a delete horizon (KIP-534).
    pub fn has_delete_horizon(self) -> bool {
        self.0 & DELETE_HORIZON != 0
    }
}

/// The idempotent producer of a batch (KIP-98).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Producer {
    /// The id that a broker gave it.
    pub id: i64,
    /// Its epoch: of two with the same id the lower is fenced.
    pub epoch: i16,
    /// The sequence number of the first record; it goes on after 2³¹−1 with 0.
    pub base_sequence: i32,
}

/// The header of a batch, field by field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset that the deltas of the records count from.
    pub base_offset: i64,
    /// Bytes of the batch after this field.
    pub length: i32,
    /// Epoch of the leader that appended the batch; −1 before it did.
    pub leader_epoch: i32,
    /// CRC-32C of all bytes from the attributes on.
    pub crc: u32,
    /// Compression, timestamps, kind, delete horizon.
    pub attributes: Attributes,
    /// Offset of the last record (even one that compaction took) minus the base offset.
    pub last_offset_delta: i32,
    /// Milliseconds that the deltas of the records count from.
    pub base_timestamp_ms: i64,
    /// The latest timestamp, or the one of the append.
    pub max_timestamp_ms: i64,
    /// Producer id; −1 without idempotence.
    pub producer_id: i64,
    /// Producer epoch; −1 without idempotence.
    pub producer_epoch: i16,
    /// Sequence of the first record; −1 without idempotence.
    pub base_sequence: i32,
    /// Number of records; may be less than the offsets suggest, even 0, after compaction.
    pub count: i32,
}

impl BatchHeader {
    /// The header that these bytes begin with; what follows it is not looked at.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let base_offset = reader.i64("base offset")?;
        let length = reader.i32("batch length")?;
        let leader_epoch = reader.i32("partition leader epoch")?;
        let magic = reader.i8("magic")?;
        if magic != 2 {
            return Err(super::unknown_magic(magic));
        }
        Ok(Self {
            base_offset,
            length,
            leader_epoch,
            crc: reader.u32("batch CRC")?,
            attributes: Attributes(reader.i16("batch attributes")?),
            last_offset_delta: reader.i32("last offset delta")?,
            base_timestamp_ms: reader.i64("base timestamp")?,
            max_timestamp_ms: reader.i64("max timestamp")?,
            producer_id: reader.i64("producer id")?,
            producer_epoch: reader.i16("producer epoch")?,
            base_sequence: reader.i32("base sequence")?,
            count: reader.i32("record count")?,
        })
    }

    /// The offset of the last record.
    pub fn last_offset(&self) -> i64 {
        self.base_offset
            .wrapping_add(i64::from(self.last_offset_delta))
    }

    /// Bytes of the whole batch, as its length field claims.
    pub fn size(&self) -> u64 {
        let body = u64::try_from(self.length).unwrap_or(0);
        body + OVERHEAD_BYTES as u64
    }

    /// The sequence of the last record; −1 without idempotence.
    pub fn last_sequence(&self) -> i32 {
        if self.base_sequence < 0 {
            return -1;
        }
        add_to_sequence(self.base_sequence, self.last_offset_delta)
    }

    /// The producer, where the batch is idempotent.
    pub fn producer(&self) -> Option<Producer> {
        (self.producer_id >= 0).then_some(Producer {
            id: self.producer_id,
            epoch: self.producer_epoch,
            base_sequence: self.base_sequence,
        })
    }

    /// When compaction may drop the batch's tombstones and markers, in milliseconds since 1970.
    pub fn delete_horizon_ms(&self) -> Option<i64> {
        self.attributes
            .has_delete_horizon()
            .then_some(self.base_timestamp_ms)
    }
}

/// One whole batch of magic 2. Its CRC is compared when it is opened, not before.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The header.
    pub header: BatchHeader,
    bytes: &'a [u8],
}

impl<'a> Batch<'a> {
    /// The batch that these bytes are, no more and no less.
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let header = BatchHeader::read(bytes)?;
        let body = bytes.len().saturating_sub(OVERHEAD_BYTES);
        if bytes.len() < HEADER_BYTES || usize::try_from(header.length) != Ok(body) {
            let length = i64::from(header.length);
            return Err(WireError::BadLength {
                what: "record batch",
                length,
            });
        }
        Ok(Self { header, bytes })
    }

    /// All its bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Its records, packed as they are.
    pub fn packed_records(&self) -> &'a [u8] {
        self.bytes.get(HEADER_BYTES..).unwrap_or(&[])
    }

    /// Compares the CRC-32C.
    pub fn verify(&self) -> Result<()> {
        let actual = crc_of(self.bytes);
        if actual == self.header.crc {
            return Ok(());
        }
        let why = format!(
            "the batch at offset {} carries CRC-32C {:08x}, its bytes give {actual:08x}",
            self.header.base_offset, self.header.crc
        );
        Err(WireError::Invalid {
            what: "record batch",
            why,
        })
    }

    /// Compares the CRC, unpacks, and begins to walk the records.
    pub fn open<'b>(&self, unpacker: &'b mut Unpacker) -> Result<Records<'b>>
    where
        'a: 'b,
    {
        self.verify()?;
        self.records(unpacker)
    }

    /// Unpacks and begins to walk the records of a batch whose CRC was compared before.
    pub fn records<'b>(&self, unpacker: &'b mut Unpacker) -> Result<Records<'b>>
    where
        'a: 'b,
    {
        let header = &self.header;
        let left = u32::try_from(header.count).map_err(|_| WireError::BadLength {
            what: "record count",
            length: i64::from(header.count),
        })?;
        let rest = unpacker.unpack(header.attributes.compression()?, self.packed_records())?;
        let append_time_ms = match header.attributes.timestamp_type() {
            TimestampType::CreateTime => None,
            TimestampType::LogAppendTime => Some(header.max_timestamp_ms),
        };
        Ok(Records::of_batch(BatchWalker {
            rest,
            left,
            base_offset: header.base_offset,
            base_timestamp_ms: header.base_timestamp_ms,
            append_time_ms,
        }))
    }
}

/// A sequence number so many records further; after 2³¹−1 comes 0 (KIP-98).
pub fn add_to_sequence(sequence: i32, count: i32) -> i32 {
    sequence.wrapping_add(count) & i32::MAX
}

/// The CRC-32C that a batch of these bytes must carry.
pub(super) fn crc_of(batch: &[u8]) -> u32 {
    crc_fast::crc32_iscsi(batch.get(CRC_START..).unwrap_or(&[]))
}

/// Gives a batch the base offset that the partition assigned. The CRC stays valid.
pub fn set_base_offset(batch: &mut [u8], base_offset: i64) -> Result<()> {
    overwrite(batch, 0, &base_offset.to_be_bytes())
}

/// Gives a batch the epoch of the leader that appends it. The CRC stays valid.
pub fn set_leader_epoch(batch: &mut [u8], leader_epoch: i32) -> Result<()> {
    overwrite(batch, LEADER_EPOCH_AT, &leader_epoch.to_be_bytes())
}

fn overwrite(batch: &mut [u8], at: usize, field: &[u8]) -> Result<()> {
    BatchHeader::read(batch)?;
    if let Some(place) = batch.get_mut(at..at + field.len()) {
        place.copy_from_slice(field);
    }
    Ok(())
}
