//! One connection to one broker: a task that pipelines requests and gives each a deadline.
//!
//! Answers come in the order of the requests, so a request that gets none holds up all behind it: at its
//! deadline the connection is given up, and everything waiting on it fails at once.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use broker::wire::api_key::ApiKey;
use broker::wire::error::WireError;
use broker::wire::error_code::ErrorCode;
use broker::wire::frame::{
    FrameError, MAX_FRAME_BYTES, correlation_id, next_frame, read_response, request_frame,
};
use broker::wire::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use broker::wire::messages::{Message, Request};
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::dialer::{Dialled, Duplex};
use super::error::{CallError, printable};
use super::versions::{Versions, fall_back};

/// Requests a broker gets from one connection before it has answered: one at work, one waiting.
const MAX_IN_FLIGHT: usize = 2;
/// Requests that may wait for their turn; beyond that callers wait.
const QUEUE: usize = 16;
/// How long `ApiVersions` may take (operations.md §1.3).
pub const API_VERSIONS_DEADLINE: Duration = Duration::from_secs(3);
/// Largest growth of the receive buffer at once.
const RECEIVE_STEP_BYTES: usize = 1024 * 1024;
/// First size of the receive buffer; it grows with what really arrives.
const RECEIVE_BYTES: usize = 16 * 1024;

/// An open, negotiated connection. It ends when the last handle is dropped.
#[derive(Debug)]
pub struct Connection {
    shared: Arc<Shared>,
    requests: mpsc::Sender<Outgoing>,
    versions: Versions,
    task: AbortHandle,
}

/// What handle and task both know.
#[derive(Debug)]
struct Shared {
    peer: Arc<str>,
    client_id: Arc<str>,
    correlation: AtomicI32,
    /// Why the connection ended, once it has.
    ended: OnceLock<End>,
}

/// Why a connection ended.
#[derive(Debug, Clone)]
enum End {
    /// In words.
    Broken(Arc<str>),
    /// A request ran into its deadline.
    Silent(Duration),
}

/// A request on its way.
#[derive(Debug)]
struct Outgoing {
    frame: Vec<u8>,
    waiting: Waiting,
}

