//! One connection: requests in, answers out in the order of the requests (rule 2). Holds the bytes
//! that arrived and the answers that are not sent, both bounded; never trusts a claimed length.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use thiserror::Error;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, SemaphorePermit, mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::Door;
use super::listener::stopped;
use super::room::Share;
use crate::api::{Caller, Framed, HandOver, Later, Opening, Refused, Then, Work};
use crate::tls::{ReadSide, Stream, WriteSide};
use crate::wire::api_key::ApiKey;
use crate::wire::error::WireError;
use crate::wire::frame::{self, FrameError};

/// Requests of one connection whose answers may be outstanding at a time.
const MAX_IN_FLIGHT: usize = 64;

/// Bytes of one connection that may be held in such requests and answers: a batch or two beyond the
/// first, which is taken whatever its size.
const MAX_HELD_BYTES: u32 = 4 << 20;

/// Bytes read ahead while a request is answered, so that a client that goes is noticed.
const MAX_AHEAD_BYTES: usize = 64 << 10;

/// The smallest and the largest room made for one read.
const READ_BYTES: (usize, usize) = (4 << 10, 256 << 10);

/// How long a frame may stand still while it holds memory that others could need.
const MAX_STALL: Duration = Duration::from_secs(30);

/// How long a client that sends nothing more may still take answers that wait for replicas. What they
/// tell of is done already.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// How long something that a client asked for goes on once it is gone: as long as a change may take.
const UNSEEN: Duration = Duration::from_mins(2);

/// Why a connection ends.
#[derive(Debug, Error)]
pub(super) enum Ended {
    /// The client closed it.
    #[error("closed by the client")]
    ByClient,
    /// Nothing moved for too long.
    #[error("idle for {0:?}")]
    Idle(Duration),
    /// This node stops.
    #[error("this node stops")]
    Stopping,
    /// A Produce without acknowledgement failed: closing is how the client learns of it (rule 13).
    #[error("a produce request without acknowledgement failed")]
    Unacknowledged,
    /// A login was refused: what there was to say about it is said.
    #[error("its login was refused")]
    LoginRefused,
    /// It is given away.
    #[error("it became a stream of the quorum")]
    HandedOver,
    /// The socket failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The stream holds no frame.
    #[error("{0}")]
    Frame(#[from] FrameError),
    /// A frame holds no request that is served.
    #[error("{0}")]
    Refused(#[from] Refused),
    /// An answer has no bytes: a fault of this broker.
    #[error("{key} cannot be answered: {source}")]
    Answer {
        /// The API.
        key: ApiKey,
        /// What is wrong.
        source: WireError,
    },
}

/// An answer in its turn.
struct Turn<'a> {
    key: ApiKey,
    begun: Instant,
    answer: Answer,
    _held: SemaphorePermit<'a>,
    /// What it holds of the memory that all connections share.
    _room: Option<OwnedSemaphorePermit>,
}

enum Answer {
    Ready(Framed),
    /// With the bytes of its request.
    Later(Later<Framed>, usize),
}

impl Answer {
    /// What it counts against the bytes that may be held.
    fn weight(&self) -> u32 {
        let bytes = match self {
            Self::Ready(framed) => framed.as_ref().map_or(0, Vec::len),
            Self::Later(_, request) => *request,
        };
        let bytes = u32::try_from(bytes).unwrap_or(MAX_HELD_BYTES);
        bytes.clamp(1, MAX_HELD_BYTES)
    }
}

/// Serves a connection to its end.
pub(super) async fn serve(
    mut stream: Stream,
    caller: Caller,
    door: &Door,
    stop: watch::Receiver<bool>,
) -> Ended {
    let (ended, given) = exchange(&mut stream, caller, door, stop).await;
    match given {
        Some(Given { buffer, then }) => then(stream, buffer).await,
        None => stream.close().await,
    }
    ended
}

/// Requests and answers until the connection ends, or is to be given away.
async fn exchange(
    stream: &mut Stream,
    caller: Caller,
    door: &Door,
    stop: watch::Receiver<bool>,
) -> (Ended, Option<Given>) {
    let held = Semaphore::new(MAX_HELD_BYTES as usize);
    let (turns, queue) = mpsc::channel(MAX_IN_FLIGHT);
    let (read, write) = stream.split();
    let mut requests = Requests {
        input: Input {
            read,
            buffer: BytesMut::new(),
            room: READ_BYTES.0,
            share: Share::of(&door.room),
            stop: stop.clone(),
        },
        held: &held,
        caller,
        door,
        given: None,
        stop,
    };
    let gone = Notify::new();
    let reading = async {
        let ended = requests.take_all(&turns).await;
        if matches!(ended, Ended::ByClient | Ended::Io(_)) {
            gone.notify_one();
        }
        // No more turns: the answers that are outstanding are the last.
        drop(turns);
        ended
    };
    let writing = async {
        tokio::select! {
            written = write_all(write, queue, door) => written,
            () = after(&gone, LAST_ANSWERS) => Err(Ended::ByClient),
        }
    };
    let (read, written) = tokio::join!(reading, writing);
    match (written, requests.given) {
        (Err(ended), _) => (ended, None),
        (Ok(()), Some(then)) => {
            let buffer = requests.input.buffer;
            (read, Some(Given { buffer, then }))
        }
        (Ok(()), None) => (read, None),
    }
}

async fn after(event: &Notify, pause: Duration) {
    event.notified().await;
    sleep(pause).await;
}

/// A connection that is given away.
struct Given {
    buffer: BytesMut,
    then: HandOver,
}

/// Sends the answers in their turns until there are no more requests.
async fn write_all(
    mut write: WriteSide<'_>,
    mut queue: mpsc::Receiver<Turn<'_>>,
    door: &Door,
) -> Result<(), Ended> {
    while let Some(turn) = queue.recv().await {
        let framed = match turn.answer {
            Answer::Ready(framed) => framed,
            Answer::Later(answer, _) => answer.await,
        };
        let key = turn.key;
        let frame = framed.map_err(|source| Ended::Answer { key, source })?;
        door.meter.answered(key, turn.begun.elapsed());
        send(&mut write, &frame, door.patience.max_idle).await?;
        door.meter.bytes_out.add(frame.len() as u64);
    }
    Ok(())
}

/// Sends a frame to a client that takes some of it every so often.
async fn send(
    write: &mut WriteSide<'_>,
    mut frame: &[u8],
    patience: Duration,
) -> Result<(), Ended> {
    while !frame.is_empty() {
        let sent = timeout(patience, write.write(frame))
            .await
            .map_err(|_| Ended::Idle(patience))??;
        if sent == 0 {
            return Err(Ended::Io(io::ErrorKind::WriteZero.into()));
        }
        frame = frame.get(sent..).unwrap_or(&[]);
    }
    // An encrypted stream may still hold some of it.
    let flushed = timeout(patience, write.flush()).await;
    Ok(flushed.map_err(|_| Ended::Idle(patience))??)
}

/// The way in: requests are begun in their order.
struct Requests<'a> {
    input: Input<'a>,
    held: &'a Semaphore,
    caller: Caller,
    door: &'a Door,
    given: Option<HandOver>,
    stop: watch::Receiver<bool>,
}

