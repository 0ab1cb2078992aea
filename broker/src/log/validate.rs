//! A client's batch against the rules of Produce (rules 14 to 17), before the log is touched. Pure: the
//! time comes in. Costs one walk over the varints of the records and no allocation per record.

use std::borrow::Cow;

use crate::config::{TimestampKind, TopicSettings};
use crate::wire::compression::Compression;
use crate::wire::error_code::ErrorCode;
use crate::wire::records::{
    Batch, BatchHeader, BatchKind, Chunk, RecordSet, TimestampType, Unpacker, repack,
    set_max_timestamp,
};

use super::AppendError;

/// How many records' errors are named in the message for people.
const NAMED_ERRORS: usize = 3;

/// How many records' errors are told one by one: a small batch can unpack to millions of records, and
/// nobody reads that many.
const TOLD_ERRORS: usize = 1_000;

/// A batch that may be appended: the client's own bytes, or new ones where a rule asks for them.
#[derive(Debug)]
pub(super) struct Valid<'a> {
    pub(super) header: BatchHeader,
    pub(super) bytes: Cow<'a, [u8]>,
    pub(super) log_append_time_ms: i64,
}

pub(super) fn refuse(code: ErrorCode, message: impl Into<String>) -> AppendError {
    AppendError::Refused {
        code,
        message: message.into(),
        records: Vec::new(),
    }
}

/// Checks a client's batch and brings it into the form that the topic wants.
pub(super) fn validate<'a>(
    bytes: &'a [u8],
    settings: &TopicSettings,
    unpacker: &mut Unpacker,
    now_ms: i64,
) -> Result<Valid<'a>, AppendError> {
    let batch = only_batch(bytes)?;
    check_size(bytes.len(), settings)?;
    batch
        .verify()
        .map_err(|error| refuse(ErrorCode::CORRUPT_MESSAGE, error.to_string()))?;
    check_header(&batch.header)?;
    let latest_ms = check_records(&batch, settings, unpacker, now_ms)?;
    let mut bytes = Cow::Borrowed(bytes);
    if let Some(target) = target_compression(&batch, settings)? {
        bytes = Cow::Owned(repack(&batch, target, unpacker).map_err(|error| invalid(&error))?);
        check_size(bytes.len(), settings)?;
    }
    let (by, max_ms) = match settings.message_timestamp_type {
        TimestampKind::LogAppendTime => (TimestampType::LogAppendTime, now_ms),
        TimestampKind::CreateTime => (TimestampType::CreateTime, latest_ms),
    };
    if by == TimestampType::LogAppendTime || batch.header.max_timestamp_ms != max_ms {
        set_max_timestamp(bytes.to_mut(), by, max_ms).map_err(|error| invalid(&error))?;
    }
    Ok(Valid {
        header: BatchHeader::read(&bytes).map_err(|error| invalid(&error))?,
        bytes,
        log_append_time_ms: match by {
            TimestampType::LogAppendTime => now_ms,
            TimestampType::CreateTime => -1,
        },
    })
}

fn invalid(error: &crate::wire::error::WireError) -> AppendError {
    refuse(ErrorCode::INVALID_RECORD, error.to_string())
}

fn only_batch(bytes: &[u8]) -> Result<Batch<'_>, AppendError> {
    let mut chunks = RecordSet::new(bytes);
    let batch = match chunks.next() {
        Some(Ok(Chunk::Batch(batch))) => batch,
        Some(Ok(Chunk::Message(_))) => {
            return Err(refuse(
                ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT,
                "records must be a batch of magic 2",
            ));
        }
        Some(Ok(Chunk::Partial(_))) => {
            return Err(refuse(
                ErrorCode::CORRUPT_MESSAGE,
                "the batch ends before its end",
            ));
        }
        Some(Err(error)) => return Err(refuse(ErrorCode::CORRUPT_MESSAGE, error.to_string())),
        None => return Err(refuse(ErrorCode::INVALID_RECORD, "there is no batch")),
    };
    if chunks.next().is_some() {
        let why = "more than one batch for a partition";
        return Err(refuse(ErrorCode::INVALID_RECORD, why));
    }
    Ok(batch)
}

fn check_size(bytes: usize, settings: &TopicSettings) -> Result<(), AppendError> {
    let within = |limit: u32| u64::try_from(bytes).is_ok_and(|bytes| bytes <= u64::from(limit));
    if !within(settings.max_message_bytes) {
        let why = format!(
            "the batch has {bytes} bytes, max.message.bytes is {}",
            settings.max_message_bytes
        );
        return Err(refuse(ErrorCode::MESSAGE_TOO_LARGE, why));
    }
    if !within(settings.segment_bytes) {
        let why = format!(
            "the batch has {bytes} bytes, segment.bytes is {}",
            settings.segment_bytes
        );
        return Err(refuse(ErrorCode::RECORD_LIST_TOO_LARGE, why));
    }
    Ok(())
}