/// A request that has not been answered.
#[derive(Debug)]
struct Waiting {
    correlation: i32,
    /// From the moment the request is sent, not from when it was queued.
    patience: Duration,
    reply: oneshot::Sender<Bytes>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Connection {
    /// Starts a connection over a stream and negotiates versions: 4, then what the broker lists or 3, then 0.
    pub async fn open(
        dialled: Dialled,
        peer: Arc<str>,
        client_id: Arc<str>,
    ) -> Result<Self, CallError> {
        let (requests, queue) = mpsc::channel(QUEUE);
        let shared = Arc::new(Shared {
            peer,
            client_id,
            correlation: AtomicI32::new(0),
            ended: OnceLock::new(),
        });
        let wire = Wire::new(dialled.stream, shared.clone());
        let task = tokio::spawn(wire.run(queue)).abort_handle();
        let mut connection = Self {
            shared,
            requests,
            versions: Versions::default(),
            task,
        };
        connection.versions = Versions::of(&connection.negotiate().await?);
        Ok(connection)
    }

    async fn negotiate(&self) -> Result<ApiVersionsResponse, CallError> {
        let mut version = *ApiVersionsRequest::VERSIONS.end();
        loop {
            let response = self.api_versions(version).await?;
            if response.error_code.is_ok() {
                return Ok(response);
            }
            let listed = response
                .api_keys
                .iter()
                .find(|api| api.api_key == ApiKey::API_VERSIONS)
                .map(|api| api.max_version);
            let next = fall_back(version, listed)
                .filter(|_| response.error_code == ErrorCode::UNSUPPORTED_VERSION);
            version =
                next.ok_or_else(|| self.refused::<ApiVersionsRequest>(response.error_code))?;
        }
    }

    /// Asks for the broker's versions once more; what a probe measures.
    pub async fn ping(&self) -> Result<(), CallError> {
        let version = self
            .version::<ApiVersionsRequest>(0)
            .unwrap_or(*ApiVersionsRequest::VERSIONS.start());
        self.api_versions(version).await.map(drop)
    }

    async fn api_versions(&self, version: i16) -> Result<ApiVersionsResponse, CallError> {
        let request = ApiVersionsRequest {
            client_software_name: "lookout".to_owned(),
            client_software_version: env!("CARGO_PKG_VERSION").to_owned(),
            ..ApiVersionsRequest::default()
        };
        let content = self.send(&request, version, API_VERSIONS_DEADLINE).await?;
        // A broker that does not know the version answers in version 0, whatever was asked (KIP-511).
        let understood = content.get(4..6) != Some(&ErrorCode::UNSUPPORTED_VERSION.0.to_be_bytes());
        let version = if understood { version } else { 0 };
        self.decode::<ApiVersionsResponse>(&content, version)
    }

    /// Who is at the other end, as errors name it.
    pub fn peer(&self) -> &Arc<str> {
        &self.shared.peer
    }

    /// What the broker offers.
    pub fn versions(&self) -> &Versions {
        &self.versions
    }

    /// The version `R` will be sent in, if it is at least `need`.
    pub fn version<R: Request>(&self, need: i16) -> Result<i16, CallError> {
        self.versions
            .choose(R::KEY, &R::VERSIONS)
            .filter(|version| *version >= need)
            .ok_or_else(|| CallError::NotOffered {
                peer: self.shared.peer.clone(),
                api: R::KEY,
                need: need.max(*R::VERSIONS.start()),
                offered: self.versions.offered(R::KEY),
            })
    }

    /// Sends a request in the highest version both sides speak and waits for its answer.
    pub async fn call<R: Request>(
        &self,
        request: &R,
        deadline: Duration,
    ) -> Result<R::Response, CallError> {
        let version = self.version::<R>(0)?;
        let content = self.send(request, version, deadline).await?;
        self.decode(&content, version)
    }

    /// An error code of an answer as an error.
    pub fn refused<R: Request>(&self, code: ErrorCode) -> CallError {
        CallError::Refused {
            peer: self.shared.peer.clone(),
            api: R::KEY,
            code,
            detail: "".into(),
        }
    }

    /// Whether it has ended.
    pub fn is_closed(&self) -> bool {
        self.requests.is_closed()
    }

    /// Waits until it ends.
    pub async fn closed(&self) {
        self.requests.closed().await;
    }

    async fn send<R: Request>(
        &self,
        request: &R,
        version: i16,
        patience: Duration,
    ) -> Result<Bytes, CallError> {
        let correlation = self.shared.correlation.fetch_add(1, Ordering::Relaxed);
        let frame = request_frame(request, version, correlation, Some(&self.shared.client_id))
            .map_err(|source| self.garbled(R::KEY, version, source))?;
        let (reply, answer) = oneshot::channel();
        let waiting = Waiting {
            correlation,
            patience,
            reply,
        };
        let sent = self.requests.send(Outgoing { frame, waiting }).await;
        match (sent, answer.await) {
            (Ok(()), Ok(content)) => Ok(content),
            (Err(_), _) | (_, Err(_)) => Err(self.ended(R::KEY)),
        }
    }

    fn ended(&self, asked: ApiKey) -> CallError {
        let peer = self.shared.peer.clone();
        match self.shared.ended.get() {
            // Whoever waits behind a request that gets no answer gets none either.
            Some(End::Silent(after)) => CallError::Silent {
                peer,
                api: asked,
                after: *after,
            },
            Some(End::Broken(why)) => CallError::Broken {
                peer,
                why: why.clone(),
            },
            None => CallError::Broken {
                peer,
                why: printable(&format!(
                    "the connection was given up before {asked} was answered"
                )),
            },
        }
    }

    fn decode<M: Message>(&self, content: &Bytes, version: i16) -> Result<M, CallError> {
        read_response(content, version)
            .map(|(_, message)| message)
            .map_err(|source| self.garbled(M::KEY, version, source))
    }

    fn garbled(&self, api: ApiKey, version: i16, source: WireError) -> CallError {
        CallError::Garbled {
            peer: self.shared.peer.clone(),
            api,
            version,
            source,
        }
    }
}

/// The task's side: both halves of the stream and what is under way.
struct Wire {
    reader: ReadHalf<Box<dyn Duplex>>,
    writer: WriteHalf<Box<dyn Duplex>>,
    shared: Arc<Shared>,
    received: BytesMut,
    unsent: Bytes,
    waiting: VecDeque<(Waiting, Instant)>,
    answered: u64,
}

impl Wire {
    fn new(stream: Box<dyn Duplex>, shared: Arc<Shared>) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self {
            reader,
            writer,
            shared,
            received: BytesMut::with_capacity(RECEIVE_BYTES),
            unsent: Bytes::new(),
            waiting: VecDeque::new(),
            answered: 0,
        }
    }

    /// Runs until the stream ends, a deadline passes or nobody asks any more. Dropping `queue` and the waiting
    /// requests wakes every caller, after the reason is in place.
    async fn run(mut self, mut queue: mpsc::Receiver<Outgoing>) {
        let end = loop {
            match self.step(&mut queue).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(end) => break end,
            }
        };
        // Only this task sets it, and only here.
        let _first = self.shared.ended.set(end);
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
        let text = match (self.answered, error) {
            (0, _) => "the connection was closed right after ApiVersions; this usually means that TLS or SASL is expected here, or that the broker is stopping".to_owned(),
            (1, None) if !self.waiting.is_empty() => "the connection was closed at the first request after ApiVersions; this usually means that SASL is expected here".to_owned(),
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
