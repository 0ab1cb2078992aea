//! What travels over a stream of the quorum: questions one way, answers the other, numbered, each a
//! length and JSON. The node that follows opens the stream; the questions come from the node that
//! it was opened to, so that who cannot be reached can still follow, as with Kafka's fetching.

use bytes::BytesMut;
use openraft::raft::{AppendEntriesRequest, AppendEntriesResponse, VoteRequest, VoteResponse};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::types::{LogId, SnapshotMeta, Types, Vote};
use crate::meta::record::Record;
use crate::wire::frame::{self, FrameError};

/// The largest frame: an entry of a command that creates very many partitions, with room.
pub const MAX_FRAME_BYTES: usize = 64 * 1024 * 1024;

/// What one node asks of another one.
#[derive(Debug, Serialize, Deserialize)]
pub enum Question {
    /// Entries of the log, or none as a sign of life.
    Append(AppendEntriesRequest<Types>),
    /// A vote.
    Vote(VoteRequest<i32>),
    /// Whether a vote would be worth asking for (KIP-996): changes nothing anywhere.
    Poll {
        /// The last entry of who asks.
        last: Option<LogId>,
        /// Who asks, if its directory is new.
        #[serde(default)]
        new: Option<i32>,
    },
    /// A part of a snapshot.
    Snapshot(Part),
    /// Whether anybody is there.
    Ping,
}

/// What comes back.
#[derive(Debug, Serialize, Deserialize)]
pub enum Answer {
    /// To entries.
    Append(AppendEntriesResponse<i32>),
    /// To a vote.
    Vote(VoteResponse<i32>),
    /// To a poll.
    Poll {
        /// Whether this node would vote for who asks.
        is_granted: bool,
        /// Whether this node's directory is new.
        #[serde(default)]
        is_new: bool,
    },
    /// To a part of a snapshot.
    Snapshot {
        /// This node's vote; the leader learns from it that it is one no more.
        vote: Vote,
    },
    /// To a ping.
    Pong,
    /// The node cannot answer.
    Failed(String),
}

/// Some records of a snapshot.
#[derive(Debug, Serialize, Deserialize)]
pub struct Part {
    /// The leader's vote.
    pub vote: Vote,
    /// Which snapshot.
    pub meta: SnapshotMeta,
    /// Offset of the last record that the whole snapshot includes.
    pub offset: i64,
    /// How many records came before these.
    pub before: usize,
    /// The records.
    pub records: Vec<Record>,
    /// Whether these are the last ones.
    pub is_last: bool,
}

/// A question or an answer with its number.
#[derive(Debug, Serialize, Deserialize)]
pub struct Numbered<T> {
    /// Given by who asks; the answer has the same.
    pub number: u64,
    /// The question or the answer.
    pub content: T,
}

/// Why a stream ended.
#[derive(Debug, Error)]
pub enum StreamError {
    /// The other side closed it.
    #[error("the other node closed the stream")]
    Closed,
    /// The connection failed.
    #[error("the stream failed: {0}")]
    Io(#[from] std::io::Error),
    /// What came is no frame.
    #[error("the stream carried what is no frame: {0}")]
    Frame(#[from] FrameError),
    /// What came is no question or answer.
    #[error("the stream carried what is no message: {0}")]
    Json(#[from] serde_json::Error),
    /// Nothing came for too long.
    #[error("nothing came for {0:?}")]
    Silent(std::time::Duration),
}

/// A message as the bytes that travel.
pub fn encode<T: Serialize>(number: u64, content: &T) -> Result<Vec<u8>, StreamError> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, &Numbered { number, content })?;
    let length = bytes.len() - 4;
    let bad_length = FrameError::BadLength {
        length: i32::try_from(length).unwrap_or(i32::MAX),
        max: MAX_FRAME_BYTES,
    };
    let claimed = u32::try_from(length)
        .ok()
        .filter(|_| length <= MAX_FRAME_BYTES)
        .ok_or(bad_length)?;
    if let Some(head) = bytes.first_chunk_mut::<4>() {
        *head = claimed.to_be_bytes();
    }
    Ok(bytes)
}

/// Sends a message whole: none of it waits in an encrypted stream for the next one.
pub async fn send(sink: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> std::io::Result<()> {
    sink.write_all(bytes).await?;
    sink.flush().await
}

/// Reads the next message; what arrives beyond it stays in `buffer`.
pub async fn read<T: for<'a> Deserialize<'a>>(
    source: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
) -> Result<Numbered<T>, StreamError> {
    loop {
        if let Some(content) = frame::next_frame(buffer, MAX_FRAME_BYTES)? {
            return Ok(serde_json::from_slice(&content)?);
        }
        if source.read_buf(buffer).await? == 0 {
            return Err(StreamError::Closed);
        }
    }
}