type Turns<'a> = mpsc::Sender<Turn<'a>>;

impl<'a> Requests<'a> {
    /// Takes requests until the connection ends; says why it did.
    async fn take_all(&mut self, turns: &Turns<'a>) -> Ended {
        loop {
            let taken = match self.input.frame(self.max_frame_bytes()) {
                Ok(Some(content)) => {
                    let _room = self.input.share.take();
                    match self.take(content, turns).await {
                        Ok(()) => self.keep_quiet(turns).await,
                        ended => ended,
                    }
                }
                Ok(None) => self.wait(turns).await,
                Err(error) => Err(error.into()),
            };
            if let Err(ended) = taken {
                return ended;
            }
        }
    }

    /// Who has not logged in gets little room.
    fn max_frame_bytes(&self) -> usize {
        let max = self.door.patience.max_frame_bytes;
        let before_login = self.caller.session.max_frame_bytes();
        before_login.map_or(max, |before| before.min(max))
    }

    /// Takes no request while the connection is muted (KIP-219); answers that are outstanding are sent.
    async fn keep_quiet(&mut self, turns: &Turns<'a>) -> Result<(), Ended> {
        while let Some(until) = self.caller.mute.until() {
            let ahead = self.input.buffer.len() < MAX_AHEAD_BYTES;
            tokio::select! {
                biased;
                () = turns.closed() => return Err(Ended::ByClient),
                () = sleep_until(until) => {}
                () = stopped(&mut self.stop) => return Err(Ended::Stopping),
                more = self.input.more(), if ahead => more?,
            }
        }
        Ok(())
    }

    /// Waits for bytes, or for a reason to end.
    async fn wait(&mut self, turns: &Turns<'a>) -> Result<(), Ended> {
        let mut max_idle = self.door.patience.max_idle;
        if self.input.share.is_held() {
            max_idle = max_idle.min(MAX_STALL);
        }
        tokio::select! {
            biased;
            () = turns.closed() => Err(Ended::ByClient),
            more = timeout(max_idle, self.input.more()) => match more {
                Ok(more) => more,
                // Answers are outstanding: the client waits for this node, not the other way round.
                Err(_) if self.input.share.is_held() => Err(Ended::Idle(max_idle)),
                Err(_) if self.held.available_permits() < MAX_HELD_BYTES as usize => Ok(()),
                Err(_) => Err(Ended::Idle(max_idle)),
            }
        }
    }

