//! Batches as producers send them.

use broker::clock::Clock;
use broker::wire::records::{BatchBuilder, BatchSettings, NewRecord};
use bytes::Bytes;

/// A batch of records with these values.
pub fn batch(values: &[&str]) -> Bytes {
    batch_at(Clock::System.now_ms(), values)
}

/// A batch of records of one time.
pub fn batch_at(timestamp_ms: i64, values: &[&str]) -> Bytes {
    let mut builder = BatchBuilder::new(BatchSettings::default());
    for value in values {
        let record = NewRecord {
            timestamp_ms,
            value: Some(value.as_bytes()),
            ..NewRecord::default()
        };
        builder.push(&record).unwrap();
    }
    builder.finish().unwrap().into()
}
