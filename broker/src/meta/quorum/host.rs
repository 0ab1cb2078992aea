//! The end of a stream that asks: streams that other nodes opened to this one, by node. A node
//! without one cannot be asked anything.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::stream::{self, Answer, Question, StreamError};
use super::types::Member;
use crate::tls::Stream;
use crate::wire::uuid::Uuid;

/// Questions that may wait for one stream to be written.
const QUEUE: usize = 64;

/// How long a stream may be idle before the other node is told that this one is there.
const PING_EVERY: Duration = Duration::from_secs(4);

/// Streams that other nodes opened to this one; a handle, cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Streams {
    open: Arc<Mutex<Open>>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Open {
    by_node: BTreeMap<i32, Handle>,
    opened: u64,
}

#[derive(Debug, Clone)]
struct Handle {
    /// Which one of the node's streams.
    number: u64,
    /// What the node says of itself.
    member: Member,
    ask: mpsc::Sender<Asked>,
}

#[derive(Debug)]
struct Asked {
    question: Arc<Question>,
    answer: oneshot::Sender<Answer>,
}

type Waiting = Mutex<HashMap<u64, oneshot::Sender<Answer>>>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Streams {
    /// What nodes with a stream say of themselves.
    pub fn members(&self) -> BTreeMap<i32, Member> {
        let open = lock(&self.open);
        let handles = open.by_node.iter();
        handles
            .map(|(node, handle)| (*node, handle.member.clone()))
            .collect()
    }

    /// The directory of a node that can be asked.
    pub fn directory(&self, node: i32) -> Option<Uuid> {
        let open = lock(&self.open);
        open.by_node
            .get(&node)
            .map(|handle| handle.member.directory)
    }

    /// Resolves whenever a stream came or went.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Asks a node; `None` where it has no stream or the stream ends before it answers.
    pub async fn ask(&self, node: i32, question: Arc<Question>) -> Option<Answer> {
        let handle = lock(&self.open).by_node.get(&node).cloned()?;
        let (answer, answered) = oneshot::channel();
        handle.ask.send(Asked { question, answer }).await.ok()?;
        answered.await.ok()
    }

    /// As [`Streams::ask`], but waits for a stream, and for the next one if it ends before the answer: whoever
    /// asks so sets the deadline, and the question must do no harm twice.
    pub async fn ask_once_there(&self, node: i32, question: Arc<Question>) -> Answer {
        let mut changes = self.changes();
        loop {
            changes.mark_unchanged();
            if let Some(answer) = self.ask(node, Arc::clone(&question)).await {
                return answer;
            }
            // It never closes: this very handle sends the news.
            let _closed = changes.changed().await.is_err();
        }
    }

    /// Serves a stream that `node` opened, until it ends. A later one of the same node replaces it.
    pub async fn serve(
        &self,
        (node, member): (i32, Member),
        stream: Stream,
        read: BytesMut,
    ) -> StreamError {
        let (ask, asked) = mpsc::channel(QUEUE);
        let number = self.enter(node, member, ask);
        let waiting = Waiting::default();
        let (source, sink) = tokio::io::split(stream);
        let ended = tokio::select! {
            ended = write_questions(sink, asked, &waiting) => ended,
            ended = read_answers(source, read, &waiting) => ended,
        };
        self.leave(node, number);
        ended
    }

    fn enter(&self, node: i32, member: Member, ask: mpsc::Sender<Asked>) -> u64 {
        let mut open = lock(&self.open);
        open.opened += 1;
        let number = open.opened;
        let handle = Handle {
            number,
            member,
            ask,
        };
        open.by_node.insert(node, handle);
        drop(open);
        self.changed.send_modify(|count| *count += 1);
        number
    }

    fn leave(&self, node: i32, number: u64) {
        let mut open = lock(&self.open);
        if open
            .by_node
            .get(&node)
            .is_some_and(|handle| handle.number == number)
        {
            open.by_node.remove(&node);
        }
        drop(open);
        self.changed.send_modify(|count| *count += 1);
    }
}

async fn write_questions(
    mut sink: WriteHalf<Stream>,
    mut asked: mpsc::Receiver<Asked>,
    waiting: &Waiting,
) -> StreamError {
    let mut number = 0;
    loop {
        number += 1;
        let bytes = match timeout(PING_EVERY, asked.recv()).await {
            Err(_) => stream::encode(number, &Question::Ping),
            Ok(None) => return StreamError::Closed,
            // Who asked gave up while the stream was busy.
            Ok(Some(Asked { answer, .. })) if answer.is_closed() => continue,
            Ok(Some(Asked { question, answer })) => {
                let mut waiting = lock(waiting);
                waiting.retain(|_, answer| !answer.is_closed());
                waiting.insert(number, answer);
                stream::encode(number, &*question)
            }
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => return error,
        };
        if let Err(error) = stream::send(&mut sink, &bytes).await {
            return error.into();
        }
    }
}

async fn read_answers(
    mut source: ReadHalf<Stream>,
    mut buffer: BytesMut,
    waiting: &Waiting,
) -> StreamError {
    loop {
        match stream::read::<Answer>(&mut source, &mut buffer).await {
            Err(error) => return error,
            Ok(answered) => {
                let asker = lock(waiting).remove(&answered.number);
                if let Some(asker) = asker {
                    // Who asked may have given up; then nobody misses the answer.
                    drop(asker.send(answered.content));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// A stream of node 5 that is served, and the end that answers.
    async fn opened(streams: &Streams) -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let answering = TcpStream::connect(listener.local_addr().unwrap()).await;
        let (asking, _) = listener.accept().await.unwrap();
        let streams = streams.clone();
        tokio::spawn(async move {
            streams
                .serve((5, Member::default()), asking.into(), BytesMut::new())
                .await
        });
        answering.unwrap()
    }

    async fn asked(stream: &mut TcpStream) -> u64 {
        let read = stream::read::<Question>(stream, &mut BytesMut::new()).await;
        read.unwrap().number
    }

    #[tokio::test]
    async fn a_question_waits_for_a_stream_and_survives_one_that_ends_unanswered() {
        let streams = Streams::default();
        let asking = streams.clone();
        let waiting =
            tokio::spawn(async move { asking.ask_once_there(5, Arc::new(Question::Ping)).await });
        let mut first = opened(&streams).await;
        asked(&mut first).await;
        drop(first);
        let mut second = opened(&streams).await;
        let number = asked(&mut second).await;
        let pong = stream::encode(number, &Answer::Pong).unwrap();
        stream::send(&mut second, &pong).await.unwrap();
        assert!(matches!(waiting.await.unwrap(), Answer::Pong));
    }

    #[tokio::test]
    async fn without_a_stream_there_is_no_answer_to_wait_for() {
        let asked = Streams::default().ask(5, Arc::new(Question::Ping)).await;
        assert!(asked.is_none());
    }
}
