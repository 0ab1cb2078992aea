//! Length-prefixed frames over bytes: cutting a stream into frames, and building a whole one.
//!
//! Touches no socket. A length that cannot be one is taken as a sign that something other than a
//! Kafka listener answered, and what it looks like is named.

use std::fmt;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use thiserror::Error;

use super::error::{Result, WireError};
use super::header::{HeaderForm, RequestHeader, ResponseHeader};
use super::messages::{Message, Request, decode_all};
use super::primitives::Reader;
use super::tagged::Tags;

/// The largest frame a client accepts, in bytes: a broker's own default limit for requests, far
/// above any answer that fits a screen.
pub const MAX_FRAME_BYTES: usize = 100 * 1024 * 1024;

/// Why bytes cannot be cut into frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The peer does not speak the protocol.
    #[error("{0}")]
    Stranger(Stranger),
    /// A length above the limit or below zero.
    #[error("a frame claims {length} bytes, at most {max} are accepted")]
    BadLength {
        /// The claimed length, in bytes.
        length: i32,
        /// The limit, in bytes.
        max: usize,
    },
}

/// What answered instead of a Kafka listener, told by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stranger {
    /// A web server.
    Http,
    /// An SSH server.
    Ssh,
    /// A TLS listener that refused plain bytes.
    TlsAlert,
    /// Something that began a TLS handshake.
    TlsHandshake,
}

impl Stranger {
    /// Names the speaker of the first four bytes.
    pub fn of(first: [u8; 4]) -> Option<Self> {
        match first {
            [b'H', b'T', b'T', b'P'] => Some(Self::Http),
            [b'S', b'S', b'H', b'-'] => Some(Self::Ssh),
            [0x15, 0x03, _, _] => Some(Self::TlsAlert),
            [0x16, 0x03, _, _] => Some(Self::TlsHandshake),
            _ => None,
        }
    }
}

impl fmt::Display for Stranger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "a web server answered, not a Kafka listener",
            Self::Ssh => "an SSH server answered, not a Kafka listener",
            Self::TlsAlert | Self::TlsHandshake => "this listener speaks TLS",
        })
    }
}

/// Cuts the next frame's content off the buffer; `None` while bytes are missing.
pub fn next_frame(
    buffer: &mut BytesMut,
    max: usize,
) -> std::result::Result<Option<Bytes>, FrameError> {
    let Some(first) = buffer.first_chunk::<4>().copied() else {
        return Ok(None);
    };
    let length = i32::from_be_bytes(first);
    let Some(size) = usize::try_from(length).ok().filter(|size| *size <= max) else {
        let bad = FrameError::BadLength { length, max };
        return Err(Stranger::of(first).map_or(bad, FrameError::Stranger));
    };
    if buffer.len() - first.len() < size {
        return Ok(None);
    }
    buffer.advance(first.len());
    Ok(Some(buffer.split_to(size).freeze()))
}

/// Bytes of the frame that begins here, its length included, as it claims itself; 0 while that is not
/// known. Never to be allocated at once.
pub fn claimed(buffer: &[u8]) -> usize {
    let length = buffer.first_chunk::<4>().copied().map(i32::from_be_bytes);
    let length = length.and_then(|length| usize::try_from(length).ok());
    length.map_or(0, |length| length + size_of::<i32>())
}

/// Puts the length before what `content` appends.
pub fn framed(content: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    out.put_i32(0);
    content(&mut out)?;
    let size = out.len() - size_of::<i32>();
    let length = i32::try_from(size).map_err(|_| WireError::BadLength {
        what: "frame",
        length: i64::try_from(size).unwrap_or(i64::MAX),
    })?;
    if let Some(head) = out.first_chunk_mut::<4>() {
        *head = length.to_be_bytes();
    }
    Ok(out)
}

/// A whole request frame.
pub fn request_frame<R: Request>(
    request: &R,
    version: i16,
    correlation_id: i32,
    client_id: Option<&str>,
) -> Result<Vec<u8>> {
    let header = RequestHeader {
        key: R::KEY,
        version,
        correlation_id,
        client_id: client_id.map(str::to_owned),
        unknown_tags: Tags::NONE,
    };
    framed(|out| {
        header.write(HeaderForm::of_request(version, R::FLEXIBLE_FROM), out)?;
        request.encode(version, out)
    })
}

/// A whole response frame.
pub fn response_frame<M: Message>(
    response: &M,
    version: i16,
    correlation_id: i32,
) -> Result<Vec<u8>> {
    let header = ResponseHeader {
        correlation_id,
        unknown_tags: Tags::NONE,
    };
    framed(|out| {
        header.write(
            HeaderForm::of_response(M::KEY, version, M::FLEXIBLE_FROM),
            out,
        )?;
        response.encode(version, out)
    })
}

/// The number of the request that a response frame's content answers.
pub fn correlation_id(content: &Bytes) -> Result<i32> {
    Reader::over(content).i32("ResponseHeader.correlation_id")
}

/// Reads a response frame's content: the request's number and the message.
pub fn read_response<M: Message>(content: &Bytes, version: i16) -> Result<(i32, M)> {
    let mut reader = Reader::over(content);
    let form = HeaderForm::of_response(M::KEY, version, M::FLEXIBLE_FROM);
    let header = ResponseHeader::read(&mut reader, form)?;
    Ok((header.correlation_id, decode_all(reader, version)?))
}
