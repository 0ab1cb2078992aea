//! The five compressions of record batches and message sets, packed and unpacked in memory.
//!
//! Unpacking is bounded by the caller and never sizes a buffer by what the input claims: a claimed
//! length is believed only as far as the bytes present could justify it. Checksums inside the
//! compressed formats are not looked at where the format allows: the CRC of the batch covers them.

use std::io::{Read, Write};

use super::error::{Result, WireError};
use super::primitives::Reader;

/// The most bytes that one batch may unpack to, unless the caller says otherwise.
///
/// Producers cap a batch near 1 MiB (`message.max.bytes`, `max.request.size`) before or after
/// compression, so honest batches stay far below; 64 MiB leaves room for brokers whose limit was
/// raised, and is small enough that a bomb does not hurt.
pub const MAX_UNPACKED_BYTES: usize = 64 << 20;

/// The longest output of a raw snappy block per input byte: a copy of 64 bytes takes three.
const SNAPPY_MAX_RATIO: usize = 22;
/// The longest output of an lz4 block per input byte: a length is continued 255 at a time.
const LZ4_MAX_RATIO: usize = 255;
/// How far back an lz4 block may refer.
const LZ4_WINDOW: usize = 64 << 10;
/// Block size of the lz4 frames we write: that of the Java client.
const LZ4_BLOCK: usize = 64 << 10;
const LZ4_MAGIC: u32 = 0x184D_2204;
/// Magic, version 1 with independent blocks, 64 KiB blocks, and the checksum of these two bytes.
const LZ4_HEADER: [u8; 7] = [0x04, 0x22, 0x4D, 0x18, 0x60, 0x40, 0x82];
/// Marks a block that is stored as it is.
const LZ4_STORED: u32 = 1 << 31;
/// Opens the framing that snappy-java puts around raw blocks.
const XERIAL_MAGIC: [u8; 8] = *b"\x82SNAPPY\0";
/// Version and oldest readable version of the framing, both 1.
const XERIAL_VERSIONS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];
/// Bytes before packing in one block of that framing: the default of snappy-java.
const XERIAL_BLOCK: usize = 32 << 10;

/// How the records of a batch are packed; the low three bits of the batch's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Not packed.
    None,
    /// RFC 1952.
    Gzip,
    /// Snappy blocks, bare or in the framing of snappy-java.
    Snappy,
    /// The LZ4 frame format.
    Lz4,
    /// RFC 8878; KIP-110, batches of magic 2 only.
    Zstd,
}

impl Compression {
    /// All of them, by code.
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// The compression that the low three bits of an attributes field name.
    pub fn of_attributes(attributes: i16) -> Result<Self> {
        match attributes & 7 {
            0 => Ok(Self::None),
            1 => Ok(Self::Gzip),
            2 => Ok(Self::Snappy),
            3 => Ok(Self::Lz4),
            4 => Ok(Self::Zstd),
            code => Err(invalid(
                "compression",
                format!("{code} is not a known code"),
            )),
        }
    }

    /// Its code on the wire.
    pub fn code(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Gzip => 1,
            Self::Snappy => 2,
            Self::Lz4 => 3,
            Self::Zstd => 4,
        }
    }

    /// Its name in `compression.type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// Unpacks into `out`, whose content it replaces. More than `limit` bytes are an error; memory
    /// stays proportional to what was really unpacked.
    pub fn unpack(self, packed: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<()> {
        out.clear();
        match self {
            Self::None => append(packed, limit, out),
            Self::Gzip => {
                let reader = flate2::bufread::MultiGzDecoder::new(packed);
                read_within(reader, "gzip data", limit, out)
            }
            Self::Snappy => unpack_snappy(packed, limit, out),
            Self::Lz4 => unpack_lz4(packed, limit, out),
            Self::Zstd => {
                // The window that a frame declares is at most 128 MiB, libzstd's own bound, which
                // level 22 of the Java client does declare; its pages are touched as they fill.
                let reader = zstd::stream::read::Decoder::with_buffer(packed)
                    .map_err(|error| invalid("zstd data", error.to_string()))?;
                read_within(reader, "zstd data", limit, out)
            }
        }
    }

    /// Packs and appends to `out`, at the default level of each format.
    pub fn pack(self, plain: &[u8], out: &mut Vec<u8>) -> Result<()> {
        match self {
            Self::None => out.extend_from_slice(plain),
            Self::Gzip => {
                let mut writer = flate2::write::GzEncoder::new(out, flate2::Compression::default());
                writer
                    .write_all(plain)
                    .and_then(|()| writer.try_finish())
                    .map_err(|error| invalid("gzip data", error.to_string()))?;
            }
            Self::Snappy => pack_snappy(plain, out)?,
            Self::Lz4 => pack_lz4(plain, out)?,
            Self::Zstd => {
                let packed = zstd::bulk::compress(plain, zstd::DEFAULT_COMPRESSION_LEVEL)
                    .map_err(|error| invalid("zstd data", error.to_string()))?;
                out.extend_from_slice(&packed);
            }
        }
        Ok(())
    }
}

