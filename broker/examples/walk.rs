//! How fast records are walked: a million records of 100 bytes in batches of about 1 MiB, checksums
//! compared, once per compression. Prints one line each; run it in release.

use std::error::Error;
use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use broker::wire::compression::Compression;
use broker::wire::records::{BatchBuilder, BatchSettings, NewRecord, RecordSet, Unpacker};

const RECORDS: usize = 1_000_000;
const VALUE_BYTES: usize = 100;
const BATCH_BYTES: usize = 1 << 20;
/// The best of so many walks is printed: the others met other work on the machine.
const WALKS: usize = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    for compression in Compression::ALL {
        let set = build(compression)?;
        let mut best = Duration::MAX;
        for _ in 0..WALKS {
            let start = Instant::now();
            let count = walk(&set)?;
            best = best.min(start.elapsed());
            if count != RECORDS {
                return Err(format!("{count} records instead of {RECORDS}").into());
            }
        }
        let micros = u32::try_from(best.as_micros().max(1))?;
        let rate = f64::from(u32::try_from(RECORDS)?) / f64::from(micros);
        let name = compression.name();
        writeln!(
            out,
            "{name:6} {:>9} bytes  {rate:6.2} M records/s",
            set.len()
        )?;
    }
    Ok(())
}

fn build(compression: Compression) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut set = Vec::new();
    let mut number = 0;
    while number < RECORDS {
        let base_offset = i64::try_from(number)?;
        let settings = BatchSettings {
            base_offset,
            compression,
            ..BatchSettings::default()
        };
        let mut batch = BatchBuilder::new(settings);
        while number < RECORDS && batch.plain_bytes() < BATCH_BYTES {
            let mut value = format!(
                "order {number} of customer {} is on its way",
                number * 7919 % 9973
            );
            value.extend(std::iter::repeat_n(
                '.',
                VALUE_BYTES.saturating_sub(value.len()),
            ));
            let timestamp_ms = 1_700_000_000_000 + i64::try_from(number / 100)?;
            let value = Some(value.as_bytes());
            batch.push(&NewRecord {
                timestamp_ms,
                value,
                ..NewRecord::default()
            })?;
            number += 1;
        }
        set.extend(batch.finish()?);
    }
    Ok(set)
}

fn walk(set: &[u8]) -> Result<usize, Box<dyn Error>> {
    let mut unpacker = Unpacker::default();
    let mut count = 0;
    for chunk in RecordSet::new(set) {
        for record in chunk?.open(&mut unpacker)? {
            black_box(record?);
            count += 1;
        }
    }
    Ok(count)
}
