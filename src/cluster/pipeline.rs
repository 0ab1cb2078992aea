//! The task of one connection: sends requests as they come, cuts answers out of the stream, keeps the deadlines.
//!
//! Answers come in the order of the requests, so a request that gets none holds up all behind it: at its
//! deadline the connection is given up. Knows nothing of what is asked.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use broker::wire::frame::{FrameError, MAX_FRAME_BYTES, correlation_id, next_frame};
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::dialer::Duplex;
use super::error::{DialError, printable};

/// Requests a broker gets from one connection before it has answered: one at work, one waiting.
const MAX_IN_FLIGHT: usize = 2;
/// Largest growth of the receive buffer at once.
const RECEIVE_STEP_BYTES: usize = 1024 * 1024;
/// First size of the receive buffer; it grows with what really arrives.
const RECEIVE_BYTES: usize = 16 * 1024;

/// Why a connection ended.
#[derive(Debug, Clone)]
pub enum End {
    /// The way in was refused afterwards, or ended beneath it.
    Refused(DialError),
    /// In words.
    Broken(Arc<str>),
    /// A request ran into its deadline.
    Silent(Duration),
}

/// A request on its way.
#[derive(Debug)]
pub struct Outgoing {
    pub frame: Vec<u8>,
    pub waiting: Waiting,
}

/// A request that has not been answered.
#[derive(Debug)]
pub struct Waiting {
    pub correlation: i32,
    /// From the moment the broker can begin: when the request is sent and everything before it is answered.
    pub patience: Duration,
    pub reply: oneshot::Sender<Bytes>,
}

/// The task's side: both halves of the stream and what is under way.
pub struct Pipeline {
    reader: ReadHalf<Box<dyn Duplex>>,
    writer: WriteHalf<Box<dyn Duplex>>,
    /// Where the reason goes when it ends.
    ended: Arc<OnceLock<End>>,
    received: BytesMut,
    unsent: Bytes,
    waiting: VecDeque<(Waiting, Instant)>,
    answered: u64,
}

impl Pipeline {
    /// A pipeline over a stream; `ended` gets the reason when it ends.
    pub fn new(stream: Box<dyn Duplex>, ended: Arc<OnceLock<End>>) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self {
            reader,
            writer,
            ended,
            received: BytesMut::with_capacity(RECEIVE_BYTES),
            unsent: Bytes::new(),
            waiting: VecDeque::new(),
            answered: 0,
        }
    }

    /// Runs until the stream ends, a deadline passes or nobody asks any more. Dropping `queue` and the waiting
    /// requests wakes every caller, after the reason is in place.
    pub async fn run(mut self, mut queue: mpsc::Receiver<Outgoing>) {
        let end = loop {
            match self.step(&mut queue).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(end) => break end,
            }
        };
        // Only this task sets it, and only here.
        let _first = self.ended.set(end);
    }

    /// Waits for whatever happens next. `false`: the last handle is gone.
    async fn step(&mut self, queue: &mut mpsc::Receiver<Outgoing>) -> Result<bool, End> {
        let room = self.unsent.is_empty() && self.waiting.len() < MAX_IN_FLIGHT;
        let due = self.waiting.front().map(|(_, due)| *due);
        tokio::select! {
            outgoing = queue.recv(), if room => {
                let Some(Outgoing { frame, waiting }) = outgoing else { return Ok(false) };
                let due = Instant::now() + waiting.patience;
                self.unsent = frame.into();
                self.waiting.push_back((waiting, due));
            }
            written = self.writer.write_buf(&mut self.unsent), if !self.unsent.is_empty() => {
                written.map_err(|error| self.broken(Some(&error)))?;
            }
            read = self.reader.read_buf(&mut self.received) => {
                match read {
                    Ok(0) => return Err(self.broken(None)),
                    Ok(_) => self.deliver()?,
                    Err(error) => return Err(self.broken(Some(&error))),
                }
            }
            () = expire(due) => return Err(self.silent()),
        }
        Ok(true)
    }

    fn deliver(&mut self) -> Result<(), End> {
        while let Some(content) =
            next_frame(&mut self.received, MAX_FRAME_BYTES).map_err(|error| self.stranger(error))?
        {
            let answered = correlation_id(&content).ok();
            let Some((waiting, _)) = self.waiting.pop_front() else {
                return Err(End::Broken(
                    "it sent an answer that nobody asked for; not a Kafka listener?".into(),
                ));
            };
            if answered != Some(waiting.correlation) {
                return Err(End::Broken(
                    "it answered another request than was asked; not a Kafka listener?".into(),
                ));
            }
            self.answered += 1;
            // The broker begins with the next one only now.
            if let Some((next, due)) = self.waiting.front_mut() {
                *due = (*due).max(Instant::now() + next.patience);
            }
            // The caller may have gone; its answer goes with it.
            let _gone = waiting.reply.send(content);
        }
        self.make_room();
        Ok(())
    }

    /// Makes room for the rest of a frame that has begun, in steps: a length alone must not claim memory.
    fn make_room(&mut self) {
        if let Some(length) = self.received.first_chunk::<4>() {
            let whole = usize::try_from(i32::from_be_bytes(*length)).unwrap_or(0) + 4;
            let missing = whole.saturating_sub(self.received.len());
            self.received.reserve(missing.min(RECEIVE_STEP_BYTES));
        }
    }

    fn stranger(&self, error: FrameError) -> End {
        let advice = match error {
            FrameError::Stranger(_) => "check the port and the security settings",
            FrameError::BadLength { .. } if self.answered == 0 => {
                "this is not a Kafka listener: check the port"
            }
            FrameError::BadLength { .. } => "the connection is given up",
        };
        End::Broken(printable(&format!("{error}; {advice}")))
    }

    fn broken(&self, error: Option<&std::io::Error>) -> End {
        if let Some(said) = error.and_then(DialError::within) {
            return End::Refused(said);
        }
        let text = match (self.answered, error) {
            (0, _) => "the connection was closed right after ApiVersions; this usually means that TLS or SASL is expected here, or that the broker is stopping".to_owned(),
            (1, _) if !self.waiting.is_empty() => "the connection was closed at the first request after ApiVersions; this usually means that SASL is expected here".to_owned(),
            (_, None) => "the connection was closed by the other side; is the broker stopping?".to_owned(),
            (_, Some(error)) => format!("the connection broke: {}", error.kind()),
        };
        End::Broken(printable(&text))
    }

    fn silent(&self) -> End {
        self.waiting.front().map_or_else(
            || End::Broken("a deadline passed".into()),
            |(waiting, _)| End::Silent(waiting.patience),
        )
    }
}

async fn expire(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