fn check_header(header: &BatchHeader) -> Result<(), AppendError> {
    let bad = |why: String| Err(refuse(ErrorCode::INVALID_RECORD, why));
    if header.base_offset != 0 {
        return bad(format!("base offset {} is not 0", header.base_offset));
    }
    let spans = i64::from(header.last_offset_delta) + 1;
    if header.count <= 0 || i64::from(header.count) != spans {
        return bad(format!(
            "{} records in a batch whose last offset delta is {}",
            header.count, header.last_offset_delta
        ));
    }
    if matches!(
        header.attributes.kind(),
        BatchKind::Control | BatchKind::TransactionMarker
    ) {
        return bad("clients may not write control records".to_owned());
    }
    if header.producer_id >= 0 && (header.base_sequence < 0 || header.producer_epoch < 0) {
        return bad(format!(
            "producer {} with epoch {} and sequence {}",
            header.producer_id, header.producer_epoch, header.base_sequence
        ));
    }
    if header.producer_id < 0 && header.attributes.kind() == BatchKind::Transactional {
        return bad("a transactional batch without a producer id".to_owned());
    }
    if header.attributes.timestamp_type() == TimestampType::LogAppendTime {
        let why = "a producer may not set the timestamp type to LogAppendTime";
        return Err(refuse(ErrorCode::INVALID_TIMESTAMP, why));
    }
    Ok(())
}

/// Walks the records; gives the latest timestamp.
fn check_records(
    batch: &Batch<'_>,
    settings: &TopicSettings,
    unpacker: &mut Unpacker,
    now_ms: i64,
) -> Result<i64, AppendError> {
    let times = allowed_times(settings, now_ms);
    let keys = settings.cleanup_policy.compact;
    let mut flaws = Flaws::default();
    let mut latest_ms = -1;
    let records = batch
        .records(unpacker)
        .map_err(|error| refuse(ErrorCode::CORRUPT_MESSAGE, error.to_string()))?;
    for (walked, record) in (0_i32..).zip(records) {
        let record = record.map_err(|error| invalid(&error))?;
        let time = record.timestamp_ms;
        if record.offset != i64::from(walked) {
            flaws.add(walked, Flaw::Offset(record.offset));
        } else if keys && record.key.is_none() {
            flaws.add(walked, Flaw::NoKey);
        } else if time != -1 && !times.contains(&time) {
            flaws.add(walked, Flaw::Time(time));
        }
        latest_ms = latest_ms.max(time);
        if flaws.records.len() >= TOLD_ERRORS {
            break;
        }
    }
    flaws.result()?;
    Ok(latest_ms)
}

/// Which timestamps the topic takes (rule 15).
fn allowed_times(settings: &TopicSettings, now_ms: i64) -> std::ops::RangeInclusive<i64> {
    match settings.message_timestamp_type {
        TimestampKind::LogAppendTime => i64::MIN..=i64::MAX,
        TimestampKind::CreateTime => {
            now_ms.saturating_sub(settings.message_timestamp_before_max_ms)
                ..=now_ms.saturating_add(settings.message_timestamp_after_max_ms)
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Flaw {
    Offset(i64),
    NoKey,
    Time(i64),
}

/// What is wrong with single records (KIP-467).
#[derive(Debug, Default)]
struct Flaws {
    records: Vec<(i32, String)>,
    times: bool,
}

impl Flaws {
    #[cold]
    fn add(&mut self, index: i32, flaw: Flaw) {
        let why = match flaw {
            Flaw::Offset(offset) => format!("offset {offset} in the batch, {index} was expected"),
            Flaw::NoKey => "Compacted topic cannot accept message without key".to_owned(),
            Flaw::Time(time) => {
                self.times = true;
                format!("timestamp {time} is out of the range that the topic takes")
            }
        };
        self.records.push((index, why));
    }

    fn result(self) -> Result<(), AppendError> {
        if self.records.is_empty() {
            return Ok(());
        }
        let named: Vec<String> = self
            .records
            .iter()
            .take(NAMED_ERRORS)
            .map(|(index, why)| format!("record {index}: {why}"))
            .collect();
        let or_more = if self.records.len() < TOLD_ERRORS {
            ""
        } else {
            " or more"
        };
        Err(AppendError::Refused {
            code: if self.times {
                ErrorCode::INVALID_TIMESTAMP
            } else {
                ErrorCode::INVALID_RECORD
            },
            message: format!(
                "{}{or_more} records are refused, among them {}",
                self.records.len(),
                named.join("; ")
            ),
            records: self.records,
        })
    }
}

/// The compression to pack with, if it is another than the batch's own (rule 16).
fn target_compression(
    batch: &Batch<'_>,
    settings: &TopicSettings,
) -> Result<Option<Compression>, AppendError> {
    let own = batch
        .header
        .attributes
        .compression()
        .map_err(|error| invalid(&error))?;
    let name = match settings.compression_type.as_deref() {
        None | Some("producer") => return Ok(None),
        Some("uncompressed") => Compression::None.name(),
        Some(name) => name,
    };
    let target = Compression::ALL
        .into_iter()
        .find(|compression| compression.name() == name);
    Ok(target.filter(|target| *target != own))
}