fn invalid(what: &'static str, why: String) -> WireError {
    WireError::Invalid { what, why }
}

fn too_much(limit: usize) -> WireError {
    invalid(
        "compressed records",
        format!("unpack to more than {limit} bytes"),
    )
}

fn append(plain: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<()> {
    if plain.len() > limit.saturating_sub(out.len()) {
        return Err(too_much(limit));
    }
    out.extend_from_slice(plain);
    Ok(())
}

fn read_within(
    reader: impl Read,
    what: &'static str,
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let read = reader.take(one_more).read_to_end(out);
    if out.len() > limit {
        return Err(too_much(limit));
    }
    read.map(|_| ())
        .map_err(|error| invalid(what, error.to_string()))
}

/// The next `room` bytes after the end of `out`, zeroed, with what stands before them.
fn extend(out: &mut Vec<u8>, room: usize) -> (&mut [u8], &mut [u8]) {
    let used = out.len();
    out.resize(used + room, 0);
    out.split_at_mut(used)
}

fn unpack_snappy(packed: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<()> {
    let mut decoder = snap::raw::Decoder::new();
    let Some(framed) = packed.strip_prefix(&XERIAL_MAGIC) else {
        return unpack_snappy_block(&mut decoder, packed, limit, out);
    };
    let mut reader = Reader::new(framed);
    reader.take(XERIAL_VERSIONS.len(), "snappy header")?;
    while reader.left() > 0 {
        let length = reader.i32("snappy block length")?;
        let length = usize::try_from(length).map_err(|_| WireError::BadLength {
            what: "snappy block",
            length: i64::from(length),
        })?;
        let block = reader.take(length, "snappy block")?;
        unpack_snappy_block(&mut decoder, block, limit, out)?;
    }
    Ok(())
}

fn unpack_snappy_block(
    decoder: &mut snap::raw::Decoder,
    block: &[u8],
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    let wrong = |error: snap::Error| invalid("snappy data", error.to_string());
    let claimed = snap::raw::decompress_len(block).map_err(wrong)?;
    if claimed > block.len().saturating_mul(SNAPPY_MAX_RATIO) {
        let why = format!("{claimed} bytes cannot come of {}", block.len());
        return Err(invalid("snappy data", why));
    }
    if claimed > limit.saturating_sub(out.len()) {
        return Err(too_much(limit));
    }
    let (_, room) = extend(out, claimed);
    decoder.decompress(block, room).map_err(wrong)?;
    Ok(())
}

fn pack_snappy(plain: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let mut encoder = snap::raw::Encoder::new();
    out.extend_from_slice(&XERIAL_MAGIC);
    out.extend_from_slice(&XERIAL_VERSIONS);
    for chunk in plain.chunks(XERIAL_BLOCK) {
        let block = encoder
            .compress_vec(chunk)
            .map_err(|error| invalid("snappy data", error.to_string()))?;
        out.extend_from_slice(&length_of(&block)?.to_be_bytes());
        out.extend_from_slice(&block);
    }
    Ok(())
}

fn length_of(block: &[u8]) -> Result<u32> {
    let length = block.len();
    u32::try_from(length).map_err(|_| WireError::BadLength {
        what: "compressed block",
        length: i64::try_from(length).unwrap_or(i64::MAX),
    })
}

/// What the header of an lz4 frame says about its blocks.
struct Lz4Frame {
    block_bytes: usize,
    block_checksums: bool,
    content_checksum: bool,
}

/// Reads the frame header. Its checksum is not compared: clients of magic 0 computed it over the
/// wrong bytes (KIP-57), and the message's own CRC covers the header anyway.
fn read_lz4_header(reader: &mut Reader<'_>) -> Result<Lz4Frame> {
    let magic = reader.u32("lz4 magic")?.swap_bytes();
    if magic != LZ4_MAGIC {
        return Err(invalid(
            "lz4 frame",
            format!("magic {magic:#010x} is not that of a frame"),
        ));
    }
    let flags = reader.u8("lz4 flags")?;
    if flags >> 6 != 1 {
        return Err(invalid(
            "lz4 frame",
            format!("version {} is not known", flags >> 6),
        ));
    }
    if flags & 1 != 0 {
        return Err(invalid("lz4 frame", "it needs a dictionary".to_owned()));
    }
    let block_bytes = match (reader.u8("lz4 block size")? >> 4) & 7 {
        4 => 64 << 10,
        5 => 256 << 10,
        6 => 1 << 20,
        7 => 4 << 20,
        code => {
            return Err(invalid(
                "lz4 frame",
                format!("block size code {code} is not known"),
            ));
        }
    };
    if flags & 8 != 0 {
        reader.take(8, "lz4 content size")?;
    }
    reader.u8("lz4 header checksum")?;
    Ok(Lz4Frame {
        block_bytes,
        block_checksums: flags & 0x10 != 0,
        content_checksum: flags & 4 != 0,
    })
}

fn unpack_lz4(packed: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<()> {
    let mut reader = Reader::new(packed);
    while reader.left() > 0 {
        let frame = read_lz4_header(&mut reader)?;
        let start = out.len();
        while let Some((block, stored)) = read_lz4_block(&mut reader, &frame)? {
            if stored {
                append(block, limit, out)?;
            } else {
                unpack_lz4_block(block, frame.block_bytes, start, limit, out)?;
            }
        }
    }
    Ok(())
}

/// The next block of a frame and whether it is stored as it is; none at the end mark.
fn read_lz4_block<'a>(
    reader: &mut Reader<'a>,
    frame: &Lz4Frame,
) -> Result<Option<(&'a [u8], bool)>> {
    let word = reader.u32("lz4 block length")?.swap_bytes();
    if word == 0 {
        if frame.content_checksum {
            reader.u32("lz4 content checksum")?;
        }
        return Ok(None);
    }
    let length = usize::try_from(word & !LZ4_STORED).unwrap_or(usize::MAX);
    if length > frame.block_bytes {
        return Err(WireError::BadLength {
            what: "lz4 block",
            length: i64::from(word),
        });
    }
    let block = reader.take(length, "lz4 block")?;
    if frame.block_checksums {
        reader.u32("lz4 block checksum")?;
    }
    Ok(Some((block, word & LZ4_STORED != 0)))
}

/// Unpacks one block behind `out`; the bytes since `start` are what it may refer back to.
fn unpack_lz4_block(
    block: &[u8],
    block_bytes: usize,
    start: usize,
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    let possible = block_bytes.min(block.len().saturating_mul(LZ4_MAX_RATIO));
    let left = limit.saturating_sub(out.len());
    let (before, room) = extend(out, possible.min(left));
    let window = before
        .get(start.max(before.len().saturating_sub(LZ4_WINDOW))..)
        .unwrap_or(&[]);
    let used = before.len();
    let written = lz4_flex::block::decompress_into_with_dict(block, room, window).map_err(
        |error| match error {
            lz4_flex::block::DecompressError::OutputTooSmall { .. } if possible > left => {
                too_much(limit)
            }
            error => invalid("lz4 data", error.to_string()),
        },
    )?;
    out.truncate(used + written);
    Ok(())
}

fn pack_lz4(plain: &[u8], out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(&LZ4_HEADER);
    for chunk in plain.chunks(LZ4_BLOCK) {
        let block = lz4_flex::block::compress(chunk);
        if block.len() < chunk.len() {
            out.extend_from_slice(&length_of(&block)?.to_le_bytes());
            out.extend_from_slice(&block);
        } else {
            out.extend_from_slice(&(length_of(chunk)? | LZ4_STORED).to_le_bytes());
            out.extend_from_slice(chunk);
        }
    }
    out.extend_from_slice(&[0; 4]);
    Ok(())
}
