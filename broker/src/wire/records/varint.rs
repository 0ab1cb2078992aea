//! Variable-length integers of records, quick for the short ones that records are made of.
//!
//! Reading accepts exactly what [`Reader`] accepts; it only takes a shorter way there. Writing lives
//! here because nothing outside of records is written this way by a batch.

use crate::wire::error::Result;
use crate::wire::primitives::Reader;

/// The next zigzag VARINT of `rest`.
#[inline]
pub(super) fn take_varint(rest: &mut &[u8], what: &'static str) -> Result<i32> {
    match **rest {
        [low, ref tail @ ..] if low < 0x80 => {
            *rest = tail;
            Ok(unzigzag(u32::from(low)))
        }
        [low, high, ref tail @ ..] if high < 0x80 => {
            *rest = tail;
            Ok(unzigzag(u32::from(low & 0x7f) | u32::from(high) << 7))
        }
        _ => take_long_varint(rest, what),
    }
}

/// The next zigzag VARLONG of `rest`.
#[inline]
pub(super) fn take_varlong(rest: &mut &[u8], what: &'static str) -> Result<i64> {
    match **rest {
        [low, ref tail @ ..] if low < 0x80 => {
            *rest = tail;
            Ok(i64::from(unzigzag(u32::from(low))))
        }
        _ => {
            let mut reader = Reader::new(rest);
            let value = reader.varlong(what)?;
            *rest = reader.rest();
            Ok(value)
        }
    }
}

fn unzigzag(raw: u32) -> i32 {
    (raw >> 1).cast_signed() ^ -(raw & 1).cast_signed()
}

#[inline(never)]
fn take_long_varint(rest: &mut &[u8], what: &'static str) -> Result<i32> {
    let mut reader = Reader::new(rest);
    let value = reader.varint(what)?;
    *rest = reader.rest();
    Ok(value)
}

/// Appends a zigzag VARINT.
pub(super) fn put_varint(out: &mut Vec<u8>, value: i32) {
    put_varlong(out, i64::from(value));
}

/// Appends a zigzag VARLONG; a value in the range of `i32` takes the bytes of its VARINT.
pub(super) fn put_varlong(out: &mut Vec<u8>, value: i64) {
    let mut raw = ((value << 1) ^ (value >> 63)).cast_unsigned();
    loop {
        let [low, ..] = raw.to_le_bytes();
        raw >>= 7;
        if raw == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}