    /// Begins one request and lets its answer wait for its turn.
    async fn take(&mut self, content: Bytes, turns: &Turns<'a>) -> Result<(), Ended> {
        let begun = Instant::now();
        self.door.meter.bytes_in.add(content.len() as u64);
        let key = if self.caller.session.takes_raw() {
            ApiKey::SASL_AUTHENTICATE
        } else {
            Opening::read(&content).map_err(Refused::from)?.key
        };
        let size = content.len();
        // What a handler keeps of a small request must not keep the whole read buffer alive.
        let content = if key == ApiKey::PRODUCE {
            content
        } else {
            Bytes::copy_from_slice(&content)
        };
        let mut then = Then::GoOn;
        let answer = match self.door.service.begin(&self.caller, &content)? {
            Work::InTurn(answer) => Answer::Ready(self.in_turn(key, answer).await?),
            Work::Ending(answer) => {
                let (framed, next) = self.in_turn(key, answer).await?;
                then = next;
                Answer::Ready(framed)
            }
            Work::Meanwhile(answer) => Answer::Later(answer, size),
            Work::HandOver(answer, then) => {
                self.given = Some(then);
                Answer::Ready(answer)
            }
            Work::Silent => {
                self.door.meter.answered(key, begun.elapsed());
                return Ok(());
            }
            Work::Close => return Err(Ended::Unacknowledged),
        };
        drop(content);
        let held = self.held.acquire_many(answer.weight()).await;
        let turn = Turn {
            key,
            begun,
            answer,
            _held: held.map_err(|_| Ended::ByClient)?,
            _room: self.caller.holding.take(),
        };
        turns.send(turn).await.map_err(|_| Ended::ByClient)?;
        if self.given.is_some() {
            return Err(Ended::HandedOver);
        }
        match then {
            Then::GoOn => Ok(()),
            Then::Close => Err(Ended::LoginRefused),
        }
    }

    /// Waits for an answer. When its client goes a fetch is dropped, as it changes nothing; all else
    /// gets the time that a change may take, so that nobody holds a connection for as long as he likes.
    async fn in_turn<T>(&mut self, key: ApiKey, mut answer: Later<T>) -> Result<T, Ended> {
        loop {
            let ahead = self.input.buffer.len() < MAX_AHEAD_BYTES;
            let more = tokio::select! {
                biased;
                answered = &mut answer => return Ok(answered),
                more = self.input.more(), if ahead => more,
            };
            match more {
                Ok(()) => {}
                Err(ended) if key == ApiKey::FETCH => return Err(ended),
                Err(ended) => return timeout(UNSEEN, answer).await.map_err(|_| ended),
            }
        }
    }
}

/// Bytes that arrived and are no whole frame yet.
struct Input<'a> {
    read: ReadSide<'a>,
    buffer: BytesMut,
    room: usize,
    share: Share,
    stop: watch::Receiver<bool>,
}

impl Input<'_> {
    /// The next frame's content, if all of it arrived. What came after a large one is moved away from
    /// it, and an empty buffer is given back.
    fn frame(&mut self, max: usize) -> Result<Option<Bytes>, FrameError> {
        let frame = frame::next_frame(&mut self.buffer, max)?;
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        } else if frame.is_some() && self.share.is_held() {
            self.buffer = BytesMut::from(&self.buffer[..]);
        }
        Ok(frame)
    }

    /// Waits until bytes arrived. Safe to drop: what arrived is in the buffer.
    async fn more(&mut self) -> Result<(), Ended> {
        loop {
            tokio::select! {
                biased;
                () = stopped(&mut self.stop) => return Err(Ended::Stopping),
                ready = self.read.readable() => ready?,
            }
            // Room grows with what arrived, never with what a frame claims.
            let whole = frame::claimed(&self.buffer);
            let (share, buffer) = (&mut self.share, &mut self.buffer);
            tokio::select! {
                biased;
                () = stopped(&mut self.stop) => return Err(Ended::Stopping),
                () = share.grow(buffer, self.room, whole) => {}
            }
            match self.read.try_read_buf(&mut self.buffer) {
                Ok(0) => return Err(Ended::ByClient),
                Ok(read) => {
                    self.room = (2 * read).clamp(READ_BYTES.0, READ_BYTES.1);
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(Ended::Io(error)),
            }
        }
    }
}
